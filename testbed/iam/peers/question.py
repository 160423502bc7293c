"""A line of a batch, and which parts of the policy language it touches.

A peer tells what it cannot do by the names of these features, so that each is recognised in one place.
"""

import re

from peers.formats import is_of_type, is_rfc3339

LAYERS = ("scp", "rcp", "resource", "boundary", "session", "identity", "vpcEndpoint")

# Keys that AWS takes from the request itself; a peer knows only the context that it is given.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
TOLD_BY_THE_REQUEST = {
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principaltype",
    "aws:username",
    "aws:resourceaccount",
    "aws:principalisawsservice",
    "aws:principalservicename",
}

# Resources that only AWS may change, whatever policies say.
PROTECTED = (":role/aws-service-role/", ":role/aws-reserved/", ":iam::aws:policy/", ":alias/aws/")

# Of the actions that take no resource, those that are asked about; the service authorization reference has them all.
WITHOUT_RESOURCE = {"ec2:describeinstances", "s3:listallmybuckets", "eks:listclusters", "kms:listkeys"}

VARIABLE = re.compile(r"\$\{([^}]*)\}")

# What has a meaning in a regular expression and none in a pattern.
EXPRESSION = re.compile(r"[.+$()\[\]|^\\{}]")

ELEMENTS = ("Principal", "NotPrincipal", "NotAction", "NotResource", "Condition")


