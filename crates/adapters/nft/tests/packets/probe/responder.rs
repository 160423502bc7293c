//! What answers probes: one thread for all listeners of a lab.

use std::collections::{HashMap, HashSet};
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, ipproto};

use super::wire::{Sctp, payload};
use crate::lab::Netns;

/// How long the thread sleeps at most, in nanoseconds: so soon it sees that it shall stop, and a round is told as over.
const NAP: Timespec = Timespec { tv_sec: 0, tv_nsec: 2_000_000 };

/// Events of one round.
const EVENTS: usize = 256;

/// A listener. Each is bound to one address, so that an answer comes from where the question went.
enum Listener {
    Tcp(TcpListener),
    Udp(UdpSocket),
    Sctp(OwnedFd, IpAddr),
}

struct Shared {
    epoll: OwnedFd,
    listeners: Mutex<HashMap<u64, (u32, Arc<Listener>)>>,
    ports: Vec<u16>,
    /// Datagrams that arrived, answered or not: from where, and whose socket got it.
    arrived: Mutex<HashSet<(SocketAddr, SocketAddr)>>,
    stop: AtomicBool,
    /// Rounds that are over.
    rounds: AtomicU64,
}

/// The thread.
pub(crate) struct Responder {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    next: u64,
    hosts: u32,
}

/// The listeners of one host.
#[derive(Debug)]
pub(crate) struct Endpoint {
    identity: u32,
    listeners: Vec<u64>,
}

impl Endpoint {
    /// What its answers say of who answers.
    pub(crate) fn identity(&self) -> u32 {
        self.identity
    }
}

impl Responder {
    pub(crate) fn start(ports: &[u16]) -> Self {
        let shared = Arc::new(Shared {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC).unwrap(),
            listeners: Mutex::default(),
            ports: ports.to_vec(),
            arrived: Mutex::default(),
            stop: AtomicBool::new(false),
            rounds: AtomicU64::new(0),
        });
        let thread = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || respond(&shared)
        });
        Self { shared, thread: Some(thread), next: 0, hosts: 0 }
    }

    /// Listens on every port of each address: TCP and UDP; SCTP raw, as the kernel may have no sockets for it.
    pub(crate) fn serve(&mut self, netns: &Netns, addresses: &[IpAddr]) -> Endpoint {
        let ports = &self.shared.ports;
        let listeners = netns.within(|| {
            let mut listeners = Vec::new();
            for address in addresses {
                for port in ports {
                    let tcp = TcpListener::bind(SocketAddr::new(*address, *port)).unwrap();
                    tcp.set_nonblocking(true).unwrap();
                    listeners.push(Listener::Tcp(tcp));
                    let udp = UdpSocket::bind(SocketAddr::new(*address, *port)).unwrap();
                    udp.set_nonblocking(true).unwrap();
                    listeners.push(Listener::Udp(udp));
                }
                let raw = raw(*address, ipproto::SCTP);
                rustix::net::bind(&raw, &SocketAddr::new(*address, 0)).unwrap();
                listeners.push(Listener::Sctp(raw, *address));
            }
            listeners
        });
        self.hosts += 1;
        let mut endpoint = Endpoint { identity: self.hosts, listeners: Vec::new() };
        for listener in listeners {
            self.next += 1;
            let listener = Arc::new(listener);
            let fd = match &*listener {
                Listener::Tcp(socket) => socket.as_fd(),
                Listener::Udp(socket) => socket.as_fd(),
                Listener::Sctp(socket, _) => socket.as_fd(),
            };
            self.shared.listeners.lock().unwrap().insert(self.next, (self.hosts, Arc::clone(&listener)));
            epoll::add(&self.shared.epoll, fd, epoll::EventData::new_u64(self.next), epoll::EventFlags::IN)
                .unwrap();
            endpoint.listeners.push(self.next);
        }
        endpoint
    }

    /// Closes the listeners of a host that goes.
    pub(crate) fn forget(&self, endpoint: Option<Endpoint>) {
        let mut listeners = self.shared.listeners.lock().unwrap();
        for listener in endpoint.into_iter().flat_map(|endpoint| endpoint.listeners) {
            listeners.remove(&listener);
        }
    }

    /// Whether a datagram has arrived, though its answer may not.
    pub(crate) fn has_arrived(&self, from: SocketAddr, to: SocketAddr) -> bool {
        self.shared.arrived.lock().unwrap().contains(&(from, to))
    }

    /// Forgets what has arrived so far.
    pub(crate) fn forget_arrivals(&self) {
        self.shared.arrived.lock().unwrap().clear();
    }

    /// Waits until all that has reached a listener by now is answered: two whole rounds.
    pub(crate) fn settle(&self, patience: Duration) {
        let (start, until) = (self.shared.rounds.load(Ordering::SeqCst), Instant::now() + patience);
        while self.shared.rounds.load(Ordering::SeqCst) < start + 2 {
            assert!(Instant::now() < until, "the responder has stopped");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            // Its panic has been printed; another one while dropping would hide it.
            let _ = thread.join();
        }
    }
}

fn respond(shared: &Shared) {
    let mut events = Vec::with_capacity(EVENTS);
    while !shared.stop.load(Ordering::SeqCst) {
        events.clear();
        match epoll::wait(&shared.epoll, rustix::buffer::spare_capacity(&mut events), Some(&NAP)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("epoll: {error}"),
        }
        for event in &events {
            let listener = shared.listeners.lock().unwrap().get(&event.data.u64()).cloned();
            if let Some((identity, listener)) = listener {
                answer(identity, &listener, shared);
            }
        }
        // A round with as many events as it can hold may have left some.
        if events.len() < EVENTS {
            shared.rounds.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Answers all that waits there. A peer that is gone by now has its answer no more, which is its own doing.
fn answer(identity: u32, listener: &Listener, shared: &Shared) {
    let name = identity.to_be_bytes();
    match listener {
        Listener::Tcp(listener) => {
            while let Ok((mut stream, _)) = listener.accept() {
                let _ = stream.write_all(&name);
            }
        }
        Listener::Udp(socket) => {
            let mut buffer = [0; 2048];
            while let Ok((_, from)) = socket.recv_from(&mut buffer) {
                let here = socket.local_addr().unwrap();
                shared.arrived.lock().unwrap().insert((from, here));
                let _ = socket.send_to(&name, from);
            }
        }
        Listener::Sctp(socket, address) => {
            let mut buffer = [0; 2048];
            while let Ok((bytes, _, Some(from))) =
                rustix::net::recvfrom(socket, &mut buffer, RecvFlags::DONTWAIT)
            {
                let v6 = address.is_ipv6();
                let Some(init) = Sctp::parse(payload(&buffer[..bytes.min(2048)], v6)) else { continue };
                let Ok(from) = SocketAddr::try_from(from) else { continue };
                if !init.is_ack && shared.ports.contains(&init.destination) {
                    let ack = Sctp {
                        source: init.destination,
                        destination: init.source,
                        is_ack: true,
                        tag: identity,
                        verification: init.tag,
                    };
                    let to = SocketAddr::new(from.ip(), 0);
                    let _ = rustix::net::sendto(socket, &ack.bytes(), SendFlags::DONTWAIT, &to);
                }
            }
        }
    }
}

/// A raw socket of an address' family.
pub(super) fn raw(address: IpAddr, protocol: rustix::net::Protocol) -> OwnedFd {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    rustix::net::socket_with(family(address), SocketType::RAW, flags, Some(protocol)).unwrap()
}

pub(super) fn family(address: IpAddr) -> AddressFamily {
    if address.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET }
}
