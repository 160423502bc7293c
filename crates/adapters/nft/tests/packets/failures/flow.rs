//! Flows that live longer than a probe.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use crate::lab::Netns;

/// How long a packet that should come may take: longer than TCP waits before it sends again.
const SOON: Duration = Duration::from_secs(5);

/// How long one is waited for that should not come. TCP sends again within it.
const NEVER: Duration = Duration::from_millis(600);

/// A connection with both of its ends.
pub(super) struct Tcp {
    pub(super) client: TcpStream,
    pub(super) server: TcpStream,
}

impl Tcp {
    /// Connects to `asked`, which may be a service's address, where `holder` listens at the other one.
    pub(super) fn open(from: &Netns, asked: SocketAddr, holder: &Netns, listens: SocketAddr) -> Self {
        let listener = holder.within(|| TcpListener::bind(listens)).unwrap();
        let client = from.within(|| TcpStream::connect_timeout(&asked, SOON)).unwrap();
        let (server, _) = listener.accept().unwrap();
        Self { client, server }
    }

    /// Whether what the client says arrives.
    pub(super) fn asks(&mut self, expected: bool) -> bool {
        says(&mut self.client, &mut self.server, expected)
    }

    /// Whether what the server says, unasked, arrives.
    pub(super) fn pushes(&mut self, expected: bool) -> bool {
        says(&mut self.server, &mut self.client, expected)
    }
}

fn says(from: &mut TcpStream, to: &mut TcpStream, expected: bool) -> bool {
    // A connection that has broken meanwhile says no more.
    if from.write_all(b"!").is_err() {
        return false;
    }
    to.set_read_timeout(Some(if expected { SOON } else { NEVER })).unwrap();
    to.read_exact(&mut [0]).is_ok()
}

/// A client's and a server's socket.
pub(super) struct Udp {
    pub(super) client: UdpSocket,
    pub(super) server: UdpSocket,
    to: SocketAddr,
    /// Where the server answers: the client, once it has asked.
    peer: Option<SocketAddr>,
}

impl Udp {
    pub(super) fn open(
        from: &Netns,
        source: IpAddr,
        asked: SocketAddr,
        holder: &Netns,
        listens: SocketAddr,
    ) -> Self {
        let server = holder.within(|| UdpSocket::bind(listens)).unwrap();
        let client = from.within(|| UdpSocket::bind((source, 0))).unwrap();
        Self { client, server, to: asked, peer: None }
    }

    /// Whether what the client says arrives.
    pub(super) fn asks(&mut self, expected: bool) -> bool {
        // What a filter refuses at once doesn't arrive.
        let _ = self.client.send_to(b"?", self.to);
        let from = receive(&self.server, expected);
        self.peer = from.or(self.peer);
        from.is_some()
    }

    /// How many of so many datagrams that the server sends, unasked, arrive.
    pub(super) fn pushes(&mut self, count: usize, expected: bool) -> usize {
        let peer = self.peer.unwrap();
        for _ in 0..count {
            let _ = self.server.send_to(b"!", peer);
            std::thread::sleep(Duration::from_millis(2));
        }
        let mut arrived = 0;
        while arrived < count && receive(&self.client, expected).is_some() {
            arrived += 1;
        }
        arrived
    }
}

/// Whose datagram arrives.
pub(super) fn receive(socket: &UdpSocket, expected: bool) -> Option<SocketAddr> {
    socket.set_read_timeout(Some(if expected { SOON } else { NEVER })).unwrap();
    socket.recv_from(&mut [0; 64]).ok().map(|(_, from)| from)
}
