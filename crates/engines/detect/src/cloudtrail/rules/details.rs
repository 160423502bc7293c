//! What findings tell of a call, whatever the rule.

use ringwall_model::{Responsible, Severity};

use crate::cloudtrail::call::{Call, Caller};
pub(super) use crate::finding::short;
use crate::finding::{Actor, AwsCall, DefinedBy, Details, Evidence, Kind, Log, Place, Signal};

/// A type that GuardDuty defines.
pub(super) const fn guardduty(
    name: &'static str,
    severity: Severity,
    title: &'static str,
    remedy: &'static str,
) -> Kind {
    kind(name, DefinedBy::GuardDuty, severity, title, remedy)
}

/// A type that Ringwall defines.
pub(super) const fn ringwall(
    name: &'static str,
    severity: Severity,
    title: &'static str,
    remedy: &'static str,
) -> Kind {
    kind(name, DefinedBy::Ringwall, severity, title, remedy)
}

const fn kind(
    name: &'static str,
    by: DefinedBy,
    severity: Severity,
    title: &'static str,
    remedy: &'static str,
) -> Kind {
    Kind {
        name,
        severity,
        by,
        log: Log::CloudTrail,
        title,
        remedy,
        responsible: Responsible::Customer,
        at_metadata: "",
    }
}

/// A signal of a call. `object` is what it is done to, so that the same to another object is another finding.
pub(super) fn signal(
    kind: &'static Kind,
    severity: Severity,
    call: &Call<'_>,
    place: &Place,
    object: &str,
    description: String,
) -> Signal {
    Signal {
        kind,
        severity,
        cause: format!("{}\0{object}", call.who()),
        time: call.time,
        evidence: Evidence { id: short(call.record.id.text()), is_record: true, place: place.clone() },
        details: Details { description, ..call.details() },
    }
}

impl Call<'_> {
    /// What a finding tells of this call, whatever it is told for.
    pub fn details(&self) -> Details {
        Details { actor: actor(self), aws_call: Some(aws_call(self)), ..Details::default() }
    }
}

/// What a finding tells of a call.
pub(crate) fn aws_call(call: &Call<'_>) -> AwsCall {
    AwsCall {
        action: short(call.action),
        service: short(call.record.source.text()),
        region: short(call.record.region.text()),
        account: short(call.account),
        source: short(call.record.source_ip.text()),
        user_agent: short(call.record.user_agent.text()),
        error_code: short(call.record.error_code.text()),
    }
}

/// What a finding tells of a caller.
pub(crate) fn actor(call: &Call<'_>) -> Actor {
    let Some(identity) = call.identity() else { return Actor::default() };
    let (user, session) = match call.caller {
        Caller::Session { role, name } => (role, Some(name)),
        _ => (identity.user_name.text(), None),
    };
    Actor {
        username: short(user),
        session_names: session.map(short).into_iter().collect(),
        arn: short(identity.arn.text()),
        access_key_id: short(identity.access_key.text()),
        principal_id: short(identity.principal_id.text()),
        kind: short(identity.kind.text()),
        ..Actor::default()
    }
}

/// One step less bad.
pub(super) fn lower(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium | Severity::Low => Severity::Low,
    }
}
