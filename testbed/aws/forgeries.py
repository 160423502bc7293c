"""Signed requests, changed after they were signed: none may be accepted. Every change here changes the canonical request,
the string to sign, or breaks the form; what leaves them as they were is no forgery and is not in the list."""

import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from unittest import mock
from urllib.parse import parse_qsl, urlencode

import botocore.auth
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from sent import Request, Wire
from server import CLUSTER, REGION

# Issue 3: "at least 200 mutated requests, none accepted".
LEAST = 200

# Seconds after which a record that nobody waits for is in the trail.
SETTLED = 1

IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Forger:
    def __init__(self, w):
        self.w, self.wire = w, Wire(w)
        self.user = w.credentials["administrator"]
        self.session, self.other = (of(w.sts.get_session_token()["Credentials"]) for _ in range(2))
        self.kinds, self.controls = {}, 0

    # The requests that are changed.

    def identity(self, credentials):
        return self.wire.signed("sts", credentials, headers=FORM, body=IDENTITY)

    def json(self):
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "TrentService.ListKeys"}
        return self.wire.signed("kms", self.user, headers=headers, body=b'{"Limit":10}')

    def rest(self):
        return self.wire.signed("eks", self.user, "GET", f"/clusters/{CLUSTER}")

    def presigned(self, expires=60, action="GetCallerIdentity", version="2011-06-15", service="sts", region=REGION, headers=()):
        query = f"Action={action}&Version={version}"
        request = AWSRequest("GET", f"https://{self.wire.host}/?{query}", headers=dict(headers))
        SigV4QueryAuth(BotoCredentials(*self.user), service, region, expires=expires).add_auth(request)
        target = "/?" + request.url.split("?", 1)[1]
        return Request("GET", target, (("host", self.wire.host), *headers), b"")

    def accepted(self, request):
        status = self.wire.send(request)
        return status is not None and status < 300

    def control(self, what, request):
        """What was not changed is accepted, or the test would show nothing."""
        self.controls += 1
        self.w.report.check(self.accepted(request), f"{what}, unchanged, is accepted")

    def forged(self, kind, what, request):
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        self.w.report.check(not self.accepted(request), f"{kind}, {what}: it is accepted")


def of(given):
    return given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]


def run(w, records):
    """`records` gives the trail's: who was not believed leaves none, however his request was answered."""
    forger = Forger(w)
    time.sleep(SETTLED)
    before = len(list(records(w)))
    bases = {
        "a user's": forger.identity(forger.user), "a session's": forger.identity(forger.session),
        "JSON": forger.json(), "REST": forger.rest(),
    }
    for name, request in bases.items():
        forger.control(name, request)
        for kind, what, mutant in header_signed(request):
            forger.forged(kind, f"{name} {what}", mutant)
    for name, request in {"presigned": forger.presigned(), "for a cluster": forger.presigned(headers=(("x-k8s-aws-id", CLUSTER),))}.items():
        forger.control(name, request)
        for kind, what, mutant in presigned(request):
            forger.forged(kind, f"{name} {what}", mutant)
    session_tokens(forger)
    times(forger)
    time.sleep(SETTLED)
    written = len(list(records(w))) - before
    w.report.check(written == forger.controls, f"{written} records of {forger.controls} requests that were not changed")
    count = sum(forger.kinds.values())
    w.report.check(count >= LEAST, f"there are {count} changed requests, of {LEAST} at least")
    kinds = ", ".join(f"{kind} {number}" for kind, number in sorted(forger.kinds.items()))
    print(f"  {count} changed requests: {kinds}", flush=True)


