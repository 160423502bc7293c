"""Objects of Kubernetes, as short as they may be."""

RBAC = "rbac.authorization.k8s.io"

CONTAINER = {"name": "app", "image": "registry.example/shop:1"}
PRIVILEGED = {**CONTAINER, "securityContext": {"privileged": True}}


def obj(api, kind, name, namespace=None, labels=None, annotations=None, **rest):
    metadata = {"name": name, "namespace": namespace, "labels": labels, "annotations": annotations}
    return {"apiVersion": api, "kind": kind, "metadata": {key: value for key, value in metadata.items() if value}, **rest}


def pod(name, namespace="shop", container=CONTAINER, **spec):
    return obj("v1", "Pod", name, namespace, spec={"containers": [container], **spec})


def mounting(path, read_only=False, container=CONTAINER):
    """Of a pod's specification, what mounts a folder of the node."""
    mount = {"name": "host", "mountPath": "/host", "readOnly": read_only}
    return {
        "containers": [{**container, "volumeMounts": [mount]}], "volumes": [{"name": "host", "hostPath": {"path": path}}],
    }


def workload(kind, name, namespace="shop", container=CONTAINER, **spec):
    """Anything that has a template of pods."""
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], **spec}}
    if kind in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"):
        more = {"serviceName": name, "podManagementPolicy": "Parallel"} if kind == "StatefulSet" else {}
        return obj("apps/v1", kind, name, namespace, spec={"selector": {"matchLabels": labels}, "template": template, **more})
    if kind == "ReplicationController":
        return obj("v1", kind, name, namespace, spec={"selector": labels, "template": template})
    template["spec"]["restartPolicy"] = "Never"
    if kind == "Job":
        return obj("batch/v1", kind, name, namespace, spec={"template": template})
    job = {"spec": {"template": template}}
    return obj("batch/v1", "CronJob", name, namespace, spec={"schedule": "0 3 * * *", "jobTemplate": job})


def role(name, rules, namespace=None):
    return obj(f"{RBAC}/v1", "Role" if namespace else "ClusterRole", name, namespace, rules=rules)


def rule(verbs, resources, groups=("",)):
    return {"apiGroups": list(groups), "resources": list(resources), "verbs": list(verbs)}


def user(name):
    return {"apiGroup": RBAC, "kind": "User", "name": name}


def group(name):
    return {"apiGroup": RBAC, "kind": "Group", "name": name}


def account(namespace, name="default"):
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


def binding(name, of, *subjects, namespace=None, kind="ClusterRole"):
    return obj(
        f"{RBAC}/v1", "RoleBinding" if namespace else "ClusterRoleBinding", name, namespace,
        roleRef={"apiGroup": RBAC, "kind": kind, "name": of}, subjects=list(subjects),
    )


def service(name, kind, namespace="shop", **more):
    return obj("v1", "Service", name, namespace, spec={"type": kind, "selector": {"app": name}, "ports": [{"port": 443}]}, **more)
