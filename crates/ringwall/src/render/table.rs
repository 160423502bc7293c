use std::io::{self, Write};

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

use super::style::{self, PLAIN};

/// Space between columns.
const GAP: usize = 2;
/// Columns are not squeezed below this; if they would be, rows are printed as blocks.
const NARROWEST_COLUMN: usize = 24;

/// Rows of cells in aligned columns that wrap; on narrow terminals one cell a line.
#[derive(Debug, Default)]
pub(crate) struct Table {
    headers: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

/// A cell's paragraphs and how each looks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    paragraphs: Vec<(Style, String)>,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self::styled(PLAIN, text)
    }

    pub(crate) fn styled(style: Style, text: impl Into<String>) -> Self {
        Self::default().then(style, text)
    }

    /// Adds a paragraph below.
    pub(crate) fn then(mut self, style: Style, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.paragraphs.push((style, text));
        }
        self
    }

    fn width(&self) -> usize {
        self.paragraphs.iter().map(|(_, text)| text.width()).max().unwrap_or(0)
    }

    /// Its lines at a width, each with its look.
    fn lines(&self, width: usize) -> Vec<(Style, String)> {
        let wrap = |(style, text): &(Style, String)| {
            let style = *style;
            style::wrap(text, width.max(1), "").into_iter().map(move |line| (style, line))
        };
        self.paragraphs.iter().flat_map(wrap).collect()
    }
}

impl Table {
    pub(crate) fn new(headers: impl IntoIterator<Item = &'static str>) -> Self {
        Self { headers: headers.into_iter().collect(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Prints the table with an indent, under its headers.
    pub(crate) fn print(&self, out: &mut dyn Write, indent: usize, width: usize) -> io::Result<()> {
        let headers =
            self.headers.iter().map(|header| Cell::styled(style::FAINT, header.to_uppercase())).collect();
        self.print_under(Some(headers), out, indent, width)
    }

    /// Prints the rows alone.
    pub(crate) fn print_bare(&self, out: &mut dyn Write, indent: usize, width: usize) -> io::Result<()> {
        self.print_under(None, out, indent, width)
    }

    fn print_under(
        &self,
        head: Option<Vec<Cell>>,
        out: &mut dyn Write,
        indent: usize,
        width: usize,
    ) -> io::Result<()> {
        let room = width.saturating_sub(indent);
        match self.widths(room) {
            Some(widths) => self.print_columns(head, out, indent, &widths),
            None => self.print_blocks(out, indent, room),
        }
    }

    /// Shares the room among the columns: what is short gets what it needs, the rest is shared evenly.
    fn widths(&self, room: usize) -> Option<Vec<usize>> {
        let count = self.headers.len();
        let mut wanted: Vec<usize> = self.headers.iter().map(|header| header.width()).collect();
        for row in &self.rows {
            for (want, cell) in wanted.iter_mut().zip(row) {
                *want = (*want).max(cell.width());
            }
        }
        let mut left = room.checked_sub(GAP * count.saturating_sub(1))?;
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_key(|column| wanted.get(*column).copied());
        let mut widths = vec![0; count];
        for (done, column) in order.into_iter().enumerate() {
            let share = left / (count - done);
            let (Some(want), Some(width)) = (wanted.get(column), widths.get_mut(column)) else { continue };
            *width = (*want).min(share);
            if *width < *want && *width < NARROWEST_COLUMN {
                return None;
            }
            left -= *width;
        }
        Some(widths)
    }

    fn print_columns(
        &self,
        head: Option<Vec<Cell>>,
        out: &mut dyn Write,
        indent: usize,
        widths: &[usize],
    ) -> io::Result<()> {
        for row in head.iter().chain(&self.rows) {
            let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| cell.lines(*width)).collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or(0);
            for line in 0..height {
                let mut text = " ".repeat(indent);
                let mut pending = 0;
                for (lines, width) in cells.iter().zip(widths) {
                    let mut used = 0;
                    if let Some((style, part)) = lines.get(line) {
                        text.push_str(&" ".repeat(pending));
                        text.push_str(&style::paint(*style, part));
                        (pending, used) = (0, part.width());
                    }
                    pending += width.saturating_sub(used) + GAP;
                }
                writeln!(out, "{text}")?;
            }
        }
        Ok(())
    }

    fn print_blocks(&self, out: &mut dyn Write, indent: usize, room: usize) -> io::Result<()> {
        let margin = " ".repeat(indent);
        for row in &self.rows {
            for (at, (header, cell)) in self.headers.iter().zip(row).enumerate() {
                let lead = if at == 0 { String::new() } else { format!("  {header}: ") };
                for (place, (look, text)) in cell.paragraphs.iter().enumerate() {
                    let (lead, inner) = if place == 0 { (lead.as_str(), at.min(1) * 4) } else { ("    ", 4) };
                    for line in style::wrap(&format!("{lead}{text}"), room, &" ".repeat(inner)) {
                        writeln!(out, "{margin}{}", style::paint(*look, &line))?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
