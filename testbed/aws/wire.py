"""A response as it is on the wire, against the API's model: what a client's parser lets pass is a fault here."""

import base64
import json
import re
import xml.etree.ElementTree as ElementTree

# Errors of every AWS API, or of every operation of one, that the models do not list.
# Source: each service's API reference, "Common Error Types"; AWS EC2 API Reference, "Error codes for the Amazon EC2 API".
COMMON = {
    "AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature",
    "IncompleteSignatureException", "InternalFailure", "InvalidAction", "InvalidClientTokenId", "InvalidParameterCombination",
    "InvalidSignatureException", "MalformedInput", "MalformedQueryString", "MissingAuthenticationToken",
    "MissingAuthenticationTokenException", "RequestLimitExceeded",
    "SerializationException", "ServiceUnavailable", "SignatureDoesNotMatch", "Throttling", "ThrottlingException",
    "UnauthorizedOperation", "UnknownOperationException", "UnrecognizedClientException", "ValidationError",
    "ValidationException",
}

# EC2's model lists no errors at all.
EC2 = re.compile(r"(Invalid[A-Za-z]+\.(NotFound|Duplicate|Malformed|InUse|Range)|DependencyViolation|AuthFailure|CannotDelete"
                 r"|DryRunOperation|MissingParameter|InvalidParameterValue|InvalidParameterCombination|UnsupportedOperation"
                 r"|[A-Za-z]+LimitExceeded|InvalidParameter)")

# Values that the API reference has and the model has not.
# Source: AWS IAM API Reference, AttachedPermissionsBoundary: "This data type can only have a value of Policy."
DOCUMENTED = {("PermissionsBoundaryAttachmentType", "Policy")}

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z")


def faults(protocol, operation, status, headers, body):
    """What the response has that the model has not, or the other way round, as a list of sentences."""
    found = []
    try:
        if protocol in ("query", "ec2"):
            read_xml(protocol, operation, status, body, found)
        else:
            read_json(protocol, operation, status, headers, body, found)
    except (ValueError, ElementTree.ParseError) as error:
        found.append(f"cannot be read: {error}")
    return [f"{operation.service_model.service_name} {operation.name} ({status}): {fault}" for fault in found]


def known_error(operation, code):
    service = operation.service_model
    # Of the service, not of the operation alone: EKS's tell of validation with a code that some of its operations don't list.
    codes = {shape.metadata.get("error", {}).get("code", shape.name) for shape in service.error_shapes}
    codes |= {shape.name for shape in service.error_shapes}
    return code in codes or code in COMMON or (service.service_name == "ec2" and EC2.fullmatch(code) is not None)


def read_json(protocol, operation, status, headers, body, found):
    is_rest = protocol == "rest-json"
    kind = headers.get("content-type", "")
    wanted = "application/json" if is_rest else "application/x-amz-json-"
    if not kind.startswith(wanted):
        found.append(f"the content type is {kind!r}")
    if "x-amzn-requestid" not in headers:
        found.append("there is no x-amzn-RequestId")
    value = json.loads(body) if body else {}
    if not isinstance(value, dict):
        raise ValueError("the body is no object")
    if status >= 300:
        code = (headers.get("x-amzn-errortype") if is_rest else value.pop("__type", None)) or ""
        code = code.split(":")[0].rsplit("#")[-1]
        if not known_error(operation, code):
            found.append(f"nobody knows the error {code!r}")
        shape = next((shape for shape in operation.service_model.error_shapes if shape.name == code), None)
        if shape is not None:
            members = {name.lower() for name in shape.members} | {"message"}
            found.extend(f"{code} has no member {name}" for name in value if name.lower() not in members)
        if not isinstance(value.get("message", value.get("Message")), str):
            found.append(f"the error {code!r} has no message")
        return
    shape = operation.output_shape
    if shape is None:
        if value:
            found.append(f"there is no output, but {sorted(value)}")
        return
    payload = shape.serialization.get("payload")
    json_value(shape.members[payload] if payload else shape, value, operation.name, found)


def json_value(shape, value, where, found):
    kinds = {
        "structure": dict, "map": dict, "list": list, "string": str, "character": str, "boolean": bool, "blob": str,
        "integer": int, "long": int, "float": (int, float), "double": (int, float), "timestamp": (int, float, str),
    }
    if not isinstance(value, kinds[shape.type_name]) or (isinstance(value, bool) and shape.type_name != "boolean"):
        found.append(f"{where} is {value!r}, not a {shape.type_name}")
        return
    if shape.type_name == "structure":
        members = {
            member.serialization.get("name", name): member
            for name, member in shape.members.items()
            if "location" not in member.serialization
        }
        names = {name: shape.members[name].serialization.get("name", name) for name in shape.required_members}
        found.extend(f"{where} lacks {name}" for name in names.values() if name in members and name not in value)
        for name, inner in value.items():
            if name not in members:
                found.append(f"{where} has {name}, which the model has not")
            else:
                json_value(members[name], inner, f"{where}.{name}", found)
    elif shape.type_name == "map":
        for name, inner in value.items():
            json_value(shape.value, inner, f"{where}[{name}]", found)
    elif shape.type_name == "list":
        for inner in value:
            json_value(shape.member, inner, f"{where}[]", found)
    elif shape.type_name == "blob":
        base64.b64decode(value, validate=True)
    elif shape.type_name == "timestamp" and isinstance(value, str) and not INSTANT.fullmatch(value):
        found.append(f"{where} is {value!r}, no time")
    else:
        in_enum(shape, value, where, found)


