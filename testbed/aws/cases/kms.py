"""KMS."""

import json

from . import Cli, Probe, Raw, change, raises, read, tags

PLAINTEXT = b"of-a-key-2f8e61d09b7c"
CONTEXT = {"shop": "berlin"}
NODE = "arn:aws:iam::111122223333:user/nobody"


def key(w):
    return w.kept["key"]["KeyMetadata"]["KeyId"]


def of_key(w, **more):
    return {"KeyId": key(w), **more}


def described(w, name=None):
    return w.kms.describe_key(KeyId=name or key(w))["KeyMetadata"]


def descriptions(w):
    return [described(w, found["KeyId"])["Description"] for found in w.kms.list_keys()["Keys"]]


def own_policy(*statements):
    account = {
        "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [account, *statements]})


def listed_tags(w):
    return tags(w.kms.list_resource_tags(**of_key(w))["Tags"], "TagKey", "TagValue")


def decrypted(w, ciphertext, **more):
    return w.kms.decrypt(CiphertextBlob=ciphertext, **more)["Plaintext"]


def grants(w):
    return {grant["GrantId"] for grant in w.kms.list_grants(**of_key(w))["Grants"]}


def alias(w):
    return {found["AliasName"]: found.get("TargetKeyId") for found in w.kms.list_aliases()["Aliases"]}.get("alias/shop")


def second_key(w):
    w.kept["second"] = w.kms.create_key()["KeyMetadata"]["KeyId"]


def grant(w):
    made = w.kms.create_grant(
        **of_key(w), GranteePrincipal=NODE, RetiringPrincipal=w.arn("administrator"), Operations=["Encrypt"]
    )
    w.kept["second grant"] = made["GrantId"]


CASES = [
    change(
        "CreateKey", {"Description": "of the shop"}, keep="key",
        seen=lambda w: "of the shop" in descriptions(w),
    ),
    second_key,
    read("DescribeKey", of_key, lambda w, out: out["KeyMetadata"]["Arn"].endswith(f":key/{key(w)}")),
    read("ListKeys", {}, lambda w, out: {key(w), w.kept["second"]} <= {found["KeyId"] for found in out["Keys"]}),
    change(
        "UpdateKeyDescription", lambda w: of_key(w, Description="of all shops"),
        lambda w: described(w)["Description"] == "of all shops",
    ),
    change("CreateAlias", lambda w: {"AliasName": "alias/shop", "TargetKeyId": key(w)}, lambda w: alias(w) == key(w)),
    read("ListAliases", {}, lambda w, out: "alias/shop" in [found["AliasName"] for found in out["Aliases"]]),
    read(
        "Encrypt", {"KeyId": "alias/shop", "Plaintext": PLAINTEXT, "EncryptionContext": CONTEXT},
        lambda w, out: decrypted(w, out["CiphertextBlob"], EncryptionContext=CONTEXT) == PLAINTEXT
        and raises("InvalidCiphertextException", lambda: decrypted(w, out["CiphertextBlob"])),
        keep="encrypted",
    ),
    read(
        "Decrypt", lambda w: of_key(w, CiphertextBlob=w.kept["encrypted"]["CiphertextBlob"], EncryptionContext=CONTEXT),
        lambda w, out: out["Plaintext"] == PLAINTEXT and out["KeyId"].endswith(key(w)),
    ),
    read(
        "ReEncrypt",
        lambda w: {
            "CiphertextBlob": w.kept["encrypted"]["CiphertextBlob"], "SourceEncryptionContext": CONTEXT,
            "SourceKeyId": key(w), "DestinationKeyId": w.kept["second"],
        },
        lambda w, out: w.kms.decrypt(CiphertextBlob=out["CiphertextBlob"])["KeyId"].endswith(w.kept["second"]),
        action="kms:ReEncryptFrom",
    ),
    read(
        "GenerateDataKey", lambda w: of_key(w, KeySpec="AES_256"),
        lambda w, out: len(out["Plaintext"]) == 32 and decrypted(w, out["CiphertextBlob"]) == out["Plaintext"],
    ),
    read(
        "GenerateDataKeyWithoutPlaintext", lambda w: of_key(w, NumberOfBytes=48),
        lambda w, out: len(decrypted(w, out["CiphertextBlob"])) == 48,
    ),
    read(
        "GenerateRandom", {"NumberOfBytes": 32},
        lambda w, out: len(out["Plaintext"]) == 32
        and w.kms.generate_random(NumberOfBytes=32)["Plaintext"] != out["Plaintext"],
    ),
    change(
        "UpdateAlias", lambda w: {"AliasName": "alias/shop", "TargetKeyId": w.kept["second"]},
        lambda w: alias(w) == w.kept["second"],
    ),
    change("DeleteAlias", {"AliasName": "alias/shop"}, lambda w: alias(w) is None),
    change(
        "EnableKeyRotation", lambda w: of_key(w, RotationPeriodInDays=90),
        lambda w: w.kms.get_key_rotation_status(**of_key(w))["KeyRotationEnabled"],
    ),
    read("GetKeyRotationStatus", of_key, lambda w, out: out["RotationPeriodInDays"] == 90),
    change(
        "RotateKeyOnDemand", of_key,
        lambda w: len(w.kms.list_key_rotations(**of_key(w))["Rotations"]) == 1
        # What the old material made is still read.
        and decrypted(w, w.kept["encrypted"]["CiphertextBlob"], EncryptionContext=CONTEXT) == PLAINTEXT,
    ),
    read("ListKeyRotations", of_key, lambda w, out: [found["RotationType"] for found in out["Rotations"]] == ["ON_DEMAND"]),
    change(
        "DisableKeyRotation", of_key,
        lambda w: not w.kms.get_key_rotation_status(**of_key(w))["KeyRotationEnabled"],
    ),
    change(
        "PutKeyPolicy", lambda w: of_key(w, PolicyName="default", Policy=own_policy({
            "Sid": "Readers", "Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "kms:DescribeKey",
            "Resource": "*",
        })),
        lambda w: w.client("kms", "other").describe_key(KeyId=described(w)["Arn"])["KeyMetadata"]["Enabled"],
    ),
    read("GetKeyPolicy", of_key, lambda w, out: json.loads(out["Policy"])["Statement"][1]["Sid"] == "Readers"),
    read("ListKeyPolicies", of_key, lambda w, out: out["PolicyNames"] == ["default"]),
    change(
        "CreateGrant",
        lambda w: of_key(w, GranteePrincipal=NODE, RetiringPrincipal=w.arn("administrator"), Operations=["DescribeKey"]),
        lambda w: len(grants(w)) == 1
        and w.client("kms", "nobody").describe_key(**of_key(w))["KeyMetadata"]["Enabled"],
        keep="grant",
    ),
    read("ListGrants", of_key, lambda w, out: [found["GranteePrincipal"] for found in out["Grants"]] == [NODE]),
    read(
        "ListRetirableGrants", lambda w: {"RetiringPrincipal": w.arn("administrator")},
        lambda w, out: [found["GrantId"] for found in out["Grants"]] == [w.kept["grant"]["GrantId"]],
    ),
    change(
        "RevokeGrant", lambda w: of_key(w, GrantId=w.kept["grant"]["GrantId"]),
        lambda w: grants(w) == set()
        and raises("AccessDeniedException", lambda: w.client("kms", "nobody").describe_key(**of_key(w))),
    ),
    grant,
    change("RetireGrant", lambda w: of_key(w, GrantId=w.kept["second grant"]), lambda w: grants(w) == set()),
    change(
        "TagResource", lambda w: of_key(w, Tags=[{"TagKey": "team", "TagValue": "shop"}]),
        lambda w: listed_tags(w) == {"team": "shop"},
    ),
    read("ListResourceTags", of_key, lambda w, out: tags(out["Tags"], "TagKey", "TagValue") == {"team": "shop"}),
    change("UntagResource", lambda w: of_key(w, TagKeys=["team"]), lambda w: listed_tags(w) == {}),
    change(
        "DisableKey", of_key,
        lambda w: raises("DisabledException", lambda: w.kms.encrypt(**of_key(w, Plaintext=PLAINTEXT))),
    ),
    change("EnableKey", of_key, lambda w: described(w)["KeyState"] == "Enabled"),
    change(
        "ScheduleKeyDeletion", lambda w: of_key(w, PendingWindowInDays=7),
        lambda w: described(w)["KeyState"] == "PendingDeletion",
    ),
    change("CancelKeyDeletion", of_key, lambda w: described(w)["KeyState"] == "Disabled"),
    # For what else is asked of this key.
    lambda w: w.kms.enable_key(**of_key(w)),
]

CLI = [Cli(["kms", "list-keys"], "kms:ListKeys", lambda out: len(out["Keys"]) >= 2)]

MALFORMED = [
    Raw("kms", "DescribeKey", {}, "ValidationException"),
    Raw("kms", "Encrypt", {"KeyId": "alias/x", "Plaintext": 1}, "SerializationException"),
]

PROBES = [Probe("kms", "list_keys", "kms:ListKeys")]


def resource_policy(w):
    """A key that denies one user, who may use every key by his own policy."""
    made = w.kms.create_key(Policy=own_policy({
        "Effect": "Deny", "Principal": {"AWS": w.arn("allowed")}, "Action": "kms:Encrypt", "Resource": "*",
    }))
    return "kms:Encrypt", "with an explicit deny in a resource-based policy", lambda who: w.client("kms", who).encrypt(
        KeyId=made["KeyMetadata"]["KeyId"], Plaintext=PLAINTEXT
    )
