"""Who is given what: bindings and roles, and what is put on the Internet."""

import json

from objects import account, binding, group, obj, role, rule, service, user
from stage import HIGH, LOW, MEDIUM

ADMIN_TO_DEFAULT = "Policy:Kubernetes/AdminAccessToDefaultServiceAccount"
ANONYMOUS_GRANTED = "Policy:Kubernetes/AnonymousAccessGranted"
BINDING = "PrivilegeEscalation:Kubernetes/AnomalousBehavior.RoleBindingCreated"
ROLE = "PrivilegeEscalation:Kubernetes/AnomalousBehavior.RoleCreated"
SYSTEM_ROLE = "PrivilegeEscalation:Kubernetes/Ringwall.SystemRoleModified"
DASHBOARD, KUBEFLOW = "Policy:Kubernetes/ExposedDashboard", "Policy:Kubernetes/KubeflowDashboardExposed"
SERVICE = "Policy:Kubernetes/Ringwall.ServiceExposed"
BALANCER = "service.beta.kubernetes.io/aws-load-balancer-"


def patches(stage, what, expected, who, before, kind, name, forms, namespace=()):
    """Every form of a patch has the same findings. Each begins with the object as it was."""
    for form, body in forms.items():
        stage.cluster.admin.apply(*before)
        with stage.tells(f"{what}, by a {form} patch", expected):
            who.kubectl("patch", kind, name, *namespace, "--type", form, "-p", json.dumps(body))
        stage.cluster.admin.kubectl("delete", kind, name, *namespace)
    stage.cluster.admin.apply(*before)
    changed = json.loads(json.dumps(before[-1]))
    merge = forms["merge"]
    for key, value in merge.items():
        changed[key] = {**changed.get(key, {}), **value} if isinstance(value, dict) else value
    for form, flags in {"kubectl apply": (), "server-side apply": ("--server-side", "--force-conflicts")}.items():
        with stage.tells(f"{what}, by {form}", expected):
            who.apply(changed, flags=flags)
        stage.cluster.admin.kubectl("delete", kind, name, *namespace)
        stage.cluster.admin.apply(*before)
    with stage.tells(f"{what}, by replacing it", expected):
        who.kubectl("replace", "-f", "-", stdin=json.dumps(changed))
    stage.cluster.admin.kubectl("delete", kind, name, *namespace)


def bindings(stage):
    cluster, admin = stage.cluster, stage.cluster.admin
    ann, stranger = cluster.person("ann", "system:masters"), cluster.person("stranger", "visitors")
    stage.begin("bindings")
    for what, subject in {
        "a service account `default`": account("shop"),
        "it as the user that it is": user("system:serviceaccount:shop:default"),
        "all service accounts of a namespace": group("system:serviceaccounts:shop"),
    }.items():
        for name in ("cluster-admin", "admin"):
            with stage.tells(f"{name} for {what}", {ADMIN_TO_DEFAULT: HIGH}):
                ann.apply(binding("given", name, subject))
            admin.kubectl("delete", "clusterrolebinding", "given")
        with stage.silent(f"view for {what}"):
            ann.apply(binding("given", "view", subject))
        admin.kubectl("delete", "clusterrolebinding", "given")
    with stage.tells("admin in a namespace for its `default`", {ADMIN_TO_DEFAULT: HIGH}):
        ann.kubectl("create", "rolebinding", "given", "--clusterrole=admin", "--serviceaccount=shop:default", "-n", "shop")
    admin.kubectl("delete", "rolebinding", "given", "-n", "shop")
    patches(
        stage, "`default` added to a binding of cluster-admin", {ADMIN_TO_DEFAULT: HIGH}, ann,
        [binding("team", "cluster-admin", group("team"))], "clusterrolebinding", "team", {
            "json": [{"op": "add", "path": "/subjects/-", "value": account("shop")}],
            "merge": {"subjects": [group("team"), account("shop")]},
            "strategic": {"subjects": [group("team"), account("shop")]},
        },
    )
    with stage.silent("the same, as a dry run"):
        for form in ("client", "server"):
            ann.apply(binding("given", "cluster-admin", account("shop"), user("system:anonymous")), flags=[f"--dry-run={form}"])
    with stage.silent("the same, refused"):
        stage.report.check(
            stranger.https(
                "POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding("given", "cluster-admin", account("shop"))
            ) == 403, "a stranger may not",
        )

    for what, subject in {"system:anonymous": user("system:anonymous"), "its group": group("system:unauthenticated")}.items():
        with stage.tells(f"view for {what}", {ANONYMOUS_GRANTED: HIGH}):
            ann.apply(binding("open", "view", subject))
        admin.kubectl("delete", "clusterrolebinding", "open")
    patches(
        stage, "system:anonymous added to a binding", {ANONYMOUS_GRANTED: HIGH}, ann,
        [binding("open", "view", group("team"), namespace="shop")], "rolebinding", "open", {
            "json": [{"op": "add", "path": "/subjects/-", "value": user("system:anonymous")}],
            "merge": {"subjects": [group("team"), user("system:anonymous")]},
            "strategic": {"subjects": [group("team"), user("system:anonymous")]},
        }, namespace=("-n", "shop"),
    )
    with stage.silent("what everybody may know anyway"):
        ann.apply(binding("open", "system:public-info-viewer", group("system:unauthenticated")))
    admin.kubectl("delete", "clusterrolebinding", "open")

    for name, expected in {
        "cluster-admin": {BINDING: HIGH}, "admin": {BINDING: HIGH}, "edit": {}, "view": {}, "system:node-problem-detector": {},
    }.items():
        with stage.tells(f"{name} for somebody", expected):
            ann.apply(binding("team", name, group("team")))
        admin.kubectl("delete", "clusterrolebinding", "team")
    with stage.tells("a default binding that is changed", {BINDING: HIGH}):
        ann.kubectl("patch", "clusterrolebinding", "cluster-admin", "--type=json", "-p", json.dumps(
            [{"op": "add", "path": "/subjects/-", "value": group("team")}]
        ))
    with stage.tells("a default role that is changed", {SYSTEM_ROLE: HIGH}):
        ann.kubectl("label", "clusterrole", "system:discovery", "team=shop")
    with stage.tells("a default binding that is deleted", {SYSTEM_ROLE: HIGH}):
        ann.kubectl("delete", "clusterrolebinding", "system:basic-user")
    with stage.silent("an add-on's role that is named as if it were"):
        ann.apply(role("system:shop-addon", [rule(["get", "list"], ["nodes"])]))
        ann.kubectl("label", "clusterrole", "system:shop-addon", "team=shop")
        ann.kubectl("delete", "clusterrole", "system:shop-addon")


