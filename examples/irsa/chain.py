"""The steps, from a service account to what the logs say of its pod."""

import base64
import json
import os
import pathlib
import re
import time

import yaml

from process import until
from server import ACCOUNT, CLUSTER, REGION
from world import forms

from stage import PATIENCE

HERE = pathlib.Path(__file__).resolve().parent
WEBHOOK = HERE.parents[1] / "deploy/manifests/pod-identity/webhook-configuration.yaml"

DEVELOPER = f"arn:aws:iam::{ACCOUNT}:user/dana"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/checkout"
EDIT = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"
AUDIENCE = "sts.amazonaws.com"
SHOP = "/api/v1/namespaces/shop"
MINE, OTHERS = "correct-horse-battery-staple", "incorrect-donkey-capacitor"


class Chain:
    def __init__(self, stage, stack, programs):
        """`programs` is the folder of `ringwall`, `kubectl` and `aws`."""
        self.stage, self.stack, self.folder = stage, stack, stage.folder
        # What must not be found in a log or a record.
        self.secrets = {"the secret of the role": MINE, "the secret of others": OTHERS}
        # This is all that an aws CLI or an SDK needs to find AWS here.
        self.aws = {
            "PATH": f"{programs}:{os.environ.get('PATH', '')}", "AWS_PAGER": "",
            "AWS_ENDPOINT_URL": stack.aws.url, "AWS_CA_BUNDLE": stack.aws.authority,
        }
        people = {**self.aws, "HOME": str(stack.home), "AWS_DEFAULT_REGION": REGION, "AWS_CONFIG_FILE": os.devnull}
        stage.environments = {
            "admin": {
                **people, "KUBECONFIG": stack.bed.kubeconfig,
                "AWS_SHARED_CREDENTIALS_FILE": str(stack.home / ".config/ringwall/credentials"),
            },
            "dana": {
                **people, "KUBECONFIG": str(self.folder / "dana.kubeconfig"),
                "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "dana.credentials"),
            },
            "other": {**self.aws, "HOME": str(self.folder / "other"), "AWS_REGION": REGION},
        }

    def run(self):
        self.webhook()
        self.developer()
        self.trust()
        self.service_account()
        self.pod()
        self.token()
        self.role()
        self.others()
        self.denied()
        self.allowed()
        self.audit()
        self.trail()
        self.clean()

    def webhook(self):
        stage = self.stage
        stage.step("The cluster: its apiserver is told of the pod webhook")
        configuration = yaml.safe_load(WEBHOOK.read_text())
        authority = base64.b64encode(pathlib.Path(self.stack.aws.authority).read_bytes()).decode()
        for webhook in configuration["webhooks"]:
            path = webhook["clientConfig"]["service"]["path"]
            webhook["clientConfig"] = {
                "url": f"https://localhost:{self.stack.ports['identity']}{path}", "caBundle": authority,
            }
        (self.folder / WEBHOOK.name).write_text(yaml.safe_dump(configuration))
        stage.comment(f"As in {WEBHOOK.parent.relative_to(HERE.parents[1])}, with the webhook's address here.")
        stage.run("admin", f"kubectl apply -f {WEBHOOK.name}")
        stage.run("admin", "kubectl create namespace shop")

    def developer(self):
        stage = self.stage
        stage.step("A developer: she gets into the cluster with her AWS identity")
        stage.run("admin", "aws iam create-user --user-name dana --query User.Arn --output text")
        key = json.loads(stage.run("admin", "aws iam create-access-key --user-name dana", shown=False))["AccessKey"]
        stage.comment("The answer goes into a file that only she can read.")
        self.secrets["the key of the developer"] = key["SecretAccessKey"]
        file = self.folder / "dana.credentials"
        file.touch(0o600)
        names = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        file.write_text("[default]\n" + "".join(f"{name} = {value}\n" for name, value in names.items()))
        of_hers = f"--cluster-name {CLUSTER} --principal-arn {DEVELOPER}"
        stage.run("admin", f"aws eks create-access-entry {of_hers}", shown=False)
        scope = "--access-scope type=namespace,namespaces=shop"
        stage.run("admin", f"aws eks associate-access-policy {of_hers} --policy-arn {EDIT} {scope}", shown=False)
        where = f"--server {self.stack.bed.server} --certificate-authority bed/pki/ca.crt"
        stage.run("dana", f"ringwall kubeconfig --cluster-id {CLUSTER} --region {REGION} {where}", shown=False)
        said = stage.run("dana", "kubectl auth whoami -o jsonpath={.status.userInfo.username}", wait=True)
        stage.hold(said == DEVELOPER, f"the apiserver knows her as `{said}`")
        stage.run("dana", "kubectl auth can-i create pods -n shop", wait=True)

    def trust(self):
        stage, issuer = self.stage, self.stack.documents.url
        self.published_in = stage.step("AWS: it learns whose tokens to believe, and a role trusts one service account")
        keys = "--service-account-key-file service-account.pub --folder documents"
        said = stage.run("admin", f"ringwall identity publish --issuer {issuer} {keys}")
        self.key_id = said.splitlines()[1].split()[0]
        stage.comment("The wait is for verifiers that know an older key set. Here nobody does.")
        provider = f"aws iam create-open-id-connect-provider --url {issuer} --client-id-list {AUDIENCE}"
        stage.run("admin", f"{provider} --output text")
        document = (HERE / "trust-policy.json").read_text().replace("ISSUER", issuer.removeprefix("https://"))
        (self.folder / "trust-policy.json").write_text(document)
        document = "--assume-role-policy-document file://trust-policy.json"
        stage.comment("trust-policy.json: with a token of this issuer, for system:serviceaccount:shop:checkout alone.")
        said = stage.run("admin", f"aws iam create-role --role-name checkout {document} --query Role.Arn --output text")
        stage.hold(said == ROLE, f"the role is `{said}`")
        for name, value in [("checkout", MINE), ("billing", OTHERS)]:
            (self.folder / f"{name}.txt").write_text(value)
            of = f"--name {name}/db --secret-string file://{name}.txt"
            stage.run("admin", f"aws secretsmanager create-secret {of} --query ARN --output text")

    def service_account(self):
        self.stage.step("The service account: it names the role")
        self.apply("service-account.yaml")
        self.stage.table([("metadata.annotations", f"eks.amazonaws.com/role-arn: {ROLE}")])

    def pod(self):
        stage = self.stage
        stage.step("The pod: it is injected when it is created")
        self.apply("pod.yaml")
        pod = json.loads(stage.run("dana", "kubectl get pod checkout-0 -n shop -o json", shown=False))
        container, volumes = pod["spec"]["containers"][0], pod["spec"]["volumes"]
        self.injected = {entry["name"]: entry["value"] for entry in container.get("env", [])}
        stage.hold(self.injected.get("AWS_ROLE_ARN") == ROLE, f"the pod got {self.injected or 'nothing'}")
        volume = next(volume for volume in volumes if volume["name"] == "aws-iam-token")
        source = volume["projected"]["sources"][0]["serviceAccountToken"]
        mount = next(mount for mount in container["volumeMounts"] if mount["name"] == volume["name"])
        stage.comment("pod.yaml has nothing of this:")
        stage.table([
            *(("env", name, value) for name, value in self.injected.items()),
            ("volume", volume["name"], f"a token for {source['audience']}, {source['expirationSeconds'] // 3600} hours"),
            ("mount", volume["name"], mount["mountPath"]),
        ])
        self.file = f"{mount['mountPath']}/{source['path']}"
        stage.hold(self.injected["AWS_WEB_IDENTITY_TOKEN_FILE"] == self.file, "the token is where the variable says")
        stage.hold(source["audience"] == AUDIENCE, "the token is for STS")

    def token(self):
        stage = self.stage
        self.token_in = stage.step("The token: what the kubelet puts into the pod")
        stage.comment("There is no kubelet here. The administrator asks in its place, for the same token.")
        file = self.folder / "pod" / self.file.lstrip("/")
        bound = "--duration 24h --bound-object-kind Pod --bound-object-name checkout-0"
        text = stage.run(
            "admin", f"kubectl create token checkout -n shop --audience {AUDIENCE} {bound}", into=file
        )
        header, claims, self.secrets["the signature of the token"] = text.split(".")
        header, self.claims = decoded(header), decoded(claims)
        stage.table([
            ("kid", f"{header['kid']} (published in step {self.published_in})"),
            ("iss", self.claims["iss"]), ("sub", self.claims["sub"]), ("aud", ", ".join(self.claims["aud"])),
            ("pod", self.claims["kubernetes.io"]["pod"]["name"]),
            ("exp", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.claims["exp"]))), ("jti", self.claims["jti"]),
        ])
        stage.hold(header["kid"] == self.key_id, "the token is signed by the published key")
        # What was injected; only the folder is another, as nothing is mounted.
        stage.environments["pod"] = {
            **self.aws, "HOME": str(self.folder / "pod"), **self.injected, "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
        }

    def role(self):
        stage = self.stage
        stage.step("The role: the pod has it by what was injected, and by nothing else")
        arn = stage.run("pod", "aws sts get-caller-identity --query Arn --output text")
        stage.hold(arn.startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/checkout/"), f"the pod is `{arn}`")
        # Where the aws CLI keeps a session of a role.
        cached = next((self.folder / "pod/.aws/cli/cache").glob("*.json"))
        session = json.loads(cached.read_text())["Credentials"]
        self.session, self.key = arn, session["AccessKeyId"]
        self.secrets["the key of the session"] = session["SecretAccessKey"]
        self.secrets["the token of the session"] = session["SessionToken"]

    def others(self):
        stage = self.stage
        stage.step("Another service account: its token gets nothing")
        text = stage.run(
            "admin", f"kubectl create token default -n shop --audience {AUDIENCE}", into=self.folder / "other.jwt"
        )
        self.secrets["the signature of another token"] = text.split(".")[2]
        stage.comment("In a container of another pod:")
        asked = f"--role-arn {ROLE} --role-session-name other --web-identity-token file://other.jwt"
        said = stage.run("other", f"aws sts assume-role-with-web-identity {asked}", fails=True)
        stage.hold("(AccessDenied)" in said, "the trust policy refuses it")

    def denied(self):
        self.stage.step("Denied: nothing allows the role to read the secret")
        self.is_refused("checkout/db")

    def allowed(self):
        stage = self.stage
        stage.step("Allowed: by a policy for this secret, and no other")
        document = "--policy-name read --policy-document file://permissions.json"
        (self.folder / "permissions.json").write_text((HERE / "permissions.json").read_text())
        stage.comment("permissions.json: secretsmanager:GetSecretValue on secret:checkout/* alone.")
        stage.run("admin", f"aws iam put-role-policy --role-name checkout {document}")
        stage.hold(stage.run("pod", read("checkout/db")) == MINE, "the secret has another value")
        self.is_refused("billing/db")

    def audit(self):
        stage = self.stage
        stage.step("The audit log of the apiserver: who made the pod, and who got its token")

        def created(path):
            events = self.stack.events()
            return [e for e in events if e["verb"] == "create" and e["requestURI"].split("?")[0] == f"{SHOP}/{path}"]

        stage.hold(until(lambda: created("serviceaccounts/checkout/token"), PATIENCE), "the token has no event")
        [event] = created("pods")
        user, notes = event["user"], event["annotations"]
        mutations = [json.loads(value) for name, value in notes.items() if name.startswith("mutation.webhook.")]
        stage.table([
            ("requestURI", event["requestURI"].split("?")[0]),
            ("verb", f"{event['verb']}, answered {event['responseStatus']['code']}"),
            ("user.username", user["username"]),
            *((f"user.extra.{name}", ", ".join(user["extra"][name])) for name in ["accessKeyId", "principalId"]),
            # Without the binding's name, which is made of what stands here.
            ("authorization", re.sub('Binding "[^"]*"', 'Binding "…"', notes["authorization.k8s.io/reason"])),
            *(("mutation", f"{one['webhook']}, mutated: {json.dumps(one['mutated'])}") for one in mutations),
        ])
        stage.hold(user["username"] == DEVELOPER, "somebody else made the pod")
        stage.hold(notes["authorization.k8s.io/reason"].startswith("EKS Access Policy: allowed by"), "by another right")
        stage.hold([one["mutated"] for one in mutations] == [True], "the webhook has not changed the pod")
        [event] = created("serviceaccounts/checkout/token")
        credential = event["annotations"]["authentication.kubernetes.io/issued-credential-id"]
        print()
        stage.table([
            ("requestURI", event["requestURI"]),
            ("verb", f"{event['verb']}, answered {event['responseStatus']['code']}"),
            ("user.username", event["user"]["username"]),
            ("issued-credential-id", f"{credential} (the token of step {self.token_in})"),
        ])
        stage.hold(credential == f"JTI={self.claims['jti']}", "it is another token's event")

    def trail(self):
        stage = self.stage
        stage.step("CloudTrail: what the pod did in AWS")

        def records(name):
            files = self.stack.aws.data.glob("trail/AWSLogs/*/CloudTrail/*/*/*/*/events.jsonl")
            lines = [line for file in sorted(files) for line in file.read_text().splitlines()]
            return [record for record in map(json.loads, lines) if record["eventName"] == name]

        # A record of a call that reads is on disk a moment later.
        stage.hold(until(lambda: len(records("GetSecretValue")) == 3, PATIENCE), "there are not three records of reading")
        assumed, other = records("AssumeRoleWithWebIdentity")
        denied, allowed, billing = records("GetSecretValue")
        stage.comment(
            "Of three records in AWSLogs/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/events.jsonl, what matters here. arn, "
            "accessKeyId, userName and ISSUER:sub are from userIdentity."
        )
        given = assumed["responseElements"]["credentials"]["accessKeyId"]
        stage.table([
            ("eventName", assumed["eventName"]), ("eventTime", assumed["eventTime"]),
            ("userName", assumed["userIdentity"]["userName"]),
            ("roleArn", assumed["requestParameters"]["roleArn"]),
            ("credentials.accessKeyId", given),
        ])
        stage.hold(given == self.key, "the session was given out by another call")
        for record in [denied, allowed]:
            who, decision = record["userIdentity"], record.get("additionalEventData", {}).get("decision")
            by = decision and f"{decision['outcome']}, blocked by {' and '.join(decision['blockedBy'])} policies"
            [subject] = [value for name, value in attributes(record) if name.endswith(":sub")]
            print()
            stage.table([
                ("eventName", record["eventName"]), ("eventTime", record["eventTime"]),
                ("arn", who["arn"]), ("accessKeyId", who["accessKeyId"]), ("ISSUER:sub", subject),
                ("secretId", record["requestParameters"]["secretId"]),
                ("errorCode", record.get("errorCode", "")),
                ("decision", by or ""),
            ])
            stage.hold((who["arn"], who["accessKeyId"]) == (self.session, self.key), "another session has read")
            stage.hold(subject == self.claims["sub"], "the record has another service account")
        print()
        stage.say("And two more with AccessDenied: of the other service account, and of billing/db.")
        codes = [record.get("errorCode") for record in [assumed, other, denied, allowed, billing]]
        stage.hold(codes == [None, "AccessDenied", "AccessDenied", None, "AccessDenied"], f"the records have {codes}")

    def clean(self):
        stage, home = self.stage, self.stack.home
        stage.step("Nothing secret is in a log, in a record or in the store")
        files = [file for file in self.stack.aws.data.rglob("*") if file.is_file()]
        files += [*home.glob("log-*"), *home.glob("*.log"), home / "bed" / "testbed.log"]
        every = {file: file.read_bytes() for file in files}
        found = [
            f"{what} in {file}" for file, content in every.items() for what, secret in self.secrets.items()
            if any(form in content for form in forms(secret.encode()))
        ]
        stage.hold(not found, ", ".join(found))
        stage.hold(any(self.session.encode() in content for content in every.values()), "the trail was not searched")
        size = sum(map(len, every.values())) >> 10
        stage.say(f"{len(every)} files ({size} KiB) were searched. In none is {', '.join(self.secrets)}.")

    def apply(self, name):
        (self.folder / name).write_text((HERE / name).read_text())
        self.stage.run("dana", f"kubectl apply -f {name}")

    def is_refused(self, name):
        said = self.stage.run("pod", read(name), fails=True)
        self.stage.hold("(AccessDeniedException)" in said, f"it has another reason: {said}")


def read(name):
    return f"aws secretsmanager get-secret-value --secret-id {name} --query SecretString --output text"


def attributes(record):
    return record["userIdentity"]["sessionContext"]["webIdFederationData"]["attributes"].items()


def decoded(part):
    """A part of a token."""
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
