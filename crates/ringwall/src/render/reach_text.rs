//! `reach` without a question, as text: who is reached, at which ports, by whom.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

use ringwall_drawing::{Folded, Graph, Side, Unit, fold};
use ringwall_network::Traffic;

use super::style;
use super::table::{Cell, Table};

/// Ranges of ports that are written out.
const RANGES: usize = 6;

/// Who sends, as it is told; in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sender {
    Outside,
    EveryPod,
    Unit(Unit),
}

/// What comes to somebody: by what, from whom.
type Comes = BTreeMap<(bool, Traffic), BTreeSet<Sender>>;

/// Prints a graph by whom is reached.
pub(crate) fn print(out: &mut dyn Write, graph: &Graph, folder: &Path) -> io::Result<()> {
    let width = style::width();
    let graph = &*graph.manageable();
    let folded = fold(graph);
    writeln!(out, "{}", style::paint(style::HEADING, &style::printable(&graph.title)))?;
    for note in &graph.notes {
        style::print_wrapped(out, &style::printable(note), 0, width, "  ", style::FAINT)?;
    }
    let teller = Teller { graph, folded: &folded };
    let comes = teller.comes();
    for (at, group) in folded.groups.iter().enumerate() {
        let of_group: Vec<(Unit, &Comes)> = comes
            .iter()
            .filter(|(unit, _)| teller.group(**unit) == Some(at))
            .map(|(unit, comes)| (*unit, comes))
            .collect();
        if of_group.is_empty() {
            continue;
        }
        let name = match group.side {
            Side::Pods => format!("{}  {}", group.name, counted(group.members.len(), "workload")),
            _ => group.name.clone(),
        };
        writeln!(out, "\n{}\n", style::paint(style::HEADING, &style::printable(&name)))?;
        let mut table = Table::new(["is reached", "at", "by"]);
        for (unit, comes) in of_group {
            teller.rows(&mut table, unit, comes);
        }
        table.print(out, 2, width)?;
    }
    teller.nobody(out, &comes, width)?;
    teller.limited(out, width)?;
    let folder = folder.display().to_string();
    let next = format!(
        "\nnext: ringwall reach {folder} FROM TO:PORT for the proof; --output html to look at it",
        folder = style::printable(&folder)
    );
    writeln!(out, "{}", style::paint(style::HINT, &next))
}

struct Teller<'g> {
    graph: &'g Graph,
    folded: &'g Folded,
}

