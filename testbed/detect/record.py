"""The audit log, cut by what was done: each act's events are found apart from all others'."""

import contextlib
import json
import pathlib
import uuid

from process import until


class Record:
    def __init__(self, path, folder, ask):
        """`ask(path)` makes a request to the apiserver, which is how the end of an act is found in the log."""
        self.path, self.folder, self.ask = pathlib.Path(path), pathlib.Path(folder), ask
        self.folder.mkdir(exist_ok=True)
        self.acts = []

    def size(self):
        return self.path.stat().st_size if self.path.exists() else 0

    def mark(self):
        """Where in the log is all that was asked before."""
        name, before = str(uuid.uuid4()), self.size()
        self.ask(f"/apis?mark={name}")
        if not until(lambda: name in self.text(before), 30, every=0.02):
            raise RuntimeError("what was asked does not get into the audit log")
        # The mark's own line, whole.
        text = self.text(before)
        return before + len(text[: text.index("\n", text.index(name)) + 1].encode())

    def text(self, begin, end=None):
        with self.path.open("rb") as file:
            file.seek(begin)
            whole = file.read() if end is None else file.read(end - begin)
        return whole.decode(errors="replace")

    @contextlib.contextmanager
    def act(self, name):
        """What is done inside becomes a log of its own; its path is the act's `log` afterwards."""
        act = Act(name, self.folder / f"{len(self.acts):03}.log")
        begin = self.mark()
        yield act
        lines = self.text(begin, self.mark()).splitlines(keepends=True)
        # The testbed's own controllers come as nobody does in a cluster: as administrators.
        act.log.write_text("".join(line for line in lines if '"username":"testbed:controllers"' not in line))
        self.acts.append(act)

    def events(self, begin=0):
        return [json.loads(line) for line in self.text(begin).splitlines() if line]


class Act:
    def __init__(self, name, log):
        self.name, self.log = name, log

    def events(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]
