//! Rows of columns as JSON: what [`crate::node`] does, the other way round.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use serde_json::{Map, Value};

/// A row. What is null is left out.
pub(crate) fn row(batch: &RecordBatch, at: usize) -> Map<String, Value> {
    let schema = batch.schema_ref();
    let members = schema.fields().iter().zip(batch.columns());
    members
        .map(|(field, column)| (field.name().clone(), of(column, at)))
        .filter(|(_, value)| !value.is_null())
        .collect()
}

/// What is at a path with dots; null if it is not there.
pub(crate) fn at(row: &Map<String, Value>, path: &str) -> Value {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let mut value = row.get(first);
    for name in rest.split('.').filter(|name| !name.is_empty()) {
        value = value.and_then(|value| value.get(name));
    }
    value.cloned().unwrap_or_default()
}

/// A value of a column; columns of other types than the lake has are null.
fn of(column: &dyn Array, at: usize) -> Value {
    if column.is_null(at) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(at).into(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(at).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(at).into(),
        DataType::Boolean => column.as_boolean().value(at).into(),
        DataType::Struct(fields) => {
            let columns = column.as_struct().columns();
            let members =
                fields.iter().zip(columns).map(|(field, column)| (field.name().clone(), of(column, at)));
            Value::Object(members.filter(|(_, value)| !value.is_null()).collect())
        }
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(at);
            Value::Array((0..items.len()).map(|at| of(&items, at)).collect())
        }
        _ => Value::Null,
    }
}
