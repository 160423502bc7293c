//! Boxes put into columns from left to right, so that most arrows point right and few cross.
//!
//! The steps of Sugiyama, Tagawa and Toda (1981): break cycles, assign layers, order within layers. Ways over several columns get
//! a place of their own in each column between.

use std::collections::{BTreeMap, BTreeSet};

/// Passes that put each box beside those that it is joined with. Few are needed; more change nothing.
const PASSES: usize = 12;

/// Who stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Item {
    /// A box.
    Frame(usize),
    /// The way from one box to another passes here.
    Way(usize, usize),
}

/// Columns of items from top to bottom, and which way each pair of joined boxes goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layers {
    pub(crate) columns: Vec<Vec<Item>>,
    /// Column of each box that is joined with another.
    pub(crate) column_of: BTreeMap<usize, usize>,
}

/// Puts boxes into columns. `ways` are pairs of boxes that arrows join, with how many do; `first` and `last` boxes are at the ends.
pub(crate) fn layers(ways: &BTreeMap<(usize, usize), usize>, first: &[usize], last: &[usize]) -> Layers {
    let boxes: BTreeSet<usize> = ways.keys().flat_map(|(from, to)| [*from, *to]).collect();
    let order = order(&boxes, ways, first, last);
    let place: BTreeMap<usize, usize> = order.iter().enumerate().map(|(at, frame)| (*frame, at)).collect();
    let forward = |from: usize, to: usize| place.get(&from) < place.get(&to);
    let mut column_of: BTreeMap<usize, usize> = BTreeMap::new();
    for frame in &order {
        let before = ways.keys().filter_map(|(from, to)| {
            // An arrow that points left joins the same columns as one that points right.
            let (from, to) = if forward(*from, *to) { (*from, *to) } else { (*to, *from) };
            (to == *frame).then(|| column_of.get(&from).map_or(0, |column| column + 1))
        });
        column_of.insert(*frame, before.max().unwrap_or(0));
    }
    // Whoever has nothing before it stands as near as can be to what it is joined with.
    for frame in order.iter().rev().filter(|frame| !first.contains(frame)) {
        let joined = |side: bool| {
            let column_of = &column_of;
            ways.keys().filter_map(move |(from, to)| {
                let (from, to) = if forward(*from, *to) { (*from, *to) } else { (*to, *from) };
                let (here, there) = if side { (from, to) } else { (to, from) };
                (here == *frame).then(|| column_of.get(&there).copied()).flatten()
            })
        };
        if joined(false).next().is_none()
            && let Some(nearest) = joined(true).min()
        {
            column_of.insert(*frame, nearest.saturating_sub(1));
        }
    }
    let count = column_of.values().max().map_or(0, |most| most + 1);
    for frame in last.iter().filter(|frame| boxes.contains(frame)) {
        column_of.insert(*frame, count.saturating_sub(1));
    }
    let mut columns: Vec<Vec<Item>> = vec![Vec::new(); count];
    let mut put = |column: usize, item: Item| {
        if let Some(items) = columns.get_mut(column) {
            items.push(item);
        }
    };
    for frame in &order {
        put(column_of.get(frame).copied().unwrap_or(0), Item::Frame(*frame));
    }
    for (from, to) in ways.keys() {
        for column in between(&column_of, *from, *to) {
            put(column, Item::Way(*from, *to));
        }
    }
    arrange(&mut columns, &column_of, ways);
    Layers { columns, column_of }
}

/// Columns strictly between two boxes, from the first's to the second's.
pub(crate) fn between(column_of: &BTreeMap<usize, usize>, from: usize, to: usize) -> Vec<usize> {
    let column = |frame: usize| column_of.get(&frame).copied().unwrap_or(0);
    let (a, b) = (column(from), column(to));
    if a <= b { (a + 1..b).collect() } else { (b + 1..a).rev().collect() }
}

