use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use proptest::prelude::*;
use ringwall_model::ObjectRef;
use ringwall_model::network::{Protocol, RuleAction};
use ringwall_network::plan::{
    Addresses, Cause, Compiler, DirectionRules, Layer, NodeRules, PlanRule, PodRules,
};
use ringwall_network::{Direction, Matched, Traffic};

use super::{MANY_ALIKE, Plan};
use crate::Options;

/// What a pod is judged by: a policy that accepts on a port from so many addresses after the first.
type Judged = Option<(usize, u16, usize)>;

fn address(number: usize) -> IpAddr {
    Ipv4Addr::from(0x0a00_0000 + u32::try_from(number).unwrap()).into()
}

fn rules((policy, port, peers): (usize, u16, usize)) -> DirectionRules {
    let cause = |rule| Cause {
        direction: Direction::Ingress,
        layer: Layer::Policies,
        objects: vec![ObjectRef {
            api_version: "networking.k8s.io/v1".into(),
            kind: "NetworkPolicy".into(),
            namespace: Some("shop".into()),
            name: format!("policy-{policy}").into(),
        }],
        rule,
        text: None,
    };
    let traffic = Traffic::ports(Protocol::Tcp, port, port);
    let matched = Matched { certain: traffic.clone(), possible: traffic };
    let from = Arc::new(Addresses::each((0..peers).map(address)));
    let accept =
        PlanRule { cause: cause(Some(0)), action: RuleAction::Accept, matches: vec![(from, matched)] };
    DirectionRules { isolated: Some(cause(None)), policies: vec![accept], ..DirectionRules::default() }
}

fn node_rules(compiler: &mut Compiler, judged: &[Judged]) -> NodeRules {
    let pod = |(number, judged): (usize, &Judged)| PodRules {
        namespace: "shop".into(),
        name: format!("pod-{number}").into(),
        addresses: vec![address(number)],
        interfaces: Vec::new(),
        ingress: judged.and_then(|judged| compiler.rule_set(rules(judged))),
        egress: None,
    };
    let pods = judged.iter().enumerate().map(pod).collect();
    compiler.finish("node".into(), Vec::new(), pods, Vec::new())
}

/// Counters, chains and sets.
type Parts = (BTreeSet<String>, BTreeMap<String, Vec<String>>, BTreeMap<String, String>);

/// A plan's parts, with rule sets called by the first pod that each judges: their own names may differ by which were there before.
fn canonical(plan: &Plan) -> Parts {
    let mut names: Vec<(String, String)> = Vec::new();
    for (pod, chain) in plan.table.chains.iter().filter(|(name, _)| name.starts_with("pi_")) {
        let goes = chain.rules.iter().find_map(|rule| rule.strip_prefix("goto si_"));
        if let Some(id) = goes.filter(|id| !names.iter().any(|(known, _)| known == id)) {
            names.push((id.to_owned(), format!("of-{pod}")));
        }
    }
    let called = |text: &str| {
        names.iter().fold(text.to_owned(), |text, (id, name)| {
            let text = text.replace(&format!("s_{id}_"), &format!("s_{name}_"));
            if text.ends_with(&format!("si_{id}")) { text.replace(&format!("si_{id}"), name) } else { text }
        })
    };
    let chains = plan.table.chains.iter();
    let sets = plan.table.sets.iter();
    (
        plan.table.counters.clone(),
        chains
            .map(|(name, chain)| (called(name), chain.rules.iter().map(|rule| called(rule)).collect()))
            .collect(),
        sets.map(|(name, set)| (called(name), format!("{set:?}"))).collect(),
    )
}

fn judged() -> impl Strategy<Value = Judged> {
    let peers = prop_oneof![0..4usize, Just(MANY_ALIKE + 5), Just(MANY_ALIKE + 9)];
    prop::option::of((0..3usize, 80..83u16, peers))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_that_follows_another_is_what_it_would_be_alone(steps in prop::collection::vec(prop::collection::vec(judged(), 0..6), 2..8)) {
        let mut compiler = Compiler::default();
        let mut before: Option<Plan> = None;
        for judged in steps {
            let rules = node_rules(&mut compiler, &judged);
            let alone = Plan::new(&rules, &Options::default()).unwrap();
            let plan = match &before {
                Some(before) => before.following(&rules, &Options::default()).unwrap(),
                None => alone.clone(),
            };
            prop_assert_eq!(canonical(&plan), canonical(&alone));
            let ids: BTreeSet<&str> = plan.maps.values().map(|maps| maps.id.as_str()).collect();
            prop_assert_eq!(ids.len(), plan.maps.len(), "each rule set has a name of its own");
            before = Some(plan);
        }
    }
}

/// What a packet meets that is in flight while one table becomes another, as the kernel has it: rules from before the change, elements from
/// after it, and of chains and maps those that are there in both.
#[test]
fn nothing_that_leads_on_changes_with_what_it_leads_to() {
    let plan = |judged: &[Judged]| {
        Plan::new(&node_rules(&mut Compiler::default(), judged), &Options::default()).unwrap()
    };
    let (before, after) = (plan(&[Some((0, 80, 3)), None]), plan(&[Some((0, 81, 3)), Some((1, 80, 2))]));
    let steps = before.difference(&after).unwrap();
    for step in [&steps.prepare, &steps.change] {
        assert!(
            !step.contains("delete chain") && !step.contains("delete map") && !step.contains("delete set")
        );
    }
    assert!(steps.clean.contains("delete chain inet ringwall c_"), "{}", steps.clean);
    let made: Vec<&str> =
        steps.prepare.lines().filter_map(|line| line.strip_prefix("add chain inet ringwall ")).collect();
    assert!(!made.is_empty() && !steps.change.contains("add chain"), "{}", steps.change);
    // An element of a map that is there leads to them.
    assert!(made.iter().any(|chain| steps.change.contains(&format!(" : goto {chain}"))), "{}", steps.change);
    let gone = after.difference(&before).unwrap();
    assert!(!gone.change.contains("ingress4 { 10.0.0.1 "), "a pod that goes is judged to the last");
    let same = plan(&[Some((0, 80, 3)), None]);
    let others = node_rules(&mut Compiler::default(), &[None, Some((0, 80, 3))]);
    let next = same.following(&others, &Options::default()).unwrap();
    let ids = |plan: &Plan| plan.maps.values().map(|maps| maps.id.clone()).collect::<BTreeSet<_>>();
    assert!(ids(&same).is_disjoint(&ids(&next)), "maps are never handed from one pod to another");
}
