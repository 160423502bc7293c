//! `reach diff`: what opened, what closed.

use std::io::{self, BufWriter, Write};

use ringwall_network::{Diff, DiffParty, Network, Turn, diff};
use serde::Serialize;

use crate::cli::{DiffFailOn, Format, ReachDiff};
use crate::error::{Exit, Failure};
use crate::render::json::{self, DecisionJson, SpanJson};
use crate::render::reach_text::ports;
use crate::render::{reason, style};
use crate::session;

/// Senders or receivers of one change that are named in the text; the rest is counted, the JSON has all.
const NAMED: usize = 6;

/// Pairs that opened and are told in the text, each with its proof; and that closed, without.
const OPENED: usize = 50;
const CLOSED: usize = 40;

#[derive(Debug, Serialize)]
struct DiffJson<'a> {
    version: u32,
    results: Vec<ChangeJson<'a>>,
    added: Vec<PartyJson<'a>>,
    removed: Vec<PartyJson<'a>>,
}

#[derive(Debug, Serialize)]
struct ChangeJson<'a> {
    change: &'static str,
    from: Vec<PartyJson<'a>>,
    to: Vec<PartyJson<'a>>,
    traffic: Vec<SpanJson>,
    before: Option<DecisionJson<'a>>,
    after: Option<DecisionJson<'a>>,
}

/// Who is told of, as in the JSON of all pairs.
#[derive(Debug, Default, Serialize)]
struct PartyJson<'a> {
    side: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<std::collections::BTreeMap<&'a str, &'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ranges: Option<Vec<String>>,
}

/// Compares two snapshots.
pub(super) fn run(args: &ReachDiff) -> Result<Exit, Failure> {
    let (before, after) = (session::open(&args.before)?, session::open(&args.after)?);
    session::print_problems(&before.problems)?;
    session::print_problems(&after.problems)?;
    let changed = diff(&Network::new(&before.cluster), &Network::new(&after.cluster));
    match args.output.format {
        Format::Json => {
            let mut out = BufWriter::new(io::stdout().lock());
            json::print(&mut out, &shape(&changed))?;
            out.flush()?;
        }
        Format::Text => {
            let mut out = BufWriter::new(anstream::stdout().lock());
            let title = format!("{} → {}", args.before.display(), args.after.display());
            print(&mut out, &title, &changed)?;
            out.flush()?;
        }
    }
    let opened = changed.changes.iter().any(|change| change.opened.is_some());
    let closed = changed.changes.iter().any(|change| change.closed.is_some());
    let failed = match args.fail_on {
        None => false,
        Some(DiffFailOn::Opened) => opened,
        Some(DiffFailOn::Closed) => closed,
        Some(DiffFailOn::Changed) => opened || closed,
    };
    let problems: Vec<_> = before.problems.into_iter().chain(after.problems).collect();
    Ok(session::exit(if failed { Exit::No } else { Exit::Fine }, &problems))
}

/// Every turn with its ends: what opened before what closed.
fn turns(diff: &Diff) -> impl Iterator<Item = (&'static str, &[DiffParty], &[DiffParty], &Turn)> {
    let of = |word: &'static str| {
        diff.changes.iter().filter_map(move |change| {
            let turn = if word == "opened" { &change.opened } else { &change.closed };
            Some((word, change.from.as_slice(), change.to.as_slice(), turn.as_ref()?))
        })
    };
    of("opened").chain(of("closed"))
}

fn shape(diff: &Diff) -> DiffJson<'_> {
    let results = turns(diff).map(|(change, from, to, turn)| ChangeJson {
        change,
        from: from.iter().map(party).collect(),
        to: to.iter().map(party).collect(),
        traffic: json::spans(&turn.traffic),
        before: turn.before.as_ref().map(DecisionJson::from),
        after: turn.after.as_ref().map(DecisionJson::from),
    });
    DiffJson {
        version: json::VERSION,
        results: results.collect(),
        added: diff.added.iter().map(party).collect(),
        removed: diff.removed.iter().map(party).collect(),
    }
}

