"""The nine scenarios of AWS's own tester of GuardDuty for EKS, done anew: what each does, and the types that it expects.

Source: awslabs/amazon-guardduty-tester, commit 3ced4a4a (Apache-2.0), lib/common/testResources: which actions there are, and
`definitions.json` for their types. It runs them on EKS; nothing of it is copied.
"""

import json

from cluster import CUSTOM, NODE, TOR
from objects import CONTAINER, account, binding, mounting, obj, pod, role, rule, user, workload
from policies import ADMIN_TO_DEFAULT, ANONYMOUS_GRANTED
from stage import HIGH, LOW, MEDIUM
from workloads import MOUNT, PRIVILEGE

RBAC = "rbac.authorization.k8s.io"


def run(stage):
    cluster, report = stage.cluster, stage.report
    admin = cluster.admin
    tester = cluster.person("tester", "system:masters")
    stage.begin("the scenarios of AWS's tester")
    admin.kubectl("create", "namespace", "gd-tester")

    with stage.tells("AdminAccessToDefaultServiceAccount", {ADMIN_TO_DEFAULT: HIGH}):
        tester.kubectl(
            "patch", "clusterrolebinding", "cluster-admin", "-p", json.dumps({"subjects": [account("default")]}),
        )
    admin.apply(binding("cluster-admin", "cluster-admin", {"apiGroup": RBAC, "kind": "Group", "name": "system:masters"}))
    with stage.tells("AnonymousAccessGranted", {ANONYMOUS_GRANTED: HIGH}):
        tester.kubectl("create", "clusterrolebinding", "gd-anonymous", "--clusterrole=view", "--user=system:anonymous")
    admin.kubectl("delete", "clusterrolebinding", "gd-anonymous")

    # Granting it is a finding too.
    expected = {ANONYMOUS_GRANTED: HIGH, "Discovery:Kubernetes/SuccessfulAnonymousAccess": MEDIUM}
    with stage.tells("SuccessfulAnonymousAccess", expected):
        tester.apply(
            role("pod-lister", [rule(["list"], ["pods"])], "gd-tester"),
            binding("pod-lister", "pod-lister", user("system:anonymous"), namespace="gd-tester", kind="Role"),
        )
        report.check(cluster.nobody().https("GET", "/api/v1/namespaces/gd-tester/pods") == 200, "nobody may list pods")
    admin.kubectl("delete", "rolebinding", "pod-lister", "-n", "gd-tester")

    admin.apply(pod("kube-proxy-x7k2p", "kube-system", nodeName=NODE))
    with stage.tells("ExecInKubeSystemPod", {"Execution:Kubernetes/ExecInKubeSystemPod": MEDIUM}):
        tester.try_kubectl("exec", "-n", "kube-system", "kube-proxy-x7k2p", "--", "ls")

    # The type of today, and the one that the tester still names.
    privileged = {
        **CONTAINER, "image": "ubuntu", "securityContext": {"privileged": True, "capabilities": {"add": ["SYS_ADMIN"]}},
    }
    retired = "PrivilegeEscalation:Kubernetes/PrivilegedContainer"
    with stage.tells("PrivilegedContainer", {PRIVILEGE: HIGH, retired: MEDIUM}, flags=["--retired"]):
        tester.apply(workload("Deployment", "privileged", "gd-tester", container=privileged))
        # What controllers make of it belongs to it, and to no later act.
        cluster.until_made("privileged", "gd-tester")
    retired = "Persistence:Kubernetes/ContainerWithSensitiveMount"
    with stage.tells("ContainerWithSensitiveMount", {MOUNT: HIGH, retired: MEDIUM}, flags=["--retired"]):
        tester.apply(workload("Deployment", "mounting", "gd-tester", **mounting("/etc")))
        cluster.until_made("mounting", "gd-tester")

    # kubectl looks around before it writes; to write a Secret is Persistence by our table.
    with stage.tells("DiscoveryMaliciousIPCaller-Custom", {
        "Discovery:Kubernetes/MaliciousIPCaller.Custom": MEDIUM, "Persistence:Kubernetes/MaliciousIPCaller.Custom": MEDIUM,
    }):
        cluster.from_address(tester, CUSTOM).apply(obj("v1", "Secret", "gd-secret", "gd-tester"))
    with stage.tells("ImpactMaliciousIPCaller-Custom", {"Impact:Kubernetes/MaliciousIPCaller.Custom": HIGH}):
        cluster.from_address(tester, CUSTOM).kubectl("create", "serviceaccount", "gd-account", "-n", "gd-tester")
    admin.kubectl("create", "serviceaccount", "gd-tor", "-n", "gd-tester")
    account_of_tor = cluster.account("gd-tester", "gd-tor")
    with stage.tells("TorIPCaller", {"Discovery:Kubernetes/TorIPCaller": MEDIUM}):
        report.check(account_of_tor.https("GET", "/api", address=TOR) == 200, "it is answered")
