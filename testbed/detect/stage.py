"""Acts, and the findings that each must have: no more and no fewer."""

import concurrent.futures
import contextlib
import pathlib
import re

# Of GuardDuty's bands, as `ringwall detect` prints them.
LOW, MEDIUM, HIGH, CRITICAL = 2, 5, 8, 9

TYPES = pathlib.Path(__file__).parents[2] / "docs" / "detection" / "types.md"


def documented():
    """The types that the project says it tells of an audit log."""
    return set(re.findall(r"^### (\S+)$", TYPES.read_text(), re.M))


class Stage:
    def __init__(self, cluster, report):
        self.cluster, self.report = cluster, report
        self.fired, self.quiet = set(), 0
        # Logs are looked at while the next acts are done.
        self.looking, self.waiting = concurrent.futures.ThreadPoolExecutor(1), []

    def begin(self, group):
        self.end()
        self.report.begin(group)

    def end(self):
        """Waits until all logs of the group are looked at."""
        for one in self.waiting:
            one.result()
        self.waiting.clear()

    @contextlib.contextmanager
    def tells(self, what, expected, flags=(), after=None):
        """What is done inside has these findings, by type and severity; after an act, if its events are to be known."""
        with self.cluster.record.act(what) as act:
            yield act
        self.waiting.append(self.looking.submit(self.look, act, expected, flags, after))

    def look(self, act, expected, flags, after):
        what, told = act.name, {}
        logs = [after.log, act.log] if after else [act.log]
        for finding in self.cluster.detect(*logs, flags=flags):
            if after and all(pathlib.Path(one["file"]).name != act.log.name for one in finding["evidence"]):
                continue
            told[finding["type"]] = max(finding["severity"], told.get(finding["type"], 0))
            self.leads_back(what, finding, act)
        self.fired |= set(told)
        self.quiet += not expected
        self.report.check(told == expected, f"{what}: {shown(told)} in place of {shown(expected)} ({act.log})")

    def silent(self, what, flags=(), after=None):
        return self.tells(what, {}, flags, after)

    def leads_back(self, what, finding, act):
        """Each finding names events that are there."""
        ids = {event["auditID"] for event in act.events()}
        evidence = [one["auditID"] for one in finding["evidence"] if pathlib.Path(one["file"]).name == act.log.name]
        self.report.check(evidence and ids.issuperset(evidence), f"{what}: {finding['type']} rests on events of the log")


def shown(told):
    return ", ".join(f"{name} {severity:g}" for name, severity in sorted(told.items())) or "nothing"
