"""A volume of the Secrets Store CSI driver: the testbed's driver has it filled, and a pod looks into it."""

import json
import os
import pathlib

# The mode of files that say none, as kubelet has it.
MODE = 0o644


class Volume:
    def __init__(self, stack, name, pod, account, tokens):
        """A volume of a pod of the namespace `shop`; `tokens` are the pod's, by audience."""
        self.stack, self.pod, self.account, self.tokens = stack, pod, account, tokens
        self.path = stack.home / "volumes" / name
        self.path.mkdir(parents=True)

    def mount(self, objects, versions=(), **parameters):
        """Has it filled by a class: a gRPC status by its name, a message, the versions of what is in it."""
        tokens = {
            audience: {"token": text, "expirationTimestamp": "2099-01-01T00:00:00Z"}
            for audience, text in self.tokens.items()
        }
        request = {
            "attributes": json.dumps({
                **parameters, "objects": objects, "secretProviderClass": "class",
                "csi.storage.k8s.io/pod.name": self.pod, "csi.storage.k8s.io/pod.namespace": "shop",
                "csi.storage.k8s.io/pod.uid": f"uid-of-{self.pod}",
                "csi.storage.k8s.io/serviceAccount.name": self.account,
                "csi.storage.k8s.io/serviceAccount.tokens": json.dumps(tokens),
            }),
            "secrets": "{}", "targetPath": str(self.path), "permission": str(MODE),
            "currentObjectVersion": [{"id": name, "version": version} for name, version in dict(versions).items()],
        }
        driver = ["provider", "mount", "--authority", "localhost", "--socket", str(self.stack.provider)]
        [answer] = self.stack.bed.ask(*driver, questions=[request])
        return answer["code"], answer["message"], answer["versions"]

    def files(self):
        """What a pod sees in it: each file's content and mode."""
        found = {}
        for folder, inner, names in os.walk(self.path, followlinks=True):
            # The driver's own, which is behind what a pod sees.
            inner[:] = [name for name in inner if not name.startswith("..")]
            for path in (pathlib.Path(folder) / name for name in names):
                found[str(path.relative_to(self.path))] = (path.read_text(), path.stat().st_mode & 0o777)
        return found
