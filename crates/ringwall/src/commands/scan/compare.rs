//! `scan compare`: pairs of versions in, which is newer out.

use std::cmp::Ordering;

use ringwall_scan::version::{MAX_VERSION, compare};

use crate::cli::ScanCompare;
use crate::commands::lines::{Answered, Lines};
use crate::error::{Exit, Failure};

/// Longest line that is kept: two versions that are just too long, so that each is told as that.
const MAX_LINE: usize = 4 * MAX_VERSION;

/// Answers each line of a file, or of standard input for `-`.
pub(super) fn run(args: &ScanCompare) -> Result<Exit, Failure> {
    Lines::open(&args.batch, MAX_LINE)?.answer(&mut |line, out| {
        let answer = line.text.clone().and_then(|text| {
            let text = std::str::from_utf8(text).map_err(|error| format!("the line is no UTF-8: {error}"))?;
            let text = text.strip_suffix('\r').unwrap_or(text);
            let (a, b) = text.split_once('\t').ok_or("the line has no tab between two versions")?;
            compare(args.ecosystem, a, b).map_err(|error| error.to_string())
        });
        let sign = match answer {
            Ok(Ordering::Less) => "<",
            Ok(Ordering::Equal) => "=",
            Ok(Ordering::Greater) => ">",
            Err(error) => {
                writeln!(out, "error: {error}")?;
                return Ok(Answered::No);
            }
        };
        writeln!(out, "{sign}")?;
        Ok(Answered::Yes)
    })
}
