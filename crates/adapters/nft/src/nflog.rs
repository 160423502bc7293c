//! The kernel's log of denied packets (NFLOG): the protocol of `nfnetlink_log`, of which no more is spoken than is needed.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::netlink::{NETFILTER, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use crate::Plan;
use crate::packet::{Packet, array};

/// The kernel gathers messages up to a page before it wakes whoever reads; this is the room for several.
const BUFFER: usize = 64 * 1024;

/// Messages that are read and not asked for yet; the kernel keeps the rest, and counts what it can't.
const MAX_WAITING: usize = 1024;

/// How long is waited for a packet before whoever waits is asked whether to go on.
const WAIT: Duration = Duration::from_millis(500);

/// Hundredths of a second for which the kernel may keep a message back to gather more.
const GATHER: u32 = 10;

// Numbers of `linux/netlink.h` and `linux/netfilter/nfnetlink_log.h`.
const NLMSG_ERROR: u16 = 2;
const NLM_F_REQUEST_ACK: u16 = 5;
const ULOG_PACKET: u16 = 4 << 8;
const ULOG_CONFIG: u16 = 4 << 8 | 1;
const CFG_CMD: u16 = 1;
const CFG_MODE: u16 = 2;
const CFG_TIMEOUT: u16 = 4;
const CMD_BIND: u8 = 1;
const COPY_PACKET: u8 = 2;
const NFULA_PAYLOAD: u16 = 9;
const NFULA_PREFIX: u16 = 10;

/// A denied packet, as the kernel logged it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// The name of what denied it; [`Plan::denied`] tells what that is.
    pub id: String,
    /// Whether it was a reply, whose source is who the flow was to.
    pub reply: bool,
    /// Its headers.
    pub packet: Packet,
}

/// Reads what one group logs in a network namespace: that of the thread that opened it.
#[derive(Debug)]
pub struct DenyLog {
    socket: OwnedFd,
    buffer: Vec<u8>,
    waiting: std::collections::VecDeque<Logged>,
    lost: u64,
}

