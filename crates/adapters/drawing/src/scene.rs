//! What is drawn, before anything has a place: boxes with rows, and arrows between rows.

use std::collections::BTreeMap;

use ringwall_network::Traffic;

use crate::fold::{Edge, Folded, Unit, fold};
use crate::graph::{Graph, Side};
use crate::text::{columns, shortened};

/// Most parties that are drawn one by one. Above that a picture is no longer looked at, and namespaces are drawn whole.
pub const MAX_PARTIES: usize = 200;

/// Most arrows that are drawn before namespaces are drawn whole.
pub const MAX_ARROWS: usize = 400;

/// Most boxes: beyond them a picture has no use, and the table has everything.
pub const MAX_BOXES: usize = 300;

/// Columns that a name gets.
const NAME: usize = 34;

/// Columns that a list of ports gets.
const PORTS: usize = 30;

/// All that is drawn.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scene {
    pub(crate) title: String,
    pub(crate) notes: Vec<String>,
    pub(crate) boxes: Vec<Frame>,
    pub(crate) arrows: Vec<Arrow>,
    /// Whether namespaces are drawn whole.
    pub(crate) coarse: bool,
    /// Boxes that are left out.
    pub(crate) left_out: usize,
}

/// A box.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) side: Side,
    /// The first row is of the box itself.
    pub(crate) rows: Vec<Row>,
}

/// A row of a box: somebody, and by which ports others come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// In how it is found again: places of parties.
    pub(crate) parties: Vec<usize>,
    pub(crate) name: String,
    pub(crate) kind: String,
    /// In full, for those who point at it.
    pub(crate) tip: String,
    pub(crate) marks: Vec<Mark>,
    /// What arrows come in by.
    pub(crate) doors: Vec<Door>,
}

/// What holds of a row without an arrow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub(crate) kind: MarkKind,
    pub(crate) text: String,
    pub(crate) tip: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum MarkKind {
    FromOutside,
    FromPods,
    Among,
    ToOutside,
    ToFixed,
    Limited,
}

/// Ports at which arrows come in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Door {
    pub(crate) text: String,
    pub(crate) tip: String,
    pub(crate) unknown: bool,
}

/// A row of a box, or one of its doors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(crate) frame: usize,
    pub(crate) row: usize,
}

/// From a row to a door.
#[derive(Clone, Debug)]
pub(crate) struct Arrow {
    pub(crate) from: Spot,
    pub(crate) to: Spot,
    pub(crate) door: usize,
    pub(crate) unknown: bool,
    pub(crate) tip: String,
}

impl Scene {
    /// Makes a scene of a graph.
    pub(crate) fn new(graph: &Graph) -> Self {
        let graph = &*graph.manageable();
        let folded = fold(graph);
        let coarse = graph.parties.len() > MAX_PARTIES || folded.edges.len() > MAX_ARROWS;
        let mut scene =
            Self { title: graph.title.clone(), notes: graph.notes.clone(), coarse, ..Self::default() };
        let mut builder = Builder { graph, folded: &folded, coarse, spots: BTreeMap::new() };
        builder.boxes(&mut scene);
        builder.arrows(&mut scene);
        scene
    }
}

struct Builder<'g> {
    graph: &'g Graph,
    folded: &'g Folded,
    coarse: bool,
    /// Where units are drawn: as senders, and as receivers, which for the outside are two boxes.
    spots: BTreeMap<(bool, Unit), Spot>,
}

