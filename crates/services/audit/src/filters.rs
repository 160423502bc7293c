//! Suppression rules, read from files.

use std::path::PathBuf;

use ringwall_detect::filter::{Filters, MAX_INPUT};

use crate::Error;

/// Reads suppression rules in GuardDuty's grammar, as `aws guardduty create-filter --cli-input-json` takes them and `get-filter` prints
/// them: those of all files together.
///
/// # Errors
///
/// A file can't be read, or is none of suppression rules.
pub fn read(paths: &[PathBuf]) -> Result<Filters, Error> {
    let mut all = Filters::default();
    for path in paths {
        let failed = |source| Error::Read { path: path.display().to_string(), source };
        let bytes = ringwall_files::read(path, MAX_INPUT as u64).map_err(failed)?;
        let filters = Filters::read(&String::from_utf8_lossy(&bytes));
        filters.and_then(|filters| all.add(filters)).map_err(|error| {
            let hint = "filters are what `aws guardduty create-filter --cli-input-json` takes and `get-filter` prints";
            Error::Setting(format!("`{}`: {error} (hint: {hint})", path.display()))
        })?;
    }
    Ok(all)
}
