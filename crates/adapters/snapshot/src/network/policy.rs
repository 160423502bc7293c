use std::sync::Arc;

use ringwall_model::network::{
    NamespaceScope, NetworkPolicy, NetworkRule, Peer, PodScope, PortMatch, RuleAction, Tier,
};
use ringwall_model::{LabelSelector, Object, Tree, Value};

use super::ports::{self, NumberOrName};
use crate::address::block;
use crate::refused::{Refused, items, mapping, string};
use crate::selector::label_selector;

/// A NetworkPolicy, defaulted as the apiserver does.
///
/// What the apiserver would refuse is kept as unreadable: it may be in force in the cluster in the form that was meant, or in an
/// older one. Sources: Kubernetes 1.37, `pkg/apis/networking/v1/defaults.go` and `pkg/apis/networking/validation/validation.go`.
pub(super) fn network_policy(object: &Object, refused: &mut Refused<'_>) -> NetworkPolicy {
    let empty = Tree::new(object.source.line, Value::Null);
    let namespace = object.reference.namespace.clone().unwrap_or_else(|| "default".into());
    let (spec, mut unreadable) = watched(refused, |refused| mapping(&object.tree, "spec", refused));
    let spec = spec.unwrap_or(&empty);
    refused.warn_unknown(
        spec,
        &["podSelector", "policyTypes", "ingress", "egress"],
        "a NetworkPolicy's spec",
    );
    let (pods, words) = watched(refused, |refused| selector(spec, "podSelector", refused));
    unreadable.extend(words);
    let (types, words) = watched(refused, |refused| policy_types(spec, refused));
    unreadable.extend(words);
    let Types { ingress, egress } = types;
    for (is_judged, key, name) in [(ingress, "ingress", "Ingress"), (egress, "egress", "Egress")] {
        if !is_judged && let Some(first) = spec.list(key).first() {
            let message = format!("its `{key}` rules are not used: `policyTypes` does not list {name}");
            refused.warn(first.line, message, format!("add {name} to `policyTypes`, or remove the rules"));
        }
    }
    NetworkPolicy {
        reference: object.reference.clone(),
        source: object.source.clone(),
        tier: Tier::NetworkPolicy,
        subject: PodScope {
            namespaces: NamespaceScope::Named(Arc::clone(&namespace)),
            pods: Some(pods.unwrap_or_default()),
        },
        ingress: ingress.then(|| rules(object, spec, ("ingress", "from"), &namespace, refused)),
        egress: egress.then(|| rules(object, spec, ("egress", "to"), &namespace, refused)),
        unreadable,
    }
}

/// Reads something; with a list of what was refused meanwhile.
fn watched<'o, T>(refused: &mut Refused<'o>, read: impl FnOnce(&mut Refused<'o>) -> T) -> (T, Vec<Arc<str>>) {
    let (value, words) = refused.watch(read);
    (value, words.into_iter().collect())
}

/// A selector under a key; `None` if there is none.
pub(super) fn selector(tree: &Tree, key: &str, refused: &mut Refused<'_>) -> Option<LabelSelector> {
    mapping(tree, key, refused).map(|tree| label_selector(tree, refused))
}

struct Types {
    ingress: bool,
    egress: bool,
}

/// `policyTypes`: without any, ingress always and egress if there are rules for it. With one that can't be read, both.
fn policy_types(spec: &Tree, refused: &mut Refused<'_>) -> Types {
    let (types, words) = refused.watch(|refused| {
        let types = items(spec, "policyTypes", refused);
        if types.len() > 2 {
            let line = types.first().map_or(spec.line, |first| first.line);
            refused.add(line, "`policyTypes` has more than two elements", "write each of them once");
        }
        for item in types {
            if !matches!(item.as_str(), Some("Ingress" | "Egress")) {
                let written = item.as_str().unwrap_or_else(|| item.kind());
                refused.add(
                    item.line,
                    format_args!("a policy type is `{written}`"),
                    "it must be Ingress or Egress",
                );
            }
        }
        types
    });
    if let Some(words) = words {
        // Told once more, since the caller watches too.
        refused.tell(words);
        return Types { ingress: true, egress: true };
    }
    if types.is_empty() {
        return Types { ingress: true, egress: spec.get("egress").is_some_and(|egress| !is_empty(egress)) };
    }
    let has = |name: &str| types.iter().any(|item| item.as_str() == Some(name));
    Types { ingress: has("Ingress"), egress: has("Egress") }
}

