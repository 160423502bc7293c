"""What is the same for every operation or every service: refusals, layers, faults, throttling, restarts, secrets, records."""

import base64
import gzip
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import urllib3
from botocore.exceptions import BotoCoreError, ClientError

from cases import given, policy, trust
from server import ACCOUNT, CLUSTER, OTHER, REGION, free_port
from world import CALL, forms

OPERATIONS = pathlib.Path(__file__).parent / "../../crates/adapters/protocol/data/operations.txt"

# Bounds of loops that wait for the server to do something.
MOST_CALLS, MOST_WRITES = 40, 400


def refused(service):
    return {"iam": "AccessDenied", "sts": "AccessDenied", "ec2": "UnauthorizedOperation"}.get(
        service, "AccessDeniedException"
    )


def why_not(call):
    """The code and the message of a call's error; none if it went well."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    return None, None


def holds(seen, *arguments):
    """Whether an effect shows; what is not there may well be an error."""
    try:
        return bool(seen(*arguments))
    except (ClientError, AttributeError, IndexError, KeyError, TypeError):
        return False


def is_denial(service, action, arn, code, message):
    """Source: AWS IAM User Guide, "Troubleshoot access denied error messages"."""
    sentence = (
        rf"User: {re.escape(arn)} is not authorized to perform: {re.escape(action)}( on resource: \S+)? because no "
        rf"(identity|resource)-based policy allows the {re.escape(action)} action"
    )
    return code == refused(service) and re.search(sentence, message or "") is not None


def run_cases(w, service, cases):
    """Each operation denied, then allowed, with its effect."""
    for case in cases:
        if callable(case):
            case(w)
            continue
        try:
            run_case(w, case.service or service, case)
        except (BotoCoreError, ClientError) as error:
            w.report.check(False, f"{case.operation}: {error}")


def run_case(w, service, case):
    parameters = given(w, case.parameters)
    if case.undeniable is None:
        action = case.action or f"{service}:{case.operation}"
        code, message = why_not(lambda: w.method(service, case.operation, "nobody")(**parameters))
        w.report.check(
            is_denial(service, action, w.arn("nobody"), code, message),
            f"{case.operation} by nobody is refused: {code}: {message}",
        )
        if case.changes:
            w.report.check(not holds(case.seen, w), f"{case.operation} has no effect when it is refused")
    output = w.method(service, case.operation, None if case.unsigned else "administrator")(**parameters)
    if case.keep:
        w.kept[case.keep] = output
    try:
        seen = case.seen(w) if case.changes else case.seen(w, output)
    except (ClientError, AttributeError, IndexError, KeyError, TypeError) as error:
        return w.report.check(False, f"{case.operation} shows nowhere: {error!r}; {output}")
    return w.report.check(seen, f"{case.operation} shows nowhere: {output}")


def run_cli(w, service, commands):
    for command in commands:
        arguments = given(w, command.arguments)
        what = " ".join(arguments[:2])
        status, output, errors = w.aws("administrator", arguments)
        w.report.check(
            status == 0 and command.seen(json.loads(output)), f"aws {what}: {status} {output[:300]} {errors[:300]}"
        )
        status, output, errors = w.aws("nobody", arguments)
        code = re.search(r"An error occurred \((\w+)\)", errors)
        w.report.check(
            status != 0 and is_denial(service, command.action, w.arn("nobody"), code and code[1], errors),
            f"aws {what} by nobody: {status} {errors[:300]}",
        )


def known():
    """The operations that the endpoint knows of."""
    lines = OPERATIONS.read_text().splitlines()
    return [tuple(line.split()) for line in lines if line and not line.startswith("#")]


def served(w):
    """Those that it serves: what it says to a user who may do nothing, so that nothing is done."""
    if not w.served:
        answers = {of: w.raw(*of, {}, "nobody")[1] for of in known()}
        w.served = sorted(of for of, code in answers.items() if code not in ("UnknownOperationException", "InvalidAction"))
    return w.served


def coverage(w, files):
    """Every operation that is served has a case, and every case is of one that is served."""
    listed, found = known(), set(served(w))
    rows = [
        (case.service or service, case.operation)
        for service, file in files.items() for case in file.CASES if not callable(case)
    ]
    for service, operation in sorted(found - set(rows)):
        w.report.check(False, f"{service} {operation} is served and has no case")
    for service, operation in sorted(set(rows) - found):
        w.report.check(False, f"{service} {operation} has a case and is not served")
    w.report.check(len(rows) == len(set(rows)), "no operation has two cases")
    w.report.check(found == set(rows), f"{len(found)} of {len(listed)} are served, {len(rows)} cases")
    print(f"  {len(found)} of {len(listed)} known operations are served", flush=True)


def malformed(w, file, service):
    for row in file.MALFORMED:
        status, code, message = w.raw(row.service, row.operation, row.parameters, "administrator", row.path)
        w.report.check(
            status == 400 and code == row.code and message,
            f"{row.service} {row.operation} {row.parameters}: {status} {code}, not {row.code}: {message}",
        )
    status, code, message = w.raw(service, "MakeTea", {}, "administrator")
    unknown = "InvalidAction" if service in ("iam", "sts", "ec2") else "UnknownOperationException"
    w.report.check(status in (400, 404) and code == unknown, f"{service} MakeTea: {status} {code}: {message}")


def make_users(w):
    """Whom every policy lets in but for one layer."""
    w.user("nobody")
    everything = policy("Allow", "*")
    w.user("allowed", everything)
    boundary = w.iam.create_policy(PolicyName="boundary", PolicyDocument=policy("Allow", "cloudwatch:*"))
    w.user("bounded", everything, PermissionsBoundary=boundary["Policy"]["Arn"])
    w.iam.create_role(RoleName="narrowed", AssumeRolePolicyDocument=trust())
    w.iam.put_role_policy(RoleName="narrowed", PolicyName="all", PolicyDocument=everything)
    given = w.sts.assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/narrowed", RoleSessionName="narrowed",
        Policy=policy("Allow", "cloudwatch:*"),
    )["Credentials"]
    w.credentials["narrowed"] = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def layers(w, file):
    """Each kind of policy denies on its own, and the message says which."""
    for probe in file.PROBES:
        layers_of_callers(w, probe)
    if hasattr(file, "resource_policy"):
        action, reason, call = file.resource_policy(w)
        code, message = why_not(lambda: call("allowed"))
        w.report.check(
            code == refused(action.split(":")[0])
            and f"to perform: {action} on resource: " in message and reason in message,
            f"{action} {reason}: {code}: {message}",
        )


def layers_of_callers(w, probe):
    service, action = probe.service, probe.action
    w.user(f"denied-{service}", policy("Allow", "*"), policy("Deny", action))
    rows = [
        (f"denied-{service}", "with an explicit deny in an identity-based policy"),
        ("bounded", f"because no permissions boundary allows the {action} action"),
        ("narrowed", f"because no session policy allows the {action} action"),
    ]

    def call(who):
        return getattr(w.client(service, who), probe.operation)(**given(w, probe.parameters))

    code, message = why_not(lambda: call("allowed"))
    w.report.check(code is None, f"{action} without a layer that denies: {code}: {message}")
    for who, reason in rows:
        code, message = why_not(lambda who=who: call(who))
        w.report.check(code == refused(service) and reason in message, f"{action} {reason}: {code}: {message}")


def throttled(w, probe):
    """More calls at once than there may be; asks a server that was told so."""
    wanted = {"iam": "Throttling", "sts": "Throttling", "ec2": "RequestLimitExceeded"}.get(
        probe.service, "ThrottlingException"
    )
    call = getattr(w.client(probe.service, "administrator"), probe.operation)
    parameters = given(w, probe.parameters)
    codes = [why_not(lambda: call(**parameters))[0] for _ in range(MOST_CALLS)]
    w.report.check(codes[0] is None and set(codes) == {None, wanted}, f"{probe.service}: {codes}")
    # Another account has its own share.
    call = getattr(w.client(probe.service, "other"), probe.operation)
    code, _ = why_not(lambda: call(**parameters))
    w.report.check(code != wanted, f"{probe.service}: the other account is not held up: {code}")


def presigned(w):
    """As `aws eks get-token` makes it: a URL that tells the cluster in a signed header."""
    key, secret, token = w.credentials["administrator"]
    request = botocore.awsrequest.AWSRequest(
        method="GET", url=f"{w.server.url}/?Action=GetCallerIdentity&Version=2011-06-15", headers={"x-k8s-aws-id": CLUSTER}
    )
    botocore.auth.SigV4QueryAuth(
        botocore.credentials.Credentials(key, secret, token), "sts", REGION, expires=60
    ).add_auth(request)

    import ssl

    context = ssl.create_default_context(cafile=w.server.authority)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )

    def get(headers):
        try:
            with opener.open(urllib.request.Request(request.url, headers=headers), timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    status, body = get({"x-k8s-aws-id": CLUSTER})
    w.report.check(status == 200 and f"<Arn>{w.arn('administrator')}</Arn>" in body, f"presigned: {status} {body}")
    status, body = get({"x-k8s-aws-id": "another"})
    w.report.check(status == 403 and "<Code>SignatureDoesNotMatch</Code>" in body, f"another cluster: {status} {body}")
    status, body = get({})
    w.report.check(status == 403 and "<Arn>" not in body, f"no cluster: {status} {body}")


def tokens(w):
    """`ringwall token` makes what `aws eks get-token` makes, and STS here takes both."""
    key, secret, _ = w.credentials["administrator"]
    status, theirs, errors = w.aws("administrator", ["eks", "get-token", "--cluster-name", CLUSTER])
    w.report.check(status == 0, f"aws eks get-token: {errors}")
    done = subprocess.run(
        [w.server.program, "token", "--cluster-id", CLUSTER],
        env={
            "HOME": str(w.server.home), "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": w.server.url,
        },
        capture_output=True, text=True, timeout=CALL,
    )
    w.report.check(done.returncode == 0, f"ringwall token: {done.stderr}")
    theirs, ours = json.loads(theirs), json.loads(done.stdout)
    w.report.check({name: theirs[name] for name in ("kind", "apiVersion", "spec")}
                   == {name: ours[name] for name in ("kind", "apiVersion", "spec")}, f"{theirs} {ours}")

    def parts(credential):
        text = credential["status"]["token"].removeprefix("k8s-aws-v1.")
        url = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        base, _, query = url.partition("?")
        return url, base, dict(pair.split("=") for pair in query.split("&"))

    (_, theirs_base, theirs_pairs), (url, base, pairs) = parts(theirs), parts(ours)
    # Those of a moment.
    same = {name: value for name, value in pairs.items() if name not in ("X-Amz-Date", "X-Amz-Signature")}
    w.report.check(base == theirs_base, f"{base} {theirs_base}")
    w.report.check(pairs.keys() == theirs_pairs.keys(), f"{pairs.keys()} {theirs_pairs.keys()}")
    w.report.check(same == {name: theirs_pairs.get(name) for name in same}, f"{same}")
    with urllib3.PoolManager(ca_certs=w.server.authority, timeout=CALL, retries=False) as pool:
        for cluster, status in ((CLUSTER, 200), ("another", 403)):
            answer = pool.request("GET", url, headers={"x-k8s-aws-id": cluster})
            w.report.check(answer.status == status, f"the token for {cluster}: {answer.status} {answer.data}")


class Lasting:
    """What has to be there after the server has ended, however it did."""

    def __init__(self, w, files):
        w.iam.create_role(RoleName="lasting", AssumeRolePolicyDocument=trust())
        self.key = w.kms.create_key()["KeyMetadata"]["KeyId"]
        self.ciphertext = w.kms.encrypt(KeyId=self.key, Plaintext=b"of-a-lasting-key-64e1")["CiphertextBlob"]
        w.kms.rotate_key_on_demand(KeyId=self.key)
        w.secretsmanager.create_secret(Name="lasting", SecretString="of-a-lasting-secret-0f3c", KmsKeyId=self.key)
        w.ssm.put_parameter(Name="/lasting", Value="of-a-lasting-parameter-9a2d", Type="SecureString")
        entry = {"clusterName": CLUSTER, "principalArn": f"arn:aws:iam::{ACCOUNT}:role/lasting"}
        w.eks.create_access_entry(**entry, kubernetesGroups=["lasting"])
        vpc = w.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        group = w.ec2.create_security_group(GroupName="lasting", Description="of lasting", VpcId=vpc)["GroupId"]
        w.ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.9.0.0/24"}]}],
        )
        self.looks = {
            "role": lambda: w.iam.get_role(RoleName="lasting")["Role"]["RoleName"] == "lasting",
            "ciphertext": lambda: w.kms.decrypt(CiphertextBlob=self.ciphertext)["Plaintext"] == b"of-a-lasting-key-64e1",
            "secret": lambda: w.secretsmanager.get_secret_value(SecretId="lasting")["SecretString"]
            == "of-a-lasting-secret-0f3c",
            "parameter": lambda: w.ssm.get_parameter(Name="/lasting", WithDecryption=True)["Parameter"]["Value"]
            == "of-a-lasting-parameter-9a2d",
            "access entry": lambda: w.eks.describe_access_entry(**entry)["accessEntry"]["kubernetesGroups"] == ["lasting"],
            "security group": lambda: [
                rule["FromPort"]
                for found in w.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
                for rule in found["IpPermissions"]
            ] == [22],
        }

    def look(self, w, when):
        for name, is_there in self.looks.items():
            w.report.check(holds(is_there), f"the {name} is there after {when}")


def killed(w, kill):
    """Kills the server while it is written to: what was answered by then. Each of three writes on its own."""
    answered, enough = [], threading.Event()

    def write(number):
        secrets = w.connect("secretsmanager", w.credentials["administrator"])
        for count in range(MOST_WRITES):
            name = f"killed-{number}-{count}"
            try:
                secrets.create_secret(Name=name, SecretString=f"value-of-{name}")
            except (BotoCoreError, ClientError):
                return
            answered.append(name)
            if len(answered) >= 20:
                enough.set()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for writer in writers:
        writer.start()
    enough.wait(120)
    kill()
    for writer in writers:
        writer.join(120)
    return answered


def are_there(w, answered):
    w.report.check(20 <= len(answered) < 3 * MOST_WRITES, f"the server was killed in the middle: {len(answered)} writes")

    def is_there(name):
        return w.secretsmanager.get_secret_value(SecretId=name)["SecretString"] == f"value-of-{name}"

    lost = [name for name in answered if not holds(is_there, name)]
    w.report.check(not lost, f"acknowledged and lost: {lost}")


def no_core(w):
    limits = pathlib.Path(f"/proc/{w.server.running.process.pid}/limits").read_text()
    w.report.check(re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE), "the process leaves no core file")


def no_secrets(w):
    """No secret that went over the wire is in the data folder, the trail or the logs."""
    files = [path for path in w.server.data.rglob("*") if path.is_file()] + w.server.logs
    contents = {path: gunzip(path) for path in files}
    everything = b"\0".join(contents.values())
    # Something that is no secret is found the same way, so that the search does find.
    w.report.check(b"killed-0-0" in everything and b"iam.amazonaws.com" in everything, "the search finds what is there")
    secrets = sorted(w.secrets | {secret.encode() for _, secret, _ in w.credentials.values()})
    for secret in secrets:
        where = [form for form in forms(secret) if form in everything]
        if where:
            paths = [str(path) for path, content in contents.items() if any(form in content for form in where)]
            w.report.check(False, f"a secret of {len(secret)} bytes ({secret[:12]!r}…) is in the clear in {paths}")
    w.report.check(len(secrets) >= 50, f"{len(secrets)} secrets were looked for")
    print(f"  {len(secrets)} secrets in {sum(map(len, contents.values()))} bytes of {len(files)} files", flush=True)


def gunzip(path):
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def records(w):
    """The trail's records."""
    for path in sorted(w.server.data.glob("trail/**/*")):
        if path.is_file() and ".json" in path.name:
            for line in gunzip(path).splitlines():
                record = json.loads(line)
                yield from record.get("Records", [record])


