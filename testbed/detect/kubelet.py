"""As much of a kubelet as an apiserver needs to let somebody into a pod: it agrees to SPDY, and to no stream of it."""

import http.server
import socket
import ssl
import struct
import threading

# Control frames of SPDY/3: a stream is asked for, and ended. Source: draft-mbelshe-httpbis-spdy-00, 2.6.
CONTROL, SYN_STREAM, RST_STREAM, REFUSED = 0x8003, 1, 3, 3


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
        offered = self.headers.get_all("X-Stream-Protocol-Version") or ["v4.channel.k8s.io"]
        self.send_header("X-Stream-Protocol-Version", offered[0].split(",")[0].strip())
        self.end_headers()
        self.refuse_streams()
        self.close_connection = True

    def refuse_streams(self):
        """Whoever is refused goes at once; who gets no answer waits for half a minute."""
        while len(head := self.rfile.read(8)) == 8:
            kind, what, length = *struct.unpack(">HH", head[:4]), int.from_bytes(head[5:])
            rest = self.rfile.read(length)
            if (kind, what) == (CONTROL, SYN_STREAM):
                self.wfile.write(struct.pack(">HHI4sI", CONTROL, RST_STREAM, 8, rest[:4], REFUSED))

    do_POST = do_GET

    def log_message(self, *_):
        pass


class Kubelet:
    def __init__(self, pki):
        self.address = own_address()
        self.server = http.server.ThreadingHTTPServer((self.address, 0), Handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki / "apiserver.crt", pki / "apiserver.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def status(self):
        """What its node says of where it is."""
        return {
            "addresses": [{"type": "InternalIP", "address": self.address}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self.port}},
            "capacity": {"cpu": "8", "memory": "32Gi", "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
        }


def own_address():
    """An address of this machine. Apiservers proxy to none of loopback, and pass on no command through it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            # Nothing is sent: it is only asked which way it would go.
            asking.connect(("192.0.2.1", 9))
            return asking.getsockname()[0]
        except OSError:
            return "127.0.0.1"