fn party(party: &DiffParty) -> PartyJson<'_> {
    match party {
        DiffParty::Workload(reference) => PartyJson {
            side: "pods",
            namespace: reference.namespace.as_deref(),
            kind: Some(&reference.kind),
            name: Some(&reference.name),
            ..PartyJson::default()
        },
        DiffParty::Pods { namespace, labels } => PartyJson {
            side: "pods",
            namespace: Some(namespace),
            labels: Some(labels.iter().map(|(key, value)| (&**key, &**value)).collect()),
            ..PartyJson::default()
        },
        DiffParty::Nodes => PartyJson { side: "nodes", ..PartyJson::default() },
        DiffParty::Outside(ranges) => PartyJson {
            side: "outside",
            ranges: Some(ranges.iter().map(ToString::to_string).collect()),
            ..PartyJson::default()
        },
    }
}

fn print(out: &mut dyn Write, title: &str, diff: &Diff) -> io::Result<()> {
    let width = style::width();
    let count = |word: &str| turns(diff).filter(|(change, ..)| *change == word).count();
    let (opened, closed) = (count("opened"), count("closed"));
    writeln!(out, "{}", style::paint(style::HEADING, &style::printable(title)))?;
    match (opened, closed) {
        (0, 0) => writeln!(out, "nothing opened, nothing closed")?,
        _ => writeln!(out, "{opened} opened, {closed} closed")?,
    }
    if opened > 0 {
        writeln!(out, "\n{}", style::paint(style::HEADING, "opened"))?;
    }
    for (_, from, to, turn) in turns(diff).filter(|(change, ..)| *change == "opened").take(OPENED) {
        writeln!(out)?;
        pair(out, from, to, turn, width)?;
        for (when, decision) in [("before", &turn.before), ("after", &turn.after)] {
            let Some(decision) = decision else { continue };
            let answer = match decision.verdict {
                ringwall_model::Verdict::Allowed => "allowed",
                ringwall_model::Verdict::Denied => "denied",
                ringwall_model::Verdict::Unknown => "unknown",
            };
            writeln!(out, "    {}", style::paint(style::FAINT, &format!("{when}: {answer}")))?;
            reason::print(out, decision, 6, width)?;
        }
    }
    more(out, opened, OPENED)?;
    if closed > 0 {
        writeln!(out, "\n{}\n", style::paint(style::HEADING, "closed"))?;
    }
    for (_, from, to, turn) in turns(diff).filter(|(change, ..)| *change == "closed").take(CLOSED) {
        pair(out, from, to, turn, width)?;
    }
    more(out, closed, CLOSED)?;
    for (what, parties) in [("only before", &diff.removed), ("only after", &diff.added)] {
        if !parties.is_empty() {
            writeln!(out, "\n{}", style::paint(style::HEADING, what))?;
            let names: Vec<String> = parties.iter().map(name).collect();
            style::print_wrapped(out, &style::printable(&names.join(", ")), 2, width, "  ", style::PLAIN)?;
        }
    }
    Ok(())
}

fn pair(
    out: &mut dyn Write,
    from: &[DiffParty],
    to: &[DiffParty],
    turn: &Turn,
    width: usize,
) -> io::Result<()> {
    let line = format!("{} → {}  {}", names(from), names(to), ports(&turn.traffic));
    style::print_wrapped(out, &style::printable(&line), 2, width, "    ", style::PLAIN)
}

fn more(out: &mut dyn Write, count: usize, shown: usize) -> io::Result<()> {
    match count.checked_sub(shown).filter(|more| *more > 0) {
        Some(more) => writeln!(out, "  … and {more} more; `--output json` has all, with their proof"),
        None => Ok(()),
    }
}

fn names(parties: &[DiffParty]) -> String {
    let mut names: Vec<String> = parties.iter().take(NAMED).map(name).collect();
    if let Some(more) = parties.len().checked_sub(NAMED).filter(|more| *more > 0) {
        names.push(format!("{more} more"));
    }
    names.join(", ")
}

fn name(party: &DiffParty) -> String {
    match party {
        DiffParty::Workload(reference) => {
            let namespace = reference.namespace.as_deref().unwrap_or_default();
            format!("{namespace}/{}/{}", reference.kind, reference.name)
        }
        DiffParty::Pods { namespace, labels } => {
            let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
            format!("pods of {namespace} with {}", labels.join(","))
        }
        DiffParty::Nodes => "the nodes".to_owned(),
        DiffParty::Outside(ranges) => {
            let shown: Vec<String> = ranges.iter().take(3).map(ToString::to_string).collect();
            let more = ranges.len().saturating_sub(3);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("outside {}{more}", shown.join(", "))
        }
    }
}
