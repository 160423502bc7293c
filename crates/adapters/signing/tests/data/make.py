"""Makes the files beside it, by OpenSSL and Python's cryptography: an independent reading of every format.

Run it in its own folder: python3 make.py. Keys are thrown away; only what was signed by them is kept.
"""

import base64
import datetime
import hashlib
import json
import pathlib
import subprocess
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

HERE = pathlib.Path(__file__).parent
DIGEST = "sha256:" + "ab" * 32
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
MINUTES = datetime.timedelta(minutes=10)
YEARS = datetime.timedelta(days=3650)
CODE, STAMP = ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.TIME_STAMPING


def b64(data):
    return base64.b64encode(data).decode()


def public(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def spki(key):
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def sign(key, data, hashed=None):
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashed or hashes.SHA256())
    return key.sign(data, ec.ECDSA(hashed or hashes.SHA256()))


def certificate(name, key, issuer, issuer_key, usage=None, extra=(), begin=NOW - YEARS, end=NOW + YEARS, ca=False):
    of = lambda text: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])
    built = (x509.CertificateBuilder().subject_name(of(name)).issuer_name(of(issuer)).public_key(key.public_key())
             .serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(end)
             .add_extension(x509.BasicConstraints(ca, None), critical=True)
             .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
             .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False))
    if usage is not None:
        built = built.add_extension(x509.ExtendedKeyUsage([usage]), critical=usage == STAMP)
    for extension, critical in extra:
        built = built.add_extension(extension, critical=critical)
    return built.sign(issuer_key, hashes.SHA256())


def pem(*certificates):
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)


def simple(digest=DIGEST):
    critical = {"identity": {"docker-reference": "registry.test/shop/web"},
                "image": {"docker-manifest-digest": digest}, "type": "cosign container image signature"}
    return json.dumps({"critical": critical, "optional": {"release": "7"}}, separators=(",", ":")).encode()


def pae(kind, payload):
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


KIND = "application/vnd.in-toto+json"


def statement(predicate="https://spdx.dev/Document", digest=DIGEST):
    subject = [{"name": "registry.test/shop/web", "digest": {"sha256": digest.split(":")[1]}}]
    return json.dumps({"_type": "https://in-toto.io/Statement/v1", "subject": subject,
                       "predicateType": predicate, "predicate": {"name": "web"}}).encode()


def write(name, content):
    (HERE / name).write_bytes(content if isinstance(content, bytes) else (json.dumps(content, indent=1) + "\n").encode())


