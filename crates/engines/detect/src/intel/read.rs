//! Lists of addresses, in the forms that GuardDuty takes.
//!
//! Source: AWS GuardDuty User Guide, *Customizing threat detection with entity lists and IP address lists*, "List formats". Of STIX it takes
//! version 1 in XML; here it may be JSON as well, of both versions.
//!
//! GuardDuty takes 250,000 addresses and networks of a threat list, six of those, and 2,000 of one trusted list. Ringwall takes more
//! ([`MAX_ENTRIES`]) of as many lists as there are.

use std::net::IpAddr;

use super::{Entry, stix};

/// Most networks of one list: the largest public ones have some hundred thousand. What comes after is told.
pub const MAX_ENTRIES: usize = 2_000_000;
/// Most lines that are told as not understood.
const MAX_TOLD: usize = 20;
/// Widest networks that a list can mean. Whatever is wider is a mistake that would make a finding of every request.
const WIDEST: (u8, u8) = (4, 6);

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An address or network a line; what follows it, or begins with `#`, `;` or `//`, is a comment.
    Text,
    /// STIX 1 in XML, or 1 or 2 in JSON.
    Stix,
    /// `Indicator type, Indicator, Description`, as Open Threat Exchange has it.
    OtxCsv,
    /// `ADDRESS#reliability#risk#threat#country#city#place#…`, AlienVault's reputation feed.
    AlienVault,
    /// `ip, category, score, first seen, last seen, ports`, Proofpoint's ET reputation.
    ProofPoint,
    /// FireEye iSIGHT's table, of which the columns `ip` and `cidr` count.
    FireEye,
}

impl Format {
    /// The format by GuardDuty's name for it.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "TXT" => Self::Text,
            "STIX" => Self::Stix,
            "OTX_CSV" => Self::OtxCsv,
            "ALIEN_VAULT" => Self::AlienVault,
            "PROOF_POINT" => Self::ProofPoint,
            "FIRE_EYE" => Self::FireEye,
            _ => return None,
        })
    }

    /// The format that a text looks like.
    pub fn of(text: &str) -> Self {
        let text = text.trim_start_matches('\u{feff}').trim_start();
        if text.starts_with(['{', '[', '<']) {
            return Self::Stix;
        }
        let is_comment = |line: &&str| line.trim().is_empty() || line.trim_start().starts_with(['#', ';']);
        let first = text.lines().find(|line| !is_comment(line)).unwrap_or_default().to_ascii_lowercase();
        let columns = fields(&first);
        let is = |name: &str| columns.iter().any(|column| column == name);
        if is("indicator type")
            || is("indicator")
            || matches!(columns.first().map(String::as_str), Some("ipv4" | "ipv6" | "cidr"))
        {
            Self::OtxCsv
        } else if is("reportid") || is("threatscape") {
            Self::FireEye
        } else if first.matches('#').count() >= 4 {
            Self::AlienVault
        } else if is("category") || columns.len() >= 5 {
            Self::ProofPoint
        } else {
            Self::Text
        }
    }
}

/// What of a list was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It is no address and no network.
    #[error("line {line}: `{text}` is no address and no network")]
    NoAddress {
        /// The line, from 1; of JSON 0.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// It would have most of the Internet.
    #[error("line {line}: `{text}` is wider than any list means")]
    TooWide {
        /// The line, from 1; of JSON 0.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// It is neither JSON nor XML, or not STIX's.
    #[error("no STIX: {0}")]
    NoStix(String),
    /// There are more.
    #[error("more than {MAX_ENTRIES} networks; the rest is left out")]
    TooMany,
    /// There is more to tell.
    #[error("{0} more lines are no addresses")]
    More(usize),
}

/// The networks of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// One after the other, as they stand there.
    pub entries: Vec<Entry>,
}

impl List {
    /// Reads a list. What cannot be taken is told, and the rest is taken.
    pub fn read(text: &str, format: Format) -> (Self, Vec<NotTaken>) {
        let mut taken = Taken::default();
        let text = text.trim_start_matches('\u{feff}');
        match format {
            Format::Stix => stix::read(text, &mut taken),
            Format::FireEye => of_columns(text, &mut taken),
            Format::Text | Format::OtxCsv | Format::AlienVault | Format::ProofPoint => {
                for (line, number) in text.lines().zip(1..) {
                    of_line(line, number, format, &mut taken);
                }
            }
        }
        taken.done()
    }
}

