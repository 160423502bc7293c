//! Policies in a file: the document itself, or those that an export holds, in strings too.

use std::sync::Arc;

use ringwall_document::{Lines, Literals, Reader};
use ringwall_iam::PolicyKind;
use ringwall_model::{Problem, Source, Tree, Value};

/// Members that name a policy or what it belongs to, the nearest first.
const NAMES: [&str; 9] =
    ["PolicyName", "RoleName", "UserName", "GroupName", "ResourceArn", "Name", "Arn", "ARN", "name"];

/// A policy document somewhere in a file.
pub(super) struct Found<'f> {
    pub(super) document: &'f Tree,
    /// What it belongs to, if its place tells.
    pub(super) kind: Option<PolicyKind>,
    pub(super) name: Option<Arc<str>>,
}

/// Looks through a document for policies.
pub(super) struct Finder<'f> {
    pub(super) file: &'f Arc<str>,
    pub(super) literals: &'f Literals,
    pub(super) reader: &'f mut Reader,
    pub(super) problems: &'f mut Vec<Problem>,
    pub(super) sink: &'f mut dyn FnMut(Found<'_>),
}

/// What the members on the way to a value tell of it.
#[derive(Clone, Copy, Default)]
struct Place<'t> {
    kind: Option<PolicyKind>,
    name: Option<&'t Arc<str>>,
}

impl Finder<'_> {
    pub(super) fn document(&mut self, tree: &Tree) {
        self.value(tree, Place::default());
    }

    fn value(&mut self, tree: &Tree, place: Place<'_>) {
        match &tree.value {
            Value::Mapping(_) if tree.get("Statement").is_some() => self.found(tree, place),
            Value::Mapping(_) if is_left_out(tree) => {}
            Value::Mapping(entries) => {
                let own = NAMES.iter().find_map(|name| tree.get(name)?.as_shared());
                for entry in entries {
                    let place =
                        Place { kind: kind_of_member(&entry.key).or(place.kind), name: own.or(place.name) };
                    self.value(&entry.value, place);
                }
            }
            Value::Sequence(items) => {
                for item in items {
                    self.value(item, place);
                }
            }
            Value::String(text) => self.text(tree, text, place),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn found(&mut self, document: &Tree, place: Place<'_>) {
        (self.sink)(Found { document, kind: place.kind, name: place.name.cloned() });
    }

    /// A string may hold a policy as JSON, plain or percent-encoded as IAM's API has it.
    fn text(&mut self, tree: &Tree, text: &str, place: Place<'_>) {
        let begin = text.trim_start();
        if !text.contains("Statement") {
            return;
        }
        let (decoded, lines) = if begin.starts_with("%7B") || begin.starts_with("%7b") {
            match ringwall_snapshot::percent_decoded(text) {
                Ok(decoded) => (decoded.into_owned(), Lines::All(tree.line)),
                Err(_) => {
                    let source = Source::new(Arc::clone(self.file), tree.line);
                    let problem = Problem::error(source, "the percent-encoded policy cannot be decoded");
                    return self.problems.push(problem.hint("export it again with the AWS CLI, as JSON"));
                }
            }
        } else if begin.starts_with('{') {
            (text.to_owned(), self.literals.lines_of(tree))
        } else {
            return;
        };
        match self.reader.read_embedded(self.file, &decoded, lines) {
            Ok(document) if document.get("Statement").is_some() => self.found(&document, place),
            Ok(_) => {}
            Err(problem) => self.problems.push(problem),
        }
    }
}

fn kind_of_member(key: &str) -> Option<PolicyKind> {
    match key {
        "AssumeRolePolicyDocument" => Some(PolicyKind::Trust),
        "ServiceControlPolicies" => Some(PolicyKind::Scp),
        "ResourceControlPolicies" => Some(PolicyKind::Rcp),
        "UserPolicyList" | "RolePolicyList" | "GroupPolicyList" | "PolicyVersionList" => {
            Some(PolicyKind::Identity)
        }
        _ => None,
    }
}

/// A version of a policy that is not in force, or a policy that only AWS can change.
fn is_left_out(tree: &Tree) -> bool {
    let is_aws =
        tree.str("Arn").is_some_and(|arn| arn.starts_with("arn:") && arn.contains(":iam::aws:policy/"));
    is_aws && tree.get("PolicyVersionList").is_some()
        || tree.get("IsDefaultVersion").and_then(Tree::as_bool) == Some(false)
}
