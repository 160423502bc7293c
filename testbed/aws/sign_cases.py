"""Writes `cases/sigv4`: requests that botocore signs, with what it signs. `python3 sign_cases.py [FOLDER]`.

    pip install botocore==1.44.8

Three files: botocore's signers on requests like those of AWS's own test suite; botocore's clients, caught before they send; and
presigned URLs. What stands under `expect` is read with Python's standard library, and the canonical request is botocore's own.
"""

import contextlib
import datetime
import json
import pathlib
import sys
import urllib.parse
import uuid

import botocore
import botocore.auth
import botocore.session
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

VERSION = "1.44.8"
FOLDER = pathlib.Path(__file__).resolve().parents[2] / "cases" / "sigv4"
TIME = datetime.datetime(2015, 8, 30, 12, 36, 0)
# The example credentials of AWS's documentation and of its test suite.
KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "AQoDYXdzEPT//////////wEXAMPLE+/token=="
REGION = "us-east-1"

signed = []


def record_canonical_requests():
    """Keeps each canonical request that botocore makes, in order."""
    original = botocore.auth.SigV4Auth.canonical_request

    def canonical_request(self, request):
        signed.append(original(self, request))
        return signed[-1]

    botocore.auth.SigV4Auth.canonical_request = canonical_request


def freeze():
    botocore.auth.get_current_datetime = lambda: TIME
    counter = iter(range(1 << 32))
    uuid.uuid4 = lambda: uuid.UUID(int=next(counter))


