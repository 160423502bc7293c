//! What is known before logs are read: lists of addresses, what is usual, and what nobody wants to see.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ringwall_detect::Detector;
use ringwall_detect::baseline::{Baseline, MAX_BYTES};
use ringwall_detect::filter::{Filters, MAX_INPUT};
use ringwall_detect::intel::{Format, Intel, List, Role};

use crate::cli::Detect;
use crate::error::{Exit, Failure};
use crate::session;

/// Longest list that is read: the largest public ones have some ten MiB.
const MAX_LIST: u64 = 256 << 20;

/// A detector that knows what the flags name, and whether something of that could not be taken.
pub(super) fn detector(args: &Detect) -> Result<(Detector, Exit), Failure> {
    let mut detector = Detector::new().with_retired(args.retired);
    let mut exit = Exit::Fine;
    if let Some(path) = &args.baseline
        && let Some(baseline) = read_baseline(path)?
    {
        detector = detector.with_baseline(baseline);
    }
    let mut intel = Intel::default();
    for named in &args.intel {
        let (role, path) = role(named);
        let bytes = ringwall_files::read(&path, MAX_LIST).map_err(unread(&path))?;
        let text = String::from_utf8_lossy(&bytes);
        let (list, left_out) = List::read(&text, Format::of(&text));
        for why in &left_out {
            exit = Exit::Incomplete;
            session::remark(&format!("`{}`: {why}", path.display()))?;
        }
        let name = path.file_name().map_or_else(|| named.clone(), |name| name.to_string_lossy().into_owned());
        intel.add(&name, role, list);
    }
    detector.set_intel(Arc::new(intel));
    Ok((detector, exit))
}

/// The filters that flags name, all together.
pub(super) fn filters(args: &Detect) -> Result<Filters, Failure> {
    let mut filters = Filters::default();
    for path in &args.suppress {
        let bytes = ringwall_files::read(path, MAX_INPUT as u64).map_err(unread(path))?;
        let read = Filters::read(&String::from_utf8_lossy(&bytes));
        read.and_then(|read| filters.add(read)).map_err(|error| {
            let hint = "filters are what `aws guardduty create-filter --cli-input-json` takes and `get-filter` prints";
            Failure::misuse_hint(format!("`{}`: {error}", path.display()), hint)
        })?;
    }
    Ok(filters)
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

/// What a list means, and its file. A file whose name begins with a kind is named with a folder.
fn role(named: &str) -> (Role, PathBuf) {
    let (role, path) = match named.split_once('=') {
        Some(("malicious", path)) => (Role::Malicious, path),
        Some(("tor", path)) => (Role::Tor, path),
        Some(("trusted", path)) => (Role::Trusted, path),
        Some(("custom", path)) => (Role::Custom, path),
        _ => (Role::Custom, named),
    };
    (role, PathBuf::from(path))
}
