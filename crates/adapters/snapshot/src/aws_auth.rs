use std::sync::Arc;

use ringwall_document::{Lines, Literals, Reader};
use ringwall_model::{AwsAuthConfigMap, AwsAuthEntry, ObjectRef, Source, Tree, Value};

/// Whether this is the ConfigMap that the authenticator reads.
pub(crate) fn is_aws_auth(reference: &ObjectRef) -> bool {
    reference.is("", "ConfigMap")
        && reference.namespace.as_deref() == Some("kube-system")
        && &*reference.name == "aws-auth"
}

/// The text of an entry and its lines; why it has none otherwise.
type Text = Result<(Arc<str>, Lines), String>;

/// An aws-auth whose entries are still text, with the lines that they have in the file.
pub(crate) struct Pending {
    source: Source,
    entries: Vec<(Arc<str>, u32, Text)>,
}

impl Pending {
    pub(crate) fn new(source: Source, tree: &Tree, literals: &Literals) -> Self {
        let entries = tree.get("data").map(Tree::entries).unwrap_or_default().iter().map(|entry| {
            let text = match &entry.value.value {
                Value::String(text) => Ok((Arc::clone(text), literals.lines_of(&entry.value))),
                Value::Null => Ok((Arc::from(""), Lines::All(entry.line))),
                _ => Err(format!(
                    "it is {}, not a string: the apiserver refuses the ConfigMap",
                    entry.value.kind()
                )),
            };
            (Arc::clone(&entry.key), entry.line, text)
        });
        Self { entries: entries.collect(), source }
    }
}

/// Reads the documents in the entries' texts.
pub(crate) fn parse(reader: &mut Reader, pending: Pending) -> AwsAuthConfigMap {
    let Pending { source, entries } = pending;
    let entries = entries.into_iter().map(|(key, line, text)| AwsAuthEntry {
        key,
        source: source.at(line),
        document: text.and_then(|(text, lines)| {
            reader
                .read_embedded(&source.file, &text, lines)
                .map_err(|problem| format!("line {}: {}", problem.source.line, problem.message))
        }),
    });
    let entries = entries.collect();
    AwsAuthConfigMap { source, entries }
}
