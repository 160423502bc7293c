"""Starts all that the chain needs, walks it, and ends what it started. `walkthrough.sh` builds both programs and runs this.

    python walkthrough.py RINGWALL TESTBED [--keep]
"""

import argparse
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "testbed" / "plugs"))

# Before the others: `testbed/aws` has a suite of its own, and comes before `testbed/plugs` from here on.
from suite import set_up
from stack import REGION, Stack
from world import World

from chain import Chain
from stage import INDENT, Broken, Stage

# What the administrator's shell needs, in the order in which it is told.
TOLD = [
    "PATH", "KUBECONFIG", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_DEFAULT_REGION", "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
]


class Strict:
    """Takes what the set-up checks; it goes no further if something does not hold."""

    def check(self, holds, what):
        if not holds:
            raise Broken(what)


def programs(stack):
    """A folder with `ringwall`, `kubectl` and `aws`, for the PATH."""
    folder = stack.home / "bin"
    folder.mkdir()
    commands = {
        "ringwall": f"'{stack.program}'", "kubectl": f"'{stack.bed.program}' kubectl",
        "aws": f"'{sys.executable}' -B -m awscli",
    }
    for name, command in commands.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (folder / name).chmod(0o755)
    return folder


def walk(stage, stack):
    set_up(World(stack.aws, None, Strict()), stack)
    said = subprocess.run([stack.bed.program, "version"], capture_output=True, text=True, check=True, timeout=60)
    version = json.loads(said.stdout)
    ports = stack.ports
    stage.table([
        ("ringwall serve", f"AWS's side, {REGION}", stack.aws.url),
        ("ringwall serve --services authn", "the token webhook", f"https://127.0.0.1:{ports['authn']}"),
        ("ringwall serve --services identity", "the pod webhook", f"https://localhost:{ports['identity']}"),
        ("ringwall kms serve", "seals Secrets in etcd", stack.socket.name),
        (f"kube-apiserver {version['kubernetes']}", f"with etcd {version['etcd']}", stack.bed.server),
    ])
    Chain(stage, stack, programs(stack)).run()


def tell(stage):
    """Says how to use all of it from another terminal, until Ctrl-C."""
    print("\nAll of it goes on until Ctrl-C. In another terminal, to be the administrator:\n")
    for name in TOLD:
        value = stage.environments["admin"][name]
        print(f"{INDENT}export {name}={value.split(':')[0] + ':$PATH' if name == 'PATH' else value}")
    print("\nand the developer, with these in their place:\n")
    for name in ["KUBECONFIG", "AWS_SHARED_CREDENTIALS_FILE"]:
        print(f"{INDENT}export {name}={stage.environments['dana'][name]}")
    print(f"\nManifests and logs are in {stage.folder}", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print()


def run(arguments, folder):
    began, stage = time.monotonic(), Stage(pathlib.Path(folder))
    print(f"Everything is on 127.0.0.1 and in {folder}, and gone at the end.")
    print("Each command stands after the name of who runs it: admin, dana (a developer), pod (a container).")
    print("Starting AWS's side, the plugs, etcd and the apiserver (some seconds) ...\n", flush=True)
    stack = Stack(arguments.ringwall, arguments.testbed, folder)
    status = 0
    try:
        walk(stage, stack)
        held = f"All {stage.steps} steps held, in {time.monotonic() - began:.0f} seconds."
        print(f"\n{stage.paint('held', held)}", flush=True)
    except Exception as error:
        why = f": {error}" if isinstance(error, Broken) else ", as is told above"
        if not isinstance(error, Broken):
            traceback.print_exc()
        where = f"step {stage.steps}, `{stage.title}`, does" if stage.steps else "the start did"
        hint = "" if arguments.keep else " (hint: with --keep all goes on, to look at)"
        print(f"\nerror: {where} not hold{why}{hint}", file=sys.stderr, flush=True)
        status = 1
    try:
        if arguments.keep and stage.environments:
            tell(stage)
    finally:
        stack.stop()
    return status


def main():
    reader = argparse.ArgumentParser(usage="%(prog)s RINGWALL TESTBED [--keep]")
    reader.add_argument("ringwall", help="the program `ringwall`")
    reader.add_argument("testbed", help="the testbed's program, as `cargo xtask testbed` prints it")
    reader.add_argument("--keep", action="store_true", help="let all of it run until Ctrl-C")
    arguments = reader.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="ringwall-irsa-", ignore_cleanup_errors=True) as folder:
        return run(arguments, folder)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
