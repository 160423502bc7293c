//! Places: of boxes, rows, doors, and the ways of arrows.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::graph::Side;
use crate::layers::{Item, between, joined, layers};
use crate::scene::{Arrow, Frame, Row, Scene};
use crate::text::columns;

/// Height of a row's first line.
pub(crate) const LINE: i32 = 20;
/// Height of its further lines.
pub(crate) const SMALL: i32 = 15;
/// Height of a box's own first line.
pub(crate) const HEAD: i32 = 26;
/// Room within a box.
pub(crate) const PAD: i32 = 10;
/// Indent of a row's further lines.
pub(crate) const INDENT: i32 = 12;
/// Room around everything.
const MARGIN: i32 = 28;
/// Room between columns, in which arrows run.
const GUTTER: i32 = 128;
/// Room between boxes of a column.
const GAP: i32 = 22;
/// Height of a way through a column.
const WAY: i32 = 12;
/// Where arrows of one way come together, from the box they come from and before the one they go to.
const GATHER: i32 = 40;
/// How far the arrow within a box leaves it.
const LOOP: i32 = 22;
/// Width of a column of text: of 12 and of 10.5 pixels, somewhat more than sans-serif needs.
const LETTER: i32 = 74;
const SMALL_LETTER: i32 = 64;
/// Least and most width of the field of boxes without arrows.
const FIELD: i32 = 1180;
/// Passes that move boxes towards what they are joined with.
const PASSES: usize = 8;

/// A scene with places.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) width: i32,
    pub(crate) height: i32,
    pub(crate) boxes: Vec<Place>,
    /// Of each arrow, its path.
    pub(crate) paths: Vec<String>,
    /// Where the legend begins.
    pub(crate) legend: i32,
    /// Where boxes without arrows begin, if there are both kinds.
    pub(crate) field: Option<i32>,
}

/// A box with its place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) width: i32,
    pub(crate) height: i32,
    /// Of each row, where it begins below the box's top.
    pub(crate) rows: Vec<i32>,
}

/// Height of a row with its marks and doors.
fn height(row: &Row, is_head: bool) -> i32 {
    let further = i32::try_from(row.marks.len() + row.doors.len()).unwrap_or(i32::MAX / SMALL);
    (if is_head { HEAD } else { LINE }) + further * SMALL + if is_head && further > 0 { 4 } else { 0 }
}

fn text_width(text: &str, letter: i32) -> i32 {
    i32::try_from(columns(text)).unwrap_or(0) * letter / 10
}

fn measure(frame: &Frame) -> Place {
    let mut rows = Vec::with_capacity(frame.rows.len());
    let (mut y, mut width) = (0, 120);
    for (at, row) in frame.rows.iter().enumerate() {
        rows.push(y);
        y += height(row, at == 0);
        let kind = if row.kind.is_empty() { 0 } else { text_width(&row.kind, SMALL_LETTER) + 10 };
        width = width.max(text_width(&row.name, LETTER) + kind + 2 * PAD);
        let further = row.marks.iter().map(|mark| &mark.text).chain(row.doors.iter().map(|door| &door.text));
        for text in further {
            width = width.max(text_width(text, SMALL_LETTER) + 2 * PAD + INDENT + 4);
        }
    }
    Place { x: 0, y: 0, width, height: y + PAD / 2, rows }
}

