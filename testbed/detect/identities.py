"""Credentials and those who use them, and what the whole cluster depends on."""

import base64
import json
import subprocess

from cluster import TRUSTED, UNLISTED
from objects import binding, group, obj, role, rule
from stage import CRITICAL, HIGH, LOW, MEDIUM

TOKEN = "CredentialAccess:Kubernetes/Ringwall.ServiceAccountTokenCreated"
CERTIFICATE = "Persistence:Kubernetes/Ringwall.ClientCertificate"
IMPERSONATED = "PrivilegeEscalation:Kubernetes/Ringwall.PrivilegeImpersonated"
FROM_OUTSIDE = "CredentialAccess:Kubernetes/Ringwall.SystemPrincipalFromPublicAddress"
AWS_AUTH, DNS = "Persistence:Kubernetes/Ringwall.AwsAuthChanged", "Impact:Kubernetes/Ringwall.CoreDnsConfigChanged"
WEBHOOK, GUARD = "Persistence:Kubernetes/Ringwall.AdmissionWebhookChanged", "DefenseEvasion:Kubernetes/Ringwall.AdmissionGuardRemoved"
REFUSALS, SECRETS_REFUSED = "Discovery:Kubernetes/Ringwall.ManyRefusals", "CredentialAccess:Kubernetes/Ringwall.SecretsRefused"
SECRETS = "CredentialAccess:Kubernetes/AnomalousBehavior.SecretsAccessed"
CHECKED = "Discovery:Kubernetes/AnomalousBehavior.PermissionChecked"


def tokens(stage):
    admin, ann = stage.cluster.admin, stage.cluster.person("ann", "system:masters")
    stage.begin("tokens and certificates")
    admin.try_kubectl("create", "serviceaccount", "web", "-n", "shop")
    admin.try_kubectl("create", "serviceaccount", "addon", "-n", "kube-system")
    for what, arguments, severity in [
        ("a token", ["web", "-n", "shop"], LOW), ("a token for two days", ["web", "-n", "shop", "--duration=48h"], MEDIUM),
        ("a token of kube-system", ["addon", "-n", "kube-system"], MEDIUM),
    ]:
        with stage.tells(what, {TOKEN: severity}) as act:
            ann.kubectl("create", "token", *arguments)
        stage.report.check("eyJ" not in act.log.read_text(), f"{what} is not in the log")
    with stage.silent("the token of a service account that is not there"):
        ann.try_kubectl("create", "token", "none", "-n", "shop")

    key = stage.cluster.home / "csr.key"
    asked = subprocess.run(
        ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key,
         "-subj", "/O=team/CN=eve"], check=True, capture_output=True, timeout=60,
    ).stdout
    for name, signer, usages, expected in [
        ("eve", "kubernetes.io/kube-apiserver-client", ["client auth"], MEDIUM),
        ("issuer", "example.com/web", ["server auth", "digital signature"], None),
    ]:
        with stage.tells(f"a certificate asked of {signer}", {CERTIFICATE: expected} if expected else {}):
            ann.apply(obj("certificates.k8s.io/v1", "CertificateSigningRequest", name, spec={
                "request": base64.b64encode(asked).decode(), "signerName": signer, "usages": usages,
            }))
    with stage.silent("one that is denied"):
        ann.kubectl("certificate", "deny", "issuer")
    with stage.tells("one that is approved", {CERTIFICATE: HIGH}):
        ann.kubectl("certificate", "approve", "eve")


