"""Who calls and from where: every tactic, by callers whose address is on a list, and by nobody."""

from cluster import CUSTOM, MALICIOUS, TOR, TRUSTED, UNLISTED
from objects import binding, obj, role, rule, user
from stage import HIGH, LOW, MEDIUM

SHOP = "/api/v1/namespaces/shop"
RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/shop"

# By tactic: severity, and calls of it. `{n}` is another name each time.
CALLS = {
    "CredentialAccess": (HIGH, [
        ("GET", f"{SHOP}/secrets/db", None),
        ("POST", f"{SHOP}/serviceaccounts/web/token", {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}),
    ]),
    "DefenseEvasion": (HIGH, [
        ("DELETE", f"{SHOP}/events", None),
        ("DELETE", "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies", None),
    ]),
    "Discovery": (MEDIUM, [("GET", "/api", None), ("GET", "/api/v1/pods", None)]),
    "Impact": (HIGH, [
        ("POST", f"{SHOP}/serviceaccounts", obj("v1", "ServiceAccount", "made-{n}")),
        ("DELETE", f"{SHOP}/configmaps/none-{{n}}", None),
    ]),
    "Persistence": (HIGH, [
        ("POST", f"{RBAC}/roles", role("made-{n}", [rule(["get"], ["pods"])], "shop")),
        ("POST", f"{SHOP}/secrets", obj("v1", "Secret", "made-{n}")),
    ]),
}
# GuardDuty's severities of lists: those of Persistence are Medium, of nobody High.
OF_LISTS = {"Persistence": MEDIUM}
# What a call tells by itself, whoever makes it.
BESIDES = {f"{SHOP}/serviceaccounts/web/token": {"CredentialAccess:Kubernetes/Ringwall.ServiceAccountTokenCreated": LOW}}


def numbered(value, number):
    if isinstance(value, str):
        return value.replace("{n}", str(number))
    if isinstance(value, dict):
        return {key: numbered(inner, number) for key, inner in value.items()}
    return [numbered(inner, number) for inner in value] if isinstance(value, list) else value


def run(stage):
    cluster, report = stage.cluster, stage.report
    admin, nobody = cluster.admin, cluster.nobody()
    ann = cluster.person("ann", "system:masters")
    stranger = cluster.person("stranger", "visitors")
    stage.begin("callers by their address")
    admin.kubectl("create", "serviceaccount", "web", "-n", "shop")
    numbers = iter(range(10_000))

    def call(who, method, path, body, address):
        number = next(numbers)
        if path.endswith("none-{n}"):
            admin.kubectl("create", "configmap", f"none-{number}", "-n", "shop")
        if path.endswith("/secrets/db") and not report.failed:
            admin.try_kubectl("create", "secret", "generic", "db", "-n", "shop")
        return lambda: who.https(method, numbered(path, number), numbered(body, number), address=address)

    for tactic, (severity, calls) in CALLS.items():
        severity_of_lists = OF_LISTS.get(tactic, severity)
        for method, path, body in calls:
            what = f"{method} {path}"
            for address, kind in [(MALICIOUS, "MaliciousIPCaller"), (CUSTOM, "MaliciousIPCaller.Custom"), (TOR, "TorIPCaller")]:
                made = call(ann, method, path, body, address)
                expected = {f"{tactic}:Kubernetes/{kind}": severity_of_lists, **BESIDES.get(path, {})}
                with stage.tells(f"{what} from {kind}", expected):
                    report.check(made() < 300, f"{what} is let through")
            for address in (TRUSTED, UNLISTED):
                made = call(ann, method, path, body, address)
                with stage.tells(f"{what} from {address}", BESIDES.get(path, {})):
                    made()
            made = call(stranger, method, path, body, MALICIOUS)
            if path != "/api":
                with stage.silent(f"{what}, refused, from a malicious address"):
                    report.check(made() == 403, f"{what} is refused")
    with stage.silent("probes from an exit of Tor"):
        for path in ("/healthz", "/livez?verbose", "/readyz/ping"):
            ann.https("GET", path, address=TOR)

    stage.begin("callers who are nobody")
    for tactic, (_, calls) in CALLS.items():
        for method, path, body in calls:
            made = call(nobody, method, path, body, MALICIOUS)
            with stage.silent(f"{method} {path} by nobody, refused"):
                report.check(made() == 403, f"{method} {path} is refused")
    with stage.silent("what everybody may ask"):
        for path in ("/healthz", "/healthz/etcd", "/livez", "/livez?verbose", "/readyz?exclude=etcd", "/version", "/version/"):
            nobody.https("GET", path, agent="kube-probe/1.37")
    admin.apply(binding("for-nobody", "cluster-admin", user("system:anonymous")))
    try:
        for tactic, (severity, calls) in CALLS.items():
            for method, path, body in calls:
                what = f"{method} {path} by nobody"
                made = call(nobody, method, path, body, MALICIOUS)
                expected = {f"{tactic}:Kubernetes/SuccessfulAnonymousAccess": severity, **BESIDES.get(path, {})}
                with stage.tells(what, expected):
                    report.check(made() < 300, f"{what} is let through")
    finally:
        admin.kubectl("delete", "clusterrolebinding", "for-nobody")
