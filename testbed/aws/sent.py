"""Requests that are signed as clients sign them, and sent byte for byte as they are."""

import socket
import ssl
from dataclasses import dataclass, replace
from http.client import HTTPException, HTTPResponse

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from server import REGION

# Seconds for one exchange, on a machine that has other work.
PATIENCE = 30


@dataclass(frozen=True)
class Request:
    """A request as it goes over the wire."""

    method: str
    target: str
    headers: tuple
    body: bytes

    def bytes(self):
        lines = [f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body

    def header(self, name):
        return next(value for key, value in self.headers if key.lower() == name.lower())

    def with_header(self, name, value):
        """With another value of a header, or with one more."""
        if any(key.lower() == name.lower() for key, _ in self.headers):
            headers = tuple((key, value if key.lower() == name.lower() else old) for key, old in self.headers)
        else:
            headers = (*self.headers, (name, value))
        return replace(self, headers=headers)

    def without(self, name):
        return replace(self, headers=tuple((key, value) for key, value in self.headers if key.lower() != name.lower()))

    def with_body(self, body):
        return replace(self, body=body).with_header("content-length", str(len(body)))


class Wire:
    """A way to the server."""

    def __init__(self, w):
        self.port = w.server.port
        self.context = ssl.create_default_context(cafile=w.server.authority)
        self.host = f"localhost:{self.port}"

    def send(self, request):
        """Sends a request on a connection of its own; the status of the answer, none without an answer."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as plain:
            with self.context.wrap_socket(plain, server_hostname="localhost") as stream:
                stream.sendall(request.bytes())
                answer = HTTPResponse(stream)
                try:
                    answer.begin()
                    answer.read()
                except (ConnectionError, HTTPException):
                    return None
                return answer.status

    def signed(self, service, credentials, method="POST", path="/", query="", headers=(), body=b"", region=REGION):
        """A request with a signature as botocore makes it."""
        target = f"{path}?{query}" if query else path
        request = AWSRequest(method, f"https://{self.host}{target}", headers=dict(headers), data=body)
        SigV4Auth(BotoCredentials(*credentials), service, region).add_auth(request)
        lines = [("host", self.host), *((name, value) for name, value in request.headers.items() if name.lower() != "host")]
        return Request(method, target, (*lines, ("content-length", str(len(body)))), body)
