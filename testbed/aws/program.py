"""The `aws` program's own code, called in this process: a start of the program for each of some hundred calls takes minutes."""

import base64
import contextlib
import functools
import io
import json
import os
import pathlib
import re
import tempfile

from awscli.clidriver import create_clidriver
from botocore import xform_name
from botocore.exceptions import ClientError

from server import REGION


class Program:
    """Calls operations as a client of boto3 does: the same parameters, answers and errors."""

    def __init__(self, w):
        self.w = w
        self.drivers = {}

    def method(self, service, operation, who):
        return functools.partial(self.call, service, operation, who)

    def driver(self, who):
        """One for each caller, as making one takes longer than its calls."""
        if who not in self.drivers:
            os.environ.update({
                "AWS_ENDPOINT_URL": self.w.server.url, "AWS_CA_BUNDLE": self.w.server.authority,
                "AWS_DEFAULT_REGION": REGION, "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_PAGER": "", "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            })
            driver = create_clidriver()
            if who:
                driver.session.set_credentials(*self.w.credentials[who])
            self.w.watch(driver.session)
            self.drivers[who] = driver
        return self.drivers[who]

    def call(self, service, operation, who, **parameters):
        driver = self.driver(who)
        model = driver.session.get_service_model(service).operation_model(operation)
        with tempfile.TemporaryDirectory() as folder:
            arguments = [service, xform_name(operation, "-"), "--output", "json", "--no-paginate"]
            arguments += given(parameters, folder)
            out, errors = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
                status = driver.main(arguments)
        if status == 0:
            output = json.loads(out.getvalue() or "{}")
            return as_bytes(model.output_shape, output) if model.output_shape else output
        told = re.search(r"An error occurred \((.*?)\) when calling the \w+ operation(?: \(.*?\))?: (.*)", errors.getvalue(), re.S)
        if told is None:
            raise RuntimeError(f"aws {' '.join(arguments)}: {errors.getvalue()}")
        raise ClientError({"Error": {"Code": told[1], "Message": told[2].strip()}}, operation)


def given(parameters, folder):
    """Parameters as JSON, but bytes as files: so the program takes them."""
    arguments, rest = [], dict(parameters)
    for name, value in parameters.items():
        if isinstance(value, bytes):
            path = pathlib.Path(folder) / name
            path.write_bytes(rest.pop(name))
            arguments += [f"--{xform_name(name, '-')}", f"fileb://{path}"]
    return [*arguments, "--cli-input-json", json.dumps(rest)] if rest else arguments


def as_bytes(shape, value):
    """The program prints bytes in base64; clients have them as they are."""
    if shape.type_name == "structure":
        return {name: as_bytes(shape.members[name], inner) for name, inner in value.items()}
    if shape.type_name == "list":
        return [as_bytes(shape.member, inner) for inner in value]
    return base64.b64decode(value) if shape.type_name == "blob" else value
