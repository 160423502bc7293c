"""Kinds of policies together, for a user and for a role's session: what one refuses, the others don't give back, and AWS's
words say which it was. Then who may assume a role: from this account, from another, from a session, and by which token."""

import json
import re

import rsa
from botocore import xform_name
from botocore.exceptions import ClientError

from cases import raises, trust
from issuer import BITS, encode
from server import ACCOUNT, OTHER, REGION

# Source: AWS IAM User Guide, "Troubleshoot access denied error messages".
NO_IDENTITY = "because no identity-based policy allows"
NO_BOUNDARY = "because no permissions boundary allows"
NO_SESSION = "because no session policy allows"
NO_RESOURCE = "because no resource-based policy allows"
NO_TRUST = "because no role trust policy allows"
BY_IDENTITY = "with an explicit deny in an identity-based policy"
BY_BOUNDARY = "with an explicit deny in a permissions boundary"
BY_SESSION = "with an explicit deny in a session policy"
BY_RESOURCE = "with an explicit deny in a resource-based policy"

ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
EVERYBODY = {"AWS": "*"}


def statement(effect, action, **more):
    return {"Effect": effect, "Action": action, "Resource": "*", **more}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action):
    return document(statement("Allow", action))


def but(action):
    """Everything but this."""
    return document(statement("Allow", "*"), statement("Deny", action))


ALL = allow("*")


def run(w):
    principals, places = Principals(w), Places(w)
    for call, identity, boundary, session, because in table(places):
        what = f"{call} of {identity}, {boundary}, {session}"
        check(w, f"a session's {what}", call, principals.session(identity, boundary, session), because)
        if session is None:
            check(w, f"a user's {what}", call, principals.user(identity, boundary), because)
    trusts(w, principals)
    across(w, places)
    chains(w)
    tokens(w)


class Principals:
    """Users and sessions of roles with policies, each made when it is asked for; credentials and ARN."""

    def __init__(self, w):
        self.w, self.count = w, 0

    def name(self, kind):
        self.count += 1
        return f"combined-{kind}-{self.count}"

    def boundary(self, text):
        made = self.w.iam.create_policy(PolicyName=self.name("policy"), PolicyDocument=text)
        return {"PermissionsBoundary": made["Policy"]["Arn"]}

    def user(self, identity, boundary):
        name = self.name("user")
        self.w.user(name, *([identity] if identity else []), **(self.boundary(boundary) if boundary else {}))
        return self.w.credentials[name], self.w.arn(name)

    def session(self, identity, boundary, session):
        name = self.name("role")
        more = self.boundary(boundary) if boundary else {}
        self.w.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(), **more)
        if identity:
            self.w.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=identity)
        wish = {"Policy": session} if session else {}
        return credentials(self.w.sts.assume_role(**role(name), **wish)), f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/suite"


class Places:
    """Keys and secrets with policies."""

    def __init__(self, w):
        administrator = {"AWS": w.arn("administrator")}
        every = statement("Allow", "kms:*", Principal=ROOT)
        self.keys = {
            name: w.kms.create_key(Policy=text, BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["KeyId"]
            for name, text in {
                "open": document(every),
                # Nobody but the administrator, whatever the account's own policies say.
                "closed": document(statement("Allow", "kms:*", Principal=administrator)),
                "denying": document(every, statement("Deny", "kms:Encrypt", Principal=EVERYBODY)),
            }.items()
        }
        value, others = "secretsmanager:GetSecretValue", {"StringNotEquals": {"aws:PrincipalArn": w.arn("administrator")}}
        for name, text in {
            "combined-plain": None,
            "combined-denying": document(statement("Deny", value, Principal=EVERYBODY, Condition=others)),
            "combined-granting": document(
                statement("Allow", value, Principal=EVERYBODY, Condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}})
            ),
        }.items():
            w.secretsmanager.create_secret(Name=name, SecretString=f"value-of-{name}")
            if text:
                w.secretsmanager.put_resource_policy(SecretId=name, ResourcePolicy=text)


