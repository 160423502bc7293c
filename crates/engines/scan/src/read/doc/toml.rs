//! TOML by its crate, which reads on after a fault.

use toml::de::{DeTable, DeValue};

use super::{Doc, Fault, MAX_DEPTH, line_of};
use crate::read::Spot;

pub(super) fn read(text: &str) -> (Doc, Option<Fault>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let fault = errors.first().map(|error| {
        let byte = error.span().map_or(0, |span| span.start);
        let message = format!("not TOML here: {}", error.message());
        Fault { spot: Spot::Line(line_of(text.as_bytes(), byte)), message }
    });
    (from_table(table.get_ref(), 0), fault)
}

fn from_table(table: &DeTable<'_>, depth: usize) -> Doc {
    if depth > MAX_DEPTH {
        return Doc::Null;
    }
    let entries = table
        .iter()
        .map(|(key, value)| (key.get_ref().clone().into_owned(), from_value(value.get_ref(), depth + 1)));
    Doc::Map(entries.collect())
}

fn from_value(value: &DeValue<'_>, depth: usize) -> Doc {
    match value {
        DeValue::String(text) => Doc::Text(text.clone().into_owned()),
        DeValue::Integer(number) => Doc::Number(number.as_str().to_owned()),
        DeValue::Float(number) => Doc::Number(number.as_str().to_owned()),
        DeValue::Boolean(value) => Doc::Bool(*value),
        DeValue::Datetime(time) => Doc::Number(time.to_string()),
        DeValue::Array(items) if depth <= MAX_DEPTH => {
            Doc::List(items.iter().map(|item| from_value(item.get_ref(), depth + 1)).collect())
        }
        DeValue::Array(_) => Doc::Null,
        DeValue::Table(table) => from_table(table, depth),
    }
}