def as_list(value):
    """One or several, as AWS lets one write it."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def statements(policy):
    return as_list(policy.get("Statement"))


def split_operator(operator):
    """`ForAllValues:StringLikeIfExists` as ("ForAllValues", "StringLike", True)."""
    quantifier, _, rest = operator.rpartition(":")
    exists = rest.endswith("IfExists")
    return quantifier, rest.removesuffix("IfExists"), exists


def is_negated(operator):
    return "Not" in operator


class Question:
    """A line, with its policies by layer."""

    def __init__(self, line):
        self.action = line["action"]
        self.resource = line["resource"]
        self.principal = line["principal"]
        self.context = {key: as_list(value) for key, value in (line.get("context") or {}).items()}
        self.lowered = {key.lower(): value for key, value in self.context.items()}
        self.account = account_of(self.principal)
        self.resource_account = line.get("resourceAccount") or arn_account(self.resource) or self.account
        self.layers = layers(line.get("policies") or {})
        self.features = features(self)

    def documents(self, layer):
        """The policies of a layer without the borders of its levels."""
        return [policy for level in self.layers.get(layer, []) for policy in level]


def layers(policies):
    """Each layer as a list of levels, each level a list of policy documents; a layer left out is not there."""
    found = {}
    for name in LAYERS:
        given = policies.get(name)
        if not given:
            continue
        if name == "resource":
            found[name] = [[given["policy"]]]
        elif name in ("scp", "rcp"):
            found[name] = [[policy["policy"] for policy in level["policies"]] for level in given]
        else:
            found[name] = [[policy["policy"] for policy in given]]
    return found


def arn_account(arn):
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 and parts[4] else None


def account_of(principal):
    return arn_account(principal) if isinstance(principal, str) else None


def principal_kind(arn):
    """What an ARN, or a value of `Principal`, names."""
    if isinstance(arn, dict):
        return next(iter(arn), "none").lower()
    if arn == "*":
        return "*"
    if re.fullmatch(r"\d{12}", arn) or arn.endswith(":root"):
        return "account"
    for mark in ("assumed-role", "federated-user", "role", "user"):
        if f":{mark}/" in arn:
            return mark
    return "other"


def features(question):
    """The names of all that a line touches."""
    found = set(question_features(question))
    for layer in question.layers:
        found.add(f"layer {layer}")
        for policy in question.documents(layer):
            for statement in statements(policy):
                found.update(statement_features(question, layer, policy, statement))
    return found


def question_features(question):
    yield f"caller {principal_kind(question.principal)}"
    if question.account and question.resource_account != question.account:
        yield "other account"
    if question.resource == "*":
        yield "question *"
    elif question.action.lower() in WITHOUT_RESOURCE:
        yield "resource for an action without"
    elif "*" in question.resource or "?" in question.resource:
        yield "question pattern"
    action = question.action.lower()
    # https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html: no access without the key policy.
    trust = action.startswith("sts:") and ":role/" in question.resource
    if trust or (action.startswith("kms:") and ":key/" in question.resource):
        yield "policy of the resource needed"
    if ":role/aws-service-role/" in str(question.principal) or "/AWSServiceRoleFor" in str(question.principal):
        yield "service-linked role"
    if any(mark in question.resource for mark in PROTECTED):
        yield "protected resource"
    if action == "sts:getcalleridentity":
        yield "always allowed"


def statement_features(question, layer, policy, statement):
    yield from (element for element in ELEMENTS if element in statement)
    if "Resource" not in statement and "NotResource" not in statement:
        yield "no Resource"
    for element in ("Action", "NotAction", "Resource", "NotResource"):
        if statement.get(element) == []:
            yield "empty list"
    for pattern in as_list(statement.get("Action")) + as_list(statement.get("NotAction")):
        yield from action_features(question, pattern)
    for pattern in as_list(statement.get("Resource")) + as_list(statement.get("NotResource")):
        yield from pattern_features(question, policy, pattern)
    for element in ("Principal", "NotPrincipal"):
        yield from principal_features(question, statement.get(element))
    for operator, keys in statement.get("Condition", {}).items():
        yield from condition_features(question, policy, operator, keys)


def action_features(question, pattern):
    if matches(pattern, question.action) != matches(pattern.lower(), question.action.lower()):
        yield "case of the action"
    if pattern == "*":
        yield "every action"
    if "?" in pattern:
        yield "? in a pattern"
    if "${" in pattern:
        yield "variable in an action"
    elif EXPRESSION.search(pattern):
        yield "regular expression's sign in a pattern"


def matches(pattern, text):
    expression = "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def pattern_features(question, policy, pattern):
    yield from variable_features(question, policy, pattern)
    if "?" in VARIABLE.sub("", pattern):
        yield "? in a pattern"
    if EXPRESSION.search(VARIABLE.sub("", pattern)):
        yield "regular expression's sign in a pattern"
    if "[" in pattern:
        yield "[ in a pattern"
    if pattern == "*":
        return
    if question.resource == "*":
        yield "question pattern"
    parts = pattern.split(":")
    if len(parts) < 6:
        yield "pattern of fewer than six parts"
    if any("*" in part or "?" in part for part in parts[:5]):
        yield "wildcard before the resource part"
    if len(parts) > 2 and ("*" in parts[2] or "?" in parts[2]):
        yield "wildcard in the service of an ARN"


def principal_features(question, principal):
    if isinstance(principal, str):
        yield "principal *"
    elif principal is not None:
        if len(principal) > 1:
            yield "principals of several kinds"
        for kind, values in principal.items():
            for value in as_list(values):
                yield f"principal {principal_kind(value) if kind == 'AWS' else kind.lower()}"
                if kind == "AWS" and value == "*" and not isinstance(question.principal, str):
                    yield "everybody of AWS, and a caller of another kind"


def condition_features(question, policy, operator, keys):
    quantifier, base, exists = split_operator(operator)
    yield f"operator {base}"
    if quantifier:
        yield "set operator"
        if is_negated(base):
            yield "negated set operator"
    if exists:
        yield "IfExists"
        yield f"operator {base}IfExists"
        if quantifier:
            yield "set operator with IfExists"
    if len(keys) > 1:
        yield "several keys in an operator"
    for key, values in keys.items():
        yield from key_features(question, quantifier, base, key)
        for value in as_list(values):
            yield from value_features(question, policy, base, value)
        given = question.lowered.get(key.lower(), [])
        yield from type_features(base, as_list(values), given)
        if len(as_list(values)) != 1:
            yield "several values"
            if is_negated(base):
                yield "several values, negated"
            yield f"several values of {base}"


def key_features(question, quantifier, base, key):
    given = question.lowered.get(key.lower())
    if given is None:
        yield "absent key"
        if is_negated(base):
            yield "absent key, negated"
        if key.lower() in TOLD_BY_THE_REQUEST:
            yield "key told by the request"
        return
    if key not in question.context:
        yield "case of a key"
    if not quantifier and len(given) != 1:
        yield "several values without set operator"
    if quantifier and not [value for value in given if value != ""]:
        yield "set operator on nothing"
    if base in ("IpAddress", "NotIpAddress"):
        if any(":" in value for value in given):
            yield "IPv6"
        if key.lower() != "aws:sourceip":
            yield "address of another key"
    if base.startswith("Arn") and any(value.count(":") != 5 for value in given):
        yield "ARN with colons in its resource"


def type_features(base, values, given):
    both = [*values, *given]
    if any(value == "" for value in both):
        yield "empty string in a condition"
    if not all(is_of_type(base, value) for value in both):
        yield "value of another type"
    if base.startswith("Date") and not all(is_rfc3339(value) for value in both):
        yield "date that is not RFC 3339"
    if base == "Bool" and any(str(value) != str(value).lower() for value in both if isinstance(value, str)):
        yield "case of a boolean"


def value_features(question, policy, base, value):
    if not isinstance(value, str):
        yield "number or boolean in a condition"
        if not value:
            yield "false or 0 in a condition"
        return
    if "${" in value:
        yield "variable in a condition"
    yield from variable_features(question, policy, value)
    if base.startswith("Arn") and ("*" in value or "?" in value):
        yield f"wildcard in {base}"
    if base.startswith(("Arn", "StringLike", "StringNotLike")):
        if "[" in value:
            yield "[ in a pattern"
        if "?" in value:
            yield "? in a pattern"
    if base in ("IpAddress", "NotIpAddress") and ":" in value:
        yield "IPv6"


def variable_features(question, policy, text):
    for match in VARIABLE.finditer(text):
        name, comma, _ = match.group(1).partition(",")
        if match.group(1) in ("*", "?", "$"):
            yield "literal variable"
            continue
        yield "variable"
        if policy.get("Version") != "2012-10-17":
            yield "variable in version 2008-10-17"
        if comma:
            yield "variable with default"
        given = question.lowered.get(name.strip().lower())
        if given is None:
            yield "absent variable"
            if name.strip().lower() in TOLD_BY_THE_REQUEST:
                yield "key told by the request"
        elif len(given) != 1:
            yield "variable of several values"
        elif "*" in given[0] or "?" in given[0] or "[" in given[0]:
            yield "wildcard from a variable"
        if given is not None and name.strip() not in question.context:
            yield "case of a key"