def table(places):
    """Call; identity policy, boundary, session policy; and what refuses, if something does."""

    def encrypt(key):
        return ("kms", "Encrypt", {"KeyId": places.keys[key], "Plaintext": b"of-combined-keys-5d20"})

    def value(name):
        return ("secretsmanager", "GetSecretValue", {"SecretId": f"combined-{name}"})

    user = ("iam", "GetUser", {"UserName": "nobody"})
    describe = ("kms", "DescribeKey", {"KeyId": places.keys["open"]})
    return [
        (user, allow("iam:GetUser"), None, None, None),
        (user, allow("iam:ListUsers"), None, None, NO_IDENTITY),
        (user, but("iam:GetUser"), None, None, BY_IDENTITY),
        (user, ALL, allow("iam:Get*"), None, None),
        (user, ALL, allow("kms:*"), None, NO_BOUNDARY),
        (user, ALL, but("iam:GetUser"), None, BY_BOUNDARY),
        (user, None, ALL, None, NO_IDENTITY),
        (user, ALL, None, allow("iam:Get*"), None),
        (user, ALL, None, allow("kms:*"), NO_SESSION),
        (user, ALL, None, but("iam:GetUser"), BY_SESSION),
        (user, allow("kms:*"), None, ALL, NO_IDENTITY),
        (user, ALL, allow("iam:Get*"), allow("iam:GetUser"), None),
        (user, ALL, allow("kms:*"), allow("iam:GetUser"), NO_BOUNDARY),
        (describe, ALL, None, None, None),
        (describe, None, None, None, NO_IDENTITY),
        (describe, but("kms:*"), None, None, BY_IDENTITY),
        (encrypt("open"), ALL, None, None, None),
        (encrypt("open"), ALL, allow("kms:Decrypt"), None, NO_BOUNDARY),
        (encrypt("open"), ALL, None, allow("kms:Decrypt"), NO_SESSION),
        (encrypt("closed"), ALL, None, None, NO_RESOURCE),
        (encrypt("denying"), ALL, None, None, BY_RESOURCE),
        (value("plain"), ALL, None, None, None),
        (value("plain"), None, None, None, NO_IDENTITY),
        (value("denying"), ALL, None, None, BY_RESOURCE),
        (value("granting"), None, None, None, None),
        (value("granting"), but("secretsmanager:*"), None, None, BY_IDENTITY),
        (value("granting"), ALL, but("secretsmanager:*"), None, BY_BOUNDARY),
        (value("granting"), ALL, None, but("secretsmanager:*"), BY_SESSION),
    ]


def check(w, what, call, who, because):
    (service, operation, parameters), (key, arn) = call, who
    action = f"{service}:{operation}"
    try:
        getattr(w.connect(service, key), xform_name(operation))(**parameters)
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        reason = because or "nothing"
        sentence = re.escape(reason) + (f" the {action} action" if reason.startswith("because") else "")
        wanted = rf"User: {re.escape(arn)} is not authorized to perform: {action}( on resource: \S+)? {sentence}"
        good = because and code.startswith("AccessDenied") and re.search(wanted, message)
        w.report.check(good, f"{what} is refused by {reason}: {code}: {message}")
    else:
        w.report.check(because is None, f"{what} is refused by {because}")


def role(name):
    return {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "RoleSessionName": "suite"}


def credentials(answer):
    given = answer["Credentials"]
    return given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]


def trusts(w, principals):
    """Whom a role trusts, and by which id."""
    able, unable = principals.user(allow("sts:AssumeRole"), None), principals.user(None, None)
    for name, text in {
        "of-the-account": trust(),
        "of-somebody": trust(principal={"AWS": w.arn("administrator")}),
        "of-an-id": trust(Condition={"StringEquals": {"sts:ExternalId": "the-id"}}),
    }.items():
        w.iam.create_role(RoleName=name, AssumeRolePolicyDocument=text)
    for what, name, more, who, because in [
        ("trusted by its account", "of-the-account", {}, able, None),
        ("trusted, not permitted", "of-the-account", {}, unable, NO_IDENTITY),
        ("permitted, not trusted", "of-somebody", {}, able, NO_TRUST),
        ("no id", "of-an-id", {}, able, NO_TRUST),
        ("another id", "of-an-id", {"ExternalId": "another-id"}, able, NO_TRUST),
        ("the id", "of-an-id", {"ExternalId": "the-id"}, able, None),
        ("a role that is not there", "of-nobody", {}, able, NO_TRUST),
    ]:
        check(w, what, ("sts", "AssumeRole", {**role(name), **more}), who, because)


