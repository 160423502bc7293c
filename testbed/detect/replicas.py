"""Three replicas of the audit service, one killed in mid-stream, NATS killed after that: they find what one `ringwall detect` finds.

    python replicas.py PROGRAM NATS [LOG…]

PROGRAM is `ringwall`, NATS is nats-server, LOG are audit logs as JSON Lines (`.gz` too), by default those of the storefront. Everything
lies in a temporary folder and is gone at the end, unless something failed.
"""

import gzip
import http.client
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(1, str(pathlib.Path(__file__).parent.parent / "aws"))

from process import Running, until
from report import Report
from server import free_port

STOREFRONT = pathlib.Path(__file__).parents[2] / "examples" / "storefront" / "audit"

# Each has the same events and a sequence of its own: more clusters than replicas, so that one has more than one.
CLUSTERS = ["shop", "till", "depot", "lab"]

ACCOUNT, REGION = "111122223333", "eu-west-1"

# Events of a batch: few, so that there are many batches, and a replica is killed between two of them.
BATCH = 4

# Seconds after which others take over what a silent replica had.
SILENCE = 2

# Seconds for all of it; then what runs is ended and the test has failed.
MOST = 600


def events(paths):
    """Texts of events, in the order of the logs."""
    for path in sorted(paths):
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt") as lines:
            yield from (line.strip() for line in lines if line.strip())


class Pki:
    """An authority, the replicas' certificate, and one for each cluster's apiserver."""

    def __init__(self, home):
        self.home = home
        self.made("ca", "/CN=test authority", "basicConstraints=critical,CA:true", own=True)
        self.made("server", "/CN=localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        for cluster in CLUSTERS:
            self.made(cluster, f"/CN=cluster:{cluster}", "extendedKeyUsage=clientAuth")

    def path(self, name, kind):
        return self.home / f"{name}.{kind}"

    def made(self, name, subject, extension, own=False):
        key, request, certificate = (self.path(name, kind) for kind in ("key", "csr", "crt"))
        extensions = self.path(name, "ext")
        extensions.write_text(extension + "\n")
        by = ["-signkey", key] if own else ["-CA", self.path("ca", "crt"), "-CAkey", self.path("ca", "key"), "-CAcreateserial"]
        for command in (
            ["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", key],
            ["openssl", "req", "-new", "-key", key, "-subj", subject, "-out", request],
            ["openssl", "x509", "-req", "-in", request, *by, "-days", "1", "-extfile", extensions, "-out", certificate],
        ):
            subprocess.run(command, check=True, capture_output=True, timeout=60)

    def context(self, cluster):
        context = ssl.create_default_context(cafile=self.path("ca", "crt"))
        context.load_cert_chain(self.path(cluster, "crt"), self.path(cluster, "key"))
        return context


class Nats:
    def __init__(self, program, home):
        self.home, self.port, monitor = home, free_port(), free_port()
        config = home / "nats.conf"
        config.write_text(
            f"host: 127.0.0.1\nport: {self.port}\nhttp: 127.0.0.1:{monitor}\nmax_payload: 8MB\n"
            f'jetstream {{ store_dir: "{home / "jetstream"}", max_file_store: 8GB {self.sync(program)} }}\n'
        )
        ready = f"http://127.0.0.1:{monitor}/healthz?js-enabled-only=true"
        self.running = Running([program, "-c", config], {}, home / "nats.log", ready)

    @staticmethod
    def sync(program):
        """Since 2.10 it can sync what it stores before it says so."""
        said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True, timeout=60).stdout
        version = tuple(int(part) for part in said.rpartition("v")[2].split(".")[:2])
        return ", sync_interval: always" if version >= (2, 10) else ""


