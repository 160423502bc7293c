"""What held and what did not, a group at a time."""


class Report:
    """Counts, a group at a time, and says what failed."""

    def __init__(self):
        self.passed = self.failed = 0
        self.group = None

    def begin(self, group):
        self.end()
        self.group, self.before = group, (self.passed, self.failed)

    def end(self):
        if self.group is not None:
            passed, failed = self.passed - self.before[0], self.failed - self.before[1]
            print(f"{self.group}: {passed} passed, {failed} failed", flush=True)
            self.group = None

    def check(self, holds, what):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {self.group}: {what}", flush=True)
        return bool(holds)
