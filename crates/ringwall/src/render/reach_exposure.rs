//! `reach --exposure`: what pods that don't exist yet could do.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use ringwall_model::ObjectRef;
use ringwall_network::{Exposed, FoldedParty, Network, NewNamespace, Traffic};
use serde::Serialize;

use super::json::{self, SpanJson};
use super::reach_text::ports;
use super::style;
use super::table::{Cell, Table};

/// What holds of the whole answer.
const NOTE: &str = "judged by policies alone: who makes a pod doesn't choose its security groups; each row says what such a pod could do \
                    beyond any other new pod";

#[derive(Debug, Serialize)]
struct ExposureJson<'a> {
    version: u32,
    cluster: &'a str,
    results: Vec<ExposedJson<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExposedJson<'a> {
    pods: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    workloads: Vec<&'a ObjectRef>,
    could_send: Vec<SpanJson>,
    could_get: Vec<SpanJson>,
}

/// Prints it as JSON.
pub(crate) fn json(out: &mut dyn Write, cluster: &str, exposed: &[Exposed]) -> io::Result<()> {
    let results = exposed.iter().map(|exposed| ExposedJson {
        pods: exposed.peer.to_string(),
        namespace: match &exposed.peer.namespace {
            NewNamespace::Existing(name) => Some(name),
            NewNamespace::With(_) => None,
        },
        workloads: workloads(exposed).collect(),
        could_send: json::spans(&exposed.ingress),
        could_get: json::spans(&exposed.egress),
    });
    json::print(out, &ExposureJson { version: json::VERSION, cluster, results: results.collect() })
}

/// What is possible, and with whom.
type Could<'a> = BTreeMap<&'a Traffic, BTreeSet<&'a ObjectRef>>;

/// Prints it to be read: new pods, what they could send, and what they could get.
pub(crate) fn text(
    out: &mut dyn Write,
    cluster: &str,
    network: &Network<'_>,
    exposed: &[Exposed],
) -> io::Result<()> {
    let width = style::width();
    writeln!(out, "{}", style::paint(style::HEADING, &style::printable(cluster)))?;
    style::print_wrapped(out, NOTE, 0, width, "  ", style::FAINT)?;
    let of_namespaces = count(network);
    let mut peers: Vec<(String, [Could<'_>; 2])> = Vec::new();
    for one in exposed {
        let name = one.peer.to_string();
        if peers.last().is_none_or(|(last, _)| *last != name)
            && !peers.iter().any(|(known, _)| *known == name)
        {
            peers.push((name.clone(), [BTreeMap::new(), BTreeMap::new()]));
        }
        let Some((_, ways)) = peers.iter_mut().find(|(known, _)| *known == name) else { continue };
        for (way, traffic) in ways.iter_mut().zip([&one.ingress, &one.egress]) {
            if !traffic.is_none() {
                way.entry(traffic).or_default().extend(workloads(one));
            }
        }
    }
    // Whom anybody can be comes first, then in the order of names.
    let anybody = exposed.iter().map(|one| &one.peer).find(|peer| {
        let anywhere = |selector: &ringwall_model::LabelSelector| selector.requirements.is_empty();
        anywhere(&peer.labels)
            && matches!(&peer.namespace, NewNamespace::With(selector) if anywhere(selector))
    });
    let anybody = anybody.map(ToString::to_string);
    peers.sort_by(|(one, _), (other, _)| {
        (Some(one) != anybody.as_ref(), one).cmp(&(Some(other) != anybody.as_ref(), other))
    });
    for (name, ways) in &peers {
        writeln!(out, "\n{}\n", style::paint(style::HEADING, &style::printable(name)))?;
        let mut table = Table::new(["could", "whom", "at"]);
        for (way, could) in ways.iter().zip(["send to", "get from"]) {
            let mut could = could;
            for (traffic, workloads) in way {
                let whom = style::printable(&told(workloads, &of_namespaces).join(", "));
                table.row([
                    Cell::new(std::mem::take(&mut could)),
                    Cell::new(whom),
                    Cell::new(ports(traffic)),
                ]);
            }
        }
        table.print(out, 2, width)?;
    }
    if peers.is_empty() {
        writeln!(out, "\nno new pod could reach a pod, or be reached by one")?;
    }
    Ok(())
}

fn workloads(exposed: &Exposed) -> impl Iterator<Item = &ObjectRef> {
    exposed.workloads.iter().filter_map(|party| match party {
        FoldedParty::Workload(reference) => Some(reference),
        FoldedParty::Node(_) | FoldedParty::Outside(_) | FoldedParty::Model(_) => None,
    })
}

/// Workloads on the pod network, by namespace.
fn count(network: &Network<'_>) -> BTreeMap<String, usize> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for pod in network.pods().iter().filter(|pod| !pod.host_network() && !pod.is_spare()) {
        let reference =
            network.workload_of(pod).map_or_else(|| pod.reference(), |workload| &workload.reference);
        let namespace = reference.namespace.as_deref().unwrap_or_default().to_owned();
        found.entry(namespace).or_default().insert(format!("{}/{}", reference.kind, reference.name));
    }
    found.into_iter().map(|(namespace, workloads)| (namespace, workloads.len())).collect()
}

/// Workloads by name, those of a whole namespace together.
fn told(workloads: &BTreeSet<&ObjectRef>, of_namespaces: &BTreeMap<String, usize>) -> Vec<String> {
    let mut by_namespace: BTreeMap<&str, Vec<&ObjectRef>> = BTreeMap::new();
    for workload in workloads {
        by_namespace.entry(workload.namespace.as_deref().unwrap_or_default()).or_default().push(workload);
    }
    let mut names = Vec::new();
    for (namespace, workloads) in by_namespace {
        if workloads.len() > 1 && of_namespaces.get(namespace) == Some(&workloads.len()) {
            names.push(format!("namespace {namespace}"));
        } else {
            names.extend(workloads.iter().map(|one| format!("{namespace}/{}/{}", one.kind, one.name)));
        }
    }
    names
}