/// An order in which few arrows point back: whoever only sends comes first, whoever only receives last, and then whoever sends most more
/// than it receives (Eades, Lin and Smyth, 1993).
fn order(
    boxes: &BTreeSet<usize>,
    ways: &BTreeMap<(usize, usize), usize>,
    first: &[usize],
    last: &[usize],
) -> Vec<usize> {
    let mut left: BTreeSet<usize> = boxes.clone();
    let mut head: Vec<usize> = first.iter().copied().filter(|frame| left.remove(frame)).collect();
    let tail_end: Vec<usize> = last.iter().copied().filter(|frame| left.remove(frame)).collect();
    let mut tail: Vec<usize> = Vec::new();
    while !left.is_empty() {
        let sums = |frame: usize| {
            let inner =
                ways.iter().filter(|((from, to), _)| from != to && left.contains(from) && left.contains(to));
            inner.fold((0_usize, 0_usize), |(out, into), ((from, to), count)| {
                (out + usize::from(*from == frame) * count, into + usize::from(*to == frame) * count)
            })
        };
        let all: Vec<(usize, usize, usize)> =
            left.iter().map(|frame| (*frame, sums(*frame).0, sums(*frame).1)).collect();
        if let Some((sink, ..)) = all.iter().find(|(_, out, into)| *out == 0 && *into > 0) {
            left.remove(sink);
            tail.push(*sink);
            continue;
        }
        let most = all.iter().max_by_key(|(frame, out, into)| {
            (*into == 0, *out as i64 - *into as i64, std::cmp::Reverse(*frame))
        });
        let Some((frame, ..)) = most else { break };
        left.remove(frame);
        head.push(*frame);
    }
    head.extend(tail.into_iter().rev());
    head.extend(tail_end);
    head
}

/// Neighbours of each item in the columns beside it.
pub(crate) fn joined(
    column_of: &BTreeMap<usize, usize>,
    ways: &BTreeMap<(usize, usize), usize>,
) -> BTreeMap<(usize, Item), Vec<(usize, Item)>> {
    let mut joined: BTreeMap<(usize, Item), Vec<(usize, Item)>> = BTreeMap::new();
    for (from, to) in ways.keys() {
        let column = |frame: usize| column_of.get(&frame).copied().unwrap_or(0);
        let mut path = vec![(column(*from), Item::Frame(*from))];
        path.extend(between(column_of, *from, *to).into_iter().map(|at| (at, Item::Way(*from, *to))));
        path.push((column(*to), Item::Frame(*to)));
        for (a, b) in path.iter().zip(path.iter().skip(1)) {
            joined.entry(*a).or_default().push(*b);
            joined.entry(*b).or_default().push(*a);
        }
    }
    joined
}

/// Orders each column by the middle of what its items are joined with, forth and back.
fn arrange(
    columns: &mut [Vec<Item>],
    column_of: &BTreeMap<usize, usize>,
    ways: &BTreeMap<(usize, usize), usize>,
) {
    let joined = joined(column_of, ways);
    let count = columns.len();
    for pass in 0..PASSES {
        let forth = pass % 2 == 0;
        for step in 0..count {
            let at = if forth { step } else { count - 1 - step };
            let beside = if forth { at.checked_sub(1) } else { Some(at + 1).filter(|next| *next < count) };
            let Some(beside) = beside else { continue };
            let places: BTreeMap<Item, usize> = columns
                .get(beside)
                .map(|items| items.iter().enumerate().map(|(place, item)| (*item, place)).collect())
                .unwrap_or_default();
            let Some(items) = columns.get_mut(at) else { continue };
            let length = places.len().max(1);
            let middle = |(place, item): (usize, &Item)| {
                let near: Vec<usize> = (joined.get(&(at, *item)).into_iter().flatten())
                    .filter(|(column, _)| *column == beside)
                    .filter_map(|(_, other)| places.get(other).copied())
                    .collect();
                // In thousandths of the column beside; whoever is joined with nobody there keeps its place.
                match near.len() {
                    0 => place * 1000 / length.max(place + 1),
                    many => near.iter().sum::<usize>() * 1000 / many / length,
                }
            };
            let mut keyed: Vec<(usize, usize, Item)> =
                items.iter().enumerate().map(|(place, item)| (middle((place, item)), place, *item)).collect();
            keyed.sort();
            *items = keyed.into_iter().map(|(.., item)| item).collect();
        }
    }
}
