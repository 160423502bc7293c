"""iam-rs: a Rust library. All policies given are one set: any may allow, any may deny."""

LAYERS = {"identity", "resource"}
CALLERS = {"user", "role", "assumed-role", "federated-user", "service", "federated"}

UNSUPPORTED = {
    "question *": "the resource of a request has to be an ARN",
    "set operator with IfExists": "not among its operators",
}

DIFFERS = {
    "absent variable": "iam-rs-variables",
    "literal variable": "iam-rs-variables",
    "variable in version 2008-10-17": "variable-version",
    "wildcard from a variable": "variable-wildcard",
    "variable in a condition": "condition-variables",
    "wildcard before the resource part": "arn-segments",
    "pattern of fewer than six parts": "iam-rs-short-patterns",
    "wildcard in ArnEquals": "iam-rs-arn-equals",
    "wildcard in ArnNotEquals": "iam-rs-arn-equals",
    "wildcard in ArnLike": "arn-like-segments",
    "wildcard in ArnNotLike": "arn-like-segments",
    "operator BinaryEquals": "iam-rs-binary",
    "date that is not RFC 3339": "iam-rs-dates",
    "principal account": "account-principal",
    "principal role": "role-principal",
    "principal other": "unique-id-principal",
    "everybody of AWS, and a caller of another kind": "iam-rs-everybody",
    "principal federated": "iam-rs-federated",
    "no Resource": "iam-rs-no-resource",
    "NotPrincipal": "iam-rs-not-principal",
    "set operator on nothing": "empty-values",
}


def asker(backend):
    def ask(question):
        return backend.ask(
            {
                "principal": question.principal,
                "action": question.action,
                "resource": question.resource,
                "context": question.context,
                "policies": question.documents("identity") + question.documents("resource"),
            }
        )

    return ask
