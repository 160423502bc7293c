"""Secrets are sealed in etcd, by a key that rotates, fails and comes back."""

import base64
import itertools
import json
import random

from fire import Away, Wrong, under_fire
from process import until

# Seconds that an apiserver takes to notice: it asks a plugin for its status once a minute while all is well, every ten seconds
# while it is not, and writes for three minutes more. Source: Kubernetes 1.37, kmsv2 `envelope.go`.
NOTICED = 330

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


def are_read(stack, names):
    """Whether Secrets are there, and what they were written as."""
    found = {
        entry["metadata"]["name"]: base64.b64decode(entry["data"]["value"]).decode()
        for entry in stack.bed.get("secrets", "-n", "shop")["items"]
    }
    return all(found.get(name) == VALUE for name in names)


def plaintext(number):
    return base64.b64encode(f"{VALUE} {number}".encode()).decode()


def ask(stack, *questions):
    """What the plugin answers to the apiserver's client."""
    return stack.bed.ask("kms", "--socket", str(stack.socket), questions=questions)


def verified(stack, *flags):
    status, output, messages = stack.try_ringwall(
        "kms", "verify", *stack.bed.etcd(), *flags, "--output", "json", environment=stack.plain()
    )
    return status, json.loads(output) if output.strip() else messages


def run(w, stack):
    """The names of Secrets that there are."""
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

    report.begin("the KMS plugin is killed while Secrets are written, and seals asked for")
    sealed = {}

    def go_on(number):
        # An apiserver asks the plugin seldom, as it seals by a seed of its own; so its client asks besides.
        if number % 2:
            status, _, messages = write(stack, f"fire-{number}")
            if status != 0:
                raise Away(messages)
            return
        [answer] = ask(stack, {"plaintext": plaintext(number)})
        if "error" in answer:
            raise Away(answer["error"])
        sealed[number] = answer
        earlier = random.choice(list(sealed))
        [answer] = ask(stack, sealed[earlier])
        if "error" in answer:
            raise Away(answer["error"])
        if answer != {"plaintext": plaintext(earlier)}:
            raise Wrong("what was sealed comes out as something else")

    written = [f"fire-{number}" for number in under_fire(report, stack.running["kms"], go_on) if number % 2]
    report.check(are_read(stack, written), "every Secret that was acknowledged is there")
    wanted = [{"plaintext": plaintext(number)} for number in sealed]
    report.check(ask(stack, *sealed.values()) == wanted, "and whatever was sealed is unsealed")
    # What it knew of keys is gone, so that its seeds are unsealed by the plugin.
    stack.bed.stop()
    stack.bed.start(*stack.control_plane())
    report.check(are_read(stack, written), "by an apiserver that begins anew, too")

    report.begin("the key rotates")
    before = key_ids(stack)
    w.kms.rotate_key_on_demand(KeyId=key_of(w))

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
    report.check(are_read(stack, written), "and all are read as before")
    return written


def take_key(w):
    """From now on nothing can be sealed by a new seed; an apiserver takes minutes to find that out."""
    w.kms.disable_key(KeyId=key_of(w))


def outage(w, stack, written):
    """What becomes of the key's going and coming back, once `take_key` is done; `written` are Secrets that there are."""
    report = w.report
    report.begin("the key can't be used, and can again")
    # Of a new name each time: what is unchanged isn't written.
    names = (f"outage-{number}" for number in itertools.count())
    report.check(until(lambda: write(stack, next(names))[0] != 0, NOTICED, 5), "writes fail")
    report.check(all(is_read(stack, name) for name in written[:3]), "reads go on")
    w.kms.enable_key(KeyId=key_of(w))
    report.check(until(lambda: write(stack, next(names))[0] == 0, NOTICED, 2), "and writes too, without a restart, once it can")
    status, told = verified(stack, "--expect-provider", "ringwall")
    report.check(status == 0, f"nothing was written in the clear: {told}")
    report.check(VALUE not in stack.running["kms"].text(), "no value is in the plugin's log")


def key_of(w):
    return w.kms.describe_key(KeyId="alias/etcd")["KeyMetadata"]["KeyId"]


def key_ids(stack):
    """The keys that Secrets in etcd are under."""
    _, told = verified(stack)
    return {row["key"] for resource in told["resources"] for row in resource["stored"] if row["key"]}
