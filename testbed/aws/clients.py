"""AWS's clients, one like the other: boto3, and the AWS CLI as it runs behind `aws`."""

import base64
import contextlib
import io
import json
import os
import re
import tempfile
from dataclasses import dataclass
from datetime import datetime

import boto3
from awscli.clidriver import create_clidriver
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError
from botocore import xform_name

from answers import Answers
from endpoint import REGION

# Nothing is tried twice: a test has to see the first answer.
CONFIG = Config(retries={"max_attempts": 0}, parameter_validation=True)


@dataclass
class Outcome:
    """What came of a call: a value, or an error's code, message and status."""

    value: dict | None = None
    code: str | None = None
    message: str = ""
    status: int = 200

    def __str__(self):
        return f"{self.code}: {self.message}" if self.code else json.dumps(self.value)[:300]


class Client:
    """Calls operations; every answer is held to the model, as it came over the wire."""

    name = ""

    def __init__(self, installation):
        self.installation = installation
        self.answers = Answers()

    def environment(self):
        return {
            "AWS_ENDPOINT_URL": self.installation.url,
            "AWS_CA_BUNDLE": self.installation.authority,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_PAGER": "",
        }


class Boto(Client):
    name = "boto3"

    def __init__(self, installation):
        super().__init__(installation)
        self.clients = {}

    def client(self, service, credentials):
        key = (service, credentials, self.installation.url)
        if key not in self.clients:
            os.environ.update(self.environment())
            session = boto3.Session(
                *(credentials.id, credentials.secret, credentials.token) if credentials else (), region_name=REGION
            )
            config = CONFIG
            self.clients[key] = session.client(service, config=config)
            self.clients[key].meta.events.register("after-call", self.answers.check)
        return self.clients[key]

    def call(self, operation, parameters, credentials):
        service, name = operation.split(" ")
        client = self.client(service, credentials)
        parameters = undone(client.meta.service_model.operation_model(name).input_shape, parameters)
        try:
            answer = getattr(client, xform_name(name))(**parameters)
        except ClientError as error:
            answer = error.response
            told = answer["Error"]
            return Outcome(None, told["Code"], told.get("Message", ""), answer["ResponseMetadata"]["HTTPStatusCode"])
        answer.pop("ResponseMetadata", None)
        return Outcome(plain(answer))


class Cli(Client):
    name = "aws"

    def __init__(self, installation):
        super().__init__(installation)
        self.seen = None

    def call(self, operation, parameters, credentials):
        service, name = operation.split(" ")
        os.environ.update(self.environment())
        driver = create_clidriver()
        if credentials:
            driver.session.set_credentials(credentials.id, credentials.secret, credentials.token)
        driver.session.register("after-call", self.see)
        self.seen = None
        with tempfile.TemporaryDirectory() as folder:
            arguments = [service, xform_name(name, "-"), "--output", "json", "--no-paginate"]
            arguments += self.arguments(driver, service, name, parameters, folder)
            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                status = driver.main(arguments)
        if self.seen is None:
            raise RuntimeError(f"aws {' '.join(arguments)}: {err.getvalue()}")
        if status == 0:
            return Outcome(json.loads(out.getvalue()) if out.getvalue().strip() else {})
        told = re.search(r"An error occurred \((.*?)\) when calling the \w+ operation.*?: (.*)", err.getvalue(), re.S)
        if told is None:
            raise RuntimeError(f"aws {' '.join(arguments)}: {err.getvalue()}")
        return Outcome(None, told[1], told[2].strip(), self.seen)

    def see(self, http_response, **rest):
        self.seen = http_response.status_code
        self.answers.check(http_response=http_response, **rest)

    @staticmethod
    def arguments(driver, service, name, parameters, folder):
        """Parameters as JSON, but bytes as files: the CLI takes them so."""
        model = driver.session.get_service_model(service).operation_model(name)
        rest, arguments = dict(parameters), []
        for member, shape in (model.input_shape.members if model.input_shape else {}).items():
            if shape.type_name == "blob" and member in rest:
                path = f"{folder}/{member}"
                with open(path, "wb") as file:
                    file.write(base64.b64decode(rest.pop(member)))
                arguments += [f"--{xform_name(member, '-')}", f"fileb://{path}"]
        if not rest:
            return arguments
        return [*arguments, "--cli-input-json", json.dumps(rest)]


def undone(shape, value):
    """Bytes are base64 in the cases, as they are on the wire."""
    if shape is None:
        return value
    if shape.type_name == "structure":
        return {name: undone(shape.members.get(name), inner) for name, inner in value.items()}
    if shape.type_name == "list":
        return [undone(shape.member, item) for item in value]
    if shape.type_name == "blob":
        return base64.b64decode(value)
    return value


def plain(value):
    """An answer as the CLI prints it."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.isoformat()
    return value


__all__ = ["Boto", "Cli", "Client", "Outcome", "ParamValidationError"]
