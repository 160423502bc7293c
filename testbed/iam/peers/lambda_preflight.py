"""lambda-preflight: identity policies and a permissions boundary, with the common condition operators."""

LAYERS = {"identity", "boundary"}
CALLERS = {"user", "role", "assumed-role", "federated-user"}

UNSUPPORTED = {}

DIFFERS = {
    "NotAction": "preflight-not-elements",
    "NotResource": "preflight-not-elements",
    "absent key, negated": "preflight-absent-key",
    "case of a key": "key-case",
    "variable": "preflight-variables",
    "literal variable": "preflight-variables",
    "[ in a pattern": "fnmatch-brackets",
    "wildcard before the resource part": "arn-segments",
    "wildcard in ArnLike": "arn-like-segments",
    "wildcard in ArnEquals": "arn-like-segments",
    "several values of NumericLessThan": "preflight-numeric-values",
    "several values of NumericGreaterThan": "preflight-numeric-values",
}


def asker(_backend):
    from lambda_preflight.iam.evaluator import CannotEvaluate, PolicyEvaluator
    from lambda_preflight.iam.model import PolicySet

    def ask(question):
        policies = PolicySet.from_policy_documents(question.documents("identity"), question.documents("boundary"))
        context = {key: values[0] for key, values in question.context.items() if len(values) == 1}
        try:
            decision = PolicyEvaluator(policies, strict=True).evaluate(question.action, question.resource, context)
        except CannotEvaluate as error:
            return {"unsupported": str(error)}
        if decision.unevaluable:
            return {"unsupported": f"condition operators {sorted(set(decision.unevaluable))}"}
        if decision.allowed:
            return "Allowed"
        explicit = decision.reason.startswith(("Explicit Deny", "Denied by permission boundary"))
        return "ExplicitlyDenied" if explicit else "ImplicitlyDenied"

    return ask