fn of_line(line: &str, number: usize, format: Format, taken: &mut Taken) {
    let line = line.trim();
    if line.is_empty() || line.starts_with(['#', ';']) || line.starts_with("//") {
        return;
    }
    match format {
        Format::AlienVault => {
            let mut parts = line.split('#').map(str::trim);
            let address = parts.next().unwrap_or_default();
            let threat = parts.nth(2).unwrap_or_default();
            taken.add(address, threat, number);
        }
        Format::OtxCsv => {
            let columns = fields(line);
            let column = |at: usize| columns.get(at).map_or("", String::as_str);
            match column(0).to_ascii_lowercase().as_str() {
                "ipv4" | "ipv6" | "cidr" => taken.add(column(1), column(2), number),
                // Domains, hashes and the heading.
                _ => {}
            }
        }
        Format::ProofPoint => {
            let columns = fields(line);
            let column = |at: usize| columns.get(at).map_or("", String::as_str);
            if !column(0).eq_ignore_ascii_case("ip") {
                taken.add(column(0), column(1), number);
            }
        }
        Format::Text | Format::Stix | Format::FireEye => {
            let address = line.split([' ', '\t', ',', ';', '#']).next().unwrap_or_default();
            taken.add(address, "", number);
        }
    }
}

/// A table whose first line names its columns.
fn of_columns(text: &str, taken: &mut Taken) {
    let mut lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let Some((heading, _)) = lines.next() else { return };
    let heading: Vec<String> = fields(heading).iter().map(|name| name.to_ascii_lowercase()).collect();
    let at = |name: &str| heading.iter().position(|known| known == name);
    let of = [at("ip"), at("cidr")];
    let named = at("threatscape");
    for (line, number) in lines {
        let columns = fields(line);
        let column = |at: Option<usize>| at.and_then(|at| columns.get(at)).map_or("", String::as_str);
        for address in of.into_iter().map(column).filter(|address| !address.is_empty()) {
            taken.add(address, column(named), number);
        }
    }
}

