//! Rules held against a twin that keeps them in a list and does nothing clever.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::permission::{Named, OneRule};
use super::*;

const ACCOUNT: &str = "111122223333";

/// Permissions as requests write them, and what they mean. The first two mean the same.
fn permission(at: usize) -> (Value, &'static str) {
    let group = json!([{ "GroupId": "sg-0123456789abcdef0" }]);
    let tcp = |protocol: &str, cidr: &str| json!({ "IpProtocol": protocol, "FromPort": 80, "ToPort": 81, "IpRanges": [{ "CidrIp": cidr }] });
    match at {
        0 => (tcp("tcp", "10.0.0.0/8"), "tcp 80 81 10.0.0.0/8"),
        1 => (tcp("6", "10.255.1.2/8"), "tcp 80 81 10.0.0.0/8"),
        2 => (tcp("tcp", "10.0.0.0/9"), "tcp 80 81 10.0.0.0/9"),
        3 => (tcp("-1", "10.0.0.0/8"), "-1 -1 -1 10.0.0.0/8"),
        4 => (json!({ "IpProtocol": "-1", "UserIdGroupPairs": group }), "-1 -1 -1 sg-0123456789abcdef0"),
        _ => {
            (json!({ "IpProtocol": "icmpv6", "Ipv6Ranges": [{ "CidrIpv6": "::1/0" }] }), "icmpv6 -1 -1 ::/0")
        }
    }
}

/// One rule as ModifySecurityGroupRules has it.
fn one(at: usize, text: &str) -> OneRule {
    let (permission, _) = permission(at);
    let mut rule = json!({
        "IpProtocol": permission["IpProtocol"],
        "FromPort": permission["FromPort"],
        "ToPort": permission["ToPort"],
        "CidrIpv4": permission["IpRanges"][0]["CidrIp"],
        "CidrIpv6": permission["Ipv6Ranges"][0]["CidrIpv6"],
        "ReferencedGroupId": permission["UserIdGroupPairs"][0]["GroupId"],
    });
    rule["Description"] = text.into();
    serde_json::from_value(rule).unwrap()
}

fn named(all: &[usize], egress: bool, text: &str) -> Vec<Wanted> {
    let permissions = all.iter().map(|at| {
        let (mut permission, _) = permission(*at);
        for peers in ["IpRanges", "Ipv6Ranges", "UserIdGroupPairs"] {
            if let Some(peer) = permission.get_mut(peers) {
                peer[0]["Description"] = text.into();
            }
        }
        permission
    });
    let named: Named =
        serde_json::from_value(json!({ "IpPermissions": permissions.collect::<Value>() })).unwrap();
    named.rules(egress, ACCOUNT).unwrap()
}

#[derive(Clone, Debug)]
enum Step {
    Add(bool, Vec<usize>),
    Remove(bool, Vec<usize>),
    RemoveById(bool, Vec<usize>),
    Replace(Vec<(usize, usize)>),
    Describe(bool, Vec<usize>),
}

fn step() -> impl Strategy<Value = Step> {
    let some = || vec(0..6_usize, 1..4);
    prop_oneof![
        3 => (any::<bool>(), some()).prop_map(|(egress, all)| Step::Add(egress, all)),
        1 => (any::<bool>(), some()).prop_map(|(egress, all)| Step::Remove(egress, all)),
        1 => (any::<bool>(), some()).prop_map(|(egress, all)| Step::RemoveById(egress, all)),
        2 => vec((0..6_usize, 0..6_usize), 1..3).prop_map(Step::Replace),
        1 => (any::<bool>(), some()).prop_map(|(egress, all)| Step::Describe(egress, all)),
    ]
}

/// A rule of the twin.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    id: String,
    egress: bool,
    meaning: &'static str,
    text: String,
}

