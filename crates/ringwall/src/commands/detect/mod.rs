mod input;
mod known;
mod scope;

use std::io::{self, BufWriter, Write};

use ringwall_detect::finding::{Finding, Mark, Verdict};
use ringwall_detect::output::{Form, Scope};

use self::input::Input;
use crate::cli::{Detect, DetectFormat};
use crate::error::{Exit, Failure};
use crate::render::detect_text;

/// What `detect` has to say to people.
pub(crate) struct Detected<'d> {
    /// The earliest first, each with what was decided of it.
    pub(crate) findings: Vec<(&'d Finding, Verdict)>,
    pub(crate) scope: Scope,
}

/// Tells what logs say.
pub(super) fn run(args: &Detect) -> Result<Exit, Failure> {
    let found = ringwall_logs::find(&args.files);
    if let ([], Some(problem)) = (found.files.as_slice(), found.problems.first()) {
        return Err(Failure::misuse_hint(format!("`{}`: {}", problem.name, problem.why), problem.hint));
    }
    let filters = known::filters(args)?;
    let (detector, known) = known::detector(args)?;
    let mut input = Input::new(detector);
    input.read(&found);
    let scope = scope::of(args, &found.files);
    let judge = |finding| (finding, Mark::default().verdict(filters.archiving(finding, &scope)));
    let mut findings: Vec<(&Finding, Verdict)> = input.detector.findings().into_iter().map(judge).collect();
    let in_sight = findings.iter().filter(|(_, verdict)| !verdict.is_archived());
    let worst = in_sight.map(|(finding, _)| finding.severity).max();
    let count = findings.len();
    let archived = findings.iter().filter(|(_, verdict)| verdict.is_archived()).count();
    if !args.archived {
        findings.retain(|(_, verdict)| !verdict.is_archived());
    }
    let detected = Detected { findings, scope };
    print(args.format, &detected)?;
    input.print_summary(&found, count, archived)?;
    known::keep(args, &input.detector)?;
    let failed = args.fail_on().is_some_and(|least| worst.is_some_and(|worst| worst >= least));
    let is_incomplete = known == Exit::Incomplete || input.is_incomplete(&found);
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
