"""The Pod Identity agent before the endpoint: pods that are boto3 and the `aws` program, each a process of its own."""

import json
import pathlib
import subprocess
import sys
import urllib.request

from process import Running
from server import ACCOUNT, CLUSTER, REGION, free_port

AUDIENCE = "pods.eks.amazonaws.com"

# Seconds for a pod, which imports all of boto3.
POD = 120

# What a pod runs: it finds its credentials by its environment alone.
BOTO3 = """
import boto3, json
arn = boto3.client("sts").get_caller_identity()["Arn"]
boto3.client("iam").list_roles()
try:
    boto3.client("iam").list_users()
    denied = None
except boto3.client("iam").exceptions.ClientError as error:
    denied = error.response["Error"]["Code"]
method = boto3.Session().get_credentials().method
print(json.dumps({"arn": arn, "denied": denied, "method": method}))
"""


class Agent(Running):
    """The real agent on loopback, with the credentials of a user for the node's."""

    def __init__(self, w, who):
        port, admin = free_port(), free_port()
        self.address, self.admin = f"127.0.0.1:{port}", f"http://127.0.0.1:{admin}"
        self.url = f"http://{self.address}/v1/credentials"
        key, secret, _ = w.credentials[who]
        command = [
            w.server.program, "agent", "--pod-identity", "--cluster-name", CLUSTER, "--region", REGION,
            "--endpoint", w.server.url, "--ca-file", w.server.authority, "--bind", self.address,
            "--admin-listen", f"127.0.0.1:{admin}", "--log-level", "debug",
        ]
        environment = {**w.server.environment, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
        super().__init__(command, environment, w.server.home / "agent.log", f"{self.admin}/readyz")

    def metrics(self):
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"{self.admin}/metrics", timeout=5) as answer:
            return answer.read().decode()


def pod(w, agent, token, command):
    """Runs a command in the environment that the webhook gives a pod."""
    file = pathlib.Path(w.server.home) / "eks-pod-identity-token"
    file.write_text(token)
    return subprocess.run(
        command, capture_output=True, text=True, timeout=POD,
        env={
            **w.server.environment,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": agent.url,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(file),
            "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, "NO_PROXY": "*",
            "AWS_ENDPOINT_URL": w.server.url, "AWS_CA_BUNDLE": w.server.authority,
        },
    )


def token(w, account):
    return w.issuer.token(AUDIENCE, issuer=w.issuer.registered, account=account)


def document(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def role(w, name, may):
    """Makes a role for pods that may do something; its ARN."""
    trust = {"Effect": "Allow", "Principal": {"Service": AUDIENCE}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    arn = w.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    w.iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=document(may))
    return arn


def associate(w, role, namespace, account):
    w.eks.create_pod_identity_association(
        clusterName=CLUSTER, namespace=namespace, serviceAccount=account, roleArn=role
    )


def node(w, name):
    """Makes a user who may do what a node may."""
    cluster = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{CLUSTER}"
    w.user(name, document({"Effect": "Allow", "Action": "eks-auth:AssumeRoleForPodIdentity", "Resource": cluster}))


def run(w):
    may = {"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*"}
    associate(w, role(w, "pod-of-agent", may), "default", "agent")
    node(w, "node-of-agent")
    agent = Agent(w, "node-of-agent")
    try:
        agent.start()
        given = token(w, "agent")
        done = pod(w, agent, given, [sys.executable, "-c", BOTO3])
        said = json.loads(done.stdout) if done.returncode == 0 else {}
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/pod-of-agent/eks-{CLUSTER}-agent-0-"
        w.report.check(said.get("arn", "").startswith(session), f"boto3 is the pod's role: {done.stdout}{done.stderr[-1000:]}")
        w.report.check(said.get("denied") == "AccessDenied", "and no more than it")
        w.report.check(said.get("method") == "container-role", "by the container's provider")
        done = pod(w, agent, given, [sys.executable, "-m", "awscli", "sts", "get-caller-identity"])
        w.report.check(done.returncode == 0 and session in done.stdout, f"so is the aws program: {done.stderr[-1000:]}")
        calls = 'ringwall_pod_identity_agent_calls_total{reason="request",code="ok"} 1\n'
        w.report.check(calls in agent.metrics(), "both by one call")
        other = token(w, "agent-without-a-role")
        done = pod(w, agent, other, [sys.executable, "-m", "awscli", "sts", "get-caller-identity"])
        w.report.check(done.returncode != 0, "a service account without an association is nobody")
        w.report.check("No association found" in agent.text(), "and the agent's log tells why")
    finally:
        status = agent.stop()
    w.report.check(status == 0, f"the agent ends well on SIGTERM: {status}")
    log = agent.log.read_bytes()
    for secret in (given, other, w.credentials["node-of-agent"][1]):
        w.report.check(secret[-24:].encode() not in log, "no secret is in the agent's log")
