"""The audit service beside the log: it gets every event by the webhook, is stopped and killed, and comes to the same findings."""

import datetime
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import statistics
import subprocess
import threading
import time
import urllib.request

from process import Running, until

# The page for whoever sets it up: the flags that an apiserver is started with here are those that stand there.
PAGE = pathlib.Path(__file__).parents[2] / "docs" / "plugs" / "audit.md"

# Seconds: how long it hangs, how long it is gone, how often the apiserver is asked something all the while.
HANGS, GONE, EVERY = 60, 20, 0.1

# Events of a batch that is sent once more, and seconds after which it has come if ever: without an outage, and after one.
BATCH, SETTLED, LAST_WAIT = 200, 10, 45
FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Service:
    def __init__(self, cluster):
        self.cluster, self.data = cluster, cluster.home / "data"
        self.listen, self.admin = (f"127.0.0.1:{free_port()}" for _ in range(2))
        self.environment = {"HOME": str(cluster.home), "PATH": os.environ.get("PATH", "")}
        lists = [one for one in cluster.lists if one != "--intel"]
        command = [
            cluster.program, "serve", "--services", "audit", "--data-folder", self.data, "--cluster-name", "bed",
            "--audit-listen", self.listen, "--admin-listen", self.admin,
            "--region", "eu-west-1", "--audit-lists", ",".join(lists),
        ]
        self.process = Running(command, self.environment, cluster.home / "service.log", f"http://{self.admin}/readyz")
        self.asked, self.outages, self.ended, self.away = [], [], threading.Event(), None

    def start(self):
        """Starts it; the flags by which an apiserver sends it its events."""
        self.process.start()
        self.files = files = self.cluster.home / "webhooks"
        self.ringwall("cluster", "webhooks", "bed", "--out", files, "--audit", self.listen, "--data-folder", self.data)
        flags = re.findall(r"^ +(--audit-webhook-\S+)$", PAGE.read_text(), re.M)
        return [
            f"--audit-webhook-config-file={files / 'audit.kubeconfig'}" if flag.startswith("--audit-webhook-config-file") else flag
            for flag in flags
        ]

    def ringwall(self, *arguments):
        done = subprocess.run(
            [self.cluster.program, *map(str, arguments)], capture_output=True, text=True, timeout=120, env=self.environment,
        )
        if done.returncode != 0:
            raise RuntimeError(f"ringwall {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout

    def findings(self):
        lines = self.ringwall("findings", "list", "--data-folder", self.data, "--output", "json").splitlines()
        return [json.loads(line) for line in lines]

    def counted(self, metric, **labels):
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://{self.admin}/metrics", timeout=30) as answer:
            return counted(answer.read().decode(), metric, **labels)

    def send(self, body):
        """Posts a batch as the apiserver does; the status."""
        context = ssl._create_unverified_context()
        context.load_cert_chain(self.files / "client.pem", self.files / "client.key")
        host, port = self.listen.split(":")
        connection = http.client.HTTPSConnection(host, int(port), timeout=60, context=context)
        try:
            connection.request("POST", "/audit/bed", body, {"Content-Type": "application/json"})
            return connection.getresponse().status
        finally:
            connection.close()

    def looked_at(self):
        """Events that were looked at since it started: new ones, and ones that it knows."""
        of = "ringwall_audit_events_total"
        return self.counted(of, outcome="judged"), self.counted(of, outcome="repeated")

    def until(self, holds):
        return until(holds, 60)

    def ask_all_the_while(self):
        """Asks the apiserver the same again and again, and keeps when and how long it took."""
        connection = self.cluster.admin.connection()
        while not self.ended.wait(EVERY):
            began = time.monotonic()
            try:
                connection.request("GET", "/api/v1/namespaces/default", headers={"User-Agent": "testbed"})
                connection.getresponse().read()
                self.asked.append((began, time.monotonic() - began))
            except OSError:
                connection.close()

    def watch(self):
        threading.Thread(target=self.ask_all_the_while, daemon=True).start()

    def outage(self, how):
        """It hangs for a minute, or is gone for a while; whatever else happens meanwhile goes on."""
        if self.away:
            self.away.join()

        def away():
            began = time.monotonic()
            if how == "hangs":
                self.process.process.send_signal(signal.SIGSTOP)
                self.ended.wait(HANGS)
                self.process.process.send_signal(signal.SIGCONT)
            else:
                self.process.stop(signal.SIGKILL)
                self.ended.wait(GONE)
                self.process.start()
            self.outages.append((began, time.monotonic(), how))
        self.away = threading.Thread(target=away, daemon=True)
        self.away.start()

    def stop(self):
        self.ended.set()
        if self.process.process is not None and self.process.is_running():
            self.process.process.send_signal(signal.SIGCONT)
        self.process.stop()


def counted(text, metric, **labels):
    """The sum of a metric's lines with these labels."""
    total = 0
    for name, found, value in re.findall(r"^(\w+)(?:\{(.*?)\})? ([0-9.e+]+)$", text, re.M):
        if name == metric and all(f'{label}="{wanted}"' in found for label, wanted in labels.items()):
            total += float(value)
    return total


# Batches that are sent again come late: a pod that comes before its owner's act counts by itself, and what counts as done after something
# else may begin with another act.
BY_ORDER = re.compile(r"WorkloadDeployed!|RightsThenWorkload$")


def key(finding):
    """By what a finding is the same. A sequence has its id from what it began with, and batches that are sent again come late."""
    sequence = finding["service"].get("detection", {}).get("sequence")
    return (finding["type"], sequence["actors"][0]["id"]) if sequence else finding["id"]


def run(stage, service):
    """At the end of everything: nothing was lost, nobody waited, and the findings are those of the log."""
    cluster, report = stage.cluster, stage.report
    stage.begin("the audit service beside the log")
    service.away.join()
    service.ended.set()
    for process in cluster.running:
        process.stop()
    connection = cluster.admin.connection()
    connection.request("GET", "/metrics")
    dropped = counted(connection.getresponse().read().decode(), "apiserver_audit_error_total")
    report.check(dropped == 0, f"an outage of a minute has the apiserver drop nothing: {dropped:g}")

    # All that has been in the log for a while is sent once more: each event is known, or it was lost. The last wait before a batch
    # that failed is tried again is half a minute.
    time.sleep(max(0, LAST_WAIT - (time.monotonic() - service.outages[-1][1])))
    before = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=SETTLED)).strftime(FORMAT)
    events = [event for event in cluster.record.events() if event["stageTimestamp"] < before]
    ids = {event["auditID"] for event in events}
    _, repeated = service.looked_at()
    for at in range(0, len(events), BATCH):
        batch = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": events[at:at + BATCH]}
        report.check(service.send(json.dumps(batch).encode()) == 200, "a batch is taken")
    until(lambda: service.looked_at()[1] - repeated >= len(events), 30)
    known = service.looked_at()[1] - repeated
    report.check(known >= len(events) - dropped, f"of {len(events)} events in the log {len(events) - known:g} never came to the service")
    print(f"  {len(events)} events of {len(ids)} requests, sent twice", flush=True)

    def percentile(of, which):
        return statistics.quantiles(of, n=100)[which - 1] * 1000 if len(of) > 1 else float("nan")

    well = [took for began, took in service.asked if not any(begin <= began <= end for begin, end, _ in service.outages)]
    for begin, end, how in service.outages:
        away = [took for began, took in service.asked if begin <= began <= end]
        report.check(len(away) > 50, f"the apiserver answers while it {how}: {len(away)} times")
        if not well:
            continue
        ratios = ", ".join(
            f"p{which} {percentile(away, which):.0f} ms, else {percentile(well, which):.0f} ms: "
            f"{percentile(away, which) / percentile(well, which):.2f} times" for which in (50, 99)
        )
        print(f"  while it {how} ({end - begin:.0f} s, {len(away)} requests): {ratios}", flush=True)

    told = {key(finding): finding for finding in cluster.detect(cluster.log, flags=["--region", "eu-west-1"])}
    found = {key(finding): finding for finding in service.findings()}
    both = {finding["type"] for finding in told.values()} & {finding["type"] for finding in found.values()}

    def only(these, those):
        types = sorted(these[one]["type"] for one in these.keys() - those.keys())
        return [one for one in types if one not in both or not BY_ORDER.search(one)]

    missing, more = only(told, found), only(found, told)
    report.check(len(told) > 10, f"the log has {len(told)} findings")
    report.check(not missing and not more, f"the service has the same: missing {missing}, more {more}")
    named = {one["auditID"] for finding in found.values() for one in finding["evidence"]}
    report.check(named <= ids, "they rest on events of the log")