root, middle, leaf, tsa_root, tsa = (ec.generate_private_key(ec.SECP256R1()) for _ in range(5))
log = ec.generate_private_key(ec.SECP256R1())
ROOT = certificate("root", root, "root", root, ca=True)
MIDDLE = certificate("middle", middle, "root", root, usage=CODE, ca=True)
ISSUER = b"https://issuer.test"
fulcio = [
    (x509.SubjectAlternativeName([x509.RFC822Name("dev@acme.test")]), True),
    (x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.57264.1.1"), ISSUER), False),
    (x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.57264.1.8"), bytes([12, len(ISSUER)]) + ISSUER), False),
]
LEAF = certificate("", leaf, "middle", middle, usage=CODE, extra=fulcio, begin=NOW - MINUTES, end=NOW + MINUTES)
OLD = certificate("", leaf, "middle", middle, usage=CODE, extra=fulcio, begin=NOW - 4 * MINUTES, end=NOW - 3 * MINUTES)
SERVER = certificate("", leaf, "middle", middle, usage=ExtendedKeyUsageOID.SERVER_AUTH, extra=fulcio)
TSA_ROOT = certificate("tsa root", tsa_root, "tsa root", tsa_root, ca=True)
TSA = certificate("tsa", tsa, "tsa root", tsa_root, usage=STAMP)
write("roots.pem", pem(ROOT))
write("other-roots.pem", pem(TSA_ROOT))
write("tsa.pem", pem(TSA, TSA_ROOT))
write("log.pub", public(log))


def stamp(data):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "data").write_bytes(data)
        (folder / "serial").write_text("01\n")
        (folder / "tsa.pem").write_bytes(pem(TSA))
        (folder / "key.pem").write_bytes(tsa.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        (folder / "ts.cnf").write_text(
            "[tsa]\ndefault_tsa=one\n[one]\ndir=.\nserial=serial\nsigner_digest=sha256\ndefault_policy=1.2.3.4\n"
            "digests=sha256,sha512\ness_cert_id_alg=sha256\n")
        run = lambda *words: subprocess.run(["openssl", "ts", *words], cwd=folder, check=True, capture_output=True)
        run("-query", "-data", "data", "-sha256", "-cert", "-out", "query")
        run("-reply", "-config", "ts.cnf", "-queryfile", "query", "-signer", "tsa.pem", "-inkey", "key.pem", "-out", "reply")
        return (folder / "reply").read_bytes()


def logged(body, when):
    """An entry with the log's promise."""
    body, ident = b64(json.dumps(body).encode()), hashlib.sha256(spki(log)).hexdigest()
    promised = '{"body":"%s","integratedTime":%d,"logID":"%s","logIndex":%d}' % (body, when, ident, 5)
    return {"SignedEntryTimestamp": b64(sign(log, promised.encode())),
            "Payload": {"body": body, "integratedTime": when, "logIndex": 5, "logID": ident}}


def hashedrekord(payload, signature, by):
    return {"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
        "data": {"hash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()}},
        "signature": {"content": b64(signature), "publicKey": {"content": b64(by)}}}}


def tree(body, others):
    """A proof for the last of some entries, and the log's word about the tree."""
    leaves = [hashlib.sha256(b"\0" + one).digest() for one in others + [body]]
    node = lambda left, right: hashlib.sha256(b"\1" + left + right).digest()
    split = lambda n: 1 << (n - 1).bit_length() - 1
    head = lambda all: all[0] if len(all) == 1 else node(head(all[:split(len(all))]), head(all[split(len(all)):]))

    def path(at, all):
        if len(all) == 1:
            return []
        k = split(len(all))
        return path(at, all[:k]) + [head(all[k:])] if at < k else path(at - k, all[k:]) + [head(all[:k])]

    at = len(others)
    note = "log.test - 1\n%d\n%s\n" % (len(leaves), b64(head(leaves)))
    hint = hashlib.sha256(spki(log)).digest()[:4]
    text = note + "\n\u2014 log.test %s\n" % b64(hint + sign(log, note.encode()))
    return {"logIndex": str(at), "rootHash": b64(head(leaves)), "treeSize": str(len(leaves)),
            "hashes": [b64(one) for one in path(at, leaves)], "checkpoint": {"envelope": text}}


cases = {}
for name, key, hashed in [
    ("p256", ec.generate_private_key(ec.SECP256R1()), None),
    ("p384", ec.generate_private_key(ec.SECP384R1()), hashes.SHA384()),
    ("p384-sha256", ec.generate_private_key(ec.SECP384R1()), None),
    ("rsa", rsa.generate_private_key(65537, 2048), None),
    ("ed25519", ed25519.Ed25519PrivateKey.generate(), None),
]:
    write(name + ".pub", public(key))
    payload = simple()
    cases[name] = {"payload": b64(payload), "signature": b64(sign(key, payload, hashed))}
    if name == "p256":
        signature = sign(key, payload)
        entry = logged(hashedrekord(payload, signature, public(key)), int(NOW.timestamp()))
        cases["p256-logged"] = {"payload": b64(payload), "signature": b64(signature), "entry": json.dumps(entry)}
        other = simple("sha256:" + "cd" * 32)
        cases["p256-other-image"] = {"payload": b64(other), "signature": b64(sign(key, other))}
        text = statement()
        envelope = {"payloadType": KIND, "payload": b64(text),
                    "signatures": [{"keyid": "", "sig": b64(sign(key, pae(KIND, text)))}]}
        cases["p256-envelope"] = {"envelope": b64(json.dumps(envelope).encode())}

payload = simple()
signature = sign(leaf, payload)
stamped = json.dumps({"SignedRFC3161Timestamp": b64(stamp(signature))})
chain = pem(MIDDLE, ROOT).decode()
for name, one in [("leaf", LEAF), ("leaf-old", OLD), ("leaf-server", SERVER)]:
    cases[name] = {"payload": b64(payload), "signature": b64(signature), "certificate": pem(one).decode(),
                   "chain": chain, "timestamp": stamped}
entry = logged(hashedrekord(payload, signature, pem(LEAF)), int(NOW.timestamp()))
cases["leaf-logged"] = {"payload": b64(payload), "signature": b64(signature), "certificate": pem(LEAF).decode(),
                        "chain": chain, "entry": json.dumps(entry)}
late = logged(hashedrekord(payload, signature, pem(LEAF)), int((NOW + 2 * MINUTES).timestamp()))
cases["leaf-logged-late"] = dict(cases["leaf-logged"], entry=json.dumps(late))
cases["leaf-undated"] = {"payload": b64(payload), "signature": b64(signature), "certificate": pem(LEAF).decode(), "chain": chain}
write("simple.json", {"digest": DIGEST, "cases": cases})

# A certificate of a bundle has no chain with it: the one between is given with the roots.
write("roots-and-middle.pem", pem(MIDDLE, ROOT))
text = statement("https://sigstore.dev/cosign/sign/v1")
signature = sign(leaf, pae(KIND, text))
body = {"apiVersion": "0.0.1", "kind": "dsse", "spec": {
    "envelopeHash": {"algorithm": "sha256", "value": "00" * 32},
    "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(text).hexdigest()},
    "signatures": [{"signature": b64(signature), "verifier": b64(pem(LEAF))}]}}
raw = json.dumps(body).encode()
promise = logged(body, int(NOW.timestamp()))
write("bundle.json", {
    "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
    "verificationMaterial": {
        "certificate": {"rawBytes": b64(LEAF.public_bytes(serialization.Encoding.DER))},
        "tlogEntries": [{
            "logIndex": "5", "logId": {"keyId": b64(hashlib.sha256(spki(log)).digest())},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"}, "integratedTime": str(int(NOW.timestamp())),
            "inclusionPromise": {"signedEntryTimestamp": promise["SignedEntryTimestamp"]},
            "inclusionProof": tree(raw, [b"a", b"b", b"c", b"d", b"e"]), "canonicalizedBody": b64(raw)}],
        "timestampVerificationData": {"rfc3161Timestamps": [{"signedTimestamp": b64(stamp(signature))}]}},
    "dsseEnvelope": {"payloadType": KIND, "payload": b64(text), "signatures": [{"sig": b64(signature)}]}})
