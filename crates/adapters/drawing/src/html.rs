use std::fmt::{self, Write as _};

use crate::fold::fold;
use crate::graph::{Graph, Link};
use crate::svg::Drawing;
use crate::text::Xml;

/// Most pairs that the table has line by line; with more it has them folded, as the drawing has.
pub const MAX_PAIRS: usize = 6_000;

/// Most parties that the matrix has one by one; with more it has namespaces.
pub const MAX_MATRIX: usize = 90;

/// The script of the page, which the page's own policy names by its hash: nothing else runs in it.
pub const SCRIPT: &str = include_str!("page.js");

/// SHA-256 of [`SCRIPT`] in base64.
pub const SCRIPT_HASH: &str = include_str!("page.js.sha256");

/// Draws a graph as one HTML page that asks nothing of any network: the drawing, a table to search, and a matrix.
pub fn html(graph: &Graph) -> String {
    let mut out = String::new();
    // Writing into a string can't fail.
    let _ = write(graph, &mut out);
    out
}

fn write(graph: &Graph, out: &mut String) -> fmt::Result {
    let title = Xml(&graph.title);
    writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(
        out,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">",
        SCRIPT_HASH.trim()
    )?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(out, "<meta name=\"color-scheme\" content=\"light dark\">")?;
    writeln!(out, "<title>{title}: what reaches what</title>")?;
    writeln!(
        out,
        "<style>\n{}{}{}</style>\n</head>\n<body>",
        include_str!("colours.css"),
        include_str!("style.css"),
        include_str!("page.css")
    )?;
    writeln!(out, "<header><h1>{title}</h1>")?;
    for note in &graph.notes {
        writeln!(out, "<p>{}</p>", Xml(note))?;
    }
    writeln!(
        out,
        "<div class=\"bar\"><input id=\"filter\" type=\"search\" placeholder=\"Show only …  (a name, a namespace, a port)\" aria-label=\"Show only\" autocomplete=\"off\" spellcheck=\"false\"><span id=\"count\"></span><nav><a href=\"#drawing\">Drawing</a><a href=\"#matrix\">Matrix</a><a href=\"#table\">Table</a></nav></div></header>"
    )?;
    writeln!(out, "<main>\n<section id=\"drawing\">")?;
    Drawing::new(graph, false).write(out)?;
    writeln!(out, "</section>\n<section id=\"matrix\"><h2>Matrix</h2>")?;
    matrix(graph, out)?;
    writeln!(out, "</section>\n<section id=\"table\"><h2>Who reaches whom</h2>\n<div class=\"long\">")?;
    table(graph, out)?;
    writeln!(out, "</div></section>\n</main>\n<script>{SCRIPT}</script>\n</body>\n</html>")
}

fn table(graph: &Graph, out: &mut String) -> fmt::Result {
    let count = graph.count();
    writeln!(
        out,
        "<table class=\"list\"><thead><tr><th>From</th><th>To</th><th>Ports</th></tr></thead><tbody>"
    )?;
    if count <= MAX_PAIRS {
        for (from, to, link) in graph.pairs() {
            let name = |at: usize| graph.parties.get(at).map(|party| party.full_name()).unwrap_or_default();
            line(out, (&from.to_string(), &name(from)), (&to.to_string(), &name(to)), link)?;
        }
        return writeln!(out, "</tbody></table>");
    }
    for link in &graph.links {
        let names = |class: usize| {
            let members = graph.members(class);
            let names = members.iter().filter_map(|at| graph.parties.get(*at)).map(|party| party.full_name());
            let places: Vec<String> = members.iter().map(usize::to_string).collect();
            (places.join(" "), names.collect::<Vec<_>>().join(", "))
        };
        let (from, to) = (names(link.from), names(link.to));
        line(out, (&from.0, &from.1), (&to.0, &to.1), link)?;
    }
    writeln!(out, "</tbody></table>\n<p>{count} pairs; those that are treated alike share a line.</p>")
}