/// Gives everything its place; `top` is left free for the heading.
pub(crate) fn lay_out(scene: &Scene, top: i32, least_width: i32) -> Layout {
    let mut boxes: Vec<Place> = scene.boxes.iter().map(measure).collect();
    let mut ways: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for arrow in scene.arrows.iter().filter(|arrow| arrow.from.frame != arrow.to.frame) {
        *ways.entry((arrow.from.frame, arrow.to.frame)).or_default() += 1;
    }
    let is_at = |place: usize, sends: bool| {
        let of_outside = scene.boxes.get(place).is_some_and(|frame| frame.side == Side::Outside);
        of_outside && ways.keys().any(|(from, to)| if sends { *from == place } else { *to == place })
    };
    let all: Vec<usize> = (0..scene.boxes.len()).collect();
    let first: Vec<usize> = all.iter().copied().filter(|at| is_at(*at, true)).collect();
    let last: Vec<usize> = all.iter().copied().filter(|at| is_at(*at, false)).collect();
    let layers = layers(&ways, &first, &last);
    let mut rows_of_ways: BTreeMap<(usize, usize, usize), i32> = BTreeMap::new();
    let xs = columns_x(&layers.columns, &boxes);
    let ys = stack(&layers.columns, &layers.column_of, &boxes, &ways, top);
    let mut bottom = top;
    for (column, items) in layers.columns.iter().enumerate() {
        let (x, width) = xs.get(column).copied().unwrap_or_default();
        for item in items {
            let y = ys.get(&(column, *item)).copied().unwrap_or(top);
            match item {
                Item::Frame(at) => {
                    let Some(place) = boxes.get_mut(*at) else { continue };
                    (place.x, place.y) = (x + (width - place.width) / 2, y);
                    bottom = bottom.max(y + place.height);
                }
                Item::Way(from, to) => {
                    rows_of_ways.insert((*from, *to, column), y + WAY / 2);
                    bottom = bottom.max(y + WAY);
                }
            }
        }
    }
    let right = xs.last().map_or(0, |(x, width)| x + width);
    let alone: Vec<usize> = all.iter().copied().filter(|at| !layers.column_of.contains_key(at)).collect();
    let field = (!alone.is_empty() && !layers.columns.is_empty()).then_some(bottom + GAP + 6);
    let begin = field.map_or(top, |y| y + 26);
    let (field_right, field_bottom) = flow(&alone, &mut boxes, begin, FIELD.max(right - MARGIN));
    if !alone.is_empty() {
        bottom = field_bottom;
    }
    let tracks =
        Tracks { boxes: &boxes, xs: &xs, column_of: &layers.column_of, rows: &rows_of_ways, ways: &ways };
    let paths = scene.arrows.iter().map(|arrow| tracks.path(scene, arrow)).collect();
    let legend = bottom + GAP + 8;
    Layout {
        width: right.max(field_right).max(least_width - 2 * MARGIN) + MARGIN,
        height: legend + 84,
        boxes,
        paths,
        legend,
        field,
    }
}

/// Where each column begins, and its width.
fn columns_x(columns: &[Vec<Item>], boxes: &[Place]) -> Vec<(i32, i32)> {
    let mut x = MARGIN;
    columns
        .iter()
        .map(|items| {
            let widths = items.iter().filter_map(|item| match item {
                Item::Frame(at) => boxes.get(*at).map(|place| place.width),
                Item::Way(..) => None,
            });
            let column = (x, widths.max().unwrap_or(40));
            x += column.1 + GUTTER;
            column
        })
        .collect()
}

/// Heights at which the items of each column begin: in their order, near what they are joined with.
fn stack(
    columns: &[Vec<Item>],
    column_of: &BTreeMap<usize, usize>,
    boxes: &[Place],
    ways: &BTreeMap<(usize, usize), usize>,
    top: i32,
) -> BTreeMap<(usize, Item), i32> {
    let size = |item: &Item| match item {
        Item::Frame(at) => boxes.get(*at).map_or(0, |place| place.height),
        Item::Way(..) => WAY,
    };
    let joined = joined(column_of, ways);
    let mut ys: BTreeMap<(usize, Item), i32> = BTreeMap::new();
    for (column, items) in columns.iter().enumerate() {
        let mut y = top;
        for item in items {
            ys.insert((column, *item), y);
            y += size(item) + GAP;
        }
    }
    for pass in 0..PASSES {
        for step in 0..columns.len() {
            let column = if pass % 2 == 0 { step } else { columns.len() - 1 - step };
            let Some(items) = columns.get(column) else { continue };
            let wanted: Vec<i32> = items
                .iter()
                .map(|item| {
                    let near: Vec<i32> = (joined.get(&(column, *item)).into_iter().flatten())
                        .filter_map(|other| Some(ys.get(other)? + size(&other.1) / 2))
                        .collect();
                    let middle = match i32::try_from(near.len()) {
                        Ok(many) if many > 0 => near.iter().sum::<i32>() / many,
                        _ => ys.get(&(column, *item)).copied().unwrap_or(top) + size(item) / 2,
                    };
                    middle - size(item) / 2
                })
                .collect();
            for (item, y) in items.iter().zip(apart(items.iter().map(size), &wanted, top)) {
                ys.insert((column, *item), y);
            }
        }
    }
    ys
}

