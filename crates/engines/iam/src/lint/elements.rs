//! Elements of the document itself: version, `Sid`, lists without items, characters.

use ringwall_model::{Entry, Tree, Value};

use super::checks::{self, Level};
use super::findings::{Findings, quoted};
use super::statements;
use crate::policy::PolicyKind;

pub(super) fn document(kind: PolicyKind, document: &Tree, out: &mut Findings) {
    if !matches!(document.value, Value::Mapping(_)) {
        return;
    }
    if document.str("Version").is_none_or(|version| version == "2008-10-17") {
        let means = "version 2008-10-17, which has no variables";
        let hint = "write `\"Version\": \"2012-10-17\"`";
        out.add(checks::VERSION_OLD, document.line, "to be in the policy language of today", means, hint);
    }
    if !matches!(kind, PolicyKind::Resource | PolicyKind::VpcEndpoint) {
        characters(document, out);
    }
    let statements = statements(document);
    for (at, statement) in statements.iter().enumerate() {
        out.begin_tree(at, statement);
        if let Some(sid) =
            statement.get("Sid").filter(|sid| sid.as_str().is_some_and(|text| !text.is_empty()))
        {
            let first = statements.iter().take(at).find(|other| other.str("Sid") == sid.as_str());
            // IAM refuses it, which was told already.
            let is_taken = matches!(kind, PolicyKind::Resource | PolicyKind::VpcEndpoint);
            if let Some(first) = first.filter(|_| is_taken) {
                let seems = format!("to name the statement {}", quoted(sid.as_str().unwrap_or_default()));
                let means = format!("the same name as the statement at line {}", first.line);
                out.add(checks::SID_TWICE, sid.line, seems, means, "give each statement a `Sid` of its own");
            }
        }
        empty(statement, out);
    }
}

fn empty(statement: &Tree, out: &mut Findings) {
    let is_allow = statement.str("Effect") == Some("Allow");
    for entry in statement.entries() {
        let element = &*entry.key;
        match element {
            "Action" | "Resource" if is_empty(&entry.value) => {
                tell(out, entry, Level::Error, "nothing: the statement never applies");
            }
            "NotAction" | "NotResource" if is_empty(&entry.value) => {
                let level = if is_allow { Level::Security } else { Level::Error };
                tell(out, entry, level, "nothing is excepted: the statement is about all of them");
            }
            "Principal" | "NotPrincipal" if is_empty(&entry.value) => {
                tell(out, entry, Level::Error, "nobody");
            }
            "Principal" | "NotPrincipal" => {
                for inner in entry.value.entries().iter().filter(|inner| is_empty(&inner.value)) {
                    tell(out, inner, Level::Error, "nobody");
                }
            }
            "Condition" if is_empty(&entry.value) => {
                tell(out, entry, Level::Warning, "no condition: the statement always applies");
            }
            "Condition" => conditions(&entry.value, out),
            _ => {}
        }
    }
}

fn conditions(block: &Tree, out: &mut Findings) {
    for operator in block.entries() {
        if is_empty(&operator.value) {
            tell(out, operator, Level::Warning, "no condition: it always holds");
        }
        for key in operator.value.entries().iter().filter(|key| is_empty(&key.value)) {
            tell(
                out,
                key,
                Level::Error,
                "no value to compare with, so a negated operator always holds and others never do",
            );
        }
    }
}

fn is_empty(value: &Tree) -> bool {
    match &value.value {
        Value::Sequence(items) => items.is_empty(),
        Value::Mapping(entries) => entries.is_empty(),
        _ => false,
    }
}

fn tell(out: &mut Findings, entry: &Entry, level: Level, means: &str) {
    let seems = format!("to say something by {}", quoted(&entry.key));
    out.add(checks::EMPTY.at(level), entry.line, seems, means, "name something, or remove it");
}

/// Tells the first text that has a character which IAM refuses.
fn characters(tree: &Tree, out: &mut Findings) -> bool {
    let refused = |text: &str| text.chars().find(|c| !matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FF}'));
    let tell = |out: &mut Findings, line, text: &str, c: char| {
        let means = format!("AWS refuses it: IAM takes no U+{:04X} in a policy", u32::from(c));
        out.add(
            checks::CHARACTER,
            line,
            format!("to say {}", quoted(text)),
            means,
            "write it with the characters of Latin-1",
        );
        true
    };
    match &tree.value {
        Value::String(text) => match refused(text) {
            Some(c) => tell(out, tree.line, text, c),
            None => false,
        },
        Value::Sequence(items) => items.iter().any(|item| characters(item, out)),
        Value::Mapping(entries) => entries.iter().any(|entry| match refused(&entry.key) {
            Some(c) => tell(out, entry.line, &entry.key, c),
            None => characters(&entry.value, out),
        }),
        _ => false,
    }
}
