"""A folder over HTTPS on loopback: where an issuer's documents are, as a bucket or a web server would have them."""

import functools
import http.server
import pathlib
import ssl
import subprocess
import threading


class Quiet(http.server.SimpleHTTPRequestHandler):
    timeout = 10

    def log_message(self, *_):
        pass


class Documents:
    def __init__(self, folder):
        """Makes a certificate, and listens. Needs `openssl`."""
        folder = pathlib.Path(folder)
        self.folder = folder / "documents"
        self.folder.mkdir()
        self.certificate, key = str(folder / "documents.pem"), str(folder / "documents.key")
        subprocess.run(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", "2", "-subj", "/CN=documents", "-addext", "subjectAltName=DNS:localhost",
                "-addext", "basicConstraints=critical,CA:FALSE", "-out", self.certificate, "-keyout", key,
            ],
            check=True, capture_output=True, timeout=60,
        )
        handler = functools.partial(Quiet, directory=str(self.folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.address = f"localhost:{self.server.server_address[1]}"
        self.url = f"https://{self.address}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
