"""A real kube-apiserver with every plug of Ringwall in it: who gets in, what pods and volumes
get, what etcd holds.

    python suite.py PROGRAM TESTBED AUTHENTICATOR

PROGRAM is `ringwall`, TESTBED the testbed's program, AUTHENTICATOR is aws-iam-authenticator. Everything lies in a temporary folder and is gone at the end.
"""

import pathlib
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "aws"))

import at_rest
import logins
import mounts
import pod_identity
import pods
from process import until
from stack import Stack
from world import Report, World

# Seconds for all of it; then what runs is ended and the suite has failed.
MOST = 1200


def set_up(w, stack):
    """The key that seals, and an apiserver that was not there when the plugs began."""
    key = w.kms.create_key(Description="etcd")["KeyMetadata"]["Arn"]
    w.kms.create_alias(AliasName="alias/etcd", TargetKeyId=key)
    # Its kubeconfig and its authority are there before it, as in any cluster that restarts.
    stack.bed.start(f"--secure-port={stack.ports['apiserver']}").stop()
    stack.kms().start()
    webhooks = stack.webhooks().start(wait=False)
    w.report.check(webhooks.is_running(), "the webhooks begin without an apiserver")
    stack.bed.start(*stack.control_plane())
    w.report.check(until(webhooks.is_ready), "the webhooks get ready once the apiserver is there")


def run(program, testbed, authenticator):
    report = Report()
    with tempfile.TemporaryDirectory(prefix="ringwall-plugs-") as home:
        stack = Stack(program, testbed, home)
        watch = threading.Timer(MOST, stack.stop)
        watch.daemon = True
        watch.start()
        try:
            w = World(stack.aws, None, report)
            report.begin("a control plane with every plug")
            set_up(w, stack)
            stack.bed.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
            written = at_rest.run(w, stack)
            # The others have no need of the key, and so the time until its going shows is theirs.
            at_rest.take_key(w)
            logins.run(w, stack, authenticator)
            pods.run(w, stack)
            mounts.run(w, stack, pod_identity.run(w, stack))
            at_rest.outage(w, stack, written)
        finally:
            watch.cancel()
            stack.stop()
    report.end()
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    began = time.monotonic()
    status = run(*sys.argv[1:])
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    sys.exit(status)
