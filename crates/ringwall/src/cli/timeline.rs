//! `ringwall timeline`.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use ringwall_model::time;

use super::Output;

/// Tell what somebody did, in AWS and in the cluster, by all names that lead from one to the other.
///
/// Joins CloudTrail and the audit log on access keys, role sessions, principal ids, service-account tokens and pods: who assumed
/// which role, who that was to the cluster, what they did there, which pods they entered or made, and which calls to AWS those
/// made then. Each entry names its event and why it belongs; what gave rise to a finding has its type.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall timeline --who ASIAEXAMPLE0CIPULL01 examples/storefront
  ringwall timeline --who dev-07 examples/storefront --since 2026-10-12T08:06:00Z
  ringwall timeline --who payments/payments-api audit/ cloudtrail/ --output json | jq '.entries[].action'

WHO is what the logs have: an ARN (of a user, role or session), an access key, a principal id (AIDA…, AROA…),
the name of a user, role or session, a Kubernetes user, a token's id (JTI=… or what follows it),
NAMESPACE/SERVICEACCOUNT, NAMESPACE/POD, the subject of an identity provider's token, or an address that
asked without a login. If it names several, all are told, and which.

Exit status: 0 also if nobody has that name; 2 misuse; 3 if something could not be read.
docs/reference/timeline.md has the JSON in full, and what each link means.")]
pub(crate) struct Timeline {
    /// Whose: a name, key or id from the logs
    #[arg(long, value_name = "WHO")]
    pub(crate) who: String,
    /// Files, folders with all that is in them, or - for standard input; they are read twice
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath, required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Tell nothing from before: 2026-10-12T09:00:00Z, or a day. Links between names are taken from all events
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub(crate) since: Option<i64>,
    /// Tell nothing from this moment on; of a day all is told
    #[arg(long, value_name = "TIME", value_parser = until)]
    pub(crate) until: Option<i64>,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// A day in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;

fn since(text: &str) -> Result<i64, String> {
    moment(text, 0)
}

fn until(text: &str) -> Result<i64, String> {
    moment(text, DAY)
}

/// A moment; of a day its beginning, and as much later as is said.
fn moment(text: &str, later: i64) -> Result<i64, String> {
    let day = time::milliseconds(&format!("{text}T00:00:00Z")).map(|day| day.saturating_add(later));
    // A number alone would be seconds since 1970, which nobody means by `2026`.
    let is_moment = text.contains(':');
    day.or_else(|| time::milliseconds(text).filter(|_| is_moment)).ok_or_else(|| {
        "a moment is written as 2026-10-12T09:00:00Z or 2026-10-12T11:00:00+02:00, a day as 2026-10-12"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_all_of_it() {
        let noon = time::milliseconds("2026-10-12T12:00:00Z").unwrap();
        assert_eq!(since("2026-10-12"), Ok(noon - DAY / 2));
        assert_eq!(until("2026-10-12"), Ok(noon + DAY / 2));
        assert_eq!(until("2026-10-12T14:00:00+02:00"), Ok(noon));
        for text in ["2026", "yesterday", "2026-10-12T12:00:00", "2026-13-01", ""] {
            assert!(since(text).is_err(), "{text}");
        }
    }
}
