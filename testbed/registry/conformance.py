"""OCI's conformance suite against the registry, with authentication on.

    python conformance.py RINGWALL SUITE

No test may fail, and the suite itself may not break, by either version of the specification and whichever way clients are
asked to authenticate.
"""

import os
import re
import subprocess
import sys
import tempfile

from registry import Registry

# Seconds for one run of the suite.
MOST = 600

VERSIONS = ["1.1", "dev"]
COUNT = re.compile(r"^ +(Pass|FAIL|Error|Skip|Disabled|Total)\.+: +(\d+)$", re.MULTILINE)


def judged(suite, registry, version, folder):
    """How many tests passed, failed and so on."""
    user, password = registry.password()
    environment = {
        "PATH": os.environ["PATH"], "HOME": folder,
        "OCI_REGISTRY": registry.address, "OCI_TLS": "disabled", "OCI_VERSION": version,
        "OCI_REPO1": "conformance/one", "OCI_REPO2": "conformance/two",
        "OCI_USERNAME": user, "OCI_PASSWORD": password, "OCI_RESULTS_DIR": f"{folder}/results-{version}",
    }
    done = subprocess.run(
        [suite], env=environment, cwd=folder, capture_output=True, text=True, timeout=MOST
    )
    counts = {name: int(count) for name, count in COUNT.findall(done.stdout)}
    bad = [line for line in done.stdout.splitlines() if re.search(r": (FAIL|Error)$| - ", line)]
    return counts, bad, done.stderr


def main():
    program, suite = sys.argv[1:]
    failed = False
    for challenge in ["basic", "token"]:
        with tempfile.TemporaryDirectory(prefix="ringwall-registry-") as home:
            registry = Registry(program, home)
            try:
                registry.start("--registry-challenge", challenge)
                registry.create_on_push("conformance")
                for version in VERSIONS:
                    counts, bad, errors = judged(suite, registry, version, home)
                    print(f"{version}, {challenge}: {counts}", flush=True)
                    # A run that broke off counts nothing.
                    is_good = counts.get("Pass", 0) > 500 and counts.get("FAIL") == 0 and counts.get("Error") == 0
                    if not is_good:
                        failed = True
                        print("\n".join(bad), errors, sep="\n", flush=True)
            finally:
                registry.stop()
    sys.exit(1 if failed else 0)


main()
