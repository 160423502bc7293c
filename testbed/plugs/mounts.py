"""Volumes hold the secrets that their pods may read; they follow what changes, and are whole or as before."""

import json
import urllib.request

import agent
import pods
from fire import Away, Wrong, under_fire
from server import ACCOUNT, REGION
from stack import AWAY
from volume import MODE, Volume

ALONE = """
- objectName: checkout/db
  objectType: secretsmanager
  filePermission: "0400"
"""

PARTS = """
- objectName: checkout/db
  objectType: secretsmanager
- objectName: checkout/config
  objectType: secretsmanager
  objectAlias: config.json
  jmesPath:
    - {path: user, objectAlias: user}
    - {path: database.password, objectAlias: password, filePermission: "0600"}
- objectName: /checkout/host
  objectType: ssmparameter
  objectAlias: host
"""

CONFIG = json.dumps({"user": "ann", "database": {"password": "tr0ub4dor&3"}})

WALLET = "- {objectName: shop/wallet, objectType: secretsmanager}"
OF_WALLET = {"shop_wallet": ("purse-of-shop", MODE)}

# One that may be read, and one that may not.
DENIED = ALONE + "- {objectName: billing/db, objectType: secretsmanager}"

BY_ASSOCIATION = {"usePodIdentity": "true"}


def parts_with(value):
    """The files of PARTS, if the one secret has this value."""
    return {
        "checkout_db": (value, MODE), "config.json": (CONFIG, MODE), "user": ("ann", MODE),
        "password": ("tr0ub4dor&3", 0o600), "host": ("db.example.com", MODE),
    }


class Pods:
    """Pods with their tokens, both kinds of each, as the driver's tokenRequests has them made."""

    def __init__(self, stack, names):
        """`names` are those of the pods, by service account."""
        self.stack, self.names = stack, names
        self.tokens = {
            account: {
                audience: pods.token(stack, name, account, audience)
                for audience in ("sts.amazonaws.com", agent.AUDIENCE)
            }
            for account, name in names.items()
        }

    def volume(self, name, account="checkout", tokens=None):
        return Volume(self.stack, name, self.names[account], account, tokens or self.tokens[account])


def set_up(w, stack):
    """What the pods of `checkout` may read besides, and the provider."""
    w.iam.put_role_policy(RoleName="checkout", PolicyName="mount", PolicyDocument=json.dumps({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow", "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
                "Resource": f"arn:aws:secretsmanager:*:{ACCOUNT}:secret:checkout/*",
            },
            {
                "Effect": "Allow", "Action": "ssm:GetParameters",
                "Resource": f"arn:aws:ssm:*:{ACCOUNT}:parameter/checkout/*",
            },
        ],
    }))
    w.secretsmanager.create_secret(Name="checkout/config", SecretString=CONFIG)
    w.ssm.put_parameter(Name="/checkout/host", Value="db.example.com", Type="SecureString")
    stack.secrets().start()


def run(w, stack, wallet):
    """`wallet` is the name of a pod that has its role by an association."""
    set_up(w, stack)
    of = Pods(stack, {"checkout": "checkout-0", "wallet": wallet, "plain": "plain-0"})
    filled(w.report, of)
    refused(w.report, of)
    follow(w, of)
    fire(w.report, stack.running["secrets"], of)


def filled(report, of):
    report.begin("volumes hold what their pods may read")
    alone = of.volume("alone")
    code, message, _ = alone.mount(ALONE)
    report.check(code == "OK", f"a volume with a secret is filled: {code} {message}")
    report.check(alone.files() == {"checkout_db": ("hunter2", 0o400)}, f"with its value and its mode: {alone.files()}")
    parts = of.volume("parts")
    code, message, _ = parts.mount(PARTS)
    report.check(
        parts.files() == parts_with("hunter2"), f"parts and parameters by their aliases: {code} {message} {parts.files()}"
    )
    other = of.volume("failover")
    objects = "- {objectName: checkout/db, objectType: secretsmanager, objectAlias: db}"
    code, message, _ = other.mount(objects, region=AWAY, failoverRegion=REGION)
    report.check(other.files() == {"db": ("hunter2", MODE)}, f"a region that is away is stood in for: {code} {message}")
    wallet = of.volume("wallet", "wallet")
    code, message, _ = wallet.mount(WALLET, **BY_ASSOCIATION)
    report.check(wallet.files() == OF_WALLET, f"by Pod Identity it is too, from the agent: {code} {message}")


