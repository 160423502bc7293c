"""A pod comes out with its role, and its token reads the one secret that the role may read."""

import base64
import json
import signal

import botocore.exceptions

from process import until
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


def pod(name, account):
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"serviceAccountName": account, "containers": [{"name": "web", "image": "example.com/web"}]},
    }


def service_account(name, role):
    return {
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": "shop", "annotations": {"eks.amazonaws.com/role-arn": role}},
    }


def variables(stack, name):
    container = stack.bed.get("pod", name, "-n", "shop")["spec"]["containers"][0]
    return {entry["name"]: entry.get("value") for entry in container.get("env", [])}


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
    found = variables(stack, "checkout-0")
    report.check(found.get("AWS_ROLE_ARN") == role, f"a pod made with its service account is injected: {found}")
    report.check(found.get("AWS_REGION") == REGION, f"with the region: {found}")
    spec = bed.get("pod", "checkout-0", "-n", "shop")["spec"]
    projected = [volume for volume in spec["volumes"] if volume["name"] == "aws-iam-token"]
    source = projected and projected[0]["projected"]["sources"][0]["serviceAccountToken"]
    report.check(bool(source) and source["audience"] == "sts.amazonaws.com", f"and the token's volume: {source}")
    mounts = [mount for mount in spec["containers"][0]["volumeMounts"] if mount["name"] == "aws-iam-token"]
    file = f"{mounts[0]['mountPath']}/{source['path']}" if mounts and source else None
    report.check(found.get("AWS_WEB_IDENTITY_TOKEN_FILE") == file, f"where its variable says: {file}")
    bed.apply({**service_account("plain", role), "metadata": {"name": "plain", "namespace": "shop"}}, pod("plain-0", "plain"))
    report.check("AWS_ROLE_ARN" not in variables(stack, "plain-0"), "a pod whose account has no role gets none")

    report.begin("a pod's token is a role's credentials")
    text = bed.kubectl(
        "create", "token", "checkout", "-n", "shop", "--audience", source["audience"],
        "--bound-object-kind", "Pod", "--bound-object-name", "checkout-0", "--duration", "1h",
    ).strip()
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

    report.begin("the pod webhook is killed")
    webhooks = stack.running["webhooks"]
    webhooks.stop(signal.SIGKILL)
    status, _, messages = bed.try_kubectl(
        "apply", "-f", "-", stdin=json.dumps(pod("checkout-1", "checkout"))
    )
    report.check(status != 0, f"without the webhook no pod is made that would lack its role: {messages}")
    webhooks.start()

    def is_made():
        return bed.try_kubectl("apply", "-f", "-", stdin=json.dumps(pod("checkout-1", "checkout")))[0] == 0

    report.check(until(is_made), "once it is back, it is made")
    report.check(variables(stack, "checkout-1").get("AWS_ROLE_ARN") == role, "and injected")
    report.check(f"arn:aws:iam::{ACCOUNT}:role/checkout" == role, "the role is the account's own")


def refused(call):
    """The code of a call's error; none if it went well."""
    try:
        call()
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return None
