use std::fmt::{self, Write as _};

use crate::graph::Graph;
use crate::layout::{HEAD, INDENT, LINE, Layout, PAD, SMALL, lay_out};
use crate::scene::{MarkKind, Row, Scene};
use crate::text::{Lines, Xml, shortened};

/// Colours of arrows, by the box they come from; as many as `style.css` has.
const COLOURS: usize = 8;

/// Columns of a line of notes.
const NOTE: usize = 150;

/// Draws a graph as an SVG document that needs nothing else.
pub fn svg(graph: &Graph) -> String {
    let mut out = String::new();
    // Writing into a string can't fail.
    let _ = Drawing::new(graph, true).write(&mut out);
    out
}

/// A scene with its places, to be written.
pub(crate) struct Drawing {
    scene: Scene,
    layout: Layout,
    /// Whether it stands alone, with its own heading and style sheet.
    alone: bool,
}

impl Drawing {
    pub(crate) fn new(graph: &Graph, alone: bool) -> Self {
        let scene = Scene::new(graph);
        let top = if alone { 64 + 15 * i32::try_from(scene.notes.len()).unwrap_or(0) } else { 16 };
        let layout = lay_out(&scene, top, 900);
        Self { scene, layout, alone }
    }

    pub(crate) fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let Layout { width, height, .. } = self.layout;
        writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" class=\"reach\">"
        )?;
        if self.alone {
            writeln!(out, "<title>{}: what reaches what</title>", Xml(&self.scene.title))?;
            writeln!(out, "<style>\n{}{}</style>", include_str!("colours.css"), include_str!("style.css"))?;
            writeln!(out, "<rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>")?;
        }
        // A head of each colour: `context-stroke`, which would make one of them enough, is not everywhere.
        writeln!(out, "<defs>")?;
        for colour in 0..COLOURS {
            writeln!(
                out,
                "<marker id=\"head{colour}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path class=\"head c{colour}\" d=\"M0 0.6 7.4 4 0 7.4z\"/></marker>"
            )?;
        }
        writeln!(out, "</defs>")?;
        if self.alone {
            self.heading(out)?;
        }
        if let Some(y) = self.layout.field {
            writeln!(
                out,
                "<text class=\"aside\" x=\"28\" y=\"{}\">without arrows: all that holds of them is written in their boxes</text>",
                y + 14
            )?;
        }
        self.boxes(out)?;
        self.arrows(out)?;
        self.legend(out)?;
        writeln!(out, "</svg>")
    }

    fn heading(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        writeln!(out, "<text class=\"title\" x=\"28\" y=\"36\">{}</text>", Xml(&self.scene.title))?;
        for (at, note) in self.scene.notes.iter().enumerate() {
            let y = 54 + 15 * i32::try_from(at).unwrap_or(0);
            writeln!(out, "<text class=\"note\" x=\"28\" y=\"{y}\">{}</text>", Xml(&shortened(note, NOTE)))?;
        }
        Ok(())
    }

    fn boxes(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        for (frame, place) in self.scene.boxes.iter().zip(&self.layout.boxes) {
            let side = format!("{:?}", frame.side).to_lowercase();
            writeln!(out, "<g class=\"box {side}\" transform=\"translate({} {})\">", place.x, place.y)?;
            writeln!(out, "<rect width=\"{}\" height=\"{}\" rx=\"7\"/>", place.width, place.height)?;
            for (at, (row, y)) in frame.rows.iter().zip(&place.rows).enumerate() {
                write_row(out, row, *y, place.width, at == 0)?;
            }
            writeln!(out, "</g>")?;
        }
        Ok(())
    }

    fn arrows(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        for (arrow, path) in self.scene.arrows.iter().zip(&self.layout.paths) {
            let unknown = if arrow.unknown { " unknown" } else { "" };
            let (from, to) = (self.parties(arrow.from), self.parties(arrow.to));
            let colour = arrow.from.frame % COLOURS;
            writeln!(
                out,
                "<path class=\"arrow c{colour}{unknown}\" marker-end=\"url(#head{colour})\" data-from=\"{from}\" data-to=\"{to}\" d=\"{path}\"><title>{}</title></path>",
                Lines(&arrow.tip)
            )?;
        }
        Ok(())
    }

    /// The parties of a row, by their places, with blanks between.
    fn parties(&self, spot: crate::scene::Spot) -> String {
        let row = self.scene.boxes.get(spot.frame).and_then(|frame| frame.rows.get(spot.row));
        row.map(numbers).unwrap_or_default()
    }

    fn legend(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let y = self.layout.legend;
        writeln!(out, "<g class=\"legend\" transform=\"translate(28 {y})\">")?;
        let mut x = 0;
        let mut entry = |out: &mut dyn fmt::Write, drawn: &str, text: &str, width: i32| {
            writeln!(
                out,
                "<g transform=\"translate({x} 0)\">{drawn}<text x=\"34\" y=\"4\">{text}</text></g>"
            )?;
            x += width;
            Ok::<(), fmt::Error>(())
        };
        let line =
            |class: &str| format!("<path class=\"arrow {class}\" marker-end=\"url(#head0)\" d=\"M0 0H26\"/>");
        entry(out, &line("c0"), "may send, to these ports; the colour is the sender's box", 380)?;
        entry(
            out,
            &line("c0 unknown"),
            "possibly: it could not be judged, or holds for some of the pods",
            420,
        )?;
        if self.scene.coarse {
            entry(
                out,
                "",
                "too many to draw one by one: namespaces are drawn whole, an arrow is some of one to some of another",
                600,
            )?;
        }
        writeln!(out, "</g>\n<g class=\"legend\" transform=\"translate(28 {})\">", y + 20)?;
        let (mut x, mut line) = (0, 4);
        for kind in MarkKind::ALL {
            let used = self
                .scene
                .boxes
                .iter()
                .flat_map(|frame| &frame.rows)
                .any(|row| row.marks.iter().any(|mark| mark.kind == kind));
            if !used {
                continue;
            }
            let text = match kind {
                MarkKind::FromPods => "every pod may, but those that are “only as drawn”",
                MarkKind::FromOutside => "no policy keeps the outside from it",
                MarkKind::Among => "they may reach one another",
                MarkKind::ToOutside => "may send to all of the outside",
                MarkKind::ToFixed => "may ask the instance metadata service",
                MarkKind::Limited => "sends nothing but what an arrow shows",
            };
            let columns = kind.text().chars().count() + text.chars().count() + 2;
            let width = i32::try_from(columns).unwrap_or(0) * 6 + 18;
            if x > 0 && x + width > self.layout.width - 56 {
                (x, line) = (0, line + 18);
            }
            writeln!(
                out,
                "<text x=\"{x}\" y=\"{line}\"><tspan class=\"mark {}\">{}</tspan> {text}</text>",
                kind.class(),
                kind.text()
            )?;
            x += width;
        }
        if self.scene.left_out > 0 {
            writeln!(
                out,
                "<text x=\"0\" y=\"{}\">{} more boxes are not drawn</text>",
                line + 18,
                self.scene.left_out
            )?;
        }
        writeln!(out, "</g>")
    }
}