impl Builder<'_> {
    fn boxes(&mut self, scene: &mut Scene) {
        for at in 0..self.folded.groups.len() {
            let Some(group) = self.folded.groups.get(at) else { continue };
            let sides: &[(bool, &str)] = match group.side {
                // Whoever sends stands left of all, whoever is sent to right.
                Side::Outside => &[(true, "from outside"), (false, "to outside")],
                Side::Pods | Side::Node => &[(true, "")],
                // What leads there is written beside who sends it.
                Side::Fixed => &[],
            };
            for (sends, title) in sides {
                if scene.boxes.len() >= MAX_BOXES {
                    scene.left_out += 1;
                    continue;
                }
                let used = self.uses(at, *sends);
                if group.side == Side::Outside && !used {
                    continue;
                }
                let frame = scene.boxes.len();
                let both = group.side != Side::Outside;
                let name = if title.is_empty() { group.name.as_str() } else { title };
                let mut rows = vec![self.head(at, name, both)];
                self.put(Unit::Group(at), Spot { frame, row: 0 }, *sends, both);
                for member in &group.members {
                    if self.coarse {
                        self.put(Unit::Party(*member), Spot { frame, row: 0 }, *sends, both);
                        continue;
                    }
                    self.put(Unit::Party(*member), Spot { frame, row: rows.len() }, *sends, both);
                    rows.push(self.row(*member, both));
                }
                if both {
                    hoist(&mut rows);
                }
                scene.boxes.push(Frame { side: group.side, rows });
            }
        }
    }

    /// Whether any edge begins (or ends) in a group.
    fn uses(&self, group: usize, sends: bool) -> bool {
        self.folded.edges.iter().any(|edge| {
            let unit = if sends { edge.from } else { edge.to };
            match unit {
                Unit::Group(at) => at == group,
                Unit::Party(at) => self.folded.group_of.get(at) == Some(&group),
            }
        })
    }

    fn put(&mut self, unit: Unit, spot: Spot, sends: bool, both: bool) {
        if sends || both {
            self.spots.insert((true, unit), spot);
        }
        if !sends || both {
            self.spots.insert((false, unit), spot);
        }
    }

    fn head(&self, at: usize, name: &str, both: bool) -> Row {
        let Some(group) = self.folded.groups.get(at) else { return Row::default() };
        let count = group.members.len();
        let mut row = Row {
            parties: group.members.clone(),
            name: shortened(name, NAME),
            kind: String::new(),
            tip: match group.side {
                Side::Pods => format!("namespace {}: {count} workloads", group.name),
                Side::Node => format!("{count} nodes"),
                Side::Outside | Side::Fixed => name.to_owned(),
            },
            ..Row::default()
        };
        if self.coarse && both {
            row.kind = format!("{count}");
            let mut marks: Vec<Mark> = group.members.iter().flat_map(|member| self.marks(*member)).collect();
            marks.sort();
            let mut kinds: BTreeMap<MarkKind, Vec<Mark>> = BTreeMap::new();
            for mark in marks {
                kinds.entry(mark.kind).or_default().push(mark);
            }
            row.marks = kinds
                .into_values()
                .filter_map(|of_kind| {
                    let some = of_kind.len();
                    let first = of_kind.into_iter().next()?;
                    let text = if some == count {
                        first.text
                    } else {
                        format!("{}: {some} of {count}", first.kind.text())
                    };
                    Some(Mark { text, ..first })
                })
                .collect();
        }
        row
    }

    fn row(&self, member: usize, both: bool) -> Row {
        let Some(party) = self.graph.parties.get(member) else { return Row::default() };
        let detail = if party.detail.is_empty() { String::new() } else { format!("\n{}", party.detail) };
        Row {
            parties: vec![member],
            name: shortened(&party.name, NAME),
            kind: if party.side == Side::Pods { shortened(&party.kind, NAME) } else { String::new() },
            tip: format!("{}{detail}", party.full_name()),
            marks: if both { self.marks(member) } else { Vec::new() },
            doors: Vec::new(),
        }
    }

    fn marks(&self, member: usize) -> Vec<Mark> {
        let mut marks = Vec::new();
        let mut mark = |kind: MarkKind, traffic: Option<&Traffic>| {
            let Some(traffic) = traffic.filter(|traffic| !traffic.is_none()) else { return };
            let all = traffic.to_string();
            let text = format!("{}: {}", kind.text(), ports(traffic));
            marks.push(Mark { kind, text, tip: format!("{}: {all}", kind.tip()) });
        };
        mark(MarkKind::FromOutside, self.folded.from_outside.get(member));
        mark(MarkKind::FromPods, self.folded.open.get(member));
        mark(MarkKind::ToOutside, self.folded.to_outside.get(member));
        let is_pods = self.graph.parties.get(member).is_some_and(|party| party.side == Side::Pods);
        let some_are_free = self.folded.free.contains(&true);
        if is_pods && some_are_free && self.folded.free.get(member) == Some(&false) {
            let kind = MarkKind::Limited;
            marks.push(Mark { kind, text: kind.text().to_owned(), tip: kind.tip().to_owned() });
        }
        marks
    }

    /// The names of an end that is fixed addresses.
    fn fixed(&self, unit: Unit) -> Vec<String> {
        let members = match unit {
            Unit::Party(at) => vec![at],
            Unit::Group(at) => {
                self.folded.groups.get(at).map(|group| group.members.clone()).unwrap_or_default()
            }
        };
        let parties = members.iter().filter_map(|at| self.graph.parties.get(*at));
        parties.filter(|party| party.side == Side::Fixed).map(|party| party.name.clone()).collect()
    }

    fn mark_fixed(&self, scene: &mut Scene, edge: &Edge, name: &str) {
        let Some(spot) = self.spots.get(&(true, edge.from)) else { return };
        let Some(row) = scene.boxes.get_mut(spot.frame).and_then(|frame| frame.rows.get_mut(spot.row)) else {
            return;
        };
        let (kind, traffic) =
            (MarkKind::ToFixed, if edge.allowed.is_none() { &edge.possible } else { &edge.allowed });
        let question = if edge.allowed.is_none() { " ?" } else { "" };
        let mark =
            Mark { kind, text: format!("→ {name}{question}"), tip: format!("reaches {name}: {traffic}") };
        if !row.marks.contains(&mark) {
            row.marks.push(mark);
            row.marks.sort();
        }
    }

    fn arrows(&self, scene: &mut Scene) {
        let mut joined: BTreeMap<(Spot, Spot), (Traffic, Traffic)> = BTreeMap::new();
        for edge in &self.folded.edges {
            let fixed = self.fixed(edge.to);
            if !fixed.is_empty() {
                fixed.iter().for_each(|name| self.mark_fixed(scene, edge, name));
                continue;
            }
            let ends = (self.spots.get(&(true, edge.from)), self.spots.get(&(false, edge.to)));
            let (Some(from), Some(to)) = ends else { continue };
            let label = joined.entry((*from, *to)).or_default();
            *label = (label.0.or(&edge.allowed), label.1.or(&edge.possible));
        }
        for ((from, to), (allowed, unknown)) in joined {
            let uncertain = allowed.is_none();
            let traffic = if uncertain { &unknown } else { &allowed };
            let not_judged = if unknown.is_none() { String::new() } else { format!("\npossibly: {unknown}") };
            let names = (tip(scene, from), tip(scene, to));
            let tip = format!("{} → {}\n{traffic}{not_judged}", names.0, names.1);
            let Some(row) = scene.boxes.get_mut(to.frame).and_then(|frame| frame.rows.get_mut(to.row)) else {
                continue;
            };
            if from == to {
                let kind = MarkKind::Among;
                let text = format!("{}: {}", kind.text(), ports(traffic));
                row.marks.push(Mark { kind, text, tip });
                row.marks.sort();
                continue;
            }
            let question = if uncertain { "? " } else { "" };
            let door = Door {
                text: format!("{question}{}", ports(traffic)),
                tip: traffic.to_string(),
                unknown: uncertain,
            };
            let at = row.doors.iter().position(|known| *known == door).unwrap_or_else(|| {
                row.doors.push(door);
                row.doors.len() - 1
            });
            scene.arrows.push(Arrow { from, to, door: at, unknown: uncertain, tip });
        }
    }
}

