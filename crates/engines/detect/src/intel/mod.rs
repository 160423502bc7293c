//! Which addresses are known, and for what: threat lists, lists of whom one trusts, and AWS's own ranges.

mod aws;
mod read;
mod stix;
mod xml;

pub use aws::{AwsRanges, NoRanges};
pub use read::{Format, List, MAX_ENTRIES, NotTaken};

use std::net::IpAddr;

use prefix_trie::PrefixMap;

use crate::finding::ListMatch;
use crate::rules::is_public;

/// What an address being on a list means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It is known to be malicious.
    Malicious,
    /// It is on a list of the user's own.
    Custom,
    /// It is an exit of Tor.
    Tor,
    /// It is trusted: nothing is told of it by any list.
    Trusted,
}

/// A network of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its first address.
    pub address: IpAddr,
    /// How many bits of it are fixed.
    pub length: u8,
    /// What the list says of it.
    pub threats: Vec<String>,
}

/// Narrowest network of a custom list that counts for private addresses: a subnet. Lists of the Internet name all private
/// networks, as addresses that come from nowhere ("bogons"); a list of one's own may name a host of one's own.
const PRIVATE_SUBNET: (u8, u8) = (24, 64);

/// All lists, searched at once. A value: what changed is another one, which its holder puts in this one's place.
#[derive(Debug, Default)]
pub struct Intel {
    lists: Vec<(String, Role)>,
    /// Whether private addresses can be on any: most callers have one.
    has_custom: bool,
    four: PrefixMap<(u32, u8), Vec<Known>>,
    six: PrefixMap<(u128, u8), Vec<Known>>,
    aws: AwsRanges,
}

#[derive(Debug)]
struct Known {
    list: usize,
    length: u8,
    threats: Vec<String>,
}

impl Intel {
    /// Adds a list. The name is shown in findings.
    pub fn add(&mut self, name: &str, role: Role, list: List) {
        let at = self.lists.len();
        self.lists.push((name.to_owned(), role));
        self.has_custom |= role == Role::Custom;
        for Entry { address, length, threats } in list.entries {
            let known = Known { list: at, length, threats };
            let there = match address {
                IpAddr::V4(address) => self.four.entry((u32::from(address), length)).or_default(),
                IpAddr::V6(address) => self.six.entry((u128::from(address), length)).or_default(),
            };
            there.push(known);
        }
    }

    /// Takes AWS's own ranges, in place of those before. Without them no address can be told not to be AWS's.
    pub fn set_aws(&mut self, ranges: AwsRanges) {
        self.aws = ranges;
    }

    /// AWS's own ranges, if they are known.
    pub fn aws(&self) -> Option<&AwsRanges> {
        (!self.aws.is_empty()).then_some(&self.aws)
    }

    /// Whether there is no list.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// How many networks there are.
    pub fn len(&self) -> usize {
        self.four.len().saturating_add(self.six.len())
    }

    /// The lists that have an address, by what they mean; none if a trusted one has it. An IPv4 address within IPv6 is the former.
    pub fn find(&self, address: IpAddr) -> Vec<(Role, ListMatch)> {
        let mut found = Vec::new();
        let address = address.to_canonical();
        if !self.has_custom && !is_public(address) {
            return found;
        }
        let mut is_trusted = false;
        let mut add = |known: &Known| {
            let Some((name, role)) = self.lists.get(known.list) else { return };
            if *role == Role::Trusted {
                is_trusted = true;
            } else if is_meant(address, *role, known.length) {
                let found_match = ListMatch { address, list: name.clone(), threats: known.threats.clone() };
                found.push((*role, found_match));
            }
        };
        match address {
            IpAddr::V4(address) => {
                self.four.cover(&(u32::from(address), 32)).flat_map(|(_, known)| known).for_each(&mut add);
            }
            IpAddr::V6(address) => {
                self.six.cover(&(u128::from(address), 128)).flat_map(|(_, known)| known).for_each(&mut add);
            }
        }
        if is_trusted {
            return Vec::new();
        }
        found.sort_by_key(|(role, _)| *role);
        found
    }
}

/// Private addresses are on nobody's list but one's own, and there only if they are meant.
fn is_meant(address: IpAddr, role: Role, length: u8) -> bool {
    let narrow = match address {
        IpAddr::V4(_) => PRIVATE_SUBNET.0,
        IpAddr::V6(_) => PRIVATE_SUBNET.1,
    };
    is_public(address) || (role == Role::Custom && length >= narrow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn intel(lists: &[(&str, Role, &str)]) -> Intel {
        let mut intel = Intel::default();
        for (name, role, text) in lists {
            let (list, problems) = List::read(text, Format::Text);
            assert_eq!(problems, []);
            intel.add(name, *role, list);
        }
        intel
    }

    fn found(intel: &Intel, address: &str) -> Vec<String> {
        intel.find(address.parse().unwrap()).into_iter().map(|(_, found)| found.list).collect()
    }

    #[test]
    fn all_lists_are_asked_and_trust_wins() {
        let intel = intel(&[
            ("wide", Role::Custom, "198.51.0.0/16"),
            ("host", Role::Malicious, "198.51.100.7 # scanner\n2001:db8::/32"),
            ("tor", Role::Tor, "198.51.100.7"),
            ("office", Role::Trusted, "198.51.100.128/25"),
        ]);
        assert_eq!(found(&intel, "198.51.100.7"), ["host", "wide", "tor"]);
        assert_eq!(found(&intel, "::ffff:198.51.100.7"), ["host", "wide", "tor"]);
        assert_eq!(found(&intel, "198.51.100.129"), [""; 0]);
        assert_eq!(found(&intel, "2001:db8:5::1"), ["host"]);
        assert_eq!(found(&intel, "203.0.113.1"), [""; 0]);
    }

    #[test]
    fn private_addresses_match_no_list_of_others() {
        let bogons = "10.0.0.0/8\n127.0.0.0/8\n192.168.0.0/16\nfc00::/7";
        let lists = [
            ("bogons", Role::Malicious, "10.0.0.1"),
            ("own bogons", Role::Custom, bogons),
            ("own", Role::Custom, "10.0.0.1\n127.0.0.1"),
        ];
        let intel = intel(&lists);
        assert_eq!(found(&intel, "10.0.0.1"), ["own"]);
        assert_eq!(found(&intel, "127.0.0.1"), ["own"]);
        assert_eq!(found(&intel, "192.168.1.1"), [""; 0]);
        assert_eq!(found(&intel, "fd00::1"), [""; 0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_finds_what_a_search_one_by_one_finds(
            networks in prop::collection::vec((0x0800_0000u32..0x0800_ffff, 8u8..=32), 0..40),
            asked in prop::collection::vec(0x0800_0000u32..0x0800_ffff, 1..40),
        ) {
            let text: Vec<String> = networks.iter().map(|(bits, length)| format!("{}/{length}", std::net::Ipv4Addr::from(*bits))).collect();
            let intel = intel(&[("a", Role::Malicious, &text.join("\n"))]);
            for bits in asked {
                let naive = networks.iter().filter(|(network, length)| (network ^ bits) >> (32 - u32::from(*length)) == 0).count();
                prop_assert_eq!(intel.find(std::net::Ipv4Addr::from(bits).into()).len(), naive);
            }
        }
    }
}
