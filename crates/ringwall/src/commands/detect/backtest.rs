//! `ringwall detect --backtest`.

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use ringwall_detect::finding::Place;
use ringwall_detect::{Detector, audit, cloudtrail};
use ringwall_lake::{LakeError, Location, Recalled, recall};
use ringwall_logs::Found;
use ringwall_model::error_chain;
use ringwall_sigma::{Backtest, Tally};

use super::rules;
use crate::cli::{Detect, DetectFormat};
use crate::commands::logs::{self, Input, Look};
use crate::error::{Exit, Failure};
use crate::render::backtest;
use crate::session;

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

/// Tells what rules would have told of these logs, and of lakes.
pub(super) fn run(args: &Detect) -> Result<Exit, Failure> {
    let (lakes, files): (Vec<&PathBuf>, Vec<&PathBuf>) = args.files.iter().partition(|path| is_lake(path));
    let files: Vec<PathBuf> = files.into_iter().cloned().collect();
    let found = &if files.is_empty() { Found::default() } else { logs::find(&files)? };
    let render: fn(&mut dyn Write, &[Tally]) -> io::Result<()> = match args.format {
        DetectFormat::Text => backtest::text,
        DetectFormat::Json => backtest::json,
        _ => return Err(Failure::misuse_hint("a back-test has no findings", "`--output text` or `json`")),
    };
    let rules = rules::load(&args.backtest)?;
    let backtest = Backtest::new(rules).map_err(|error| Failure::misuse(error.to_string()))?;
    let mut tested = Tested { detector: Detector::new(), backtest };
    let input = Input::read(found, &mut tested);
    let mut unread = 0_usize;
    for lake in lakes {
        unread = unread.saturating_add(look_into(&lake.display().to_string(), &mut tested)?);
    }
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
    Ok(match (unread > 0 || input.is_incomplete(found), failed) {
        (true, _) => Exit::Incomplete,
        (false, true) => Exit::No,
        (false, false) => Exit::Fine,
    })
}

/// A folder with the lake's own folder of events in it, or a bucket.
fn is_lake(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().starts_with(b"s3://") || path.join("ext/ringwall-events").is_dir()
}

/// Looks at all events of a lake; how many of its files can't be read.
fn look_into(place: &str, tested: &mut Tested) -> Result<usize, Failure> {
    let location = Location::open(place).map_err(lake)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut each = |event: Recalled| {
        let place = Place { file: event.file.as_str().into(), line: event.row };
        // What the lake gives is what it was given: an event that can be read.
        let _ = if event.is_record {
            let each =
                &mut |record: &cloudtrail::Record<'_>, json: &str| tested.cloudtrail(record, json, &place);
            cloudtrail::read_with_json(&event.json, each).is_ok()
        } else {
            let each = &mut |one: &audit::Event<'_>, json: &str| tested.audit(one, json, &place);
            audit::read_with_json(&event.json, each).is_ok()
        };
        ControlFlow::Continue(())
    };
    let unread = runtime.block_on(recall(&location, &mut each)).map_err(lake)?;
    for error in &unread {
        session::remark(&error_chain(error))?;
    }
    Ok(unread.len())
}

fn lake(error: LakeError) -> Failure {
    Failure::misuse(error_chain(&error))
}
