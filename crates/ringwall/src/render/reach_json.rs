//! `reach --output json`: all pairs, by classes of those who are treated alike.

use std::io::{self, Write};

use ringwall_drawing::{Graph, Party, Side};
use serde::Serialize;

use super::json::{self, SpanJson};

#[derive(Debug, Serialize)]
struct ReachJson<'a> {
    version: u32,
    cluster: &'a str,
    notes: &'a [String],
    classes: Vec<ClassJson<'a>>,
    results: Vec<LinkJson>,
}

#[derive(Debug, Serialize)]
struct ClassJson<'a> {
    class: usize,
    members: Vec<PartyJson<'a>>,
}

#[derive(Debug, Serialize)]
pub(crate) struct PartyJson<'a> {
    side: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    kind: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
}

#[derive(Debug, Serialize)]
struct LinkJson {
    from: usize,
    to: usize,
    allowed: Vec<SpanJson>,
    possible: Vec<SpanJson>,
}

impl<'a> From<&'a Party> for PartyJson<'a> {
    fn from(party: &'a Party) -> Self {
        let Party { side, namespace, kind, name, detail } = party;
        let side = match side {
            Side::Pods => "pods",
            Side::Node => "nodes",
            Side::Fixed => "fixed",
            Side::Outside => "outside",
        };
        Self { side, namespace, kind, name, detail }
    }
}

/// Prints a graph.
pub(crate) fn print(out: &mut dyn Write, graph: &Graph) -> io::Result<()> {
    let members = |places: &[usize]| {
        places.iter().filter_map(|at| graph.parties.get(*at)).map(PartyJson::from).collect::<Vec<_>>()
    };
    let answer = ReachJson {
        version: json::VERSION,
        cluster: &graph.title,
        notes: &graph.notes,
        classes: (graph.classes.iter().enumerate())
            .map(|(class, places)| ClassJson { class, members: members(places) })
            .collect(),
        results: (graph.links.iter())
            .map(|link| LinkJson {
                from: link.from,
                to: link.to,
                allowed: json::spans(&link.allowed),
                possible: json::spans(&link.possible),
            })
            .collect(),
    };
    json::print(out, &answer)
}