/// Moves what is wanted at a height so far that nothing overlaps, in the given order: what runs into the one before joins it, and such a
/// cluster stands at the middle of what its members want.
fn apart(sizes: impl Iterator<Item = i32>, wanted: &[i32], top: i32) -> Vec<i32> {
    struct Cluster {
        y: i64,
        height: i64,
        sum: i64,
        count: i64,
        offsets: Vec<i64>,
    }
    let mut clusters: Vec<Cluster> = Vec::new();
    for (size, want) in sizes.zip(wanted) {
        let want = i64::from((*want).max(top));
        let mut next =
            Cluster { y: want, height: i64::from(size + GAP), sum: want, count: 1, offsets: vec![0] };
        while clusters.last().is_some_and(|last| last.y + last.height > next.y) {
            let Some(last) = clusters.pop() else { break };
            let shift = last.height;
            let sum = last.sum + next.sum - shift * next.count;
            let count = last.count + next.count;
            let mut offsets = last.offsets;
            offsets.extend(next.offsets.iter().map(|offset| offset + shift));
            let y = (sum / count).max(i64::from(top));
            next = Cluster { y, height: last.height + next.height, sum, count, offsets };
        }
        clusters.push(next);
    }
    let all =
        clusters.iter().flat_map(|cluster| cluster.offsets.iter().map(move |offset| cluster.y + offset));
    all.map(|y| i32::try_from(y).unwrap_or(i32::MAX / 2)).collect()
}

/// Puts boxes without arrows beside each other, each below the shortest column so far.
fn flow(alone: &[usize], boxes: &mut [Place], top: i32, width: i32) -> (i32, i32) {
    let widest = alone.iter().filter_map(|at| boxes.get(*at)).map(|place| place.width).max().unwrap_or(0);
    let count =
        usize::try_from((width + GAP) / (widest + GAP).max(1)).unwrap_or(1).clamp(1, alone.len().max(1));
    let mut heights = vec![top; count];
    let mut right = MARGIN;
    for at in alone {
        let Some(place) = boxes.get_mut(*at) else { continue };
        let Some((column, height)) =
            heights.iter_mut().enumerate().min_by_key(|(column, height)| (**height, *column))
        else {
            continue;
        };
        place.x = MARGIN + i32::try_from(column).unwrap_or(0) * (widest + GAP);
        place.y = *height;
        place.width = widest;
        *height += place.height + GAP;
        right = right.max(place.x + place.width);
    }
    (right, heights.into_iter().max().unwrap_or(top))
}

struct Tracks<'l> {
    boxes: &'l [Place],
    xs: &'l [(i32, i32)],
    column_of: &'l BTreeMap<usize, usize>,
    rows: &'l BTreeMap<(usize, usize, usize), i32>,
    ways: &'l BTreeMap<(usize, usize), usize>,
}