def text(value):
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def case(name, method, url, headers, body, service, form):
    """A request as it is on the wire, and what is to be read in it."""
    target = urllib.parse.urlsplit(url)
    pairs = [(text(name).lower(), text(value)) for name, value in headers]
    # It tells of the machine, and is not signed.
    pairs = [(name, "Botocore" if name == "user-agent" else value) for name, value in pairs]
    if not any(name == "host" for name, _ in pairs):
        pairs.insert(0, ("host", botocore.auth._host_from_url(url)))
    parameters = urllib.parse.parse_qsl(target.query, keep_blank_values=True, strict_parsing=bool(target.query))
    auth = dict(parameters) if form == "presigned" else dict(pairs)
    if form == "presigned":
        names = auth["X-Amz-SignedHeaders"]
        token = auth.get("X-Amz-Security-Token")
    else:
        names = auth["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
        token = auth.get("x-amz-security-token")
    own = [[name, value] for name, value in parameters if not (form == "presigned" and name.startswith("X-Amz-"))]
    return {
        "name": name,
        "request": {
            "method": method,
            "path": target.path,
            "query": target.query or None,
            "headers": pairs,
            "body": text(body or b""),
        },
        "expect": {
            "form": form,
            "access_key_id": KEY,
            "region": REGION,
            "service": service,
            "expires": int(auth["X-Amz-Expires"]) if form == "presigned" else None,
            "session_token": token,
            "signed_headers": names.split(";"),
            "query_pairs": own,
            "canonical_request": signed[-1],
        },
    }


def sign(name, method, url, headers=(), body=b"", service="service", token=None, expires=None):
    credentials = Credentials(KEY, SECRET, token)
    request = AWSRequest(method=method, url=url, headers=dict(headers), data=body)
    if expires is None:
        botocore.auth.SigV4Auth(credentials, service, REGION).add_auth(request)
    else:
        botocore.auth.SigV4QueryAuth(credentials, service, REGION, expires).add_auth(request)
    form = "header" if expires is None else "presigned"
    return case(name, method, request.url, request.headers.items(), request.body, service, form)


def suite():
    """Requests like those of AWS's test suite, by its names where it has them."""
    base = "https://example.amazonaws.com"
    unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    gets = [
        ("get-vanilla", "/", {}),
        ("get-vanilla-empty-query-key", "/?Param1=value1", {}),
        ("get-vanilla-query-order-key-case", "/?Param2=value2&Param1=value1", {}),
        ("get-vanilla-query-order-value", "/?Param1=value2&Param1=value1", {}),
        ("get-vanilla-query-unreserved", f"/?{unreserved}={unreserved}", {}),
        ("get-vanilla-utf8-query", "/?%E1%88%B4=bar", {}),
        ("get-query-without-value", "/?acl=&b=2", {}),
        ("get-query-reserved", "/?a%26b=c%3Dd%2F%3F%25&a=%20%2B", {}),
        ("get-query-order-of-encoded-names", "/?a-b=1&a=2&aa=3&a%2Fb=4&a_b=5", {}),
        ("get-header-value-trim", "/", {"My-Header1": "  value1", "My-Header2": '"a   b   c"  '}),
        ("get-header-value-order", "/", {"My-Header1": "value4,value1,value3,value2"}),
        ("get-unreserved", f"/{unreserved}", {}),
        ("get-utf8", "/\u1234", {}),
        ("get-space", "/example%20space/", {}),
        ("get-relative", "/example/..", {}),
        ("get-relative-relative", "/example1/example2/../..", {}),
        ("get-slash", "//", {}),
        ("get-slash-dot-slash", "/./", {}),
        ("get-slash-pointless-dot", "/./example", {}),
        ("get-slashes", "//example//", {}),
        ("get-encoded-dots", "/%2e%2E/a", {}),
        ("get-reserved", "/a:b@c!d$e&f'g(h)i*j+k,l;m=n", {}),
        ("get-port", "/", {}),
    ]
    for name, path, headers in gets:
        host = base + ":8443" if name == "get-port" else base
        yield sign(name, "GET", host + path, headers)
    yield sign("post-vanilla", "POST", base + "/")
    yield sign("post-vanilla-query", "POST", base + "/?Param1=value1")
    yield sign("post-header-key-case", "POST", base + "/", {"My-Header1": "VALUE1"})
    yield sign("post-x-www-form-urlencoded", "POST", base + "/", form, b"Param1=value1")
    yield sign("post-sts-header-before", "POST", base + "/", token=TOKEN)
    yield sign("post-unicode-body", "POST", base + "/", form, "a=\u00e9\u1234".encode())
    yield sign("head", "HEAD", base + "/a")
    yield sign("delete", "DELETE", base + "/a/b%2Fc?x=1")


def client(session, service, **more):
    session.set_credentials(KEY, SECRET, more.pop("token", None))
    return session.create_client(service, region_name=REGION, **more)


class Caught(Exception):
    """Stops a client where it would send."""


def clients():
    """Requests of botocore's clients, as they would be sent."""
    arn = "arn:aws:iam::111122223333:role/team a/deploy"
    calls = [
        ("sts", "get_caller_identity", {}),
        ("sts", "assume_role", {"RoleArn": arn, "RoleSessionName": "a+b=c,d@e", "Policy": '{"Version": "2012-10-17"}'}),
        ("iam", "list_users", {"PathPrefix": "/a b/"}),
        ("iam", "create_role", {"RoleName": "r", "AssumeRolePolicyDocument": '{"a": "\u00e9"}'}),
        ("kms", "list_keys", {}),
        ("kms", "encrypt", {"KeyId": "alias/a", "Plaintext": b"\x00\xff", "EncryptionContext": {"a": "b"}}),
        ("secretsmanager", "get_secret_value", {"SecretId": "prod/db"}),
        ("ssm", "get_parameters_by_path", {"Path": "/a/b", "WithDecryption": True}),
        ("ec2", "describe_security_groups", {"Filters": [{"Name": "vpc-id", "Values": ["vpc-1"]}]}),
        ("eks", "list_clusters", {"maxResults": 5, "nextToken": "a+/="}),
        ("eks", "describe_cluster", {"name": "prod"}),
        ("eks", "describe_access_entry", {"clusterName": "prod", "principalArn": arn}),
        ("eks", "untag_resource", {"resourceArn": "arn:aws:eks:us-east-1:111122223333:cluster/prod", "tagKeys": ["b c", "a", "\u00e9/"]}),
        ("eks", "create_access_entry", {"clusterName": "prod", "principalArn": arn, "kubernetesGroups": ["g"]}),
        ("eks-auth", "assume_role_for_pod_identity", {"clusterName": "prod", "token": "a.b.c"}),
    ]
    for token in (None, TOKEN):
        for service, operation, arguments in calls:
            session = botocore.session.Session()
            sent = []

            def catch(request, **_):
                sent.append(request)
                raise Caught

            made = client(session, service, token=token)
            made.meta.events.register("before-send", catch)
            with contextlib.suppress(Caught):
                getattr(made, operation)(**arguments)
            (request,) = sent
            name = f"{service} {operation}" + (" with session token" if token else "")
            signing_name = made.meta.service_model.signing_name
            yield case(name, request.method, request.url, request.headers.items(), request.body, signing_name, "header")


def presigned():
    """Presigned URLs, of which the tokens for EKS are made."""
    base = "https://example.amazonaws.com"
    yield sign("vanilla", "GET", base + "/", expires=60)
    yield sign("query", "GET", base + "/a%20b?x=%2F&y", expires=604800)
    yield sign("session token", "GET", base + "/?Action=ListUsers&Version=2010-05-08", token=TOKEN, expires=900)
    for token in (None, TOKEN):
        session = botocore.session.Session()
        made = client(session, "sts", token=token)

        def add_cluster(request, **_):
            request.headers["x-k8s-aws-id"] = "prod"

        made.meta.events.register("before-sign.sts.GetCallerIdentity", add_cluster)
        url = made.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
        name = "token for EKS" + (" with session token" if token else "")
        yield case(name, "GET", url, [("x-k8s-aws-id", "prod")], b"", "sts", "presigned")
    made = client(botocore.session.Session(), "iam")
    url = made.generate_presigned_url("get_user", {"UserName": "a+b=c@d"}, HttpMethod="GET")
    yield case("iam get_user", "GET", url, [], b"", "iam", "presigned")


def main():
    assert botocore.__version__ == VERSION, f"botocore {botocore.__version__}, the cases are of {VERSION}"
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    record_canonical_requests()
    freeze()
    for name, about, cases in [
        ("suite", "requests like those of AWS's SigV4 test suite, under its names", suite),
        ("clients", "requests of botocore's clients", clients),
        ("presigned", "presigned URLs", presigned),
    ]:
        document = {
            "about": about,
            "source": f"botocore {VERSION} (Apache-2.0), by testbed/aws/sign_cases.py",
            "time": TIME.strftime("%Y%m%dT%H%M%SZ"),
            "secret": SECRET,
            "cases": list(cases()),
        }
        path = folder / f"{name}.json"
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
