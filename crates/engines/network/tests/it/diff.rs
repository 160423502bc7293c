use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use ringwall_model::network::{NamespaceScope, NetworkPolicy, Peer, PodScope};
use ringwall_model::{Cluster, Verdict};
use ringwall_network::{Allowed, DiffParty, Network, Traffic, diff};

use crate::clusters::parts::{labels, namespace, pod, policy, rule, selector, tcp};
use crate::clusters::small::small;

/// Pods, without those that are their nodes, by who they are whatever they are called.
fn parties(network: &Network<'_>) -> BTreeMap<DiffParty, Vec<usize>> {
    let mut parties: BTreeMap<DiffParty, Vec<usize>> = BTreeMap::new();
    for (at, pod) in
        network.pods().iter().enumerate().filter(|(_, pod)| !pod.host_network() || pod.node.is_none())
    {
        let party = if pod.pod().is_some() {
            let mut labels = pod.labels().to_vec();
            labels.sort();
            DiffParty::Pods { namespace: pod.reference().namespace.clone().unwrap(), labels }
        } else {
            DiffParty::Workload(pod.reference().clone())
        };
        parties.entry(party).or_default().push(at);
    }
    parties
}

/// What passes between all pods of two parties, and between some.
fn between(network: &Network<'_>, from: &[usize], to: &[usize]) -> Option<(Traffic, Traffic)> {
    let mut found: Option<(Allowed, Traffic)> = None;
    for (from, to) in
        from.iter().flat_map(|from| to.iter().map(move |to| (from, to))).filter(|(from, to)| from != to)
    {
        let allowed =
            network.traffic(network.party(&network.pods()[*from]), network.party(&network.pods()[*to]));
        let possible = allowed.traffic.or(&allowed.uncertain);
        found = Some(match found {
            None => (allowed, possible),
            Some((all, some)) => (all.and(&allowed), some.or(&possible)),
        });
    }
    found.map(|(all, some)| (all.traffic, some))
}