fn is_empty(tree: &Tree) -> bool {
    match &tree.value {
        Value::Null => true,
        Value::Sequence(items) => items.is_empty(),
        _ => false,
    }
}

fn rules(
    object: &Object,
    spec: &Tree,
    (list, peers): (&str, &str),
    namespace: &Arc<str>,
    refused: &mut Refused<'_>,
) -> Vec<NetworkRule> {
    let (items, words) = refused.watch(|refused| items(spec, list, refused));
    let rule = |index, line| NetworkRule {
        index,
        name: None,
        source: object.source.at(line),
        action: RuleAction::Accept,
        peers: None,
        ports: None,
    };
    if let Some(words) = words {
        let line = spec.get(list).map_or(spec.line, |value| value.line);
        return vec![NetworkRule { peers: Some(vec![Peer::Unreadable(words)]), ..rule(0, line) }];
    }
    let mut rules = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        // `null` in a list is decoded as an empty rule, which allows everybody.
        if !matches!(item.value, Value::Mapping(_) | Value::Null) {
            let ((), words) = refused.watch(|refused| {
                let message = format!("a rule is {}, not a mapping", item.kind());
                refused.add(item.line, message, "a rule has peers and ports");
            });
            let peers = words.map(|words| vec![Peer::Unreadable(words)]);
            rules.push(NetworkRule { peers, ..rule(index, item.line) });
            continue;
        }
        refused.warn_unknown(item, &[peers, "ports"], "a rule");
        rules.push(NetworkRule {
            peers: peer_list(item, peers, namespace, refused),
            ports: port_list(item, refused),
            ..rule(index, item.line)
        });
    }
    rules
}

/// `from` or `to`: `None`, which is everybody, if there is none or an empty one.
fn peer_list(rule: &Tree, key: &str, namespace: &Arc<str>, refused: &mut Refused<'_>) -> Option<Vec<Peer>> {
    let (items, words) = refused.watch(|refused| items(rule, key, refused));
    if let Some(words) = words {
        return Some(vec![Peer::Unreadable(words)]);
    }
    let peer = |item| {
        let (peer, words) = refused.watch(|refused| peer(item, namespace, refused));
        words.map_or(peer, |words| Some(Peer::Unreadable(words)))
    };
    (!items.is_empty()).then(|| items.iter().filter_map(peer).collect())
}

fn peer(item: &Tree, namespace: &Arc<str>, refused: &mut Refused<'_>) -> Option<Peer> {
    if !matches!(item.value, Value::Mapping(_) | Value::Null) {
        let message = format!("a peer is {}, not a mapping", item.kind());
        refused.add(item.line, message, "a peer has podSelector, namespaceSelector or ipBlock");
        return None;
    }
    refused.warn_unknown(item, &["podSelector", "namespaceSelector", "ipBlock"], "a peer");
    let block = mapping(item, "ipBlock", refused);
    let namespaces = selector(item, "namespaceSelector", refused);
    let pods = selector(item, "podSelector", refused);
    match (block, namespaces, pods) {
        (None, None, None) => {
            refused.add(
                item.line,
                "a peer without podSelector, namespaceSelector and ipBlock",
                "leave `from` or `to` out to mean everybody, or write `namespaceSelector: {}` for every pod",
            );
            None
        }
        (Some(block), None, None) => ip_block(block, refused),
        (Some(block), ..) => {
            refused.add(
                block.line,
                "a peer with ipBlock and a selector",
                "make two peers of it: they are alternatives",
            );
            None
        }
        (None, Some(namespaces), pods) => {
            Some(Peer::Pods(PodScope { namespaces: NamespaceScope::Selected(namespaces), pods }))
        }
        (None, None, pods) => {
            Some(Peer::Pods(PodScope { namespaces: NamespaceScope::Named(Arc::clone(namespace)), pods }))
        }
    }
}

