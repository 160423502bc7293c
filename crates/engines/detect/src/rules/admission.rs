//! What decides about every object before it is stored.

use ringwall_model::Severity;

use super::details::signal;
use super::kinds::ringwall;
use super::{Look, is_made, is_person};
use crate::act::{Act, Verb};
use crate::body::{Webhook, Webhooks, Written, read};
use crate::finding::Kind;

pub(super) static WEBHOOK_CHANGED: Kind = ringwall(
    "Persistence:Kubernetes/Ringwall.AdmissionWebhookChanged",
    Severity::Medium,
    "An admission webhook was made or changed, which sees and may change what is stored",
    "Look where it sends objects and which (`kubectl get mutatingwebhookconfigurations -o yaml`); delete it if you don't know of it, and look through what was \
     made since for what it put in.",
    "Where the webhook sends objects is not seen, nor webhooks that service accounts set.",
);
pub(super) static GUARD_REMOVED: Kind = ringwall(
    "DefenseEvasion:Kubernetes/Ringwall.AdmissionGuardRemoved",
    Severity::Medium,
    "A guard of admission was deleted, or made to let through what it cannot judge",
    "Put it back, and look what was made in the meantime.",
    "That a guard was weakened is not seen; that it was deleted is.",
);

pub(super) fn look(look: &mut Look<'_, '_>) {
    let Act { verb, resource, name, caller, .. } = *look.act;
    let validates = resource.starts_with("validating");
    match verb {
        // Operators take their own away when they are uninstalled.
        Verb::Delete | Verb::DeleteCollection if validates && is_person(caller) => {
            tell_guard(look, &format!("deleted {resource} `{name}`"));
        }
        Verb::Create | Verb::Update | Verb::Patch if resource.ends_with("webhookconfigurations") => {
            changed(look)
        }
        _ => {}
    }
}

fn changed(look: &mut Look<'_, '_>) {
    let act = look.act;
    let written = Written::of(act);
    let sent: Vec<Webhooks<'_>> = written.pieces().filter_map(read).collect();
    let webhooks = || sent.iter().flat_map(|one| one.webhooks.items());
    let outside = webhooks().filter_map(url).find(|url| is_outside(url));
    let is_new = outside.is_some_and(|url| look.memory.is_new_danger(("webhook", act.name, url)));
    if let Some(url) = outside.filter(|_| is_new || is_made(act)) {
        return tell(look, Some(url));
    }
    // Certificates of webhooks are renewed by operators, which are service accounts, all the time.
    if !is_person(act.caller) {
        return;
    }
    let has_been_weakened = act.resource.starts_with("validating")
        && !is_made(act)
        && act.verb == Verb::Patch
        && webhooks().any(|webhook| webhook.failure_policy.text() == "Ignore");
    if has_been_weakened {
        return tell_guard(
            look,
            &format!("let the webhooks of `{}` be passed by if they don't answer", act.name),
        );
    }
    let leads_somewhere =
        |webhook: &Webhook<'_>| webhook.client.get().is_some() || !webhook.rules.items().is_empty();
    // A person's patch of labels or annotations changes nothing of what it does.
    if act.verb != Verb::Patch || is_made(act) || sent.is_empty() || webhooks().any(leads_somewhere) {
        tell(look, None);
    }
}

fn url<'w>(webhook: &'w Webhook<'_>) -> Option<&'w str> {
    webhook.client.get()?.url.get().map(|url| &**url)
}

/// Whether a URL leads out of the node and the cluster.
fn is_outside(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
        return address.parse().is_ok_and(super::clients::is_public);
    }
    let host = host.split(':').next().unwrap_or_default().trim_end_matches('.');
    match host.parse() {
        Ok(address) => super::clients::is_public(std::net::IpAddr::V4(address)),
        Err(_) => {
            host != "localhost"
                && !host.ends_with(".svc")
                && !host.ends_with(".cluster.local")
                && host.contains('.')
        }
    }
}

fn tell(look: &mut Look<'_, '_>, outside: Option<&str>) {
    let act = look.act;
    let verb = if is_made(act) { "made" } else { "changed" };
    let to = outside
        .map(|url| format!(", which sends objects to `{}`", super::details::short(url)))
        .unwrap_or_default();
    let description = format!("`{}` {verb} {} `{}`{to}", act.username(), act.resource, act.name);
    let mut signal =
        signal(&WEBHOOK_CHANGED, act, look.place, &format!("{}/{}", act.resource, act.name), description);
    if outside.is_some() {
        signal.severity = Severity::High;
    }
    look.tell(signal);
}

fn tell_guard(look: &mut Look<'_, '_>, what: &str) {
    let act = look.act;
    let description = format!("`{}` {what}", act.username());
    let signal =
        signal(&GUARD_REMOVED, act, look.place, &format!("{}/{}", act.resource, act.name), description);
    look.tell(signal);
}

#[cfg(test)]
mod tests {
    use super::is_outside;

    #[test]
    fn urls_that_lead_out_are_told_apart() {
        for url in [
            "https://collector.example.com/mutate",
            "https://203.0.113.7:8443/",
            "https://localhost@evil.example/",
            "https://[2001:db8::1]/x",
        ] {
            assert!(is_outside(url), "{url}");
        }
        for url in [
            "https://127.0.0.1:23443/mutate",
            "https://localhost/x",
            "https://hook.kube-system.svc:443/x",
            "https://hook.ns.svc.cluster.local./x",
            "https://10.0.0.4/x",
            "https://[::1]:9443/x",
            "",
        ] {
            assert!(!is_outside(url), "{url}");
        }
    }
}
