//! Whose unique id an entry is bound to.
//!
//! EKS binds an entry to the unique id that its principal has when the entry is made, and its API does not tell that id. IAM tells
//! the id that a principal of this ARN has now, and since when: if it was there before the entry, it is the one.
//!
//! Source: AWS EKS User Guide, *Create access entries*: an entry does not work for a principal that was deleted and made again.

use ringwall_model::Arn;
use ringwall_model::time::milliseconds;
use serde::{Deserialize, Serialize};

use super::api::Described;
use crate::sources::principals::{Fact, Principals};

/// How far the clocks of IAM and EKS may be apart, in milliseconds; IAM's times are whole seconds.
const CLOCKS: i64 = 2000;

/// Whose unique id an entry is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Pin {
    /// Of this id.
    To(String),
    /// Of a principal that is gone.
    Gone,
    /// That is not known: the ARN alone counts.
    Unknown,
}

/// What an entry is bound to, as far as it can be found out.
pub(super) async fn of(described: &Described, principal: &str, principals: &Principals) -> Pin {
    if let Some(id) = &described.principal_id {
        return Pin::To(id.clone());
    }
    let Ok(arn) = principal.parse::<Arn>() else { return Pin::Unknown };
    match principals.look_up(&arn).await {
        Ok(fact) => judge(&fact, principal, described.created_at.as_deref()),
        Err(problem) => {
            tracing::debug!(principal, "the principal of an access entry can't be looked up: {problem}");
            Pin::Unknown
        }
    }
}

fn judge(fact: &Fact, principal: &str, entry_created: Option<&str>) -> Pin {
    match fact {
        Fact::Unknown => Pin::Unknown,
        Fact::Gone => Pin::Gone,
        // Of the same name and under another path: the entry's own principal is gone.
        Fact::There { arn, .. } if !arn.eq_ignore_ascii_case(principal) => Pin::Gone,
        Fact::There { id, created, .. } => {
            match (milliseconds(created), entry_created.and_then(milliseconds)) {
                (Some(born), Some(entry)) if born > entry.saturating_add(CLOCKS) => Pin::Gone,
                (Some(_), Some(_)) => Pin::To(id.to_string()),
                _ => Pin::Unknown,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_that_is_younger_than_its_entry_is_another() {
        let role = "arn:aws:iam::111122223333:role/team/dev";
        let there = |arn: &str, created: &str| Fact::There {
            arn: arn.into(),
            id: "AROA1".into(),
            created: created.into(),
        };
        let at = Some("1767225600.5"); // 2026-01-01T00:00:00.5Z
        let bound = Pin::To("AROA1".to_owned());
        for (fact, entry, pin) in [
            (there(role, "2025-12-31T23:59:59Z"), at, bound.clone()),
            (there(role, "2026-01-01T00:00:01Z"), at, bound.clone()),
            (there(role, "2026-01-01T00:00:03Z"), at, Pin::Gone),
            (there("arn:aws:iam::111122223333:role/ops/dev", "2025-12-31T23:59:59Z"), at, Pin::Gone),
            (there("arn:aws:iam::111122223333:role/team/DEV", "2025-12-31T23:59:59Z"), at, bound),
            (there(role, "at noon"), at, Pin::Unknown),
            (there(role, "2025-12-31T23:59:59Z"), None, Pin::Unknown),
            (Fact::Gone, at, Pin::Gone),
            (Fact::Unknown, at, Pin::Unknown),
        ] {
            assert_eq!(judge(&fact, role, entry), pin, "{fact:?}");
        }
    }
}
