"""The Pod Identity agent before the endpoint: pods that are boto3 and the `aws` program, each a process of its own."""

import json
import pathlib
import signal
import subprocess
import sys
import urllib.request

from server import ACCOUNT, CLUSTER, PATIENCE, REGION, free_port

AUDIENCE = "pods.eks.amazonaws.com"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/pod-of-agent"

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


class Agent:
    """The real agent on loopback, with the node's credentials."""

    def __init__(self, w, who):
        self.port, admin = free_port(), free_port()
        key, secret, _ = w.credentials[who]
        self.log = w.server.home / "agent.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    w.server.program, "agent", "--pod-identity", "--cluster-name", CLUSTER, "--region", REGION,
                    "--endpoint", w.server.url, "--ca-file", w.server.authority,
                    "--bind", f"127.0.0.1:{self.port}", "--admin-listen", f"127.0.0.1:{admin}",
                    "--log-level", "debug",
                ],
                env={**w.server.environment, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret},
                stdout=output, stderr=subprocess.STDOUT,
            )
        self.admin = f"http://127.0.0.1:{admin}"

    def get(self, path):
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(self.admin + path, timeout=5) as answer:
            return answer.read().decode()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(PATIENCE)


def pod(w, agent, token, command):
    """Runs a command in the environment that the webhook gives a pod."""
    file = pathlib.Path(w.server.home) / "eks-pod-identity-token"
    file.write_text(token)
    return subprocess.run(
        command, capture_output=True, text=True, timeout=POD,
        env={
            **w.server.environment,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{agent.port}/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(file),
            "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, "NO_PROXY": "*",
            "AWS_ENDPOINT_URL": w.server.url, "AWS_CA_BUNDLE": w.server.authority,
        },
    )


def token(w, account):
    return w.issuer.token(AUDIENCE, issuer="https://oidc.example.com", account=account)


def run(w):
    trust = {"Effect": "Allow", "Principal": {"Service": AUDIENCE}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    may = {"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*"}
    document = lambda statement: json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    w.iam.create_role(RoleName="pod-of-agent", AssumeRolePolicyDocument=document(trust))
    w.iam.put_role_policy(RoleName="pod-of-agent", PolicyName="may", PolicyDocument=document(may))
    w.eks.create_pod_identity_association(
        clusterName=CLUSTER, namespace="default", serviceAccount="agent", roleArn=ROLE
    )
    cluster = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{CLUSTER}"
    w.user("node-of-agent", document(
        {"Effect": "Allow", "Action": "eks-auth:AssumeRoleForPodIdentity", "Resource": cluster}
    ))
    agent = Agent(w, "node-of-agent")
    try:
        ready = w.server.is_ready(agent.admin + "/readyz", agent.process)
        if not w.report.check(ready, f"the agent gets ready: {agent.log.read_text()[-2000:]}"):
            return
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
        w.report.check(calls in agent.get("/metrics"), "both by one call")
        other = token(w, "agent-without-a-role")
        done = pod(w, agent, other, [sys.executable, "-m", "awscli", "sts", "get-caller-identity"])
        w.report.check(done.returncode != 0, "a service account without an association is nobody")
        w.report.check("No association found" in agent.log.read_text(), "and the agent's log tells why")
    finally:
        status = agent.stop()
    w.report.check(status == 0, f"the agent ends well on SIGTERM: {status}")
    log = agent.log.read_bytes()
    for secret in (given, other, w.credentials["node-of-agent"][1]):
        w.report.check(secret[-24:].encode() not in log, "no secret is in the agent's log")
