//! `ringwall detect --backtest`.

use std::io::{self, BufWriter, Write};

use ringwall_detect::finding::Place;
use ringwall_detect::{Detector, audit, cloudtrail};
use ringwall_logs::Found;
use ringwall_sigma::{Backtest, Tally};

use super::rules;
use crate::cli::{Detect, DetectFormat};
use crate::commands::logs::{self, Input, Look};
use crate::error::{Exit, Failure};
use crate::render::backtest;

/// The detector tells what has come before; its findings are not asked for.
struct Tested {
    detector: Detector,
    backtest: Backtest,
}

impl Look for Tested {
    fn audit(&mut self, event: &audit::Event<'_>, json: &str, place: &Place) {
        if self.detector.judge_audit(event, place) {
            self.backtest.audit(event, json, place);
        }
    }

    fn cloudtrail(&mut self, record: &cloudtrail::Record<'_>, json: &str, place: &Place) {
        if self.detector.judge_cloudtrail(record, place) {
            self.backtest.cloudtrail(record, json, place);
        }
    }
}

/// Tells what rules would have told of these logs.
pub(super) fn run(args: &Detect, found: &Found) -> Result<Exit, Failure> {
    let render: fn(&mut dyn Write, &[Tally]) -> io::Result<()> = match args.format {
        DetectFormat::Text => backtest::text,
        DetectFormat::Json => backtest::json,
        _ => return Err(Failure::misuse_hint("a back-test has no findings", "`--output text` or `json`")),
    };
    let rules = rules::load(&args.backtest)?;
    let backtest = Backtest::new(rules).map_err(|error| Failure::misuse(error.to_string()))?;
    let mut tested = Tested { detector: Detector::new(), backtest };
    let input = Input::read(found, &mut tested);
    let tallies = tested.backtest.tallies();
    let mut out = BufWriter::new(anstream::stdout().lock());
    render(&mut out, &tallies)?;
    out.flush()?;
    let matched = tallies.iter().filter(|tally| tally.matches > 0 && !tally.rule.is_silent);
    let worst = matched.clone().map(|tally| tally.rule.severity).max();
    let result = format!(
        "{} of {} matched",
        matched.count(),
        logs::count(tallies.iter().filter(|tally| !tally.rule.is_silent).count() as u64, "rule", "rules")
    );
    input.print_summary(found, tested.detector.counts(), &result)?;
    let failed = args.fail_on().is_some_and(|least| worst.is_some_and(|worst| worst >= least));
    Ok(match (input.is_incomplete(found), failed) {
        (true, _) => Exit::Incomplete,
        (false, true) => Exit::No,
        (false, false) => Exit::Fine,
    })
}
