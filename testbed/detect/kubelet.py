"""As much of a kubelet as an apiserver needs to let somebody into a pod: it agrees to SPDY or WebSocket, and hangs up."""

import base64
import hashlib
import http.server
import ssl
import threading

# Source: RFC 6455, section 1.3.
WEBSOCKET = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        upgrade = self.headers.get("Upgrade", "")
        if not upgrade:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", upgrade)
        if upgrade.lower() == "websocket":
            key = self.headers["Sec-WebSocket-Key"] + WEBSOCKET
            self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
            self.send_header("Sec-WebSocket-Protocol", self.headers.get("Sec-WebSocket-Protocol", "").split(",")[0].strip())
        else:
            offered = self.headers.get_all("X-Stream-Protocol-Version") or ["v4.channel.k8s.io"]
            self.send_header("X-Stream-Protocol-Version", offered[0].split(",")[0].strip())
        self.end_headers()
        self.close_connection = True

    do_POST = do_GET

    def log_message(self, *_):
        pass


class Kubelet:
    def __init__(self, pki):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki / "apiserver.crt", pki / "apiserver.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def status(self):
        """What its node says of where it is."""
        return {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}, {"type": "Hostname", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self.port}},
            "capacity": {"cpu": "8", "memory": "32Gi", "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
        }
