//! Rules on single files: size, unfinished work, comments, white space, paths of somebody's machine.

use super::Problem;
use super::rust_code::{Comment, RustCode};
use super::tree::{File, MAX_FILE_BYTES, Tree};

/// Past this a file holds two ideas.
const MAX_RUST_LINES: usize = 800;

/// A mark of this many equal signs in a row is drawn, not written.
const BANNER_RUN: usize = 5;

/// Marks of work that belongs into an issue.
const UNFINISHED: [&str; 2] = ["TODO", "FIXME"];

/// What a comment starts with when it was code.
const CODE_STARTS: [&str; 14] = [
    "let ", "use ", "pub ", "fn ", "impl ", "if ", "for ", "while ", "match ", "return ", "self.", "assert",
    "#[", "mod ",
];

/// What is written by hand, and held to the rules of hand-writing.
const WRITTEN: [&str; 7] = [".rs", ".toml", ".md", ".go", ".yml", ".yaml", ".sh"];

/// Test data and recorded output may hold anything.
const DATA_FOLDERS: [&str; 5] = ["cases", "corpus", "data", "golden", "snapshots"];

pub(super) fn problems(tree: &Tree<'_>) -> Vec<Problem> {
    tree.files.iter().flat_map(file_problems).collect()
}

fn file_problems(file: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |line, rule, why: String| problems.push(Problem::new(&file.path, line, rule, why));
    if file.bytes > MAX_FILE_BYTES {
        let why =
            format!("{} bytes are more than a repository should carry; generate it instead", file.bytes);
        add(1, "file size", why);
    }
    let Some(text) = &file.text else { return problems };
    for (line, text) in numbered(text) {
        if let Some(path) = foreign_path(&file.path, text) {
            add(line, "foreign path", format!("`{path}` is a path of one machine"));
        }
        if is_written(&file.path) && text.ends_with([' ', '\t', '\r']) {
            add(line, "white space", "the line ends in white space".to_owned());
        }
    }
    if file.path.ends_with(".rs") {
        rust_problems(&file.path, text, &mut add);
    } else if is_written(&file.path) {
        for (line, text) in numbered(text) {
            if let Some(mark) = unfinished(text) {
                add(line, "unfinished", format!("`{mark}`: open an issue instead"));
            }
        }
    }
    problems
}

fn rust_problems(path: &str, text: &str, add: &mut impl FnMut(usize, &'static str, String)) {
    let lines = text.lines().count();
    if lines > MAX_RUST_LINES {
        let why = format!("{lines} lines, and past {MAX_RUST_LINES} a file holds two ideas: split it");
        add(MAX_RUST_LINES + 1, "file length", why);
    }
    if path.ends_with("src/lib.rs") && !text.starts_with("//!") {
        add(1, "crate docs", "a crate opens with `//!` on what it does for its user".to_owned());
    }
    let code = RustCode::new(text);
    for (index, token) in code.tokens.iter().enumerate() {
        if token.text == "dbg" && code.text(index + 1) == Some("!") {
            add(token.line, "unfinished", "`dbg!` is for the way, not for the result".to_owned());
        }
    }
    for comment in &code.comments {
        if let Some(mark) = unfinished(&comment.text) {
            add(comment.line, "unfinished", format!("`{mark}`: open an issue instead"));
        }
        if is_banner(comment) {
            add(comment.line, "banner", "a banner comment: make it a module or leave it out".to_owned());
        }
        if is_dead_code(comment) {
            add(comment.line, "dead code", "commented-out code: git remembers it".to_owned());
        }
    }
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    // Not `lines`, which hides a carriage return.
    text.split('\n').enumerate().map(|(index, line)| (index + 1, line))
}

fn is_written(path: &str) -> bool {
    let data = path.split('/').any(|part| DATA_FOLDERS.contains(&part));
    !data && (path.starts_with(".ci/") || WRITTEN.iter().any(|ending| path.ends_with(ending)))
}

/// The mark as a word of its own.
fn unfinished(text: &str) -> Option<&'static str> {
    let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.find_map(|word| UNFINISHED.into_iter().find(|mark| *mark == word))
}

fn is_banner(comment: &Comment) -> bool {
    if comment.is_doc() {
        return false;
    }
    let mut run = 0;
    let mut before = ' ';
    comment.text.chars().any(|c| {
        run = if c == before && "-=*#~/+".contains(c) { run + 1 } else { 1 };
        before = c;
        run >= BANNER_RUN
    })
}

fn is_dead_code(comment: &Comment) -> bool {
    let text = comment.text.trim_start_matches('/').trim();
    !comment.is_doc()
        && CODE_STARTS.iter().any(|start| text.starts_with(start))
        && text.ends_with([';', '{', '}', ']'])
}

/// A folder of somebody's machine. Manifests and test data may name `root`'s home, since attackers do.
fn foreign_path(file: &str, line: &str) -> Option<String> {
    let is_data = ["examples/", "cases/"].iter().any(|folder| file.starts_with(folder));
    let folders: &[&str] = if is_data { &["work", "tmp/bash"] } else { &["work", "root", "tmp/bash"] };
    // Written together here, so that this file passes.
    let paths =
        folders.iter().map(|folder| format!("/{folder}{}", if folder.contains('/') { "" } else { "/" }));
    paths.into_iter().find(|path| {
        line.match_indices(path.as_str()).any(|(at, _)| {
            let before = line.get(..at).and_then(|head| head.chars().next_back());
            !before.is_some_and(|c| c.is_alphanumeric() || "_-.}*)".contains(c))
        })
    })
}

#[cfg(test)]
mod tests;