def others(stage):
    cluster, admin = stage.cluster, stage.cluster.admin
    ann = cluster.person("ann", "system:masters")
    stage.begin("in the name of others")
    admin.apply(binding("lookers", "view", group("system:authenticated")))
    for what, arguments, expected in [
        ("an administrator", ["--as=ben", "--as-group=system:masters"], {IMPERSONATED: HIGH}),
        ("a node", ["--as=system:node:node-1", "--as-group=system:nodes"], {IMPERSONATED: MEDIUM}),
        ("a controller", ["--as=system:kube-controller-manager"], {IMPERSONATED: MEDIUM}),
        ("an account of kube-system", ["--as=system:serviceaccount:kube-system:addon"], {IMPERSONATED: MEDIUM}),
        ("an account of a team", ["--as=system:serviceaccount:shop:web"], {}), ("a colleague", ["--as=ben"], {}),
    ]:
        with stage.tells(f"as {what}", expected):
            ann.kubectl("get", "services", "-A", *arguments)
    admin.kubectl("delete", "clusterrolebinding", "lookers")
    with stage.silent("as an administrator, refused"):
        status, _, _ = cluster.person("stranger", "visitors").try_kubectl("get", "pods", "--as=ben", "--as-group=system:masters")
        stage.report.check(status != 0, "a stranger may not")

    admin.apply(binding("addon", "view", {"kind": "ServiceAccount", "name": "addon", "namespace": "kube-system"}))
    addon = cluster.account("kube-system", "addon")
    pods = "/api/v1/namespaces/shop/pods"
    with stage.tells("an account of kube-system from the Internet by curl", {FROM_OUTSIDE: HIGH}):
        addon.https("GET", pods, address=UNLISTED)
    with stage.silent("it, from within"):
        addon.https("GET", pods)
    with stage.silent("it, by a program of its own"):
        addon.https("GET", pods, address=UNLISTED, agent="addon/v1.2")
    node = cluster.person("system:node:node-1", "system:nodes")
    with stage.tells("a node's credentials from the Internet by curl", {FROM_OUTSIDE: HIGH}):
        node.https("GET", "/api/v1/nodes/node-1", address=UNLISTED)
    with stage.silent("kubelets that come over the Internet"):
        node.https("GET", "/api/v1/nodes/node-1", address=TRUSTED, agent="kubelet/v1.37.2 (linux/amd64)")
        node.https("GET", "/api/v1/nodes/node-1", address=TRUSTED)


