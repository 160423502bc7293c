use std::fmt;

use ringwall_model::network::Protocol;

/// Keys of one protocol: ports, ICMP's type and code, or numbers of other protocols.
const KEYS: u32 = 1 << 16;

/// Protocols with keys of their own, and one place for all others.
const PLACES: u32 = 5;

/// A set of what packets can be: protocols and ports.
///
/// TCP, UDP and SCTP have destination ports, ICMP a type and a code, any other protocol its number in the IP header. Kept as the shortest
/// list of ranges, so equal sets compare as equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Traffic(Vec<(u32, u32)>);

/// A range within a [`Traffic`], both ends counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The protocol; `None` for those that have no keys of their own, whose numbers the range is of.
    pub protocol: Option<Protocol>,
    /// First port (of ICMP: 256 × type + code).
    pub first: u16,
    /// Last port.
    pub last: u16,
}

impl Traffic {
    /// No packet.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Every packet.
    pub fn all() -> Self {
        Self(vec![(0, PLACES * KEYS)])
    }

    /// Everything of one protocol.
    pub fn of(protocol: Protocol) -> Self {
        Self::ports(protocol, 0, u16::MAX)
    }

    /// Ports of a protocol, both ends counted in; none if the last is below the first.
    pub fn ports(protocol: Protocol, first: u16, last: u16) -> Self {
        Self::span(place(Some(protocol)), first, last)
    }

    /// Ports of protocols, each with both ends counted in, all together.
    pub fn of_ports(spans: impl IntoIterator<Item = (Protocol, u16, u16)>) -> Self {
        let spans =
            spans.into_iter().flat_map(|(protocol, first, last)| Self::ports(protocol, first, last).0);
        Self::joined(spans.collect())
    }

    /// Protocols by number, as the IP header has it, other than those with keys of their own.
    pub fn numbers(first: u8, last: u8) -> Self {
        Self::span(place(None), u16::from(first), u16::from(last))
    }

    fn span(place: u32, first: u16, last: u16) -> Self {
        if last < first {
            return Self::none();
        }
        let base = place * KEYS;
        Self(vec![(base + u32::from(first), base + u32::from(last) + 1)])
    }

    /// Whether it is no packet at all.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is every packet.
    pub fn is_all(&self) -> bool {
        matches!(self.0.as_slice(), [(0, end)] if *end == PLACES * KEYS)
    }

    /// Whether a port of a protocol is in it (of ICMP: 256 × type + code).
    pub fn contains(&self, protocol: Protocol, port: u16) -> bool {
        let key = place(Some(protocol)) * KEYS + u32::from(port);
        let after = self.0.partition_point(|(first, _)| *first <= key);
        after.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, end)| key < *end)
    }

    /// What is in either.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self::joined(self.0.iter().chain(&other.0).copied().collect())
    }

    /// The shortest list of ranges that has what any of these has.
    fn joined(mut ranges: Vec<(u32, u32)>) -> Self {
        ranges.sort_unstable();
        let mut joined: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (first, end) in ranges {
            match joined.last_mut() {
                Some(last) if first <= last.1 => last.1 = last.1.max(end),
                _ => joined.push((first, end)),
            }
        }
        Self(joined)
    }

    /// What is in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let (mut mine, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut common = Vec::new();
        while let (Some(a), Some(b)) = (mine.peek(), theirs.peek()) {
            let (first, end) = (a.0.max(b.0), a.1.min(b.1));
            if first < end {
                common.push((first, end));
            }
            if a.1 <= b.1 {
                mine.next();
            } else {
                theirs.next();
            }
        }
        Self(common)
    }

    /// What is here and not there.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        self.and(&other.others())
    }

    /// Every packet but these.
    #[must_use]
    pub fn others(&self) -> Self {
        let mut rest = Vec::with_capacity(self.0.len() + 1);
        let mut from = 0;
        for (first, end) in &self.0 {
            if from < *first {
                rest.push((from, *first));
            }
            from = *end;
        }
        if from < PLACES * KEYS {
            rest.push((from, PLACES * KEYS));
        }
        Self(rest)
    }

    /// Its ranges in order: TCP, UDP, SCTP, ICMP, others; none spans two protocols.
    pub fn spans(&self) -> impl Iterator<Item = Span> + '_ {
        self.0.iter().flat_map(|&(first, end)| {
            (first / KEYS..=end.saturating_sub(1) / KEYS).map(move |place| {
                let base = place * KEYS;
                Span {
                    protocol: Protocol::ALL
                        .into_iter()
                        .find(|protocol| self::place(Some(*protocol)) == place),
                    first: u16::try_from(first.saturating_sub(base)).unwrap_or(u16::MAX),
                    last: u16::try_from((end - 1 - base).min(KEYS - 1)).unwrap_or(u16::MAX),
                }
            })
        })
    }
}