impl DenyLog {
    /// Binds to the group. Only one process can.
    ///
    /// # Errors
    ///
    /// Without the right to (`CAP_NET_ADMIN`), or if another has the group.
    pub fn open(group: u16) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC;
        let socket =
            rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(NETFILTER))?;
        set_socket_timeout(&socket, Timeout::Recv, Some(WAIT))?;
        rustix::net::bind(&socket, &SocketAddrNetlink::new(0, 0))?;
        let mut log =
            Self { socket, buffer: vec![0; BUFFER], waiting: std::collections::VecDeque::new(), lost: 0 };
        log.configure(group, &[(CFG_CMD, &[CMD_BIND])])?;
        let mut mode = u32::from(u16::MAX).to_be_bytes().to_vec();
        mode.extend([COPY_PACKET, 0]);
        log.configure(group, &[(CFG_MODE, &mode), (CFG_TIMEOUT, &GATHER.to_be_bytes())])?;
        Ok(log)
    }

    /// The next denied packet; `None` if there was none for a while, so that whoever waits can see to other things. Blocks: for a thread of
    /// its own. Messages that are none of ours are left out.
    ///
    /// # Errors
    ///
    /// If the socket fails.
    #[expect(clippy::should_implement_trait, reason = "an iterator can't tell of an error and go on")]
    pub fn next(&mut self) -> io::Result<Option<Logged>> {
        if let Some(logged) = self.waiting.pop_front() {
            return Ok(Some(logged));
        }
        match rustix::net::recv(&self.socket, &mut self.buffer[..], RecvFlags::empty()) {
            Ok((count, _)) => {
                let bytes = self.buffer.get(..count).unwrap_or_default();
                self.waiting.extend(parse(bytes).take(MAX_WAITING));
                Ok(self.waiting.pop_front())
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            // Its buffer was full: some are gone, the next are not.
            Err(Errno::NOBUFS) => {
                self.lost = self.lost.saturating_add(1);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// How often the kernel had to drop messages, since nobody read them in time.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    fn configure(&mut self, group: u16, attributes: &[(u16, &[u8])]) -> io::Result<()> {
        let mut body = vec![0, 0];
        body.extend(group.to_be_bytes());
        for (kind, value) in attributes {
            let length =
                u16::try_from(value.len().saturating_add(4)).map_err(|_| io::ErrorKind::InvalidInput)?;
            body.extend(length.to_ne_bytes());
            body.extend(kind.to_ne_bytes());
            body.extend(*value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let length = u32::try_from(body.len().saturating_add(16)).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut message = length.to_ne_bytes().to_vec();
        message.extend(ULOG_CONFIG.to_ne_bytes());
        message.extend(NLM_F_REQUEST_ACK.to_ne_bytes());
        message.extend([0; 8]);
        message.extend(body);
        rustix::net::send(&self.socket, &message, SendFlags::empty())?;
        // The kernel answers within the call that sends; packets that are logged from now on may stand before the answer.
        loop {
            let (count, _) = rustix::net::recv(&self.socket, &mut self.buffer[..], RecvFlags::empty())?;
            let bytes = self.buffer.get(..count).unwrap_or_default();
            if let Some(answer) = messages(bytes).find(|(kind, _)| *kind == NLMSG_ERROR) {
                let code = array(answer.1, 0).map_or(0, i32::from_ne_bytes);
                return if code == 0 {
                    Ok(())
                } else {
                    Err(io::Error::from_raw_os_error(code.saturating_neg()))
                };
            }
        }
    }
}

/// Reads what a socket gave: every packet that was logged with a prefix of ours.
pub fn parse(bytes: &[u8]) -> impl Iterator<Item = Logged> {
    messages(bytes).filter(|(kind, _)| *kind == ULOG_PACKET).filter_map(|(_, body)| logged(body.get(4..)?))
}

fn logged(attributes: &[u8]) -> Option<Logged> {
    let (mut prefix, mut packet) = (None, None);
    for (kind, value) in self::attributes(attributes) {
        match kind {
            NFULA_PREFIX => prefix = std::str::from_utf8(value).ok(),
            NFULA_PAYLOAD => packet = Packet::parse(value),
            _ => {}
        }
    }
    let prefix = prefix?.trim_end_matches('\0');
    let (reply, id) = match prefix.strip_prefix(Plan::LOG_PREFIX) {
        Some(id) => (false, id),
        None => (true, prefix.strip_prefix(Plan::LOG_PREFIX_REPLY)?),
    };
    Some(Logged { id: id.to_owned(), reply, packet: packet? })
}

/// The messages in a buffer, as type and body.
fn messages(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::try_from(u32::from_ne_bytes(array(bytes, 0)?)).ok()?;
        let kind = u16::from_ne_bytes(array(bytes, 4)?);
        let body = bytes.get(16..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, body))
    })
}

/// The attributes in a body, as type and value.
pub(crate) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_ne_bytes(array(bytes, 0)?));
        let kind = u16::from_ne_bytes(array(bytes, 2)?) & 0x3fff;
        let value = bytes.get(4..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{NFULA_PAYLOAD, NFULA_PREFIX, ULOG_PACKET, parse};

    /// An attribute as the kernel writes it.
    pub(crate) fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = u16::try_from(value.len() + 4).unwrap().to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn message(kind: u16, attributes: &[Vec<u8>]) -> Vec<u8> {
        let body = attributes.concat();
        let mut bytes = u32::try_from(body.len() + 20).unwrap().to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([0; 14]);
        bytes.extend(body);
        bytes
    }

    #[test]
    fn what_others_log_is_left_out() {
        let packet = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 1, 2, 0, 53];
        let ours = message(
            ULOG_PACKET,
            &[attribute(NFULA_PREFIX, b"ringwall:abc\0"), attribute(NFULA_PAYLOAD, &packet)],
        );
        let reply = message(
            ULOG_PACKET,
            &[attribute(NFULA_PAYLOAD, &packet), attribute(NFULA_PREFIX, b"ringwall-reply:def\0")],
        );
        let theirs =
            message(ULOG_PACKET, &[attribute(NFULA_PREFIX, b"calico\0"), attribute(NFULA_PAYLOAD, &packet)]);
        let all = [ours, theirs, message(3, &[]), reply].concat();
        let read: Vec<(String, bool)> = parse(&all).map(|logged| (logged.id, logged.reply)).collect();
        assert_eq!(read, [("abc".to_owned(), false), ("def".to_owned(), true)]);
        for end in 0..all.len() {
            assert!(parse(&all[..end]).count() <= 2);
        }
    }
}