def configuration(stage):
    admin, ann = stage.cluster.admin, stage.cluster.person("ann", "system:masters")
    stage.begin("what the cluster depends on")

    def roles_of(groups):
        return obj("v1", "ConfigMap", "aws-auth", "kube-system", data={"mapRoles": json.dumps(
            [{"rolearn": "arn:aws:iam::111122223333:role/dev", "username": "dev", "groups": groups}]
        )})

    with stage.tells("aws-auth made", {AWS_AUTH: MEDIUM}):
        ann.kubectl("create", "-f", "-", stdin=json.dumps(roles_of(["developers"])))
    for way, do in {
        "kubectl apply": lambda body: ann.apply(body), "server-side apply": lambda body: ann.apply(body, flags=["--server-side", "--force-conflicts"]),
        "kubectl patch": lambda body: ann.kubectl("patch", "configmap", "aws-auth", "-n", "kube-system", "-p", json.dumps({"data": body["data"]})),
        "kubectl replace": lambda body: ann.kubectl("replace", "-f", "-", stdin=json.dumps(body)),
    }.items():
        with stage.tells(f"aws-auth changed by {way}", {AWS_AUTH: MEDIUM}):
            do(roles_of([f"developers-{way[:9].strip()}"]))
        with stage.tells(f"aws-auth made to give system:masters by {way}", {AWS_AUTH: HIGH}):
            do(roles_of(["system:masters"]))
    with stage.tells("aws-auth deleted", {AWS_AUTH: MEDIUM}):
        ann.kubectl("delete", "configmap", "aws-auth", "-n", "kube-system")
    with stage.silent("a ConfigMap of that name elsewhere"):
        ann.kubectl("create", "configmap", "aws-auth", "-n", "shop", "--from-literal=mapRoles=[]")
    admin.kubectl("create", "configmap", "coredns", "-n", "kube-system", "--from-literal=Corefile=.:53 {}")
    with stage.tells("the DNS's configuration changed", {DNS: MEDIUM}):
        ann.kubectl("patch", "configmap", "coredns", "-n", "kube-system", "-p", '{"data":{"Corefile":".:53 { forward . 203.0.113.200 }"}}')
    with stage.silent("the DNS's configuration labelled and read"):
        ann.kubectl("label", "configmap", "coredns", "-n", "kube-system", "team=platform")
        ann.kubectl("get", "configmap", "coredns", "-n", "kube-system", "-o", "yaml")

    def hook(kind, client, policy="Fail"):
        return obj("admissionregistration.k8s.io/v1", kind, "hook", webhooks=[{
            "name": "hook.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": policy,
            "clientConfig": client, "namespaceSelector": {"matchLabels": {"never": "matched"}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
        }])

    inside, outside = {"service": {"name": "hook", "namespace": "shop"}}, {"url": "https://collector.example.com/mutate"}
    for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
        with stage.tells(f"a {kind}", {WEBHOOK: MEDIUM}):
            ann.apply(hook(kind, inside))
        with stage.silent("it, labelled"):
            ann.kubectl("label", kind, "hook", "team=shop")
        if kind.startswith("Validating"):
            with stage.tells("it, weakened", {GUARD: MEDIUM}):
                ann.kubectl("patch", kind, "hook", "--type=json", "-p", json.dumps(
                    [{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}]
                ))
        with stage.tells("it, deleted", {GUARD: MEDIUM} if kind.startswith("Validating") else {}):
            ann.kubectl("delete", kind, "hook")
        with stage.tells(f"a {kind} that leads out of the cluster", {WEBHOOK: HIGH}):
            ann.apply(hook(kind, outside))
        admin.kubectl("delete", kind, "hook")


def looking(stage):
    cluster, admin = stage.cluster, stage.cluster.admin
    ann, stranger = cluster.person("ann", "system:masters"), cluster.person("stranger", "visitors")
    stage.begin("looking around")
    for number in range(16):
        admin.kubectl("create", "secret", "generic", f"secret-{number}", "-n", "shop")
    with stage.tells("all Secrets of all namespaces", {SECRETS: HIGH}) as act:
        ann.kubectl("get", "secrets", "-A", "-o", "yaml")
    bodies = [event for event in act.events() if "responseObject" in event or "requestObject" in event]
    stage.report.check(not bodies, "what Secrets hold is not in the log")
    with stage.tells("fifteen Secrets one by one", {SECRETS: MEDIUM}):
        ann.kubectl("get", "secret", *(f"secret-{number}" for number in range(15)), "-n", "shop")
    with stage.silent("a few Secrets, and those of one namespace"):
        ann.kubectl("get", "secret", *(f"secret-{number}" for number in range(5)), "-n", "shop")
        ann.kubectl("get", "secrets", "-n", "shop")
    with stage.tells("many Secrets, refused", {SECRETS_REFUSED: MEDIUM}):
        for number in range(10):
            stranger.https("GET", f"/api/v1/namespaces/shop/secrets/secret-{number}")
    with stage.silent("a few Secrets, refused"):
        for number in range(9):
            stranger.https("GET", f"/api/v1/namespaces/shop/secrets/secret-{number}")
    resources = [
        "pods", "services", "configmaps", "endpoints", "events", "limitranges", "replicationcontrollers", "resourcequotas",
        "serviceaccounts", "persistentvolumeclaims",
    ]
    with stage.tells("many refusals of one public address", {REFUSALS: MEDIUM}):
        for resource in resources:
            stranger.https("GET", f"/api/v1/namespaces/shop/{resource}", address=UNLISTED)
    with stage.silent("the same refusal many times"):
        for _ in range(20):
            stranger.https("GET", "/api/v1/namespaces/shop/pods", address=UNLISTED)
    with stage.silent("many refusals of a private address"):
        for resource in resources:
            stranger.https("GET", f"/api/v1/namespaces/shop/{resource}")
    for what, arguments, expected in [
        ("for everything", ["*", "*"], {CHECKED: LOW}), ("for all Secrets", ["list", "secrets", "-A"], {CHECKED: LOW}),
        ("for one's own pods", ["get", "pods", "-n", "shop"], {}),
    ]:
        with stage.tells(f"`can-i` {what}", expected):
            ann.kubectl("auth", "can-i", *arguments)
    with stage.silent("`can-i` for everything, and one may not"):
        stranger.try_kubectl("auth", "can-i", "*", "*")


def run(stage):
    tokens(stage)
    others(stage)
    configuration(stage)
    looking(stage)
