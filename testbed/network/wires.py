"""Network namespaces that stand in for a node, its pods and the world outside, and sockets in them."""

import ctypes
import os
import select
import socket
import subprocess
import threading

# Of setns(2).
CLONE_NEWNET = 0x40000000

# Seconds for `ip`, on a machine that has other work.
CALL = 60

# What pods send their packets to: nobody's address, whose link address is told to them, as the VPC CNI does it.
GATEWAYS = {4: "169.254.1.1", 6: "fe80::1"}

LIBC = ctypes.CDLL(None, use_errno=True)


def run(*command, stdin=None, check=True):
    done = subprocess.run([str(part) for part in command], input=stdin, capture_output=True, text=True, timeout=CALL)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr}")
    return done.stdout


def within(namespace, work):
    """Does something in a thread that is in a namespace, and gives what comes of it. A socket made there stays there."""
    outcome = []

    def enter():
        try:
            with open(f"/run/netns/{namespace}") as file:
                if LIBC.setns(file.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            outcome.append((work(), None))
        except BaseException as error:
            outcome.append((None, error))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    value, error = outcome[0]
    if error is not None:
        raise error
    return value


def family(address):
    return 6 if ":" in address else 4


def made(address, kind):
    return socket.socket(socket.AF_INET6 if family(address) == 6 else socket.AF_INET, kind)


class Host:
    """A namespace with a name of its own, so that suites don't meet."""

    def __init__(self, name):
        self.name = f"rwn{os.getpid()}-{name}"
        run("ip", "netns", "add", self.name)
        self.ip("link set lo up")
        self.servers = []

    def run(self, *command, **options):
        return run("ip", "netns", "exec", self.name, *command, **options)

    def ip(self, *lines):
        """Commands of `ip`, in one go."""
        run("ip", "-n", self.name, "-batch", "-", stdin="\n".join(lines) + "\n")

    def set(self, key, value):
        self.run("sysctl", "-qw", f"{key}={value}")

    def open(self, address, kind=socket.SOCK_STREAM):
        return within(self.name, lambda: made(address, kind))

    def listen(self, address, port, kind=socket.SOCK_STREAM):
        """Answers what it gets with the same."""
        listener = self.open(address, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        server = Echo(listener, kind)
        self.servers.append(server)
        return server

    def connects(self, address, port, seconds=0.6, source=None):
        """Whether a TCP connection is made and something comes back."""
        with self.open(address) as client:
            client.settimeout(seconds)
            if source:
                client.bind((source, 0))
            try:
                client.connect((address, port))
                client.sendall(b"?")
                return client.recv(1) == b"?"
            except OSError:
                return False

    def asks(self, address, port, seconds=0.6):
        """Whether a UDP packet is answered."""
        with self.open(address, socket.SOCK_DGRAM) as client:
            client.settimeout(seconds)
            try:
                client.connect((address, port))
                client.send(b"?")
                return client.recv(1) == b"?"
            except OSError:
                return False

    def remove(self):
        for server in self.servers:
            server.stop()
        run("ip", "netns", "del", self.name, check=False)


class Echo:
    """A server that gives back what it gets, and counts it."""

    def __init__(self, listener, kind):
        self.listener, self.kind, self.got, self.over = listener, kind, 0, False
        if kind == socket.SOCK_STREAM:
            listener.listen(64)
        listener.settimeout(0.2)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        open_ones = []
        while not self.over:
            ready, _, _ = select.select([self.listener, *open_ones], [], [], 0.2)
            for one in ready:
                try:
                    if self.kind == socket.SOCK_DGRAM:
                        data, peer = one.recvfrom(2048)
                        self.got += 1
                        one.sendto(data, peer)
                    elif one is self.listener:
                        accepted, _ = one.accept()
                        self.got += 1
                        open_ones.append(accepted)
                    else:
                        data = one.recv(2048)
                        if data:
                            one.send(data)
                        else:
                            open_ones.remove(one)
                            one.close()
                except OSError:
                    if one in open_ones:
                        open_ones.remove(one)
                        one.close()
        for one in (self.listener, *open_ones):
            one.close()

    def stop(self):
        self.over = True


class Node(Host):
    """A node that routes between its pods and the outside."""

    ADDRESSES = {4: "10.9.0.1", 6: "fd09::1"}
    OUTSIDE = {4: "10.9.0.2", 6: "fd09::2"}

    def __init__(self):
        super().__init__("node")
        for key in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
            self.set(key, 1)
        self.outside = Host("out")
        run("ip", "link", "add", "out0", "netns", self.name, "type", "veth", "peer", "name", "eth0", "netns", self.outside.name)
        for host, link, addresses in ((self, "out0", self.ADDRESSES), (self.outside, "eth0", self.OUTSIDE)):
            host.ip(
                f"address add {addresses[4]}/24 dev {link}", f"address add {addresses[6]}/64 dev {link} nodad", f"link set {link} up",
            )
        self.outside.ip(*(f"route add default via {address}" for address in self.ADDRESSES.values()))

    def remove(self):
        self.outside.remove()
        super().remove()


class PodNet(Host):
    """A pod's namespace, wired to its node as the VPC CNI does it: a veth pair and a route to it, nothing in between."""

    def __init__(self, node, number):
        super().__init__(f"p{number}")
        self.node, self.link = node, f"eni{number}"
        self.addresses = {4: f"10.244.0.{number}", 6: f"fd44::{number}"}
        near, far = f"02:00:00:00:01:{number:02x}", f"02:00:00:00:02:{number:02x}"
        run(
            "ip", "link", "add", self.link, "netns", node.name, "address", far, "type", "veth",
            "peer", "name", "eth0", "netns", self.name, "address", near,
        )
        host, own = [f"link set {self.link} up"], ["link set eth0 up"]
        for kind, gateway in GATEWAYS.items():
            address = f"{self.addresses[kind]}/{32 if kind == 4 else 128}"
            own += [
                f"address add {address} dev eth0" + (" nodad" if kind == 6 else ""),
                f"route add {gateway} dev eth0",
                f"neighbour add {gateway} lladdr {far} dev eth0 nud permanent",
                f"route add default via {gateway} dev eth0",
            ]
            host += [
                f"route add {address} dev {self.link}",
                f"neighbour add {self.addresses[kind]} lladdr {near} dev {self.link} nud permanent",
            ]
        self.ip(*own)
        node.ip(*host)


class Relay:
    """The apiserver, which listens in the machine's own namespace, on the same port within the node's. It can be cut."""

    def __init__(self, node, port):
        self.port, self.is_cut, self.open_ones = port, False, set()
        self.listener = node.open("127.0.0.1")
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
                if self.is_cut:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self.port), 5)
                far.settimeout(None)
            except OSError:
                if self.listener.fileno() < 0:
                    return
                continue
            self.open_ones.update((near, far))
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self.pump, args=(one, other), daemon=True).start()

    def pump(self, one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            self.open_ones.discard(end)
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def cut(self):
        self.is_cut = True
        for end in list(self.open_ones):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def mend(self):
        self.is_cut = False

    def close(self):
        self.cut()
        self.listener.close()