impl Teller<'_> {
    fn comes(&self) -> BTreeMap<Unit, Comes> {
        let mut comes: BTreeMap<Unit, Comes> = BTreeMap::new();
        let mut put = |to: Unit, unknown: bool, traffic: &Traffic, from: Sender| {
            if !traffic.is_none() {
                comes.entry(to).or_default().entry((unknown, traffic.clone())).or_default().insert(from);
            }
        };
        for (list, sender) in
            [(&self.folded.open, Sender::EveryPod), (&self.folded.from_outside, Sender::Outside)]
        {
            for (traffic, parties) in by_traffic(list) {
                for unit in self.folded.units(&parties) {
                    put(unit, false, &traffic, sender.clone());
                }
            }
        }
        let outside = self.folded.groups.iter().position(|group| group.side == Side::Outside);
        if let Some(outside) = outside {
            for (traffic, parties) in by_traffic(&self.folded.to_outside) {
                for unit in self.folded.units(&parties) {
                    put(Unit::Group(outside), false, &traffic, Sender::Unit(unit));
                }
            }
        }
        for edge in &self.folded.edges {
            put(edge.to, false, &edge.allowed, Sender::Unit(edge.from));
            put(edge.to, true, &edge.possible, Sender::Unit(edge.from));
        }
        comes
    }

    fn group(&self, unit: Unit) -> Option<usize> {
        match unit {
            Unit::Group(at) => Some(at),
            Unit::Party(at) => self.folded.group_of.get(at).copied(),
        }
    }

    fn rows(&self, table: &mut Table, unit: Unit, comes: &Comes) {
        let mut name = match unit {
            Unit::Group(at) => match self.folded.groups.get(at) {
                Some(group) if group.side == Side::Outside => "anywhere".to_owned(),
                Some(group) if group.members.len() == 1 => self.short(group.members.first().copied()),
                _ => "all of it".to_owned(),
            },
            Unit::Party(at) => self.short(Some(at)),
        };
        for ((unknown, traffic), senders) in comes {
            let names: Vec<String> =
                senders.iter().map(|sender| self.sender(sender, self.group(unit))).collect();
            let (looks, ports) = match unknown {
                false => (style::PLAIN, ports(traffic)),
                true => (style::WARNING, format!("possibly: {}", ports(traffic))),
            };
            table.row([
                Cell::new(std::mem::take(&mut name)),
                Cell::styled(looks, ports),
                Cell::new(names.join(", ")),
            ]);
        }
    }

    fn short(&self, party: Option<usize>) -> String {
        let Some(party) = party.and_then(|at| self.graph.parties.get(at)) else { return String::new() };
        match party.side {
            Side::Pods => style::printable(&format!("{}/{}", party.kind, party.name)),
            _ => style::printable(&party.name),
        }
    }

    fn sender(&self, sender: &Sender, to: Option<usize>) -> String {
        match sender {
            Sender::EveryPod => "every pod".to_owned(),
            Sender::Outside => "the outside".to_owned(),
            Sender::Unit(Unit::Group(at)) => match self.folded.groups.get(*at) {
                Some(group) if Some(*at) == to && group.side == Side::Pods => "one another".to_owned(),
                Some(group) if group.side == Side::Pods => {
                    format!("namespace {}", style::printable(&group.name))
                }
                Some(group) if group.side == Side::Outside => "the outside".to_owned(),
                Some(group) => style::printable(&group.name),
                None => String::new(),
            },
            Sender::Unit(Unit::Party(at)) => self
                .graph
                .parties
                .get(*at)
                .map(|party| style::printable(&party.full_name()))
                .unwrap_or_default(),
        }
    }

    /// Whom nobody reaches.
    fn nobody(&self, out: &mut dyn Write, comes: &BTreeMap<Unit, Comes>, width: usize) -> io::Result<()> {
        if self.graph.is_part {
            return Ok(());
        }
        let alone: BTreeSet<usize> = (self.graph.parties.iter().enumerate())
            .filter(|(at, party)| {
                let whole = self.folded.group_of.get(*at).map(|group| Unit::Group(*group));
                party.side == Side::Pods
                    && !comes.contains_key(&Unit::Party(*at))
                    && !whole.is_some_and(|whole| comes.contains_key(&whole))
            })
            .map(|(at, _)| at)
            .collect();
        let title = "reached by nobody";
        self.list(out, title, "", &alone, width)
    }

    /// Who sends to few, and so is not meant by "every pod".
    fn limited(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        if !self.folded.free.contains(&true) {
            return Ok(());
        }
        let limited: BTreeSet<usize> = (self.graph.parties.iter().enumerate())
            .filter(|(at, party)| party.side == Side::Pods && self.folded.free.get(*at) == Some(&false))
            .map(|(at, _)| at)
            .collect();
        let text =
            "What these send is limited: “every pod” does not mean them, and they reach what names them.";
        self.list(out, "limited in what they send", text, &limited, width)
    }

    fn list(
        &self,
        out: &mut dyn Write,
        title: &str,
        text: &str,
        parties: &BTreeSet<usize>,
        width: usize,
    ) -> io::Result<()> {
        if parties.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n{}\n", style::paint(style::HEADING, title))?;
        if !text.is_empty() {
            style::print_wrapped(out, text, 2, width, "", style::FAINT)?;
        }
        let units = self.folded.units(parties);
        let names: Vec<String> = units.iter().map(|unit| self.sender(&Sender::Unit(*unit), None)).collect();
        style::print_wrapped(out, &names.join(", "), 2, width, "", style::PLAIN)
    }
}

/// Parties by what is said of them.
fn by_traffic(list: &[Traffic]) -> BTreeMap<Traffic, BTreeSet<usize>> {
    let mut parties: BTreeMap<Traffic, BTreeSet<usize>> = BTreeMap::new();
    for (at, traffic) in list.iter().enumerate().filter(|(_, traffic)| !traffic.is_none()) {
        parties.entry(traffic.clone()).or_default().insert(at);
    }
    parties
}

/// Ports, the first few ranges of them.
pub(crate) fn ports(traffic: &Traffic) -> String {
    if traffic.is_all() {
        return "all ports".to_owned();
    }
    let spans = traffic.spans().count();
    if spans <= RANGES {
        return traffic.to_string();
    }
    let text = traffic.to_string();
    let parts: Vec<&str> = text.split_inclusive([',', ';']).take(RANGES).collect();
    let more = spans.saturating_sub(parts.len());
    format!("{} … {more} more ranges", parts.concat().trim_end_matches([',', ';']))
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
