"""Secrets Manager."""

import json

from . import Cli, Probe, Raw, change, raises, read, tags, trust

SECRET, NEXT, LAST = "of-the-database-71b2f0c5", "of-the-database-93e4d8a6", "of-the-database-0c5fb7d1"
NAME = "shop/db"
OF = {"SecretId": NAME}


def value(w, **more):
    return w.secretsmanager.get_secret_value(**OF, **more)["SecretString"]


def described(w):
    return w.secretsmanager.describe_secret(**OF)


def own_policy(effect, principal):
    return trust(effect, "secretsmanager:GetSecretValue", {"AWS": principal}, Resource="*")


def versions(w):
    listed = w.secretsmanager.list_secret_version_ids(**OF)["Versions"]
    return {stage: version["VersionId"] for version in listed for stage in version.get("VersionStages", [])}


CASES = [
    change("CreateSecret", {"Name": NAME, "SecretString": SECRET}, lambda w: value(w) == SECRET, keep="secret"),
    read(
        "GetSecretValue", OF,
        lambda w, out: out["SecretString"] == SECRET and out["VersionStages"] == ["AWSCURRENT"]
        and out["ARN"] == described(w)["ARN"],
    ),
    change("PutSecretValue", {**OF, "SecretString": NEXT}, lambda w: value(w) == NEXT),
    read(
        "ListSecretVersionIds", OF,
        lambda w, out: {stage for version in out["Versions"] for stage in version["VersionStages"]}
        == {"AWSCURRENT", "AWSPREVIOUS"},
    ),
    change(
        "UpdateSecretVersionStage",
        lambda w: {
            **OF, "VersionStage": "AWSCURRENT", "MoveToVersionId": versions(w)["AWSPREVIOUS"],
            "RemoveFromVersionId": versions(w)["AWSCURRENT"],
        },
        lambda w: value(w) == SECRET and value(w, VersionStage="AWSPREVIOUS") == NEXT,
    ),
    change(
        "UpdateSecret", {**OF, "SecretString": LAST, "Description": "of the shop"},
        lambda w: value(w) == LAST and described(w)["Description"] == "of the shop",
    ),
    read("DescribeSecret", OF, lambda w, out: out["Name"] == NAME and out["ARN"] == w.kept["secret"]["ARN"]),
    read("ListSecrets", {}, lambda w, out: NAME in [secret["Name"] for secret in out["SecretList"]]),
    read(
        "BatchGetSecretValue", {"SecretIdList": [NAME]},
        lambda w, out: [secret["SecretString"] for secret in out["SecretValues"]] == [LAST],
    ),
    change(
        "TagResource", {**OF, "Tags": [{"Key": "team", "Value": "shop"}]},
        lambda w: tags(described(w).get("Tags", [])) == {"team": "shop"},
    ),
    change("UntagResource", {**OF, "TagKeys": ["team"]}, lambda w: not described(w).get("Tags")),
    read(
        "ValidateResourcePolicy", lambda w: {"ResourcePolicy": own_policy("Allow", "444455556666")},
        lambda w, out: out["PolicyValidationPassed"] is True
        # One that lets in everybody doesn't pass.
        and not w.secretsmanager.validate_resource_policy(ResourcePolicy=own_policy("Allow", "*"))["PolicyValidationPassed"],
    ),
    change(
        "PutResourcePolicy", {**OF, "ResourcePolicy": own_policy("Deny", "444455556666")},
        lambda w: "444455556666" in w.secretsmanager.get_resource_policy(**OF).get("ResourcePolicy", ""),
    ),
    read("GetResourcePolicy", OF, lambda w, out: json.loads(out["ResourcePolicy"])["Statement"][0]["Effect"] == "Deny"),
    change(
        "DeleteResourcePolicy", OF,
        lambda w: "ResourcePolicy" not in w.secretsmanager.get_resource_policy(**OF),
    ),
    change(
        "RotateSecret", {**OF, "RotateImmediately": False, "RotationRules": {"AutomaticallyAfterDays": 30}},
        lambda w: described(w)["RotationEnabled"] and "NextRotationDate" in described(w),
    ),
    change("CancelRotateSecret", OF, lambda w: not described(w).get("RotationEnabled")),
    change(
        "DeleteSecret", {**OF, "RecoveryWindowInDays": 7},
        lambda w: "DeletedDate" in described(w) and raises("InvalidRequestException", lambda: value(w)),
    ),
    change("RestoreSecret", OF, lambda w: value(w) == LAST),
    read(
        "GetRandomPassword", {"PasswordLength": 24, "ExcludePunctuation": True},
        lambda w, out: len(out["RandomPassword"]) == 24 and out["RandomPassword"].isalnum()
        and w.secretsmanager.get_random_password()["RandomPassword"] != out["RandomPassword"],
    ),
]

CLI = [
    Cli(
        ["secretsmanager", "get-secret-value", "--secret-id", NAME], "secretsmanager:GetSecretValue",
        lambda out: out["SecretString"] == LAST,
    ),
]

MALFORMED = [
    Raw("secretsmanager", "GetSecretValue", {}, "ValidationException"),
    Raw("secretsmanager", "GetSecretValue", {"SecretId": 1}, "SerializationException"),
]

PROBES = [Probe("secretsmanager", "list_secrets", "secretsmanager:ListSecrets")]


def resource_policy(w):
    """A secret that denies one user, who may read every secret by his own policy."""
    w.secretsmanager.create_secret(Name="shop/closed", SecretString="of-nobody-5be0c2d7")
    w.secretsmanager.put_resource_policy(SecretId="shop/closed", ResourcePolicy=own_policy("Deny", w.arn("allowed")))
    return "secretsmanager:GetSecretValue", "with an explicit deny in a resource-based policy", lambda who: w.client(
        "secretsmanager", who
    ).get_secret_value(SecretId="shop/closed")
