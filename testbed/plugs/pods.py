"""A pod comes out with its role, and its token reads the one secret that the role may read."""

import base64
import json

import botocore.exceptions

from fire import Away, Wrong, under_fire
from server import ACCOUNT, REGION


def webhook(stack):
    authority = base64.b64encode(open(stack.aws.data / "tls" / "ca.pem", "rb").read()).decode()
    return {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "pod-identity"},
        "webhooks": [{
            "name": "pod-identity.ringwall.dev", "failurePolicy": "Fail", "sideEffects": "None",
            "admissionReviewVersions": ["v1"], "timeoutSeconds": 10,
            "clientConfig": {"url": f"https://localhost:{stack.ports['identity']}/mutate", "caBundle": authority},
            "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
            "namespaceSelector": {"matchExpressions": [
                {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]},
            ]},
        }],
    }


def pod(name, account, namespace="shop"):
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace},
        "spec": {"serviceAccountName": account, "containers": [{"name": "web", "image": "example.com/web"}]},
    }


def service_account(name, role=None, namespace="shop"):
    annotations = {"eks.amazonaws.com/role-arn": role} if role else {}
    return {
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
    }


def variables(made):
    """The environment of a pod's container."""
    return {entry["name"]: entry.get("value") for entry in made["spec"]["containers"][0].get("env", [])}


def token_file(made, volume):
    """The audience of the token in a volume of a pod, and the file where its container finds it; none without such a volume."""
    found = [entry["projected"]["sources"][0] for entry in made["spec"]["volumes"] if entry["name"] == volume]
    mounts = [mount for mount in made["spec"]["containers"][0]["volumeMounts"] if mount["name"] == volume]
    if not found or not mounts:
        return None, None
    source = found[0]["serviceAccountToken"]
    return source["audience"], f"{mounts[0]['mountPath']}/{source['path']}"


def token(stack, name, account, audience, namespace="shop"):
    """The token that a pod is given for an audience."""
    return stack.bed.kubectl(
        "create", "token", account, "-n", namespace, "--audience", audience,
        "--bound-object-kind", "Pod", "--bound-object-name", name, "--duration", "1h",
    ).strip()


def run(w, stack):
    report, bed = w.report, stack.bed
    report.begin("pods get their roles")
    issuer = stack.documents.url.removeprefix("https://")
    provider = w.iam.create_open_id_connect_provider(
        Url=stack.documents.url, ClientIDList=["sts.amazonaws.com"]
    )["OpenIDConnectProviderArn"]
    role = w.iam.create_role(RoleName="checkout", AssumeRolePolicyDocument=json.dumps({
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {
                f"{issuer}:sub": "system:serviceaccount:shop:checkout", f"{issuer}:aud": "sts.amazonaws.com",
            }},
        },
    }))["Role"]["Arn"]
    mine = w.secretsmanager.create_secret(Name="checkout/db", SecretString="hunter2")["ARN"]
    w.secretsmanager.create_secret(Name="billing/db", SecretString="hunter3")
    w.iam.put_role_policy(RoleName="checkout", PolicyName="read", PolicyDocument=json.dumps({
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": mine},
    }))
    bed.apply(webhook(stack))
    # At once, so that no cache can know the service account yet.
    bed.apply(service_account("checkout", role), pod("checkout-0", "checkout"))
    made = bed.get("pod", "checkout-0", "-n", "shop")
    found = variables(made)
    report.check(found.get("AWS_ROLE_ARN") == role, f"a pod made with its service account is injected: {found}")
    report.check(found.get("AWS_REGION") == REGION, f"with the region: {found}")
    audience, file = token_file(made, "aws-iam-token")
    report.check(audience == "sts.amazonaws.com", f"and the token's volume: {audience}")
    report.check(file and found.get("AWS_WEB_IDENTITY_TOKEN_FILE") == file, f"where its variable says: {file}")
    bed.apply(service_account("plain"), pod("plain-0", "plain"))
    found = variables(bed.get("pod", "plain-0", "-n", "shop"))
    report.check("AWS_ROLE_ARN" not in found, "a pod whose account has no role gets none")

    report.begin("a pod's token is a role's credentials")
    text = token(stack, "checkout-0", "checkout", audience)
    assume = w.unsigned("sts").assume_role_with_web_identity

    def given(**changes):
        return assume(**{"RoleArn": role, "RoleSessionName": "checkout-0", "WebIdentityToken": text, **changes})

    session = w.session("secretsmanager", given()["Credentials"])
    report.check(session.get_secret_value(SecretId="checkout/db")["SecretString"] == "hunter2", "it reads its secret")
    report.check(refused(lambda: session.get_secret_value(SecretId="billing/db")) == "AccessDeniedException", "and no other")
    other = bed.kubectl("create", "token", "plain", "-n", "shop", "--audience", "sts.amazonaws.com").strip()
    report.check(refused(lambda: given(WebIdentityToken=other)) == "AccessDenied", "another account's token is refused")
    api = bed.kubectl("create", "token", "checkout", "-n", "shop").strip()
    report.check(
        refused(lambda: given(WebIdentityToken=api)) == "InvalidIdentityToken", "a token for the apiserver is refused"
    )

    report.check(f"arn:aws:iam::{ACCOUNT}:role/checkout" == role, "the role is the account's own")

    report.begin("the pod webhook is killed while pods are made")

    def make(number):
        made = pod(f"fire-{number}", "plain" if number % 3 == 2 else "checkout")
        status, output, messages = bed.try_kubectl("create", "-f", "-", "-o", "json", stdin=json.dumps(made))
        if status != 0:
            raise Away(messages)
        if not has_its_own(json.loads(output)):
            raise Wrong(output)

    def has_its_own(made):
        wanted = role if made["spec"]["serviceAccountName"] == "checkout" else None
        return variables(made).get("AWS_ROLE_ARN") == wanted

    acknowledged = under_fire(report, stack.running["webhooks"], make)
    made = [pod for pod in bed.get("pods", "-n", "shop")["items"] if pod["metadata"]["name"].startswith("fire-")]
    names = {pod["metadata"]["name"] for pod in made}
    report.check(names >= {f"fire-{number}" for number in acknowledged}, "every pod that was acknowledged is there")
    report.check(all(map(has_its_own, made)), "and each pod that is there, acknowledged or not, has its role and no other")


def refused(call):
    """The code of a call's error; none if it went well."""
    try:
        call()
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return None
