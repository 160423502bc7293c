"""A day on which nothing happens: what runs in every cluster, what is installed, upgraded and taken back, what people look at.

What is installed is told of at its installation, where it is dangerous. The day after has to be silent.
"""

import base64
import json

import anomalies
from cluster import UNLISTED
from node import Node
from objects import CONTAINER, PRIVILEGED, account, binding, group, mounting, obj, role, rule, service, workload
from stage import HIGH, LOW, MEDIUM, shown

APPLY = "application/apply-patch+yaml"
# Programs of the cluster: namespace, account, what they call themselves, what they may.
PROGRAMS = {
    "argocd": ("argocd", "argocd-application-controller", "argocd-application-controller/v3.1.0", "cluster-admin"),
    "cert-manager": ("cert-manager", "cert-manager", "cert-manager-certificates-issuing/v1.18.2 (linux/amd64)", "programs"),
    "cainjector": ("cert-manager", "cert-manager-cainjector", "cert-manager-cainjector/v1.18.2 (linux/amd64)", "programs"),
    "metrics": ("monitoring", "kube-state-metrics", "kube-state-metrics/v2.16.0 (linux/amd64)", "programs"),
    "prometheus": ("monitoring", "prometheus", "Prometheus/3.5.0", "programs"),
    "secrets": ("external-secrets", "external-secrets", "external-secrets/v0.18.0 (linux/amd64)", "programs"),
    "autoscaler": ("kube-system", "cluster-autoscaler", "cluster-autoscaler/v1.33.0 (linux/amd64)", "programs"),
    "dns": ("kube-system", "coredns", "coredns/1.12.1 (linux/amd64)", "programs"),
    "network": ("kube-system", "aws-node", "aws-k8s-agent/v1.20.0 (linux/amd64)", "programs"),
    "balancers": ("kube-system", "aws-load-balancer-controller", "elbv2.k8s.aws/v2.13.0 (linux/amd64)", "programs"),
    "backups": ("velero", "velero", "velero-server/v1.16.1 (linux/amd64)", "cluster-admin"),
    "scanner": ("trivy-system", "trivy-operator", "trivy-operator/v0.28.0 (linux/amd64)", "programs"),
}
# What the programs may: what their charts give them, taken together.
RIGHTS = [
    rule(["get", "list", "watch", "create", "update", "patch", "delete"], [
        "configmaps", "secrets", "events", "services", "endpoints", "pods", "namespaces", "nodes", "serviceaccounts",
        "persistentvolumes", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "limitranges", "nodes/status",
    ]),
    rule(["get"], ["nodes/metrics", "nodes/proxy"]), rule(["create"], ["pods/eviction"]),
    rule(["*"], ["*"], [
        "apps", "batch", "networking.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "autoscaling", "policy", "storage.k8s.io",
        "admissionregistration.k8s.io", "apiextensions.k8s.io", "certificates.k8s.io", "events.k8s.io",
    ]),
    {"nonResourceURLs": ["/metrics", "/metrics/*"], "verbs": ["get"]},
]


class Program:
    def __init__(self, cluster, name):
        namespace, self.account, self.agent, _ = PROGRAMS[name]
        self.namespace, self.who = namespace, cluster.account(namespace, self.account)

    def ask(self, method, path, body=None, kind="application/json", **more):
        return self.who.https(method, path, body, agent=self.agent, kind=kind, **more)

    def apply(self, path, body):
        """At the server's side, as GitOps tools do."""
        return self.ask("PATCH", f"{path}?fieldManager={self.account}&force=true", body, APPLY)

    def keep_copies(self, *paths):
        """Lists, and goes on watching."""
        for path in paths:
            self.ask("GET", f"{path}?limit=500&resourceVersion=0")
            self.ask("GET", f"{path}?allowWatchBookmarks=true&watch=true&timeoutSeconds=1")

    def elect(self):
        path = f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases"
        lease = obj("coordination.k8s.io/v1", "Lease", f"{self.account}-leader", self.namespace, spec={"holderIdentity": "one"})
        self.ask("POST", path, lease)
        for _ in range(3):
            self.ask("GET", f"{path}/{self.account}-leader")
            self.ask("PATCH", f"{path}/{self.account}-leader", {"spec": {"leaseTransitions": 1}}, "application/merge-patch+json")


