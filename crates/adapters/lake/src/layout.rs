//! Paths of Security Lake.
//!
//! Source: AWS, *Amazon Security Lake User Guide*, "Collecting data from custom sources in Security Lake", *Partitioning*.

use std::fmt;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use object_store::path::Path;

use crate::row::{Class, Origin, Row};

/// Longest name of a cluster. Source: Amazon EKS API Reference, `CreateCluster`, `name`.
const MAX_NAME: usize = 100;

/// Of what nobody has said the account of.
pub(crate) const UNKNOWN_ACCOUNT: &str = "000000000000";
/// Of what nobody has said the region of.
pub(crate) const UNKNOWN_REGION: &str = "unknown";

/// A day, as Security Lake writes it: `20261127`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

impl Day {
    /// The day of a time in Unix milliseconds, in UTC.
    pub fn of(milliseconds: i64) -> Self {
        let time = Timestamp::from_millisecond(milliseconds).unwrap_or_default();
        Self(time.to_zoned(TimeZone::UTC).date())
    }

    /// So many days before.
    #[must_use]
    pub fn before(self, days: u32) -> Self {
        Self(self.0.saturating_sub(i64::from(days).days()))
    }

    /// From `20261127`.
    pub fn parse(text: &str) -> Option<Self> {
        let is_day = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
        let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<i16>().ok();
        let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
        let date = Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()?;
        is_day.then_some(Self(date))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{:02}{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

/// A stream of events with positions of its own: a cluster's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(String);

impl Partition {
    /// One of this name, of a cluster in this account and region. Files of all three lie in the same folders, those of CloudTrail's
    /// records among them, so that its name there has all three: as it is, with what no file's name can have left out, and digested.
    pub fn new(name: &str, account: &str, region: &str) -> Self {
        let safe = |letter: &char| letter.is_ascii_alphanumeric();
        let kept: String = name.chars().filter(safe).take(MAX_NAME).collect();
        let kept = if kept.is_empty() { "unnamed" } else { &kept };
        Self(format!("{kept}-{}", digest(format!("{name}\n{account}\n{region}").as_bytes())))
    }

    /// One of what is added by hand, from input that is told by these bytes: the same input is the same partition.
    pub fn of_input(input: &[u8], origin: &Origin) -> Self {
        Self::new(&format!("add-{}", digest(input)), &origin.account, &origin.region)
    }

    /// Its name in those of files.
    pub fn name(&self) -> &str {
        &self.0
    }

    pub(crate) fn file(&self, first: u64, last: u64) -> String {
        format!("{}-{first:020}-{last:020}.parquet", self.0)
    }

    /// The first position of a file, if it is one of this partition's.
    pub(crate) fn first_of(&self, file: &str) -> Option<u64> {
        let positions = file.strip_prefix(&self.0)?.strip_prefix('-')?.strip_suffix(".parquet")?;
        let (first, last) = positions.split_once('-')?;
        let is_position = |text: &str| text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_digit());
        (is_position(first) && is_position(last)).then(|| first.parse().ok())?
    }
}

/// A part of a path that is an account.
pub(crate) fn account_part(account: &str) -> &str {
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { account } else { UNKNOWN_ACCOUNT }
}

/// A part of a path that is a region.
pub(crate) fn region_part(region: &str) -> &str {
    let is_region = (1..=32).contains(&region.len())
        && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if is_region { region } else { UNKNOWN_REGION }
}

/// Eight bytes of SHA-256, in hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    data_encoding::HEXLOWER.encode(digest.as_ref().get(..8).unwrap_or_default())
}

/// The folder of a class.
pub(crate) fn source(root: &Path, class: Class) -> Path {
    root.clone().join("ext").join(class.source())
}

/// The folder of a row's day.
pub(crate) fn folder(root: &Path, row: &Row) -> Path {
    source(root, row.class)
        .join(format!("region={}", row.region))
        .join(format!("accountId={}", row.account))
        .join(format!("eventDay={}", Day::of(row.time)))
}

/// The day of a file, by its folder.
pub(crate) fn day_of(path: &Path) -> Option<Day> {
    path.parts().find_map(|part| Day::parse(part.as_ref().strip_prefix("eventDay=")?))
}

/// The folder and the name of a file.
pub(crate) fn split(path: &Path) -> Option<(&str, &str)> {
    path.as_ref().rsplit_once('/')
}
