"""A control plane with the audit policy that the project ships, and who comes to it: people, machines, nobody."""

import base64
import http.client
import json
import os
import pathlib
import ssl
import subprocess
import time
import urllib.parse

from bed import Bed
from gate import Gate
from kubelet import Kubelet
from process import Running, until
from record import Record

POLICY = pathlib.Path(__file__).parents[2] / "deploy" / "manifests" / "audit" / "audit-policy.yaml"

# Addresses for documentation (RFC 5737), on lists of threats; the apiserver takes from anybody what X-Forwarded-For says.
MALICIOUS, TOR, CUSTOM, TRUSTED, UNLISTED = "192.0.2.66", "198.51.100.9", "203.0.113.7", "192.0.2.80", "203.0.113.200"

# The node on which all pods are that somebody comes into.
NODE = "node-1"

# Seconds for one call, on a machine that has other work.
CALL = 60


class Cluster:
    def __init__(self, program, testbed, helm, home):
        self.program, self.helm, self.home = pathlib.Path(program).resolve(), pathlib.Path(helm).resolve(), pathlib.Path(home)
        self.bed = Bed(testbed, self.home / "bed")
        self.log = self.home / "audit.log"
        self.people, self.running = {}, []
        self.lists = [flag for name, content in {
            "malicious": f"{MALICIOUS}\n192.0.2.80\n", "tor": f"{TOR}\n", "custom": "203.0.113.0/25\n", "trusted": f"{TRUSTED}\n",
        }.items() for flag in ("--intel", f"{name}={self.written(name + '.txt', content)}")]

    def written(self, name, content):
        path = self.home / name
        path.write_text(content)
        return path

    def start(self, *flags):
        self.bed.start(
            f"--audit-policy-file={POLICY}", f"--audit-log-path={self.log}", "--anonymous-auth=true", *flags,
        )
        self.kubelet = Kubelet(self.bed.pki)
        self.admin = Person(self, "testbed:admin", self.bed.kubeconfig, self.certificate("testbed:admin", "system:masters"))
        self.marks = self.admin.connection()
        self.record = Record(self.log, self.home / "acts", self.mark)
        return self

    def mark(self, path):
        """Asks on a connection that is kept; one that was idle for minutes is closed."""
        try:
            self.marks.request("GET", path, headers={"User-Agent": "testbed"})
            self.marks.getresponse().read()
        except (http.client.HTTPException, OSError):
            self.marks.close()
            self.marks.request("GET", path, headers={"User-Agent": "testbed"})
            self.marks.getresponse().read()

    def controllers(self):
        """kube-controller-manager and kube-scheduler, as kubeadm starts them, but for what the testbed has of its own."""
        if self.running:
            return
        pki = self.bed.pki
        none = [f"-{name}-controller" for name in ("serviceaccount", "serviceaccount-token", "namespace", "clusterrole-aggregation")]
        for name, flags in {
            "controller-manager": [
                "--use-service-account-credentials", f"--service-account-private-key-file={pki / 'service-account.key'}",
                f"--root-ca-file={pki / 'ca.crt'}", f"--cluster-signing-cert-file={pki / 'ca.crt'}",
                f"--cluster-signing-key-file={pki / 'ca.key'}", f"--controllers={','.join(['*', *none])}",
            ],
            "scheduler": [],
        }.items():
            user = f"system:kube-{name}"
            config = self.person(user).kubeconfig
            command = [
                self.bed.program, name, f"--kubeconfig={config}", f"--authentication-kubeconfig={config}",
                f"--authorization-kubeconfig={config}", "--bind-address=127.0.0.1", "--secure-port=0",
                # On a machine that has other work, a leader is not gone because it is late.
                "--leader-elect-lease-duration=180s", "--leader-elect-renew-deadline=120s", *flags,
            ]
            environment = {"HOME": str(self.home), "PATH": os.environ.get("PATH", "")}
            self.running.append(Running(command, environment, self.home / f"{name}.log", None).start(wait=False))

    def until_made(self, owner, namespace, count=1):
        """Waits until controllers have made that many pods."""
        def made():
            found = self.bed.get("pods", "-n", namespace, "-l", f"app={owner}")["items"]
            return len(found) >= count
        if not until(made, 60):
            raise RuntimeError(f"no controller made pods of `{owner}`")

    def pods_of(self, node):
        return self.bed.get("pods", "-A", f"--field-selector=spec.nodeName={node}")["items"]

    def run_helm(self, who, *arguments):
        environment = {"HOME": str(who.home), "PATH": os.environ.get("PATH", ""), "KUBECONFIG": who.kubeconfig}
        done = subprocess.run(
            [self.helm, *map(str, arguments)], capture_output=True, text=True, timeout=CALL, env=environment,
        )
        if done.returncode != 0:
            raise RuntimeError(f"helm {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout

    def stop(self):
        for process in self.running:
            process.stop()
        self.bed.stop()

    def certificate(self, name, *groups):
        """Certificate and key, in one file, of a client of that name in those groups."""
        stem = name.replace(":", "-").replace("/", "-")
        path, request = self.home / f"{stem}.pem", self.home / f"{stem}.csr"
        if path.exists():
            return path
        key = self.home / f"{stem}.key"
        subject = "".join(f"/O={group}" for group in groups) + f"/CN={name}"
        for command in (
            ["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", key],
            ["openssl", "req", "-new", "-key", key, "-subj", subject, "-out", request],
            ["openssl", "x509", "-req", "-in", request, "-CA", self.bed.pki / "ca.crt", "-CAkey", self.bed.pki / "ca.key",
             "-CAcreateserial", "-CAserial", self.home / "serial", "-days", "1", "-out", path],
        ):
            subprocess.run(command, check=True, capture_output=True, timeout=CALL)
        path.write_text(path.read_text() + key.read_text())
        return path

    def person(self, name, *groups):
        """Somebody with a client certificate."""
        if name not in self.people:
            certificate = self.certificate(name, *groups)
            kubeconfig = self.kubeconfig(name, {"client-certificate": str(certificate), "client-key": str(certificate)})
            self.people[name] = Person(self, name, kubeconfig, certificate)
        return self.people[name]

    def account(self, namespace, name):
        """A service account, with a token of its own."""
        user = f"system:serviceaccount:{namespace}:{name}"
        if user not in self.people:
            token = self.token(namespace, name)
            self.people[user] = Person(self, user, self.kubeconfig(user, {"token": token}), token=token)
        return self.people[user]

    def token(self, namespace, name):
        """A service account's token, signed by its key as the apiserver signs: to ask for one is an act of its own."""
        uid = self.bed.get("serviceaccount", name, "-n", namespace)["metadata"]["uid"]
        issuer, now = "https://kubernetes.default.svc.cluster.local", int(time.time())
        claims = {
            "iss": issuer, "aud": [issuer], "sub": f"system:serviceaccount:{namespace}:{name}", "iat": now, "nbf": now - 5,
            "exp": now + 7200, "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": uid}},
        }
        text = ".".join(encoded(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, claims))
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", self.bed.pki / "service-account.key"], input=text.encode(), check=True,
            capture_output=True, timeout=CALL,
        ).stdout
        return f"{text}.{encoded(signature)}"

    def nobody(self):
        """Whoever has nothing to show."""
        return Person(self, "system:anonymous", self.kubeconfig("nobody", {}))

    def from_address(self, person, address):
        """Somebody whose kubectl comes from an address."""
        name = f"{person.name}-{address}"
        if name not in self.people:
            gate = Gate(self.bed.pki, self.bed.server, person.certificate, address)
            self.people[name] = Person(self, name, self.kubeconfig(name, {"token": "of nobody"}, gate.url), person.certificate)
        return self.people[name]

    def kubeconfig(self, name, user, server=None):
        path = self.home / f"{name.replace(':', '-').replace('/', '-')}.kubeconfig"
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {
                "server": server or self.bed.server, "certificate-authority": str(self.bed.pki / "ca.crt"),
            }}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": user}],
        }))
        return str(path)

    def detect(self, *logs, flags=(), statuses=(0,)):
        """What `ringwall detect` tells of logs."""
        done = subprocess.run(
            [self.program, "detect", *logs, "--output", "json", "--cluster-name", "bed", *self.lists, *flags],
            capture_output=True, text=True, timeout=300, env={"HOME": str(self.home), "PATH": os.environ.get("PATH", "")},
        )
        if done.returncode not in statuses:
            raise RuntimeError(f"ringwall detect: {done.returncode}: {done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Person:
    """Somebody, by kubectl and by HTTPS without it."""

    def __init__(self, cluster, name, kubeconfig, certificate=None, token=None):
        self.cluster, self.name, self.kubeconfig = cluster, name, kubeconfig
        self.certificate, self.token = certificate, token
        # kubectl keeps what it discovers for all who have the same home; here each looks for himself.
        self.home = cluster.home / "homes" / name.replace(":", "-").replace("/", "-")
        self.home.mkdir(parents=True, exist_ok=True)

    def try_kubectl(self, *arguments, stdin=None, **variables):
        environment = {"HOME": str(self.home), "PATH": os.environ.get("PATH", ""), **variables}
        return self.cluster.bed.try_kubectl(
            *map(str, arguments), kubeconfig=self.kubeconfig, stdin=stdin, environment=environment
        )

    def kubectl(self, *arguments, **options):
        status, output, messages = self.try_kubectl(*arguments, **options)
        if status != 0:
            raise RuntimeError(f"kubectl {' '.join(map(str, arguments))}: {messages}")
        return output

    def apply(self, *objects, flags=()):
        whole = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        return self.kubectl("apply", "-f", "-", *flags, stdin=json.dumps(whole))

    def connection(self):
        context = ssl.create_default_context(cafile=str(self.cluster.bed.pki / "ca.crt"))
        if self.certificate:
            context.load_cert_chain(self.certificate)
        server = urllib.parse.urlsplit(self.cluster.bed.server)
        return http.client.HTTPSConnection(server.hostname, server.port, timeout=CALL, context=context)

    def https(self, method, path, body=None, address=None, agent="curl/8.14.1", kind="application/json", headers=None):
        """The status that a request has; it comes from `address` by what a proxy would say."""
        connection = self.connection()
        sent = {"User-Agent": agent, **(headers or {})}
        if address:
            sent["X-Forwarded-For"] = address
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            sent["Content-Type"] = kind
            body = body if isinstance(body, (bytes, str)) else json.dumps(body)
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            # What is switched to another protocol, or watched, has no end.
            if answer.status != 101 and "watch=" not in path:
                answer.read()
            return answer.status
        finally:
            connection.close()
