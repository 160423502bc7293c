"""A real kube-apiserver and etcd, and kubectl: the testbed's program, by its command line alone."""

import json
import pathlib
import signal
import subprocess

# Seconds for a start of the control plane, or for one call of kubectl, on a machine that has other work.
START, CALL = 240, 60


class Bed:
    def __init__(self, program, folder):
        self.program, self.folder = pathlib.Path(program).resolve(), pathlib.Path(folder)
        self.process = None

    @property
    def kubeconfig(self):
        return str(self.folder / "kubeconfig")

    @property
    def pki(self):
        return self.folder / "pki"

    def start(self, *flags):
        """Starts with these flags of kube-apiserver, and waits until it can be relied on."""
        self.process = subprocess.Popen(
            [self.program, "run", "--dir", str(self.folder), "--", *flags],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        told = self.process.stdout.readline()
        if not told:
            raise RuntimeError(f"the control plane did not start: {self.log()[-3000:]}")
        self.server = json.loads(told)["server"]
        return self

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        self.process.stdin.close()
        try:
            self.process.wait(CALL)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(CALL)
        self.process = None

    def log(self):
        return (self.folder / "testbed.log").read_text(errors="replace")

    def try_kubectl(self, *arguments, kubeconfig=None, stdin=None, environment=None):
        """kubectl's exit status, output and messages."""
        done = subprocess.run(
            [self.program, "kubectl", "--kubeconfig", kubeconfig or self.kubeconfig, *arguments],
            input=stdin, capture_output=True, text=True, timeout=CALL, env=environment,
        )
        return done.returncode, done.stdout, done.stderr

    def kubectl(self, *arguments, **options):
        """What kubectl prints; an error if it fails."""
        status, output, messages = self.try_kubectl(*arguments, **options)
        if status != 0:
            raise RuntimeError(f"kubectl {' '.join(arguments)}: {messages}")
        return output

    def get(self, *arguments):
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def apply(self, *objects):
        whole = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        return self.kubectl("apply", "-f", "-", stdin=json.dumps(whole))

    def ask(self, *command, questions):
        """What a command of the testbed's program answers to JSON Lines."""
        done = subprocess.run(
            [self.program, *command], input="".join(json.dumps(line) + "\n" for line in questions), capture_output=True,
            text=True, timeout=CALL,
        )
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        if len(answers) != len(questions):
            raise RuntimeError(f"testbed {' '.join(map(str, command))}: {done.stderr}")
        return answers

    def etcd(self):
        """Flags by which a program of ours reaches etcd, which listens where its log says."""
        line = next(line for line in reversed(self.log().splitlines()) if "serving client traffic" in line)
        return [
            "--etcd", f"https://{json.loads(line)['address']}", "--etcd-ca", str(self.pki / "ca.crt"),
            "--etcd-cert", str(self.pki / "etcd-client.crt"), "--etcd-key", str(self.pki / "etcd-client.key"),
        ]
