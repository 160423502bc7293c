"""Detection over what a real kube-apiserver records of real actions.

    python suite.py PROGRAM TESTBED HELM [ONLY…]

PROGRAM is `ringwall`, TESTBED the testbed's program. ONLY names parts: callers, policies, … Everything lies in a temporary folder and
is gone at the end, unless something failed.
"""

import pathlib
import shutil
import sys
import tempfile
import threading
import time

for beside in ("plugs", "aws"):
    sys.path.insert(1, str(pathlib.Path(__file__).parent.parent / beside))

import anomalies
import benign
import callers
import commands
import identities
import malformed
import policies
import service
import tester
import workloads
from cluster import NODE, Cluster
from objects import obj
from report import Report
from stage import Stage, documented

# Seconds for all of it; then what runs is ended and the suite has failed.
MOST = 900

PARTS = {
    "callers": callers.run, "policies": policies.run, "workloads": workloads.run, "commands": commands.run,
    "identities": identities.run, "tester": tester.run, "anomalies": anomalies.run,
    "benign": benign.run,
}


# The audit service hangs, or is gone, while these go on.
OUTAGES = {"policies": "hangs", "commands": "is gone"}


def set_up(cluster):
    """What there is before anything is looked at."""
    admin = cluster.admin
    admin.kubectl("create", "namespace", "shop")
    admin.apply(obj("v1", "Node", NODE))
    admin.https("PATCH", f"/api/v1/nodes/{NODE}/status", {"status": cluster.kubelet.status()}, kind="application/merge-patch+json")


def run(program, testbed, helm, only):
    report = Report()
    home = tempfile.mkdtemp(prefix="ringwall-detect-")
    cluster = Cluster(program, testbed, helm, home)
    watch = threading.Timer(MOST, cluster.stop)
    watch.daemon = True
    watch.start()
    beside = service.Service(cluster) if not only or "service" in only else None
    try:
        cluster.start(*(beside.start() if beside else []))
        set_up(cluster)
        stage = Stage(cluster, report)
        if beside:
            beside.watch()
        for name, part in PARTS.items():
            if only and name not in only:
                continue
            if beside and name in OUTAGES:
                beside.outage(OUTAGES[name])
            part(stage)
        if beside:
            service.run(stage, beside)
        if not only or "malformed" in only:
            malformed.run(stage, beside)
        stage.begin("types")
        if not only:
            missing = documented() - stage.fired
            report.check(not missing, f"every documented type was told of something: {sorted(missing)}")
            report.check(stage.quiet > 100, "and nothing of many acts")
    finally:
        watch.cancel()
        if beside:
            beside.stop()
        cluster.stop()
    stage.end()
    report.end()
    print(f"{report.passed} passed, {report.failed} failed")
    if report.failed:
        print(f"what was recorded is in {home}")
        return 1
    shutil.rmtree(home)
    return 0 if report.passed else 1


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    began = time.monotonic()
    status = run(*sys.argv[1:4], sys.argv[4:])
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    sys.exit(status)
