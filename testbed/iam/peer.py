"""Asks an independent IAM evaluator: `peer.py NAME [COMMAND…]`, JSON Lines in, JSON Lines out.

The lines are those of `ringwall iam eval --batch -`. Each gets one answer, in order:

    {"decision": "Allowed" | "ImplicitlyDenied" | "ExplicitlyDenied", "differs": ["…"]}
    {"unsupported": "why the peer cannot be asked this"}
    {"error": "what the peer said instead of a decision"}

`differs` is left out when the line touches nothing that the peer is known to decide otherwise than AWS; its names are
those of `docs/iam-differences.md`. COMMAND is the program of a peer that is not written in Python.
"""

import importlib
import json
import sys

from peers.backend import Backend
from peers.question import Question

# What no peer has: each is a rule of AWS about more than the policies of one account.
NOBODY = {
    "other account": "the principal and the resource are of two accounts",
    "policy of the resource needed": "a key or role policy that has to allow it, whatever the identity policies say",
    "protected resource": "resources that only AWS may change",
    "always allowed": "sts:GetCallerIdentity needs no permission",
    "question pattern": "a pattern for the resource in the question, also `*` where a policy names resources",
    "key told by the request": "the peer takes no key from the request itself",
    "several values without set operator": "several values of a key without a set operator",
    "variable of several values": "a variable with several values",
    "caller account": "the account's root user",
    "value of another type": "AWS documents the types of operators, and not what comes of other values",
    "empty list": "AWS documents none",
    "resource for an action without": "the peer does not know which actions take no resource",
    "wildcard in the service of an ARN": "AWS documents that it may not be used there, and not what it does",
}


class Unsupported(Exception):
    """The peer says itself that it cannot decide this."""


def answer(peer, ask, line):
    try:
        question = Question(line)
    except (KeyError, TypeError, AttributeError) as error:
        return {"error": f"not a line of a batch: {error!r}"}
    why = unsupported(peer, question)
    if why:
        return {"unsupported": why}
    try:
        decided = ask(question)
    except Exception as error:  # noqa: BLE001 - whatever a peer throws is its answer
        decided = {"error": f"{type(error).__name__}: {error}"}
    if isinstance(decided, str):
        decided = {"decision": decided}
    if "unsupported" not in decided:
        differs = sorted({name for feature, name in peer.DIFFERS.items() if feature in question.features})
        if differs:
            decided["differs"] = differs
    return decided


def unsupported(peer, question):
    """Why the peer cannot be asked, by its layers, kinds of principals and features."""
    for layer in question.layers:
        if layer not in peer.LAYERS:
            return f"layer {layer}"
    for feature in sorted(question.features):
        if feature.startswith("caller ") and feature.removeprefix("caller ") not in peer.CALLERS:
            return feature
        why = peer.UNSUPPORTED.get(feature) or NOBODY.get(feature)
        if why:
            return f"{feature}: {why}"
    return None


def main(name, command):
    peer = importlib.import_module(f"peers.{name.replace('-', '_')}")
    with Backend(command) as backend:
        ask = peer.asker(backend)
        for text in sys.stdin:
            if text.strip():
                print(json.dumps(answer(peer, ask, json.loads(text))), flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: peer.py NAME [COMMAND…]")
    main(sys.argv[1], sys.argv[2:])
