"""EKS and EKS Auth."""

from . import Cli, Probe, Raw, change, policy, raises, read, trust

ROLE = "arn:aws:iam::111122223333:role/eks-pod"
PERSON = "arn:aws:iam::111122223333:role/eks-person"
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
CLUSTER = "arn:aws:eks:eu-central-1:111122223333:cluster/shop"
OF = {"clusterName": "shop"}
ENTRY = {**OF, "principalArn": PERSON}


def entry(w):
    return w.eks.describe_access_entry(**ENTRY)["accessEntry"]


def token(w):
    """Checked by the keys that the cluster was registered with: nobody can be asked at its issuer's address."""
    return w.issuer.token("pods.eks.amazonaws.com", issuer=w.issuer.registered)


def policies(w):
    listed = w.eks.list_associated_access_policies(**ENTRY)["associatedAccessPolicies"]
    return [policy["policyArn"] for policy in listed]


def of_association(w, **more):
    return {**OF, "associationId": w.kept["association"]["association"]["associationId"], **more}


def association(w):
    return w.eks.describe_pod_identity_association(**of_association(w))["association"]


CASES = [
    lambda w: [
        w.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(
            action=["sts:AssumeRole", "sts:TagSession"], principal={"Service": "pods.eks.amazonaws.com"}
        ))
        for name in ("eks-pod", "eks-person", "eks-next")
    ],
    lambda w: w.iam.put_role_policy(
        RoleName="eks-pod", PolicyName="some", PolicyDocument=policy("Allow", "iam:ListRoles")
    ),
    read("ListClusters", {}, lambda w, out: out["clusters"] == ["shop"]),
    read(
        "DescribeCluster", {"name": "shop"},
        lambda w, out: out["cluster"]["arn"] == CLUSTER
        and out["cluster"]["identity"]["oidc"]["issuer"] == "https://oidc.example.com",
    ),
    change(
        "UpdateClusterConfig", {"name": "shop", "accessConfig": {"authenticationMode": "API"}},
        lambda w: w.eks.describe_cluster(name="shop")["cluster"]["accessConfig"]["authenticationMode"] == "API",
    ),
    change(
        "CreateAccessEntry", {**ENTRY, "kubernetesGroups": ["viewers"]},
        lambda w: entry(w)["kubernetesGroups"] == ["viewers"],
    ),
    read("DescribeAccessEntry", ENTRY, lambda w, out: out["accessEntry"]["principalArn"] == PERSON),
    read("ListAccessEntries", OF, lambda w, out: PERSON in out["accessEntries"]),
    change(
        "UpdateAccessEntry", {**ENTRY, "kubernetesGroups": ["editors"]},
        lambda w: entry(w)["kubernetesGroups"] == ["editors"],
    ),
    read("ListAccessPolicies", {}, lambda w, out: VIEW in [policy["arn"] for policy in out["accessPolicies"]]),
    change(
        "AssociateAccessPolicy",
        {**ENTRY, "policyArn": VIEW, "accessScope": {"type": "namespace", "namespaces": ["web"]}},
        lambda w: policies(w) == [VIEW],
    ),
    read(
        "ListAssociatedAccessPolicies", ENTRY,
        lambda w, out: out["associatedAccessPolicies"][0]["accessScope"] == {"type": "namespace", "namespaces": ["web"]},
    ),
    change("DisassociateAccessPolicy", {**ENTRY, "policyArn": VIEW}, lambda w: policies(w) == []),
    change(
        "TagResource", lambda w: {"resourceArn": entry(w)["accessEntryArn"], "tags": {"team": "shop"}},
        lambda w: entry(w).get("tags") == {"team": "shop"},
    ),
    read(
        "ListTagsForResource", lambda w: {"resourceArn": entry(w)["accessEntryArn"]},
        lambda w, out: out["tags"] == {"team": "shop"},
    ),
    change(
        "UntagResource", lambda w: {"resourceArn": entry(w)["accessEntryArn"], "tagKeys": ["team"]},
        lambda w: not entry(w).get("tags"),
    ),
    change(
        "DeleteAccessEntry", ENTRY,
        lambda w: raises("ResourceNotFoundException", lambda: w.eks.describe_access_entry(**ENTRY)),
    ),
    change(
        "CreatePodIdentityAssociation", {**OF, "namespace": "default", "serviceAccount": "web", "roleArn": ROLE},
        lambda w: [found["serviceAccount"] for found in w.eks.list_pod_identity_associations(**OF)["associations"]]
        == ["web"],
        keep="association",
    ),
    read("DescribePodIdentityAssociation", of_association, lambda w, out: out["association"]["roleArn"] == ROLE),
    read(
        "ListPodIdentityAssociations", OF,
        lambda w, out: [found["namespace"] for found in out["associations"]] == ["default"],
    ),
    read(
        "AssumeRoleForPodIdentity",
        lambda w: {**OF, "token": token(w)},
        lambda w, out: w.session("sts", out["credentials"]).get_caller_identity()["Arn"] == out["assumedRoleUser"]["arn"]
        and len(w.session("iam", out["credentials"]).list_roles()["Roles"]) > 0
        and raises("AccessDenied", w.session("iam", out["credentials"]).list_users),
        service="eks-auth",
    ),
    change(
        "UpdatePodIdentityAssociation",
        lambda w: of_association(w, roleArn="arn:aws:iam::111122223333:role/eks-next"),
        lambda w: association(w)["roleArn"].endswith(":role/eks-next"),
    ),
    change(
        "DeletePodIdentityAssociation", of_association,
        lambda w: w.eks.list_pod_identity_associations(**OF)["associations"] == [],
    ),
    # For what else is asked of EKS Auth.
    lambda w: w.eks.create_pod_identity_association(**OF, namespace="default", serviceAccount="web", roleArn=ROLE),
]

CLI = [
    Cli(
        ["eks", "describe-cluster", "--name", "shop"], "eks:DescribeCluster",
        lambda out: out["cluster"]["arn"] == CLUSTER,
    ),
    Cli(
        lambda w: ["eks-auth", "assume-role-for-pod-identity", "--cluster-name", "shop", "--token", token(w)],
        "eks-auth:AssumeRoleForPodIdentity",
        lambda out: ":assumed-role/eks-pod/" in out["assumedRoleUser"]["arn"],
    ),
]

MALFORMED = [
    Raw("eks", "CreateAccessEntry", {"principalArn": 1}, "SerializationException", path={"clusterName": "shop"}),
    Raw("eks", "CreateAccessEntry", {}, "InvalidParameterException", path={"clusterName": "shop"}),
    Raw("eks-auth", "AssumeRoleForPodIdentity", {}, "InvalidParameterException", path={"clusterName": "shop"}),
]

PROBES = [
    Probe("eks", "list_clusters", "eks:ListClusters"),
    Probe(
        "eks-auth", "assume_role_for_pod_identity", "eks-auth:AssumeRoleForPodIdentity",
        lambda w: {**OF, "token": token(w)},
    ),
]