class Replica:
    def __init__(self, program, home, pki, nats, number):
        self.home, self.port, admin = home / f"replica-{number}", free_port(), free_port()
        self.home.mkdir()
        self.told = self.home / "told.jsonl"
        sinks = self.home / "sinks.toml"
        sinks.write_text(f"[[sink]]\nname = 'told'\nto.file.path = '{self.told}'\n")
        self.program = program
        self.environment = {"HOME": str(self.home), "PATH": os.environ.get("PATH", "")}
        command = [
            program, "serve", "--services", "audit", "--data-folder", self.home / "data", "--region", REGION,
            "--admin-listen", f"127.0.0.1:{admin}", "--tls-mode", "files", "--tls-certificate", pki.path("server", "crt"),
            "--tls-key", pki.path("server", "key"), "--webhook-client-ca", pki.path("ca", "crt"),
            "--audit-listen", f"127.0.0.1:{self.port}", "--audit-clusters", ",".join(CLUSTERS), "--audit-account", ACCOUNT,
            "--audit-sinks", sinks, "--audit-nats-servers", f"nats://127.0.0.1:{nats.port}",
            "--log-format", "json", "--audit-nats-silence", f"{SILENCE}s", "--audit-nats-event-bytes", "1GiB", "--audit-nats-state-bytes", "1GiB",
        ]
        self.running = Running(command, self.environment, home / f"replica-{number}.log", f"http://127.0.0.1:{admin}/readyz")

    def took(self):
        """The clusters that it has ever taken."""
        lines = (line for line in self.running.text().splitlines() if '"took a cluster"' in line)
        return {json.loads(line)["cluster"] for line in lines}

    def findings(self):
        """What it says that all have found; none while it can't say."""
        done = subprocess.run(
            [self.program, "findings", "list", "--output", "json", "--archived", "--folder", self.home / "data" / "audit"],
            env=self.environment, capture_output=True, text=True, timeout=120, check=False,
        )
        return [json.loads(line) for line in done.stdout.splitlines()] if done.returncode == 0 else None

    def delivered(self):
        if not self.told.exists():
            return []
        return [json.loads(line) for line in self.told.read_text().splitlines()]


