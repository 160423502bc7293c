"""What is only unusual: told once it is known what is usual. A usual day's events, again and again with other times, are the past."""

import datetime
import json
import shutil
import uuid

from cluster import NODE, UNLISTED
from commands import WEBSOCKET
from objects import CONTAINER, PRIVILEGED, account, binding, group, pod, role, rule, user, workload
from stage import HIGH, LOW, MEDIUM

SECRETS = "CredentialAccess:Kubernetes/AnomalousBehavior.SecretsAccessed"
EXEC = "Execution:Kubernetes/AnomalousBehavior.ExecInPod"
DEPLOYED = "Execution:Kubernetes/AnomalousBehavior.WorkloadDeployed"
PRIVILEGE = "PrivilegeEscalation:Kubernetes/AnomalousBehavior.WorkloadDeployed!PrivilegedContainer"
BINDING = "PrivilegeEscalation:Kubernetes/AnomalousBehavior.RoleBindingCreated"
ROLE = "PrivilegeEscalation:Kubernetes/AnomalousBehavior.RoleCreated"
CHECKED = "Discovery:Kubernetes/AnomalousBehavior.PermissionChecked"

# The page on anomalies: nothing is told before a week, with events in a day's worth of hours.
PAST, EVERY = datetime.timedelta(days=10), datetime.timedelta(hours=3)

# With what nobody here ever came.
STRANGE = "python-requests/2.32"
FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def usual(cluster, ann, ben, argo):
    """What people and machines do every day."""
    image = {**CONTAINER, "image": "registry.example/shop:2"}
    ann.kubectl("get", "pods,deployments,services,configmaps", "-n", "shop")
    ann.kubectl("get", "secret", "db", "-n", "shop", "-o", "yaml")
    ann.apply(workload("Deployment", "front", container=image), role("reader", [rule(["get"], ["pods"])], "shop"))
    ann.apply(binding("readers", "view", group("readers"), namespace="shop"))
    ann.kubectl("set", "image", "deployment/front", "app=registry.example/shop:3", "-n", "shop")
    ann.try_kubectl("exec", "-n", "shop", "cart", "--", "ls")
    ann.kubectl("auth", "can-i", "create", "deployments", "-n", "shop")
    ann.kubectl("delete", "deployment/front", "role/reader", "rolebinding/readers", "-n", "shop", "--wait=false")
    ben.kubectl("get", "pods,services,ingresses", "-n", "billing")
    ben.kubectl("get", "secret", "ledger", "-n", "billing", "-o", "yaml")
    agent = workload("DaemonSet", "agent", "monitoring", container={**PRIVILEGED, "image": "registry.example/agent:1"})
    argo.https("POST", "/apis/apps/v1/namespaces/monitoring/daemonsets", agent, agent="argocd-application-controller/v3.1")
    cluster.admin.kubectl("delete", "daemonset", "agent", "-n", "monitoring")


def shifted(event, by):
    """The same event at another time, as one that has not been seen yet."""
    times = {
        name: (datetime.datetime.strptime(event[name], FORMAT) - by).strftime(FORMAT)
        for name in ("requestReceivedTimestamp", "stageTimestamp")
    }
    return {**event, **times, "auditID": str(uuid.uuid4())}


def learn(cluster, day):
    """Has ten days like this one learned; the baseline, and what was told on the way."""
    path, past = cluster.home / "baseline", cluster.home / "past.log"
    events, ago = day.events(), PAST
    with past.open("w") as file:
        while ago > datetime.timedelta(hours=1):
            file.writelines(json.dumps(shifted(event, ago)) + "\n" for event in events)
            ago -= EVERY
    return path, cluster.detect(past, flags=["--baseline", path])


def run(stage):
    cluster, admin = stage.cluster, stage.cluster.admin
    stage.begin("what is unusual")
    for namespace in ("billing", "monitoring", "argocd"):
        admin.try_kubectl("create", "namespace", namespace)
    admin.try_kubectl("create", "secret", "generic", "db", "-n", "shop")
    admin.try_kubectl("create", "secret", "generic", "ledger", "-n", "billing")
    admin.try_kubectl("create", "serviceaccount", "argocd-application-controller", "-n", "argocd")
    admin.apply(
        pod("cart", nodeName=NODE), pod("bill", "billing", nodeName=NODE),
        binding("argocd", "cluster-admin", account("argocd", "argocd-application-controller")),
    )
    ann, ben = cluster.person("ann", "system:masters"), cluster.person("ben", "system:masters")
    argo = cluster.account("argocd", "argocd-application-controller")
    with stage.tells("a usual day, the first time", {PRIVILEGE: HIGH}) as day:
        usual(cluster, ann, ben, argo)
    baseline, told = learn(cluster, day)
    kinds = {finding["type"] for finding in told}
    stage.report.check(kinds == {PRIVILEGE}, f"ten usual days tell nothing else: {kinds}")

    def told_by(what, expected):
        # Each act is judged by what was usual before all of them.
        copy = cluster.home / f"baseline-{uuid.uuid4()}"
        shutil.copy(baseline, copy)
        return stage.tells(what, expected, flags=["--baseline", copy])

    with told_by("one more usual day: what is dangerous and customary is one step lower", {PRIVILEGE: MEDIUM}):
        usual(cluster, ann, ben, argo)

    strange = {"address": UNLISTED, "agent": STRANGE}
    for what, expected, who, request in [
        ("a Secret of another team", {SECRETS: MEDIUM}, ann, ("GET", "/api/v1/namespaces/billing/secrets/ledger", None)),
        ("a command in a pod", {EXEC: MEDIUM}, ben, ("GET", "/api/v1/namespaces/shop/pods/cart/exec?command=ls&stdout=true", None)),
        ("an image that nobody knows", {DEPLOYED: LOW}, ben, (
            "POST", "/apis/apps/v1/namespaces/shop/deployments",
            workload("Deployment", "odd", container={**CONTAINER, "image": "elsewhere.example/odd:1"}),
        )),
        ("a binding", {BINDING: MEDIUM}, ben, (
            "POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding("odd", "edit", user("eve")),
        )),
        ("a role", {ROLE: LOW}, ben, (
            "POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles",
            role("odd", [rule(["get", "list", "create"], ["secrets"])], "shop"),
        )),
        ("a question", {CHECKED: LOW}, ben, (
            "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
                "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": {"verb": "create", "resource": "pods", "subresource": "exec", "namespace": "shop"}},
            },
        )),
    ]:
        method, path, body = request
        headers = WEBSOCKET if "/exec?" in path else None
        with told_by(f"{what}, from where and with what {who.name} never came", expected):
            status = who.https(method, path, body, headers=headers, **strange)
            stage.report.check(status in (101, 200, 201), f"{what} is let through: {status}")
        if expected == {EXEC: MEDIUM}:
            with told_by(f"{what}, refused", {}):
                cluster.person("stranger", "visitors").https(method, path, body, headers=headers, **strange)
        elif body is None:
            with stage.silent("the same without a past"):
                who.https(method, path, body, **strange)
    with told_by("another tag of an image that is known, and the Secret of every day", {}):
        ann.apply(workload("Deployment", "front", container={**CONTAINER, "image": "registry.example/shop:9"}))
        ann.kubectl("get", "secret", "db", "-n", "shop")
        ann.try_kubectl("exec", "-n", "shop", "cart", "--", "id")
