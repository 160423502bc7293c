"""A pod gets its role by an association, from the node's agent; what that is worth, by the tags of its session."""

import http.client
import json
import pathlib
import sys

import agent
import botocore.exceptions
from botocore.credentials import ContainerProvider

import pods
from fire import Away, Wrong, under_fire
from process import until
from server import ACCOUNT, CLUSTER, REGION

# Where agents are on nodes. The one here is on loopback, as the link would be the machine's.
AGENT = "http://169.254.170.23/v1/credentials"

# Namespaces that share a role, in which each reads what is its own.
NAMESPACES = ("shop", "billing")

# What a pod runs: it finds its credentials by its environment alone.
READ = """
import boto3, json, sys
found = {"arn": boto3.client("sts").get_caller_identity()["Arn"]}
secrets = boto3.client("secretsmanager")
for name in sys.argv[1:]:
    try:
        found[name] = secrets.get_secret_value(SecretId=name)["SecretString"]
    except secrets.exceptions.ClientError as error:
        found[name] = error.response["Error"]["Code"]
print(json.dumps(found))
"""


def value(namespace):
    return f"purse-of-{namespace}"


def run(w, stack):
    """The name of a pod that has its role by an association."""
    made = associated(w, stack)
    tokens = injected(w.report, stack, made)
    agent.node(w, "node")
    at = stack.agent(w, "node").start()
    given(w, at, tokens)
    refused(w.report, stack, at, tokens["shop"])
    fire(w, stack, at, tokens)
    log = at.text()
    secrets = [*tokens.values(), w.credentials["node"][1]]
    w.report.check("No association found" in log, "the agent's log tells whom it gave nothing")
    w.report.check(not any(secret[-24:] in log for secret in secrets), "and has no token and no key")
    return made["shop"]["metadata"]["name"]


def associated(w, stack):
    """Makes a role for the service account `wallet` of each namespace; a pod of each that is injected."""
    w.report.begin("pods get roles by association")
    # One policy for every namespace: the tag of the session says which is meant.
    role = agent.role(w, "wallet", {
        "Effect": "Allow", "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
        "Resource": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:${{aws:PrincipalTag/kubernetes-namespace}}/*",
    })
    stack.bed.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "billing"}})
    for namespace in NAMESPACES:
        w.secretsmanager.create_secret(Name=f"{namespace}/wallet", SecretString=value(namespace))
        stack.bed.apply(pods.service_account("wallet", namespace=namespace))
        agent.associate(w, role, namespace, "wallet")
    made = {}

    def are_injected():
        # An association counts for pods that are made after it was read.
        for namespace in NAMESPACES:
            if namespace not in made:
                name = f"wallet-{len(stack.bed.get('pods', '-n', namespace)['items'])}"
                stack.bed.apply(pods.pod(name, "wallet", namespace))
                pod = stack.bed.get("pod", name, "-n", namespace)
                if "AWS_CONTAINER_CREDENTIALS_FULL_URI" in pods.variables(pod):
                    made[namespace] = pod
        return len(made) == len(NAMESPACES)

    w.report.check(until(are_injected, every=2), f"pods of the service accounts are injected: {sorted(made)}")
    return made


def injected(report, stack, made):
    """Looks at what pods were given; their tokens."""
    tokens = {}
    for namespace, pod in made.items():
        found = pods.variables(pod)
        report.check(found.get("AWS_CONTAINER_CREDENTIALS_FULL_URI") == AGENT, f"with the agent's address: {found}")
        audience, file = pods.token_file(pod, "eks-pod-identity-token")
        report.check(audience == agent.AUDIENCE, f"and a token for it: {audience}")
        report.check(
            file and found.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") == file, f"where its variable says: {file}"
        )
        report.check("AWS_ROLE_ARN" not in found, "and no role, which the association has")
        tokens[namespace] = pods.token(stack, pod["metadata"]["name"], "wallet", audience, namespace)
    return tokens


def given(w, at, tokens):
    w.report.begin("the agent gives pods their credentials")
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/wallet/eks-{CLUSTER}-wallet-"
    for namespace, token in tokens.items():
        names = [f"{other}/wallet" for other in NAMESPACES]
        done = agent.pod(w, at, token, [sys.executable, "-B", "-c", READ, *names])
        said = json.loads(done.stdout) if done.returncode == 0 else {}
        w.report.check(said.get("arn", "").startswith(session), f"boto3 is the pod's role: {said} {done.stderr[-1000:]}")
        for other in NAMESPACES:
            wanted = value(other) if other == namespace else "AccessDeniedException"
            w.report.check(said.get(f"{other}/wallet") == wanted, f"which reads its own namespace's secret alone: {said}")


def refused(report, stack, at, own):
    report.begin("whom the agent gives nothing")
    report.check(asked(at, Authorization=own) == (200, None), "a pod that asks by its address is answered")
    for host in ("agent.example.com", "169.254.170.23", "localhost"):
        status, _ = asked(at, host, Authorization=own)
        report.check(status == 403, f"one that asks by another is not: {host}: {status}")
    report.check(asked(at)[0] == 400, "nor one without a token")
    plain = pods.token(stack, "plain-0", "plain", agent.AUDIENCE)
    said = asked(at, Authorization=plain)
    report.check(said == (404, "ResourceNotFoundException"), f"nor one without an association: {said}")
    other = pods.token(stack, "checkout-0", "checkout", "sts.amazonaws.com")
    said = asked(at, Authorization=other)
    report.check(400 <= said[0] < 500, f"nor one with a token for STS: {said}")


def asked(at, host=None, **headers):
    """What the agent says to a request: an HTTP status, and the code of an error."""
    connection = http.client.HTTPConnection(at.address, timeout=30)
    try:
        connection.request("GET", "/v1/credentials", headers={"Host": host or at.address, **headers})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()).get("code")
    finally:
        connection.close()


def fire(w, stack, at, tokens):
    w.report.begin("the agent is killed while pods ask it")
    files = {}
    for namespace, token in tokens.items():
        files[namespace] = pathlib.Path(stack.home / f"token-of-{namespace}")
        files[namespace].write_text(token)

    def ask(number):
        namespace = NAMESPACES[number % len(NAMESPACES)]
        provider = ContainerProvider({
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": at.url, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": files[namespace],
        })
        try:
            found = provider.load().get_frozen_credentials()
        except botocore.exceptions.CredentialRetrievalError as error:
            raise Away(str(error)) from error
        who = f"pod-{number}"
        w.credentials[who] = (found.access_key, found.secret_key, found.token)
        for other in NAMESPACES:
            status, code, text = w.raw("secretsmanager", "GetSecretValue", {"SecretId": f"{other}/wallet"}, who)
            is_right = value(other) in text if other == namespace else code == "AccessDeniedException"
            if not is_right:
                raise Wrong(f"a pod of {namespace} asks for {other}'s: {status} {code}")

    under_fire(w.report, at, ask)
