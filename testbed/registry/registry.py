"""The registry of `ringwall serve`, with an account, a template for what is pushed to, and a password as `docker login` gets it."""

import base64
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "aws"))

import boto3  # noqa: E402
from botocore.config import Config  # noqa: E402
from issuer import Issuer  # noqa: E402
from server import REGION, Server, free_port  # noqa: E402

# The profile that `ringwall init` makes.
ADMINISTRATOR = "ringwall"


class Registry:
    """A server with the registry on loopback, over plain HTTP: TLS is not what is asked for here."""

    def __init__(self, program, home):
        self.server = Server(program, home, Issuer(home))
        self.port = free_port()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self, *flags):
        self.server.start(
            "--services", "aws,registry", "--tls-mode", "off", "--region", REGION,
            "--registry-listen", self.address, *flags,
        )

    def stop(self):
        return self.server.stop()

    def ecr(self):
        key, secret, _ = self.server.credentials(ADMINISTRATOR)
        return boto3.client(
            "ecr", region_name=REGION, endpoint_url=f"http://127.0.0.1:{self.server.port}",
            aws_access_key_id=key, aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def create_on_push(self, prefix, **settings):
        self.ecr().create_repository_creation_template(prefix=prefix, appliedFor=["CREATE_ON_PUSH"], **settings)

    def password(self):
        """User and password, as `aws ecr get-login-password` gives it."""
        data = self.ecr().get_authorization_token()["authorizationData"][0]
        return base64.b64decode(data["authorizationToken"]).decode().split(":", 1)