impl Tracks<'_> {
    fn path(&self, scene: &Scene, arrow: &Arrow) -> String {
        let (Some(source), Some(target)) = (self.boxes.get(arrow.from.frame), self.boxes.get(arrow.to.frame))
        else {
            return String::new();
        };
        let from = source.y + source.rows.get(arrow.from.row).copied().unwrap_or(0) + middle(arrow.from.row);
        let to = target.y + target.rows.get(arrow.to.row).copied().unwrap_or(0) + door(scene, arrow);
        if arrow.from.frame == arrow.to.frame {
            let x = source.x + source.width;
            let out = x + LOOP + ((from - to).abs() / 12).min(24);
            return format!("M{x} {from}C{out} {from} {out} {to} {} {to}", x + 1);
        }
        let column = |frame: usize| self.column_of.get(&frame).copied().unwrap_or(0);
        let forward = column(arrow.from.frame) <= column(arrow.to.frame);
        let sign = if forward { 1 } else { -1 };
        let start = (if forward { source.x + source.width } else { source.x }, from);
        let end = (if forward { target.x } else { target.x + target.width }, to);
        let mut points = vec![start];
        let pair = (arrow.from.frame, arrow.to.frame);
        let many = self.ways.get(&pair).is_some_and(|count| *count > 1);
        if many {
            points
                .push((self.edge(column(pair.0), forward) + sign * GATHER, self.gathered(scene, pair, true)));
        }
        for at in between(self.column_of, pair.0, pair.1) {
            let (x, width) = self.xs.get(at).copied().unwrap_or_default();
            let y = self.rows.get(&(pair.0, pair.1, at)).copied().unwrap_or(from);
            let (near, far) = if forward { (x - 8, x + width + 8) } else { (x + width + 8, x - 8) };
            points.extend([(near, y), (far, y)]);
        }
        if many {
            points.push((
                self.edge(column(pair.1), !forward) - sign * GATHER,
                self.gathered(scene, pair, false),
            ));
        }
        points.push(end);
        curve(&points)
    }

    /// The left or right edge of a column.
    fn edge(&self, column: usize, right: bool) -> i32 {
        let (x, width) = self.xs.get(column).copied().unwrap_or_default();
        if right { x + width } else { x }
    }

    /// The height at which all arrows from one box to another come together.
    fn gathered(&self, scene: &Scene, pair: (usize, usize), begin: bool) -> i32 {
        let of_pair = scene.arrows.iter().filter(|arrow| (arrow.from.frame, arrow.to.frame) == pair);
        let ys: Vec<i32> = of_pair
            .filter_map(|arrow| {
                let (spot, inner) =
                    if begin { (arrow.from, middle(arrow.from.row)) } else { (arrow.to, door(scene, arrow)) };
                let place = self.boxes.get(spot.frame)?;
                Some(place.y + place.rows.get(spot.row)? + inner)
            })
            .collect();
        i32::try_from(ys.len()).ok().filter(|many| *many > 0).map_or(0, |many| ys.iter().sum::<i32>() / many)
    }
}

/// Where arrows leave a row, below its beginning.
fn middle(row: usize) -> i32 {
    if row == 0 { HEAD / 2 } else { LINE / 2 }
}

/// Where an arrow's door is, below the beginning of its row.
fn door(scene: &Scene, arrow: &Arrow) -> i32 {
    let row = scene.boxes.get(arrow.to.frame).and_then(|frame| frame.rows.get(arrow.to.row));
    let marks = row.map_or(0, |row| row.marks.len());
    let before = i32::try_from(marks + arrow.door).unwrap_or(0);
    (if arrow.to.row == 0 { HEAD } else { LINE }) + before * SMALL + SMALL / 2 - 1
}

/// A line through points that leaves and reaches each horizontally.
fn curve(points: &[(i32, i32)]) -> String {
    let mut path = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        let Some((before_x, before_y)) = at.checked_sub(1).and_then(|before| points.get(before)) else {
            let _ = write!(path, "M{x} {y}");
            continue;
        };
        let middle = (before_x + x) / 2;
        let _ = if before_y == y {
            write!(path, "L{x} {y}")
        } else {
            write!(path, "C{middle} {before_y} {middle} {y} {x} {y}")
        };
    }
    path
}
