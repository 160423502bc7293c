"""People and roles come in by AWS's identities: let in, mapped, authorized, refused, cut off."""

import base64
import json
import pathlib
import subprocess
import time
import urllib.parse

from fire import Away, Wrong, under_fire
from process import until
from server import ACCOUNT, CLUSTER, REGION

PREFIX = "k8s-aws-v1."
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


def trust():
    return json.dumps({
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"},
    })


def role(w, name, path="/"):
    """Makes a role, and a session of it."""
    arn = w.iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust())["Role"]["Arn"]
    given = w.client("sts", "assumer").assume_role(RoleArn=arn, RoleSessionName="jane")["Credentials"]
    return arn, (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def kubeconfig(stack, name, command, credentials):
    """A kubeconfig whose user runs a credential plugin."""
    variables = stack.environment(credentials)
    return stack.kubeconfig(name, {"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
        "command": command[0], "args": command[1:],
        "env": [{"name": key, "value": value} for key, value in variables.items()],
    }})


def by_ringwall(stack):
    return [str(stack.program), "token", "--cluster-id", CLUSTER, "--region", REGION]


def by_aws(stack):
    # Its own program, as people have it: beside the Python that runs this.
    import sys

    aws = pathlib.Path(sys.executable).parent / "aws"
    return [str(aws), "eks", "get-token", "--cluster-name", CLUSTER, "--region", REGION]


def by_authenticator(program):
    return [str(pathlib.Path(program).resolve()), "token", "--cluster-id", CLUSTER]


def who(stack, path):
    """Who a kubeconfig's user is to the apiserver; nobody if he does not get in."""
    status, output, messages = stack.bed.try_kubectl("auth", "whoami", "-o", "json", kubeconfig=path)
    return json.loads(output)["status"]["userInfo"] if status == 0 else messages


def is_refused(said):
    return isinstance(said, str) and ("Unauthorized" in said or "must be logged in" in said)