def agents(tag):
    """What runs on every node: for metrics, for storage, for security."""
    exporter = workload("DaemonSet", "node-exporter", "monitoring", **{
        **mounting("/", read_only=True, container={**CONTAINER, "image": f"quay.io/prometheus/node-exporter:{tag}"}),
        "hostNetwork": True, "hostPID": True,
    })
    sensor = workload("DaemonSet", "sensor", "security", container={**PRIVILEGED, "image": f"registry.example/sensor:{tag}"})
    return exporter, sensor


def hooks(bundle=""):
    client = {"service": {"name": "cert-manager-webhook", "namespace": "cert-manager", "path": "/validate"}}
    return obj("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "cert-manager-webhook", webhooks=[{
        "name": "webhook.cert-manager.io", "admissionReviewVersions": ["v1"], "sideEffects": "None",
        "clientConfig": {**client, "caBundle": bundle} if bundle else client,
        "rules": [{"apiGroups": ["cert-manager.io"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["*/*"]}],
    }])


class Day:
    def __init__(self, stage):
        self.stage, self.cluster = stage, stage.cluster
        self.ann = self.cluster.person("ann", "system:masters")
        self.cluster.controllers()

    def helm(self, who, *arguments):
        return self.cluster.run_helm(who, *arguments)

    def install(self):
        """What whoever sets up a cluster does: from here on it is known."""
        admin = self.cluster.admin
        for namespace in {namespace for namespace, *_ in PROGRAMS.values()} | {"shop", "ci", "security"}:
            admin.try_kubectl("create", "namespace", namespace)
        admin.apply(
            role("programs", RIGHTS), binding("ci", "admin", account("ci", "deployer"), namespace="shop"),
            obj("v1", "ServiceAccount", "deployer", "ci"),
            *(obj("v1", "ServiceAccount", name, namespace) for namespace, name, *_ in PROGRAMS.values()),
            *(binding(f"{of}-{name}", of, account(namespace, name)) for namespace, name, _, of in PROGRAMS.values()),
            binding("node-bootstrapper", "system:node-bootstrapper", group("system:bootstrappers")),
            binding("node-approver", "system:certificates.k8s.io:certificatesigningrequests:nodeclient", group("system:bootstrappers")),
        )
        self.programs = {name: Program(self.cluster, name) for name in PROGRAMS}
        self.ci, self.app = self.cluster.account("ci", "deployer"), self.cluster.account("shop", "default")
        self.node = Node(self.cluster, "node-a").join()
        self.cluster.run_helm(admin, "create", self.cluster.home / "chart")
        argo = self.programs["argocd"]
        exporter, sensor = agents("v1")
        argo.apply("/apis/apps/v1/namespaces/monitoring/daemonsets/node-exporter", exporter)
        argo.apply("/apis/apps/v1/namespaces/security/daemonsets/sensor", sensor)
        admin.apply(hooks())
        self.cluster.until_made("node-exporter", "monitoring")
        self.cluster.until_made("sensor", "security")

    def deploy(self):
        """A pipeline brings a release, again and again, and takes it back; a person looks at it."""
        chart = self.cluster.home / "chart"
        self.helm(self.ci, "upgrade", "--install", "web", chart, "-n", "shop", "--set", "image.tag=1.27")
        self.helm(self.ci, "upgrade", "--install", "web", chart, "-n", "shop", "--set", "image.tag=1.28,replicaCount=2")
        self.helm(self.ci, "upgrade", "--install", "web", chart, "-n", "shop", "--set", "autoscaling.enabled=true,ingress.enabled=true")
        self.helm(self.ci, "rollback", "web", "1", "-n", "shop")
        self.helm(self.ann, "history", "web", "-n", "shop")
        self.helm(self.ann, "get", "values", "web", "-n", "shop")
        self.helm(self.ann, "list", "-A")
        self.helm(self.ci, "uninstall", "web", "-n", "shop")
        self.helm(self.ann, "install", "till", chart, "-n", "shop")
        self.helm(self.ann, "uninstall", "till", "-n", "shop")

    def sync(self, tag):
        """GitOps writes what is there, and once in a while something new."""
        argo = self.programs["argocd"]
        argo.keep_copies("/api/v1/secrets", "/api/v1/pods", "/apis/apps/v1/deployments", "/apis/rbac.authorization.k8s.io/v1/clusterroles")
        rbac = "/apis/rbac.authorization.k8s.io/v1"
        for exporter, sensor in (agents("v1"), agents(tag)):
            argo.apply("/apis/apps/v1/namespaces/monitoring/daemonsets/node-exporter", exporter)
            argo.apply("/apis/apps/v1/namespaces/security/daemonsets/sensor", sensor)
            argo.apply(f"{rbac}/namespaces/shop/roles/web", role("web", [rule(["get", "list", "watch"], ["configmaps"])], "shop"))
            argo.apply(f"{rbac}/namespaces/shop/rolebindings/web", binding("web", "web", account("shop"), namespace="shop", kind="Role"))
            argo.apply(f"{rbac}/clusterroles/scraper", role("scraper", [rule(["get", "list", "watch"], ["pods", "nodes", "endpoints"])]))
            argo.apply(f"{rbac}/clusterrolebindings/scraper", binding("scraper", "scraper", account("monitoring", "prometheus")))
            argo.apply("/apis/apps/v1/namespaces/shop/deployments/api", workload("Deployment", "api", serviceAccountName="default"))
            argo.apply("/apis/batch/v1/namespaces/shop/cronjobs/report", workload("CronJob", "report"))
            argo.apply("/api/v1/namespaces/shop/services/api", service("api", "LoadBalancer"))

    def operate(self):
        """Programs do what they are for."""
        of = self.programs
        for program in of.values():
            program.elect()
        secrets = "/api/v1/namespaces/shop/secrets"
        of["cert-manager"].keep_copies("/api/v1/secrets", "/apis/networking.k8s.io/v1/ingresses")
        of["cert-manager"].apply(f"{secrets}/web-tls", obj("v1", "Secret", "web-tls", "shop", data={"tls.crt": "", "tls.key": ""}, type="kubernetes.io/tls"))
        of["cainjector"].keep_copies("/api/v1/secrets", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations")
        authority = (self.cluster.bed.pki / "ca.crt").read_bytes()
        of["cainjector"].apply(
            "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/cert-manager-webhook",
            hooks(base64.b64encode(authority).decode()),
        )
        lists = [f"/api/v1/{name}" for name in ("secrets", "configmaps", "pods", "nodes", "services", "namespaces", "endpoints")]
        of["metrics"].keep_copies(*lists, "/apis/apps/v1/daemonsets", "/apis/batch/v1/jobs", "/apis/autoscaling/v2/horizontalpodautoscalers")
        of["prometheus"].keep_copies("/api/v1/pods", "/api/v1/services", "/api/v1/nodes")
        of["prometheus"].ask("GET", "/metrics")
        for path in ("metrics", "metrics/cadvisor"):
            of["prometheus"].ask("GET", f"/api/v1/nodes/{self.node.name}/proxy/{path}")
        for number in range(20):
            of["secrets"].apply(f"{secrets}/synced-{number}", obj("v1", "Secret", f"synced-{number}", "shop", data={"key": "eA=="}))
            of["secrets"].ask("GET", f"{secrets}/synced-{number}")
        of["autoscaler"].keep_copies("/api/v1/pods", "/api/v1/nodes", "/apis/apps/v1/statefulsets")
        of["autoscaler"].apply("/api/v1/namespaces/kube-system/configmaps/cluster-autoscaler-status", obj(
            "v1", "ConfigMap", "cluster-autoscaler-status", "kube-system", data={"status": "healthy"},
        ))
        of["dns"].keep_copies("/api/v1/services", "/api/v1/namespaces", "/apis/discovery.k8s.io/v1/endpointslices")
        of["network"].keep_copies("/api/v1/nodes", "/api/v1/pods")
        of["balancers"].keep_copies("/apis/networking.k8s.io/v1/ingresses", "/api/v1/services", "/api/v1/secrets")
        of["backups"].keep_copies("/api/v1/namespaces", "/api/v1/secrets", "/apis/rbac.authorization.k8s.io/v1/clusterroles")
        scan = workload("Job", "scan-1", "trivy-system", container={**CONTAINER, "image": "mirror.gcr.io/aquasec/trivy:0.64"})
        of["scanner"].ask("POST", "/apis/batch/v1/namespaces/trivy-system/jobs", scan)
        of["scanner"].ask("GET", f"{secrets}/web-tls")
        of["scanner"].ask("DELETE", "/apis/batch/v1/namespaces/trivy-system/jobs/scan-1?propagationPolicy=Background")

    def look_around(self):
        """People look, deploy by hand, and watch it come up."""
        ann, nobody = self.ann, self.cluster.nobody()
        for arguments in (
            ["get", "all", "-n", "shop"], ["get", "nodes", "-o", "wide"], ["describe", "deployment", "api", "-n", "shop"],
            ["get", "events", "-n", "shop"], ["top", "pods", "-n", "shop"], ["logs", "deployment/api", "-n", "shop"],
            ["rollout", "restart", "deployment/api", "-n", "shop"], ["rollout", "history", "deployment/api", "-n", "shop"],
            ["scale", "deployment/api", "--replicas=2", "-n", "shop"], ["auth", "can-i", "create", "deployments", "-n", "shop"],
            ["auth", "whoami"], ["get", "secret", "web-tls", "-n", "shop"], ["api-resources"], ["explain", "pods"],
            ["create", "configmap", "flags", "--from-literal=a=b", "-n", "shop"], ["delete", "configmap", "flags", "-n", "shop"],
            ["create", "job", "once", "--from=cronjob/report", "-n", "shop"], ["delete", "job", "once", "-n", "shop"],
            ["get", "pods", "-n", "shop", "--field-selector=status.phase=Running"], ["version"], ["cluster-info"],
        ):
            ann.try_kubectl(*arguments)
        # Probes of load balancers and of kubelets, and what the Internet tries at every door.
        for path in ("/healthz", "/livez?verbose", "/readyz", "/version"):
            nobody.https("GET", path, agent="ELB-HealthChecker/2.0", address=UNLISTED)
        for path in ("/", "/api/v1/pods", "/api/v1/namespaces/kube-system/secrets", "/.env", "/login"):
            nobody.https("GET", path, agent="Mozilla/5.0 zgrab/0.x", address=UNLISTED)
        # A program without the rights that it would like to have.
        for _ in range(5):
            self.app.https("GET", "/api/v1/namespaces/shop/secrets", agent="app/1.0")

    def whole(self, number):
        self.sync(f"v{number}")
        self.deploy()
        self.operate()
        self.look_around()


def judged(stage, act, logs, flags):
    """The findings of which an act's log has events."""
    found = [
        finding for finding in stage.cluster.detect(*logs, act.log, flags=flags)
        if any(one["file"].endswith(act.log.name) for one in finding["evidence"])
    ]
    return sorted((finding["type"], finding["severity"], finding["title"], finding["description"]) for finding in found)


def run(stage):
    cluster, report = stage.cluster, stage.report
    day = Day(stage)
    stage.begin("a benign day")
    with cluster.record.act("what is installed") as installed:
        day.install()
    with cluster.record.act("a day") as first:
        day.whole(2)
    with cluster.record.act("the day after") as second:
        joined = Node(cluster, "node-b").join()
        day.whole(3)
    joined.leave()
    day.node.leave()
    events = second.events()
    report.check(len(events) > 500, f"a day has {len(events)} events")
    agents = {event["userAgent"].split("/")[0] for event in events if "userAgent" in event}
    report.check({"Helm", "kubelet", "kube-controller-manager", "kubectl"} <= agents, f"everybody is there: {sorted(agents)}")

    told = judged(stage, first, [installed.log], [])
    print(f"a day, after its cluster was installed: {len(told)} findings", flush=True)
    for one in told:
        print(f"  {one}", flush=True)
    loud = [one for one in told if one[1] >= MEDIUM]
    report.check(not loud, f"a day without a past tells nothing that matters: {loud}")
    baseline, _ = anomalies.learn(cluster, first)
    told = judged(stage, second, [installed.log], ["--baseline", baseline])
    print(f"the day after, with ten days learned: {len(told)} findings", flush=True)
    for one in told:
        print(f"  {one}", flush=True)
    loud = [one for one in told if one[1] >= MEDIUM]
    report.check(not loud, f"a day with a past tells nothing that matters: {loud}")
    report.check(len(told) <= 2, "and little else")
    told = [(finding["type"], finding["severity"], finding["description"]) for finding in cluster.detect(installed.log)]
    print(f"its installation: {len(told)} findings")
    for one in told:
        print(f"  {one}", flush=True)
