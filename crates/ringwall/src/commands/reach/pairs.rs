//! All pairs, in the form that is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufWriter, Write as _};

use ringwall_drawing::{Graph, Party, Side, csv, dot, html, svg};
use ringwall_network::Network;

use super::{graph, judged};
use crate::cli::{ReachAsk, ReachFormat};
use crate::error::{Exit, Failure};
use crate::question::did_you_mean;
use crate::render::{reach_json, reach_text};
use crate::session;

/// Tells of all pairs.
pub(super) fn run(args: &ReachAsk) -> Result<Exit, Failure> {
    let snapshot = session::open(&args.folder)?;
    let cluster = &snapshot.cluster;
    let network = Network::new(cluster);
    let mut notes = judged::lines(cluster);
    if !snapshot.problems.is_empty() {
        notes.push(format!(
            "{} parts of the snapshot could not be read: what they say is not in here",
            snapshot.problems.len()
        ));
    }
    let is_brief = !matches!(args.format, ReachFormat::Json | ReachFormat::Csv);
    let mut graph = graph::graph(&network, session::title(cluster, &args.folder), notes, is_brief);
    filter(&mut graph, args)?;
    session::print_problems(&snapshot.problems)?;
    let mut out = BufWriter::new(io::stdout().lock());
    match args.format {
        ReachFormat::Text => {
            reach_text::print(&mut BufWriter::new(anstream::stdout().lock()), &graph, &args.folder)?;
        }
        ReachFormat::Json => reach_json::print(&mut out, &graph)?,
        ReachFormat::Csv => csv(&graph, &mut out)?,
        ReachFormat::Dot => out.write_all(dot(&graph).as_bytes())?,
        ReachFormat::Svg => out.write_all(svg(&graph).as_bytes())?,
        ReachFormat::Html => out.write_all(html(&graph).as_bytes())?,
    }
    out.flush()?;
    Ok(session::exit(Exit::Fine, &snapshot.problems))
}

/// Keeps the links that are asked for, and the parties that these join.
fn filter(graph: &mut Graph, args: &ReachAsk) -> Result<(), Failure> {
    if args.senders.is_empty() && args.receivers.is_empty() && args.namespaces.is_empty() {
        return Ok(());
    }
    let chosen = |words: &[String]| -> Result<Option<BTreeSet<usize>>, Failure> {
        let mut chosen = BTreeSet::new();
        for word in words {
            let of_word = |at: &usize| graph.parties.get(*at).is_some_and(|party| is(party, word));
            let before = chosen.len();
            chosen.extend((0..graph.parties.len()).filter(of_word));
            if chosen.len() == before && !(0..graph.parties.len()).any(|at| of_word(&at)) {
                let known: BTreeSet<String> = graph
                    .parties
                    .iter()
                    .flat_map(|party| {
                        [party.namespace.clone(), format!("{}/{}", party.namespace, party.name)]
                    })
                    .collect();
                let hint = did_you_mean(word, known.iter().map(String::as_str))
                    .unwrap_or_else(|| "as a namespace, NAMESPACE/NAME, nodes or outside".to_owned());
                return Err(Failure::misuse_hint(format!("the snapshot has no `{word}`"), hint));
            }
        }
        Ok((!words.is_empty()).then_some(chosen))
    };
    let (senders, receivers) = (chosen(&args.senders)?, chosen(&args.receivers)?);
    let either = chosen(&args.namespaces)?;
    let within = |set: &Option<BTreeSet<usize>>, at: usize| set.as_ref().is_none_or(|set| set.contains(&at));
    let keep = |from: usize, to: usize| {
        within(&senders, from)
            && within(&receivers, to)
            && either.as_ref().is_none_or(|set| set.contains(&from) || set.contains(&to))
    };
    let mark = |at: usize| {
        let in_either = either.as_ref().is_some_and(|set| set.contains(&at));
        (within(&senders, at), within(&receivers, at), in_either)
    };
    *graph = restricted(graph, &mark, &keep);
    Ok(())
}

/// Whether a word of `--from`, `--to` or `--namespace` means a party.
fn is(party: &Party, word: &str) -> bool {
    match word.split('/').collect::<Vec<_>>().as_slice() {
        ["outside"] => party.side == Side::Outside,
        ["nodes"] => party.side == Side::Node,
        [namespace] => party.side == Side::Pods && party.namespace == *namespace,
        [namespace, name] => party.namespace == *namespace && party.name == *name,
        [namespace, kind, name] => {
            party.namespace == *namespace && party.kind.eq_ignore_ascii_case(kind) && party.name == *name
        }
        _ => false,
    }
}

/// A graph with the pairs that are kept, which parties of equal marks share. Classes are split by marks, so that members of one are still
/// alike.
fn restricted(
    graph: &Graph,
    mark: &dyn Fn(usize) -> (bool, bool, bool),
    keep: &dyn Fn(usize, usize) -> bool,
) -> Graph {
    let mut classes: Vec<(usize, Vec<usize>)> = Vec::new();
    for (class, members) in graph.classes.iter().enumerate() {
        let mut split: BTreeMap<(bool, bool, bool), Vec<usize>> = BTreeMap::new();
        for member in members {
            split.entry(mark(*member)).or_default().push(*member);
        }
        classes.extend(split.into_values().map(|members| (class, members)));
    }
    let first = |at: usize| classes.get(at).and_then(|(_, members)| members.first()).copied();
    let parts = |class: usize| -> Vec<usize> {
        let of_class = classes.iter().enumerate().filter(|(_, (old, _))| *old == class);
        of_class.map(|(at, _)| at).collect()
    };
    let mut links = Vec::new();
    let mut used = BTreeSet::new();
    for link in &graph.links {
        for from in parts(link.from) {
            for to in parts(link.to) {
                if let (Some(sender), Some(receiver)) = (first(from), first(to))
                    && keep(sender, receiver)
                {
                    links.push(ringwall_drawing::Link { from, to, ..link.clone() });
                    used.extend([from, to]);
                }
            }
        }
    }
    // Who is in no link any more is left out, and places move up.
    let mut place = vec![usize::MAX; graph.parties.len()];
    let mut parties = Vec::new();
    let mut kept = Vec::new();
    let mut class_place = vec![usize::MAX; classes.len()];
    for (at, (_, members)) in classes.iter().enumerate().filter(|(at, _)| used.contains(at)) {
        if let Some(slot) = class_place.get_mut(at) {
            *slot = kept.len();
        }
        kept.push(members.clone());
    }
    let staying: BTreeSet<usize> = kept.iter().flatten().copied().collect();
    for at in &staying {
        if let (Some(slot), Some(party)) = (place.get_mut(*at), graph.parties.get(*at)) {
            *slot = parties.len();
            parties.push(party.clone());
        }
    }
    for members in &mut kept {
        for member in members.iter_mut() {
            *member = place.get(*member).copied().unwrap_or(usize::MAX);
        }
    }
    for link in &mut links {
        link.from = class_place.get(link.from).copied().unwrap_or(usize::MAX);
        link.to = class_place.get(link.to).copied().unwrap_or(usize::MAX);
    }
    Graph {
        title: graph.title.clone(),
        notes: graph.notes.clone(),
        is_part: true,
        parties,
        classes: kept,
        links,
    }
}
