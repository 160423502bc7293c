"""The apiserver by HTTPS, the node's agent, and as much of a kubelet as starts and ends pods."""

import base64
import http.client
import json
import os
import pathlib
import re
import ssl
import subprocess
import threading
import urllib.parse
import urllib.request

from bed import Bed
from process import Running, until
from wires import Node, PodNet, Relay

NODE = "worker-1"
CALL = 60
PATIENCE = 60
MERGE = "application/merge-patch+json"


class Api:
    """Requests as cluster-admin, on a connection that is kept."""

    def __init__(self, bed, home):
        text = pathlib.Path(bed.kubeconfig).read_text()
        pair = home / "admin.pem"
        pair.write_bytes(b"".join(
            base64.b64decode(re.search(rf"client-{what}-data: \"?([A-Za-z0-9+/=]+)", text).group(1)) + b"\n"
            for what in ("certificate", "key")
        ))
        self.context = ssl.create_default_context(cafile=str(bed.pki / "ca.crt"))
        self.context.load_cert_chain(pair)
        self.server = urllib.parse.urlsplit(bed.server)
        self.connection, self.lock = None, threading.Lock()

    def ask(self, method, path, body=None, kind="application/json", fine=()):
        with self.lock:
            for again in (True, False):
                if self.connection is None:
                    self.connection = http.client.HTTPSConnection(
                        self.server.hostname, self.server.port, timeout=CALL, context=self.context
                    )
                try:
                    sent = None if body is None else json.dumps(body)
                    self.connection.request(method, path, sent, {"Content-Type": kind})
                    answer = self.connection.getresponse()
                    text = answer.read()
                    break
                except (http.client.HTTPException, OSError):
                    self.connection.close()
                    self.connection = None
                    if not again:
                        raise
        if answer.status >= 300 and answer.status not in fine:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]}")
        # A path that is not served is answered with text.
        return {} if answer.status in fine else json.loads(text)

    def namespace(self, name, **labels):
        self.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        until(lambda: self.ask("GET", account, fine=(404,)).get("kind") == "ServiceAccount", PATIENCE)

    def policy(self, namespace, name, spec):
        """Makes a NetworkPolicy, or puts another in its place."""
        path = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies"
        body = {"metadata": {"name": name}, "spec": spec}
        self.ask("DELETE", f"{path}/{name}", fine=(404,))
        return self.ask("POST", path, body)

    def edit_policy(self, namespace, name, spec):
        path = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/{name}"
        return self.ask("PATCH", path, {"spec": spec}, MERGE)

    def drop_policy(self, namespace, name):
        self.ask("DELETE", f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/{name}")


class Pod:
    """A pod's object and its namespace."""

    def __init__(self, stage, namespace, name, number, labels):
        self.stage, self.namespace, self.name = stage, namespace, name
        self.number, self.labels = number, labels
        self.net = self.container = None

    @property
    def path(self):
        return f"/api/v1/namespaces/{self.namespace}/pods/{self.name}"

    def create(self):
        """The object, bound to the node."""
        made = self.stage.api.ask("POST", f"/api/v1/namespaces/{self.namespace}/pods", {
            "metadata": {"name": self.name, "labels": self.labels},
            "spec": {
                "nodeName": NODE, "automountServiceAccountToken": False,
                "containers": [{"name": "web", "image": "example.com/web", "ports": [{"name": "web", "containerPort": 80}]}],
            },
        })
        self.uid = made["metadata"]["uid"]
        return self

    def wire(self):
        """The interface, as the first CNI plugin makes it."""
        self.net = PodNet(self.stage.node, self.number)
        return self

    def serve(self):
        """The container."""
        for address in self.net.addresses.values():
            for port in (80, 81):
                self.net.listen(address, port)
            self.net.listen(address, 80, kind=2)
        return self

    def report(self, phase="Running"):
        """The status, as a kubelet tells it once containers run."""
        addresses = list(self.net.addresses.values())
        self.stage.api.ask("PATCH", f"{self.path}/status", {"status": {
            "phase": phase, "podIP": addresses[0], "podIPs": [{"ip": address} for address in addresses],
        }}, MERGE)
        return self

    def start(self):
        """All of it, without the plugin."""
        return self.create().wire().serve().report()

    def plugin(self, command, program=None, config=None):
        """Calls the CNI plugin as a container runtime does; exit status and output."""
        environment = {
            "CNI_COMMAND": command, "CNI_CONTAINERID": f"c-{self.name}", "CNI_IFNAME": "eth0",
            "CNI_NETNS": f"/run/netns/{self.net.name}", "CNI_PATH": str(self.stage.programs),
            "CNI_ARGS": f"IgnoreUnknown=1;K8S_POD_NAMESPACE={self.namespace};K8S_POD_NAME={self.name};K8S_POD_UID={self.uid}",
            "PATH": os.environ["PATH"],
        }
        entry = config or self.stage.entry()
        prefixes = {4: 32, 6: 128}
        result = {
            "cniVersion": "1.0.0",
            "interfaces": [{"name": self.net.link}, {"name": "eth0", "sandbox": environment["CNI_NETNS"]}],
            "ips": [{"address": f"{a}/{prefixes[f]}", "interface": 1} for f, a in self.net.addresses.items()],
        }
        config = {"cniVersion": "1.0.0", "name": "aws-cni", **entry, "prevResult": result}
        done = subprocess.run(
            [str(program or self.stage.programs / "ringwall-cni")], env=environment, input=json.dumps(config),
            capture_output=True, text=True, timeout=CALL,
        )
        return done.returncode, json.loads(done.stdout) if done.stdout.strip() else None

    def remove(self):
        self.stage.api.ask("DELETE", f"{self.path}?gracePeriodSeconds=0", fine=(404,))
        if self.net:
            self.net.remove()
            self.net = None


class Stage:
    """A control plane, a node, its agent and its pods."""

    def __init__(self, program, testbed, home, report):
        self.program, self.home, self.report = pathlib.Path(program).resolve(), pathlib.Path(home), report
        self.bed = Bed(testbed, self.home / "bed")
        self.node = self.relay = self.agent = None
        self.pods, self.numbers = [], 10
        self.lists, self.programs = self.home / "net.d", self.home / "bin"
        self.socket = self.home / "run" / "agent.sock"
        for folder in (self.lists, self.programs):
            folder.mkdir()
        (self.lists / "10-aws.conflist").write_text(json.dumps({
            "cniVersion": "1.0.0", "name": "aws-cni", "plugins": [{"type": "aws-cni", "vethPrefix": "eni"}, {"type": "portmap"}],
        }))

    def start(self):
        self.bed.start()
        self.api = Api(self.bed, self.home)
        self.node = Node()
        self.relay = Relay(self.node, urllib.parse.urlsplit(self.bed.server).port)
        self.api.ask("POST", "/api/v1/nodes", {"metadata": {"name": NODE}})
        self.api.ask("PATCH", f"/api/v1/nodes/{NODE}/status", {"status": {"addresses": [
            {"type": "InternalIP", "address": address} for address in self.node.ADDRESSES.values()
        ]}}, MERGE)
        role = subprocess.run([self.program, "agent", "--print-permissions"], capture_output=True, text=True, check=True).stdout
        self.bed.kubectl("apply", "-f", "-", stdin=role)
        self.bed.kubectl("create", "serviceaccount", "ringwall-network-agent", "-n", "kube-system")
        self.bed.kubectl(
            "create", "clusterrolebinding", "ringwall-network-agent", "--clusterrole=ringwall-network-agent",
            "--serviceaccount=kube-system:ringwall-network-agent",
        )
        token = self.bed.kubectl("create", "token", "ringwall-network-agent", "-n", "kube-system").strip()
        self.kubeconfig = self.home / "agent.kubeconfig"
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {
                "server": self.bed.server, "certificate-authority": str(self.bed.pki / "ca.crt"),
            }}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": {"token": token}}],
        }))
        return self

    def within_node(self, *command):
        return ["ip", "netns", "exec", self.node.name, *map(str, command)]

    def start_agent(self, *flags, wait=True):
        command = self.within_node(
            self.program, "agent", "--network-policies", "--node", NODE, "--kubeconfig", self.kubeconfig, "--look-every", "1",
            "--socket", self.socket, "--cni-configurations", self.lists, "--cni-programs", self.programs,
            "--log-format", "json", *flags,
        )
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home)}
        self.agent = Running(command, environment, self.home / "agent.log", None).start(wait=False)
        if wait and not until(self.is_ready, PATIENCE, 0.05):
            raise RuntimeError(f"the agent does not get ready: {self.agent.text()[-3000:]}")
        return self.agent

    def admin(self, path):
        """What the admin listener says, within the node's namespace; none if nobody listens."""
        try:
            with self.node.open("127.0.0.1") as client:
                client.settimeout(5)
                client.connect(("127.0.0.1", 2703))
                client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                text = b""
                while data := client.recv(65536):
                    text += data
            head, _, body = text.partition(b"\r\n\r\n")
            return int(head.split()[1]), body.decode()
        except (OSError, IndexError, ValueError):
            return None

    def is_ready(self):
        answer = self.admin("/readyz")
        return answer is not None and answer[0] == 200

    def metric(self, name):
        """The sum of a metric's values."""
        _, text = self.admin("/metrics")
        return sum(float(line.split()[-1]) for line in text.splitlines() if re.match(rf"ringwall_network_agent_{name}[ {{]", line))

    def entry(self):
        """What the list of plugins has for ours."""
        text = (self.lists / "10-aws.conflist").read_text()
        return next(plugin for plugin in json.loads(text)["plugins"] if plugin["type"] == "ringwall-cni")

    def pod(self, namespace, name, **labels):
        self.numbers += 1
        pod = Pod(self, namespace, name, self.numbers, labels)
        self.pods.append(pod)
        return pod

    def table(self, name="ringwall"):
        return self.node.run("nft", "list", "table", "inet", name, check=False)

    def stop(self):
        if self.agent:
            self.agent.stop()
        for pod in self.pods:
            if pod.net:
                pod.net.remove()
        if self.relay:
            self.relay.close()
        if self.node:
            self.node.remove()
        self.bed.stop()
