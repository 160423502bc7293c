"""IAM."""

from . import Cli, Probe, Raw, change, policy, raises, read, tags, trust

ACCOUNT = "arn:aws:iam::111122223333"
ANN, TEAM, JOB = {"UserName": "ann"}, {"GroupName": "team"}, {"RoleName": "job"}
BOX = {"InstanceProfileName": "box"}
MANAGED = {"PolicyArn": f"{ACCOUNT}:policy/readers"}
PROVIDER = {"OpenIDConnectProviderArn": f"{ACCOUNT}:oidc-provider/oidc.example.org/shop"}
READ, WRITE = policy("Allow", "iam:ListRoles"), policy("Allow", "iam:ListUsers")
THUMBPRINT = "0123456789abcdef0123456789abcdef01234567"
TAGS = [{"Key": "team", "Value": "shop"}]
SHOP = {"team": "shop"}


def gone(call):
    return raises("NoSuchEntity", call)


def user(w, **who):
    return w.iam.get_user(**(who or ANN))["User"]


def role(w):
    return w.iam.get_role(**JOB)["Role"]


def box(w):
    return w.iam.get_instance_profile(**BOX)["InstanceProfile"]


def provider(w):
    return w.iam.get_open_id_connect_provider(**PROVIDER)


def members(w):
    return [found["UserName"] for found in w.iam.get_group(**TEAM)["Users"]]


def actions(document):
    return document["Statement"][0]["Action"]


def versions(w):
    listed = w.iam.list_policy_versions(**MANAGED)["Versions"]
    return {found["VersionId"]: found["IsDefaultVersion"] for found in listed}


def names(out, members, member):
    return [found[member] for found in out[members]]


def aliases(w):
    return w.iam.list_account_aliases()["AccountAliases"]


def keys(w):
    return {found["AccessKeyId"]: found["Status"] for found in w.iam.list_access_keys(**ANN)["AccessKeyMetadata"]}


def of_each():
    """What users, groups and roles have in the same way: inline and attached policies."""
    for kind, of in (("User", ANN), ("Group", TEAM), ("Role", JOB)):
        lower = kind.lower()
        yield from inline(kind, lower, of)
        yield from attached(kind, lower, of)


def inline(kind, lower, of):
    def listed(w):
        return getattr(w.iam, f"list_{lower}_policies")(**of)["PolicyNames"]

    yield change(f"Put{kind}Policy", {**of, "PolicyName": "own", "PolicyDocument": READ}, lambda w: listed(w) == ["own"])
    yield read(
        f"Get{kind}Policy", {**of, "PolicyName": "own"},
        lambda w, out: actions(out["PolicyDocument"]) == "iam:ListRoles",
    )
    yield read(f"List{kind}Policies", of, lambda w, out: out["PolicyNames"] == ["own"])
    yield change(f"Delete{kind}Policy", {**of, "PolicyName": "own"}, lambda w: listed(w) == [])


def attached(kind, lower, of):
    def listed(w):
        out = getattr(w.iam, f"list_attached_{lower}_policies")(**of)
        return names(out, "AttachedPolicies", "PolicyArn")

    yield change(f"Attach{kind}Policy", {**of, **MANAGED}, lambda w: listed(w) == [MANAGED["PolicyArn"]])
    yield read(
        f"ListAttached{kind}Policies", of,
        lambda w, out: names(out, "AttachedPolicies", "PolicyName") == ["readers"],
    )
    if kind == "Role":
        yield read(
            "ListEntitiesForPolicy", MANAGED,
            lambda w, out: names(out, "PolicyRoles", "RoleName") == ["job"] and out["PolicyUsers"] == [],
        )
    yield change(f"Detach{kind}Policy", {**of, **MANAGED}, lambda w: listed(w) == [])


