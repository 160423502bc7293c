"""A plug is killed with SIGKILL while it is asked, and comes back: what holds meanwhile, and afterwards."""

import dataclasses
import itertools
import signal
import subprocess
import threading
import time

from process import until

# Who asks at the same time, and the seconds that each rests between: 30 a second at most, which two cores have left beside
# an apiserver.
WORKERS, REST = 3, 0.1

# How often the plug is killed, how many seconds it stays away, so that it is asked then, and for how many it is let alone
# once it is back.
KILLS, AWAY, CALM = 2, 1, 1

# Seconds after which nobody asks any more, whatever happens.
MOST = 240


class Away(Exception):
    """A failure: what may come while the plug is away, and at no other time."""


class Wrong(Exception):
    """An answer that must never come."""


@dataclasses.dataclass
class Attempt:
    number: int
    worker: int
    began: float
    ended: float
    failed: str = ""
    wrong: str = ""

    @property
    def went_well(self):
        return not self.failed and not self.wrong

    def meets(self, begin, end):
        return self.began < end and self.ended > begin


class Load:
    """Attempts without end, of several threads."""

    def __init__(self, attempt):
        self.attempt, self.attempts, self.numbers = attempt, [], itertools.count()
        self.done, self.end = threading.Event(), time.monotonic() + MOST
        self.threads = [threading.Thread(target=self.work, args=[worker], daemon=True) for worker in range(WORKERS)]

    def work(self, worker):
        while time.monotonic() < self.end and not self.done.wait(REST):
            made = Attempt(next(self.numbers), worker, time.monotonic(), 0)
            try:
                self.attempt(made.number)
            # No answer at all is none that is wrong.
            except (Away, subprocess.TimeoutExpired) as error:
                made.failed = str(error)
            # Whatever else is raised, nobody has foreseen.
            except Exception as error:
                made.wrong = repr(error)
            made.ended = time.monotonic()
            self.attempts.append(made)

    def goes_on(self, since=0.0):
        """Whether everybody who asks has had an answer to what he began since then."""
        well = {made.worker for made in list(self.attempts) if made.went_well and made.began >= since}
        return len(well) == WORKERS

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        for thread in self.threads:
            thread.join()


def under_fire(report, plug, attempt):
    """Kills a plug while `attempt(number)` is called from all sides, which raises Away or Wrong unless it went well. Checks
    that the plug comes back each time and that nothing fails but while it is away; the numbers of what went well."""
    away = []
    with Load(attempt) as load:
        report.check(until(load.goes_on), f"it is asked: {[made.failed for made in load.attempts][:2]}")
        for _ in range(KILLS):
            killed = time.monotonic()
            plug.stop(signal.SIGKILL)
            time.sleep(AWAY)
            began = time.monotonic()
            plug.start()
            ready = time.monotonic()
            report.check(until(lambda: load.goes_on(ready)), "killed, it comes back, and answers everybody")
            away.append((killed, began, time.monotonic()))
            time.sleep(CALM)
    attempts = load.attempts
    wrong = [made.wrong for made in attempts if made.wrong]
    report.check(not wrong, f"no answer is ever wrong: {wrong[:2]}")
    stray = [
        made.failed for made in attempts if made.failed and not any(made.meets(killed, back) for killed, _, back in away)
    ]
    report.check(not stray, f"none fails while it is there: {stray[:2]}")
    is_met = all(any(made.meets(killed, began) for made in attempts) for killed, began, _ in away)
    report.check(is_met, "it is asked while it is away")
    print(f"  {len(attempts)} attempts, {sum(bool(made.failed) for made in attempts)} failed", flush=True)
    return [made.number for made in attempts if made.went_well]
