"""What is done to the node's agent, and what packets tell of it."""

import json
import pathlib
import signal
import socket
import subprocess
import threading
import time

from cluster import MERGE, PATIENCE
from process import until

# Seconds in which what must not come has had the time to.
QUIET = 0.6

OTHER = "table inet other {\n set s { type ipv4_addr; elements = { 192.0.2.1 }; }\n chain c { counter; }\n}\n"

# A kind whose objects the apiserver takes as they are.
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {
        "name": "clusternetworkpolicies.policy.networking.k8s.io",
        "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
    },
    "spec": {
        "group": "policy.networking.k8s.io", "scope": "Cluster",
        "names": {"plural": "clusternetworkpolicies", "singular": "clusternetworkpolicy", "kind": "ClusterNetworkPolicy"},
        "versions": [{"name": "v1alpha2", "served": True, "storage": True, "schema": {
            "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        }}],
    },
}
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def before(stage):
    """Three pods of `shop` and one of `blog`, and an agent, with no policy."""
    stage.node.run("nft", "-f", "-", stdin=OTHER)
    stage.other = stage.table("other")
    api = stage.api
    api.namespace("shop", team="shop")
    api.namespace("blog", team="blog")
    stage.web = stage.pod("shop", "web", app="web").start()
    stage.client = stage.pod("shop", "client", app="client").start()
    stage.blog = stage.pod("blog", "reader", app="reader").start()
    for address in stage.node.OUTSIDE.values():
        stage.node.outside.listen(address, 80)
    stage.start_agent("--install-cni")


def reaches(one, other, port=80, **options):
    """Whether TCP gets through, by each family; both alike, or the two answers."""
    by = {one.net.connects(address, port, **options) for address in other.net.addresses.values()}
    return by.pop() if len(by) == 1 else None


def comes_to(stage, expected, probe, what):
    """Waits until a probe answers so, and sees that it stays so."""
    began = time.monotonic()
    came = until(lambda: probe() is expected, PATIENCE, 0.02)
    stage.report.check(came and probe() is expected, f"{what} ({time.monotonic() - began:.2f} s)")


def policies(stage):
    api, web, client, blog = stage.api, stage.web, stage.client, stage.blog
    check = stage.report.check
    check(reaches(client, web) is True and reaches(blog, web) is True, "without policies everybody reaches everybody")
    check(stage.metric("pods") == 3, "the node's pods are counted")

    api.policy("shop", "web", {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]})
    comes_to(stage, False, lambda: reaches(client, web), "a policy without rules isolates")
    check(reaches(web, client) is True, "in the direction that it names")
    check(not any(client.net.asks(a, 80) for a in web.net.addresses.values()), "UDP too")
    check(all(stage.node.connects(a, 80) for a in web.net.addresses.values()), "a pod's own node reaches it: probes")
    check(not stage.node.outside.connects(web.net.addresses[4], 80), "the outside does not")
    check(web.net.connects(web.net.addresses[4], 80), "a pod reaches itself")

    rule = {"from": [{"podSelector": {"matchLabels": {"app": "client"}}}], "ports": [{"port": "web"}]}
    api.edit_policy("shop", "web", {"ingress": [rule]})
    comes_to(stage, True, lambda: reaches(client, web), "an edit lets in, by the name of a port")
    check(reaches(client, web, 81) is False, "by that port alone")
    check(reaches(blog, web) is False, "and nobody of another namespace")

    # Flows that are going on are judged by the rules of now.
    with client.net.open("0.0.0.0") as flow, client.net.open("0.0.0.0", socket.SOCK_DGRAM) as datagrams:
        flow.settimeout(QUIET)
        datagrams.settimeout(QUIET)
        flow.connect((web.net.addresses[4], 80))
        datagrams.connect((web.net.addresses[4], 80))

        def answered(one):
            try:
                one.send(b"!")
                return one.recv(16) == b"!"
            except OSError:
                return False

        check(answered(flow), "a flow goes on")
        api.edit_policy("shop", "web", {"ingress": []})
        comes_to(stage, False, lambda: answered(flow), "and stops when its permission goes")
        check(not answered(datagrams), "UDP was never allowed")

    rule = {"from": [{"namespaceSelector": {"matchLabels": {"team": "blog"}}}]}
    api.edit_policy("shop", "web", {"ingress": [rule]})
    comes_to(stage, True, lambda: reaches(blog, web), "namespaces are selected")
    api.ask("PATCH", "/api/v1/namespaces/blog", {"metadata": {"labels": {"team": "other"}}}, MERGE)
    comes_to(stage, False, lambda: reaches(blog, web), "by the labels that they have now")
    api.edit_policy("shop", "web", {"ingress": [{"from": [{"podSelector": {"matchLabels": {"role": "friend"}}}]}]})
    api.ask("PATCH", client.path, {"metadata": {"labels": {"role": "friend"}}}, MERGE)
    comes_to(stage, True, lambda: reaches(client, web), "a pod that gets a label is let in")
    api.ask("PATCH", client.path, {"metadata": {"labels": {"role": None}}}, MERGE)
    comes_to(stage, False, lambda: reaches(client, web), "and is not once it lost it")

    block = {"ipBlock": {"cidr": "10.9.0.0/24", "except": ["10.9.0.7/32"]}}
    api.policy("shop", "out", {"podSelector": {"matchLabels": {"app": "client"}}, "egress": [{"to": [block]}], "policyTypes": ["Egress"]})
    outside = stage.node.OUTSIDE
    comes_to(stage, False, lambda: client.net.connects(outside[6], 80), "egress is isolated")
    check(client.net.connects(outside[4], 80), "but for a block")
    api.drop_policy("shop", "out")
    comes_to(stage, True, lambda: client.net.connects(outside[6], 80), "until the policy is gone")
    api.drop_policy("shop", "web")
    comes_to(stage, True, lambda: reaches(client, web) and reaches(blog, web), "without policies everybody reaches everybody again")


def tiers(stage):
    """Kinds of policies that come and go with their definition."""
    api, web, client = stage.api, stage.web, stage.client
    api.ask("POST", DEFINITIONS, DEFINITION)
    path = "/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies"
    until(lambda: api.ask("GET", path, fine=(404, 429)).get("kind", "").endswith("List"), PATIENCE)
    api.ask("POST", path, {
        "apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy", "metadata": {"name": "no-web"},
        "spec": {
            "tier": "Admin", "priority": 10, "subject": {"pods": {
                "namespaceSelector": {"matchLabels": {"team": "shop"}}, "podSelector": {"matchLabels": {"app": "web"}},
            }},
            "ingress": [{"action": "Deny", "from": [{"namespaces": {"matchLabels": {"team": "shop"}}}]}],
        },
    })
    comes_to(stage, False, lambda: reaches(client, web), "a policy of the cluster denies")
    stage.report.check(reaches(stage.blog, web) is True, "whom it names")
    api.ask("DELETE", f"{DEFINITIONS}/{DEFINITION['metadata']['name']}")
    comes_to(stage, True, lambda: reaches(client, web), "and is gone with its definition")


def births(stage):
    """A pod is isolated before its first container, and no reply to it is lost."""
    api, check = stage.api, stage.report.check
    check(until(lambda: "ringwall-cni" in (stage.lists / "10-aws.conflist").read_text(), PATIENCE), "the plugin is in its list")
    listed = [plugin["type"] for plugin in json.loads((stage.lists / "10-aws.conflist").read_text())["plugins"]]
    check(listed == ["aws-cni", "portmap", "ringwall-cni"], f"after what others wrote: {listed}")
    allow = {"from": [{"podSelector": {"matchLabels": {"app": "client"}}}]}
    api.policy("shop", "newborn", {
        "podSelector": {"matchLabels": {"app": "newborn"}}, "ingress": [allow], "egress": [{"to": [{"podSelector": {"matchLabels": {"app": "web"}}}]}],
        "policyTypes": ["Ingress", "Egress"],
    })
    for number in range(3):
        pod = stage.pod("shop", f"newborn-{number}", app="newborn").create().wire()
        # It listens from the first moment, so that whatever is let through is seen.
        pod.serve()
        leaks, over = [], threading.Event()

        def attack(pod=pod, leaks=leaks, over=over):
            while not over.is_set():
                for address in pod.net.addresses.values():
                    if stage.blog.net.connects(address, 80, 0.1) or stage.blog.net.asks(address, 80, 0.1):
                        leaks.append(address)

        attacker = threading.Thread(target=attack)
        attacker.start()
        began = time.monotonic()
        status, told = pod.plugin("ADD")
        took = time.monotonic() - began
        check(status == 0 and told["ips"], f"the plugin answers: {told} ({took:.2f} s)")
        # The apiserver does not know its address yet. An attempt that is lost is tried again after a second.
        check(pod.net.connects(stage.web.net.addresses[4], 80, 0.9), "its first connection is answered")
        check(stage.client.net.connects(pod.net.addresses[6], 80, 0.9), "and who may reaches it")
        check(not pod.net.connects(stage.blog.net.addresses[4], 80), "it reaches nobody else")
        pod.report()
        time.sleep(QUIET)
        check(reaches(stage.client, pod) is True, "nor does its status change that")
        check(pod.plugin("CHECK")[0] == 0, "CHECK finds it")
        over.set()
        attacker.join()
        check(not leaks, f"nobody else ever came through: {leaks}")
        check(pod.plugin("DEL")[0] == 0, "it ends")
        comes_to(stage, False, lambda pod=pod: reaches(stage.client, pod), "and is unknown then")
        pod.remove()
    unknown = stage.pod("shop", "nobody", app="newborn")
    unknown.uid = "none"
    unknown.wire()
    status, told = unknown.plugin("ADD", config={**stage.entry(), "waitSeconds": 1})
    check((status, told["code"]) == (1, 11), f"a pod that the apiserver does not have does not start: {told}")
    check(unknown.plugin("STATUS")[0] == 0 and unknown.plugin("VERSION")[0] == 0, "STATUS and VERSION")
    unknown.remove()

    # Without the plugin, an interface of a pod that nobody told of is closed.
    pod = stage.pod("shop", "plain", app="plain").create().wire().serve()
    check(reaches(stage.client, pod) is False and reaches(pod, stage.web) is False, "without the plugin a pod is closed")
    pod.report()
    comes_to(stage, True, lambda: reaches(stage.client, pod) and reaches(pod, stage.web), "until the apiserver knows its address")
    pod.report("Succeeded")
    comes_to(stage, False, lambda: reaches(pod, stage.web), "a pod that is over is nobody")
    pod.remove()
    api.drop_policy("shop", "newborn")


class Streams:
    """Attempts without a pause, from two pods to one: the one may, the other may not."""

    def __init__(self, stage):
        self.stage, self.over = stage, threading.Event()
        self.tried = {"allowed": 0, "denied": 0}
        self.wrong = {"allowed": 0, "denied": 0}
        for name, pod, seconds in (("allowed", stage.client, 5), ("denied", stage.blog, 0.1)):
            threading.Thread(target=self.run, args=(name, pod, seconds), daemon=True).start()

    def run(self, name, pod, seconds):
        while not self.over.is_set():
            for address in self.stage.web.net.addresses.values():
                came = pod.net.connects(address, 80, seconds)
                self.tried[name] += 1
                self.wrong[name] += came != (name == "allowed")

    def end(self, what):
        self.over.set()
        self.stage.report.check(
            min(self.tried.values()) > 3 and not any(self.wrong.values()),
            f"{what}: nothing forbidden passed, nothing allowed was lost: {self.wrong} of {self.tried}",
        )


def isolate_web(stage):
    rule = {"from": [{"podSelector": {"matchLabels": {"app": "client"}}}]}
    stage.api.policy("shop", "web", {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [rule]})
    comes_to(stage, False, lambda: reaches(stage.blog, stage.web), "a pod is isolated")


def away(stage):
    """Killed, cut off, started again: the rules stay."""
    api, check = stage.api, stage.report.check
    isolate_web(stage)
    streams = Streams(stage)
    stage.agent.stop(signal.SIGKILL)
    check(reaches(stage.blog, stage.web) is False and reaches(stage.client, stage.web) is True, "rules stay when it is killed")
    pod = stage.pod("shop", "late", app="late").create().wire().serve()
    status, told = pod.plugin("ADD")
    check((status, told["code"]) == (1, 11), f"no pod starts while it is away: {told}")
    check(pod.plugin("STATUS")[0] == 0, "the node stays ready, as it is away for a moment")
    check(reaches(stage.client, pod) is False and reaches(pod, stage.web) is False, "and none that is there is open")
    pod.report()
    api.policy("shop", "client", {"podSelector": {"matchLabels": {"app": "client"}}, "policyTypes": ["Ingress"]})
    stage.relay.cut()
    stage.start_agent("--install-cni", wait=False)
    check(until(lambda: (stage.admin("/healthz") or (0,))[0] == 200, PATIENCE, 0.05), "it starts without the apiserver")
    answer = stage.admin("/readyz")
    check(answer[0] == 503 and "apiserver" in answer[1], f"and says that it waits for it: {answer}")
    check(reaches(stage.blog, stage.web) is False and reaches(stage.client, stage.web) is True, "with the rules that there were")
    check(stage.admin("/metrics")[1].count("watches_out_of_date") > 0, "which its metrics tell")
    stage.relay.mend()
    check(until(stage.is_ready, PATIENCE, 0.05), "once it has told, it is ready")
    comes_to(stage, False, lambda: reaches(stage.web, stage.client), "what changed meanwhile holds")
    check(reaches(stage.client, pod) is True and pod.plugin("ADD")[0] == 0, "and the pod is known")
    for _ in range(6):
        # In the middle of whatever it does.
        stage.agent.stop(signal.SIGKILL)
        stage.start_agent("--install-cni", wait=False)
        time.sleep(0.15)
    check(until(stage.is_ready, PATIENCE, 0.05), "killed again and again, it gets ready")
    streams.end("all the while")
    pod.remove()
    api.drop_policy("shop", "client")


def drift(stage):
    isolate_web(stage)
    for what, command in {
        "a flushed chain": ("nft", "flush", "chain", "inet", "ringwall", "judge"),
        "a lost table": ("nft", "delete", "table", "inet", "ringwall"),
        "a rule of somebody else": ("nft", "insert", "rule", "inet", "ringwall", "judge", "accept"),
    }.items():
        before = stage.metric("drift_total")
        stage.node.run(*command)
        comes_to(stage, False, lambda: reaches(stage.blog, stage.web), f"{what} is put right")
        stage.report.check(until(lambda: stage.metric("drift_total") > before, PATIENCE), f"{what} is counted")
    stage.report.check(stage.table("other") == stage.other, "the tables of others are as they were")


def audit(stage):
    isolate_web(stage)
    stage.agent.stop()
    stage.start_agent("--audit")
    comes_to(stage, True, lambda: reaches(stage.blog, stage.web), "an audit denies nothing")
    stage.report.check(until(lambda: stage.metric("denied_packets_total") > 0, PATIENCE), "and counts what it would deny")
    stage.report.check(until(lambda: stage.metric("rule_hits_total") > 0, PATIENCE), "and what each rule does")
    stage.report.check(until(lambda: "shop/web" in denials(stage), PATIENCE), "and tells of whom")
    stage.agent.stop()
    stage.start_agent("--install-cni")
    comes_to(stage, False, lambda: reaches(stage.blog, stage.web), "then it denies")


def denials(stage):
    lines = stage.agent.text().splitlines()
    return "\n".join(line for line in lines if "denied" in line)


def flows(stage):
    """What was seen is written in the form that policies are suggested from."""
    isolate_web(stage)
    stage.agent.stop()
    log = stage.home / "flows.jsonl"
    stage.start_agent("--install-cni", "--flow-log", log)
    comes_to(stage, True, lambda: reaches(stage.client, stage.web), "who may gets through")
    comes_to(stage, False, lambda: reaches(stage.blog, stage.web), "who may not does not")

    def seen(source, verdict):
        lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        return [line for line in lines if line["from"] == {"pod": source} and line["verdict"] == verdict]

    check = stage.report.check
    check(until(lambda: seen("shop/client", "allowed") and seen("blog/reader", "denied"), PATIENCE), "both are in the log")
    for source, verdict in (("shop/client", "allowed"), ("blog/reader", "denied")):
        told = [(line["to"], line["protocol"], line["port"]) for line in seen(source, verdict)]
        check(({"pod": "shop/web"}, "TCP", 80) in told, f"{verdict}: {told}")
    check("NetworkPolicy shop/web" in seen("blog/reader", "denied")[0]["because"], "with what denied it")
    check(log.stat().st_mode & 0o777 == 0o600, "for root alone")


def plans(stage):
    """What is printed for a snapshot is what is programmed."""
    folder = stage.home / "snapshot" / "kubernetes"
    folder.mkdir(parents=True, exist_ok=True)
    items = [
        item | {"apiVersion": version, "kind": kind}
        for version, kind, path in (
            ("v1", "Pod", "/api/v1/pods"), ("v1", "Namespace", "/api/v1/namespaces"), ("v1", "Node", "/api/v1/nodes"),
            ("networking.k8s.io/v1", "NetworkPolicy", "/apis/networking.k8s.io/v1/networkpolicies"),
        )
        for item in stage.api.ask("GET", path)["items"]
    ]
    (folder / "all.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    command = [stage.program, "agent", "--plan", folder.parent, "--node", "worker-1"]
    done = subprocess.run([*command, "--output", "json"], capture_output=True, text=True, timeout=60)
    plan = json.loads(done.stdout)
    stage.report.check(done.returncode == 0 and len(plan["pods"]) == int(stage.metric("pods")), f"the plan has the pods: {done.stderr}")
    text = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    stage.report.check("# pod shop/web: 10.244.0." in text and plan["script"] in text, "its text says it in words, with the script")
    again = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    stage.report.check(text == again, "the same each time")


def end(stage):
    isolate_web(stage)
    stage.agent.stop()
    done = stage.node.run(
        stage.program, "agent", "--uninstall", "--socket", stage.socket, "--cni-configurations", stage.lists,
        "--cni-programs", stage.programs,
    )
    check = stage.report.check
    check("CNI plugin" in done, f"what was done is told: {done}")
    check(stage.node.run("nft", "list", "tables").split() == ["table", "inet", "other"], "only the tables of others are left")
    check(stage.table("other") == stage.other, "as they were")
    check(not list(stage.programs.iterdir()) and not stage.socket.exists(), "the program and the socket are gone")
    listed = [plugin["type"] for plugin in json.loads((pathlib.Path(stage.lists) / "10-aws.conflist").read_text())["plugins"]]
    check(listed == ["aws-cni", "portmap"], "and the list is what it was")
    check(reaches(stage.blog, stage.web) is True, "nothing is judged any more")


PARTS = {
    "policies": policies, "tiers": tiers, "births": births, "away": away, "drift": drift, "audit": audit, "flows": flows,
    "plans": plans, "end": end,
}
