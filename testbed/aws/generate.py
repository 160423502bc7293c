"""Values of botocore's shapes: made at random, within the constraints of the model or just outside of one."""

import base64
import re
from datetime import datetime, timedelta, timezone

# Characters that some layer between two programs is known to get wrong.
CHARACTERS = "aZ09 _-+=,.@:/*?&%#'\"<>\\|~!()[]{};$^`\t\n\réÿß日本😀\u0085\u00a0"

# Characters that JSON and forms carry and XML does not.
CONTROLS = "\x01\x1f\x7f"

# Texts for the patterns that are more than a set of characters.
EXAMPLES = [
    "/", "/a/", "/teams/web/", "1h", "90h", "v1", "v12.a-b", "us-east-1", "eu-central-1", "tag:a", "Name", "Path",
    "a.b.c", "abc", "a-b-c", "arn:aws:eks:eu-west-1:111122223333:cluster/a", "lambda.us-east-1.amazonaws.com",
    "cluster-2345abcdefg", "eyJhbGciOi.eyJpc3Mi.c2ln", "!a b",
]

# No list or map is longer than this, however long it may be.
MAX_ITEMS = 3

# But one of texts, in the largest values: with two digits the order of numbers is not that of their text.
MAX_TEXTS = 12

# The longest text where the model has no bound, or a far one.
MAX_TEXT = 40


def matches(pattern, text):
    """Java's meaning of a pattern on a whole text: the classes are of ASCII."""
    pattern = pattern.replace(r"\p{L}", "a-zA-Zéÿß日本").replace(r"\p{Z}", " \u00a0").replace(r"\p{N}", "0-9")
    return re.fullmatch(pattern, text, re.ASCII) is not None


class Generator:
    def __init__(self, random, size):
        self.random = random
        self.size = size

    def chance(self):
        """Whether an optional member is there."""
        return {"smallest": False, "largest": True}.get(self.size, self.random.random() < 0.5)

    def structure(self, shape, direction):
        """`direction` tells a request from an answer, in which XML has no say about control characters."""
        names = list(shape.members)
        if shape.metadata.get("union"):
            names = [self.random.choice(names)]
        elif self.size != "largest":
            names = [name for name in names if name in shape.required_members or self.chance()]
        # In a form, a structure without members is not there at all.
        if not names and shape.members:
            names = [self.random.choice(list(shape.members))] if direction == "inner" else []
        inner = "answer" if direction == "answer" else "inner"
        return {name: self.value(shape.members[name], inner) for name in names}

    def value(self, shape, direction):
        return getattr(self, shape.type_name)(shape, direction)

    def count(self, shape, element, least):
        most = MAX_TEXTS if self.size == "largest" and element.type_name == "string" else MAX_ITEMS
        low = max(shape.metadata.get("min", least), least)
        high = min(shape.metadata.get("max", most), max(most, low))
        return high if most == MAX_TEXTS else self.random.randint(low, max(low, high))

    def list(self, shape, direction):
        # Neither EC2's forms nor query strings have a word for an empty list.
        count = self.count(shape, shape.member, 0 if direction == "answer" else 1)
        return [self.value(shape.member, direction) for _ in range(count)]

    def map(self, shape, direction):
        count = self.count(shape, shape.value, 0 if direction == "answer" else 1)
        return {self.string(shape.key, direction): self.value(shape.value, direction) for _ in range(count)}

    def string(self, shape, direction, length=None):
        if shape.enum:
            return self.random.choice(shape.enum)
        low = shape.metadata.get("min", 0 if direction == "answer" else 1)
        high = shape.metadata.get("max", MAX_TEXT)
        if length is None:
            length = self.random.randint(low, max(low, min(high, MAX_TEXT)))
            if self.size == "largest" and high <= 4096:
                length = high
        pattern = shape.metadata.get("pattern")
        characters = CHARACTERS if direction == "answer" else CHARACTERS + CONTROLS
        if pattern:
            characters = [character for character in characters if matches(pattern, character)]
        if characters:
            text = "".join(self.random.choice(characters) for _ in range(length))
            if not pattern or matches(pattern, text):
                return text
        fitting = [text for text in EXAMPLES if matches(pattern, text) and low <= len(text) <= high]
        if not fitting:
            raise ValueError(f"no example matches {pattern!r} of {shape.name}")
        return self.random.choice(fitting)

    def integer(self, shape, _direction):
        low = shape.metadata.get("min", -(2**31))
        return self.random.randint(int(low), int(shape.metadata.get("max", 2**31 - 1)))

    def long(self, shape, _direction):
        low = shape.metadata.get("min", -(2**53))
        return self.random.randint(int(low), int(shape.metadata.get("max", 2**53)))

    def boolean(self, _shape, _direction):
        return self.random.random() < 0.5

    def blob(self, shape, _direction):
        low = shape.metadata.get("min", 0)
        return self.random.randbytes(self.random.randint(low, min(shape.metadata.get("max", 60), 60)))

    def timestamp(self, _shape, _direction):
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=self.random.randint(0, 2**32))


def wired(shape, value):
    """A value as Ringwall has it: bytes as base64, times as seconds."""
    kind = shape.type_name
    if kind == "structure":
        return {name: wired(shape.members[name], inner) for name, inner in value.items()}
    if kind == "list":
        return [wired(shape.member, item) for item in value]
    if kind == "map":
        return {key: wired(shape.value, inner) for key, inner in value.items()}
    if kind == "blob":
        return base64.b64encode(value).decode()
    if kind == "timestamp":
        return int(value.timestamp())
    return value


def broken(make, shape, required):
    """Values that break one constraint each, with a part of the message that tells it."""
    if required:
        yield "Member must not be null", None
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    pattern = shape.metadata.get("pattern")
    if shape.type_name == "string":
        if shape.enum:
            yield "Member must satisfy enum value set: [", "NoSuchValue"
        elif high is not None and not pattern:
            yield f"Member must have length less than or equal to {high}", "a" * (int(high) + 1)
        if low and not pattern and not shape.enum:
            yield f"Member must have length greater than or equal to {low}", "a" * (int(low) - 1)
        if pattern:
            for text in ("日" * max(int(low or 1), 2), "\x00" * int(low or 1), " " * int(low or 1)):
                if not matches(pattern, text):
                    yield f"Member must satisfy regular expression pattern: {pattern}", text
                    break
    elif shape.type_name in ("integer", "long"):
        if high is not None and high < 2**31 - 1:
            yield f"Member must have value less than or equal to {int(high)}", int(high) + 1
        if low is not None:
            yield f"Member must have value greater than or equal to {int(low)}", int(low) - 1
    elif shape.type_name == "list" and high is not None:
        items = [make.value(shape.member, "inner") for _ in range(int(high) + 1)]
        yield f"Member must have length less than or equal to {high}", items
    elif shape.type_name == "blob" and high is not None:
        yield f"Member must have length less than or equal to {high}", b"a" * (int(high) + 1)
