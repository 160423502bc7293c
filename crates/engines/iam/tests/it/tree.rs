use ringwall_model::{Entry, Number, Source, Tree, Value};

/// JSON as the reader of documents would hand it over, all at one line.
pub(crate) fn tree(value: &serde_json::Value) -> Tree {
    use serde_json::Value as Json;
    let value = match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Value::Number(Box::new(Number {
            written: number.to_string().into(),
            integer: number.as_i64(),
            float: number.as_f64().unwrap(),
        })),
        Json::String(text) => Value::String(text.as_str().into()),
        Json::Array(items) => Value::Sequence(items.iter().map(tree).collect()),
        Json::Object(entries) => Value::Mapping(
            entries
                .iter()
                .map(|(key, value)| Entry { key: key.as_str().into(), line: 1, value: tree(value) })
                .collect(),
        ),
    };
    Tree::new(1, value)
}

pub(crate) fn source() -> Source {
    Source::new("line.json", 1)
}