fn place(protocol: Option<Protocol>) -> u32 {
    match protocol {
        Some(Protocol::Tcp) => 0,
        Some(Protocol::Udp) => 1,
        Some(Protocol::Sctp) => 2,
        Some(Protocol::Icmp) => 3,
        None => 4,
    }
}

/// As `all`, `none`, `TCP 80, 443, 8000-8100; UDP 53`, a protocol alone for all of it.
impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_all() {
            return f.write_str("all");
        }
        if self.is_none() {
            return f.write_str("none");
        }
        let mut before: Option<Option<Protocol>> = None;
        for span in self.spans() {
            let name = span.protocol.map_or("other protocols", Protocol::name);
            match before {
                Some(protocol) if protocol == span.protocol => f.write_str(", ")?,
                Some(_) => write!(f, "; {name}")?,
                None => f.write_str(name)?,
            }
            let opened = before != Some(span.protocol);
            before = Some(span.protocol);
            if (span.first, span.last) == (0, u16::MAX) {
                continue;
            }
            if opened {
                f.write_str(" ")?;
            }
            if span.first == span.last {
                write!(f, "{}", span.first)?
            } else {
                write!(f, "{}-{}", span.first, span.last)?
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ringwall_model::network::Protocol;

    use super::Traffic;

    fn any_traffic() -> impl Strategy<Value = Traffic> {
        let span = (0..4usize, 0..40u16, 0..40u16).prop_map(|(protocol, first, more)| {
            let first = if first < 20 { first } else { u16::MAX - first };
            Traffic::ports(Protocol::ALL[protocol], first, first.saturating_add(more))
        });
        prop::collection::vec(span, 0..6)
            .prop_map(|spans| spans.iter().fold(Traffic::none(), |all, span| all.or(span)))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn sets_are_what_their_members_say(a in any_traffic(), b in any_traffic()) {
            let (or, and, without, others) = (a.or(&b), a.and(&b), a.without(&b), a.others());
            for protocol in Protocol::ALL {
                for port in (0..90).chain(u16::MAX - 90..=u16::MAX) {
                    let (in_a, in_b) = (a.contains(protocol, port), b.contains(protocol, port));
                    prop_assert_eq!(or.contains(protocol, port), in_a || in_b);
                    prop_assert_eq!(and.contains(protocol, port), in_a && in_b);
                    prop_assert_eq!(without.contains(protocol, port), in_a && !in_b);
                    prop_assert_eq!(others.contains(protocol, port), !in_a);
                }
            }
            prop_assert_eq!(&a.others().others(), &a);
            prop_assert_eq!(a.or(&a.others()), Traffic::all());
            let again = a.spans().fold(Traffic::none(), |all, span| {
                all.or(&Traffic::ports(span.protocol.unwrap(), span.first, span.last))
            });
            prop_assert_eq!(&again, &a);
            let at_once = a.spans().map(|span| (span.protocol.unwrap(), span.first, span.last));
            prop_assert_eq!(Traffic::of_ports(at_once), a);
        }
    }

    #[test]
    fn ranges_read_well() {
        let web = Traffic::ports(Protocol::Tcp, 80, 80).or(&Traffic::ports(Protocol::Tcp, 8000, 8100));
        assert_eq!(web.or(&Traffic::of(Protocol::Udp)).to_string(), "TCP 80, 8000-8100; UDP");
        assert_eq!(Traffic::all().to_string(), "all");
        assert_eq!(Traffic::none().to_string(), "none");
        assert_eq!(Traffic::all().without(&Traffic::of(Protocol::Tcp)).spans().count(), 4);
    }
}
