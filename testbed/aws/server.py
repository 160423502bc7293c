"""An installation of Ringwall in a temporary home, and the server on it: the real program, by its command line alone."""

import configparser
import os
import pathlib
import random
import signal
import socket
import subprocess

from process import PATIENCE, Running

ACCOUNT = "111122223333"
OTHER = "444455556666"
CLUSTER = "shop"
REGION = "eu-central-1"


# Below the ports that Linux and macOS give to whoever asks for any: what is free here stays so until it is listened on.
PORTS = range(20000, 32000)


def free_port():
    for port in random.sample(PORTS, 100):
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError(f"nearly all ports of {PORTS} are taken")


class Server:
    def __init__(self, program, home, issuer):
        """Makes the installation. `issuer` has the keys of the cluster's tokens, the URL that it is registered with, and an
        address of its own."""
        self.program = pathlib.Path(program).resolve()
        self.home = pathlib.Path(home)
        self.issuer = issuer
        self.running = None
        self.logs = []
        # No proxy and no setting of whoever runs this has a say.
        self.environment = {"HOME": str(home), "PATH": os.environ.get("PATH", "")}
        self.run("init", "--account-id", ACCOUNT)
        self.run("account", "create", "other", "--account-id", OTHER)
        keys = self.home / "keys.json"
        keys.write_text(issuer.keys())
        self.run(
            "cluster", "register", CLUSTER, "--issuer", issuer.registered, "--keys", str(keys),
            "--account", ACCOUNT, "--in-region", REGION,
        )

    @property
    def data(self):
        return self.home / ".local" / "share" / "ringwall"

    @property
    def authority(self):
        return str(self.data / "tls" / "ca.pem")

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def credentials(self, profile):
        file = configparser.ConfigParser()
        file.read(self.home / ".config" / "ringwall" / "credentials")
        return (file[profile]["aws_access_key_id"], file[profile]["aws_secret_access_key"], None)

    def run(self, *arguments):
        done = subprocess.run(
            [self.program, *arguments], env=self.environment, capture_output=True, text=True, timeout=PATIENCE
        )
        if done.returncode != 0:
            raise RuntimeError(f"`ringwall {' '.join(arguments)}` failed: {done.stderr}")
        return done.stdout

    def start(self, *flags):
        """Starts the server and waits until it is ready; twice, if another program took a port between."""
        for is_last in (False, True):
            self.port, admin = free_port(), free_port()
            if "--registry-listen" not in flags:
                # Other installations run beside this one.
                more = ["--services", "aws,registry", "--registry-listen", f"127.0.0.1:{free_port()}"]
            else:
                more = []
            self.logs.append(self.home / f"log-{len(self.logs)}")
            command = [
                self.program, "serve", "--listen", f"127.0.0.1:{self.port}", "--admin-listen", f"127.0.0.1:{admin}",
                "--log-level", "debug", "--oidc-allow", self.issuer.address,
                "--oidc-ca-file", self.issuer.certificate, *more, *flags,
            ]
            self.running = Running(command, self.environment, self.logs[-1], f"http://127.0.0.1:{admin}/readyz")
            try:
                self.running.start()
                return
            except RuntimeError:
                if is_last:
                    raise

    def stop(self, how=signal.SIGTERM):
        """Ends this server; its exit status."""
        return self.running.stop(how) if self.running else None