def refused(report, of):
    report.begin("volumes that can't be filled")
    missing = ALONE + "- {objectName: checkout/none, objectType: secretsmanager}"
    outside = "- {objectName: checkout/db, objectType: secretsmanager, objectAlias: ../db}"
    part = ALONE + "  jmesPath: [{path: user, objectAlias: user}]"
    foreign = WALLET.replace("shop", "billing")
    without = {agent.AUDIENCE: of.tokens["checkout"][agent.AUDIENCE]}
    cases = {
        "with a secret that is denied": (of.volume("denied"), DENIED, {}, "PermissionDenied"),
        "with another namespace's": (of.volume("foreign", "wallet"), foreign, BY_ASSOCIATION, "PermissionDenied"),
        "with a secret that isn't there": (of.volume("missing"), missing, {}, "NotFound"),
        "with a file outside of it": (of.volume("outside"), outside, {}, "InvalidArgument"),
        "with a part of what has none": (of.volume("part"), part, {}, "FailedPrecondition"),
        "by another pod's tokens": (of.volume("other", tokens=of.tokens["wallet"]), ALONE, {}, "InvalidArgument"),
        "without a token for STS": (of.volume("without", tokens=without), ALONE, {}, "FailedPrecondition"),
        "of a service account without a role": (of.volume("plain", "plain"), ALONE, {}, "FailedPrecondition"),
        "of one without an association": (of.volume("nobody", "plain"), ALONE, BY_ASSOCIATION, "NotFound"),
    }
    for name, (volume, objects, parameters, wanted) in cases.items():
        code, message, _ = volume.mount(objects, **parameters)
        report.check(code == wanted and "hint:" in message, f"{name}: {code}: {message}")
        report.check(not any(volume.path.iterdir()), f"{name}: nothing is written")
    volume = of.volume("filled")
    volume.mount(ALONE)
    before = volume.files()
    code, message, _ = volume.mount(DENIED)
    report.check(
        code == "PermissionDenied" and before and volume.files() == before, f"what is filled stays so: {code}: {message}"
    )


def follow(w, of):
    report = w.report
    report.begin("volumes follow what changes")
    volume = of.volume("followed")
    _, _, versions = volume.mount(PARTS)

    def again():
        """Mounts it again: a status, a message, versions, and how many secrets were read for it and how many kept."""
        before = fetched(of.stack)
        told = volume.mount(PARTS, versions)
        return *told, tuple(now - then for now, then in zip(fetched(of.stack), before))

    code, message, found, values = again()
    report.check(code == "OK" and found == versions, f"nothing has changed: {code} {message} {versions} {found}")
    report.check(values == (0, 2), f"and nothing is read again: {values}")
    w.secretsmanager.put_secret_value(SecretId="checkout/db", SecretString="hunter5")
    code, message, found, values = again()
    report.check(volume.files() == parts_with("hunter5"), f"a secret that changed is there: {code} {message}")
    changed = [name for name, version in found.items() if versions.get(name) != version]
    report.check(len(changed) == 1, f"its version tells, and the others stay: {versions} {found}")
    report.check(values == (1, 1), f"it alone is read again: {values}")


def fetched(stack):
    """How many secrets the provider has read, and how many it had kept as they had not changed."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"http://127.0.0.1:{stack.ports['secrets']}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    begin = 'ringwall_secrets_values_total{service="secretsmanager",from="%s"} '
    return [
        sum(int(line.removeprefix(begin % origin)) for line in lines if line.startswith(begin % origin))
        for origin in ("read", "kept")
    ]


def fire(report, provider, of):
    report.begin("the provider is killed while volumes are filled")
    kinds = [
        ("checkout", PARTS, {}, parts_with("hunter5")), ("wallet", WALLET, BY_ASSOCIATION, OF_WALLET),
        ("checkout", DENIED, {}, None),
    ]

    def fill(number):
        account, objects, parameters, wanted = kinds[number % len(kinds)]
        volume = of.volume(f"fire-{number}", account)
        code, message, _ = volume.mount(objects, **parameters)
        found = volume.files()
        if found != (wanted if code == "OK" else {}):
            raise Wrong(f"{code}: {sorted(found)}")
        if code != ("OK" if wanted else "PermissionDenied"):
            raise Away(f"{code}: {message}")

    under_fire(report, provider, fill)
    log = provider.text()
    report.check("a volume is filled" in log, "the provider's log tells what it did")
    values = ["hunter2", "hunter5", "tr0ub4dor", "db.example.com", "purse-of-shop"]
    report.check(not any(value in log for value in values), "and has no value")
    given = [text for tokens in of.tokens.values() for text in tokens.values()]
    report.check(not any(text[-24:] in log for text in given), "and no token")
