"""What policies say, by packets: a real kube-apiserver, the agent on a node, and pods that are network namespaces.

    python suite.py PROGRAM TESTBED [ONLY…]

PROGRAM is `ringwall`, TESTBED the testbed's program. ONLY names parts: policies, births, away, … Needs root, `ip` and `nft`. All namespaces
are the suite's own and gone at the end; the folder stays if something failed.
"""

import pathlib
import shutil
import sys
import tempfile
import threading
import time

for beside in ("plugs", "aws"):
    sys.path.insert(1, str(pathlib.Path(__file__).parent.parent / beside))

import parts
from cluster import Stage
from report import Report

# Seconds for all of it; then what runs is ended and the suite has failed.
MOST = 900


def run(program, testbed, only):
    report = Report()
    home = pathlib.Path(tempfile.mkdtemp(prefix="ringwall-network-"))
    stage = Stage(program, testbed, home, report)
    watch = threading.Timer(MOST, stage.stop)
    watch.daemon = True
    watch.start()
    try:
        stage.start()
        parts.before(stage)
        for name, part in parts.PARTS.items():
            if only and name not in only:
                continue
            report.begin(name)
            part(stage)
    finally:
        watch.cancel()
        stage.stop()
    report.end()
    print(f"{report.passed} passed, {report.failed} failed")
    if report.failed:
        print(f"what was logged is in {home}")
        return 1
    shutil.rmtree(home)
    return 0 if report.passed else 1


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    began = time.monotonic()
    status = run(*sys.argv[1:3], sys.argv[3:])
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    sys.exit(status)
