//! `timeline` as text: who leads to whom as a tree, and then what they did, in the order of time, each behind his place in it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use anstyle::Style;
use ringwall_detect::Identity;
use ringwall_detect::finding::Evidence;
use ringwall_detect::timeline::{Entry, Known, Link, Strength, Why};
use ringwall_model::time;

use super::style::{self, paint, printable};
use crate::commands::Told;

/// A line of a file.
type Spot<'t> = (&'t str, u64);
/// Lines on which several events stand: CloudTrail delivers files of one.
type Crowded<'t> = BTreeSet<Spot<'t>>;

/// Deepest place in the tree that is drawn: beyond, the text would have no room.
const DEEPEST: usize = 8;
/// Columns of a step to the right.
const STEP: usize = 2;
/// Columns of `09:04:30  `.
const CLOCK: usize = 10;

pub(crate) fn print(out: &mut dyn Write, told: &Told, width: usize) -> io::Result<()> {
    let story = &told.story;
    if story.identities.is_empty() {
        return Ok(());
    }
    let cluster = told.scope.cluster.as_deref().unwrap_or("a cluster whose name is not known");
    let mut facts = vec![paint(style::HEADING, cluster)];
    facts.extend(told.scope.region.clone());
    facts.extend(told.scope.account.as_ref().map(|account| format!("account {account}")));
    writeln!(out, "{}", facts.join("  "))?;
    style::print_wrapped(out, &named(told), 0, width, "  ", style::PLAIN)?;
    if !story.origins.is_empty() {
        heading(out, "CAME FROM")?;
        for (from, link) in &story.origins {
            print_origin(out, from, link, width)?;
        }
    }
    let tree = Tree::of(&story.identities);
    heading(out, "WHO")?;
    tree.print(out, width)?;
    heading(out, "WHAT")?;
    if story.entries.is_empty() {
        writeln!(out, "  {}", paint(style::FAINT, "nothing"))?;
    }
    let sequences: BTreeSet<&str> =
        types(&story.entries).into_iter().filter(|name| is_sequence(name)).collect();
    for name in sequences {
        print_lines(out, &format!("◆ is part of {name}"), STEP, width, style::ERROR)?;
    }
    print_entries(out, &story.entries, &tree, width)
}

/// The types of the findings that rest on entries.
fn types(entries: &[Entry]) -> BTreeSet<&'static str> {
    entries.iter().flat_map(|entry| entry.findings.iter().copied()).collect()
}

fn heading(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "\n{}", paint(style::HEADING, text))
}

/// Whom the text names, and how much there is of it.
fn named(told: &Told) -> String {
    let story = &told.story;
    let roots: Vec<String> = story
        .identities
        .iter()
        .filter(|known| known.through.is_none())
        .map(|known| format!("{} {}", known.identity.kind(), known.identity.name()))
        .collect();
    let who = match roots.as_slice() {
        [one] if one.ends_with(&format!(" {}", story.who)) => one.clone(),
        [one] => format!("`{}` is {one}", story.who),
        several => format!("`{}` names {}: {}", story.who, several.len(), several.join(", ")),
    };
    let entries = match story.entries.len() {
        1 => "1 entry".to_owned(),
        number => format!("{number} entries"),
    };
    let types: BTreeSet<&str> =
        story.entries.iter().flat_map(|entry| entry.findings.iter().copied()).collect();
    let findings = match types.len() {
        0 => String::new(),
        1 => ", with findings of 1 type".to_owned(),
        number => format!(", with findings of {number} types"),
    };
    printable(&format!("{who}; {entries}{findings}"))
}

fn print_origin(out: &mut dyn Write, from: &Identity, link: &Link, width: usize) -> io::Result<()> {
    let text = format!("{} {}", from.kind(), from.name());
    style::print_wrapped(out, &printable(&text), 2, width, "  ", style::PLAIN)?;
    let text = format!("{}: {}{}", link.why, short(&link.to), when_and_where(link));
    print_lines(out, &printable(&text), 4, width, style::FAINT)
}

fn when_and_where(link: &Link) -> String {
    let time = link.time.map(|time| format!(", {} {}", date(time), clock(time))).unwrap_or_default();
    format!("{time}  {}", place(&link.evidence))
}

/// Who leads to whom.
struct Tree<'t> {
    known: &'t [Known],
    at: BTreeMap<&'t Identity, usize>,
    below: BTreeMap<usize, Vec<usize>>,
    /// Other names of one in the same events, which stand on his line.
    beside: BTreeMap<usize, Vec<usize>>,
}

