"""Holds Ringwall's wire protocols to botocore: shapes.py PROGRAM [SEED]

For every operation that is served, real clients of botocore send generated requests, and read answers that Ringwall wrote
from generated outputs. PROGRAM is the example `wire` of ringwall-protocol. What goes in on one side has to come out on the
other.
"""

import base64
import io
import json
import random
import subprocess
import sys
import urllib.parse
from datetime import datetime, timezone

import botocore.handlers
import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError

import generate

# Requests of an operation beside the smallest and the largest one.
ROUNDS = 6


class Wire:
    """The program, asked line by line."""

    def __init__(self, program):
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def ask(self, line):
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def read(self, request):
        """What Ringwall reads from a request as a client is about to send it."""
        url = urllib.parse.urlsplit(request.url)
        body = request.body or b""
        return self.ask({
            "read": {
                "method": request.method,
                "segments": [urllib.parse.unquote(part) for part in url.path.split("/")[1:]] if url.path != "/" else [],
                "query": urllib.parse.parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query)),
                "headers": [[name.lower(), text(value)] for name, value in request.headers.items()],
                "body": base64.b64encode(body.encode() if isinstance(body, str) else body).decode(),
            }
        })


def text(value):
    return value.decode() if isinstance(value, bytes) else value


class Raw(io.BytesIO):
    """A body as urllib3 hands it to botocore."""

    def stream(self, *_arguments, **_options):
        yield self.read()


def client_of(session, service, wire, exchange):
    client = session.create_client(
        service,
        region_name="us-east-1",
        endpoint_url="https://ringwall.test",
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="secret",
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )
    # Documents of policies are compared as the text that was sent.
    client.meta.events.unregister("after-call.iam", botocore.handlers.json_decode_policies)

    def send(request, **_others):
        exchange["read"] = wire.read(request)
        answer = exchange["answer"]
        raw = Raw(base64.b64decode(answer["body"]))
        return AWSResponse(request.url, answer["status"], answer["headers"], raw)

    client.meta.events.register("before-send", send)
    return client


