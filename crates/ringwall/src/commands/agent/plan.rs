//! `agent --plan`: what would be programmed for a node of a snapshot.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;

use ringwall_network::Network;
use ringwall_network::plan::{NodeOptions, NodeRules, PodRules, RuleSet};
use ringwall_nft::Plan;
use serde_json::{Value, json};

use super::network::options;
use crate::cli::{Format, NetworkFlags};
use crate::error::{Exit, Failure};
use crate::session;

/// Prints the plan.
pub(super) fn run(folder: &Path, flags: &NetworkFlags) -> Result<Exit, Failure> {
    let snapshot = session::open(folder)?;
    let node = flags.node.as_deref().unwrap_or_default();
    let network = Network::new(&snapshot.cluster);
    if network.node_named(node).is_none() {
        return Err(Failure::misuse(format!("there is no node `{node}` in the snapshot")));
    }
    let rules = network.node_rules(node, &NodeOptions::default());
    let plan = Plan::new(&rules, &options(flags)?)?;
    let mut out = anstream::stdout().lock();
    match flags.format {
        Format::Text => write_text(&mut out, &rules, &plan)?,
        Format::Json => writeln!(out, "{:#}", json_of(&rules, &plan))?,
    }
    session::print_problems(&snapshot.problems)?;
    let answer = if rules.not_evaluated.is_empty() { Exit::Fine } else { Exit::Incomplete };
    Ok(session::exit(answer, &snapshot.problems))
}

/// What it means as comments, then the script, so that all of it can be given to `nft -f`.
fn write_text(out: &mut impl Write, rules: &NodeRules, plan: &Plan) -> io::Result<()> {
    writeln!(out, "# node {}: {}", rules.node, list(&rules.node_addresses))?;
    for pod in &rules.pods {
        writeln!(out, "# pod {}/{}: {}", pod.namespace, pod.name, list(&pod.addresses))?;
        for (direction, set) in directions(rules, pod) {
            match set {
                None => writeln!(out, "#   {direction}: all, as nothing isolates it")?,
                Some(set) => {
                    let blocks = set.singles.len() + set.ranges.len();
                    let otherwise = set.classes.get(set.otherwise).map(|class| class.allowed().to_string());
                    let otherwise = otherwise.unwrap_or_default();
                    writeln!(
                        out,
                        "#   {direction}: {blocks} addresses and ranges by themselves; others: {otherwise}"
                    )?;
                }
            }
        }
    }
    for text in &rules.not_evaluated {
        writeln!(out, "# not evaluated, and denied: {text}")?;
    }
    write!(out, "{}", plan.script())
}

fn directions<'r>(rules: &'r NodeRules, pod: &PodRules) -> [(&'static str, Option<&'r RuleSet>); 2] {
    let set = |index: Option<usize>| index.and_then(|index| rules.rule_sets.get(index)).map(|set| &**set);
    [("ingress", set(pod.ingress)), ("egress", set(pod.egress))]
}

fn list(items: &[impl Display]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn json_of(rules: &NodeRules, plan: &Plan) -> Value {
    let pods = rules.pods.iter().map(|pod| {
        json!({
            "namespace": pod.namespace, "name": pod.name, "addresses": pod.addresses,
            "ingress": pod.ingress, "egress": pod.egress,
        })
    });
    let sets = rules.rule_sets.iter().map(|set| {
        let singles = set.singles.iter().map(|(address, class)| json!({"address": address, "class": class}));
        let ranges = set
            .ranges
            .iter()
            .map(|(range, class)| json!({"first": range.first, "last": range.last, "class": class}));
        let classes = set.classes.iter().map(|class| {
            let segments = class.segments.iter().map(|segment| {
                let because = segment.cause.as_ref().map(ToString::to_string);
                let verdict = if segment.allowed { "allowed" } else { "denied" };
                json!({"traffic": segment.traffic.to_string(), "verdict": verdict, "because": because})
            });
            segments.collect::<Vec<_>>()
        });
        json!({
            "addresses": singles.collect::<Vec<_>>(), "ranges": ranges.collect::<Vec<_>>(),
            "otherwise": set.otherwise, "classes": classes.collect::<Vec<_>>(),
        })
    });
    json!({
        "node": rules.node, "node_addresses": rules.node_addresses,
        "pods": pods.collect::<Vec<_>>(), "rule_sets": sets.collect::<Vec<_>>(),
        "not_evaluated": rules.not_evaluated, "script": plan.script(),
    })
}
