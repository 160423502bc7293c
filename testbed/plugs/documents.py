"""A folder over HTTPS on loopback: where an issuer's documents are, as a bucket or a web server would have them."""

import functools
import http.server
import pathlib

from web import Quiet, Web


class Handler(Quiet, http.server.SimpleHTTPRequestHandler):
    pass


class Documents(Web):
    """What a cluster registers with: an issuer by its URL, whose keys are in its documents."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder) / "documents"
        self.folder.mkdir()
        super().__init__(folder, "documents", functools.partial(Handler, directory=str(self.folder)))

    @property
    def registered(self):
        return self.url

    def keys(self):
        return (self.folder / "openid/v1/jwks").read_text()
