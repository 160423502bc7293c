"""A cluster with every plug in it: AWS's side, the webhooks, the KMS plugin, and the apiserver that they are for."""

import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "aws"))

from agent import Agent
from bed import Bed
from documents import Documents
from process import Running
from server import CLUSTER, REGION, Server, free_port

MANIFESTS = pathlib.Path(__file__).parents[2] / "deploy" / "manifests"

# A region of AWS that does not answer.
AWAY, NOWHERE = "eu-north-1", "http://127.0.0.1:9"

# An apiserver keeps what a webhook said for two minutes by default; here mappings have to end sooner.
TOKEN_CACHE = "1s"

AUDIT = {
    "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "users": ["system:apiserver", "testbed:controllers"]},
        {"level": "Metadata"},
    ],
}


class Stack:
    def __init__(self, program, testbed, home):
        self.program, self.home = pathlib.Path(program).resolve(), pathlib.Path(home)
        self.documents = Documents(self.home)
        self.signing_key = self.home / "service-account.key"
        subprocess.run(
            ["openssl", "genrsa", "-out", str(self.signing_key), "2048"], check=True, capture_output=True, timeout=60
        )
        public = self.home / "service-account.pub"
        subprocess.run(
            ["openssl", "rsa", "-in", str(self.signing_key), "-pubout", "-out", str(public)],
            check=True, capture_output=True, timeout=60,
        )
        self.ringwall(
            "identity", "publish", "--issuer", self.documents.url, "--service-account-key-file", str(public),
            "--folder", str(self.documents.folder), environment=self.plain(),
        )
        self.aws = Server(program, home, self.documents)
        self.aws.start()
        self.bed = Bed(testbed, self.home / "bed")
        self.ports = {name: free_port() for name in ["authn", "identity", "admin", "kms", "secrets", "apiserver"]}
        self.running = {}

    def plain(self):
        return {"HOME": str(self.home), "PATH": os.environ.get("PATH", "")}

    def environment(self, credentials=None):
        """What the SDKs, and programs of ours, find AWS by; the administrator's unless others are given."""
        key, secret, token = credentials or self.aws.credentials("default")
        found = {
            **self.plain(), "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": self.aws.url, "AWS_CA_BUNDLE": self.aws.authority,
        }
        return {**found, "AWS_SESSION_TOKEN": token} if token else found

    def ringwall(self, *arguments, environment=None, stdin=None):
        status, output, messages = self.try_ringwall(*arguments, environment=environment, stdin=stdin)
        if status != 0:
            raise RuntimeError(f"ringwall {' '.join(arguments)}: {messages}")
        return output

    def try_ringwall(self, *arguments, environment=None, stdin=None):
        done = subprocess.run(
            [self.program, *arguments], env=environment or self.environment(), input=stdin, capture_output=True,
            text=True, timeout=180,
        )
        return done.returncode, done.stdout, done.stderr

    def webhooks(self):
        """The token webhook and the pod webhook, in one process that needs no apiserver to begin."""
        self.files = self.home / "webhooks"
        self.ringwall(
            "cluster", "webhooks", CLUSTER, "--out", str(self.files),
            "--authn", f"127.0.0.1:{self.ports['authn']}", "--identity", f"localhost:{self.ports['identity']}",
            environment=self.plain(),
        )
        command = [
            self.program, "serve", "--services", "authn,identity", "--cluster-name", CLUSTER,
            "--cluster-kubeconfig", self.bed.kubeconfig, "--authn-listen", f"127.0.0.1:{self.ports['authn']}",
            "--identity-listen", f"127.0.0.1:{self.ports['identity']}", "--identity-aws-default-region", REGION,
            "--identity-associations", "on",
            "--admin-listen", f"127.0.0.1:{self.ports['admin']}", "--aws-endpoint", self.aws.url,
            "--aws-ca-file", self.aws.authority, "--log-level", "debug", "--region", REGION,
        ]
        ready = f"http://127.0.0.1:{self.ports['admin']}/readyz"
        self.running["webhooks"] = Running(command, self.environment(), self.home / "webhooks.log", ready)
        return self.running["webhooks"]

    def kms(self):
        """The KMS plugin, over a key of AWS's side."""
        self.socket = self.home / "kms.sock"
        command = [
            self.program, "kms", "serve", "--backend", f"aws-kms:alias/etcd?region={REGION}&endpoint={self.aws.url}",
            "--ca-file", self.aws.authority, "--listen", self.socket, "--probe-every", "1s", "--grace", "3s",
            "--admin-listen", f"127.0.0.1:{self.ports['kms']}", "--log-level", "debug",
        ]
        ready = f"http://127.0.0.1:{self.ports['kms']}/readyz"
        self.running["kms"] = Running(command, self.environment(), self.home / "kms.log", ready)
        return self.running["kms"]

    def agent(self, w, node):
        """The Pod Identity agent, with the credentials of a user for the node's."""
        self.running["agent"] = Agent(w, node)
        return self.running["agent"]

    def secrets(self):
        """The secrets provider, with no more rights in the cluster than its manifest gives."""
        self.bed.kubectl("apply", "-f", str(MANIFESTS / "secrets" / "provider.yaml"))
        token = self.bed.kubectl("create", "token", "ringwall-secrets", "-n", "kube-system").strip()
        folder = self.home / "providers"
        folder.mkdir()
        self.provider = folder / "aws.sock"
        agent = self.running["agent"].url
        command = [
            self.program, "secrets", "serve", "--providers-folder", folder, "--region", REGION,
            "--kubeconfig", self.kubeconfig("secrets", {"token": token}), "--endpoint", self.aws.url,
            "--ca-file", self.aws.authority, "--region-endpoint", f"{AWAY}={NOWHERE}",
            "--pod-identity-agent", agent, agent, "--admin-listen", f"127.0.0.1:{self.ports['secrets']}",
            "--log-level", "debug",
        ]
        ready = f"http://127.0.0.1:{self.ports['secrets']}/readyz"
        self.running["secrets"] = Running(command, self.plain(), self.home / "secrets.log", ready)
        return self.running["secrets"]

    def kubeconfig(self, name, user):
        """The path of a kubeconfig for a user."""
        path = self.home / f"{name}.kubeconfig"
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {
                "server": self.bed.server, "certificate-authority": str(self.bed.pki / "ca.crt"),
            }}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": user}],
        }))
        return str(path)

    def control_plane(self):
        """Flags of the apiserver with every plug, and its configuration files."""
        encryption = self.home / "encryption.yaml"
        encryption.write_text(json.dumps({
            "apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration",
            "resources": [{
                "resources": ["secrets"],
                "providers": [
                    {"kms": {
                        "apiVersion": "v2", "name": "ringwall", "endpoint": f"unix://{self.socket}", "timeout": "3s",
                    }},
                    {"identity": {}},
                ],
            }],
        }))
        audit = self.home / "audit.yaml"
        audit.write_text(json.dumps(AUDIT))
        self.audit = self.home / "audit.log"
        return [
            f"--secure-port={self.ports['apiserver']}", "--anonymous-auth=false",
            f"--service-account-issuer={self.documents.url}",
            f"--service-account-signing-key-file={self.signing_key}",
            f"--service-account-key-file={self.signing_key}",
            f"--authentication-token-webhook-config-file={self.files}/authentication.kubeconfig",
            "--authentication-token-webhook-version=v1",
            f"--authentication-token-webhook-cache-ttl={TOKEN_CACHE}",
            f"--authorization-config={self.files}/authorization.yaml",
            f"--admission-control-config-file={self.files}/admission.yaml",
            f"--encryption-provider-config={encryption}",
            f"--audit-policy-file={audit}", f"--audit-log-path={self.audit}",
        ]

    def events(self):
        lines = self.audit.read_text().splitlines() if self.audit.exists() else []
        return [json.loads(line) for line in lines]

    def stop(self):
        self.bed.stop()
        for process in self.running.values():
            process.stop()
        self.aws.stop()
        self.documents.server.shutdown()
