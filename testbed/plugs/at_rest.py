"""Secrets are sealed in etcd, by a key that rotates, fails and comes back."""

import itertools
import json
import signal
import threading

from process import until

# Seconds that an apiserver takes to notice: it asks a plugin for its status once a minute while all is well, every ten seconds
# while it is not, and writes for three minutes more. Source: Kubernetes 1.37, kmsv2 `envelope.go`.
NOTICED = 330

# Bound of a loop that writes while the plugin is killed.
MOST_WRITES = 60

VALUE = "correct horse battery staple"


def secret(name):
    return {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "shop"},
        "stringData": {"value": VALUE},
    }


def write(stack, name):
    return stack.bed.try_kubectl("apply", "-f", "-", stdin=json.dumps(secret(name)))


def is_read(stack, name):
    return stack.bed.try_kubectl("get", "secret", name, "-n", "shop", "-o", "name")[0] == 0


def verified(stack, *flags):
    status, output, messages = stack.try_ringwall(
        "kms", "verify", *stack.bed.etcd(), *flags, "--output", "json", environment=stack.plain()
    )
    return status, json.loads(output) if output.strip() else messages


def run(w, stack):
    report = w.report
    report.begin("etcd holds Secrets sealed alone")
    for number in range(5):
        status, _, messages = write(stack, f"s-{number}")
        report.check(status == 0, f"a Secret is written: {messages}")
    status, told = verified(stack, "--expect-provider", "ringwall")
    report.check(status == 0, f"kms verify finds nothing in the clear: {told}")
    status, told = verified(stack, "--resource", "configmaps")
    report.check(status == 1, "and ConfigMaps, which nobody seals, in the clear")
    database = b"".join(path.read_bytes() for path in stack.bed.folder.rglob("*") if path.is_file() and "etcd" in str(path))
    report.check(len(database) > 0 and VALUE.encode() not in database, "no byte of a value is in etcd's files")

    report.begin("the plugin is killed while Secrets are written")
    plugin = stack.running["kms"]
    done, failures = threading.Event(), []

    def go_on():
        for number in range(MOST_WRITES):
            if done.is_set():
                return
            status, _, messages = write(stack, f"load-{number}")
            if status == 0:
                written.append(f"load-{number}")
            else:
                failures.append(messages)

    written = []
    writer = threading.Thread(target=go_on, daemon=True)
    writer.start()
    for _ in range(3):
        plugin.stop(signal.SIGKILL)
        plugin.start()
    done.set()
    writer.join()
    report.check(len(written) > 0, f"Secrets are written meanwhile: {failures[:1]}")
    report.check(all(is_read(stack, name) for name in written), "every one that was acknowledged is there")
    report.check(write(stack, "after")[0] == 0, "and writing goes on")

    report.begin("the key rotates")
    before = key_ids(stack)
    w.kms.rotate_key_on_demand(KeyId=w.kms.describe_key(KeyId="alias/etcd")["KeyMetadata"]["KeyId"])

    def is_new():
        write(stack, "probe")
        return key_ids(stack) - before

    report.check(until(is_new, NOTICED, 5), "new writes are under the new key")
    status, output, messages = stack.try_ringwall(
        "kms", "rotate", *stack.bed.etcd(), "--kubeconfig", stack.bed.kubeconfig, "--socket", str(stack.socket),
        environment=stack.plain(),
    )
    report.check(status == 0, f"kms rotate seals every object anew: {output} {messages}")
    after = key_ids(stack)
    report.check(len(after) == 1 and not after & before, f"under the one new key: {len(after)}")
    report.check(all(is_read(stack, name) for name in written), "and all are read as before")

    report.begin("the key can't be used, and can again")
    key = w.kms.describe_key(KeyId="alias/etcd")["KeyMetadata"]["KeyId"]
    w.kms.disable_key(KeyId=key)
    # Of a new name each time: what is unchanged isn't written.
    names = (f"outage-{number}" for number in itertools.count())
    report.check(until(lambda: write(stack, next(names))[0] != 0, NOTICED, 5), "writes fail")
    report.check(all(is_read(stack, name) for name in written[:3]), "reads go on")
    w.kms.enable_key(KeyId=key)
    report.check(until(lambda: write(stack, next(names))[0] == 0, NOTICED, 2), "and writes too, without a restart, once it can")
    status, told = verified(stack, "--expect-provider", "ringwall")
    report.check(status == 0, f"nothing was written in the clear: {told}")
    log = plugin.text()
    report.check(VALUE not in log, "no value is in the plugin's log")


def key_ids(stack):
    """The keys that Secrets in etcd are under."""
    _, told = verified(stack)
    return {row["key"] for resource in told["resources"] for row in resource["stored"] if row["key"]}
