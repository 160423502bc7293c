//! What is known before logs are read: lists of addresses, what is usual, and what nobody wants to see.

use std::path::Path;
use std::sync::Arc;

use ringwall_detect::Detector;
use ringwall_detect::baseline::{Baseline, MAX_BYTES};

use crate::cli::Detect;
use crate::error::{Exit, Failure};
use crate::session;

/// A detector that knows what the flags name, and whether something of that could not be taken.
pub(super) fn detector(args: &Detect) -> Result<(Detector, Exit), Failure> {
    let mut detector = Detector::new().with_retired(args.retired);
    let mut exit = Exit::Fine;
    if let Some(path) = &args.baseline
        && let Some(baseline) = read_baseline(path)?
    {
        detector = detector.with_baseline(baseline);
    }
    let (intel, remarks) = ringwall_audit::lists::read(&args.intel)?;
    for remark in &remarks {
        exit = Exit::Incomplete;
        session::remark(remark)?;
    }
    detector.set_intel(Arc::new(intel));
    Ok((detector, exit))
}

/// Keeps what is usual now, if a flag says where.
pub(super) fn keep(args: &Detect, detector: &Detector) -> Result<(), Failure> {
    let Some(path) = &args.baseline else { return Ok(()) };
    let bytes = detector.baseline().to_bytes();
    ringwall_files::replace(path, &bytes, ringwall_files::PRIVATE).map_err(Failure::make(path))
}

fn read_baseline(path: &Path) -> Result<Option<Baseline>, Failure> {
    let bytes = ringwall_files::read_if_there(path, MAX_BYTES as u64).map_err(unread(path))?;
    let baseline = bytes.map(|bytes| Baseline::from_bytes(&bytes)).transpose();
    baseline.map_err(|error| {
        let hint = "nothing was changed; name another file to begin anew";
        Failure::misuse_hint(format!("`{}` is no baseline: {error}", path.display()), hint)
    })
}

fn unread(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    |source| Failure::Read { path: path.display().to_string(), source }
}
