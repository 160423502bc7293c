//! Reading in one call, and values in one line.

use std::fmt::Write as _;

use ringwall_document::{Document, Reader};
use ringwall_model::{Problem, Tree, Value};

pub(crate) const FILE: &str = "kubernetes/all.yaml";

pub(crate) fn read(text: impl AsRef<[u8]>) -> (Vec<Document>, Vec<Problem>) {
    let mut documents = Vec::new();
    let problems =
        Reader::default().read(&FILE.into(), text.as_ref(), &mut |document| documents.push(document));
    (documents, problems)
}

/// The values of all documents, and the problems as `line: message`.
pub(crate) fn outcome(text: impl AsRef<[u8]>) -> (Vec<String>, Vec<String>) {
    let (documents, problems) = read(text);
    let values = documents.iter().map(|document| show(&document.tree)).collect();
    (values, problems.iter().map(told).collect())
}

fn told(problem: &Problem) -> String {
    assert_eq!(&*problem.source.file, FILE);
    if !problem.message.contains("more documents") {
        assert!(problem.hint.as_ref().is_some_and(|hint| !hint.is_empty()), "no hint: {problem}");
    }
    assert!(!problem.message.ends_with('.'), "{problem}");
    format!("{}: {}", problem.source.line, problem.message)
}

/// The one document of a text without problems.
pub(crate) fn one(text: impl AsRef<[u8]>) -> Document {
    let (mut documents, problems) = read(text);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(documents.len(), 1, "{documents:?}");
    documents.remove(0)
}

/// A tree in one line: integers and floats as `int 1` and `float 1.5`.
pub(crate) fn show(tree: &Tree) -> String {
    let mut text = String::new();
    write(tree, &mut text);
    text
}

fn write(tree: &Tree, out: &mut String) {
    let result = match &tree.value {
        Value::Null => write!(out, "null"),
        Value::Bool(value) => write!(out, "{value}"),
        Value::Number(number) => match number.integer {
            Some(integer) => write!(out, "int {integer}"),
            None => write!(out, "float {:?}", number.float),
        },
        Value::String(text) => write!(out, "{text:?}"),
        Value::Sequence(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write(item, out);
            }
            write!(out, "]")
        }
        Value::Mapping(entries) => {
            out.push('{');
            for (index, entry) in entries.iter().enumerate() {
                let comma = if index == 0 { "" } else { ", " };
                write!(out, "{comma}{}: ", entry.key).unwrap();
                write(&entry.value, out);
            }
            write!(out, "}}")
        }
    };
    result.unwrap();
}
