"""A node at work: what its kubelet asks of the apiserver all day. Its pods are said to run."""

import base64
import datetime
import json
import subprocess
import threading

from objects import obj

AGENT = "kubelet/v1.37.2 (linux/amd64) kubernetes/0000000"
MERGE, STRATEGIC = "application/merge-patch+json", "application/strategic-merge-patch+json"

# Seconds between looks; a kubelet's heart beats every ten.
EVERY, BEATS = 0.5, 20


def now():
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Node:
    def __init__(self, cluster, name):
        self.cluster, self.name = cluster, name
        self.who = cluster.person(f"system:node:{name}", "system:nodes")
        self.ended, self.running = threading.Event(), set()

    def ask(self, method, path, body=None, kind="application/json"):
        return self.who.https(method, path, body, agent=AGENT, kind=kind)

    def join(self):
        """By a bootstrap token, as kubeadm has it, for a certificate of its own; then as itself."""
        token = self.cluster.person("system:bootstrap:abcdef", "system:bootstrappers", "system:bootstrappers:kubeadm:default-node-token")
        request = subprocess.run(
            ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
             self.cluster.home / f"{self.name}.csr.key", "-subj", f"/O=system:nodes/CN=system:node:{self.name}"],
            check=True, capture_output=True, timeout=60,
        ).stdout
        token.https("POST", "/apis/certificates.k8s.io/v1/certificatesigningrequests", obj(
            "certificates.k8s.io/v1", "CertificateSigningRequest", f"node-csr-{self.name}", spec={
                "request": base64.b64encode(request).decode(), "signerName": "kubernetes.io/kube-apiserver-client-kubelet",
                "usages": ["digital signature", "client auth"],
            },
        ), agent=AGENT)
        self.ask("POST", "/api/v1/nodes", obj("v1", "Node", self.name, labels={"kubernetes.io/hostname": self.name}))
        self.ask("POST", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", obj(
            "coordination.k8s.io/v1", "Lease", self.name, "kube-node-lease",
            spec={"holderIdentity": self.name, "leaseDurationSeconds": 40, "renewTime": now()},
        ))
        self.beat()
        threading.Thread(target=self.work, daemon=True).start()
        return self

    def beat(self):
        status = self.cluster.kubelet.status()
        for condition in status["conditions"]:
            condition["lastHeartbeatTime"] = condition["lastTransitionTime"] = now()
        self.ask("PATCH", f"/api/v1/nodes/{self.name}/status", {"status": status}, MERGE)
        self.ask("PATCH", f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{self.name}", {"spec": {"renewTime": now()}}, MERGE)

    def work(self):
        turn = 0
        while not self.ended.wait(EVERY):
            turn += 1
            try:
                if turn % BEATS == 0:
                    self.beat()
                # It looks by the administrator's eyes, which are no part of the log's day; a kubelet watches.
                for pod in self.cluster.pods_of(self.name):
                    self.run(pod)
            except (OSError, RuntimeError, subprocess.TimeoutExpired, json.JSONDecodeError):
                continue

    def run(self, pod):
        meta, spec = pod["metadata"], pod["spec"]
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        if "deletionTimestamp" in meta:
            self.ask("DELETE", f"{path}?gracePeriodSeconds=0")
            return
        if meta["uid"] in self.running:
            return
        self.running.add(meta["uid"])
        self.ask("GET", path)
        self.ask("POST", f"/api/v1/namespaces/{meta['namespace']}/serviceaccounts/{spec['serviceAccountName']}/token", {
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {
                "expirationSeconds": 3607,
                "boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": meta["name"], "uid": meta["uid"]},
            },
        })
        for volume in spec.get("volumes", []):
            if "secret" in volume:
                self.ask("GET", f"/api/v1/namespaces/{meta['namespace']}/secrets/{volume['secret']['secretName']}")
        ends = spec.get("restartPolicy") == "Never"
        state = {"terminated": {"exitCode": 0, "reason": "Completed"}} if ends else {"running": {"startedAt": now()[:19] + "Z"}}
        self.ask("PATCH", f"{path}/status", {"status": {
            "phase": "Succeeded" if ends else "Running", "podIP": "10.4.0.7", "startTime": now()[:19] + "Z",
            "conditions": [{"type": kind, "status": "True"} for kind in ("Ready", "ContainersReady", "Initialized", "PodScheduled")],
            "containerStatuses": [
                {"name": one["name"], "image": one["image"], "imageID": "", "ready": not ends, "started": True, "restartCount": 0,
                 "state": state} for one in spec["containers"]
            ],
        }}, STRATEGIC)

    def leave(self):
        self.ended.set()
