"""A peer that is a program of its own: one line of JSON in, one out."""

import json
import subprocess


class Backend:
    """Started when it is first asked, ended with the batch."""

    def __init__(self, command):
        self.command = command
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.stdin.close()
            self.process.wait()

    def ask(self, request):
        if not self.process:
            if not self.command:
                raise RuntimeError("this peer needs the command of its program")
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
            )
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the program ended")
        return json.loads(line)
