use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Not `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not `host:port`")]
pub struct EndpointError(String);

/// Which addresses may be called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reach {
    /// Any: the URLs are AWS's, or of the operator's own agents.
    #[default]
    Any,
    /// Those of other machines, which may be of a private network; and whatever the listed endpoints have. Not this machine,
    /// nor its link, where the credentials of instances and pods are given out.
    Outside(Vec<Endpoint>),
}

impl Reach {
    /// Whether a host may be called at that address of its.
    pub fn allows(&self, host: &str, port: u16, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Outside(listed) => {
                listed.iter().any(|endpoint| endpoint.is(host, port)) || is_outside(address)
            }
        }
    }
}

/// Whether an address can only be of another machine, beyond this one's link.
///
/// Source: IANA, *IPv4 Special-Purpose Address Registry* and *IPv6 Special-Purpose Address Registry*: loopback, link-local,
/// unspecified, multicast and reserved ones are refused, and those that carry another address inside, since it depends on the
/// network what becomes of them. AWS's unique local addresses of a link, fd00:ec2::/32, have the metadata service.
fn is_outside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_outside_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(inner) => is_outside_v4(inner),
            None => {
                let [a, b, ..] = address.segments();
                let unique_local = a & 0xfe00 == 0xfc00 && !(a == 0xfd00 && b == 0x0ec2);
                unique_local || is_public_v6(address)
            }
        },
    }
}

fn is_outside_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    !matches!((a, b), (0 | 127 | 224..=255, _) | (169, 254))
}

/// A host and port, as `issuer.internal:8443` or `[::1]:8443`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// In lower case, without brackets.
    host: String,
    port: u16,
}

impl Endpoint {
    /// Whether it is this host, written in either case, and this port.
    pub fn is(&self, host: &str, port: u16) -> bool {
        self.port == port && self.host.eq_ignore_ascii_case(host)
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let refuse = || EndpointError(text.to_owned());
        let (host, port) = text.rsplit_once(':').ok_or_else(refuse)?;
        let bare = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').filter(|host| host.parse::<Ipv6Addr>().is_ok()),
            None => Some(host).filter(|host| !host.is_empty() && !host.contains([':', '/', '@', '[', ']'])),
        };
        let host = bare.ok_or_else(refuse)?.to_ascii_lowercase();
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(refuse)?;
        Ok(Self { host, port })
    }
}

/// Whether an address is on the public internet: what is fetched from there, anyone could fetch.
///
/// Source: IANA, *IPv4 Special-Purpose Address Registry* and *IPv6 Special-Purpose Address Registry*: those that are not
/// globally reachable, and multicast. Addresses that carry another one inside are judged by that one or refused.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // Global unicast is 2000::/3; of it not 2001::/23 (protocol assignments, Teredo), 2001:db8::/32 and 3fff::/20
    // (documentation) and 2002::/16 (6to4, which carries an IPv4 address).
    a & 0xe000 == 0x2000
        && !(a == 0x2001 && (b < 0x0200 || b == 0x0db8))
        && a != 0x2002
        && !(a == 0x3fff && b < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "203.0.112.1",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:4860::8888",
            "2001:200::1",
            "3ffe::1",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn this_machine_and_its_link_are_called_if_they_are_listed() {
        let reach = Reach::Outside(vec!["receiver.test:8443".parse().unwrap()]);
        for address in [
            "0.0.0.0",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "169.254.170.23",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "fe80::1",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "ff02::1",
        ] {
            let address = address.parse().unwrap();
            assert!(!reach.allows("other.test", 8443, address), "{address}");
            assert!(!reach.allows("receiver.test", 443, address), "{address}");
            assert!(
                reach.allows("Receiver.test", 8443, address) && Reach::Any.allows("other.test", 1, address)
            );
        }
        for address in [
            "10.0.0.1",
            "172.20.0.10",
            "192.168.1.1",
            "100.64.0.1",
            "1.1.1.1",
            "fd12:3456::1",
            "2606:4700::1",
        ] {
            assert!(reach.allows("other.test", 443, address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn endpoints_are_host_and_port() {
        let endpoint: Endpoint = "Issuer.Internal:8443".parse().unwrap();
        assert!(endpoint.is("issuer.internal", 8443) && endpoint.is("ISSUER.internal", 8443));
        assert!(!endpoint.is("issuer.internal", 443) && !endpoint.is("internal", 8443));
        assert!("[::1]:443".parse::<Endpoint>().unwrap().is("::1", 443));
        for text in [
            "",
            "host",
            "host:",
            ":443",
            "host:0",
            "host:65536",
            "::1:443",
            "[::1]",
            "[host]:1",
            "https://host:443",
            "a@b:1",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }
}
