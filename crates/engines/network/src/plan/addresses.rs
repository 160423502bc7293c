use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::AddressRange;

/// The last address of each family, as a number.
const LAST_V4: u128 = u32::MAX as u128;
const LAST_V6: u128 = u128::MAX;

/// Addresses of either family, as a list of ranges that may touch but don't overlap. A range of `::/0` holds no IPv4 address.
///
/// Neighbours are not joined: an address that was put in alone stays alone, so that a packet filter can keep it where looking up one
/// address costs the same however many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    pub(super) v4: Vec<(u128, u128)>,
    pub(super) v6: Vec<(u128, u128)>,
}

/// Of how many there are, and of some of them: what is asked is whether a long list is one that is known, and equality looks at all.
impl Hash for Addresses {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for line in [&self.v4, &self.v6] {
            (line.len(), line.first(), line.get(line.len() / 2), line.last()).hash(state);
        }
    }
}

impl Addresses {
    /// Every address of both families.
    pub fn all() -> Self {
        Self { v4: vec![(0, LAST_V4)], v6: vec![(0, LAST_V6)] }
    }

    /// These addresses, each by itself.
    pub fn each(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let mut all = Self::default();
        for address in addresses {
            let at = number(address);
            all.family_mut(address.is_ipv4()).push((at, at));
        }
        for line in [&mut all.v4, &mut all.v6] {
            line.sort_unstable();
            line.dedup();
        }
        all
    }

    /// A block without what is taken out of it (`ipBlock`: `cidr` and `except`). Blocks of the other family take nothing out.
    pub fn block(cidr: IpNet, except: &[IpNet]) -> Self {
        let family = cidr.addr().is_ipv4();
        let out: Vec<(u128, u128)> =
            except.iter().filter(|block| block.addr().is_ipv4() == family).map(span).collect();
        let mut all = Self::default();
        *all.family_mut(family) = cut(&[span(&cidr)], &join(&out, &[]));
        all
    }

    /// From the first to the last, which are of one family.
    pub fn range(range: AddressRange) -> Self {
        let mut all = Self::default();
        all.family_mut(range.first.is_ipv4()).push((number(range.first), number(range.last)));
        all
    }

    /// What is in either. Ranges that overlap become one, those that only touch stay apart.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self { v4: join(&self.v4, &other.v4), v6: join(&self.v6, &other.v6) }
    }

    /// What is in any of many.
    pub(super) fn together<'s>(parts: impl IntoIterator<Item = &'s Self>) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for part in parts {
            v4.extend_from_slice(&part.v4);
            v6.extend_from_slice(&part.v6);
        }
        Self { v4: join(&v4, &[]), v6: join(&v6, &[]) }
    }

    /// What is here and not there.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self { v4: cut(&self.v4, &other.v4), v6: cut(&self.v6, &other.v6) }
    }

    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (line, at) = (if address.is_ipv4() { &self.v4 } else { &self.v6 }, number(address));
        let after = line.partition_point(|(first, _)| *first <= at);
        after.checked_sub(1).and_then(|index| line.get(index)).is_some_and(|(_, last)| at <= *last)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    fn family_mut(&mut self, v4: bool) -> &mut Vec<(u128, u128)> {
        if v4 { &mut self.v4 } else { &mut self.v6 }
    }
}

fn join(a: &[(u128, u128)], b: &[(u128, u128)]) -> Vec<(u128, u128)> {
    let mut ranges: Vec<(u128, u128)> = a.iter().chain(b).copied().collect();
    ranges.sort_unstable();
    let mut joined: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match joined.last_mut() {
            Some(before) if first <= before.1 => before.1 = before.1.max(last),
            _ => joined.push((first, last)),
        }
    }
    joined
}

/// Ranges without what others take out; both sorted, neither overlapping itself.
fn cut(ranges: &[(u128, u128)], out: &[(u128, u128)]) -> Vec<(u128, u128)> {
    let mut rest = Vec::with_capacity(ranges.len());
    let mut next = 0;
    for &(first, last) in ranges {
        let mut from = Some(first);
        while let (Some(start), Some(&(out_first, out_last))) = (from, out.get(next)) {
            if out_first > last {
                break;
            }
            if out_last >= start {
                if out_first > start {
                    rest.push((start, out_first - 1));
                }
                from = out_last.checked_add(1).filter(|start| *start <= last);
                if from.is_none() {
                    // It may reach into the next range as well.
                    break;
                }
            }
            next += 1;
        }
        if let Some(start) = from {
            rest.push((start, last));
        }
    }
    rest
}

fn span(block: &IpNet) -> (u128, u128) {
    (number(block.network()), number(block.broadcast()))
}

pub(super) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// The address of a number; those past the end of IPv4 are its last.
pub(super) fn address(number: u128, v4: bool) -> IpAddr {
    if v4 {
        IpAddr::V4(Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX)))
    } else {
        IpAddr::V6(Ipv6Addr::from(number))
    }
}

pub(super) fn last(v4: bool) -> u128 {
    if v4 { LAST_V4 } else { LAST_V6 }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use ipnet::IpNet;
    use proptest::prelude::*;

    use super::Addresses;

    fn block() -> impl Strategy<Value = IpNet> {
        (any::<u8>(), 24u8..=32, prop::bool::ANY).prop_map(|(host, length, low)| {
            let base: [u8; 4] = if low { [0, 0, 0, host] } else { [255, 255, 255, host] };
            IpNet::new(Ipv4Addr::from(base).into(), length).unwrap().trunc()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_block_is_what_its_exceptions_leave(cidr in block(), except in prop::collection::vec(block(), 0..4), more in block()) {
            let made = Addresses::block(cidr, &except);
            let both = made.or(&Addresses::block(more, &[]));
            for base in [[0, 0, 0], [255, 255, 255]] {
                for host in 0..=255u8 {
                    let address = IpAddr::from([base[0], base[1], base[2], host]);
                    let within = cidr.contains(&address) && !except.iter().any(|block| block.contains(&address));
                    prop_assert_eq!(made.contains(address), within, "{}", address);
                    prop_assert_eq!(both.contains(address), within || more.contains(&address), "{}", address);
                    let left = both.without(&Addresses::each([address])).without(&Addresses::block(cidr, &[]));
                    prop_assert_eq!(left.contains(address), false);
                    let left = both.without(&Addresses::block(cidr, &[]));
                    prop_assert_eq!(left.contains(address), more.contains(&address) && !cidr.contains(&address));
                }
            }
        }
    }

    #[test]
    fn families_are_apart() {
        let all_v6 = Addresses::block("::/0".parse().unwrap(), &["0.0.0.0/0".parse().unwrap()]);
        assert!(all_v6.contains("fd00::1".parse().unwrap()));
        assert!(!all_v6.contains("10.0.0.1".parse().unwrap()));
        assert!(Addresses::block("::/0".parse().unwrap(), &["::/0".parse().unwrap()]).is_empty());
        let last = Addresses::block("0.0.0.0/0".parse().unwrap(), &["255.255.255.255/32".parse().unwrap()]);
        assert!(!last.contains("255.255.255.255".parse().unwrap()));
        assert!(last.contains("255.255.255.254".parse().unwrap()));
    }
}