fn ip_block(tree: &Tree, refused: &mut Refused<'_>) -> Option<Peer> {
    refused.warn_unknown(tree, &["cidr", "except"], "an ipBlock");
    let Some(text) = string(tree, "cidr", refused) else {
        refused.add(tree.line, "an ipBlock without `cidr`", "write a block, as 10.0.0.0/8");
        return None;
    };
    let line = tree.get("cidr").map_or(tree.line, |value| value.line);
    let Some(cidr) = block(&text) else {
        refused.add(line, format_args!("`cidr` is `{text}`, not a block"), "write a block, as 10.0.0.0/8");
        return None;
    };
    let mut except = Vec::new();
    for item in items(tree, "except", refused) {
        let written = item.as_str().unwrap_or_else(|| item.kind());
        match item.as_str().and_then(block) {
            Some(part) if cidr.contains(&part) && part.prefix_len() > cidr.prefix_len() => except.push(part),
            Some(_) => refused.add(
                item.line,
                format_args!("`except` has `{written}`, which is not a part of `{text}`"),
                "an exception is a smaller block within `cidr`",
            ),
            None => refused.add(
                item.line,
                format_args!("`except` has `{written}`, not a block"),
                "write a block, as 10.0.0.0/8",
            ),
        }
    }
    Some(Peer::Block { cidr, except })
}

/// `ports`: `None`, which is every port of every protocol, if there is none or an empty one.
fn port_list(rule: &Tree, refused: &mut Refused<'_>) -> Option<Vec<PortMatch>> {
    let (items, words) = refused.watch(|refused| items(rule, "ports", refused));
    if let Some(words) = words {
        return Some(vec![PortMatch::Unreadable(words)]);
    }
    let port = |item| {
        let (port, words) = refused.watch(|refused| port(item, refused));
        words.map_or(port, |words| Some(PortMatch::Unreadable(words)))
    };
    (!items.is_empty()).then(|| items.iter().filter_map(port).collect())
}

fn port(item: &Tree, refused: &mut Refused<'_>) -> Option<PortMatch> {
    if !matches!(item.value, Value::Mapping(_) | Value::Null) {
        let message = format!("a port is {}, not a mapping", item.kind());
        refused.add(item.line, message, "write `- port: …`");
        return None;
    }
    refused.warn_unknown(item, &["protocol", "port", "endPort"], "a rule's port");
    let protocol = ports::protocol(item, "protocol", refused);
    let port = ports::number_or_name(item, "port", refused);
    let end = ports::port(item, "endPort", refused);
    let line = item.get("endPort").map_or(item.line, |value| value.line);
    match (port, end) {
        (None, None) => Some(PortMatch::Protocol(protocol)),
        (Some(NumberOrName::Name(name)), None) => Some(PortMatch::Named { protocol: Some(protocol), name }),
        (Some(NumberOrName::Number(first)), None) => Some(PortMatch::Range { protocol, first, last: first }),
        (Some(NumberOrName::Number(first)), Some(last)) if first <= last => {
            Some(PortMatch::Range { protocol, first, last })
        }
        (Some(NumberOrName::Number(first)), Some(last)) => {
            let message = format!("`endPort` {last} is below `port` {first}");
            refused.add(line, message, "write the first port as `port` and the last as `endPort`");
            None
        }
        (Some(NumberOrName::Name(_)) | None, Some(_)) => {
            refused.add(line, "`endPort` without a number as `port`", "write the first port as `port`");
            None
        }
    }
}