def roles(stage):
    ann = stage.cluster.person("ann", "system:masters")
    stage.begin("roles")
    for what, rules, severity in [
        ("everything", [rule(["*"], ["*"], ["*"])], MEDIUM),
        ("to escalate", [rule(["escalate", "bind"], ["clusterroles"], ["rbac.authorization.k8s.io"])], MEDIUM),
        ("to impersonate", [rule(["impersonate"], ["users", "groups"])], MEDIUM),
        ("the kubelets", [rule(["get", "create"], ["nodes/proxy"])], MEDIUM),
        ("to read pods", [rule(["get", "list", "watch"], ["pods"])], None),
        ("all of a group of custom resources", [rule(["*"], ["*"], ["shop.example"])], None),
        ("to impersonate one user by name", [{**rule(["impersonate"], ["users"]), "resourceNames": ["ann"]}], None),
    ]:
        with stage.tells(f"a ClusterRole that gives {what}", {ROLE: severity} if severity else {}):
            ann.apply(role("made", rules))
        with stage.silent("it, applied again"):
            ann.apply(role("made", rules))
        stage.cluster.admin.kubectl("delete", "clusterrole", "made")
    patches(
        stage, "all verbs of all resources added to a role", {ROLE: MEDIUM}, ann,
        [role("made", [rule(["get"], ["pods"])])], "clusterrole", "made", {
            "json": [{"op": "add", "path": "/rules/-", "value": rule(["*"], ["*"], ["*"])}],
            "merge": {"rules": [rule(["get"], ["pods"]), rule(["*"], ["*"], ["*"])]},
            "strategic": {"rules": [rule(["get"], ["pods"]), rule(["*"], ["*"], ["*"])]},
        },
    )


def exposure(stage):
    admin, ann = stage.cluster.admin, stage.cluster.person("ann", "system:masters")
    stage.begin("what is reachable from outside")
    for namespace, name, kind in [
        ("kubernetes-dashboard", "kubernetes-dashboard", DASHBOARD), ("kubeflow", "centraldashboard", KUBEFLOW),
    ]:
        admin.try_kubectl("create", "namespace", namespace)
        with stage.silent(f"{name} within the cluster"):
            ann.apply(service(name, "ClusterIP", namespace))
        with stage.tells(f"{name} on a load balancer", {kind: MEDIUM}):
            ann.kubectl("patch", "service", name, "-n", namespace, "-p", '{"spec":{"type":"LoadBalancer"}}')
        with stage.silent(f"{name} taken back"):
            ann.kubectl("patch", "service", name, "-n", namespace, "-p", '{"spec":{"type":"ClusterIP"}}')
        admin.kubectl("delete", "service", name, "-n", namespace)
        with stage.tells(f"{name} made with a load balancer", {kind: MEDIUM}):
            ann.apply(service(name, "LoadBalancer", namespace))
        admin.kubectl("delete", "service", name, "-n", namespace)
        with stage.silent(f"{name} on an internal load balancer"):
            internal = service(name, "LoadBalancer", namespace)
            internal["metadata"]["annotations"] = {f"{BALANCER}scheme": "internal"}
            ann.apply(internal)
    with stage.silent("another service on a load balancer"):
        ann.apply(service("web", "LoadBalancer"))
    with stage.tells("a dashboard's Ingress for the Internet", {DASHBOARD: MEDIUM}):
        backend = {"service": {"name": "kubernetes-dashboard", "port": {"number": 443}}}
        ann.apply(obj(
            "networking.k8s.io/v1", "Ingress", "board", "kubernetes-dashboard",
            annotations={"alb.ingress.kubernetes.io/scheme": "internet-facing"},
            spec={"ingressClassName": "alb", "defaultBackend": backend},
        ))
    with stage.tells("a node port of kube-system", {SERVICE: LOW}):
        ann.apply(service("metrics", "NodePort", "kube-system"))
    with stage.tells("a service with addresses that are not its own", {SERVICE: MEDIUM}):
        taking = service("taking", "ClusterIP")
        taking["spec"]["externalIPs"] = ["203.0.113.1"]
        ann.apply(taking)
    with stage.silent("a node port elsewhere"):
        ann.apply(service("port", "NodePort"))


def run(stage):
    bindings(stage)
    roles(stage)
    exposure(stage)
