//! A node, its pods and somebody outside, each a network namespace.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ringwall_nft::Nft;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// How long a probe waits: on one machine, an answer takes a fraction of a millisecond.
const PATIENCE: Duration = Duration::from_millis(250);

static LABS: AtomicU32 = AtomicU32::new(0);

/// A node with pods, as the VPC CNI joins them: an interface each, with a route to its address.
pub(crate) struct Lab {
    prefix: String,
    pub(crate) pods: usize,
}

impl Lab {
    /// A node with pods 1 to `pods`, and somebody outside.
    pub(crate) fn new(pods: usize) -> Self {
        let lab = Self {
            prefix: format!("rwnft{}x{}", std::process::id(), LABS.fetch_add(1, Ordering::Relaxed)),
            pods,
        };
        let node = lab.node();
        ip(&["netns", "add", &node]);
        ip(&["-n", &node, "link", "set", "lo", "up"]);
        inside(&node, || {
            std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap();
            std::fs::write("/proc/sys/net/ipv6/conf/all/forwarding", "1").unwrap();
        });
        for index in 1..=pods {
            lab.join(&lab.pod(index), &lab.interface(index), pod4(index), pod6(index));
        }
        lab.join(&lab.outside(), "uplink", outside4(), outside6());
        lab
    }

    pub(crate) fn node(&self) -> String {
        format!("{}node", self.prefix)
    }

    pub(crate) fn pod(&self, index: usize) -> String {
        format!("{}p{index}", self.prefix)
    }

    pub(crate) fn outside(&self) -> String {
        format!("{}out", self.prefix)
    }

    pub(crate) fn interface(&self, index: usize) -> String {
        format!("eni{index}")
    }

    pub(crate) fn nft(&self) -> Nft {
        Nft::default().in_namespace(&self.node())
    }

    fn join(&self, name: &str, interface: &str, v4: IpAddr, v6: IpAddr) {
        let node = self.node();
        ip(&["netns", "add", name]);
        ip(&["-n", &node, "link", "add", interface, "type", "veth", "peer", "name", "eth0", "netns", name]);
        ip(&["-n", name, "link", "set", "lo", "up"]);
        for address in [v4, v6] {
            let own = if address.is_ipv4() { format!("{address}/32") } else { format!("{address}/128") };
            let (family, gateway) = if address.is_ipv4() { ("-4", "169.254.1.1") } else { ("-6", "fe80::1") };
            let mut add = vec!["-n", name, "addr", "add", &own, "dev", "eth0"];
            if address.is_ipv6() {
                add.push("nodad");
            }
            ip(&add);
            if address.is_ipv4() {
                ip(&["-n", &node, "addr", "add", "169.254.1.1/32", "dev", interface]);
            } else {
                ip(&["-n", &node, "addr", "add", "fe80::1/64", "dev", interface, "nodad"]);
            }
            ip(&["-n", name, "link", "set", "eth0", "up"]);
            ip(&["-n", &node, "link", "set", interface, "up"]);
            ip(&["-n", name, family, "route", "add", gateway, "dev", "eth0"]);
            ip(&["-n", name, family, "route", "add", "default", "via", gateway, "dev", "eth0"]);
            ip(&["-n", &node, family, "route", "add", &own, "dev", interface]);
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for name in (1..=self.pods).map(|index| self.pod(index)).chain([self.outside(), self.node()]) {
            let _ = Command::new("ip").args(["netns", "del", &name]).output();
        }
    }
}

pub(crate) fn pod4(index: usize) -> IpAddr {
    IpAddr::from([10, 10, 0, u8::try_from(index).unwrap()])
}

pub(crate) fn pod6(index: usize) -> IpAddr {
    format!("fd00:10::{index:x}").parse().unwrap()
}

pub(crate) fn outside4() -> IpAddr {
    IpAddr::from([192, 0, 2, 9])
}

pub(crate) fn outside6() -> IpAddr {
    "2001:db8::9".parse().unwrap()
}

pub(crate) fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().expect("iproute2 is installed");
    assert!(
        output.status.success(),
        "ip {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Runs on a thread of its own in a namespace.
pub(crate) fn start<T: Send + 'static>(
    namespace: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let file = File::open(format!("/run/netns/{namespace}")).expect("the namespace is there");
    std::thread::spawn(move || {
        move_into_link_name_space(std::os::fd::AsFd::as_fd(&file), Some(LinkNameSpaceType::Network))
            .expect("root may enter it");
        work()
    })
}

pub(crate) fn inside<T: Send + 'static>(namespace: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    start(namespace, work).join().unwrap()
}

/// A program that another test is just starting has what was open here until it runs, a socket of the test before too.
fn bound<T>(bind: impl Fn() -> std::io::Result<T>) -> T {
    let until = Instant::now() + 4 * PATIENCE;
    loop {
        match bind() {
            Err(error) if error.kind() == ErrorKind::AddrInUse && Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(5));
            }
            result => return result.unwrap(),
        }
    }
}

/// Whether TCP connects, and what is said is echoed.
pub(crate) fn tcp(from: &str, to: &str, address: IpAddr, port: u16) -> bool {
    let at = SocketAddr::new(address, port);
    let listener = inside(to, move || bound(|| TcpListener::bind(at)));
    listener.set_nonblocking(true).unwrap();
    let client = start(from, move || {
        let Ok(mut stream) = TcpStream::connect_timeout(&at, PATIENCE) else { return false };
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answer = [0; 4];
        stream.write_all(b"ping").is_ok() && stream.read_exact(&mut answer).is_ok() && answer == *b"ping"
    });
    while !client.is_finished() {
        if let Ok((mut stream, _)) = listener.accept() {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut asked = [0; 4];
            if stream.read_exact(&mut asked).is_ok() {
                let _ = stream.write_all(&asked);
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    client.join().unwrap()
}

/// Whether a datagram gets there, and the answer back.
pub(crate) fn udp(from: &str, to: &str, address: IpAddr, port: u16) -> bool {
    let at = SocketAddr::new(address, port);
    let server = inside(to, move || bound(|| UdpSocket::bind(at)));
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    let client = start(from, move || {
        let any = if at.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(any).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answer = [0; 4];
        socket.send_to(b"ping", at).is_ok() && socket.recv(&mut answer).is_ok()
    });
    let mut asked = [0; 4];
    if let Ok((_, peer)) = server.recv_from(&mut asked) {
        let _ = server.send_to(&asked, peer);
    }
    client.join().unwrap()
}
