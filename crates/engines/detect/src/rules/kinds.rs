//! How types are declared, and the remedies that several have in common.

use ringwall_model::{Responsible, Severity};

use crate::finding::{DefinedBy, Kind, Log};

/// What GuardDuty defines.
pub(super) const fn guardduty(
    name: &'static str,
    severity: Severity,
    title: &'static str,
    remedy: &'static str,
    at_metadata: &'static str,
) -> Kind {
    Kind {
        name,
        severity,
        by: DefinedBy::GuardDuty,
        log: Log::Audit,
        title,
        remedy,
        responsible: Responsible::Customer,
        at_metadata,
    }
}

/// What GuardDuty defined once.
pub(super) const fn retired(
    name: &'static str,
    severity: Severity,
    title: &'static str,
    remedy: &'static str,
    at_metadata: &'static str,
) -> Kind {
    Kind { by: DefinedBy::Retired, ..guardduty(name, severity, title, remedy, at_metadata) }
}

/// What GuardDuty does not see.
pub(super) const fn ringwall(
    name: &'static str,
    severity: Severity,
    title: &'static str,
    remedy: &'static str,
    at_metadata: &'static str,
) -> Kind {
    Kind { by: DefinedBy::Ringwall, ..guardduty(name, severity, title, remedy, at_metadata) }
}

/// Of types that nothing is seen of without bodies.
pub(super) const NOTHING: &str = "Nothing is seen of it: what was sent is not recorded.";