impl<'t> Tree<'t> {
    fn of(known: &'t [Known]) -> Self {
        let at: BTreeMap<&Identity, usize> =
            known.iter().enumerate().map(|(at, known)| (&known.identity, at)).collect();
        let above: Vec<Option<usize>> = known
            .iter()
            .map(|known| known.through.as_ref().and_then(|(from, _)| at.get(from)).copied())
            .collect();
        let leads: BTreeSet<usize> = above.iter().copied().flatten().collect();
        let mut tree = Self { known, at, below: BTreeMap::new(), beside: BTreeMap::new() };
        // A key beside the session that it is of, from one event.
        let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
        let mut sessions: BTreeMap<(usize, &str, &str, u64), usize> = BTreeMap::new();
        for (number, one) in known.iter().enumerate() {
            let (Some(above), Some((_, link))) = (above.get(number).copied().flatten(), &one.through) else {
                continue;
            };
            let place = &link.evidence.place;
            let event = (above, link.evidence.id.as_str(), &*place.file, place.line);
            let is_leaf = !leads.contains(&number);
            match &one.identity {
                _ if is_leaf
                    && (is_same_name(one) || link.why == Why::SameCaller || link.why == Why::TokenOf) =>
                {
                    taken.insert(number, above);
                }
                Identity::Session(_) => {
                    sessions.insert(event, number);
                }
                Identity::AccessKey(_) => {
                    if let Some(session) = sessions.get(&event) {
                        taken.insert(number, *session);
                    }
                }
                _ => {}
            }
        }
        for (number, one) in known.iter().enumerate() {
            if let Some(to) = taken.get(&number) {
                let to = taken.get(to).unwrap_or(to);
                if !is_same_name(one) {
                    tree.beside.entry(*to).or_default().push(number);
                }
            } else if let Some(above) = above.get(number).copied().flatten() {
                let above = taken.get(&above).copied().unwrap_or(above);
                tree.below.entry(above).or_default().push(number);
            }
        }
        // By when they came in.
        for numbers in tree.below.values_mut() {
            numbers.sort_by_key(|at| known.get(*at).map(|known| (known.since, *at)));
        }
        tree
    }

    /// A name, and those that stand beside it.
    fn names(&self, at: usize) -> String {
        let beside = self.beside.get(&at).map(Vec::as_slice).unwrap_or_default();
        let all = std::iter::once(&at).chain(beside).filter_map(|at| self.known.get(*at));
        let names: Vec<String> =
            all.map(|known| format!("{} {}", known.identity.kind(), known.identity.name())).collect();
        printable(&names.join(", "))
    }

    fn get(&self, identity: &Identity) -> Option<&'t Known> {
        self.known.get(*self.at.get(identity)?)
    }

    /// How many steps lead to a name. Names of one in one event are at one place.
    fn depth(&self, identity: &Identity) -> usize {
        let way = std::iter::successors(self.get(identity), |known| self.get(&known.through.as_ref()?.0));
        let steps = way.filter_map(|known| known.through.as_ref()).filter(|(_, link)| !is_same(link));
        steps.take(DEEPEST).count()
    }

    /// Each name behind the one that leads to it, and under it how.
    fn print(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        let roots = self.known.iter().enumerate().filter(|(_, known)| known.through.is_none());
        let margin = " ".repeat(STEP);
        let mut next: Vec<Branch> = roots.map(|(at, _)| Branch::root(at, &margin)).collect();
        next.reverse();
        while let Some(branch) = next.pop() {
            let Some(known) = self.known.get(branch.at) else { continue };
            let below = self.below.get(&branch.at).map(Vec::as_slice).unwrap_or_default();
            let room = width.saturating_sub(columns(&branch.own));
            for (at, line) in lines(&self.names(branch.at), room).into_iter().enumerate() {
                writeln!(out, "{}{line}", if at == 0 { &branch.own } else { &branch.under })?;
            }
            if let Some((_, link)) = &known.through {
                let bar = if below.is_empty() || branch.is_deepest() { "  " } else { "│ " };
                let how = printable(&format!("{}{}", link.why, when_and_where(link)));
                let sure = unsure(known.strength);
                let room = width.saturating_sub(columns(&branch.under)).saturating_sub(STEP);
                for line in lines(&format!("{how}{sure}"), room) {
                    writeln!(out, "{}{bar}{}", branch.under, paint(style::FAINT, &line))?;
                }
            }
            for (at, number) in below.iter().enumerate().rev() {
                let is_last = at.saturating_add(1) == below.len();
                next.push(branch.below(*number, is_last));
            }
        }
        Ok(())
    }
}