def in_enum(shape, value, where, found):
    if (shape.name, value) in DOCUMENTED:
        return
    if getattr(shape, "enum", None) and value not in shape.enum:
        found.append(f"{where} is {value!r}, none of {shape.enum}")


def local(element):
    return element.tag.rsplit("}", 1)[-1]


def read_xml(protocol, operation, status, body, found):
    root = ElementTree.fromstring(body)
    if status >= 300:
        is_ec2 = protocol == "ec2"
        if local(root) != ("Response" if is_ec2 else "ErrorResponse"):
            found.append(f"an error is a <{local(root)}>")
        error = next((element for element in root.iter() if local(element) == "Error"), None)
        texts = {local(element): element.text or "" for element in (error if error is not None else ())}
        if not known_error(operation, texts.get("Code", "")):
            found.append(f"nobody knows the error {texts.get('Code')!r}")
        if not texts.get("Message"):
            found.append("the error has no message")
        if not any(local(element) in ("RequestId", "RequestID") and element.text for element in root):
            found.append("the error has no request id")
        return
    if local(root) != f"{operation.name}Response":
        found.append(f"the root is <{local(root)}>")
    namespace = operation.service_model.metadata.get("xmlNamespace")
    if isinstance(namespace, str) and root.tag != f"{{{namespace}}}{local(root)}":
        found.append(f"the namespace is wrong: {root.tag}")
    shape = operation.output_shape
    if protocol == "ec2":
        content = [element for element in root if local(element) != "requestId"]
        if len(content) == len(root):
            found.append("there is no requestId")
    else:
        outside = [local(element) for element in root]
        if "ResponseMetadata" not in outside:
            found.append("there is no ResponseMetadata")
        wrapper = shape.serialization.get("resultWrapper") if shape is not None else None
        found.extend(f"<{name}> is beside the result" for name in outside if name not in ("ResponseMetadata", wrapper))
        if wrapper is not None and wrapper not in outside:
            found.append(f"there is no {wrapper}")
        content = [inner for element in root if local(element) == wrapper for inner in element]
    if shape is not None:
        xml_structure(shape, content, operation.name, found)
    elif content and protocol == "query":
        found.append("there is no output, but content")


def xml_structure(shape, elements, where, found):
    members = {}
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        if member.serialization.get("flattened") and member.type_name == "list":
            wire = member.member.serialization.get("name", wire)
        members[wire] = (name, member)
    seen = set()
    for element in elements:
        if local(element) not in members:
            found.append(f"{where} has <{local(element)}>, which the model has not")
            continue
        name, member = members[local(element)]
        is_flat = bool(member.serialization.get("flattened"))
        if name in seen and not is_flat:
            found.append(f"{where} has {name} twice")
        seen.add(name)
        xml_value(member.member if is_flat and member.type_name == "list" else member, element, f"{where}.{name}", found)
    found.extend(f"{where} lacks {name}" for name in shape.required_members if name not in seen)


def xml_value(shape, element, where, found):
    kind, text = shape.type_name, element.text or ""
    if kind == "structure":
        xml_structure(shape, element, where, found)
    elif kind == "list":
        wire = shape.member.serialization.get("name", "member")
        for inner in element:
            if local(inner) != wire:
                found.append(f"{where} has <{local(inner)}>, not <{wire}>")
            xml_value(shape.member, inner, f"{where}[]", found)
    elif kind == "map":
        for entry in element:
            if local(entry) != "entry" or len(entry) != 2:
                found.append(f"{where} has <{local(entry)}>, no entry of two")
                continue
            xml_value(shape.value, entry[1], f"{where}[]", found)
    elif len(element):
        found.append(f"{where} has elements, but is a {kind}")
    elif kind in ("integer", "long"):
        int(text)
    elif kind in ("float", "double"):
        float(text)
    elif kind == "boolean" and text not in ("true", "false"):
        found.append(f"{where} is {text!r}, no boolean")
    elif kind == "timestamp" and not INSTANT.fullmatch(text):
        found.append(f"{where} is {text!r}, no time")
    elif kind == "blob":
        base64.b64decode(text, validate=True)
    elif kind == "string":
        in_enum(shape, text, where, found)
