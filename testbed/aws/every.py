"""Every operation that is served, asked below the clients' own checks: what makes no sense, and more than there may be."""

from checks import served

# How a request may be called that can't be read, or whose values break a constraint.
MALFORMED = {
    "SerializationException", "ValidationException", "ValidationError", "MalformedInput", "InvalidParameterException",
    "InvalidParameterValue", "MissingParameter", "InvalidRequestException", "MalformedQueryString",
}

THROTTLED = {"Throttling", "ThrottlingException", "RequestLimitExceeded"}

# Calls until the bucket is empty, which fills at one a second.
CALLS = 8


def malformed(w):
    """Members of another type, required ones left out, bodies that end early."""
    without = []
    for service, operation in served(w):
        tries = list(nonsense(w.model(service).operation_model(operation)))
        if not tries:
            without.append(f"{service} {operation}")
        for what, parameters in tries:
            status, code, message = w.raw(service, operation, parameters, "administrator")
            w.report.check(
                status == 400 and code in MALFORMED, f"{service} {operation}, {what}: {status} {code}: {message}"
            )
    print(f"  nothing can be malformed in {', '.join(without)}", flush=True)


def nonsense(model):
    members = model.input_shape.members if model.input_shape else {}
    required = model.input_shape.required_members if model.input_shape else []
    bodied = {name: inner for name, inner in members.items() if "location" not in inner.serialization}
    if model.service_model.resolved_protocol in ("query", "ec2"):
        if required:
            yield "required members are missing", {}
        for name, inner in members.items():
            if inner.type_name in ("integer", "boolean") and not required:
                wire = inner.serialization.get("name", name)
                yield f"{name} is no {inner.type_name}", {wire[0].upper() + wire[1:]: "nonsense"}
                break
        return
    if model.http["method"] in ("POST", "PUT"):
        yield "the body ends early", b'{"a":'
        for name, inner in bodied.items():
            wrong = "nonsense" if inner.type_name in ("list", "structure", "map", "integer", "boolean") else [[1]]
            yield f"{name} is no {inner.type_name}", {inner.serialization.get("name", name): wrong}


def throttled(w):
    """Whatever is asked when the bucket is empty; asks a server with a rate of one call a second."""
    for service, operation in served(w):
        codes = [w.raw(service, operation, {}, "nobody")[1] for _ in range(CALLS)]
        w.report.check(THROTTLED & set(codes), f"{service} {operation}: {codes}")
