"""A `ringwall serve` of one's own: made, started, ended, started again."""

import json
import os
import signal
import subprocess
import threading
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path

# No server takes longer to start or to end, unless it is broken.
PATIENCE = 60

ACCOUNT = "111122223333"
REGION = "eu-central-1"


@dataclass(frozen=True)
class Credentials:
    id: str
    secret: str
    token: str | None = None

    @staticmethod
    def of(answer):
        """Those of an answer of STS or EKS Auth, whose members begin with another letter."""
        made = {name.lower(): value for name, value in answer.items()}
        return Credentials(made["accesskeyid"], made["secretaccesskey"], made["sessiontoken"])


class Installation:
    """An installation in a folder, and the process that serves it."""

    def __init__(self, program, folder):
        self.program = Path(program).resolve()
        self.home = Path(folder)
        self.process = None
        self.log = []
        self.said = []
        self.run("init", "--account-id", ACCOUNT)

    def environment(self):
        return {"HOME": str(self.home), "PATH": os.environ["PATH"]}

    def run(self, *arguments):
        """Runs a command to its end; what it says is kept to be searched."""
        command = [self.program, *arguments]
        done = subprocess.run(command, env=self.environment(), cwd=self.home, capture_output=True, text=True)
        self.said += [done.stdout, done.stderr]
        if done.returncode != 0:
            raise RuntimeError(f"`ringwall {' '.join(arguments)}` failed: {done.stderr}")

    def credentials(self, profile="default"):
        file = ConfigParser()
        file.read(self.home / ".config/ringwall/credentials")
        return Credentials(file[profile]["aws_access_key_id"], file[profile]["aws_secret_access_key"])

    def start(self, *arguments):
        command = [self.program, "serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", *arguments]
        self.process = subprocess.Popen(
            command, env=self.environment(), cwd=self.home, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        serving = threading.Event()
        self.readers = [
            threading.Thread(target=self.read, args=(stream, serving), daemon=True)
            for stream in (self.process.stdout, self.process.stderr)
        ]
        for reader in self.readers:
            reader.start()
        if not serving.wait(PATIENCE):
            raise RuntimeError(f"it does not serve: {self.log[-5:]}")

    def read(self, stream, serving):
        for line in stream:
            self.log.append(line)
            if '"message":"serving"' in line:
                self.port = int(json.loads(line)["address"].rsplit(":", 1)[1])
                serving.set()
        # A process that ended has nothing more to be waited for.
        serving.set()

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    @property
    def authority(self):
        return str(self.home / ".local/share/ringwall/tls/ca.pem")

    @property
    def data(self):
        return self.home / ".local/share/ringwall"

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        status = self.process.wait(PATIENCE)
        for reader in self.readers:
            reader.join(PATIENCE)
        return status

    def again(self, how, *arguments):
        """Ends it and starts it anew, behind another port."""
        self.end(how)
        self.start(*arguments)

    def records(self, account=ACCOUNT):
        """The CloudTrail records of an account, in the order in which they were written."""
        files = sorted((self.data / "trail/AWSLogs" / account).rglob("*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]
