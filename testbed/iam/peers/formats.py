"""Whether a value is of its operator's type. AWS documents the types, and not what comes of a value of another."""

import base64
import binascii
import datetime
import ipaddress
import re

DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d))?)?)?")


def is_of_type(operator, value):
    """`operator` without its set operator and `IfExists`; a value with a variable is of any type."""
    value = str(value)
    if "${" in value:
        return True
    if operator.startswith("Date"):
        return is_date(value)
    if operator.startswith("Numeric"):
        return re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", value) is not None
    if operator == "Bool":
        return value.lower() in ("true", "false")
    if operator in ("IpAddress", "NotIpAddress"):
        return is_address(value)
    if operator == "BinaryEquals":
        return is_base64(value)
    return True


def is_date(value):
    if re.fullmatch(r"-?\d{5,}", value):
        return True
    found = DATE.fullmatch(value)
    try:
        return found is not None and bool(datetime.date(*(int(part or 1) for part in found.groups())))
    except ValueError:
        return False


def is_address(value):
    try:
        return bool(ipaddress.ip_network(value, strict=False))
    except ValueError:
        return False


def is_base64(value):
    try:
        return base64.b64decode(value, validate=True) is not None
    except binascii.Error:
        return False


def is_rfc3339(value):
    """The one form of dates that every peer with dates reads."""
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    return re.fullmatch(pattern, str(value)) is not None
