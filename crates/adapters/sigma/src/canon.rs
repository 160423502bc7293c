//! A document as JSON, which is what the Sigma parser gets to see: anchors, tags and odd scalars are resolved by then, sizes and
//! depths bounded, and lines known.

use regex::RegexBuilder;
use ringwall_model::{Problem, Source, Tree, Value as TreeValue};
use serde_json::{Map, Value};

use crate::limits::{MAX_CONDITION, MAX_DEPTH, MAX_PARENTHESES, MAX_PATTERN_BYTES, MAX_VALUES};

/// What is counted while documents are read.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    /// Regular expressions so far, in all rules.
    pub(crate) patterns: usize,
}

/// The version of Sigma from which on `[any]` and `[all]` in a field's name have a meaning of their own.
const ARRAYS_SINCE: i64 = 3;

/// A document as JSON; an error at its line if it asks for too much.
pub(crate) fn json(tree: &Tree, file: &Source, budget: &mut Budget) -> Result<Value, Problem> {
    let version = tree
        .get("sigma-version")
        .and_then(|version| version.as_i64().or_else(|| version.as_str()?.split('.').next()?.parse().ok()));
    let has_arrays = version.unwrap_or_default() >= ARRAYS_SINCE;
    let any = if has_arrays { "[any]" } else { "" };
    let mut values = 0;
    let mut json = Map::new();
    for entry in tree.entries() {
        let is_detection = &*entry.key == "detection" || &*entry.key == "filter";
        let any = is_detection.then_some(any);
        json.insert(entry.key.to_string(), walk(&entry.value, file, any, 1, &mut values)?);
        if is_detection {
            detection(&entry.value, file, has_arrays, budget)?;
        }
    }
    Ok(Value::Object(json))
}

/// `any` is what `[*]` in a key stands for, if keys are names of fields.
fn walk(
    tree: &Tree,
    file: &Source,
    any: Option<&str>,
    depth: usize,
    values: &mut usize,
) -> Result<Value, Problem> {
    *values = values.saturating_add(1);
    if depth > MAX_DEPTH || *values > MAX_VALUES {
        let why = format!("a rule has at most {MAX_VALUES} values, {MAX_DEPTH} deep");
        return Err(Problem::error(file.at(tree.line), why).hint("split it into several rules"));
    }
    let deeper = depth.saturating_add(1);
    Ok(match &tree.value {
        TreeValue::Null => Value::Null,
        TreeValue::Bool(value) => Value::Bool(*value),
        TreeValue::Number(number) => match number.integer {
            Some(integer) => integer.into(),
            None => serde_json::Number::from_f64(number.float).map_or(Value::Null, Value::Number),
        },
        TreeValue::String(text) => Value::String(text.to_string()),
        TreeValue::Sequence(items) => {
            let items: Result<_, _> =
                items.iter().map(|item| walk(item, file, any, deeper, values)).collect();
            Value::Array(items?)
        }
        TreeValue::Mapping(entries) => {
            let mut map = Map::new();
            for entry in entries {
                let value = walk(&entry.value, file, any, deeper, values)?;
                let key = match any {
                    Some(any) => entry.key.replace("[*]", any),
                    None => entry.key.to_string(),
                };
                map.insert(key, value);
            }
            Value::Object(map)
        }
    })
}

/// Names of fields, conditions and regular expressions, each at its line.
fn detection(tree: &Tree, file: &Source, has_arrays: bool, budget: &mut Budget) -> Result<(), Problem> {
    for entry in tree.entries() {
        let (name, modifiers) = entry.key.split_once('|').unwrap_or((&entry.key, ""));
        if !has_arrays && name.replace("[*]", "").contains('[') {
            let why = format!("`{name}` asks into a list, and this version of Sigma does not know how");
            return Err(Problem::error(file.at(entry.line), why).hint("add `sigma-version: 3` to the rule"));
        }
        if modifiers.split('|').any(|modifier| modifier == "expand") {
            let why = format!("`{}` stands for values that nobody gives", entry.key);
            return Err(Problem::error(file.at(entry.line), why).hint("write the values out"));
        }
        if &*entry.key == "condition" {
            texts(&entry.value).try_for_each(|condition| {
                let open = condition.1.matches('(').count();
                if condition.1.len() <= MAX_CONDITION && open <= MAX_PARENTHESES {
                    return Ok(());
                }
                let why = format!(
                    "a condition has at most {MAX_CONDITION} characters and {MAX_PARENTHESES} parentheses"
                );
                Err(Problem::error(file.at(condition.0), why)
                    .hint("`1 of selection_*` and `all of selection_*` join many selections"))
            })?;
        } else if modifiers.split('|').any(|modifier| modifier == "re") {
            for (line, pattern) in texts(&entry.value) {
                budget.patterns = budget.patterns.saturating_add(1);
                RegexBuilder::new(pattern).size_limit(MAX_PATTERN_BYTES).build().map_err(|error| {
                    let why = error.to_string();
                    let why = why.lines().last().unwrap_or("it can't be read").trim();
                    Problem::error(file.at(line), format!("`{pattern}` is no regular expression: {why}"))
                        .hint("look-around and back-references are not supported; repetitions count by their number")
                })?;
            }
        }
        detection(&entry.value, file, has_arrays, budget)?;
    }
    tree.items().iter().try_for_each(|item| detection(item, file, has_arrays, budget))
}

/// A text, or those of a list, with their lines.
fn texts(tree: &Tree) -> impl Iterator<Item = (u32, &str)> {
    std::iter::once(tree).chain(tree.items()).filter_map(|tree| Some((tree.line, tree.as_str()?)))
}
