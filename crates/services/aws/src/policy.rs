//! Policy documents as they are kept: the text that was given, and what it means.

use std::sync::{Arc, OnceLock};

use ringwall_document::Reader;
use ringwall_iam::{Policy, PolicyKind};
use ringwall_model::{Problem, Source, Tree};
use serde::{Deserialize, Serialize};

/// A policy's text. It is read once, when it is first needed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Document {
    text: String,
    #[serde(skip)]
    read: OnceLock<Option<Arc<Policy>>>,
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Document {
    /// A document that AWS would take.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in one sentence, with the line.
    pub(crate) fn new(kind: PolicyKind, name: &str, text: String) -> Result<Self, String> {
        let policy = read(kind, name, &text)?;
        Ok(Self { text, read: OnceLock::from(Some(Arc::new(policy))) })
    }

    /// The text, as it was given.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The policy. `None` for a kept text that is none any more: whoever decides has to deny then.
    pub(crate) fn policy(&self, kind: PolicyKind, name: &str) -> Option<&Arc<Policy>> {
        self.read.get_or_init(|| read(kind, name, &self.text).ok().map(Arc::new)).as_ref()
    }
}

/// Reads a policy's text.
///
/// # Errors
///
/// What is wrong with it first.
pub(crate) fn read(kind: PolicyKind, name: &str, text: &str) -> Result<Policy, String> {
    parse(kind, name, &tree(name, text)?)
}

/// The JSON of a policy's text.
///
/// # Errors
///
/// What is wrong with it first.
pub(crate) fn tree(name: &str, text: &str) -> Result<Tree, String> {
    let file: Arc<str> = name.into();
    // One line of JSON Lines may span several lines, and is never taken for YAML.
    let tree = Reader::default().read_line(&file, 1, text.as_bytes()).map_err(|problem| told(&problem))?;
    tree.ok_or_else(|| String::from("the document is empty"))
}

/// The policy that JSON is.
///
/// # Errors
///
/// What is wrong with it first.
pub(crate) fn parse(kind: PolicyKind, name: &str, tree: &Tree) -> Result<Policy, String> {
    Policy::parse(kind, name, tree, &Source::new(name, 1))
        .map_err(|problems| problems.first().map_or_else(|| String::from("it is no policy"), told))
}

fn told(problem: &Problem) -> String {
    format!("{} (line {})", problem.message, problem.source.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_policy_is_refused_with_its_line() {
        let read = |text: &str| read(PolicyKind::Identity, "p", text).map(|policy| policy.statements.len());
        let good = "{\"Version\":\"2012-10-17\",\n\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}}";
        assert_eq!(read(good), Ok(1));
        assert!(read(&good.replace("Allow", "Permit")).unwrap_err().contains("(line 2)"));
        for bad in ["", "[]", "Statement: []", "{} {}", "{\"Version\":\"2012-10-17\",}"] {
            read(bad).unwrap_err();
        }
    }
}
