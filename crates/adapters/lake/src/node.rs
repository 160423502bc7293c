//! Rows as trees, and trees to columns.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray,
    TimestampMillisecondArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, TimeUnit};
use serde_json::Value;

use crate::limits::{MAX_ITEMS, MAX_TEXT};

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Text(String),
    Int(i64),
    Truth(bool),
    List(Vec<Node>),
    Object(Vec<(Cow<'static, str>, Node)>),
}

/// A text that is not empty, cut to what a column takes.
pub(crate) fn text(text: &str) -> Option<Node> {
    let kept = match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => text.get(..end).unwrap_or_default(),
        None => text,
    };
    (!kept.is_empty()).then(|| Node::Text(kept.to_owned()))
}

/// A number.
pub(crate) fn int(number: i64) -> Option<Node> {
    Some(Node::Int(number))
}

/// An object of the members that there are; `None` if there are none.
pub(crate) fn object<const N: usize>(members: [(&'static str, Option<Node>); N]) -> Option<Node> {
    let members: Vec<_> =
        members.into_iter().filter_map(|(name, node)| Some((Cow::Borrowed(name), node?))).collect();
    (!members.is_empty()).then_some(Node::Object(members))
}

/// A list that is not empty, of so many that a row takes.
pub(crate) fn list(items: impl Iterator<Item = Option<Node>>) -> Option<Node> {
    let items: Vec<Node> = items.flatten().take(MAX_ITEMS).collect();
    (!items.is_empty()).then_some(Node::List(items))
}

impl Node {
    /// A member of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(known, _)| known == name).map(|(_, node)| node),
            _ => None,
        }
    }

    /// What it takes in memory, about.
    pub(crate) fn bytes(&self) -> usize {
        let own = size_of::<Self>();
        match self {
            Self::Text(text) => own.saturating_add(text.capacity()),
            Self::Int(_) | Self::Truth(_) => own,
            Self::List(items) => items.iter().fold(own, |sum, item| sum.saturating_add(item.bytes())),
            Self::Object(members) => members.iter().fold(own, |sum, (name, node)| {
                let name = if matches!(name, Cow::Owned(_)) { name.len() } else { 0 };
                sum.saturating_add(size_of::<Cow<'_, str>>())
                    .saturating_add(name)
                    .saturating_add(node.bytes())
            }),
        }
    }

    /// As JSON, for columns that hold what has no schema.
    fn json(&self, out: &mut String) {
        match self {
            Self::Text(text) => out.push_str(&Value::from(text.as_str()).to_string()),
            Self::Int(number) => drop(write!(out, "{number}")),
            Self::Truth(truth) => drop(write!(out, "{truth}")),
            Self::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    out.push(if at == 0 { '[' } else { ',' });
                    item.json(out);
                }
                out.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            Self::Object(members) => {
                for (at, (name, node)) in members.iter().enumerate() {
                    out.push(if at == 0 { '{' } else { ',' });
                    out.push_str(&Value::from(&**name).to_string());
                    out.push(':');
                    node.json(out);
                }
                out.push_str(if members.is_empty() { "{}" } else { "}" });
            }
        }
    }

    fn as_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            other => {
                let mut json = String::new();
                other.json(&mut json);
                Cow::Owned(json)
            }
        }
    }

    fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }
}

/// A value of JSON; `None` for `null`. Numbers that are not whole are texts.
pub(crate) fn of_json(value: Value) -> Option<Node> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(truth) => Node::Truth(truth),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Node::Int(number),
            None => Node::Text(number.to_string()),
        },
        Value::String(text) => Node::Text(text),
        Value::Array(items) => Node::List(items.into_iter().filter_map(of_json).collect()),
        Value::Object(members) => Node::Object(
            members
                .into_iter()
                .filter_map(|(name, value)| Some((Cow::Owned(name), of_json(value)?)))
                .collect(),
        ),
    })
}

/// Rows as columns of this schema. What the schema does not have is left out; what a row does not have, or has of another type, is
/// null.
pub(crate) fn columns(schema: &Arc<Schema>, rows: &[Node]) -> Result<RecordBatch, ArrowError> {
    let rows: Vec<Option<&Node>> = rows.iter().map(Some).collect();
    let columns = children(schema.fields(), &rows)?;
    RecordBatch::try_new(Arc::clone(schema), columns)
}

fn children(fields: &Fields, rows: &[Option<&Node>]) -> Result<Vec<ArrayRef>, ArrowError> {
    let child = |field: &Arc<Field>| {
        let nodes: Vec<Option<&Node>> =
            rows.iter().map(|row| row.and_then(|row| row.get(field.name()))).collect();
        column(field.data_type(), &nodes)
    };
    fields.iter().map(child).collect()
}

fn column(kind: &DataType, nodes: &[Option<&Node>]) -> Result<ArrayRef, ArrowError> {
    let ints = || nodes.iter().map(|node| node.and_then(Node::as_int));
    Ok(match kind {
        DataType::Utf8 => Arc::new(nodes.iter().map(|node| node.map(Node::as_text)).collect::<StringArray>()),
        DataType::Int32 => Arc::new(
            ints().map(|number| number.and_then(|number| number.try_into().ok())).collect::<Int32Array>(),
        ),
        DataType::Int64 => Arc::new(ints().collect::<Int64Array>()),
        DataType::Timestamp(TimeUnit::Millisecond, zone) => {
            Arc::new(ints().collect::<TimestampMillisecondArray>().with_timezone_opt(zone.clone()))
        }
        DataType::Boolean => {
            let truth = |node: &Option<&Node>| match node {
                Some(Node::Truth(truth)) => Some(*truth),
                _ => None,
            };
            Arc::new(nodes.iter().map(truth).collect::<BooleanArray>())
        }
        DataType::Struct(fields) => {
            let there: Vec<bool> = nodes.iter().map(|node| matches!(node, Some(Node::Object(_)))).collect();
            let columns = children(fields, nodes)?;
            Arc::new(StructArray::try_new(fields.clone(), columns, Some(there.into()))?)
        }
        DataType::List(item) => {
            let items = |node: &Option<&Node>| match node {
                Some(Node::List(items)) => items.len(),
                _ => 0,
            };
            let there: Vec<bool> = nodes.iter().map(|node| matches!(node, Some(Node::List(_)))).collect();
            let flat: Vec<Option<&Node>> = nodes
                .iter()
                .flat_map(|node| match node {
                    Some(Node::List(items)) => items.as_slice(),
                    _ => &[],
                })
                .map(Some)
                .collect();
            let values = column(item.data_type(), &flat)?;
            let offsets = OffsetBuffer::from_lengths(nodes.iter().map(items));
            Arc::new(ListArray::try_new(Arc::clone(item), offsets, values, Some(there.into()))?)
        }
        other => return Err(ArrowError::NotYetImplemented(format!("columns of {other}"))),
    })
}
