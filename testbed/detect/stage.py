"""Acts, and the findings that each must have: no more and no fewer."""

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

    @contextlib.contextmanager
    def tells(self, what, expected, flags=()):
        """What is done inside has these findings, by type and severity."""
        with self.cluster.record.act(what) as act:
            yield act
        told = {}
        for finding in self.cluster.detect(act.log, flags=flags):
            told[finding["type"]] = max(finding["severity"], told.get(finding["type"], 0))
            self.leads_back(what, finding, act)
        self.fired |= set(told)
        self.quiet += not expected
        self.report.check(told == expected, f"{what}: {shown(told)} in place of {shown(expected)} ({act.log})")

    def silent(self, what, flags=()):
        return self.tells(what, {}, flags)

    def leads_back(self, what, finding, act):
        """Each finding names events that are there."""
        ids = {event["auditID"] for event in act.events()}
        evidence = [one["auditID"] for one in finding["evidence"]]
        self.report.check(evidence and ids.issuperset(evidence), f"{what}: {finding['type']} rests on events of the log")


def shown(told):
    return ", ".join(f"{name} {severity:g}" for name, severity in sorted(told.items())) or "nothing"