fn tip(scene: &Scene, spot: Spot) -> String {
    let row = scene.boxes.get(spot.frame).and_then(|frame| frame.rows.get(spot.row));
    row.map(|row| row.tip.split('\n').next().unwrap_or_default().to_owned()).unwrap_or_default()
}

/// What holds of all rows of a box is said of the box.
fn hoist(rows: &mut [Row]) {
    let Some((head, rest)) = rows.split_first_mut() else { return };
    let Some(first) = rest.first() else { return };
    if rest.len() < 2 {
        return;
    }
    let common: Vec<Mark> =
        first.marks.iter().filter(|mark| rest.iter().all(|row| row.marks.contains(mark))).cloned().collect();
    for row in rest {
        row.marks.retain(|mark| !common.contains(mark));
    }
    head.marks.extend(common);
    head.marks.sort();
}

/// Ports, in few columns.
fn ports(traffic: &Traffic) -> String {
    let text = traffic.to_string();
    if text == "all" {
        return "all ports".to_owned();
    }
    if columns(&text) <= PORTS {
        return text;
    }
    let count = traffic.spans().count();
    format!("{} ({count} ranges)", shortened(&text, PORTS.saturating_sub(14)))
}

impl MarkKind {
    pub(crate) const ALL: [Self; 6] =
        [Self::FromOutside, Self::FromPods, Self::Among, Self::ToOutside, Self::ToFixed, Self::Limited];

    /// As it is written in a row.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::FromOutside => "← outside",
            Self::FromPods => "← all pods",
            Self::Among => "⇄ one another",
            Self::ToOutside => "→ outside",
            Self::ToFixed => "→ metadata",
            Self::Limited => "→ only as drawn",
        }
    }

    /// What it means.
    pub(crate) fn tip(self) -> &'static str {
        match self {
            Self::FromOutside => "no policy keeps all of the outside from it",
            Self::FromPods => "every pod that sends freely reaches it",
            Self::Among => "reach one another",
            Self::ToOutside => "reaches all of the outside",
            Self::ToFixed => "reaches what every pod finds at the same address",
            Self::Limited => {
                "what it sends is limited: of what is open to all pods it reaches only what has an arrow from it"
            }
        }
    }

    /// Its class in the style sheet.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::FromOutside => "from-outside",
            Self::FromPods => "from-pods",
            Self::Among => "among",
            Self::ToOutside => "to-outside",
            Self::ToFixed => "to-fixed",
            Self::Limited => "limited",
        }
    }
}
