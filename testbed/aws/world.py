"""Who calls: clients of every user, requests below the clients, and what is kept of all answers."""

import base64
import json
import re
import subprocess
import sys
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.session
import urllib3
from botocore import UNSIGNED, xform_name

import wire
from report import Report
from server import ACCOUNT, REGION

# Members whose values must never be found in the clear.
SECRET = {
    "SecretString", "SecretBinary", "Plaintext", "SecretAccessKey", "secretAccessKey", "SessionToken", "sessionToken",
    "RandomPassword", "WebIdentityToken", "token", "authorizationToken",
}

# Shorter ones could be anywhere by chance.
SHORTEST_SECRET = 8

# Seconds for one call, and for one run of the `aws` program, on a machine that has other work.
CALL, COMMAND = 30, 120


class World:
    def __init__(self, server, issuer, report):
        self.server, self.issuer, self.report = server, issuer, report
        self.session_of_models = botocore.session.Session()
        self.kept = {}
        self.served = []
        self.secrets = set()
        self.faults = []
        self.answers = 0
        self.clients = {}
        # What the operations of the cases are called by, if not by boto3.
        self.program = None
        self.credentials = {"administrator": server.credentials("default"), "other": server.credentials("other")}

    def __getattr__(self, service):
        """The administrator's client of a service."""
        if service not in ("iam", "sts", "kms", "secretsmanager", "ssm", "eks", "ec2", "ecr"):
            raise AttributeError(service)
        return self.client(service, "administrator")

    def arn(self, name):
        return f"arn:aws:iam::{ACCOUNT}:user/{name}"

    def user(self, name, *policies, **more):
        """Makes a user with these policies, who can then call."""
        self.iam.create_user(UserName=name, **more)
        for number, document in enumerate(policies):
            self.iam.put_user_policy(UserName=name, PolicyName=f"policy-{number}", PolicyDocument=document)
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        self.credentials[name] = (key["AccessKeyId"], key["SecretAccessKey"], None)

    def client(self, service, who):
        """A client of the server that runs now; `None` signs nothing."""
        place = (self.server.url, service, who)
        if place not in self.clients:
            self.clients[place] = self.connect(service, self.credentials[who] if who else None)
        return self.clients[place]

    def unsigned(self, service):
        return self.client(service, None)

    def session(self, service, given):
        """A client with credentials that an operation gave."""
        low = {name.lower(): value for name, value in given.items()}
        return self.connect(service, (low["accesskeyid"], low["secretaccesskey"], low.get("sessiontoken")))

    def connect(self, service, credentials):
        import boto3

        key, secret, token = credentials or (None, None, None)
        config = {"signature_version": UNSIGNED} if credentials is None else {}
        client = boto3.session.Session().client(
            service, region_name=REGION, endpoint_url=self.server.url, verify=self.server.authority,
            aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token,
            config=botocore.config.Config(
                retries={"total_max_attempts": 1}, connect_timeout=CALL, read_timeout=CALL, proxies={}, **config
            ),
        )
        self.watch(client.meta.events)
        return client

    def watch(self, events):
        """Has every answer compared with its model, and every secret kept."""

        def answered(operation_model, response_dict, **_):
            self.compare(operation_model.service_model.resolved_protocol, operation_model, response_dict)

        events.register("before-parse", answered)
        events.register("provide-client-params", lambda params, **_: self.note(params))
        events.register("after-call", lambda parsed, **_: self.note(parsed))

    def compare(self, protocol, operation, response):
        headers = {name.lower(): value for name, value in response["headers"].items()}
        self.answers += 1
        self.faults += wire.faults(protocol, operation, response["status_code"], headers, response["body"])

    def note(self, value, name=None):
        """Keeps every secret that goes in or out."""
        if isinstance(value, dict):
            for inner, content in value.items():
                is_parameter = inner == "Value" and value.get("Type") == "SecureString" and "Version" not in value
                self.note(content, "SecretString" if is_parameter else inner)
        elif isinstance(value, (list, tuple)):
            for content in value:
                self.note(content)
        elif isinstance(value, (str, bytes)) and name in SECRET and len(value) >= SHORTEST_SECRET:
            self.secrets.add(value.encode() if isinstance(value, str) else value)

    def model(self, service):
        return self.session_of_models.get_service_model(service)

    def method(self, service, operation, who):
        if self.program:
            return self.program.method(service, operation, who)
        return getattr(self.client(service, who), xform_name(operation))

    def raw(self, service, operation, parameters, who, path=None):
        """Sends a request that no client has checked, signed; the status, the error's code, its message."""
        model = self.model(service)
        protocol = model.resolved_protocol
        request = assemble(model, protocol, operation, parameters, path or {})
        key, secret, token = self.credentials[who]
        signer = botocore.auth.SigV4Auth(
            botocore.credentials.Credentials(key, secret, token), model.signing_name, REGION
        )
        request = botocore.awsrequest.AWSRequest(url=self.server.url + request.pop("target"), **request)
        signer.add_auth(request)
        prepared = request.prepare()
        with urllib3.PoolManager(ca_certs=self.server.authority, timeout=CALL, retries=False) as pool:
            answer = pool.request(
                prepared.method, prepared.url, headers=dict(prepared.headers.items()), body=prepared.body
            )
        names = model.operation_names
        known = model.operation_model(operation if operation in names else names[0])
        response = {"status_code": answer.status, "headers": dict(answer.headers), "body": answer.data}
        if answer.status >= 300 or operation in names:
            self.compare(protocol, known, response)
        return (answer.status, *error_of(protocol, answer))

    def aws(self, who, arguments):
        """Runs the `aws` program; its status, output and errors."""
        key, secret, _ = self.credentials[who]
        environment = {
            "HOME": str(self.server.home), "PATH": "/usr/bin:/bin", "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": self.server.url,
            "AWS_CA_BUNDLE": self.server.authority, "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }
        done = subprocess.run(
            [sys.executable, "-B", "-m", "awscli", "--output", "json", *arguments],
            env=environment, capture_output=True, text=True, timeout=COMMAND,
        )
        return done.returncode, done.stdout, done.stderr


def assemble(model, protocol, operation, parameters, path):
    """A request of the protocol, whatever its parameters are."""
    if protocol in ("query", "ec2"):
        body = urllib.parse.urlencode({"Action": operation, "Version": model.api_version, **parameters})
        kind = "application/x-www-form-urlencoded; charset=utf-8"
        return {"method": "POST", "target": "/", "data": body, "headers": {"Content-Type": kind}}
    body = parameters if isinstance(parameters, bytes) else json.dumps(parameters)
    if protocol == "json":
        headers = {
            "Content-Type": f"application/x-amz-json-{model.metadata['jsonVersion']}",
            "X-Amz-Target": f"{model.metadata['targetPrefix']}.{operation}",
        }
        return {"method": "POST", "target": "/", "data": body, "headers": headers}
    if operation not in model.operation_names:
        return {"method": "POST", "target": f"/{operation}", "data": body, "headers": {"Content-Type": "application/json"}}
    http = model.operation_model(operation).http
    target = re.sub(r"\{(\w+)\+?\}", lambda found: path.get(found[1], "none"), http["requestUri"])
    has_body = http["method"] in ("POST", "PUT")
    return {
        "method": http["method"], "target": target, "data": body if has_body else b"",
        "headers": {"Content-Type": "application/json"} if has_body else {},
    }


def error_of(protocol, answer):
    text = answer.data.decode("utf-8", "replace")
    if answer.status < 300:
        return "", text
    if protocol in ("query", "ec2"):
        code, message = re.search(r"<Code>(.*?)</Code>", text), re.search(r"<Message>(.*?)</Message>", text, re.DOTALL)
        return code[1] if code else "", message[1] if message else text
    value = json.loads(text)
    code = answer.headers.get("x-amzn-errortype") or value.get("__type", "")
    return code.split(":")[0].rsplit("#")[-1], value.get("message", value.get("Message", ""))


def forms(secret):
    """How a secret could lie about: as it is, and in base64 at each of the three offsets."""
    yield secret
    for offset in range(3):
        # What comes before or after a secret takes part in the outer characters.
        text = base64.b64encode(b"\0" * offset + secret)
        yield text[(0, 2, 3)[offset]: len(text.rstrip(b"=")) - 1]