fn line(out: &mut String, from: (&str, &str), to: (&str, &str), link: &Link) -> fmt::Result {
    write!(
        out,
        "<tr data-from=\"{}\" data-to=\"{}\"><td>{}</td><td>{}</td><td>",
        from.0,
        to.0,
        Xml(from.1),
        Xml(to.1)
    )?;
    if !link.allowed.is_none() {
        write!(out, "{}", link.allowed)?;
    }
    if !link.possible.is_none() {
        write!(out, " <i>possibly: {}</i>", link.possible)?;
    }
    writeln!(out, "</td></tr>")
}

/// Senders as rows, receivers as columns.
fn matrix(graph: &Graph, out: &mut String) -> fmt::Result {
    let graph = &*graph.manageable();
    let folded = fold(graph);
    let fine = graph.parties.len() <= MAX_MATRIX;
    // Rows and columns: names, and of each party where it is.
    let names: Vec<(String, String)> = if fine {
        let members = folded.groups.iter().flat_map(|group| group.members.iter().map(move |at| (group, *at)));
        members
            .filter_map(|(group, at)| Some((group.name.clone(), graph.parties.get(at)?.name.clone())))
            .collect()
    } else {
        folded.groups.iter().map(|group| (group.name.clone(), String::new())).collect()
    };
    let mut place = vec![0; graph.parties.len()];
    let order: Vec<usize> = folded.groups.iter().flat_map(|group| group.members.iter().copied()).collect();
    for (at, party) in order.iter().enumerate() {
        if let Some(slot) = place.get_mut(*party) {
            *slot = if fine { at } else { folded.group_of.get(*party).copied().unwrap_or(0) };
        }
    }
    let size = names.len();
    let mut cells: Vec<Option<(u8, String)>> = vec![None; size * size];
    for (from, to, link) in graph.pairs() {
        let (Some(row), Some(column)) = (place.get(from), place.get(to)) else { continue };
        let Some(cell) = cells.get_mut(row * size + column) else { continue };
        let kind = match (link.allowed.is_all(), link.allowed.is_none()) {
            (true, _) => 3,
            (_, true) => 1,
            _ => 2,
        };
        match cell {
            Some((known, _)) => *known = (*known).max(kind),
            None => {
                let ports =
                    if kind == 1 { format!("possibly: {}", link.possible) } else { link.allowed.to_string() };
                *cell = Some((kind, ports));
            }
        }
    }
    writeln!(
        out,
        "<p class=\"key\">Rows send, columns receive: <b class=\"m3\"></b> all ports <b class=\"m2\"></b> some <b class=\"m1\"></b> possibly{}</p>",
        if fine {
            ""
        } else {
            "; namespaces, coloured by the most that gets from any of one to any of the other"
        }
    )?;
    writeln!(out, "<div class=\"wide\"><table class=\"matrix\"><thead><tr><th></th>")?;
    for (group, name) in &names {
        let text = if name.is_empty() { group.clone() } else { format!("{group}/{name}") };
        writeln!(out, "<th title=\"{0}\"><span>{0}</span></th>", Xml(&text))?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for (row, (group, name)) in names.iter().enumerate() {
        let text = if name.is_empty() { group.clone() } else { format!("{group}/{name}") };
        let begins = row
            .checked_sub(1)
            .and_then(|before| names.get(before))
            .is_some_and(|(before, _)| before != group);
        write!(out, "<tr{}><th>{}</th>", if begins { " class=\"begin\"" } else { "" }, Xml(&text))?;
        for column in 0..size {
            if row == column && fine {
                out.write_str("<td class=\"self\"></td>")?;
                continue;
            }
            match cells.get(row * size + column) {
                Some(Some((kind, ports))) => {
                    let to =
                        names.get(column).map(|(group, name)| format!("{group}/{name}")).unwrap_or_default();
                    let tip =
                        if fine { format!("{text} → {to}: {ports}") } else { format!("{text} → {to}") };
                    write!(out, "<td class=\"m{kind}\" title=\"{}\"></td>", Xml(&tip))?;
                }
                _ => out.write_str("<td></td>")?,
            }
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div>")
}
