"""Clients that people use against the registry: what each pushes, another pulls, the same bytes.

    python clients.py RINGWALL
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from registry import Registry
from server import ACCOUNT, REGION, free_port

# Seconds for one program.
MOST = 120


def run(*command, home, **extra):
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), **extra}
    done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, timeout=MOST)
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(command)}` failed: {done.stdout}{done.stderr}")
    return done.stdout


def layout(home):
    """An image with one layer, made by umoci."""
    image = f"{home}/layout:one"
    run("umoci", "init", "--layout", f"{home}/layout", home=home)
    run("umoci", "new", "--image", image, home=home)
    run("umoci", "unpack", "--rootless", "--image", image, f"{home}/bundle", home=home)
    pathlib.Path(f"{home}/bundle/rootfs/hello").write_text("hello\n" * 100_000)
    run("umoci", "repack", "--image", image, f"{home}/bundle", home=home)
    return f"oci:{image}"


def digest(reference, home, *flags):
    told = run("skopeo", "inspect", "--format", "{{.Digest}}", *flags, reference, home=home)
    return told.strip()


class Debian:
    """Debian's docker-registry, which is copied to and from."""

    def __init__(self, home):
        self.address = f"127.0.0.1:{free_port()}"
        file = pathlib.Path(home) / "docker-registry.yml"
        file.write_text(
            f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {home}/debian\nhttp:\n  addr: {self.address}\n"
        )
        self.running = subprocess.Popen(
            ["docker-registry", "serve", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://{self.address}/v2/", timeout=5).close()
                return
            except urllib.error.URLError:
                time.sleep(0.1)
        raise RuntimeError("docker-registry does not answer")

    def stop(self):
        self.running.terminate()
        self.running.wait(10)


def skopeo(registry, debian, home, image):
    ours = f"docker://{registry.address}/team/skopeo:one"
    theirs = f"docker://{debian.address}/team/skopeo:one"
    user, password = registry.password()
    to = ["--dest-tls-verify=false", "--dest-creds", f"{user}:{password}"]
    of = ["--src-tls-verify=false", "--src-creds", f"{user}:{password}"]
    run("skopeo", "copy", *to, image, ours, home=home)
    run("skopeo", "copy", *of, "--dest-tls-verify=false", ours, theirs, home=home)
    back = f"docker://{registry.address}/team/back:one"
    run("skopeo", "copy", "--src-tls-verify=false", *to, theirs, back, home=home)
    creds = ["--tls-verify=false", "--creds", f"{user}:{password}"]
    digests = {
        digest(image, home), digest(ours, home, *creds), digest(theirs, home, "--tls-verify=false"),
        digest(back, home, *creds),
    }
    assert len(digests) == 1, f"an image is another one after a copy: {digests}"
    tags = json.loads(run("skopeo", "list-tags", *creds, ours.rsplit(":", 1)[0], home=home))
    assert tags["Tags"] == ["one"], tags
    pulled = f"oci:{home}/pulled:one"
    run("skopeo", "copy", *of, ours, pulled, home=home)
    run("umoci", "unpack", "--rootless", "--image", f"{home}/pulled:one", f"{home}/unpacked", home=home)
    assert pathlib.Path(f"{home}/unpacked/rootfs/hello").read_text() == "hello\n" * 100_000
    run("skopeo", "delete", *creds, back, home=home)
    try:
        digest(back, home, *creds)
    except RuntimeError:
        return
    raise AssertionError("what was deleted is there")


def buildah(registry, home, image):
    user, password = registry.password()
    storage = ["--root", f"{home}/storage", "--runroot", f"{home}/run", "--storage-driver", "vfs"]
    ours = f"{registry.address}/team/buildah:one"
    flags = ["--tls-verify=false", "--creds", f"{user}:{password}"]
    pulled = run("buildah", *storage, "pull", image, home=home).split()[-1]
    run("buildah", *storage, "push", *flags, pulled, f"docker://{ours}", home=home)
    run("buildah", *storage, "rmi", "--force", pulled, home=home)
    run("buildah", *storage, "pull", *flags, f"docker://{ours}", home=home)


def oras(registry, home):
    import oras.client

    user, password = registry.password()
    client = oras.client.OrasClient(insecure=True, hostname=registry.address)
    client.login(username=user, password=password, hostname=registry.address, insecure=True,
                 config_path=f"{home}/oras.json")
    file = pathlib.Path(home) / "artifact.txt"
    file.write_text("an artifact")
    target = f"{registry.address}/team/oras:one"
    answer = client.push(target=target, files=["artifact.txt"], disable_path_validation=True)
    assert answer.status_code == 201, answer
    pulled = client.pull(target=target, outdir=f"{home}/oras")
    assert [pathlib.Path(path).read_text() for path in pulled] == ["an artifact"], pulled


def denied(registry, image, home):
    """Nobody gets in without a password, with a wrong one, or further than a policy lets him."""
    for creds in [["--dest-no-creds"], ["--dest-creds", "AWS:wrong"]]:
        try:
            run("skopeo", "copy", "--dest-tls-verify=false", *creds, image,
                f"docker://{registry.address}/team/denied:one", home=home)
        except RuntimeError as error:
            assert "unauthorized" in str(error).lower() or "authentication" in str(error).lower(), error
        else:
            raise AssertionError(f"with {creds} a push went through")
    user, password = registry.password()
    try:
        run("skopeo", "copy", "--dest-tls-verify=false", "--dest-creds", f"{user}:{password}", image,
            f"docker://{registry.address}/elsewhere/one:one", home=home)
    except RuntimeError as error:
        assert "not known" in str(error) or "no repository" in str(error), error
    else:
        raise AssertionError("a repository without template was made")


def immutable(registry, image, home):
    """A tag that may not move doesn't, whichever client asks."""
    registry.create_on_push("fixed", imageTagMutability="IMMUTABLE")
    user, password = registry.password()
    to = ["--dest-tls-verify=false", "--dest-creds", f"{user}:{password}"]
    ours = f"docker://{registry.address}/fixed/one:one"
    run("skopeo", "copy", *to, image, ours, home=home)
    run("umoci", "config", "--image", f"{home}/layout:one", "--tag", "two", "--config.user", "1000", home=home)
    try:
        run("skopeo", "copy", *to, f"oci:{home}/layout:two", ours, home=home)
    except RuntimeError as error:
        assert "immutable" in str(error), error
    else:
        raise AssertionError("an immutable tag was moved")


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="ringwall-registry-") as home:
        registry, debian = Registry(program, home), None
        try:
            registry.start()
            registry.create_on_push("team")
            debian = Debian(home)
            image = layout(home)
            for name, ask in [
                ("skopeo and umoci", lambda: skopeo(registry, debian, home, image)),
                ("buildah", lambda: buildah(registry, home, image)),
                ("oras", lambda: oras(registry, home)),
                ("denied", lambda: denied(registry, image, home)),
                ("immutable", lambda: immutable(registry, image, home)),
            ]:
                ask()
                print(f"{name}: ok ({ACCOUNT}, {REGION})", flush=True)
        finally:
            if debian:
                debian.stop()
            registry.stop()


main()
