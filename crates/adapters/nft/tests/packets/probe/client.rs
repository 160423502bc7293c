//! All probes of a step at once, and what became of each.

use std::io::Read as _;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use ringwall_model::network::Protocol;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, SendFlags, SocketFlags, SocketType, ipproto};

use super::responder::{family, raw};
use super::wire::{Sctp, echo, echoed, icmp_of, payload};
use crate::lab::{Lab, Place};

/// How long a probe that should pass may take, the second time twice and the third four times as long: a TCP handshake whose first packet
/// was lost needs a second.
const PATIENCE: Duration = Duration::from_millis(2500);

/// How often a probe that should have passed is made before it counts as denied.
const TRIES: u32 = 3;

/// How long answers are waited for that should not come, after all that should have come. Packets between namespaces of a machine are
/// handed over while they are sent, so this is long.
const GRACE: Duration = Duration::from_millis(15);

/// How often datagrams are sent again while an answer is waited for.
const AGAIN: Duration = Duration::from_millis(200);

/// One question to the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Probe {
    pub(crate) from: Place,
    /// The address that it is sent from; `None` lets the kernel choose.
    pub(crate) source: Option<IpAddr>,
    pub(crate) to: IpAddr,
    pub(crate) protocol: Protocol,
    /// The port; of no meaning for ICMP.
    pub(crate) port: u16,
}

/// What came back: whose answer it was (0 where the protocol doesn't say, or where a datagram arrived and its answer did not), or nothing.
pub(crate) type Answer = Option<u32>;

/// Sends every probe and waits for what is expected to be answered, then for what is not.
///
/// An answer counts whenever it comes. None where one was expected is asked for again, from a new port and with a longer wait, so a machine
/// under load makes a run slow and not wrong.
pub(crate) fn run(lab: &Lab, probes: &[Probe], expected: &[bool]) -> Vec<Answer> {
    lab.responder.forget_arrivals();
    let mut answers: Vec<Answer> = vec![None; probes.len()];
    let mut open: Vec<usize> = (0..probes.len()).collect();
    for attempt in 0..TRIES {
        let mut flights = send(lab, probes, &open);
        wait_for(&mut flights, expected, PATIENCE * 2u32.pow(attempt));
        std::thread::sleep(GRACE);
        lab.settle();
        poll_once(&mut flights, Duration::ZERO);
        for flight in flights {
            let denied = !expected[flight.probe];
            let arrived = || half(lab, &flight, &probes[flight.probe]).filter(|_| denied);
            answers[flight.probe] = flight.answer.or_else(arrived);
        }
        open.retain(|probe| expected[*probe] && answers[*probe].is_none());
        if open.is_empty() {
            break;
        }
    }
    answers
}

/// A datagram that got there is no denied one, even where its answer was stopped.
fn half(lab: &Lab, flight: &Flight, probe: &Probe) -> Answer {
    let Some(Socket::Udp(socket)) = &flight.socket else { return None };
    let from = SocketAddr::try_from(rustix::net::getsockname(socket).unwrap()).unwrap();
    lab.responder.has_arrived(from, SocketAddr::new(probe.to, probe.port)).then_some(0)
}

/// A probe on its way.
struct Flight {
    probe: usize,
    /// `None` once no answer can come any more, as where there is no route.
    socket: Option<Socket>,
    answer: Answer,
}

enum Socket {
    Tcp(TcpStream),
    Udp(OwnedFd),
    /// Where to, the packet, and the number by which its answer is known.
    Sctp(OwnedFd, SocketAddr, Vec<u8>, u32),
    Icmp(OwnedFd, SocketAddr, Vec<u8>, u16),
}

impl Socket {
    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Udp(fd) | Self::Sctp(fd, ..) | Self::Icmp(fd, ..) => fd.as_fd(),
        }
    }
}

/// Opens and sends what `open` lists, each in its namespace.
fn send(lab: &Lab, probes: &[Probe], open: &[usize]) -> Vec<Flight> {
    let mut places: Vec<&Place> = open.iter().map(|probe| &probes[*probe].from).collect();
    places.sort();
    places.dedup();
    let mut flights = Vec::with_capacity(open.len());
    for place in places {
        let mine = open.iter().filter(|probe| probes[**probe].from == *place);
        flights.extend(lab.host(place).netns.within(|| {
            mine.map(|probe| Flight { probe: *probe, socket: start(&probes[*probe], *probe), answer: None })
                .collect::<Vec<_>>()
        }));
    }
    flights
}

