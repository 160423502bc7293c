//! What findings tell of an act, whatever the rule.

use crate::act::Act;
use crate::audit::User;
use crate::field::{Field, Text};
pub(super) use crate::finding::short;
use crate::finding::{Actor, ApiCall, Details, Evidence, Kind, MAX_LISTED, Place, Signal};

/// A signal of an act. `object` is what it is done to, so that the same to another object is another finding.
pub(super) fn signal(
    kind: &'static Kind,
    act: &Act<'_>,
    place: &Place,
    object: &str,
    description: String,
) -> Signal {
    Signal {
        kind,
        severity: kind.severity,
        cause: format!("{}\0{object}", act.username()),
        time: act.time,
        evidence: evidence(act, place),
        details: Details { description, ..act.details() },
    }
}

impl Act<'_> {
    /// What a finding tells of this act, whatever it is told for.
    pub fn details(&self) -> Details {
        Details { actor: actor(self), api_call: Some(api_call(self)), ..Details::default() }
    }
}

/// The event as what a finding rests on.
pub(super) fn evidence(act: &Act<'_>, place: &Place) -> Evidence {
    Evidence { id: short(act.event.audit_id.text()), is_record: false, place: place.clone() }
}

fn actor(act: &Act<'_>) -> Actor {
    let Some(user) = act.user else { return Actor::default() };
    let first = |name: &str| extra(user, name).first().cloned().unwrap_or_default();
    let impersonated = act.event.impersonated_user.get();
    Actor {
        username: short(user.username.text()),
        uid: short(user.uid.text()),
        groups: texts(&user.groups),
        session_names: extra(user, "sessionName"),
        impersonated: impersonated.map(|other| (short(other.username.text()), texts(&other.groups))),
        arn: first("arn"),
        access_key_id: first("accessKeyId"),
        principal_id: first("principalId"),
        kind: String::new(),
    }
}

/// What the authenticator gave of a name. The apiserver's own and the webhooks' differ in case.
fn extra(user: &User<'_>, name: &str) -> Vec<String> {
    let Field::Is(extra) = &user.extra else { return Vec::new() };
    let found = extra.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found
        .map(|(_, values)| values.iter().map(|value| short(value)).take(MAX_LISTED).collect())
        .unwrap_or_default()
}

fn api_call(act: &Act<'_>) -> ApiCall {
    ApiCall {
        request_uri: short(act.event.request_uri.text()),
        verb: short(act.event.verb.text()),
        resource: short(act.resource),
        subresource: short(act.subresource),
        namespace: short(act.namespace),
        name: short(act.name),
        source_ips: texts(&act.event.source_ips),
        user_agent: short(act.event.user_agent.text()),
        status: act.event.response_status.get().and_then(|status| status.code.get()).copied(),
    }
}

fn texts(list: &Field<Vec<Text<'_>>>) -> Vec<String> {
    list.items().iter().map(|text| short(text)).take(MAX_LISTED).collect()
}