def across(w, places):
    """From one account into another both have to agree."""
    stranger = (w.credentials["other"], f"arn:aws:iam::{OTHER}:user/administrator")
    w.iam.create_role(RoleName="of-the-other", AssumeRolePolicyDocument=trust(principal={"AWS": OTHER}))
    w.iam.put_role_policy(RoleName="of-the-other", PolicyName="p", PolicyDocument=ALL)
    visitor = credentials(w.client("sts", "other").assume_role(**role("of-the-other")))
    arn = w.connect("iam", visitor).get_user(UserName="nobody")["User"]["Arn"]
    w.report.check(arn == w.arn("nobody"), f"the other account's user sees this one's in its role: {arn}")
    check(w, "a role of another account", ("sts", "AssumeRole", role("of-somebody")), stranger, NO_TRUST)
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{places.keys['open']}"
    check(w, "a key of another account", ("kms", "DescribeKey", {"KeyId": key}), stranger, NO_RESOURCE)


def chains(w):
    """A session takes the next role: with the tags that pass on, and for an hour."""
    both = ["sts:AssumeRole", "sts:TagSession"]
    w.iam.create_role(RoleName="chain-first", AssumeRolePolicyDocument=trust(action=both))
    w.iam.put_role_policy(RoleName="chain-first", PolicyName="p", PolicyDocument=allow("sts:*"))
    w.iam.create_role(
        RoleName="chain-second",
        AssumeRolePolicyDocument=trust(action=both, Condition={"StringEquals": {"aws:PrincipalTag/team": "web"}}),
    )
    tags = {"Tags": [{"Key": "team", "Value": "web"}], "TransitiveTagKeys": ["team"]}
    tagged = w.connect("sts", credentials(w.sts.assume_role(**role("chain-first"), **tags)))
    untagged = w.connect("sts", credentials(w.sts.assume_role(**role("chain-first"))))
    arn = tagged.assume_role(**role("chain-second"))["AssumedRoleUser"]["Arn"]
    w.report.check(arn.endswith(":assumed-role/chain-second/suite"), f"the tag leads into the second role: {arn}")
    refused = raises("AccessDenied", lambda: untagged.assume_role(**role("chain-second")))
    w.report.check(refused, "without the tag it is closed")
    for what, wish, code in [
        ("longer than an hour", {"DurationSeconds": 7200}, "ValidationError"),
        ("another value of the tag", {"Tags": [{"Key": "team", "Value": "x"}]}, "InvalidParameterCombination"),
    ]:
        refused = raises(code, lambda wish=wish: tagged.assume_role(**role("chain-second"), **wish))
        w.report.check(refused, f"chained, {what}: {code}")


def tokens(w):
    """Every way in which a web token can be wrong. The role is that of the cases."""
    audience = "sts.amazonaws.com"
    good = w.issuer.token(audience)
    head, claims, signature = good.split(".")
    none = encode(b'{"alg":"none","typ":"JWT"}')
    other = w.issuer.token(audience, account="other")
    for what, token, code in [
        ("another subject", other, "AccessDenied"),
        ("another audience", w.issuer.token("another"), "InvalidIdentityToken"),
        ("another issuer", w.issuer.token(audience, issuer="https://another.example"), "InvalidIdentityToken"),
        ("another key", w.issuer.token(audience, key=rsa.newkeys(BITS)[1]), "InvalidIdentityToken"),
        ("expired", w.issuer.token(audience, exp=1_700_000_000), "ExpiredTokenException"),
        ("of later", w.issuer.token(audience, nbf=4_000_000_000), "InvalidIdentityToken"),
        ("no signature", f"{head}.{claims}.", "InvalidIdentityToken"),
        ("no algorithm", f"{none}.{claims}.", "InvalidIdentityToken"),
        ("another's claims", f"{head}.{other.split('.')[1]}.{signature}", "InvalidIdentityToken"),
        ("no token", "nonsense", "InvalidIdentityToken"),
    ]:
        wish = {**role("sts-web"), "WebIdentityToken": token}
        refused = raises(code, lambda wish=wish: w.unsigned("sts").assume_role_with_web_identity(**wish))
        w.report.check(refused, f"a web token, {what}, is refused with {code}")
