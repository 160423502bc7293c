"""Every answer, as it came over the wire, held to botocore's model: no member that the model doesn't know, none missing
that it requires, each of its type, and no error that neither the model nor AWS's common errors have."""

import base64
import json
import math
from xml.etree import ElementTree

# Source: each service's API Reference, "Common Errors"; AWS, EC2 Developer Guide, "Error codes".
COMMON = {
    "AccessDenied", "AccessDeniedException", "AuthFailure", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature",
    "IncompleteSignatureException", "InternalFailure", "InvalidAction", "InvalidClientTokenId", "InvalidParameterCombination",
    "InvalidParameterValue", "InvalidSignatureException", "MalformedInput", "MalformedQueryString",
    "MissingAuthenticationToken", "MissingAuthenticationTokenException", "MissingParameter", "OptInRequired",
    "RequestExpired", "RequestLimitExceeded", "SerializationException", "ServiceUnavailable", "SignatureDoesNotMatch",
    "Throttling", "ThrottlingException", "UnauthorizedOperation", "UnknownOperationException",
    "UnrecognizedClientException", "ValidationError", "ValidationException", "InvalidParameterException",
}

# EC2's models name no errors at all; all of its codes begin like this.
EC2 = ("Invalid", "Missing", "Unauthorized", "RequestLimit", "DependencyViolation", "VpcLimit", "SecurityGroup", "Rules",
       "IdempotentParameterMismatch", "CannotDelete", "DryRunOperation", "AuthFailure", "Unsupported", "UnknownParameter",
       "OperationNotPermitted", "Tag", "Resource")


class Answers:
    """What was checked, and what was wrong."""

    def __init__(self):
        self.checked = 0
        self.faults = []

    def check(self, http_response, model, **_rest):
        """Called by botocore after each call."""
        self.checked += 1
        where = f"{model.service_model.service_name} {model.name}"
        try:
            found = list(faults(model, http_response.status_code, http_response.headers, http_response.content))
        except (ValueError, ElementTree.ParseError) as error:
            found = [f"not readable: {error}"]
        self.faults += [f"{where}: {fault}" for fault in found]


def faults(model, status, headers, body):
    protocol = model.service_model.protocol
    if status >= 300:
        yield from error_faults(model, protocol, headers, body)
        return
    shape = model.output_shape
    if protocol in ("query", "ec2"):
        yield from xml_answer(model, protocol, ElementTree.fromstring(body))
    elif shape is None or not shape.members:
        if body not in (b"", b"{}"):
            yield f"an answer that should have nothing: {body[:100]}"
    else:
        bodied = {name: inner for name, inner in shape.members.items() if "location" not in inner.serialization}
        yield from json_structure(shape, bodied, json.loads(body), "")


def error_faults(model, protocol, headers, body):
    if protocol in ("query", "ec2"):
        root = ElementTree.fromstring(body)
        code = next((element.text for element in root.iter() if local(element) == "Code"), None)
        if not any(local(element) == "Message" for element in root.iter()):
            yield "an error without a message"
    elif protocol == "rest-json":
        code = headers.get("x-amzn-errortype", "").split(":")[0]
    else:
        code = json.loads(body).get("__type", "").rsplit("#", 1)[-1]
    known = {shape.error_code for shape in model.error_shapes} | {shape.name for shape in model.error_shapes}
    if protocol == "ec2" and code and code.startswith(EC2):
        return
    if code not in known | COMMON:
        yield f"an error that it can't have: {code}"


def json_structure(shape, members, value, path):
    if not isinstance(value, dict):
        yield f"{path} is no structure: {value!r}"
        return
    names = {inner.serialization.get("name", name): (name, inner) for name, inner in members.items()}
    for name, inner in value.items():
        if name not in names:
            yield f"{path}.{name} is in no model"
        elif inner is not None:
            yield from json_value(names[name][1], inner, f"{path}.{name}")
    for name in shape.required_members:
        wire = members[name].serialization.get("name", name) if name in members else name
        if name in members and value.get(wire) is None:
            yield f"{path}.{wire} is missing"


def json_value(shape, value, path):
    kind = shape.type_name
    if kind == "structure":
        yield from json_structure(shape, shape.members, value, path)
    elif kind == "list" and isinstance(value, list):
        for item in value:
            yield from json_value(shape.member, item, f"{path}[]")
    elif kind == "map" and isinstance(value, dict):
        for item in value.values():
            yield from json_value(shape.value, item, f"{path}{{}}")
    elif not is_scalar(shape, value):
        yield f"{path} is no {kind}: {value!r}"


