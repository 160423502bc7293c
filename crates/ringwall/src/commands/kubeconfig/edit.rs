//! A kubeconfig with entries put in or replaced, its other lines untouched.
//!
//! The text is changed line by line, where the reader says that lists and their items are. What comes out is read again and
//! has to be what went in with the entries in it: a form of YAML that this doesn't get right is refused, never half-changed.

use std::sync::Arc;

use ringwall_document::Reader;
use ringwall_model::{Tree, Value as Node};
use serde_json::{Map, Value, json};

use crate::render::yaml;

/// The program that the user entry calls: that of this name in PATH.
pub(super) const COMMAND: &str = "ringwall";

/// What is put in, all under one name.
pub(super) struct Entries {
    pub(super) name: String,
    pub(super) cluster: Value,
    pub(super) user: Value,
    pub(super) context: Value,
    /// Whether the current context stays as it is.
    pub(super) keep_context: bool,
}

impl Entries {
    /// The lists, and what is put into each.
    fn lists(&self) -> [(&'static str, Value); 3] {
        let item = |key: &str, value: &Value| json!({ key: value, "name": self.name });
        [
            ("clusters", item("cluster", &self.cluster)),
            ("contexts", item("context", &self.context)),
            ("users", item("user", &self.user)),
        ]
    }
}

/// Why a kubeconfig is left alone.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It is none, or one whose form would be lost.
    Form(String),
    /// The user of that name is somebody else's.
    Taken(String),
}

impl Refusal {
    fn form(why: impl Into<String>) -> Self {
        Self::Form(why.into())
    }
}

/// Puts the entries in.
pub(super) fn edit(old: &[u8], entries: &Entries) -> Result<String, Refusal> {
    let text = std::str::from_utf8(old).map_err(|_| Refusal::form("it is not of UTF-8"))?;
    let mut text = text.to_owned();
    let before = match read(&text)? {
        Some(tree) => plain(&tree),
        None => {
            text.push_str("apiVersion: v1\nkind: Config\npreferences: {}\n");
            json!({ "apiVersion": "v1", "kind": "Config", "preferences": {} })
        }
    };
    let before = before.as_object().ok_or_else(|| Refusal::form("it is no mapping"))?;
    if before.get("kind").is_some_and(|kind| kind != "Config") {
        return Err(Refusal::form("its `kind` is not Config"));
    }
    let wanted = wanted(before, entries)?;
    for (list, item) in entries.lists() {
        text = put(&text, list, &entries.name, &item)?;
    }
    if !entries.keep_context {
        text = put_context(&text, &entries.name)?;
    }
    let after = read(&text)?.map(|tree| plain(&tree));
    if after != Some(Value::Object(wanted)) {
        return Err(Refusal::form("its form of YAML can't be changed without losing something"));
    }
    Ok(text)
}

/// What the file has to say in the end.
fn wanted(before: &Map<String, Value>, entries: &Entries) -> Result<Map<String, Value>, Refusal> {
    let mut wanted = before.clone();
    for (list, item) in entries.lists() {
        let place = wanted.entry(list).or_insert(Value::Null);
        if place.is_null() {
            *place = json!([]);
        }
        let items = place.as_array_mut().ok_or_else(|| Refusal::form(format!("its `{list}` is no list")))?;
        let mut same = items.iter_mut().filter(|other| other.get("name") == item.get("name"));
        match (same.next(), same.next()) {
            (Some(old), None) if list == "users" && !is_ours(old) => {
                return Err(Refusal::Taken(entries.name.clone()));
            }
            (Some(old), None) => *old = item,
            (None, _) => items.push(item),
            (Some(_), Some(_)) => {
                return Err(Refusal::form(format!("its `{list}` has `{}` twice", entries.name)));
            }
        }
    }
    if !entries.keep_context {
        wanted.insert("current-context".to_owned(), Value::from(entries.name.as_str()));
    }
    Ok(wanted)
}

/// Whether a user gets in by `ringwall token`, wherever that is, and so may be replaced.
fn is_ours(user: &Value) -> bool {
    let command = user.pointer("/user/exec/command").and_then(Value::as_str);
    command.is_some_and(|command| command.rsplit('/').next() == Some(COMMAND))
}

