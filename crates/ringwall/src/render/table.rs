use std::io::{self, Write};

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

use super::style::{self, PLAIN};

/// Space between columns.
const GAP: usize = 2;
/// Columns are not squeezed below this; if they would be, rows are printed as blocks.
const NARROWEST_COLUMN: usize = 14;

/// Rows of cells in aligned columns that wrap; on narrow terminals one cell a line.
#[derive(Debug, Default)]
pub(crate) struct Table {
    headers: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

/// A cell's text and how it looks.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), style: PLAIN }
    }

    pub(crate) fn styled(style: Style, text: impl Into<String>) -> Self {
        Self { text: text.into(), style }
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
        let headers = self.headers.iter().map(|header| Cell::styled(style::FAINT, header.to_uppercase())).collect();
        self.print_under(Some(headers), out, indent, width)
    }

    /// Prints the rows alone.
    pub(crate) fn print_bare(&self, out: &mut dyn Write, indent: usize, width: usize) -> io::Result<()> {
        self.print_under(None, out, indent, width)
    }

    fn print_under(&self, head: Option<Vec<Cell>>, out: &mut dyn Write, indent: usize, width: usize) -> io::Result<()> {
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
                *want = (*want).max(cell.text.lines().map(|line| line.width()).max().unwrap_or(0));
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
            let cells: Vec<Vec<String>> =
                row.iter().zip(widths).map(|(cell, width)| wrap_lines(&cell.text, *width)).collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or(0);
            for line in 0..height {
                let mut text = " ".repeat(indent);
                let mut pending = 0;
                for ((cell, lines), width) in row.iter().zip(&cells).zip(widths) {
                    let part = lines.get(line).map_or("", String::as_str);
                    if !part.is_empty() {
                        text.push_str(&" ".repeat(pending));
                        text.push_str(&style::paint(cell.style, part));
                        pending = 0;
                    }
                    pending += width.saturating_sub(part.width()) + GAP;
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
                if cell.text.is_empty() {
                    continue;
                }
                let (lead, inner) = if at == 0 { (String::new(), 0) } else { (format!("  {header}: "), 4) };
                let text = format!("{lead}{}", cell.text.replace('\n', " "));
                for line in style::wrap(&text, room, &" ".repeat(inner)) {
                    writeln!(out, "{margin}{}", style::paint(cell.style, &line))?;
                }
            }
        }
        Ok(())
    }
}

fn wrap_lines(text: &str, width: usize) -> Vec<String> {
    text.lines().flat_map(|line| style::wrap(line, width.max(1), "")).collect()
}
