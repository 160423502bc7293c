"""The rows of the suite: what each operation is called with, and where its effect shows.

A service's file has `CASES`, one story in order. Each `Case` is called twice through boto3: by a user without permissions,
whom the server has to refuse in AWS's words, and by the administrator. Where the operation changes something, `seen` asks
another operation for the effect, which must not be there after the refusal and has to be there after the call. Where it
reads, `seen` compares the answer with what other operations made. A bare function between the cases sets something up.
"""

import dataclasses
import json
import typing

import botocore.exceptions

Parameters = typing.Union[dict, typing.Callable[["World"], dict]]


@dataclasses.dataclass
class Case:
    operation: str
    parameters: Parameters
    # Gets the world, and the output of what only reads.
    seen: typing.Callable[..., bool]
    changes: bool
    # The IAM action, where it has another name than the operation.
    action: typing.Optional[str] = None
    # Where the output is kept, in the world.
    keep: typing.Optional[str] = None
    # Why nobody can be refused.
    undeniable: typing.Optional[str] = None
    service: typing.Optional[str] = None
    unsigned: bool = False


def change(operation, parameters, seen, **more):
    return Case(operation, parameters, seen, True, **more)


def read(operation, parameters, seen, **more):
    return Case(operation, parameters, seen, False, **more)


@dataclasses.dataclass
class Cli:
    """A command of the `aws` program; `seen` gets its output, read from JSON."""

    arguments: typing.Union[list, typing.Callable[["World"], list]]
    action: str
    seen: typing.Callable[[typing.Any], bool]


@dataclasses.dataclass
class Raw:
    """A request that no client would send; `code` is the error that the API has for it."""

    service: str
    operation: str
    parameters: dict
    code: str
    # What the path has in its braces, of REST-JSON.
    path: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Probe:
    """One operation of a service, for what is the same for all: the layers of policies, throttling."""

    service: str
    operation: str
    action: str
    parameters: Parameters = dataclasses.field(default_factory=dict)


def given(w, what):
    """Parameters or arguments, which may hang on what was made before."""
    return what(w) if callable(what) else what


def policy(effect, action, resource="*", **more):
    """A policy of one statement, as text."""
    statement = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(effect="Allow", action="sts:AssumeRole", principal=None, **more):
    """A trust policy of one statement, as text."""
    statement = {"Effect": effect, "Action": action, "Principal": principal or {"AWS": "111122223333"}, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def raises(code, call):
    """Whether the call fails with this error."""
    try:
        call()
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"] == code
    return False


def tags(listed, key="Key", value="Value"):
    return {tag[key]: tag[value] for tag in listed}