def header_signed(request):
    authorization = request.header("authorization")
    head, signature = authorization.rsplit("Signature=", 1)
    with_auth = lambda value: request.with_header("Authorization", value)
    for position in range(0, 64, 4):
        digit = "0" if signature[position] != "0" else "1"
        yield "signature", f"digit {position}", with_auth(f"{head}Signature={signature[:position]}{digit}{signature[position + 1:]}")
    for length in (0, 1, 32, 62, 63):
        yield "truncated", f"to {length} digits", with_auth(f"{head}Signature={signature[:length]}")
    for what, changed in {
        "in capitals": signature.upper(), "doubled": signature * 2, "zeros": "0" * 64, "with more": signature + "00",
        "quoted": f'"{signature}"', "in base64": "A" * 44,
    }.items():
        if changed != signature:
            yield "signature", what, with_auth(f"{head}Signature={changed}")
    credential = authorization.split("Credential=")[1].split(",")[0]
    key, date, region, service, end = credential.split("/")
    for what, changed in {
        "another key": f"AKIAIOSFODNN7EXAMPLE/{date}/{region}/{service}/{end}",
        "a key in small letters": f"{key.lower()}/{date}/{region}/{service}/{end}",
        "another day": f"{key}/20200101/{region}/{service}/{end}",
        "another region": f"{key}/{date}/us-west-2/{service}/{end}",
        "another service": f"{key}/{date}/{region}/iam/{end}",
        "another end": f"{key}/{date}/{region}/{service}/aws4_Request",
        "no end": f"{key}/{date}/{region}/{service}",
        "one more part": f"{key}/{date}/{region}/{service}/{end}/x",
        "no key": f"/{date}/{region}/{service}/{end}",
    }.items():
        yield "credential", what, with_auth(authorization.replace(credential, changed))
    names = authorization.split("SignedHeaders=")[1].split(",")[0]
    listed = names.split(";")
    for name in listed:
        rest = ";".join(other for other in listed if other != name)
        yield "signed headers", f"without {name}", with_auth(authorization.replace(names, rest))
        yield "header", f"{name} gone", request.without(name)
        value = request.header(name)
        yield "header", f"{name} changed", request.with_header(name, f"x{value}")
        yield "header", f"{name} twice", replace(request, headers=(*request.headers, (name, value)))
        doubled = replace(request, headers=(*request.headers, (name.title(), f"x{value}")))
        yield "case-doubled", name, doubled
    for what, changed in {
        "one that is not there": f"{names};x-none", "backwards": ";".join(reversed(listed)), "in capitals": names.upper(),
        "doubled": f"{names};{listed[0]}", "none": "",
    }.items():
        if changed != names:
            yield "signed headers", what, with_auth(authorization.replace(names, changed))
    for algorithm in ("AWS4-HMAC-SHA512", "AWS4-HMAC-SHA1", "aws4-hmac-sha256", "AWS4-ECDSA-P256-SHA256", "AWS3", "Bearer", ""):
        yield "algorithm", algorithm, with_auth(authorization.replace("AWS4-HMAC-SHA256", algorithm))
    yield "doubled", "authorization", replace(request, headers=(*request.headers, ("Authorization", authorization)))
    yield "doubled", "signature parameter", with_auth(f"{authorization}, Signature={signature}")
    yield "case-doubled", "signature parameter", with_auth(f"{authorization}, signature={signature}")
    yield "case-doubled", "parameter names", with_auth(authorization.replace("Credential=", "credential="))
    yield "doubled", "credential", with_auth(authorization.replace("Credential=", f"Credential={credential}, Credential="))
    yield "unsigned", "no authorization", request.without("authorization")
    for name, value in {
        "x-amz-meta": "1", "x-amz-security-token": "token", "x-amz-target": "TrentService.CreateKey", "X-Amz-Date": "20200101T000000Z",
        "x-amz-content-sha256": "UNSIGNED-PAYLOAD", "X-Amz-Content-Sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    }.items():
        yield "added header", f"{name}: {value[:20]}", replace(request, headers=(*request.headers, (name, value)))
    stamp = request.header("x-amz-date")
    for what, changed in {
        "a second later": shifted(stamp, 1), "a second earlier": shifted(stamp, -1), "20 minutes earlier": shifted(stamp, -1200),
        "the next day": shifted(stamp, 86400), "no stamp": "now", "of HTTP": "Fri, 27 Nov 2026 09:00:00 GMT",
    }.items():
        yield "date", what, request.with_header("X-Amz-Date", changed)
    port = request.header("host").split(":")[1]
    for host in ("localhost", f"127.0.0.1:{port}", f"LOCALHOST:{port}", f"localhost.:{port}", "sts.amazonaws.com", f"evil:{port}"):
        yield "host", host, request.with_header("host", host)
    for method in ("PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", request.method.lower(), "GET" if request.method == "POST" else "POST"):
        yield "method", method, replace(request, method=method)
    for target in ("/x", f"{request.target}?a=b", f"{request.target}/x", "/%00", f"{request.target}?Action=ListUsers"):
        yield "target", target, replace(request, target=target)
    yield from bodies(request)


def bodies(request):
    body = request.body
    for position in range(0, len(body), max(1, len(body) // 8)):
        flipped = body[:position] + bytes([body[position] ^ 1]) + body[position + 1:]
        yield "body", f"byte {position}", request.with_body(flipped)
    for what, changed in {
        "one byte less": body[:-1], "nothing": b"", "a byte more": body + b"&", "a blank more": body + b" ", "twice": body + body,
        "re-encoded": body.replace(b"e", b"%65", 1), "re-encoded in small letters": body.replace(b"-", b"%2d"),
        "re-encoded in capitals": body.replace(b"-", b"%2D"), "another order": b"&".join(reversed(body.split(b"&"))),
        "another operation": body.replace(b"GetCallerIdentity", b"GetSessionToken"), "with a blank": body.replace(b":", b": "),
    }.items():
        if changed != body:
            yield "body", what, request.with_body(changed)


def presigned(request):
    pairs = parse_qsl(request.target.split("?", 1)[1], keep_blank_values=True)
    target = lambda changed: replace(request, target="/?" + urlencode(changed))
    value = dict(pairs)
    for name, old in pairs:
        yield "query", f"{name} gone", target([(key, inner) for key, inner in pairs if key != name])
        yield "query", f"{name} changed", target([(key, inner + "0" if key == name else inner) for key, inner in pairs])
        yield "query", f"{name} twice", target([*pairs, (name, old)])
        yield "query", f"{name} empty", target([(key, "" if key == name else inner) for key, inner in pairs])
        yield "case-doubled", name, target([*pairs, (name.lower() if name != name.lower() else name.upper(), old)])
        yield "query", f"{name} in small letters", target([(key.lower() if key == name else key, inner) for key, inner in pairs])
    signature = value["X-Amz-Signature"]
    swap = lambda name, new: target([(key, new if key == name else inner) for key, inner in pairs])
    for position in range(0, 64, 8):
        digit = "0" if signature[position] != "0" else "1"
        yield "signature", f"digit {position}", swap("X-Amz-Signature", signature[:position] + digit + signature[position + 1:])
    for length in (0, 32, 63):
        yield "truncated", f"to {length} digits", swap("X-Amz-Signature", signature[:length])
    yield "signature", "in capitals", swap("X-Amz-Signature", signature.upper())
    for expires in ("604800", "604801", "-1", "0", "1e3", "+60", "060"):
        yield "expires", expires, swap("X-Amz-Expires", expires)
    yield "query", "one more", target([*pairs, ("RoleArn", "x")])
    yield "query", "another operation", swap("Action", "GetSessionToken")
    yield "re-encoded", "twice", replace(request, target=request.target.replace("%2F", "%252F"))
    yield "method", "POST", replace(request, method="POST").with_header("content-length", "0")
    yield "host", "another", request.with_header("host", "sts.amazonaws.com")
    yield "body", "one that was not there", replace(request, method="GET").with_body(b"Action=ListUsers")
    yield "added header", "x-amz-date", request.with_header("x-amz-date", value["X-Amz-Date"])
    yield "added header", "x-k8s-aws-id", (
        request.with_header("x-k8s-aws-id", "other") if any(key == "x-k8s-aws-id" for key, _ in request.headers)
        else request.with_header("x-amz-meta", "other")
    )


def session_tokens(forger):
    request = forger.identity(forger.session)
    token = request.header("x-amz-security-token")
    swap = lambda value: request.with_header("X-Amz-Security-Token", value)
    forger.forged("session token", "of another session", swap(forger.other[2]))
    forger.forged("session token", "gone", request.without("x-amz-security-token"))
    for position in range(0, len(token), max(1, len(token) // 20)):
        letter = "A" if token[position] != "A" else "B"
        forger.forged("session token", f"letter {position}", swap(token[:position] + letter + token[position + 1:]))
    for length in (0, 1, len(token) // 2, len(token) - 1):
        forger.forged("session token", f"of {length} letters", swap(token[:length]))
    # Signed rightly, but with what doesn't belong together.
    (key, secret, _), (user_key, user_secret, _) = forger.session, forger.user
    for what, credentials in {
        "another session's with this key": (key, secret, forger.other[2]),
        "another session's with its secret": (key, forger.other[1], forger.other[2]),
        "a session's with a user's key": (user_key, user_secret, token),
        "none with a session's key": (key, secret, None),
        "a changed one, signed anew": (key, secret, token[:-2] + "AA"),
    }.items():
        forger.forged("session token", what, forger.identity(credentials))


def times(forger):
    """Signed rightly, at another time."""
    for seconds in (-86400, -3600, -901 - 30, 901 + 30, 3600):
        with at(seconds):
            request = forger.identity(forger.user)
        forger.forged("expired" if seconds < 0 else "of later", f"{seconds} seconds", request)
        with at(seconds):
            request = forger.presigned(expires=300, action="ListKeys", service="sts")
        forger.forged("expired" if seconds < 0 else "of later", f"presigned {seconds} seconds", request)
    with at(-901 - 30):
        # However long it says that it is valid: for GetCallerIdentity it is a quarter of an hour.
        forger.forged("expired", "an identity of a week", forger.presigned(expires=604800))
    forger.forged("expired", "valid for more than a week", forger.presigned(expires=604801))
    short = forger.presigned(expires=1, action="ListUsers", version="2010-05-08", service="iam", region="us-east-1")
    forger.control("for a second", short)
    time.sleep(2.1)
    forger.forged("replayed", "after its second", short)


def at(seconds):
    """botocore's clock, set."""
    moved = lambda *_arguments, **_named: datetime.now(timezone.utc).replace(tzinfo=None) + timedelta(seconds=seconds)
    return mock.patch.object(botocore.auth, "get_current_datetime", moved)


def shifted(stamp, seconds):
    moment = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ") + timedelta(seconds=seconds)
    return moment.strftime("%Y%m%dT%H%M%SZ")