def recorded(w, files):
    found = list(records(w))
    ids = [record["eventID"] for record in found]
    w.report.check(ids and len(ids) == len(set(ids)), "every record has an id of its own")
    w.report.check({record["recipientAccountId"] for record in found} == {ACCOUNT, OTHER}, "both accounts have records")
    sources = {"sts", "iam", "kms", "secretsmanager", "ssm", "eks", "ec2", "ecr", "eks-auth"}
    w.report.check({record["eventSource"].split(".")[0] for record in found} == sources, "every service has records")
    done = {(record["eventSource"], record["eventName"], record.get("errorCode")) for record in found}
    for service, file in files.items():
        for case in file.CASES:
            if not callable(case):
                source = f"{case.service or service}.amazonaws.com"
                w.report.check((source, case.operation, None) in done, f"a record of {case.operation}, allowed")
                # Source: AWS CloudTrail User Guide, "CloudTrail record contents", errorCode, and examples of EC2's records.
                code = "Client.UnauthorizedOperation" if service == "ec2" else "AccessDenied"
                w.report.check(
                    case.undeniable or (source, case.operation, code) in done, f"a record of {case.operation}, denied"
                )
    # A refusal's record says who, what and why.
    denied = [
        record for record in found
        if record["userIdentity"].get("userName") == "nobody"
        and record.get("errorCode") in ("AccessDenied", "Client.UnauthorizedOperation")
    ]
    told = all(f"User: {w.arn('nobody')} is not authorized to perform: " in record["errorMessage"] for record in denied)
    w.report.check(denied and told, "the records of nobody's calls tell why")
    print(f"  {len(found)} records", flush=True)


def walkthrough(w):
    """The script that newcomers paste, as it is, with this program and this environment's `aws`."""
    script = pathlib.Path(__file__).resolve().parents[2] / "examples" / "aws-endpoint" / "walkthrough.sh"
    with tempfile.TemporaryDirectory(prefix="ringwall-walkthrough-") as folder:
        programs = pathlib.Path(folder) / "bin"
        programs.mkdir()
        (programs / "ringwall").symlink_to(w.server.program)
        aws = programs / "aws"
        aws.write_text(f'#!/bin/sh\nexec {sys.executable} -B -m awscli "$@"\n')
        aws.chmod(0o755)
        environment = {
            "HOME": folder,
            "PATH": f"{programs}:{os.environ.get('PATH', '')}",
            "RINGWALL_PORT": str(free_port()),
            "RINGWALL_ADMIN_PORT": str(free_port()),
        }
        done = subprocess.run([script], env=environment, capture_output=True, text=True, timeout=300)
        w.report.check(done.returncode == 0, f"the walkthrough ends well: {done.stdout[-500:]} {done.stderr[-1500:]}")
        w.report.check("not authorized to perform: secretsmanager:GetSecretValue" in done.stderr, "it shows a refusal")
