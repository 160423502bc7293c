mod input;
mod known;
mod scope;

use std::io::{self, BufWriter, Write};

use ringwall_detect::finding::Finding;
use ringwall_detect::output::{self, Scope};
use serde_json::Value;

use self::input::Input;
pub(super) use self::input::{print_problem, print_problems};
pub(super) use self::scope::within;
use crate::cli::{Detect, DetectFormat};
use crate::error::{Exit, Failure};
use crate::render::detect_text;

/// What `detect` has to say to people.
pub(crate) struct Detected<'d> {
    /// The earliest first.
    pub(crate) findings: Vec<&'d Finding>,
    pub(crate) scope: Scope,
}

/// Tells what logs say.
pub(super) fn run(args: &Detect) -> Result<Exit, Failure> {
    let found = ringwall_logs::find(&args.files);
    if let ([], Some(problem)) = (found.files.as_slice(), found.problems.first()) {
        return Err(Failure::misuse_hint(format!("`{}`: {}", problem.name, problem.why), problem.hint));
    }
    let (detector, known) = known::detector(args)?;
    let mut input = Input::new(detector);
    input.read(&found);
    let findings = input.detector.findings();
    let worst = findings.iter().map(|finding| finding.severity).max();
    let detected = Detected { findings, scope: scope::of(args, &found.files) };
    print(args.format, &detected)?;
    input.print_summary(&found, detected.findings.len())?;
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
    let render: fn(&Finding, &Scope) -> Value = match format {
        DetectFormat::Text => {
            let mut out = BufWriter::new(anstream::stdout().lock());
            detect_text::print(&mut out, detected)?;
            return out.flush();
        }
        DetectFormat::Json => output::json,
        DetectFormat::Guardduty => output::guardduty,
        DetectFormat::Asff => output::asff,
        DetectFormat::Ocsf => output::ocsf,
        DetectFormat::Sigma => output::sigma,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    for finding in &detected.findings {
        serde_json::to_writer(&mut out, &render(finding, &detected.scope))?;
        writeln!(out)?;
    }
    out.flush()
}
