//! Packets that the kernel has no sockets for: SCTP's first two chunks, and echoes of ICMP.

use std::net::IpAddr;

/// The first chunk of an association.
const INIT: u8 = 1;
/// The answer to it.
const INIT_ACK: u8 = 2;

/// SCTP's common header, and a chunk INIT without parameters.
const PACKET: usize = 12 + 20;

/// What an INIT or INIT ACK says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sctp {
    pub(crate) source: u16,
    pub(crate) destination: u16,
    pub(crate) is_ack: bool,
    /// The tag by which the sender wants to be answered; in answers of ours, who answers.
    pub(crate) tag: u32,
    /// The tag of whom it is sent to; 0 in an INIT.
    pub(crate) verification: u32,
}

impl Sctp {
    /// As bytes after the IP header. The checksum must be right, or connection tracking calls the packet invalid.
    pub(crate) fn bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(PACKET);
        bytes.extend(self.source.to_be_bytes());
        bytes.extend(self.destination.to_be_bytes());
        bytes.extend(self.verification.to_be_bytes());
        bytes.extend([0; 4]);
        bytes.extend([if self.is_ack { INIT_ACK } else { INIT }, 0]);
        bytes.extend(20u16.to_be_bytes());
        bytes.extend(self.tag.to_be_bytes());
        // Window, streams out and in, first sequence number.
        bytes.extend(65_535u32.to_be_bytes());
        bytes.extend(1u16.to_be_bytes());
        bytes.extend(1u16.to_be_bytes());
        bytes.extend(1u32.to_be_bytes());
        let sum = crc32c(&bytes).to_le_bytes();
        bytes[8..12].copy_from_slice(&sum);
        bytes
    }

    /// Reads what a raw socket got, without its IP header.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let two = |at: usize| bytes.get(at..at + 2).map(|b| u16::from_be_bytes([b[0], b[1]]));
        let four = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]));
        let is_ack = match *bytes.get(12)? {
            INIT => false,
            INIT_ACK => true,
            _ => return None,
        };
        Some(Self { source: two(0)?, destination: two(2)?, is_ack, tag: four(16)?, verification: four(4)? })
    }
}

/// What stands behind the IP header; raw sockets of IPv4 get the header too, those of IPv6 don't.
pub(crate) fn payload(packet: &[u8], v6: bool) -> &[u8] {
    if v6 {
        return packet;
    }
    let header = packet.first().map_or(0, |first| usize::from(first & 15) * 4);
    packet.get(header..).unwrap_or_default()
}

/// CRC-32C, as RFC 9260 has it.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0x82f6_3b78 & 0u32.wrapping_sub(sum & 1)))
    })
}

/// An echo request; the kernel answers it. Of ICMPv6 the kernel makes the checksum.
pub(crate) fn echo(v6: bool, id: u16) -> Vec<u8> {
    let mut bytes = vec![if v6 { 128 } else { 8 }, 0, 0, 0];
    bytes.extend(id.to_be_bytes());
    bytes.extend([0, 1]);
    if !v6 {
        let sum: u32 = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
        let folded = (sum & 0xffff) + (sum >> 16);
        let sum = !u16::try_from(folded & 0xffff).unwrap();
        bytes[2..4].copy_from_slice(&sum.to_be_bytes());
    }
    bytes
}

/// The id of an echo reply.
pub(crate) fn echoed(bytes: &[u8], v6: bool) -> Option<u16> {
    let reply = if v6 { 129 } else { 0 };
    (*bytes.first()? == reply).then_some(u16::from_be_bytes([*bytes.get(4)?, *bytes.get(5)?]))
}

/// The protocol number of ICMP in an address' family.
pub(crate) fn icmp_of(address: IpAddr) -> rustix::net::Protocol {
    if address.is_ipv6() { rustix::net::ipproto::ICMPV6 } else { rustix::net::ipproto::ICMP }
}

#[test]
fn an_init_reads_back() {
    // The check value of CRC-32C.
    assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    let init = Sctp { source: 1, destination: 80, is_ack: false, tag: 7, verification: 0 };
    assert_eq!(Sctp::parse(&init.bytes()), Some(init));
    assert_eq!(Sctp::parse(&init.bytes()[..15]), None);
}
