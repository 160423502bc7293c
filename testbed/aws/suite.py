"""AWS's own clients against `ringwall serve`: every operation allowed and denied, and what is the same for all.

    python suite.py PROGRAM [SERVICE…]

PROGRAM is `ringwall`; without services all are asked. The installation lies in a temporary folder and is gone at the end.
"""

import importlib
import signal
import sys
import tempfile
import threading
import time

import agent
import checks
import combinations
import every
import forgeries
from issuer import Issuer
from program import Program
from server import Server
from world import Report, World

SERVICES = ["sts", "iam", "kms", "secretsmanager", "ssm", "eks", "ec2", "ecr"]

# Seconds for all of it; then the server is ended and the run has failed.
MOST = 1500


def cases(w, files):
    for service, file in files.items():
        w.report.begin(f"{service} through boto3")
        checks.run_cases(w, service, file.CASES)
        w.report.begin(f"{service} by each layer of policies")
        checks.layers(w, file)
        w.report.begin(f"{service} malformed and unknown")
        checks.malformed(w, file, service)
        w.report.begin(f"{service} through the aws program")
        checks.run_cli(w, service, file.CLI)


def through_the_program(program, issuer, report, files):
    """Every case once more, in an installation of its own, by the code of the `aws` program."""
    with tempfile.TemporaryDirectory(prefix="ringwall-aws-") as home:
        server = Server(program, home, issuer)
        try:
            server.start()
            w = World(server, issuer, report)
            checks.make_users(w)
            w.program = Program(w)
            for service, file in files.items():
                report.begin(f"{service} through the AWS CLI, in process")
                checks.run_cases(w, service, file.CASES)
        finally:
            server.stop()
    return w.faults


def restarts(w, files):
    report, server = w.report, w.server
    report.begin("restarts")
    lasting = checks.Lasting(w, files)
    status = server.stop(signal.SIGTERM)
    report.check(status == 0, f"the server ends well on SIGTERM: {status}")
    server.start()
    lasting.look(w, "SIGTERM")
    answered = checks.killed(w, lambda: server.stop(signal.SIGKILL))
    server.start()
    lasting.look(w, "SIGKILL")
    checks.are_there(w, answered)
    report.begin("throttled")
    server.stop()
    server.start("--throttle-rate", "1", "--throttle-burst", "3")
    for file in files.values():
        for probe in file.PROBES:
            checks.throttled(w, probe)
    every.throttled(w)


def run(program, services):
    files = {service: importlib.import_module(f"cases.{service}") for service in services}
    is_all = services == SERVICES
    report = Report()
    with tempfile.TemporaryDirectory(prefix="ringwall-aws-") as home:
        issuer = Issuer(home)
        server = Server(program, home, issuer)
        watch = threading.Timer(MOST, server.stop, [signal.SIGKILL])
        watch.daemon = True
        watch.start()
        try:
            server.start()
            w = World(server, issuer, report)
            checks.make_users(w)
            if is_all:
                report.begin("coverage")
                checks.coverage(w, files)
            cases(w, files)
            if is_all:
                report.begin("policies together")
                combinations.run(w)
                report.begin("every operation, malformed")
                every.malformed(w)
                report.begin("signed requests, changed")
                forgeries.run(w, checks.records)
                report.begin("pods, by the Pod Identity agent")
                agent.run(w)
            report.begin("presigned GetCallerIdentity, tokens for clusters, and no core file")
            checks.presigned(w)
            checks.tokens(w)
            checks.no_core(w)
            w.faults += through_the_program(program, issuer, report, files)
            if is_all:
                restarts(w, files)
            report.begin("responses against the models")
            for fault in sorted(set(w.faults)):
                report.check(False, fault)
            report.check(w.answers > 0, "there were answers")
            print(f"  {w.answers} answers", flush=True)
            server.stop()
            if is_all:
                report.begin("the example")
                checks.walkthrough(w)
                report.begin("records")
                checks.recorded(w, files)
                report.begin("secrets in the clear")
                checks.no_secrets(w)
        finally:
            server.stop()
            watch.cancel()
            issuer.server.shutdown()
    report.end()
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or not set(sys.argv[2:]) <= set(SERVICES):
        sys.exit(__doc__)
    began = time.monotonic()
    status = run(sys.argv[1], sys.argv[2:] or SERVICES)
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    sys.exit(status)