class Comparison:
    def __init__(self, program, seed):
        self.wire = Wire(program)
        self.random = random.Random(seed)
        self.exchange = {}
        self.session = botocore.session.get_session()
        self.clients = {}
        self.counts = {"requests": 0, "answers": 0, "errors": 0, "refused": 0}
        self.failures = []

    def client(self, service):
        if service not in self.clients:
            self.clients[service] = client_of(self.session, service, self.wire, self.exchange)
        return self.clients[service]

    def fail(self, what, expected, found):
        self.failures.append(f"{what}\n  expected {expected!r}\n  found    {found!r}")

    def call(self, service, operation, parameters):
        """Sends a request by the client itself; what Ringwall read of it stays in the exchange."""
        client = self.client(service)
        model = client.meta.service_model.operation_model(operation)
        method = botocore.xform_name(operation)
        return model, getattr(client, method)(**parameters)

    def operation(self, service, operation):
        model = self.client(service).meta.service_model.operation_model(operation)
        sizes = ["smallest", "largest"] + ["random"] * ROUNDS
        for size in sizes:
            self.round(service, operation, model, generate.Generator(self.random, size))
        if model.input_shape is not None:
            self.refusals(service, operation, model)

    def round(self, service, operation, model, make):
        what = f"{service} {operation}"
        parameters = make.structure(model.input_shape, "request") if model.input_shape else {}
        output = make.structure(model.output_shape, "answer") if model.output_shape else {}
        wired = generate.wired(model.output_shape, output) if model.output_shape else {}
        answer = self.wire.ask({"write": {"service": service, "operation": operation, "output": wired}})
        if "error" in answer:
            self.fail(what, wired, answer["error"])
            return
        self.exchange["answer"] = answer
        _, parsed = self.call(service, operation, parameters)
        self.counts["requests"] += 1
        self.counts["answers"] += 1
        read = self.exchange["read"]
        expected = generate.wired(model.input_shape, parameters) if model.input_shape else {}
        self.take_token(model, expected, read)
        if read != {"service": service, "operation": operation, "input": expected}:
            self.fail(f"{what} read", expected, read)
        metadata = parsed.pop("ResponseMetadata")
        if not metadata["RequestId"].startswith("7b9f2a4e"):
            self.fail(f"{what} request id", "7b9f2a4e…", metadata)
        found = generate.wired(model.output_shape, parsed) if model.output_shape else parsed
        if found != wired:
            self.fail(f"{what} written", wired, found)

    @staticmethod
    def take_token(model, expected, read):
        """The client makes up an idempotency token that was not given."""
        for name in model.idempotent_members:
            if name not in expected and "input" in read:
                expected[name] = read["input"].get(name)

    def refusals(self, service, operation, model):
        """Every constraint of a member of the input, broken alone."""
        make = generate.Generator(self.random, "smallest")
        code = {"query": "ValidationError", "json": "ValidationException", "rest-json": "InvalidParameterException"}
        code = code.get(model.service_model.protocol)
        for name, shape in model.input_shape.members.items():
            for why, value in generate.broken(make, shape, name in model.input_shape.required_members):
                if shape.serialization.get("location") == "uri" and value in (None, ""):
                    continue
                parameters = make.structure(model.input_shape, "request")
                parameters.pop(name, None)
                if value is not None:
                    parameters[name] = value
                elif name in model.idempotent_members:
                    continue
                self.exchange["answer"] = self.wire.ask(
                    {"fault": {"service": service, "code": "Refused", "message": "", "fields": {}}}
                )
                try:
                    self.call(service, operation, parameters)
                except ClientError:
                    pass
                self.counts["refused"] += 1
                error = self.exchange["read"].get("error")
                what = f"{service} {operation} {name}: {why}"
                if error is None:
                    self.fail(what, "an error", self.exchange["read"])
                elif code is None:
                    allowed = ("MissingParameter", "InvalidParameterValue")
                    if error["code"] not in allowed:
                        self.fail(what, allowed, error)
                else:
                    place = name[0].lower() + name[1:]
                    parts = ["1 validation error detected: ", f" at '{place}", why]
                    if error["code"] != code or not all(part in error["message"] for part in parts):
                        self.fail(what, (code, parts), error)
                    if shape.metadata.get("sensitive") and isinstance(value, str) and value and value in error["message"]:
                        self.fail(what, "no value", error)

    def errors(self, service):
        """Each error of the model, as the client reads it."""
        client = self.client(service)
        served = [name for of, name in self.served if of == service]
        models = [client.meta.service_model.operation_model(name) for name in served]
        shapes = {shape.name: shape for model in models for shape in model.error_shapes}
        for shape in shapes.values():
            code = shape.error_code
            message = "It isn't <there> & \"never\" was: é"
            make = generate.Generator(self.random, "largest")
            fields = generate.wired(shape, make.structure(shape, "answer"))
            answer = self.wire.ask(
                {"fault": {"service": service, "code": code, "message": message, "fields": fields}}
            )
            self.exchange["answer"] = answer
            self.counts["errors"] += 1
            status = shape.metadata.get("error", {}).get("httpStatusCode")
            is_fault = client.meta.service_model.shape_for(shape.name)._shape_model.get("fault")
            status = status or (500 if is_fault else 400)
            expected = {"Code": code, "Message": message, "status": status, "type": shape.name}
            try:
                operation = next(model for model in models if shape in model.error_shapes)
                parameters = generate.Generator(self.random, "smallest")
                parameters = parameters.structure(operation.input_shape, "request") if operation.input_shape else {}
                self.call(service, operation.name, parameters)
            except ClientError as error:
                response = error.response
                found = {
                    "Code": response["Error"]["Code"],
                    "Message": response["Error"]["Message"],
                    "status": response["ResponseMetadata"]["HTTPStatusCode"],
                    "type": type(error).__name__,
                }
                if found != expected:
                    self.fail(f"{service} error {code}", expected, found)
                for name, value in fields.items():
                    if name.lower() != "message" and response.get(name) != value:
                        self.fail(f"{service} error {code}", fields, response)
            else:
                self.fail(f"{service} error {code}", expected, "no error")

    def run(self):
        self.served = sorted(self.wire.ask("operations"))
        for service, operation in self.served:
            try:
                self.operation(service, operation)
            except Exception as error:
                raise RuntimeError(f"{service} {operation}") from error
        for service in sorted({service for service, _ in self.served}):
            self.errors(service)
        self.counts["operations"] = len(self.served)
        return self.failures


def main():
    program = sys.argv[1]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(2**32)
    comparison = Comparison(program, seed)
    failures = comparison.run()
    for failure in failures[:20]:
        print(failure)
    print(f"{len(failures)} differences, {comparison.counts}, seed {seed}, botocore {botocore.__version__}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
