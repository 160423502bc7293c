"""moto: the access control of the AWS mock. Identity policies by action and resource; no conditions."""

import json

LAYERS = {"identity"}
CALLERS = {"user", "role", "assumed-role", "federated-user"}

UNSUPPORTED = {
    "Condition": "moto gives the conditions of identity policies no context, and passes what it has no value for",
}

DIFFERS = {
    "NotResource": "moto-not-resource",
    "case of the action": "moto-action-case",
    "? in a pattern": "moto-regular-expression",
    "regular expression's sign in a pattern": "moto-regular-expression",
    "variable": "moto-variables",
    "literal variable": "moto-variables",
    "wildcard before the resource part": "arn-segments",
}


def asker(_backend):
    from moto.iam.access_control import IAMPolicy, PermissionResult

    def ask(question):
        # The loop over policies is that of moto's `IAMRequestBase.check_action_permitted`.
        permitted = False
        for document in question.documents("identity"):
            result = IAMPolicy(json.dumps(document)).is_action_permitted(question.action, question.resource)
            if result == PermissionResult.DENIED:
                return "ExplicitlyDenied"
            permitted |= result == PermissionResult.PERMITTED
        return "Allowed" if permitted else "ImplicitlyDenied"

    return ask
