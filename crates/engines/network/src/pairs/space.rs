use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hashbrown::HashMap;
use ipnet::IpNet;

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    pub(crate) const ALL: [Self; 2] = [Self::V4, Self::V6];

    pub(crate) fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    fn last(self) -> u128 {
        match self {
            Self::V4 => u128::from(u32::MAX),
            Self::V6 => u128::MAX,
        }
    }
}

/// Addresses of one family from the first to the last, both counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressRange {
    /// The first.
    pub first: IpAddr,
    /// The last.
    pub last: IpAddr,
}

impl AddressRange {
    fn new(family: Family, first: u128, last: u128) -> Self {
        Self { first: address(family, first), last: address(family, last) }
    }

    /// Those of a block.
    pub fn of(block: &IpNet) -> Self {
        Self { first: block.network(), last: block.broadcast() }
    }

    /// Ranges in order with those that touch made one.
    pub fn joined(ranges: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut ranges: Vec<Self> = ranges.into_iter().collect();
        ranges.sort_unstable();
        let mut joined: Vec<Self> = Vec::with_capacity(ranges.len());
        for range in ranges {
            let touches = |last: &&mut Self| {
                Family::of(last.first) == Family::of(range.first)
                    && number(last.last).checked_add(1).is_none_or(|next| number(range.first) <= next)
            };
            match joined.last_mut().filter(touches) {
                Some(last) => last.last = last.last.max(range.last),
                None => joined.push(range),
            }
        }
        joined
    }

    /// Whether an address is among them.
    pub fn contains(&self, address: IpAddr) -> bool {
        Family::of(address) == Family::of(self.first) && (self.first..=self.last).contains(&address)
    }
}

/// As `10.0.0.0-10.0.0.255`; as a block where it is one: `10.0.0.0/24`.
impl std::fmt::Display for AddressRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (first, last) = (number(self.first), number(self.last));
        let bits = first ^ last;
        let whole = (bits & bits.wrapping_add(1)) == 0 && first & bits == 0;
        match whole {
            true => {
                let width = if self.first.is_ipv4() { 32 } else { 128 };
                write!(f, "{}/{}", self.first, width - bits.count_ones())
            }
            false => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

pub(crate) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

fn address(family: Family, number: u128) -> IpAddr {
    match family {
        Family::V4 => Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX)).into(),
        Family::V6 => Ipv6Addr::from(number).into(),
    }
}

/// A block of a rule: `cidr` without what `except` takes out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Block {
    pub(crate) cidr: IpNet,
    pub(crate) except: Vec<IpNet>,
}

impl Block {
    fn other_family(a: &IpNet, b: &IpNet) -> bool {
        a.addr().is_ipv4() != b.addr().is_ipv4()
    }

    /// Its addresses as ascending ranges that don't touch: first and last.
    fn ranges(&self) -> Vec<(u128, u128)> {
        let (mut from, end) = (number(self.cidr.network()), number(self.cidr.broadcast()));
        let mut out: Vec<(u128, u128)> = (self.except.iter())
            .filter(|except| !Self::other_family(&self.cidr, except))
            .map(|except| (number(except.network()), number(except.broadcast())))
            .collect();
        out.sort_unstable();
        let mut ranges = Vec::new();
        for (first, last) in out {
            if first > end {
                break;
            }
            if first > from {
                ranges.push((from, first - 1));
            }
            if last >= end {
                return ranges;
            }
            from = from.max(last + 1);
        }
        ranges.push((from, end));
        ranges
    }
}

/// What no block can tell apart: the blocks that an address is in, as a number.
pub(crate) type Place = u32;

/// The addresses of one family, cut where any block begins or ends.
#[derive(Debug)]
struct Cuts {
    family: Family,
    /// First addresses of the pieces, ascending, from 0.
    starts: Vec<u128>,
    places: Vec<Place>,
}

/// Addresses that no block cuts further.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub(crate) range: AddressRange,
    pub(crate) place: Place,
    /// An address of it that nobody holds.
    pub(crate) sample: IpAddr,
}

/// All addresses, cut by a list of blocks.
#[derive(Debug)]
pub(crate) struct Space {
    cuts: [Cuts; 2],
    /// The blocks that addresses of a place are in, by their index.
    places: Vec<Vec<u32>>,
}

impl Space {
    /// Cuts the addresses by `blocks`. `apart` are ranges that are to be pieces of their own, whatever the blocks.
    pub(crate) fn new(blocks: &[Block], apart: &[AddressRange]) -> Self {
        let mut places = Vec::new();
        let mut numbers = HashMap::new();
        let cuts = Family::ALL.map(|family| {
            let mine = |block: &&(usize, &Block)| block.1.cidr.addr().is_ipv4() == (family == Family::V4);
            let indexed: Vec<(usize, &Block)> = blocks.iter().enumerate().collect();
            let ranges: Vec<(u32, u128, u128)> = (indexed.iter().filter(mine))
                .flat_map(|(at, block)| {
                    let at = u32::try_from(*at).unwrap_or(u32::MAX);
                    block.ranges().into_iter().map(move |(first, last)| (at, first, last))
                })
                .collect();
            let apart = (apart.iter().filter(|range| Family::of(range.first) == family))
                .map(|range| (number(range.first), number(range.last)));
            let mut starts: Vec<u128> = (ranges.iter().map(|(_, first, last)| (*first, *last)).chain(apart))
                .flat_map(|(first, last)| [Some(first), last.checked_add(1)])
                .flatten()
                .filter(|start| *start <= family.last())
                .chain([0])
                .collect();
            starts.sort_unstable();
            starts.dedup();
            let mut inside: Vec<Vec<u32>> = vec![Vec::new(); starts.len()];
            for (block, first, last) in ranges {
                let from = starts.partition_point(|start| *start < first);
                let to = starts.partition_point(|start| *start <= last);
                for piece in inside.get_mut(from..to).unwrap_or_default() {
                    piece.push(block);
                }
            }
            let places = inside
                .into_iter()
                .map(|blocks| {
                    *numbers.entry(blocks).or_insert_with_key(|blocks| {
                        places.push(blocks.clone());
                        u32::try_from(places.len() - 1).unwrap_or(u32::MAX)
                    })
                })
                .collect();
            Cuts { family, starts, places }
        });
        Self { cuts, places }
    }