class Apiserver(threading.Thread):
    """Sends a cluster's batches in their order, to one replica after the other, again until they are taken."""

    def __init__(self, cluster, batches, replicas, pki, sent):
        super().__init__(name=cluster, daemon=True)
        self.cluster, self.batches, self.replicas, self.sent = cluster, batches, replicas, sent
        self.context, self.failure = pki.context(cluster), None

    def run(self):
        end = time.monotonic() + MOST
        for number, batch in enumerate(self.batches):
            attempt = 0
            while not self.send(self.replicas[(number + attempt) % len(self.replicas)], batch):
                attempt += 1
                if time.monotonic() > end:
                    self.failure = f"batch {number} was never taken"
                    return
                time.sleep(0.05)
            self.sent.release()

    def send(self, replica, batch):
        connection = http.client.HTTPSConnection("127.0.0.1", replica.port, context=self.context, timeout=15)
        try:
            connection.request("POST", f"/audit/{self.cluster}", body=batch, headers={"Content-Type": "application/json"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def batches(texts):
    head = '{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":['
    for start in range(0, len(texts), BATCH):
        yield (head + ",".join(texts[start:start + BATCH]) + "]}").encode()


def essence(finding):
    """What of a finding is made of the events alone; where they were read and when it was written down is not."""
    service = finding["service"]
    return {
        "id": finding["id"], "type": finding["type"], "severity": finding["severity"], "resource": finding["resource"],
        "count": service["count"], "first": service["eventFirstSeen"], "last": service["eventLastSeen"],
        "evidence": sorted(one.get("auditID", "") for one in finding["evidence"]),
    }


def alone(program, home, texts, cluster):
    """What one process finds in the same events."""
    log = home / f"{cluster}.jsonl"
    log.write_text("".join(text + "\n" for text in texts))
    done = subprocess.run(
        [program, "detect", log, "--output", "json", "--archived", "--cluster-name", cluster, "--account", ACCOUNT,
         "--region", REGION],
        capture_output=True, text=True, timeout=120, check=True,
    )
    return [essence(json.loads(line)) for line in done.stdout.splitlines()]


def compare(report, found, expected):
    by_id = {}
    for finding in found:
        report.check(finding["id"] not in by_id, f"{finding['type']} is there once")
        by_id[finding["id"]] = finding
    for finding in expected:
        report.check(by_id.get(finding["id"]) == finding, f"{finding['type']}: {by_id.get(finding['id'])} in place of {finding}")
    wanted = {finding["id"] for finding in expected}
    others = [finding["type"] for finding in found if finding["id"] not in wanted]
    report.check(not others, f"and no others: {others}")


def run(program, nats_program, logs):
    report, home = Report(), pathlib.Path(tempfile.mkdtemp(prefix="ringwall-replicas-"))
    texts = list(events(logs))
    expected = [finding for cluster in CLUSTERS for finding in alone(program, home, texts, cluster)]
    pki, nats = Pki(home), Nats(nats_program, home)
    replicas = [Replica(program, home, pki, nats, number) for number in range(3)]

    def end():
        for one in [*replicas, nats]:
            one.running.stop(signal.SIGKILL)

    watch = threading.Timer(MOST, end)
    watch.daemon = True
    watch.start()
    try:
        report.begin("three replicas share four clusters")
        nats.running.start()
        for replica in replicas:
            replica.running.start()
        shared = until(lambda: all(replica.took() for replica in replicas))
        report.check(shared, f"each has its share: {[sorted(replica.took()) for replica in replicas]}")

        report.begin("one is killed in mid-stream, then NATS")
        sent, all_batches = threading.Semaphore(0), list(batches(texts))
        apiservers = [Apiserver(cluster, all_batches, replicas, pki, sent) for cluster in CLUSTERS]
        for apiserver in apiservers:
            apiserver.start()
        third = len(all_batches) * len(CLUSTERS) // 3
        taken(sent, third, apiservers)
        killed = replicas[1]
        had = killed.took()
        killed.running.stop(signal.SIGKILL)
        report.check(had, "the killed one had work")
        others = [replicas[0], replicas[2]]
        until(lambda: had <= others[0].took() | others[1].took())
        report.check(had <= others[0].took() | others[1].took(), f"others take {sorted(had)} over")
        taken(sent, third, apiservers)
        nats.running.stop(signal.SIGKILL)
        nats.running.start()
        for apiserver in apiservers:
            apiserver.join(MOST)
            report.check(not apiserver.is_alive() and not apiserver.failure, f"{apiserver.name}: {apiserver.failure or 'all is taken'}")

        report.begin("what they found is what one alone finds")
        wanted = sorted(finding["id"] for finding in expected)
        counts = {finding["id"]: finding["count"] for finding in expected}

        def is_whole(replica):
            found = replica.findings() or []
            return sorted(one["id"] for one in found) == wanted and all(one["service"]["count"] == counts[one["id"]] for one in found)

        until(lambda: is_whole(replicas[0]), seconds=120, every=1)
        for replica in others:
            compare(report, [essence(finding) for finding in replica.findings() or []], expected)

        report.begin("each finding came to the sink")
        def told():
            return {finding["id"] for replica in replicas for finding in replica.delivered()}
        until(lambda: told() >= set(wanted), seconds=120, every=1)
        report.check(told() == set(wanted), f"of {len(wanted)} findings {len(told() & set(wanted))} came, and {len(told() - set(wanted))} others")

        report.begin("those that are left end in order")
        for replica in others:
            report.check(replica.running.stop() == 0, "exit status 0")
    finally:
        watch.cancel()
        end()
        report.end()
    print(f"{len(texts)} events a cluster, {len(expected)} findings: {report.passed} passed, {report.failed} failed")
    if report.failed:
        print(f"what was recorded is in {home}")
        return 1
    shutil.rmtree(home)
    return 0 if report.passed else 1


def taken(sent, count, apiservers):
    """Waits until so many batches more were taken."""
    for _ in range(count):
        while not sent.acquire(timeout=1):
            if not any(apiserver.is_alive() for apiserver in apiservers):
                return


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    paths = [pathlib.Path(log) for log in sys.argv[3:]] or list(STOREFRONT.iterdir())
    sys.exit(run(*(pathlib.Path(shutil.which(program) or program).resolve() for program in sys.argv[1:3]), paths))