def tagged(kind, of, lister):
    """Tags, in the same way of all."""

    def listed(w):
        return tags(getattr(w.iam, lister)(**of)["Tags"])

    yield change(f"Tag{kind}", {**of, "Tags": TAGS}, lambda w: listed(w) == SHOP)
    yield read(f"List{kind}Tags", of, lambda w, out: tags(out["Tags"]) == SHOP)
    yield change(f"Untag{kind}", {**of, "TagKeys": ["team"]}, lambda w: listed(w) == {})


def bounded(kind, of, shown):
    yield change(
        f"Put{kind}PermissionsBoundary", {**of, "PermissionsBoundary": MANAGED["PolicyArn"]},
        lambda w: shown(w)["PermissionsBoundary"]["PermissionsBoundaryArn"] == MANAGED["PolicyArn"],
    )
    yield change(f"Delete{kind}PermissionsBoundary", of, lambda w: "PermissionsBoundary" not in shown(w))


USERS = [
    change("CreateUser", {**ANN, "Path": "/people/"}, lambda w: user(w)["Path"] == "/people/"),
    read("GetUser", ANN, lambda w, out: out["User"]["Arn"] == f"{ACCOUNT}:user/people/ann"),
    read("ListUsers", {"PathPrefix": "/people/"}, lambda w, out: names(out, "Users", "UserName") == ["ann"]),
    change("UpdateUser", {**ANN, "NewPath": "/staff/"}, lambda w: user(w)["Path"] == "/staff/"),
    change("CreateAccessKey", ANN, lambda w: list(keys(w).values()) == ["Active"], keep="key of ann"),
    read(
        "ListAccessKeys", ANN,
        lambda w, out: names(out, "AccessKeyMetadata", "AccessKeyId") == [w.kept["key of ann"]["AccessKey"]["AccessKeyId"]],
    ),
    change(
        "UpdateAccessKey",
        lambda w: {**ANN, "AccessKeyId": w.kept["key of ann"]["AccessKey"]["AccessKeyId"], "Status": "Inactive"},
        lambda w: list(keys(w).values()) == ["Inactive"]
        and raises("InvalidClientTokenId", w.session("sts", w.kept["key of ann"]["AccessKey"]).get_caller_identity),
    ),
    change(
        "DeleteAccessKey", lambda w: {**ANN, "AccessKeyId": w.kept["key of ann"]["AccessKey"]["AccessKeyId"]},
        lambda w: keys(w) == {},
    ),
]

GROUPS = [
    change("CreateGroup", TEAM, lambda w: "team" in names(w.iam.list_groups(), "Groups", "GroupName")),
    read("GetGroup", TEAM, lambda w, out: out["Group"]["Arn"] == f"{ACCOUNT}:group/team"),
    read("ListGroups", {}, lambda w, out: names(out, "Groups", "GroupName") == ["team"]),
    change(
        "UpdateGroup", {**TEAM, "NewPath": "/teams/"},
        lambda w: w.iam.get_group(**TEAM)["Group"]["Path"] == "/teams/",
    ),
    change("AddUserToGroup", {**TEAM, **ANN}, lambda w: members(w) == ["ann"]),
    read("ListGroupsForUser", ANN, lambda w, out: names(out, "Groups", "GroupName") == ["team"]),
    change("RemoveUserFromGroup", {**TEAM, **ANN}, lambda w: members(w) == []),
]

ROLES = [
    change(
        "CreateRole", {**JOB, "AssumeRolePolicyDocument": trust(), "Description": "of a job"},
        lambda w: role(w)["Description"] == "of a job",
    ),
    read("GetRole", JOB, lambda w, out: out["Role"]["Arn"] == f"{ACCOUNT}:role/job"),
    read("ListRoles", {}, lambda w, out: "job" in names(out, "Roles", "RoleName")),
    change("UpdateRole", {**JOB, "MaxSessionDuration": 7200}, lambda w: role(w)["MaxSessionDuration"] == 7200),
    change("UpdateRoleDescription", {**JOB, "Description": "of two"}, lambda w: role(w)["Description"] == "of two"),
    change(
        "UpdateAssumeRolePolicy", {**JOB, "PolicyDocument": trust(principal={"AWS": "444455556666"})},
        lambda w: "444455556666" in str(role(w)["AssumeRolePolicyDocument"]),
    ),
]

