//! Nodes whose metadata service pods reach.
//!
//! Source: Amazon EKS User Guide, *Restrict access to the instance profile assigned to the worker node*: require IMDSv2
//! with a hop limit of 1.

use std::collections::BTreeMap;

use ringwall_model::{CheckResult, Outcome, Reason, Severity};

use super::super::Pods;
use super::super::metadata::{Reach, metadata_reach};
use super::super::place::Place;
use super::{About, SHOWN};

const REACHABLE: About = About {
    check: "imds-reachable",
    title: "pods do not reach the metadata service of their nodes",
    remedy: "set `HttpTokens: required` and `HttpPutResponseHopLimit: 1` in the launch template, and give pods roles of their own",
};

pub(super) const CHECKS: &[&About] = &[&REACHABLE];

impl Pods<'_> {
    /// One result for each node group, and each node without one, that fails or cannot be judged.
    pub(super) fn metadata_services(&self) -> Vec<CheckResult> {
        if self.places.is_empty() {
            return REACHABLE.or(Vec::new(), Some("the snapshot has neither nodes nor node groups"));
        }
        let instances: Vec<&Place<'_>> = self.places.iter().filter(|place| place.is_instance()).collect();
        if instances.is_empty() {
            let why = "no node is an EC2 instance".to_owned();
            return vec![REACHABLE.result(Outcome::NotApplicable, Severity::Low, why, Vec::new())];
        }
        let mut groups: BTreeMap<(String, bool, &'static str), Vec<&Place<'_>>> = BTreeMap::new();
        for place in instances {
            let (open, why) = match metadata_reach(place.instance, place.compute(), false) {
                Reach::No(_) => continue,
                Reach::Yes(why) => (true, why),
                Reach::Unknown(why) => (false, why),
            };
            groups.entry((group_of(place), open, why)).or_default().push(place);
        }
        let results =
            groups.into_iter().map(|((group, open, why), places)| self.reachable(&group, open, why, &places));
        REACHABLE.or(results.collect(), None)
    }

    fn reachable(&self, group: &str, open: bool, why: &str, places: &[&Place<'_>]) -> CheckResult {
        let reasons: Vec<Reason> =
            places.iter().take(SHOWN).flat_map(|place| self.place_reasons(place)).collect();
        let role = places.iter().find_map(|place| place.role.as_deref());
        let gives = role.map(|role| format!(", which hands out {role}")).unwrap_or_default();
        let count = places.len();
        if !open {
            return REACHABLE.unknown(format!("{group} ({count}): {why}"), reasons);
        }
        let why = format!("pods on {group} ({count}) reach the metadata service{gives}: {why}");
        REACHABLE.fails(Severity::Medium, why, reasons)
    }
}

/// `node group main`, or the node's own name.
fn group_of(place: &Place<'_>) -> String {
    let label = place.node.and_then(|node| {
        node.labels.iter().find(|(name, _)| &**name == "eks.amazonaws.com/nodegroup").map(|(_, value)| value)
    });
    match (label, place.group) {
        (Some(name), _) => format!("node group {name}"),
        (None, Some(group)) => format!("node group {}", group.name),
        (None, None) => format!("node {}", place.name()),
    }
}