fn start(probe: &Probe, number: usize) -> Option<Socket> {
    let to = SocketAddr::new(probe.to, probe.port);
    let bind = |socket: &OwnedFd| {
        if let Some(source) = probe.source {
            rustix::net::bind(socket, &SocketAddr::new(source, 0)).unwrap();
        }
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let open = |kind| rustix::net::socket_with(family(probe.to), kind, flags, None).unwrap();
    match probe.protocol {
        Protocol::Tcp => {
            let socket = open(SocketType::STREAM);
            // Closed by a reset: no state stays behind that the next step could meet.
            rustix::net::sockopt::set_socket_linger(&socket, Some(Duration::ZERO)).unwrap();
            bind(&socket);
            match rustix::net::connect(&socket, &to) {
                Ok(()) | Err(rustix::io::Errno::INPROGRESS) => Some(Socket::Tcp(socket.into())),
                Err(_) => None,
            }
        }
        Protocol::Udp => {
            let socket = open(SocketType::DGRAM);
            bind(&socket);
            if rustix::net::connect(&socket, &to).is_err() {
                return None;
            }
            let _ = rustix::net::send(&socket, b"?", SendFlags::DONTWAIT);
            Some(Socket::Udp(socket))
        }
        Protocol::Sctp => {
            let socket = raw(probe.to, ipproto::SCTP);
            bind(&socket);
            let tag = u32::try_from(number).unwrap() + 1;
            let init =
                Sctp { source: client_port(), destination: probe.port, is_ack: false, tag, verification: 0 };
            launch(Socket::Sctp(socket, SocketAddr::new(probe.to, 0), init.bytes(), tag))
        }
        Protocol::Icmp => {
            let socket = raw(probe.to, icmp_of(probe.to));
            bind(&socket);
            let id = client_port();
            launch(Socket::Icmp(socket, SocketAddr::new(probe.to, 0), echo(probe.to.is_ipv6(), id), id))
        }
    }
}

/// A port that no probe of this process has had lately: an association that connection tracking still knows would be another question.
fn client_port() -> u16 {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static USED: AtomicUsize = AtomicUsize::new(0);
    u16::try_from(20_000 + USED.fetch_add(1, Ordering::Relaxed) % 40_000).unwrap()
}

fn launch(socket: Socket) -> Option<Socket> {
    resend(&socket);
    Some(socket)
}

/// Sends a datagram again; TCP does that itself.
fn resend(socket: &Socket) {
    let sent = match socket {
        Socket::Tcp(_) => return,
        Socket::Udp(socket) => rustix::net::send(socket, b"?", SendFlags::DONTWAIT),
        Socket::Sctp(socket, to, bytes, _) | Socket::Icmp(socket, to, bytes, _) => {
            rustix::net::sendto(socket, bytes, SendFlags::DONTWAIT, to)
        }
    };
    // What the kernel or a filter refuses at once is an answer that doesn't come.
    sent.ok();
}

/// Until each probe that is expected to pass has, or the time is over.
fn wait_for(flights: &mut [Flight], expected: &[bool], patience: Duration) {
    let start = Instant::now();
    let mut sent = start;
    let missing = |flight: &Flight| flight.answer.is_none() && expected[flight.probe];
    loop {
        poll_once(flights, Duration::from_millis(20));
        if !flights.iter().any(missing) || start.elapsed() > patience {
            return;
        }
        if sent.elapsed() > AGAIN {
            sent = Instant::now();
            flights
                .iter()
                .filter(|flight| missing(flight))
                .filter_map(|flight| flight.socket.as_ref())
                .for_each(resend);
        }
    }
}

/// Takes all answers that are there, after waiting for the first one.
fn poll_once(flights: &mut [Flight], wait: Duration) {
    let (waiting, mut fds): (Vec<usize>, Vec<PollFd<'_>>) = flights
        .iter()
        .enumerate()
        .filter(|(_, flight)| flight.answer.is_none())
        .filter_map(|(at, flight)| {
            Some((at, PollFd::from_borrowed_fd(flight.socket.as_ref()?.fd(), PollFlags::IN)))
        })
        .unzip();
    let wait = Timespec::try_from(wait).unwrap();
    match poll(&mut fds, Some(&wait)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => panic!("poll: {error}"),
    }
    let ready: Vec<usize> =
        waiting.iter().zip(&fds).filter(|(_, fd)| !fd.revents().is_empty()).map(|(at, _)| *at).collect();
    drop(fds);
    for at in ready {
        let flight = &mut flights[at];
        match flight.socket.as_mut().map(read) {
            Some(Ok(answer)) => flight.answer = answer,
            Some(Err(Closed)) | None => flight.socket = None,
        }
    }
}

/// Refused or reset, for good.
struct Closed;

/// The answer that waits there, if it is one to this probe.
fn read(socket: &mut Socket) -> Result<Answer, Closed> {
    let mut buffer = [0; 2048];
    match socket {
        Socket::Tcp(stream) => {
            let mut name = [0; 4];
            match stream.read_exact(&mut name) {
                Ok(()) => Ok(Some(u32::from_be_bytes(name))),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(None),
                Err(_) => Err(Closed),
            }
        }
        Socket::Udp(fd) => {
            let (bytes, _) = rustix::net::recv(&*fd, &mut buffer, RecvFlags::DONTWAIT).map_err(|_| Closed)?;
            Ok(buffer[..bytes].first_chunk().map(|name| u32::from_be_bytes(*name)))
        }
        Socket::Sctp(fd, to, _, tag) => {
            // A raw socket sees what every other of the namespace sees.
            while let Ok((bytes, _)) = rustix::net::recv(&*fd, &mut buffer, RecvFlags::DONTWAIT) {
                let ack = Sctp::parse(payload(&buffer[..bytes.min(2048)], to.is_ipv6()));
                if let Some(ack) = ack.filter(|ack| ack.is_ack && ack.verification == *tag) {
                    return Ok(Some(ack.tag));
                }
            }
            Ok(None)
        }
        Socket::Icmp(fd, to, _, id) => {
            while let Ok((bytes, _)) = rustix::net::recv(&*fd, &mut buffer, RecvFlags::DONTWAIT) {
                if echoed(payload(&buffer[..bytes.min(2048)], to.is_ipv6()), to.is_ipv6()) == Some(*id) {
                    return Ok(Some(0));
                }
            }
            Ok(None)
        }
    }
}
