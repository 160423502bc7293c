use std::borrow::Cow;
use std::sync::Arc;

use ringwall_document::Reader;
use ringwall_model::{PolicyDocument, Problem, Source, Tree, Value};

use super::Filler;
use crate::fields::text;
use crate::limits;

/// Name of a policy that the export gives none.
const UNNAMED: &str = "unnamed";

/// A policy as an export holds it.
pub(super) struct Exported<'e> {
    /// What it belongs to, for messages.
    pub(super) owner: &'e str,
    pub(super) name: Arc<str>,
    pub(super) arn: Option<Arc<str>>,
    /// Its document: an object, or a string with one.
    pub(super) document: Option<&'e Tree>,
    /// Where it is written, if it has no document.
    pub(super) source: Source,
}

impl Filler<'_, '_> {
    /// Reads a policy. One that can't be read is told, and kept: it exists, whatever it says.
    pub(super) fn policy(&mut self, exported: Exported<'_>) -> PolicyDocument {
        let Exported { owner, name, arn, document, source } = exported;
        let source = document.map_or(source.clone(), |tree| source.at(tree.line));
        let document = match document {
            Some(tree) => read(&mut self.reader, &source, tree),
            None => Err("it has no document".into()),
        };
        if let Err(why) = &document {
            let message = format!("policy `{name}` of `{owner}` can't be read: {why}");
            self.problems.push(
                Problem::error(source.clone(), message)
                    .hint("export it again with the AWS CLI, as JSON; until then it is not evaluated"),
            );
        }
        PolicyDocument { name, arn, document, source }
    }

    /// The policies in a list of objects with a name and `PolicyDocument`; `None` if there is no such list.
    ///
    /// What is there and no policy becomes one that can't be read, since it may have been a policy that denies.
    pub(super) fn policies(
        &mut self,
        owner: &str,
        holder: &Tree,
        (list, name): (&str, &str),
        source: &Source,
    ) -> Option<Vec<PolicyDocument>> {
        let tree = holder.get(list).filter(|tree| !tree.is_null())?;
        let Value::Sequence(items) = &tree.value else {
            let source = source.at(tree.line);
            let document = Err(format!("`{list}` is {}, not a list", tree.kind()));
            self.not_a_list(&source, list, tree);
            return Some(vec![PolicyDocument { name: list.into(), arn: None, document, source }]);
        };
        let policies = items.iter().map(|item| {
            self.policy(Exported {
                owner,
                name: text(item, name).unwrap_or_else(|| UNNAMED.into()),
                arn: text(item, "Arn"),
                document: item.get("PolicyDocument"),
                source: source.at(item.line),
            })
        });
        Some(policies.collect())
    }

    pub(super) fn not_a_list(&mut self, source: &Source, key: &str, tree: &Tree) {
        let message = format!("`{key}` is {}, not a list", tree.kind());
        self.problems.push(
            Problem::error(source.at(tree.line), message).hint("export it again with the AWS CLI, as JSON"),
        );
    }
}

/// The document in a value: an object as it is, or the one in a string, plain or percent-encoded.
///
/// Source: IAM API reference, *PolicyVersion*: "The policy document returned in this structure is URL-encoded
/// compliant with RFC 3986". The AWS CLI decodes it.
fn read(reader: &mut Reader, source: &Source, tree: &Tree) -> Result<Tree, String> {
    match &tree.value {
        Value::Mapping(_) => Ok(tree.clone()),
        Value::String(text) => embedded(reader, source, text),
        _ => Err(format!("it is {}, not a policy", tree.kind())),
    }
}

fn embedded(reader: &mut Reader, source: &Source, text: &str) -> Result<Tree, String> {
    if text.len() > limits::MAX_POLICY_BYTES {
        return Err(format!("it has more than {} KiB", limits::MAX_POLICY_BYTES >> 10));
    }
    let text = if text.trim_ascii_start().starts_with('%') { percent_decoded(text)? } else { text.into() };
    let tree = reader
        .read_line(&source.file, source.line, text.as_bytes())
        .map_err(|problem| problem.message)?
        .ok_or("it is empty")?;
    if !matches!(tree.value, Value::Mapping(_)) {
        return Err(format!("it is {}, not a policy", tree.kind()));
    }
    Ok(at_line(tree, source.line))
}

/// The tree with all of it at one line, that of the string in which it stands.
fn at_line(tree: Tree, line: u32) -> Tree {
    let value = match tree.value {
        Value::Sequence(items) => {
            Value::Sequence(items.into_iter().map(|item| at_line(item, line)).collect())
        }
        Value::Mapping(entries) => Value::Mapping(
            entries
                .into_iter()
                .map(|mut entry| {
                    entry.line = line;
                    entry.value = at_line(entry.value, line);
                    entry
                })
                .collect(),
        ),
        value => value,
    };
    Tree { line, value }
}

/// Undoes RFC 3986's percent-encoding, in which IAM's API hands out policies.
///
/// # Errors
///
/// What is wrong with the text: a `%` without two digits, or bytes that are not UTF-8.
pub fn percent_decoded(text: &str) -> Result<Cow<'_, str>, String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (digit(), digit()) {
            (Some(high), Some(low)) => decoded.push(high << 4 | low),
            _ => return Err("a `%` in it is not followed by two hexadecimal digits".into()),
        }
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| "decoded it is not UTF-8".into())
}

/// Whether this says that there is no policy.
pub(super) fn is_empty(policy: &Tree) -> bool {
    policy.is_null() || policy.as_str().is_some_and(|text| text.trim().is_empty())
}