    /// Where an address is.
    pub(crate) fn place(&self, address: IpAddr) -> Option<Place> {
        let cuts = self.cuts.iter().find(|cuts| cuts.family == Family::of(address))?;
        let after = cuts.starts.partition_point(|start| *start <= number(address));
        cuts.places.get(after.checked_sub(1)?).copied()
    }

    /// The blocks that addresses of a place are in, by index, ascending.
    pub(crate) fn blocks(&self, place: Place) -> &[u32] {
        self.places.get(place as usize).map_or(&[], Vec::as_slice)
    }

    /// All addresses in order, IPv4 first, as pieces that no block can cut further. `known` are addresses that somebody holds, ascending and
    /// each once; a piece of which all are held is left out.
    pub(crate) fn pieces(&self, known: &[IpAddr]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for cuts in &self.cuts {
            let ends = cuts.starts.iter().skip(1).map(|next| next - 1).chain([cuts.family.last()]);
            for ((first, last), place) in cuts.starts.iter().zip(ends).zip(&cuts.places) {
                let range = AddressRange::new(cuts.family, *first, last);
                let from = known.partition_point(|address| *address < range.first);
                let to = known.partition_point(|address| *address <= range.last);
                let held = u128::try_from(to.saturating_sub(from)).unwrap_or(u128::MAX);
                if held > 0 && last - first < held {
                    continue;
                }
                let taken = known.get(from..to).unwrap_or_default().iter().copied().map(number);
                let free =
                    (*first..=last).zip(taken).find(|(mine, taken)| mine != taken).map(|(mine, _)| mine);
                let sample = free.unwrap_or(first + held);
                pieces.push(Piece { range, place: *place, sample: address(cuts.family, sample) });
            }
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;

    use super::{AddressRange, Block, Space};

    fn any_block() -> impl Strategy<Value = Block> {
        let net = |width: std::ops::RangeInclusive<u8>| {
            (any::<bool>(), any::<u8>(), width).prop_map(|(four, host, bits)| {
                let text = if four {
                    format!("10.0.0.{host}/{}", 24 + bits)
                } else {
                    format!("fd00::{host:x}/{}", 120 + bits)
                };
                text.parse::<ipnet::IpNet>().unwrap().trunc()
            })
        };
        (net(0..=8), prop::collection::vec(net(0..=8), 0..4))
            .prop_map(|(cidr, except)| Block { cidr, except })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_place_is_in_the_blocks_that_its_addresses_are_in(blocks in prop::collection::vec(any_block(), 0..8)) {
            let space = Space::new(&blocks, &[]);
            let pieces = space.pieces(&[]);
            for host in 0..=255u8 {
                for text in [format!("10.0.0.{host}"), format!("fd00::{host:x}"), format!("9.9.9.{host}")] {
                    let address: IpAddr = text.parse().unwrap();
                    let expected: Vec<u32> = (0u32..)
                        .zip(&blocks)
                        .filter(|(_, block)| block.cidr.contains(&address) && !block.except.iter().any(|except| except.contains(&address)))
                        .map(|(at, _)| at)
                        .collect();
                    let place = space.place(address).unwrap();
                    prop_assert_eq!(space.blocks(place), &expected[..]);
                    let mine: Vec<_> = pieces.iter().filter(|piece| piece.range.contains(address)).collect();
                    prop_assert_eq!(mine.len(), 1);
                    prop_assert_eq!(mine[0].place, place);
                }
            }
        }
    }

    #[test]
    fn ranges_read_as_blocks_where_they_are_blocks() {
        let range = |first: &str, last: &str| AddressRange {
            first: first.parse().unwrap(),
            last: last.parse().unwrap(),
        };
        assert_eq!(range("10.0.0.0", "10.0.0.255").to_string(), "10.0.0.0/24");
        assert_eq!(range("10.0.0.1", "10.0.0.255").to_string(), "10.0.0.1-10.0.0.255");
        assert_eq!(range("0.0.0.0", "255.255.255.255").to_string(), "0.0.0.0/0");
        assert_eq!(range("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").to_string(), "::/0");
        assert_eq!(range("10.0.0.7", "10.0.0.7").to_string(), "10.0.0.7/32");
    }

    #[test]
    fn a_piece_that_others_hold_whole_is_nobodys() {
        let held: IpAddr = "10.0.0.7".parse().unwrap();
        let space = Space::new(&[Block { cidr: "10.0.0.7/32".parse().unwrap(), except: vec![] }], &[]);
        assert!(space.pieces(&[held]).iter().all(|piece| !piece.range.contains(held)));
        let next =
            space.pieces(&[held]).into_iter().find(|piece| piece.range.first == IpAddr::from([10, 0, 0, 8]));
        assert_eq!(next.unwrap().sample, IpAddr::from([10, 0, 0, 8]));
        let zero = IpAddr::from([0, 0, 0, 0]);
        assert_eq!(space.pieces(&[zero, held]).first().unwrap().sample, IpAddr::from([0, 0, 0, 1]));
        assert!(space.pieces(&[]).iter().any(|piece| piece.range.contains(held)));
    }
}
