use std::fmt::{self, Write as _};

use crate::fold::{Folded, Unit, fold};
use crate::graph::{Graph, Party, Side};
use crate::text::printable;

/// Writes a graph in Graphviz' DOT: namespaces are clusters, what is open to everybody is in the nodes' labels, as in the drawing.
pub fn dot(graph: &Graph) -> String {
    let graph = &*graph.manageable();
    let mut out = String::new();
    // Writing into a string can't fail.
    let _ = write(graph, &fold(graph), &mut out);
    out
}

fn write(graph: &Graph, folded: &Folded, out: &mut dyn fmt::Write) -> fmt::Result {
    writeln!(out, "digraph reach {{")?;
    writeln!(out, "  label={};\n  labelloc=t;\n  rankdir=LR;\n  newrank=true;", Quoted(&graph.title))?;
    writeln!(
        out,
        "  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"Helvetica\", fontsize=10];"
    )?;
    writeln!(out, "  edge [fontname=\"Helvetica\", fontsize=9];")?;
    for (at, group) in folded.groups.iter().enumerate() {
        writeln!(
            out,
            "  subgraph cluster_{at} {{\n    label={};\n    style=filled;\n    fillcolor=\"#f4f6f8\";",
            Quoted(&group.name)
        )?;
        let is_used = folded.edges.iter().any(|edge| [edge.from, edge.to].contains(&Unit::Group(at)));
        if is_used {
            writeln!(
                out,
                "    g{at} [label={}, shape=plaintext, style=\"\"];",
                Quoted(&format!("all of {}", group.name))
            )?;
        }
        for member in &group.members {
            let Some(party) = graph.parties.get(*member) else { continue };
            writeln!(out, "    p{member} [label={}];", Quoted(&label(party, folded, *member)))?;
        }
        writeln!(out, "  }}")?;
    }
    for edge in &folded.edges {
        let (text, style) = match (edge.allowed.is_none(), edge.possible.is_none()) {
            (true, _) => (format!("possibly {}", edge.possible), ", style=dashed"),
            (false, true) => (edge.allowed.to_string(), ""),
            (false, false) => (format!("{}; possibly {}", edge.allowed, edge.possible), ""),
        };
        writeln!(out, "  {} -> {} [label={}{style}];", end(edge.from), end(edge.to), Quoted(&text))?;
    }
    writeln!(out, "}}")
}

/// The node that an edge is drawn at. Groups have one for all of them: edges that end at a cluster's border upset Graphviz where the other
/// end is within it.
fn end(unit: Unit) -> String {
    match unit {
        Unit::Party(at) => format!("p{at}"),
        Unit::Group(at) => format!("g{at}"),
    }
}

fn label(party: &Party, folded: &Folded, member: usize) -> String {
    let mut label = party.name.clone();
    if party.side == Side::Pods {
        let _ = write!(label, "\n{}", party.kind);
    }
    let lists = [("all pods", &folded.open), ("outside", &folded.from_outside)];
    for (who, list) in lists {
        if let Some(traffic) = list.get(member).filter(|traffic| !traffic.is_none()) {
            let _ = write!(label, "\nfrom {who}: {traffic}");
        }
    }
    if let Some(traffic) = folded.to_outside.get(member).filter(|traffic| !traffic.is_none()) {
        let _ = write!(label, "\nto outside: {traffic}");
    }
    label
}

/// A text as DOT's double-quoted string, in which a backslash begins escapes of layout.
///
/// Source: graphviz.org, *DOT Language* and *escString*.
struct Quoted<'t>(&'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for (at, line) in self.0.split('\n').enumerate() {
            if at > 0 {
                f.write_str("\\n")?;
            }
            for character in printable(line).chars() {
                match character {
                    '"' => f.write_str("\\\"")?,
                    '\\' => f.write_str("\\\\")?,
                    // Labels take HTML's entities.
                    '&' => f.write_str("&amp;")?,
                    other => f.write_char(other)?,
                }
            }
        }
        f.write_char('"')
    }
}