POLICIES = [
    change(
        "CreatePolicy", {"PolicyName": "readers", "PolicyDocument": READ},
        lambda w: w.iam.get_policy(**MANAGED)["Policy"]["PolicyName"] == "readers",
    ),
    read("GetPolicy", MANAGED, lambda w, out: out["Policy"]["DefaultVersionId"] == "v1"),
    read("ListPolicies", {"Scope": "Local"}, lambda w, out: "readers" in names(out, "Policies", "PolicyName")),
    change(
        "CreatePolicyVersion", {**MANAGED, "PolicyDocument": WRITE},
        lambda w: versions(w) == {"v1": True, "v2": False},
    ),
    read(
        "GetPolicyVersion", {**MANAGED, "VersionId": "v2"},
        lambda w, out: actions(out["PolicyVersion"]["Document"]) == "iam:ListUsers",
    ),
    read("ListPolicyVersions", MANAGED, lambda w, out: sorted(names(out, "Versions", "VersionId")) == ["v1", "v2"]),
    change(
        "SetDefaultPolicyVersion", {**MANAGED, "VersionId": "v2"},
        lambda w: versions(w) == {"v1": False, "v2": True},
    ),
    change("DeletePolicyVersion", {**MANAGED, "VersionId": "v1"}, lambda w: versions(w) == {"v2": True}),
]

PROFILES = [
    change("CreateInstanceProfile", BOX, lambda w: box(w)["Roles"] == []),
    read("GetInstanceProfile", BOX, lambda w, out: out["InstanceProfile"]["Arn"] == f"{ACCOUNT}:instance-profile/box"),
    read("ListInstanceProfiles", {}, lambda w, out: names(out, "InstanceProfiles", "InstanceProfileName") == ["box"]),
    change("AddRoleToInstanceProfile", {**BOX, **JOB}, lambda w: names(box(w), "Roles", "RoleName") == ["job"]),
    read(
        "ListInstanceProfilesForRole", JOB,
        lambda w, out: names(out, "InstanceProfiles", "InstanceProfileName") == ["box"],
    ),
    change("RemoveRoleFromInstanceProfile", {**BOX, **JOB}, lambda w: box(w)["Roles"] == []),
]

PROVIDERS = [
    change(
        "CreateOpenIDConnectProvider",
        {"Url": "https://oidc.example.org/shop", "ClientIDList": ["one"], "ThumbprintList": [THUMBPRINT]},
        lambda w: provider(w)["ClientIDList"] == ["one"],
    ),
    read("GetOpenIDConnectProvider", PROVIDER, lambda w, out: out["Url"] == "oidc.example.org/shop"),
    read(
        "ListOpenIDConnectProviders", {},
        lambda w, out: PROVIDER["OpenIDConnectProviderArn"] in names(out, "OpenIDConnectProviderList", "Arn"),
    ),
    change(
        "AddClientIDToOpenIDConnectProvider", {**PROVIDER, "ClientID": "two"},
        lambda w: sorted(provider(w)["ClientIDList"]) == ["one", "two"],
    ),
    change(
        "RemoveClientIDFromOpenIDConnectProvider", {**PROVIDER, "ClientID": "two"},
        lambda w: provider(w)["ClientIDList"] == ["one"],
    ),
    change(
        "UpdateOpenIDConnectProviderThumbprint", {**PROVIDER, "ThumbprintList": [THUMBPRINT[::-1]]},
        lambda w: provider(w)["ThumbprintList"] == [THUMBPRINT[::-1]],
    ),
]

