mod backtest;
mod known;
mod rules;
pub(super) mod scope;

use std::io::{self, BufWriter, Write};

use ringwall_detect::finding::{Finding, Mark, Place, Verdict};
use ringwall_detect::output::{Form, Scope};
use ringwall_detect::{Detector, audit, cloudtrail};
use ringwall_sigma::Sigma;

use super::logs::{self, Input, Look};
use crate::cli::{Detect, DetectFormat};
use crate::error::{Exit, Failure};
use crate::render::detect_text;
use crate::session;

/// What `detect` has to say to people.
pub(crate) struct Detected<'d> {
    /// The earliest first, each with what was decided of it.
    pub(crate) findings: Vec<(&'d Finding, Verdict)>,
    pub(crate) scope: Scope,
}

/// Ringwall's own rules and somebody else's.
struct Looking {
    detector: Detector,
    sigma: Option<Sigma>,
}

impl Look for Looking {
    fn audit(&mut self, event: &audit::Event<'_>, json: &str, place: &Place) {
        let is_new = self.detector.judge_audit(event, place);
        if let Some(sigma) = self.sigma.as_mut().filter(|_| is_new) {
            sigma.audit(event, json, place, &mut |found| self.detector.tell(found.signal, found.earlier));
        }
    }

    fn cloudtrail(&mut self, record: &cloudtrail::Record<'_>, json: &str, place: &Place) {
        let is_new = self.detector.judge_cloudtrail(record, place);
        if let Some(sigma) = self.sigma.as_mut().filter(|_| is_new) {
            sigma.cloudtrail(record, json, place, &mut |found| {
                self.detector.tell(found.signal, found.earlier)
            });
        }
    }
}

/// Tells what logs say.
pub(super) fn run(args: &Detect) -> Result<Exit, Failure> {
    if !args.backtest.is_empty() {
        return backtest::run(args);
    }
    let found = logs::find(&args.files)?;
    let filters = ringwall_audit::filters::read(&args.suppress)?;
    let sigma = rules::sigma(&args.rules)?;
    let (detector, known) = known::detector(args)?;
    let mut looking = Looking { detector, sigma };
    let input = Input::read(&found, &mut looking);
    let detector = looking.detector;
    let scope = scope::of(args, &found.files);
    let judge = |finding| (finding, Mark::default().verdict(filters.archiving(finding, &scope)));
    let mut findings: Vec<(&Finding, Verdict)> = detector.findings().into_iter().map(judge).collect();
    let in_sight =
        findings.iter().filter(|(finding, verdict)| !verdict.is_archived() && !finding.is_dry_run());
    let worst = in_sight.map(|(finding, _)| finding.severity).max();
    let mut result = logs::count(findings.len() as u64, "finding", "findings");
    let archived = findings.iter().filter(|(_, verdict)| verdict.is_archived()).count();
    if archived > 0 {
        result.push_str(&format!(", {archived} of them archived"));
    }
    if !args.archived {
        findings.retain(|(_, verdict)| !verdict.is_archived());
    }
    let detected = Detected { findings, scope };
    print(args.format, &detected)?;
    input.print_summary(&found, detector.counts(), &result)?;
    let put_aside = detector.lost().put_aside;
    if put_aside > 0 {
        session::remark(&format!(
            "{put_aside} findings, those seen longest ago, are left out: there are more than are kept"
        ))?;
    }
    known::keep(args, &detector)?;
    let failed = args.fail_on().is_some_and(|least| worst.is_some_and(|worst| worst >= least));
    let is_incomplete = known == Exit::Incomplete || put_aside > 0 || input.is_incomplete(&found);
    Ok(match (is_incomplete, failed) {
        (true, _) => Exit::Incomplete,
        (false, true) => Exit::No,
        (false, false) => Exit::Fine,
    })
}

fn print(format: DetectFormat, detected: &Detected<'_>) -> io::Result<()> {
    let form = match format {
        DetectFormat::Text => {
            let mut out = BufWriter::new(anstream::stdout().lock());
            detect_text::print(&mut out, detected)?;
            return out.flush();
        }
        DetectFormat::Json => Form::Json,
        DetectFormat::Guardduty => Form::GuardDuty,
        DetectFormat::Asff => Form::Asff,
        DetectFormat::Ocsf => Form::Ocsf,
        DetectFormat::Sigma => Form::Sigma,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    for (finding, verdict) in &detected.findings {
        serde_json::to_writer(&mut out, &form.render(finding, &detected.scope, verdict))?;
        writeln!(out)?;
    }
    out.flush()
}
