//! Flows that begin, as the kernel's connection tracking tells them: after all hooks, so only what passed.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::netlink::{NETFILTER, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_recv_buffer_size, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType};

use crate::nflog::attributes;
use crate::packet::array;

/// `NF_NETLINK_CONNTRACK_NEW`, as the bit of its group.
const NEW_FLOWS: u32 = 1;

/// `NFNL_SUBSYS_CTNETLINK` and `IPCTNL_MSG_CT_NEW`: the type of such a message.
const NEW: u16 = 0x0100;

/// Bytes that the kernel keeps for this socket: some ten thousand events, so that a burst of flows is not lost while a line is written.
const KEPT_BYTES: usize = 4 << 20;

/// Bytes of one datagram; the kernel sends events of some hundred bytes, one or a few at a time.
const DATAGRAM_BYTES: usize = 64 << 10;

/// How long is waited for a flow before whoever waits is asked whether to go on.
const WAIT: Duration = Duration::from_millis(500);

/// A flow that began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Flow {
    /// Who sent the first packet.
    pub source: IpAddr,
    /// Who got it, after the addresses of services became those of pods.
    pub destination: IpAddr,
    /// The protocol's number.
    pub protocol: u8,
    /// The destination's port, if the protocol has ports.
    pub port: Option<u16>,
}

/// What is told of flows, from now on.
#[derive(Debug)]
pub struct Flows {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

impl Flows {
    /// Listens in the network namespace of this thread; needs NET_ADMIN.
    ///
    /// # Errors
    ///
    /// If the kernel refuses.
    pub fn listen() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC;
        let socket =
            rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(NETFILTER))?;
        set_socket_recv_buffer_size(&socket, KEPT_BYTES)?;
        set_socket_timeout(&socket, Timeout::Recv, Some(WAIT))?;
        rustix::net::bind(&socket, &SocketAddrNetlink::new(0, NEW_FLOWS))?;
        Ok(Self { socket, buffer: vec![0; DATAGRAM_BYTES] })
    }

    /// The next flows; none, if there were none for half a second. It blocks its thread.
    ///
    /// # Errors
    ///
    /// If the kernel could not keep what came in the meantime (`ENOBUFS`); it goes on after that.
    #[expect(clippy::should_implement_trait, reason = "an iterator can't tell of an error and go on")]
    pub fn next(&mut self) -> io::Result<Vec<Flow>> {
        match rustix::net::recv(&self.socket, &mut self.buffer[..], RecvFlags::empty()) {
            Ok((count, _)) => Ok(read(self.buffer.get(..count).unwrap_or_default())),
            Err(Errno::AGAIN | Errno::INTR) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Reads messages of the kernel; what is none of a new flow is left out.
pub(crate) fn read(bytes: &[u8]) -> Vec<Flow> {
    let mut flows = Vec::new();
    let mut rest = bytes;
    // `struct nlmsghdr`: length, type, flags, sequence, port.
    while let Some((length, kind)) = array(rest, 0).zip(array(rest, 4)) {
        let (length, kind) = (u32::from_ne_bytes(length), u16::from_ne_bytes(kind));
        let Some(message) = usize::try_from(length).ok().and_then(|length| rest.get(16..length)) else {
            break;
        };
        if kind == NEW
            && let Some(attributes) = message.get(4..)
            && let Some(flow) = flow(attributes)
        {
            flows.push(flow);
        }
        rest = rest.get((message.len() + 16).next_multiple_of(4)..).unwrap_or_default();
    }
    flows
}

/// The source of the flow's first packet, and of its replies, which is the pod behind a service.
fn flow(attributes: &[u8]) -> Option<Flow> {
    const ORIGINAL: u16 = 1;
    const REPLY: u16 = 2;
    let original = tuple(attribute(attributes, ORIGINAL)?)?;
    let reply = tuple(attribute(attributes, REPLY)?)?;
    Some(Flow { source: original.0, destination: reply.0, protocol: reply.1, port: reply.2 })
}

/// Source address, protocol, and source port of a tuple.
fn tuple(attributes: &[u8]) -> Option<(IpAddr, u8, Option<u16>)> {
    let (addresses, protocol) = (attribute(attributes, 1)?, attribute(attributes, 2)?);
    let source = match (attribute(addresses, 1), attribute(addresses, 3)) {
        (Some(v4), _) => IpAddr::from(Ipv4Addr::from(<[u8; 4]>::try_from(v4).ok()?)),
        (None, Some(v6)) => IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(v6).ok()?)),
        (None, None) => return None,
    };
    let port = attribute(protocol, 2).and_then(|port| Some(u16::from_be_bytes(port.try_into().ok()?)));
    Some((source, *attribute(protocol, 1)?.first()?, port))
}

/// The value of an attribute, of the first of its type.
fn attribute(bytes: &[u8], wanted: u16) -> Option<&[u8]> {
    attributes(bytes).find(|(kind, _)| *kind == wanted).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Flow, read};
    use crate::nflog::tests::attribute;

    fn tuple(kind: u16, source: [u8; 4], port: u16) -> Vec<u8> {
        let addresses = [attribute(1, &source), attribute(2, &[10, 0, 0, 9])].concat();
        let protocol =
            [attribute(1, &[6]), attribute(2, &port.to_be_bytes()), attribute(3, &[0, 1])].concat();
        attribute(kind | 0x8000, &[attribute(0x8001, &addresses), attribute(0x8002, &protocol)].concat())
    }

    fn message(kind: u16) -> Vec<u8> {
        let body =
            [vec![2, 0, 0, 0], tuple(1, [10, 0, 0, 1], 40_000), tuple(2, [10, 0, 0, 2], 8080)].concat();
        let mut bytes = u32::try_from(body.len() + 16).unwrap().to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.resize(16, 0);
        bytes.extend(body);
        bytes
    }

    #[test]
    fn a_flow_is_from_its_first_sender_to_who_replies() {
        let flow = Flow {
            source: [10, 0, 0, 1].into(),
            destination: [10, 0, 0, 2].into(),
            protocol: 6,
            port: Some(8080),
        };
        let bytes = [message(0x0100), message(0x0102), message(0x0100)].concat();
        assert_eq!(read(&bytes), [flow, flow], "what ends is no news");
        assert_eq!(read(&bytes[..bytes.len() - 1]), [flow], "cut off");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0..200usize, value: u8) {
            read(&bytes);
            let mut changed = message(0x0100);
            if let Some(byte) = changed.get_mut(at) {
                *byte = value;
            }
            read(&changed);
        }
    }
}
