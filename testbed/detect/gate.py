"""A proxy before the apiserver, by which kubectl comes from whatever address it says, as behind any load balancer."""

import http.client
import http.server
import ssl
import threading
import urllib.parse


class Gate:
    def __init__(self, pki, server, certificate, address):
        """Passes on what comes, with the client certificate of somebody, as coming from an address."""
        context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        context.load_cert_chain(certificate)
        behind = urllib.parse.urlsplit(server)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "authorization")}
                connection = http.client.HTTPSConnection(behind.hostname, behind.port, timeout=60, context=context)
                try:
                    connection.request(self.command, self.path, body, {**headers, "X-Forwarded-For": address})
                    answer = connection.getresponse()
                    content = answer.read()
                finally:
                    connection.close()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection", "date"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serving.load_cert_chain(pki / "apiserver.crt", pki / "apiserver.key")
        self.server.socket = serving.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