/// Does a step on the twin. Ids of new rules are what the other side made.
fn naive(
    lines: &[Line],
    step: &Step,
    text: &str,
    made: &[String],
) -> std::result::Result<Vec<Line>, &'static str> {
    let mut after = lines.to_vec();
    let position = |lines: &[Line], egress: bool, at: usize| {
        lines.iter().position(|line| line.egress == egress && line.meaning == permission(at).1)
    };
    let by_id = |at: usize| lines.get(at).map(|line| line.id.clone());
    match step {
        Step::Add(egress, all) => {
            if all.iter().any(|at| position(lines, *egress, *at).is_some()) {
                return Err("InvalidPermission.Duplicate");
            }
            for (order, at) in all.iter().enumerate() {
                if position(&after, *egress, *at).is_some() {
                    return Err("InvalidParameterValue");
                }
                let id = made.get(order).cloned().unwrap_or_default();
                after.push(Line { id, egress: *egress, meaning: permission(*at).1, text: text.to_owned() });
            }
        }
        Step::Remove(egress, all) => {
            let mut gone = Vec::new();
            for at in all {
                gone.push(position(lines, *egress, *at).ok_or("InvalidPermission.NotFound")?);
            }
            after = lines
                .iter()
                .enumerate()
                .filter(|(at, _)| !gone.contains(at))
                .map(|(_, line)| line.clone())
                .collect();
        }
        Step::RemoveById(egress, all) => {
            for at in all {
                lines
                    .get(*at)
                    .filter(|line| line.egress == *egress)
                    .ok_or("InvalidSecurityGroupRuleId.NotFound")?;
            }
            after.retain(|line| !all.iter().any(|at| by_id(*at).as_ref() == Some(&line.id)));
        }
        Step::Replace(all) => {
            if all.iter().any(|(at, _)| all.iter().filter(|(other, _)| other == at).count() > 1) {
                return Err("InvalidParameterValue");
            }
            for (at, to) in all {
                let line = after.get_mut(*at).ok_or("InvalidSecurityGroupRuleId.NotFound")?;
                (line.meaning, line.text) = (permission(*to).1, text.to_owned());
            }
            for (at, line) in after.iter().enumerate() {
                let same = |other: &Line| other.egress == line.egress && other.meaning == line.meaning;
                if after[at + 1..].iter().any(same) {
                    return Err("InvalidPermission.Duplicate");
                }
            }
        }
        Step::Describe(egress, all) => {
            for at in all {
                let at = position(lines, *egress, *at).ok_or("InvalidPermission.NotFound")?;
                text.clone_into(&mut after[at].text);
            }
        }
    }
    Ok(after)
}

fn lines(rules: &Rules) -> Vec<Line> {
    let line = |(id, rule): (&String, &Rule)| {
        let Traffic { egress, protocol, from, to, peer } = &rule.traffic;
        let (Peer::Ipv4(peer) | Peer::Ipv6(peer) | Peer::Group(peer)) = peer;
        let text = format!("{protocol} {from} {to} {peer}");
        let meaning = (0..6).map(|at| permission(at).1).find(|meaning| **meaning == text).unwrap();
        Line { id: id.clone(), egress: *egress, meaning, text: rule.description.clone().unwrap_or_default() }
    };
    rules.iter().map(line).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rules_are_what_the_twin_says(steps in vec(step(), 1..12)) {
        let (mut rules, mut twin): (Rules, Vec<Line>) = (Rules::new(), Vec::new());
        for (at, step) in steps.iter().enumerate() {
            let text = format!("step {at}");
            let id = |at: usize| {
                twin.get(at).map_or_else(|| "sgr-00000000000000000".to_owned(), |line| line.id.clone())
            };
            let ids = |all: &[usize]| all.iter().map(|at| id(*at)).collect::<Vec<_>>();
            let mut made = Vec::new();
            let mut after = rules.clone();
            let outcome = match step {
                Step::Add(egress, all) => add(&mut after, named(all, *egress, &text), &BTreeMap::new())
                    .map(|ids| made = ids),
                Step::Remove(egress, all) => remove(&mut after, *egress, &[], &named(all, *egress, "")).map(drop),
                Step::RemoveById(egress, all) => remove(&mut after, *egress, &ids(all), &[]).map(drop),
                Step::Replace(all) => {
                    let egress = |at: usize| twin.get(at).is_some_and(|line| line.egress);
                    let update = |(at, to): &(usize, usize)| (id(*at), one(*to, &text).rule(egress(*at)).unwrap());
                    // Two that are not there have one id here and two in the twin.
                    let absent = all.iter().filter(|(at, _)| *at >= twin.len()).count();
                    prop_assume!(absent < 2);
                    replace(&mut after, all.iter().map(update).collect())
                }
                Step::Describe(egress, all) => describe(&mut after, *egress, Vec::new(), named(all, *egress, &text)),
            };
            let expected = naive(&twin, step, &text, &made);
            match (outcome, expected) {
                (Ok(()), Ok(lines)) => (rules, twin) = (after, lines),
                (Err(error), Err(code)) => prop_assert_eq!(&*error.code, code),
                (outcome, expected) => prop_assert!(false, "{:?}: {:?}, {:?}", step, outcome, expected),
            }
            let mut sorted = twin.clone();
            sorted.sort();
            prop_assert_eq!(lines(&rules), sorted);
        }
    }
}
