"""What logs look like once others had them: cut lines, wrong types, old versions, lists. What can be read is read, the rest counted."""

import json
import uuid

from objects import pod

IN_SYSTEM = "Execution:Kubernetes/ExecInKubeSystemPod"
# What is nothing at all.
GARBAGE = [b"no JSON\n", b"{\n", b"[" * 100_000, b"\x00" * 4096, b"\xff\xfe{}", b"{}", b'{"kind":"EventList","items":7}', b"[1, null, {}]"]


def forms(event):
    """A real event in every form that it may come in, each of another pod."""
    def of(name, **changed):
        text = json.dumps({**event, "auditID": str(uuid.uuid4())}).replace("pods/odd", f"pods/{name}").replace('"name": "odd"', f'"name": "{name}"')
        return {**json.loads(text), **changed}

    def line(name, **changed):
        return json.dumps(of(name, **changed))

    bare = of("bare")
    del bare["apiVersion"], bare["kind"]
    return {
        "v1beta1": line("v1beta1", apiVersion="audit.k8s.io/v1beta1"),
        "bare": json.dumps(bare),
        "list": json.dumps({"kind": "List", "apiVersion": "v1", "items": [of("list")]}),
        "eventlist": json.dumps({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [{"odd": 1}, of("eventlist"), 7]}, indent=1),
        "array": json.dumps([of("array")]),
        "types": line(
            "types", annotations=["a"], sourceIPs="10.0.0.1", userAgent=7, impersonatedUser="x", requestObject=7, level={}, extra=[[]],
        ),
        "nulls": line("nulls", annotations=None, sourceIPs=None, requestObject=None, impersonatedUser=None),
        "cut": line("cut")[:-2],
        "between": "garbage\n" + line("between") + "\n{{{\n",
    }


def missing(findings, names):
    told = " ".join(finding["description"] for finding in findings if finding["type"] == IN_SYSTEM)
    return [name for name in names if f"`{name}`" not in told]


def run(stage, service=None):
    cluster, report = stage.cluster, stage.report
    stage.begin("what is malformed")
    cluster.admin.apply(pod("odd", "kube-system", nodeName="node-1"))
    with stage.tells("a command", {IN_SYSTEM: 5}) as act:
        cluster.person("ann", "system:masters").try_kubectl("exec", "-n", "kube-system", "odd", "--", "id")
    event = next(event for event in act.events() if event.get("objectRef", {}).get("subresource") == "exec")
    texts = forms(event)
    folder = cluster.home / "malformed"
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.log").write_text(text)
    for number, text in enumerate(GARBAGE):
        (folder / f"garbage-{number}.log").write_bytes(text)
    findings = cluster.detect(folder, statuses=(3,))
    lost = missing(findings, texts)
    report.check(not lost, f"files: what can be read is: {lost} not")
    (folder / "all.log").write_bytes(b"\n".join([*(text.encode() for text in texts.values()), *GARBAGE]))
    if not service:
        return
    # An apiserver sends lists, or one event; what stands among garbage is for files.
    texts = {name: text for name, text in texts.items() if name not in ("array", "between")}
    for text in [*GARBAGE, *texts.values()]:
        status = service.send(text if isinstance(text, bytes) else text.encode())
        report.check(status in (200, 400), f"the webhook answers {status} to {text[:40]!r}")
    # Of a batch that is cut, what comes before.
    whole = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [json.loads(forms(event)["nulls"].replace("nulls", name)) for name in ("first", "last")]}
    report.check(service.send(json.dumps(whole)[:-30].encode()) == 200, "the webhook takes a batch that is cut")
    names = [*texts, "first", "last"]
    report.check(
        service.until(lambda: not missing(service.findings(), names)),
        f"the webhook: what can be read is: {missing(service.findings(), names)} not",
    )
    unreadable = service.counted("ringwall_audit_events_total", outcome="unreadable")
    kept = (service.data / "audit" / "bed" / "unread").read_text().splitlines()
    report.check(unreadable >= 5, f"the rest is counted: {unreadable:g}")
    report.check(len(kept) >= 5 and any("no JSON" in line for line in kept), "and kept")
