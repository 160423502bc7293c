//! Which addresses are AWS's, and in which region.
//!
//! Source: AWS VPC User Guide, *AWS IP address ranges*: `https://ip-ranges.amazonaws.com/ip-ranges.json`.

use std::net::IpAddr;

use prefix_trie::PrefixMap;

use super::read::network;
use crate::field::{Field, Text};
use crate::object::object;

/// Most ranges that are read: there are some ten thousand.
const MAX_RANGES: usize = 200_000;
/// Most regions: there are some forty, and one for what has none.
const MAX_REGIONS: usize = 1000;

/// AWS's own ranges.
#[derive(Debug, Default)]
pub struct AwsRanges {
    /// Ranges have the place of their region here.
    regions: Vec<String>,
    four: PrefixMap<(u32, u8), usize>,
    six: PrefixMap<(u128, u8), usize>,
}

/// Why a text has no ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no ranges of AWS's: the file has to be `ip-ranges.json`\nhint: https://ip-ranges.amazonaws.com/ip-ranges.json"
)]
pub struct NoRanges;

object! {
    struct File {
        "prefixes" => four: Field<Vec<Range<'a>>>,
        "ipv6_prefixes" => six: Field<Vec<Range<'a>>>,
    }

    struct Range {
        "ip_prefix" => four: Field<Text<'a>>,
        "ipv6_prefix" => six: Field<Text<'a>>,
        "region" => region: Field<Text<'a>>,
    }
}

impl AwsRanges {
    /// Reads `ip-ranges.json`. What is no range in it is left out.
    ///
    /// # Errors
    ///
    /// There is no range at all.
    pub fn read(text: &str) -> Result<Self, NoRanges> {
        let file: File<'_> = crate::body::read(text).ok_or(NoRanges)?;
        let mut ranges = Self::default();
        for range in file.four.items().iter().chain(file.six.items()).take(MAX_RANGES) {
            let prefix = [range.four.text(), range.six.text()].into_iter().find(|prefix| !prefix.is_empty());
            let Some((address, length, _)) = prefix.and_then(network) else { continue };
            let Some(region) = ranges.region_at(range.region.text()) else { continue };
            match address {
                IpAddr::V4(address) => drop(ranges.four.insert((u32::from(address), length), region)),
                IpAddr::V6(address) => drop(ranges.six.insert((u128::from(address), length), region)),
            }
        }
        if ranges.is_empty() { Err(NoRanges) } else { Ok(ranges) }
    }

    fn region_at(&mut self, region: &str) -> Option<usize> {
        if let Some(at) = self.regions.iter().position(|known| known == region) {
            return Some(at);
        }
        let at = self.regions.len();
        (at < MAX_REGIONS).then(|| self.regions.push(region.to_owned()))?;
        Some(at)
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.four.is_empty() && self.six.is_empty()
    }

    /// The region of the narrowest range that has an address; `GLOBAL` for what belongs to none.
    pub fn region(&self, address: IpAddr) -> Option<&str> {
        let at = match address.to_canonical() {
            IpAddr::V4(address) => self.four.get_lpm(&(u32::from(address), 32)).map(|(_, at)| at),
            IpAddr::V6(address) => self.six.get_lpm(&(u128::from(address), 128)).map(|(_, at)| at),
        };
        self.regions.get(*at?).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_range_counts() {
        let text = r#"{"syncToken":"1","prefixes":[
            {"ip_prefix":"52.0.0.0/8","region":"GLOBAL","service":"AMAZON"},
            {"ip_prefix":"52.18.0.0/16","region":"eu-west-1","service":"EC2"},
            {"ip_prefix":"not one","region":"eu-west-1"}, 7],
            "ipv6_prefixes":[{"ipv6_prefix":"2a05:d018::/36","region":"eu-west-1"}]}"#;
        let ranges = AwsRanges::read(text).unwrap();
        let region = |address: &str| ranges.region(address.parse().unwrap());
        assert_eq!(region("52.18.0.1"), Some("eu-west-1"));
        assert_eq!(region("::ffff:52.18.0.1"), Some("eu-west-1"));
        assert_eq!(region("52.19.0.1"), Some("GLOBAL"));
        assert_eq!(region("2a05:d018::1"), Some("eu-west-1"));
        assert_eq!((region("203.0.113.1"), region("2001:db8::1")), (None, None));
    }

    #[test]
    fn what_has_no_ranges_is_refused() {
        for text in ["", "[]", "{}", r#"{"prefixes":[{"ip_prefix":"x"}]}"#, "52.18.0.0/16"] {
            assert_eq!(AwsRanges::read(text).unwrap_err(), NoRanges, "{text}");
        }
    }
}