/// Puts an item into a list of the file, or in the place of the one that has its name.
fn put(text: &str, list: &str, name: &str, item: &Value) -> Result<String, Refusal> {
    let tree = read(text)?.ok_or_else(|| Refusal::form("it is empty"))?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let write = |indent: usize| {
        let mut written = Vec::new();
        yaml::lines(&json!([item]), indent, &mut written);
        // The first key of an item stands beside its dash.
        if let [dash, first, ..] = written.as_mut_slice() {
            *dash = format!("{dash} {}", first.trim_start());
        }
        written.remove(1);
        written
    };
    match tree.entry(list) {
        None => {
            lines.push(format!("{list}:"));
            lines.extend(write(0));
        }
        Some(entry) if entry.value.items().is_empty() => {
            let at = index(entry.line);
            let line = lines.get_mut(at).filter(|line| is_empty_list(line, list));
            let line =
                line.ok_or_else(|| Refusal::form(format!("its `{list}` is written in an unusual form")))?;
            *line = format!("{list}:");
            lines.splice(at + 1..at + 1, write(0));
        }
        Some(entry) => {
            let unusual = || Refusal::form(format!("its `{list}` is not written as a list with dashes"));
            let items = entry.value.items();
            let last = items.last().ok_or_else(unusual)?;
            let same = items.iter().find(|item| item.str("name") == Some(name));
            let dash = dash(&lines, same.unwrap_or(last)).ok_or_else(unusual)?;
            let end = end(&lines, &dash);
            let range = if same.is_some() { dash.line..end } else { end..end };
            lines.splice(range, write(dash.indent));
        }
    }
    Ok(join(&lines))
}

fn put_context(text: &str, name: &str) -> Result<String, Refusal> {
    const KEY: &str = "current-context";
    let tree = read(text)?.ok_or_else(|| Refusal::form("it is empty"))?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let new = format!("{KEY}: {}", yaml::scalar(&Value::from(name)));
    match tree.entry(KEY) {
        None => lines.push(new),
        Some(entry) if entry.value.as_str() == Some(name) => {}
        Some(entry) => {
            let line = lines.get_mut(index(entry.line)).filter(|line| line.starts_with(KEY));
            *line.ok_or_else(|| Refusal::form(format!("its `{KEY}` is written in an unusual form")))? = new;
        }
    }
    Ok(join(&lines))
}

/// Where an item of a list begins.
struct Dash {
    line: usize,
    indent: usize,
}

fn dash(lines: &[String], item: &Tree) -> Option<Dash> {
    // The item's first key may stand below its dash.
    (0..=index(item.line)).rev().find_map(|at| {
        let line = lines.get(at)?;
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        (bare == "-" || bare.starts_with("- ")).then_some(Dash { line: at, indent })
    })
}

/// The line after an item's last, blanks and comments behind it left out: they may be about what follows.
fn end(lines: &[String], dash: &Dash) -> usize {
    let mut end = dash.line + 1;
    for (at, line) in lines.iter().enumerate().skip(dash.line + 1) {
        let bare = line.trim_start();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        if line.len() - bare.len() <= dash.indent {
            break;
        }
        end = at + 1;
    }
    end
}

fn is_empty_list(line: &str, list: &str) -> bool {
    let rest = line.strip_prefix(list).and_then(|rest| rest.strip_prefix(':'));
    rest.is_some_and(|rest| matches!(rest.trim(), "" | "[]" | "null" | "~"))
}

fn index(line: u32) -> usize {
    usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX)
}

fn join(lines: &[String]) -> String {
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

/// The one document of a file, if it has any.
fn read(text: &str) -> Result<Option<Tree>, Refusal> {
    let mut trees = Vec::new();
    let file: Arc<str> = Arc::from("kubeconfig");
    let problems = Reader::default().read(&file, text.as_bytes(), &mut |document| trees.push(document.tree));
    if let Some(problem) = problems.first() {
        return Err(Refusal::form(format!("line {}: {}", problem.source.line, problem.message)));
    }
    match (trees.pop(), trees.is_empty()) {
        (tree, true) => Ok(tree),
        (_, false) => Err(Refusal::form("it has more than one document")),
    }
}

/// What a tree says, without lines. Numbers are the text that they were written as, so that none is rounded.
fn plain(tree: &Tree) -> Value {
    match &tree.value {
        Node::Null => Value::Null,
        Node::Bool(value) => Value::Bool(*value),
        Node::Number(number) => json!({ "number": &*number.written }),
        Node::String(text) => Value::from(&**text),
        Node::Sequence(items) => items.iter().map(plain).collect(),
        Node::Mapping(entries) => {
            entries.iter().map(|entry| (entry.key.to_string(), plain(&entry.value))).collect()
        }
    }
}
