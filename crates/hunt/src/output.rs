//! Answers as they are printed.

use std::io::Write;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::json::LineDelimitedWriter;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::DataFusionError;

use crate::error::HuntError;

/// How an answer is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A table, to be read.
    #[default]
    Text,
    /// An object a line.
    Json,
    /// RFC 4180, with names in the first line.
    Csv,
}

/// Rows whose widths a table's columns are made by; later ones that are wider stand out.
const MEASURED_ROWS: usize = 1000;

/// Widest column of a table: longer values are cut. The other forms have them whole.
const MAX_WIDTH: usize = 120;

/// Prints batch after batch.
pub(crate) struct Printer {
    format: Format,
    names: Vec<String>,
    rows: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
    is_begun: bool,
}

impl Printer {
    pub(crate) fn new(format: Format, schema: &Schema) -> Self {
        let names = schema.fields().iter().map(|field| field.name().clone()).collect();
        Self { format, names, rows: Vec::new(), widths: None, is_begun: false }
    }

    pub(crate) fn add(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<(), HuntError> {
        match self.format {
            Format::Json => {
                let mut writer = LineDelimitedWriter::new(out);
                writer.write(batch).and_then(|()| writer.finish()).map_err(DataFusionError::from)?;
            }
            Format::Csv => {
                self.head_of_csv(out)?;
                for row in cells(batch)? {
                    csv(&row, out)?;
                }
            }
            Format::Text => {
                for row in cells(batch)? {
                    self.rows.push(row.iter().map(|cell| printable(cell)).collect());
                    if self.rows.len() >= MEASURED_ROWS {
                        self.flush(out)?;
                    }
                }
            }
        }
        Ok(())
    }

    pub(crate) fn finish(&mut self, out: &mut dyn Write) -> Result<(), HuntError> {
        match self.format {
            Format::Json => {}
            Format::Csv => self.head_of_csv(out)?,
            Format::Text => self.flush(out)?,
        }
        Ok(out.flush()?)
    }

    fn head_of_csv(&mut self, out: &mut dyn Write) -> Result<(), HuntError> {
        if !std::mem::replace(&mut self.is_begun, true) {
            csv(&self.names, out)?;
        }
        Ok(())
    }

    fn flush(&mut self, out: &mut dyn Write) -> Result<(), HuntError> {
        let rows = std::mem::take(&mut self.rows);
        let is_first = self.widths.is_none();
        let widths = self.widths.get_or_insert_with(|| {
            let width = |at: usize| {
                rows.iter().filter_map(move |row| row.get(at)).map(|cell| cell.chars().count()).max()
            };
            let names = self.names.iter().enumerate();
            names.map(|(at, name)| width(at).unwrap_or(0).max(name.chars().count())).collect()
        });
        if is_first {
            line(&self.names.iter().map(|name| printable(name)).collect::<Vec<_>>(), widths, out)?;
        }
        for row in &rows {
            line(row, widths, out)?;
        }
        Ok(())
    }
}

fn cells(batch: &RecordBatch) -> Result<Vec<Vec<String>>, HuntError> {
    let options = FormatOptions::default().with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S%.3fZ"));
    let columns: Vec<ArrayFormatter<'_>> = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options))
        .collect::<Result<_, _>>()
        .map_err(DataFusionError::from)?;
    Ok((0..batch.num_rows())
        .map(|row| columns.iter().map(|column| column.value(row).to_string()).collect())
        .collect())
}

/// What a terminal shows as it is: a value may hold whatever its author likes.
fn printable(cell: &str) -> String {
    let mut shown: String =
        cell.chars().take(MAX_WIDTH).map(|letter| if letter.is_control() { '�' } else { letter }).collect();
    if cell.chars().nth(MAX_WIDTH).is_some() {
        shown.pop();
        shown.push('…');
    }
    shown
}

fn line(cells: &[String], widths: &[usize], out: &mut dyn Write) -> Result<(), HuntError> {
    let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
    Ok(writeln!(out, "{}", padded.collect::<Vec<_>>().join("  ").trim_end())?)
}

fn csv(cells: &[String], out: &mut dyn Write) -> Result<(), HuntError> {
    let quoted = cells.iter().map(|cell| match cell.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.clone(),
    });
    Ok(writeln!(out, "{}", quoted.collect::<Vec<_>>().join(","))?)
}
