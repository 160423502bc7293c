"""A program of ours that goes on: started, waited for, ended by its id."""

import pathlib
import signal
import subprocess
import time
import urllib.request

# Seconds to begin or to end on a machine that has other work.
PATIENCE = 90


class Running:
    def __init__(self, command, environment, log, ready):
        """`ready` is the URL that answers 200 once it can do its work."""
        self.command, self.environment = [str(part) for part in command], environment
        self.log, self.ready, self.process = pathlib.Path(log), ready, None

    def start(self, wait=True):
        """Starts it, and waits until it is ready unless told otherwise; an error if it doesn't get so."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        if wait:
            until(lambda: self.is_ready() or not self.is_running(), every=0.05)
            if not self.is_ready():
                self.stop(signal.SIGKILL)
                raise RuntimeError(f"{' '.join(self.command)}: {self.text()[-3000:]}")
        return self

    def is_ready(self):
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(self.ready, timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, how=signal.SIGTERM):
        """Ends it; its exit status, or none if it did not run."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait(PATIENCE)
        self.process = None
        return status

    def text(self):
        return self.log.read_text(errors="replace")


def until(holds, seconds=PATIENCE, every=0.2):
    """Waits until something holds; whether it did in time."""
    end = time.monotonic() + seconds
    while True:
        if holds():
            return True
        if time.monotonic() > end:
            return False
        time.sleep(every)
