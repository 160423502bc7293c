"""iamprover: policies as constraints for the Z3 solver, asked here with every value given."""

from peers.question import split_operator, statements

LAYERS = {"identity", "boundary", "resource", "scp", "rcp"}
CALLERS = {"user", "role", "assumed-role", "federated-user"}

# Elsewhere it widens what it cannot model, and says so: then no answer is wrong, and none can be compared.
OPERATORS = {
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "ArnEquals",
    "ArnNotEquals",
    "ArnLike",
    "ArnNotLike",
    "Bool",
    "IpAddress",
    "NotIpAddress",
}

UNSUPPORTED = {
    "absent key": "the solver takes any value for a key that is not given",
    "variable": "widened to `*`",
    "literal variable": "widened to `*`",
    "variable in an action": "widened to `*`",
    "set operator": "keys have one value",
    "IfExists": "every key has a value",
    "IPv6": "addresses are of 32 bits",
    "NotPrincipal": "not modelled",
}

DIFFERS = {
    "wildcard before the resource part": "arn-segments",
    "wildcard in ArnLike": "arn-like-segments",
    "wildcard in ArnNotLike": "arn-like-segments",
    "wildcard in ArnEquals": "arn-like-segments",
    "wildcard in ArnNotEquals": "arn-like-segments",
    "principal account": "account-principal",
    "principal role": "role-principal",
    "principal other": "unique-id-principal",
    "case of a boolean": "boolean-case",
    "address of another key": "iamprover-address-keys",
    "service-linked role": "iamprover-service-linked-role",
    "layer rcp": "iamprover-rcp",
    "false or 0 in a condition": "iamprover-json-values",
    "number or boolean in a condition": "iamprover-json-values",
}

ALLOW_ALL = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def used_keys(question):
    """The keys that conditions ask for; the solver knows no others."""
    documents = [document for layer in question.layers for document in question.documents(layer)]
    blocks = [statement.get("Condition", {}) for document in documents for statement in statements(document)]
    return {key.lower() for block in blocks for keys in block.values() for key in keys}


def asker(_backend):
    import z3
    from iamprover.engine.context import Context
    from iamprover.engine.encoder import allowed
    from iamprover.model import Principal
    from iamprover.parsers.iam import parse_policy_document

    def merged(level, extra):
        """Any policy of a level may allow, so a level is one policy; iamprover takes each policy for a level."""
        found = [statement for document in level for statement in statements(document)]
        return parse_policy_document("level", {"Statement": found + extra})

    def is_allowed(question, extra):
        layer = {name: [merged(level, extra) for level in levels] for name, levels in question.layers.items()}
        if extra:
            # Where there is no identity policy, this is the one that allows.
            layer.setdefault("identity", [merged([], extra)])
        principal = Principal(
            arn=question.principal,
            policies=layer.get("identity", []),
            permission_boundary=next(iter(layer.get("boundary", [])), None),
        )
        context = Context()
        solver = z3.Solver()
        for key in used_keys(question):
            solver.add(context.constrain(key, question.lowered[key][0]))
        solver.add(
            allowed(
                principal,
                z3.StringVal(question.action.lower()),
                z3.StringVal(question.resource),
                context,
                layer.get("resource", []),
                layer.get("scp", []),
                layer.get("rcp", []),
            )
        )
        result = solver.check()
        if result == z3.unknown:
            raise RuntimeError(f"the solver gave up: {solver.reason_unknown()}")
        return result == z3.sat

    def ask(question):
        for feature in question.features:
            if feature.startswith("operator ") and split_operator(feature.removeprefix("operator "))[1] not in OPERATORS:
                return {"unsupported": f"{feature}: taken for true in an Allow and false in a Deny"}
        if is_allowed(question, []):
            return "Allowed"
        # Where each policy would allow everything, only a Deny is left to refuse it.
        return "ImplicitlyDenied" if is_allowed(question, [ALLOW_ALL]) else "ExplicitlyDenied"

    return ask