/// A text in lines of a width; a word that is longer, as paths are, stays whole so that it can be copied.
fn lines(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if columns(line).saturating_add(columns(word)) < width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.into_iter().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// Prints a text in lines behind a margin.
fn print_lines(out: &mut dyn Write, text: &str, margin: usize, width: usize, looks: Style) -> io::Result<()> {
    for line in lines(text, width.saturating_sub(margin)) {
        writeln!(out, "{}{}", " ".repeat(margin), paint(looks, &line))?;
    }
    Ok(())
}

/// A place in the tree: what stands before a name, and before what is under it.
struct Branch {
    at: usize,
    depth: usize,
    own: String,
    under: String,
}

impl Branch {
    fn root(at: usize, margin: &str) -> Self {
        Self { at, depth: 0, own: margin.to_owned(), under: margin.to_owned() }
    }

    fn is_deepest(&self) -> bool {
        self.depth >= DEEPEST
    }

    fn below(&self, at: usize, is_last: bool) -> Self {
        let Self { depth, under, .. } = self;
        if self.is_deepest() {
            return Self { at, depth: *depth, own: under.clone(), under: under.clone() };
        }
        let (own, under) = if is_last {
            (format!("{under}└─ "), format!("{under}   "))
        } else {
            (format!("{under}├─ "), format!("{under}│  "))
        };
        Self { at, depth: depth.saturating_add(1), own, under }
    }
}

/// The entries in the order of time, under the days and behind whoever did them; the same again is counted.
fn print_entries(out: &mut dyn Write, entries: &[Entry], tree: &Tree<'_>, width: usize) -> io::Result<()> {
    let mut spots: BTreeSet<Spot<'_>> = BTreeSet::new();
    let crowded: Crowded<'_> =
        entries.iter().map(|entry| spot(&entry.evidence)).filter(|spot| !spots.insert(*spot)).collect();
    let mut day = None;
    let mut doer: Option<(&Identity, String)> = None;
    let mut rest = entries;
    while let Some((first, _)) = rest.split_first() {
        let same = rest.iter().take_while(|entry| is_again(first, entry)).count().max(1);
        let (group, later) = rest.split_at_checked(same).unwrap_or((rest, &[]));
        rest = later;
        let today = first.time.map_or_else(|| "at times that are not recorded".to_owned(), date);
        if day.as_ref() != Some(&today) {
            writeln!(out, "  {}", paint(style::FAINT, &today))?;
            (day, doer) = (Some(today), None);
        }
        let margin = STEP.saturating_add(tree.depth(&first.identity).saturating_mul(STEP));
        let who = whom(first);
        // A call to AWS has no name of Kubernetes: that is no other doer.
        if doer
            .as_ref()
            .is_none_or(|(identity, known)| *identity != &first.identity || !known.starts_with(&who))
        {
            style::print_wrapped(out, &who, margin, width, "  ", style::HEADING)?;
            doer = Some((&first.identity, who));
        }
        print_group(out, group, &crowded, margin.saturating_add(STEP), width)?;
    }
    Ok(())
}

/// Several entries that are the same but for their time, or one.
fn print_group(
    out: &mut dyn Write,
    group: &[Entry],
    crowded: &Crowded<'_>,
    margin: usize,
    width: usize,
) -> io::Result<()> {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return Ok(()) };
    let time = first.time.map_or_else(|| "        ".to_owned(), clock);
    let mut text = printable(&first.what());
    if !first.impersonated.is_empty() {
        text = format!("{text} in the name of {}", printable(&first.impersonated));
    }
    if let (2.., Some(until)) = (group.len(), last.time) {
        text = format!("{text}  ({} times, until {})", group.len(), clock(until));
    }
    let looks = if first.result().is_some() { style::FAINT } else { style::PLAIN };
    let result = first.result().map(|result| format!("  {}", printable(&result))).unwrap_or_default();
    let indent = " ".repeat(CLOCK);
    let is_part = types(group).into_iter().any(is_sequence);
    let part = if is_part { "  ◆" } else { "" };
    style::print_wrapped(out, &format!("{time}  {text}{result}{part}"), margin, width, &indent, looks)?;
    let inner = margin.saturating_add(CLOCK);
    for name in types(group).into_iter().filter(|name| !is_sequence(name)) {
        print_lines(out, &format!("▲ {name}"), inner, width, style::WARNING)?;
    }
    let source = if first.source.is_empty() { String::new() } else { format!("from {}  ", first.source) };
    let more = match group.len() {
        1 => String::new(),
        number => format!("  and {} more", number.saturating_sub(1)),
    };
    let spot = printable(&format!("{source}{}{more}", event(&first.evidence, crowded)));
    print_lines(out, &spot, inner, width, style::FAINT)
}

