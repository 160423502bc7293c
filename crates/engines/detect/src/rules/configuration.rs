//! ConfigMaps on which the whole cluster depends.

use ringwall_model::Severity;

use super::Look;
use super::details::signal;
use super::kinds::ringwall;
use crate::act::{Act, Verb};
use crate::body::{ConfigMap, Written, read};
use crate::finding::Kind;

pub(super) static AWS_AUTH: Kind = ringwall(
    "Persistence:Kubernetes/Ringwall.AwsAuthChanged",
    Severity::Medium,
    "The ConfigMap that says which AWS identities are who in the cluster was changed",
    "Compare it with what you know (`ringwall assess` reads it), take out what is too much, and go over to access entries, which CloudTrail records.",
    "Whether it gives `system:masters` is not seen.",
);
pub(super) static COREDNS: Kind = ringwall(
    "Impact:Kubernetes/Ringwall.CoreDnsConfigChanged",
    Severity::Medium,
    "The configuration of the cluster's DNS was changed",
    "Compare it with what you know: a `rewrite`, `hosts`, `template` or `forward` that nobody knows of sends pods elsewhere. Let nobody but your \
     deployment write ConfigMaps in `kube-system`.",
    "",
);

/// The ConfigMaps with which CoreDNS is configured, by distribution: all of them in `kube-system`.
const OF_DNS: [&str; 4] = ["coredns", "coredns-custom", "kube-dns", "node-local-dns"];

pub(super) fn look(look: &mut Look<'_, '_>) {
    let Act { verb, namespace, name, .. } = *look.act;
    let changes =
        matches!(verb, Verb::Create | Verb::Update | Verb::Patch | Verb::Delete | Verb::DeleteCollection);
    if namespace != "kube-system" || !changes {
        return;
    }
    let written = Written::of(look.act);
    let maps = || written.pieces().filter_map(read::<ConfigMap<'_>>);
    // Nothing but data says anything; a label does not.
    let is_untouched = verb == Verb::Patch
        && written.pieces().next().is_some()
        && maps().all(|map| map.data.get().is_none());
    if name == "aws-auth"
        || (verb == Verb::Create && name.is_empty() && maps().any(|map| has_name(&map, "aws-auth")))
    {
        if is_untouched {
            return;
        }
        let gives = maps().any(|map| {
            map.data.get().is_some_and(|data| data.iter().any(|(_, text)| text.contains("system:masters")))
        });
        let adds = if gives { ", with `system:masters` in it" } else { "" };
        let description = format!("`{}` changed the ConfigMap `aws-auth`{adds}", look.act.username());
        let mut signal = signal(&AWS_AUTH, look.act, look.place, "aws-auth", description);
        if gives {
            signal.severity = Severity::High;
        }
        look.tell(signal);
    } else if OF_DNS.contains(&name) {
        if is_untouched {
            return;
        }
        let description = format!("`{}` changed the ConfigMap `{name}`", look.act.username());
        let signal = signal(&COREDNS, look.act, look.place, name, description);
        look.tell(signal);
    }
}

fn has_name(map: &ConfigMap<'_>, name: &str) -> bool {
    map.metadata.get().is_some_and(|metadata| metadata.name.text() == name)
}