fn check_changes(number: u64, other: u64) -> Result<(), TestCaseError> {
    let before = small(number);
    let mut after = before.clone();
    after.network.policies = small(other).network.policies;
    let (first, second) = (Network::new(&before), Network::new(&after));
    let found = diff(&first, &second);
    prop_assert_eq!(&found.added, &vec![]);
    prop_assert_eq!(&found.removed, &vec![]);
    let parties = parties(&first);
    for (from, senders) in &parties {
        for (to, getters) in &parties {
            let (Some(was), Some(is)) =
                (between(&first, senders, getters), between(&second, senders, getters))
            else {
                continue;
            };
            let more =
                |a: &(Traffic, Traffic), b: &(Traffic, Traffic)| a.1.without(&b.1).or(&a.0.without(&b.0));
            let group =
                found.changes.iter().find(|change| change.from.contains(from) && change.from.contains(to));
            if from == to && group.is_some_and(|change| change.from.len() > 1) {
                // What is told of a group counts pairs of two different members too.
                continue;
            }
            let change =
                found.changes.iter().find(|change| change.from.contains(from) && change.to.contains(to));
            let told = |turn: Option<&ringwall_network::Turn>| {
                turn.map_or(Traffic::none(), |turn| turn.traffic.clone())
            };
            prop_assert_eq!(told(change.and_then(|change| change.opened.as_ref())), more(&is, &was));
            prop_assert_eq!(told(change.and_then(|change| change.closed.as_ref())), more(&was, &is));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn changes_are_what_each_pair_of_pods_says(number in any::<u64>(), other in any::<u64>()) {
        check_changes(number, other)?;
    }

    #[test]
    fn examples_show_the_change(number in any::<u64>(), other in any::<u64>()) {
        let before = small(number);
        let mut after = before.clone();
        after.network.policies = small(other).network.policies;
        let (first, second) = (Network::new(&before), Network::new(&after));
        for change in diff(&first, &second).changes {
            for (turn, opened) in change.opened.iter().map(|turn| (turn, true)).chain(change.closed.iter().map(|turn| (turn, false))) {
                let (Some(before), Some(after)) = (&turn.before, &turn.after) else { continue };
                let (without, with) = if opened { (before, after) } else { (after, before) };
                prop_assert_ne!(with.verdict, Verdict::Denied);
                prop_assert_ne!(without.verdict, Verdict::Allowed);
            }
        }
    }

    #[test]
    fn nothing_changes_by_itself(number in any::<u64>()) {
        let cluster = small(number);
        let mut renamed = cluster.clone();
        renamed.pods.reverse();
        for pod in &mut renamed.pods {
            pod.reference.name = format!("{}-again", pod.reference.name).into();
            pod.labels.push(("pod-template-hash".into(), "5d9c".into()));
        }
        let (first, second) = (Network::new(&cluster), Network::new(&renamed));
        let found = diff(&first, &second);
        prop_assert!(found.changes.is_empty() && found.added.is_empty() && found.removed.is_empty(), "{found:?}");
    }
}

#[test]
fn changes_of_a_few_clusters_that_were_told_wrongly_once() {
    for (number, other) in
        [(6_239_872_920_253_774_362, 159_343_067_587_239), (11_740_544_561_729_977_257, 304_068_090_973)]
    {
        check_changes(number, other).unwrap();
    }
}

fn shop(policies: Vec<NetworkPolicy>) -> Cluster {
    let mut cluster = Cluster {
        namespaces: vec![namespace("shop", &[])],
        pods: vec![
            pod("shop", "web-1", &[("app", "web")], &["10.0.0.1"]),
            pod("shop", "api-1", &[("app", "api")], &["10.0.0.2"]),
        ],
        ..Cluster::default()
    };
    cluster.network.policies = policies;
    cluster
}

fn pods(app: &str) -> DiffParty {
    DiffParty::Pods { namespace: "shop".into(), labels: labels(&[("app", app)]) }
}

#[test]
fn a_policy_that_came_closes_and_is_named() {
    let near = PodScope {
        namespaces: NamespaceScope::Named("shop".into()),
        pods: Some(selector(&[("app", "web")])),
    };
    let ingress = rule(Some(vec![Peer::Pods(near)]), Some(vec![tcp(80)]));
    let isolate = NetworkPolicy { ingress: Some(vec![ingress]), ..policy("shop", "api", &[("app", "api")]) };
    let (before, after) = (shop(vec![]), shop(vec![isolate]));
    let (first, second) = (Network::new(&before), Network::new(&after));
    let found = diff(&first, &second);
    let change =
        found.changes.iter().find(|change| change.from.contains(&pods("web")) && change.to == [pods("api")]);
    let closed = change.unwrap().closed.as_ref().unwrap();
    assert_eq!(
        closed.traffic,
        Traffic::all().without(&Traffic::ports(ringwall_model::network::Protocol::Tcp, 80, 80))
    );
    assert_eq!(closed.before.as_ref().unwrap().verdict, Verdict::Allowed);
    let after = closed.after.as_ref().unwrap();
    assert_eq!(after.verdict, Verdict::Denied);
    assert!(after.reasons.iter().any(|reason| &*reason.source.file == "policies.yaml"), "{after:?}");
    let outside: BTreeSet<_> = found
        .changes
        .iter()
        .flat_map(|change| &change.from)
        .filter(|party| matches!(party, DiffParty::Outside(_)))
        .collect();
    assert!(!outside.is_empty(), "the outside no longer reaches it either");
}

#[test]
fn who_came_and_went_is_told_apart() {
    let before = shop(vec![]);
    let mut after = shop(vec![]);
    after.pods.remove(0);
    after.pods.push(pod("shop", "cache-1", &[("app", "cache")], &["10.0.0.3"]));
    let (first, second) = (Network::new(&before), Network::new(&after));
    let found = diff(&first, &second);
    assert!(found.changes.is_empty());
    assert_eq!((found.added, found.removed), (vec![pods("cache")], vec![pods("web")]));
}
