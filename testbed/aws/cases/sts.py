"""STS."""

from . import Cli, Probe, Raw, policy, raises, read, trust

CASES = [
    read(
        "GetCallerIdentity", {},
        lambda w, out: out["Arn"] == w.iam.get_user(UserName="administrator")["User"]["Arn"]
        and out["UserId"] == w.iam.get_user(UserName="administrator")["User"]["UserId"],
        undeniable="no policy can take it from who can sign",
    ),
    read(
        "GetSessionToken", {"DurationSeconds": 900},
        lambda w, out: w.session("sts", out["Credentials"]).get_caller_identity()["Arn"].endswith(":user/administrator"),
        undeniable="AWS asks for no permission",
    ),
    lambda w: w.iam.create_role(RoleName="sts-visited", AssumeRolePolicyDocument=trust(
        action=["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    )),
    lambda w: w.iam.put_role_policy(
        RoleName="sts-visited", PolicyName="some", PolicyDocument=policy("Allow", "iam:ListRoles")
    ),
    read(
        "AssumeRole",
        {
            "RoleArn": "arn:aws:iam::111122223333:role/sts-visited", "RoleSessionName": "visit", "DurationSeconds": 900,
            "SourceIdentity": "ann", "Tags": [{"Key": "team", "Value": "shop"}],
        },
        lambda w, out: w.session("sts", out["Credentials"]).get_caller_identity()["Arn"]
        == "arn:aws:sts::111122223333:assumed-role/sts-visited/visit"
        and len(w.session("iam", out["Credentials"]).list_roles()["Roles"]) > 0
        and raises("AccessDenied", w.session("iam", out["Credentials"]).list_users),
    ),
    lambda w: w.iam.create_open_id_connect_provider(Url=w.issuer.url, ClientIDList=["sts.amazonaws.com"]),
    lambda w: w.iam.create_role(
        RoleName="sts-web",
        AssumeRolePolicyDocument=trust(
            action="sts:AssumeRoleWithWebIdentity",
            principal={"Federated": f"arn:aws:iam::111122223333:oidc-provider/{w.issuer.address}"},
            Condition={"StringEquals": {
                f"{w.issuer.address}:sub": "system:serviceaccount:default:web", f"{w.issuer.address}:aud": "sts.amazonaws.com",
            }},
        ),
    ),
    read(
        "AssumeRoleWithWebIdentity",
        lambda w: {
            "RoleArn": "arn:aws:iam::111122223333:role/sts-web", "RoleSessionName": "pod",
            "WebIdentityToken": w.issuer.token("sts.amazonaws.com"),
        },
        lambda w, out: w.session("sts", out["Credentials"]).get_caller_identity()["Arn"]
        == "arn:aws:sts::111122223333:assumed-role/sts-web/pod"
        # Who has another token is refused: that is what stands for a denial here.
        and raises("AccessDenied", lambda: w.unsigned("sts").assume_role_with_web_identity(
            RoleArn="arn:aws:iam::111122223333:role/sts-web", RoleSessionName="pod",
            WebIdentityToken=w.issuer.token("sts.amazonaws.com", account="other"),
        )),
        undeniable="it is unsigned, and the token decides",
        unsigned=True,
    ),
    read(
        "GetAccessKeyInfo", lambda w: {"AccessKeyId": w.credentials["other"][0]},
        lambda w, out: out["Account"] == w.client("sts", "other").get_caller_identity()["Account"],
    ),
]

CLI = [
    Cli(
        ["sts", "assume-role", "--role-arn", "arn:aws:iam::111122223333:role/sts-visited", "--role-session-name", "cli"],
        "sts:AssumeRole",
        lambda out: out["AssumedRoleUser"]["Arn"].endswith(":assumed-role/sts-visited/cli"),
    ),
]

MALFORMED = [
    Raw("sts", "AssumeRole", {"RoleArn": "arn:aws:iam::111122223333:role/x"}, "ValidationError"),
    Raw("sts", "GetSessionToken", {"DurationSeconds": "1"}, "ValidationError"),
]

PROBES = [Probe("sts", "get_access_key_info", "sts:GetAccessKeyInfo", {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"})]


def resource_policy(w):
    """A role that denies one user by its trust policy, who may assume every role by his own."""
    w.iam.create_role(RoleName="sts-closed", AssumeRolePolicyDocument=trust("Deny", principal={"AWS": w.arn("allowed")}))
    return "sts:AssumeRole", "with an explicit deny in the role trust policy", lambda who: w.client(
        "sts", who
    ).assume_role(RoleArn="arn:aws:iam::111122223333:role/sts-closed", RoleSessionName="closed")
