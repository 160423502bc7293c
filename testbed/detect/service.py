"""The audit service beside the log: it gets every event by the webhook, is stopped and killed, and comes to the same findings."""

import json
import os
import pathlib
import re
import signal
import socket
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


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Service:
    def __init__(self, cluster):
        self.cluster, self.data = cluster, cluster.home / "data"
        self.listen, self.admin = (f"127.0.0.1:{free_port()}" for _ in range(2))
        self.environment = {"HOME": str(cluster.home), "PATH": os.environ.get("PATH", "")}
        self.settings = ["--data-folder", str(self.data), "--cluster-name", "bed"]
        lists = [one for one in cluster.lists if one != "--intel"]
        command = [
            cluster.program, "serve", "--services", "audit", *self.settings, "--audit-listen", self.listen, "--admin-listen", self.admin,
            "--region", "eu-west-1", "--audit-lists", ",".join(lists),
        ]
        self.process = Running(command, self.environment, cluster.home / "service.log", f"http://{self.admin}/readyz")
        self.asked, self.outages, self.ended, self.away = [], [], threading.Event(), None

    def start(self):
        """Starts it; the flags by which an apiserver sends it its events."""
        self.process.start()
        files = self.cluster.home / "webhooks"
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
        lines = self.ringwall("findings", "list", *self.settings, "--output", "json").splitlines()
        return {finding["id"]: finding for finding in map(json.loads, lines)}

    def counted(self, metric, **labels):
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://{self.admin}/metrics", timeout=30) as answer:
            return counted(answer.read().decode(), metric, **labels)

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


def run(stage, service):
    """At the end of everything: nothing was lost, nobody waited, and the findings are those of the log."""
    cluster, report = stage.cluster, stage.report
    stage.begin("the audit service beside the log")
    service.away.join()
    events = cluster.record.events()
    ids = {event["auditID"] for event in events}
    connection = cluster.admin.connection()
    connection.request("GET", "/metrics")
    metrics = connection.getresponse().read().decode()
    dropped = counted(metrics, "apiserver_audit_error_total")
    until(lambda: service.counted("ringwall_audit_events_total", outcome="judged") >= len(ids) - dropped, 60)
    judged = service.counted("ringwall_audit_events_total", outcome="judged")
    others = service.counted("ringwall_audit_events_total") - judged
    # What this asked for its metrics is in the log no later than in the service.
    later = len({event["auditID"] for event in cluster.record.events()}) - len(ids)
    report.check(
        len(ids) - dropped <= judged <= len(ids) + later,
        f"of {len(ids)} requests in the log {judged:g} were looked at, and {dropped:g} events dropped by the apiserver",
    )
    report.check(dropped == 0, f"an outage of a minute loses nothing: {dropped:g}")
    print(f"  {len(events)} events of {len(ids)} requests; {others:g} events that came again or were another stage", flush=True)

    def percentile(of):
        return statistics.quantiles(of, n=100)[98] * 1000 if len(of) > 1 else float("nan")

    well = [took for began, took in service.asked if not any(begin <= began <= end for begin, end, _ in service.outages)]
    for begin, end, how in service.outages:
        away = [took for began, took in service.asked if begin <= began <= end]
        report.check(len(away) > 50, f"the apiserver answers while it {how}: {len(away)} times")
        print(
            f"  while it {how} ({end - begin:.0f} s): p99 {percentile(away):.0f} ms of {len(away)}, else {percentile(well):.0f} ms of "
            f"{len(well)}: {percentile(away) / percentile(well):.2f} times", flush=True,
        )

    told = {finding["id"]: finding for finding in cluster.detect(cluster.log, flags=["--region", "eu-west-1"])}
    found = service.findings()
    missing = sorted(told[one]["type"] for one in told.keys() - found.keys())
    more = sorted(found[one]["type"] for one in found.keys() - told.keys())
    report.check(len(told) > 100, f"the log has {len(told)} findings")
    report.check(not missing and not more, f"the service has the same: missing {missing}, more {more}")
    named = {one["auditID"] for finding in found.values() for one in finding["evidence"]}
    report.check(named <= ids, "they rest on events of the log")
