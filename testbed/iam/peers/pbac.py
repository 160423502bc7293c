"""pbac: a JavaScript library after AWS's language. Identity policies with conditions."""

from peers.question import as_list, statements

LAYERS = {"identity"}
CALLERS = {"user", "role", "assumed-role", "federated-user"}

NUMERIC = "compares JSON numbers only, and the context of AWS is text"

UNSUPPORTED = {
    "operator BinaryEquals": "takes a buffer from the context",
    "set operator with IfExists": "not among its operators",
}
for comparison in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"):
    UNSUPPORTED[f"operator Numeric{comparison}"] = NUMERIC

DIFFERS = {
    "several keys in an operator": "pbac-first-key",
    "absent key": "pbac-absent-key",
    "operator Null": "pbac-absent-key",
    "case of a key": "key-case",
    "case of the action": "pbac-action-case",
    "several values, negated": "pbac-negated-values",
    "negated set operator": "pbac-negated-values",
    "number or boolean in a condition": "pbac-json-values",
    "date that is not RFC 3339": "pbac-dates",
    "case of a boolean": "boolean-case",
    "IPv6": "pbac-ipv6",
    "empty string in a condition": "pbac-empty-string",
    "operator ArnNotEquals": "pbac-arn-not-equals",
    "ARN with colons in its resource": "pbac-arn-colons",
    "wildcard before the resource part": "arn-segments",
    "absent variable": "pbac-variables",
    "variable with default": "pbac-variables",
    "literal variable": "pbac-variables",
    "variable in version 2008-10-17": "variable-version",
    "wildcard from a variable": "variable-wildcard",
    "variable in a condition": "condition-variables",
    "set operator on nothing": "empty-values",
}


def asker(backend):
    def ask(question):
        return backend.ask(
            {
                "action": question.action,
                "resource": question.resource,
                "context": nested(question.context),
                "policies": [with_lists(document) for document in question.documents("identity")],
            }
        )

    return ask


def nested(context):
    """`aws:SourceIp` is the member `SourceIp` of the member `aws`."""
    found = {}
    for key, values in context.items():
        prefix, _, name = key.partition(":")
        found.setdefault(prefix, {})[name] = values[0] if len(values) == 1 else values
    return found


def with_lists(document):
    """Its schema knows only lists where AWS takes one string as well."""
    lists = ("Action", "NotAction", "Resource", "NotResource")
    return {
        "Version": document.get("Version", "2008-10-17"),
        "Statement": [
            {key: as_list(value) if key in lists else value for key, value in statement.items()}
            for statement in statements(document)
        ],
    }
