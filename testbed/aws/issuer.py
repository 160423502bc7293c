"""An OpenID Connect issuer on loopback: its keys over HTTPS, and tokens of service accounts by them."""

import base64
import http.server
import json
import time

import rsa

from web import Quiet, Web

BITS = 2048


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Issuer(Web):
    # What the cluster is registered with. Nothing is asked there, as its keys are given.
    registered = "https://oidc.example.com"

    def __init__(self, folder):
        self.public, self.private = rsa.newkeys(BITS)
        issuer = self

        class Handler(Quiet, http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                documents = {
                    "/.well-known/openid-configuration": issuer.configuration(),
                    "/keys": issuer.keys(),
                }
                document = documents.get(self.path)
                body = (document or "{}").encode()
                self.send_response(200 if document else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        super().__init__(folder, "issuer", Handler)

    def configuration(self):
        return json.dumps({
            "issuer": self.url,
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })

    def keys(self):
        modulus, exponent = number(self.public.n), number(self.public.e)
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "n": modulus, "e": exponent}
        return json.dumps({"keys": [key]})

    def token(self, audience, issuer=None, namespace="default", account="web", key=None, **changed):
        """A token as the kubelet gets it for a pod; or one that isn't, by another key or with other claims."""
        now = int(time.time())
        uid = "0a1b2c3d-0000-4000-8000-000000000001"
        claims = {
            "iss": issuer or self.url,
            "aud": [audience],
            "sub": f"system:serviceaccount:{namespace}:{account}",
            "iat": now - 10, "nbf": now - 10, "exp": now + 3600,
            "kubernetes.io": {
                "namespace": namespace,
                "serviceaccount": {"name": account, "uid": uid},
                "pod": {"name": f"{account}-0", "uid": uid},
            },
            **changed,
        }
        head = {"alg": "RS256", "kid": "1", "typ": "JWT"}
        signed = ".".join(encode(json.dumps(part).encode()) for part in (head, claims))
        return f"{signed}.{encode(rsa.sign(signed.encode(), key or self.private, 'SHA-256'))}"
