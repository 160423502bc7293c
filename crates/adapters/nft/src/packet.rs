use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Extension headers of IPv6 that are gone through: a packet has one of each kind at most, and kinds are few.
const MAX_EXTENSIONS: usize = 8;

/// What a packet's headers tell of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Where it is from.
    pub source: IpAddr,
    /// Where it goes.
    pub destination: IpAddr,
    /// The protocol above IP, by number.
    pub protocol: u8,
    /// Source and destination port of TCP, UDP and SCTP; of ICMP type and code. `None` for other protocols, and where they are cut off.
    pub ports: Option<(u16, u16)>,
}

impl Packet {
    /// Reads the headers of a packet that begins with its IP header; `None` if it is none.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        match bytes.first()? >> 4 {
            4 => Self::v4(bytes),
            6 => Self::v6(bytes),
            _ => None,
        }
    }

    fn v4(bytes: &[u8]) -> Option<Self> {
        let length = usize::from(bytes.first()? & 15) * 4;
        let address = |at| array::<4>(bytes, at).map(|octets| IpAddr::V4(Ipv4Addr::from(octets)));
        let protocol = *bytes.get(9)?;
        let fragment = u16::from_be_bytes(array(bytes, 6)?) & 0x1fff;
        let above = if fragment == 0 && length >= 20 { bytes.get(length..) } else { None };
        Some(Self {
            source: address(12)?,
            destination: address(16)?,
            protocol,
            ports: above.and_then(|above| ports(protocol, above)),
        })
    }

    fn v6(bytes: &[u8]) -> Option<Self> {
        let address = |at| array::<16>(bytes, at).map(|octets| IpAddr::V6(Ipv6Addr::from(octets)));
        let (mut protocol, mut at) = (*bytes.get(6)?, Some(40usize));
        for _ in 0..MAX_EXTENSIONS {
            let Some(start) = at else { break };
            // Hop-by-hop, routing and destination options; a fragment has ports only if it is the first.
            let step = match protocol {
                0 | 43 | 60 => bytes.get(start.saturating_add(1)).map(|units| (usize::from(*units) + 1) * 8),
                44 => array::<2>(bytes, start.saturating_add(2))
                    .filter(|offset| u16::from_be_bytes(*offset) & 0xfff8 == 0)
                    .map(|_| 8),
                _ => break,
            };
            let Some(next) = bytes.get(start) else { break };
            protocol = *next;
            at = step.and_then(|step| start.checked_add(step));
        }
        let above = at.and_then(|at| bytes.get(at..));
        Some(Self {
            source: address(8)?,
            destination: address(24)?,
            protocol,
            ports: above.and_then(|above| ports(protocol, above)),
        })
    }
}

fn ports(protocol: u8, above: &[u8]) -> Option<(u16, u16)> {
    match protocol {
        6 | 17 | 132 => Some((u16::from_be_bytes(array(above, 0)?), u16::from_be_bytes(array(above, 2)?))),
        1 | 58 => Some((u16::from(*above.first()?), u16::from(*above.get(1)?))),
        _ => None,
    }
}

/// Some bytes at a place.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::Packet;

    #[test]
    fn headers_tell_who_and_what() {
        let mut v4 = vec![0x46, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 1, 1, 1, 1];
        v4.extend([0x9c, 0x40, 0, 80]);
        let packet = Packet::parse(&v4).unwrap();
        assert_eq!((packet.source.to_string().as_str(), packet.protocol), ("10.0.0.1", 6));
        assert_eq!(packet.ports, Some((40_000, 80)), "after options");
        v4[7] = 1;
        assert_eq!(Packet::parse(&v4).unwrap().ports, None, "a fragment that is not the first");
        let mut v6 = vec![0x60, 0, 0, 0, 0, 20, 0, 64];
        v6.extend([0xfd; 16]);
        v6.extend([0xfe; 16]);
        v6.extend([44, 0, 1, 1, 1, 1, 1, 1]);
        v6.extend([17, 0, 0, 0, 0, 0, 0, 7]);
        v6.extend([0, 53, 0x9c, 0x40]);
        let packet = Packet::parse(&v6).unwrap();
        assert_eq!((packet.protocol, packet.ports), (17, Some((53, 40_000))), "after two extensions");
        assert_eq!(Packet::parse(&v6[..59]).unwrap().ports, None, "cut off");
        assert_eq!(Packet::parse(&[]), None);
        assert_eq!(Packet::parse(&[0x45; 12]), None);
    }
}