def is_scalar(shape, value):
    kind = shape.type_name
    if kind == "blob":
        return isinstance(value, str) and base64.b64decode(value, validate=True) is not None
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in ("integer", "long"):
        return isinstance(value, int) and not isinstance(value, bool)
    if kind in ("float", "double", "timestamp"):
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, str) and (not shape.enum or value in shape.enum)


def xml_answer(model, protocol, root):
    """`<OperationResponse>` with the result in it, or around it for EC2, and the request's id."""
    if local(root) != f"{model.name}Response":
        yield f"the root is {local(root)}"
    children = list(root)
    if protocol == "ec2":
        if not any(local(child) == "requestId" for child in children):
            yield "no requestId"
        children = [child for child in children if local(child) != "requestId"]
    else:
        if not any(local(child) == "ResponseMetadata" for child in children):
            yield "no ResponseMetadata"
        children = [child for child in children if local(child) != "ResponseMetadata"]
        wrapper = model.output_shape and model.output_shape.serialization.get("resultWrapper")
        if wrapper:
            if [local(child) for child in children] != [wrapper]:
                yield f"no {wrapper} alone: {[local(child) for child in children]}"
                return
            children = list(children[0])
    if model.output_shape is None:
        if children:
            yield f"an answer that should have nothing: {[local(child) for child in children]}"
        return
    yield from xml_structure(model.output_shape, children, "", protocol)


def xml_structure(shape, children, path, protocol):
    names = {wire_name(name, inner): (name, inner) for name, inner in shape.members.items()}
    seen = {}
    for child in children:
        seen.setdefault(local(child), []).append(child)
    for wire, elements in seen.items():
        if wire not in names:
            yield f"{path}.{wire} is in no model"
            continue
        inner = names[wire][1]
        if inner.type_name == "list" and inner.serialization.get("flattened"):
            for element in elements:
                yield from xml_value(inner.member, element, f"{path}.{wire}[]", protocol)
        elif len(elements) > 1:
            yield f"{path}.{wire} is there {len(elements)} times"
        else:
            yield from xml_value(inner, elements[0], f"{path}.{wire}", protocol)
    for name in shape.required_members:
        if wire_name(name, shape.members[name]) not in seen:
            yield f"{path}.{name} is missing"


def wire_name(name, shape):
    if shape.type_name == "list" and shape.serialization.get("flattened"):
        return shape.member.serialization.get("name") or shape.serialization.get("name", name)
    return shape.serialization.get("name", name)


def xml_value(shape, element, path, protocol):
    kind = shape.type_name
    children = list(element)
    if kind == "structure":
        yield from xml_structure(shape, children, path, protocol)
    elif kind == "list":
        item = shape.member.serialization.get("name", "item" if protocol == "ec2" else "member")
        for child in children:
            if local(child) != item:
                yield f"{path} has a {local(child)}"
            yield from xml_value(shape.member, child, f"{path}[]", protocol)
    elif kind == "map":
        for child in children:
            entry = {local(part): part for part in child}
            key = shape.key.serialization.get("name", "key")
            value = shape.value.serialization.get("name", "value")
            if local(child) != "entry" or set(entry) != {key, value}:
                yield f"{path} has no entries but {local(child)} of {sorted(entry)}"
            else:
                yield from xml_value(shape.value, entry[value], f"{path}{{}}", protocol)
    elif children:
        yield f"{path} is no {kind}"
    else:
        yield from xml_scalar(shape, element.text or "", path)


def xml_scalar(shape, text, path):
    kind = shape.type_name
    good = True
    if kind == "boolean":
        good = text in ("true", "false")
    elif kind in ("integer", "long"):
        good = text.lstrip("-").isdecimal()
    elif kind == "timestamp":
        # ISO 8601 in UTC, as the XML protocols have it.
        good = text[10:11] == "T" and text.endswith("Z")
    elif kind == "blob":
        base64.b64decode(text, validate=True)
    elif kind == "string" and shape.enum:
        good = text in shape.enum
    if not good:
        yield f"{path} is no {kind}: {text!r}"


def local(element):
    return element.tag.rsplit("}", 1)[-1]
