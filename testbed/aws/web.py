"""A web server on loopback over HTTPS, with a certificate of its own."""

import http.server
import pathlib
import ssl
import subprocess
import threading


class Quiet:
    """What a handler is besides: it writes no log, and leaves whoever says nothing."""

    timeout = 10

    def log_message(self, *_):
        pass


class Web:
    def __init__(self, folder, name, handler):
        """Makes a certificate in a folder, which takes `openssl`, and listens."""
        folder = pathlib.Path(folder)
        self.certificate, key = str(folder / f"{name}.pem"), str(folder / f"{name}.key")
        subprocess.run(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost",
                # A server's certificate may not be an authority's.
                "-addext", "basicConstraints=critical,CA:FALSE", "-out", self.certificate, "-keyout", key,
            ],
            check=True, capture_output=True, timeout=60,
        )
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.address = f"localhost:{self.server.server_address[1]}"
        self.url = f"https://{self.address}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