/// Whether a type is of findings that rest on others: nearly all that an intruder does is part of one.
fn is_sequence(name: &str) -> bool {
    name.starts_with("AttackSequence:")
}

/// Whether one entry is another once more.
fn is_again(first: &Entry, entry: &Entry) -> bool {
    let what = |entry: &Entry| {
        let Entry { identity, username, impersonated, outcome, error, source, .. } = entry;
        (
            identity.clone(),
            username.clone(),
            impersonated.clone(),
            entry.what(),
            *outcome,
            error.clone(),
            source.clone(),
        )
    };
    entry.time.map(date) == first.time.map(date) && what(entry) == what(first)
}

/// Who did it, by the strongest of the names, and as which user of Kubernetes if that is another.
fn whom(entry: &Entry) -> String {
    let name = entry.names.first().unwrap_or(&entry.identity);
    let mut who = format!("{} {}", name.kind(), short(name));
    if *name != entry.identity {
        who = format!("{who}, {} {}", entry.identity.kind(), short(&entry.identity));
    }
    if !entry.username.is_empty() && name.name() != entry.username {
        who = format!("{who}, to the cluster {}", short(&Identity::KubernetesUser(entry.username.clone())));
    }
    let sure = match entry.strength {
        Strength::Shared if entry.is_from_same => "  [shared, but from an address of his]",
        strength => unsure(strength),
    };
    printable(&format!("{who}{sure}"))
}

/// What is to be added where it is not sure that it was he.
fn unsure(strength: Strength) -> &'static str {
    match strength {
        Strength::Exact => "",
        Strength::Name => "  [by name]",
        Strength::Shared => "  [shared: may be another that runs as it]",
    }
}

/// Whether somebody is to the cluster by the name that he has anyway.
fn is_same_name(known: &Known) -> bool {
    let above = known.through.as_ref().map(|(from, _)| from.name());
    matches!(known.identity, Identity::KubernetesUser(_)) && above == Some(known.identity.name())
}

/// Whether a link is between names of one in one event.
fn is_same(link: &Link) -> bool {
    matches!(link.why, Why::SameCaller | Why::TokenOf | Why::MappedTo)
}

/// A name as short as it can be told.
fn short(identity: &Identity) -> String {
    let name = identity.name();
    match identity {
        Identity::Session(_) => after(&name, ":assumed-role/"),
        Identity::Principal(_) => after(&name, ":user/"),
        Identity::KubernetesUser(_) => after(&name, "system:serviceaccount:"),
        _ => name,
    }
}

fn after(text: &str, mark: &str) -> String {
    text.split_once(mark).map_or(text, |(_, rest)| rest).to_owned()
}

/// Where an event stands; and its id, if several stand there.
fn event(evidence: &Evidence, crowded: &Crowded<'_>) -> String {
    let kind = if evidence.is_record { "eventID" } else { "auditID" };
    let is_alone = !crowded.contains(&spot(evidence));
    let id = if is_alone { String::new() } else { format!(" {kind} {}", evidence.id) };
    format!("{}{id}", place(evidence))
}

fn spot(evidence: &Evidence) -> Spot<'_> {
    (&evidence.place.file, evidence.place.line)
}

fn place(evidence: &Evidence) -> String {
    format!("{}:{}", evidence.place.file, evidence.place.line)
}

/// `2026-10-12`.
fn date(time: i64) -> String {
    time::text(time).split('T').next().unwrap_or_default().to_owned()
}

/// `09:04:30`.
fn clock(time: i64) -> String {
    let text = time::text(time);
    text.split_once('T')
        .map(|(_, clock)| clock.split('.').next().unwrap_or_default().to_owned())
        .unwrap_or_default()
}

fn columns(text: &str) -> usize {
    text.chars().count()
}