fn numbers(row: &Row) -> String {
    let mut text = String::new();
    for (at, party) in row.parties.iter().enumerate() {
        let _ = write!(text, "{}{party}", if at == 0 { "" } else { " " });
    }
    text
}

fn write_row(out: &mut dyn fmt::Write, row: &Row, y: i32, width: i32, is_head: bool) -> fmt::Result {
    let first = if is_head { HEAD } else { LINE };
    let class = if is_head { "row own" } else { "row" };
    writeln!(out, "<g class=\"{class}\" data-is=\"{}\"><title>{}</title>", numbers(row), Lines(&row.tip))?;
    let further = i32::try_from(row.marks.len() + row.doors.len()).unwrap_or(0);
    writeln!(
        out,
        "<rect class=\"field\" x=\"1\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
        y + 1,
        width - 2,
        first + further * SMALL - 1
    )?;
    let baseline = y + if is_head { 17 } else { 14 };
    writeln!(out, "<text class=\"name\" x=\"{PAD}\" y=\"{baseline}\">{}</text>", Xml(&row.name))?;
    if !row.kind.is_empty() {
        writeln!(
            out,
            "<text class=\"kind\" x=\"{}\" y=\"{baseline}\">{}</text>",
            width - PAD,
            Xml(&row.kind)
        )?;
    }
    let x = PAD + if is_head { 0 } else { INDENT };
    let mut line = y + first + 10;
    for mark in &row.marks {
        writeln!(
            out,
            "<text class=\"mark {}\" x=\"{x}\" y=\"{line}\">{}<title>{}</title></text>",
            mark.kind.class(),
            Xml(&mark.text),
            Lines(&mark.tip)
        )?;
        line += SMALL;
    }
    for door in &row.doors {
        let unknown = if door.unknown { " unknown" } else { "" };
        writeln!(
            out,
            "<text class=\"door{unknown}\" x=\"{x}\" y=\"{line}\">{}<title>{}</title></text>",
            Xml(&door.text),
            Lines(&door.tip)
        )?;
        line += SMALL;
    }
    writeln!(out, "</g>")
}
