//! Tokens of service accounts, asked for by people.

use ringwall_model::Severity;

use super::details::signal;
use super::kinds::ringwall;
use super::{Look, is_person};
use crate::act::Verb;
use crate::body::{TokenRequest, Written, read};
use crate::finding::Kind;

pub(super) static TOKEN_CREATED: Kind = ringwall(
    "CredentialAccess:Kubernetes/Ringwall.ServiceAccountTokenCreated",
    Severity::Low,
    "Somebody had a token made of a service account",
    "Ask what it is for. A token ends with its service account: delete and make that anew to end it now. See who may have them made: \
     `ringwall who-can create serviceaccounts/token`.",
    "How long the token lives is not seen, nor tokens that are kept in Secrets.",
);

/// Seconds from which on a token is for coming back rather than for a day's work.
const LONG: i64 = 24 * 3600;

/// Kubelets ask for the tokens of pods, controllers for those of others; of people it is worth a look.
pub(super) fn look(look: &mut Look<'_, '_>) {
    let act = look.act;
    if act.verb != Verb::Create || !is_person(act.caller) {
        return;
    }
    let written = Written::of(act);
    let request = written.pieces().find_map(read::<TokenRequest<'_>>);
    let spec = request.as_ref().and_then(|request| request.spec.get());
    let lifetime = spec.and_then(|spec| spec.expiration.get()).copied().unwrap_or_default();
    tell(look, act.name, Some(lifetime));
}

/// Tells of a token; `None` if it never ends.
pub(super) fn tell(look: &mut Look<'_, '_>, account: &str, lifetime: Option<i64>) {
    let act = look.act;
    let how_long = match lifetime {
        None => " that never ends".to_owned(),
        Some(seconds) if seconds >= LONG => format!(" for {} hours", seconds / 3600),
        Some(_) => String::new(),
    };
    let object = format!("{}/{account}", act.namespace);
    let description = format!(
        "`{}` had a token made{how_long} of the service account `{account}` in `{}`",
        act.username(),
        act.namespace
    );
    let mut signal = signal(&TOKEN_CREATED, act, look.place, &object, description);
    if !how_long.is_empty() || act.namespace == "kube-system" {
        signal.severity = Severity::Medium;
    }
    look.tell(signal);
}