def token(stack, credentials):
    made = subprocess.run(
        by_ringwall(stack), env=stack.environment(credentials), capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(made.stdout)["status"]["token"]


def says(stack, text):
    """What the apiserver says to a token: an HTTP status."""
    import ssl
    import urllib.error
    import urllib.request

    context = ssl.create_default_context(cafile=str(stack.bed.pki / "ca.crt"))
    handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)]
    request = urllib.request.Request(
        f"{stack.bed.server}/apis/authentication.k8s.io/v1/selfsubjectreviews", method="POST",
        headers={"Authorization": f"Bearer {text}", "Content-Type": "application/json"},
        data=json.dumps({"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}).encode(),
    )
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def changed(text, change):
    url = base64.urlsafe_b64decode(text[len(PREFIX):] + "==").decode()
    return PREFIX + base64.urlsafe_b64encode(change(url).encode()).rstrip(b"=").decode()


def forgeries(stack, credentials):
    """Tokens that are none, by what is wrong with them."""
    good = token(stack, credentials)
    address = urllib.parse.urlsplit(stack.aws.url).netloc
    other = subprocess.run(
        [*by_ringwall(stack)[:-4], "--cluster-id", "another", "--region", REGION],
        env=stack.environment(credentials), capture_output=True, text=True, check=True, timeout=60,
    )
    day = good and time.strftime("%Y%m%d", time.gmtime())
    return good, {
        "for another cluster": json.loads(other.stdout)["status"]["token"],
        "with a doubled action": changed(good, lambda url: url + "&Action=GetCallerIdentity"),
        "with a doubled action in another case": changed(good, lambda url: url + "&action=GetCallerIdentity"),
        "with a doubled key in another case": changed(good, lambda url: url + "&x-amz-credential=AKIAFORGED%2F"),
        "with a parameter more": changed(good, lambda url: url + "&Extra=1"),
        "to another host": changed(good, lambda url: url.replace(address, "sts.amazonaws.com")),
        "to another port": changed(good, lambda url: url.replace(address, "127.0.0.1:1")),
        "by plain HTTP": changed(good, lambda url: url.replace("https://", "http://")),
        "to another path": changed(good, lambda url: url.replace("/?", "/a?")),
        "of an old date": changed(good, lambda url: url.replace(f"X-Amz-Date={day}T", f"X-Amz-Date={int(day) - 1}T")),
        "for another action": changed(good, lambda url: url.replace("GetCallerIdentity", "GetSessionToken")),
        "without the cluster's header": changed(good, lambda url: url.replace("%3Bx-k8s-aws-id", "")),
        "with a changed signature": changed(good, lambda url: url[:-1] + ("0" if url[-1] != "0" else "1")),
        "cut off": good[:-8],
        "of another prefix": "k8s-aws-v2." + good[len(PREFIX):],
        "empty": PREFIX,
    }


def run(w, stack, authenticator):
    report, bed = w.report, stack.bed
    report.begin("AWS identities get in as the mappings say")
    w.user("assumer", json.dumps({
        "Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"},
    }))
    ops, ops_session = role(w, "ops")
    dev, dev_session = role(w, "dev", "/teams/a/")
    _, stranger_session = role(w, "stranger")
    viewer, viewer_session = role(w, "viewer")
    w.eks.create_access_entry(
        clusterName=CLUSTER, principalArn=ops, username="ops:{{SessionName}}", kubernetesGroups=["operators"]
    )
    w.eks.create_access_entry(clusterName=CLUSTER, principalArn=viewer)
    w.eks.associate_access_policy(
        clusterName=CLUSTER, principalArn=viewer, policyArn=VIEW,
        accessScope={"type": "namespace", "namespaces": ["shop"]},
    )
    bed.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "aws-auth", "namespace": "kube-system"}, "data": {
            "mapRoles": json.dumps([{"rolearn": dev, "username": "dev:{{SessionName}}", "groups": ["developers"]}]),
        }},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "operators"},
         "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
         "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "operators"}]},
    )
    ways = {
        "ringwall token": by_ringwall(stack), "aws eks get-token": by_aws(stack),
        "aws-iam-authenticator token": by_authenticator(authenticator),
    }
    for name, command in ways.items():
        path = kubeconfig(stack, f"ops-{name.split()[0]}", command, ops_session)
        report.check(
            until(lambda: isinstance(who(stack, path), dict)), f"a role with an access entry gets in by {name}"
        )
        said = who(stack, path)
        is_ops = isinstance(said, dict) and said["username"] == "ops:jane" and "operators" in said["groups"]
        report.check(is_ops, f"as its entry says, by {name}: {said}")
        extra = said.get("extra", {}) if isinstance(said, dict) else {}
        report.check(extra.get("sessionName") == ["jane"], f"with what audit needs, by {name}: {sorted(extra)}")
    dev_path = kubeconfig(stack, "dev", by_ringwall(stack), dev_session)
    report.check(until(lambda: isinstance(who(stack, dev_path), dict)), "a role with a path gets in by aws-auth")
    said = who(stack, dev_path)
    report.check(isinstance(said, dict) and said["username"] == "dev:jane", f"as aws-auth says: {said}")
    stranger = kubeconfig(stack, "stranger", by_ringwall(stack), stranger_session)
    said = who(stack, stranger)
    report.check(is_refused(said), f"whom nothing maps stays outside: {said}")

    report.begin("access policies")
    views = kubeconfig(stack, "viewer", by_ringwall(stack), viewer_session)

    def may(path, verb, what, namespace, *more):
        return bed.try_kubectl("auth", "can-i", verb, what, "-n", namespace, *more, kubeconfig=path)[1].strip() == "yes"

    report.check(until(lambda: may(views, "list", "pods", "shop")), "a policy of the namespace allows")
    report.check(not may(views, "list", "pods", "default"), "and nothing in another one")
    report.check(not may(views, "create", "pods", "shop"), "and nothing that it does not have")
    status, _, messages = bed.try_kubectl("get", "pods", "-n", "shop", kubeconfig=views)
    report.check(status == 0, f"kubectl get pods works by it: {messages}")
    reasons = [
        event["annotations"].get("authorization.k8s.io/reason", "") for event in stack.events()
        if event.get("objectRef", {}).get("resource") == "pods" and event["verb"] == "list"
        and "viewer" in json.dumps(event["user"])
    ]
    report.check(
        any("EKS Access Policy: allowed by" in reason and VIEW in reason for reason in reasons),
        f"the audit log has the policy for a reason: {reasons[:2]}",
    )
    impersonated = may(
        bed.kubeconfig, "list", "pods", "shop", "--as", f"arn:aws:sts::{ACCOUNT}:assumed-role/viewer/jane"
    )
    report.check(not impersonated, "who impersonates the user does not get the policy")

    report.begin("forged tokens")
    good, forged = forgeries(stack, ops_session)
    report.check(says(stack, good) == 201, "the token that they are made of gets in")
    for name, text in forged.items():
        status = says(stack, text)
        report.check(status == 401, f"a token {name} is refused: {status}")

    report.begin("the token webhook is killed while people come in")
    ops_path = kubeconfig(stack, "ops", by_ringwall(stack), ops_session)
    people = [("ops:jane", ops_path), ("dev:jane", dev_path)]
    bad = list(forged.items())

    def come_in(number):
        # Every third of them has no right to.
        if number % 3 == 2:
            name, text = bad[number // 3 % len(bad)]
            if says(stack, text) == 201:
                raise Wrong(f"a token {name} gets in")
            return
        expected, file = people[number % 3]
        said = who(stack, file)
        if not isinstance(said, dict):
            raise Away(said)
        if said["username"] != expected:
            raise Wrong(f"{expected} gets in as {said}")

    under_fire(report, stack.running["webhooks"], come_in)

    report.begin("mappings go")
    report.check(isinstance(who(stack, ops_path), dict), "before its entry goes, the role gets in")
    w.eks.delete_access_entry(clusterName=CLUSTER, principalArn=ops)
    report.check(until(lambda: is_refused(who(stack, ops_path))), "without its access entry the role is cut off")
    bed.kubectl("delete", "configmap", "aws-auth", "-n", "kube-system")
    report.check(until(lambda: is_refused(who(stack, dev_path))), "without aws-auth the role is cut off")
    text = stack.running["webhooks"].text()
    report.check(good not in text and good[len(PREFIX):][:40] not in text, "no token is in the log")