/// The fields of a line of CSV (RFC 4180), without the spaces around them.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    for c in line.chars() {
        match c {
            // A quote within quotes stands there twice; to switch twice and leave it out loses the quote and nothing else.
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            c => {
                if let Some(last) = fields.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    for field in &mut fields {
        *field = field.trim().to_owned();
    }
    fields
}

/// What was taken, and what was not.
#[derive(Debug, Default)]
pub(super) struct Taken {
    entries: Vec<Entry>,
    not: Vec<NotTaken>,
    more: usize,
    is_full: bool,
}

impl Taken {
    /// Takes an address or a network.
    pub(super) fn add(&mut self, text: &str, threat: &str, line: usize) {
        if self.entries.len() >= MAX_ENTRIES {
            self.is_full = true;
            return;
        }
        let shown = || text.chars().take(64).collect();
        match network(text) {
            Some((_, length, widest)) if length < widest => {
                self.refuse(NotTaken::TooWide { line, text: shown() })
            }
            Some((address, length, _)) => {
                let threats =
                    if threat.is_empty() { Vec::new() } else { vec![threat.chars().take(256).collect()] };
                self.entries.push(Entry { address, length, threats });
            }
            None => self.refuse(NotTaken::NoAddress { line, text: shown() }),
        }
    }

    /// Tells that something was not taken.
    pub(super) fn refuse(&mut self, why: NotTaken) {
        if self.not.len() < MAX_TOLD {
            self.not.push(why);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    fn done(mut self) -> (List, Vec<NotTaken>) {
        if self.more > 0 {
            self.not.push(NotTaken::More(self.more));
        }
        if self.is_full {
            self.not.push(NotTaken::TooMany);
        }
        (List { entries: self.entries }, self.not)
    }
}

/// An address or a network, with its host bits cleared, and the widest that its family may have.
pub(super) fn network(text: &str) -> Option<(IpAddr, u8, u8)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.trim_matches(['[', ']']).parse().ok()?;
    match (address, address.to_canonical()) {
        (IpAddr::V6(_), IpAddr::V4(four)) => of_four(four, length.map(|length| length.saturating_sub(96))),
        (IpAddr::V4(four), _) => of_four(four, length),
        (IpAddr::V6(six), _) => {
            let length = length.unwrap_or(128);
            let mask = u128::MAX.checked_shl(128_u32.checked_sub(u32::from(length))?).unwrap_or_default();
            Some((std::net::Ipv6Addr::from(u128::from(six) & mask).into(), length, WIDEST.1))
        }
    }
}

fn of_four(four: std::net::Ipv4Addr, length: Option<u8>) -> Option<(IpAddr, u8, u8)> {
    let length = length.unwrap_or(32);
    let mask = u32::MAX.checked_shl(32_u32.checked_sub(u32::from(length))?).unwrap_or_default();
    Some((std::net::Ipv4Addr::from(u32::from(four) & mask).into(), length, WIDEST.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str) -> Vec<String> {
        let (list, not) = List::read(text, Format::of(text));
        assert_eq!(not, []);
        let shown = |entry: &Entry| {
            format!("{}/{} {}", entry.address, entry.length, entry.threats.join(",")).trim_end().to_owned()
        };
        list.entries.iter().map(shown).collect()
    }

    #[test]
    fn each_format_is_told_by_its_look_and_read() {
        for (text, format, entries) in [
            (
                "# bad\n198.51.100.7\n203.0.113.9/24 ; net\n\n2001:db8::1 # six\r\n// end\n",
                Format::Text,
                &["198.51.100.7/32", "203.0.113.0/24", "2001:db8::1/128"][..],
            ),
            (
                "Indicator type, Indicator, Description\nCIDR, 192.0.2.0/24, example\nIPv4, 198.51.100.1, \"a, b\"\ndomain, example.com, no\n",
                Format::OtxCsv,
                &["192.0.2.0/24 example", "198.51.100.1/32 a, b"],
            ),
            (
                "198.51.100.1#4#2#Malicious Host#KR##37.5,126.9#3\n",
                Format::AlienVault,
                &["198.51.100.1/32 Malicious Host"],
            ),
            (
                "ip, category, score, first_seen, last_seen, ports (|)\n198.51.100.1, 1, 100, 2000-01-01, 2000-01-01, \n",
                Format::ProofPoint,
                &["198.51.100.1/32 1"],
            ),
            (
                "reportId, title, threatScape, cidr, domain, ip\n01-1, x, Crime, 198.51.100.0/24, example.com, 203.0.113.5\n",
                Format::FireEye,
                &["203.0.113.5/32 Crime", "198.51.100.0/24 Crime"],
            ),
            (
                r#"{"type":"bundle","objects":[{"type":"indicator","name":"c2","pattern":"[ipv4-addr:value = '198.51.100.9' OR ipv4-addr:value ISSUBSET '203.0.113.0/24']"},{"type":"ipv6-addr","value":"2001:db8::9"}]}"#,
                Format::Stix,
                &["198.51.100.9/32 c2", "203.0.113.0/24 c2", "2001:db8::9/128"],
            ),
        ] {
            assert_eq!(Format::of(text), format, "{text}");
            assert_eq!(taken(text), entries, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_told() {
        let (list, not) = List::read("198.51.100.1\nexample.com\n0.0.0.0/0\n198.51.100.1/33\n", Format::Text);
        assert_eq!(list.entries.len(), 1);
        let told: Vec<String> = not.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "line 2: `example.com` is no address and no network",
                "line 3: `0.0.0.0/0` is wider than any list means",
                "line 4: `198.51.100.1/33` is no address and no network",
            ]
        );
        let (_, not) = List::read(&"x\n".repeat(100), Format::Text);
        assert_eq!(not.last(), Some(&NotTaken::More(80)));
    }

    #[test]
    fn names_are_guardduty_s() {
        assert_eq!(Format::named("alien_vault"), Some(Format::AlienVault));
        assert_eq!(Format::named("xml"), None);
    }
}