ACCOUNT_WIDE = [
    change("CreateAccountAlias", {"AccountAlias": "the-shop"}, lambda w: aliases(w) == ["the-shop"]),
    read("ListAccountAliases", {}, lambda w, out: out["AccountAliases"] == ["the-shop"]),
    change("DeleteAccountAlias", {"AccountAlias": "the-shop"}, lambda w: aliases(w) == []),
    read("GetAccountSummary", {}, lambda w, out: out["SummaryMap"]["Users"] == len(w.iam.list_users()["Users"])),
    read(
        "GetAccountAuthorizationDetails", {},
        lambda w, out: set(names(out, "RoleDetailList", "RoleName")) == set(names(w.iam.list_roles(), "Roles", "RoleName"))
        and "ann" in names(out, "UserDetailList", "UserName"),
    ),
    lambda w: w.iam.put_user_policy(**ANN, PolicyName="own", PolicyDocument=policy(
        "Allow", "iam:ListRoles", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    )),
    read(
        "SimulatePrincipalPolicy",
        {
            "PolicySourceArn": f"{ACCOUNT}:user/staff/ann", "ActionNames": ["iam:ListRoles", "iam:ListUsers"],
            "ContextEntries": [
                {"ContextKeyName": "aws:SourceIp", "ContextKeyValues": ["10.1.1.1"], "ContextKeyType": "ip"}
            ],
        },
        lambda w, out: [found["EvalDecision"] for found in out["EvaluationResults"]] == ["allowed", "implicitDeny"],
    ),
    read(
        "SimulateCustomPolicy",
        {"PolicyInputList": [READ, policy("Deny", "iam:ListUsers")], "ActionNames": ["iam:ListRoles", "iam:ListUsers"]},
        lambda w, out: [found["EvalDecision"] for found in out["EvaluationResults"]] == ["allowed", "explicitDeny"],
    ),
    read(
        "GetContextKeysForPrincipalPolicy", {"PolicySourceArn": f"{ACCOUNT}:user/staff/ann"},
        lambda w, out: [key.lower() for key in out["ContextKeyNames"]] == ["aws:sourceip"],
    ),
    read(
        "GetContextKeysForCustomPolicy",
        {"PolicyInputList": [policy("Allow", "*", Condition={"Bool": {"aws:SecureTransport": "true"}})]},
        lambda w, out: [key.lower() for key in out["ContextKeyNames"]] == ["aws:securetransport"],
    ),
    lambda w: w.iam.delete_user_policy(**ANN, PolicyName="own"),
]

END = [
    change("DeleteOpenIDConnectProvider", PROVIDER, lambda w: gone(lambda: provider(w))),
    change("DeleteInstanceProfile", BOX, lambda w: gone(lambda: box(w))),
    change("DeleteRole", JOB, lambda w: gone(lambda: role(w))),
    change("DeleteGroup", TEAM, lambda w: gone(lambda: members(w))),
    change("DeleteUser", ANN, lambda w: gone(lambda: user(w))),
    change("DeletePolicy", MANAGED, lambda w: gone(lambda: w.iam.get_policy(**MANAGED))),
]

CASES = [
    *USERS, *GROUPS, *ROLES, *POLICIES, *PROFILES, *PROVIDERS,
    *of_each(),
    *tagged("User", ANN, "list_user_tags"),
    *tagged("Role", JOB, "list_role_tags"),
    *tagged("Policy", MANAGED, "list_policy_tags"),
    *tagged("InstanceProfile", BOX, "list_instance_profile_tags"),
    *tagged("OpenIDConnectProvider", PROVIDER, "list_open_id_connect_provider_tags"),
    *bounded("User", ANN, user), *bounded("Role", JOB, lambda w: role(w)),
    *ACCOUNT_WIDE, *END,
]

CLI = [
    Cli(
        ["iam", "get-user", "--user-name", "administrator"], "iam:GetUser",
        lambda out: out["User"]["UserName"] == "administrator",
    ),
]

MALFORMED = [
    Raw("iam", "CreateUser", {}, "ValidationError"),
    Raw("iam", "CreateUser", {"UserName": "no spaces"}, "ValidationError"),
]

PROBES = [Probe("iam", "list_roles", "iam:ListRoles")]
