//! Policy documents, read as strictly as AWS reads them.

use std::sync::Arc;

use ringwall_model::{Entry, Problem, Source, Tree, Value};

use super::principals::{AwsPrincipalPattern, PrincipalPattern};
use super::{
    ActionElement, Effect, Policy, PolicyKind, PrincipalElement, ResourceElement, Statement, Version,
};
use crate::condition::{Comparison, Condition, Operator};
use crate::key::Key;
use crate::limits::{MAX_DEPTH, MAX_ERRORS, MAX_POLICY_BYTES, MAX_SHOWN};
use crate::pattern::{Pattern, Syntax};

/// What a policy may hold.
const POLICY_ELEMENTS: [&str; 3] = ["Version", "Id", "Statement"];

/// What a statement may hold.
const STATEMENT_ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

pub(super) fn policy(
    kind: PolicyKind,
    name: &str,
    document: &Tree,
    source: &Source,
) -> Result<Policy, Vec<Problem>> {
    let mut reader = Reader { kind, source, version: Version::default(), problems: Vec::new() };
    let statements = reader.policy(document);
    let Reader { version, problems, .. } = reader;
    if !problems.is_empty() {
        return Err(problems);
    }
    let source = source.at(document.line);
    Ok(Policy { name: name.into(), arn: None, kind, version, statements, source })
}

/// One statement alone, if nothing is wrong with it.
pub(super) fn statement(
    kind: PolicyKind,
    version: Version,
    index: usize,
    tree: &Tree,
    source: &Source,
) -> Option<Statement> {
    // Within its list and its policy a statement is nested that deep.
    const DEPTH: usize = 2;
    size(tree, DEPTH).ok().filter(|bytes| *bytes <= MAX_POLICY_BYTES)?;
    let mut reader = Reader { kind, source, version, problems: Vec::new() };
    reader.statement(index, tree).filter(|_| reader.problems.is_empty())
}

struct Reader<'s> {
    kind: PolicyKind,
    source: &'s Source,
    version: Version,
    problems: Vec<Problem>,
}

/// The first characters of a text from the policy, for an error.
fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

impl Reader<'_> {
    fn error(&mut self, line: u32, message: impl Into<String>, hint: &str) {
        if self.problems.len() < MAX_ERRORS {
            self.problems.push(Problem::error(self.source.at(line), message).hint(hint));
        }
    }

    fn policy(&mut self, document: &Tree) -> Box<[Statement]> {
        if !matches!(document.value, Value::Mapping(_)) {
            let message = format!("a policy is an object, not {}", document.kind());
            self.error(document.line, message, "as in {\"Version\": \"2012-10-17\", \"Statement\": […]}");
            return Box::default();
        }
        match size(document, 0) {
            Ok(bytes) if bytes <= MAX_POLICY_BYTES => {}
            Ok(bytes) => {
                let message = format!("the policy has {bytes} bytes, more than {MAX_POLICY_BYTES}");
                self.error(
                    document.line,
                    message,
                    "AWS takes no policy that is longer than 32 KiB: split it",
                );
                return Box::default();
            }
            Err(line) => {
                let message = format!("values are nested deeper than {MAX_DEPTH}");
                self.error(line, message, "no element of a policy is that deep");
                return Box::default();
            }
        }
        self.unknown_elements(document, &POLICY_ELEMENTS, "a policy");
        if let Some(version) = document.get("Version") {
            match version.as_str() {
                Some("2012-10-17") => self.version = Version::V2012,
                Some("2008-10-17") => {}
                other => {
                    let message = match other {
                        Some(text) => format!("unknown version `{}`", shown(text)),
                        None => format!("`Version` is {}, not a string", version.kind()),
                    };
                    self.error(version.line, message, "versions are `2012-10-17` and `2008-10-17`");
                }
            }
        }
        if let Some(id) = document.get("Id").filter(|id| id.as_str().is_none()) {
            self.error(id.line, format!("`Id` is {}, not a string", id.kind()), "quote it");
        }
        let Some(statement) = document.get("Statement") else {
            self.error(
                document.line,
                "the policy has no `Statement`",
                "a policy without statements says nothing",
            );
            return Box::default();
        };
        let items = match &statement.value {
            Value::Mapping(_) => std::slice::from_ref(statement),
            Value::Sequence(items) if !items.is_empty() => items,
            Value::Sequence(_) => {
                self.error(statement.line, "`Statement` is empty", "AWS refuses a policy without statements");
                &[]
            }
            _ => {
                let message = format!("`Statement` is {}, not an object or a list of them", statement.kind());
                self.error(statement.line, message, "as in [{\"Effect\": \"Allow\", …}]");
                &[]
            }
        };
        let statements: Box<[Statement]> =
            items.iter().enumerate().filter_map(|(index, item)| self.statement(index, item)).collect();
        self.unique_sids(&statements);
        statements
    }

    fn unknown_elements(&mut self, tree: &Tree, known: &[&str], what: &str) {
        for entry in tree.entries() {
            if known.contains(&&*entry.key) {
                continue;
            }
            let meant = known.iter().find(|known| known.eq_ignore_ascii_case(&entry.key));
            let hint = match meant {
                Some(meant) => format!("did you mean `{meant}`? Case counts in the names of elements"),
                None => format!("{what} has {}", known.join(", ")),
            };
            self.error(entry.line, format!("unknown element `{}` in {what}", shown(&entry.key)), &hint);
        }
    }

    fn unique_sids(&mut self, statements: &[Statement]) {
        if !self.kind.is_kept_by_iam() {
            return;
        }
        for (at, statement) in statements.iter().enumerate() {
            let Some(sid) = statement.sid.as_ref().filter(|sid| !sid.is_empty()) else { continue };
            let first = statements.iter().take(at).find(|other| other.sid.as_ref() == Some(sid));
            if let Some(first) = first {
                let message = format!("`Sid` `{}` is given twice, first at line {}", shown(sid), first.line);
                self.error(statement.line, message, "a `Sid` is unique within its policy");
            }
        }
    }

    fn statement(&mut self, index: usize, tree: &Tree) -> Option<Statement> {
        if !matches!(tree.value, Value::Mapping(_)) {
            let message = format!("a statement is an object, not {}", tree.kind());
            self.error(tree.line, message, "as in {\"Effect\": \"Allow\", …}");
            return None;
        }
        self.unknown_elements(tree, &STATEMENT_ELEMENTS, "a statement");
        let before = self.problems.len();
        let sid = self.sid(tree);
        let effect = self.effect(tree);
        let principals = self.principals(tree);
        let actions = self.actions(tree);
        let resources = self.resources(tree);
        let conditions = self.conditions(tree);
        if self.problems.len() > before {
            return None;
        }
        Some(Statement {
            index,
            sid,
            effect: effect?,
            principals,
            actions: actions?,
            resources,
            conditions,
            line: tree.line,
        })
    }

    fn sid(&mut self, tree: &Tree) -> Option<Arc<str>> {
        let sid = tree.get("Sid")?;
        let Some(text) = sid.as_shared() else {
            self.error(sid.line, format!("`Sid` is {}, not a string", sid.kind()), "quote it");
            return None;
        };
        if self.kind.is_kept_by_iam() && !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let message =
                format!("`Sid` `{}` has characters that AWS refuses in {}", shown(text), self.kind.name());
            self.error(sid.line, message, "use letters and digits alone");
        }
        Some(Arc::clone(text))
    }

    fn effect(&mut self, tree: &Tree) -> Option<Effect> {
        let Some(effect) = tree.get("Effect") else {
            self.error(tree.line, "the statement has no `Effect`", "it is `Allow` or `Deny`");
            return None;
        };
        match effect.as_str() {
            Some("Allow") => Some(Effect::Allow),
            Some("Deny") => Some(Effect::Deny),
            Some(other) => {
                let message = format!("unknown effect `{}`", shown(other));
                self.error(effect.line, message, "it is `Allow` or `Deny`, and case counts");
                None
            }
            None => {
                self.error(effect.line, format!("`Effect` is {}, not a string", effect.kind()), "quote it");
                None
            }
        }
    }

    /// One of an element and its negated form.
    fn either<'t>(&mut self, tree: &'t Tree, name: &str, negated: &str) -> Option<(bool, &'t Entry)> {
        match (tree.entry(name), tree.entry(negated)) {
            (Some(_), Some(second)) => {
                let message = format!("the statement has both `{name}` and `{negated}`");
                self.error(second.line, message, "keep one of the two, in statements of their own");
                None
            }
            (Some(entry), None) => Some((false, entry)),
            (None, Some(entry)) => Some((true, entry)),
            (None, None) => None,
        }
    }

    /// The strings of a value that is one, or a list of them.
    fn strings<'t>(&mut self, element: &str, value: &'t Tree) -> Vec<(&'t Arc<str>, u32)> {
        let items = match &value.value {
            Value::Sequence(items) => items,
            _ => std::slice::from_ref(value),
        };
        let mut strings = Vec::with_capacity(items.len());
        for item in items {
            match item.as_shared() {
                Some(text) => strings.push((text, item.line)),
                None => {
                    let message = format!("`{element}` has {}, not a string", item.kind());
                    self.error(item.line, message, "quote it, or write a list of strings");
                }
            }
        }
        strings
    }

    fn actions(&mut self, tree: &Tree) -> Option<ActionElement> {
        let Some((negated, entry)) = self.either(tree, "Action", "NotAction") else {
            if tree.get("Action").is_none() {
                self.error(tree.line, "the statement has no `Action`", "add `Action` or `NotAction`");
            }
            return None;
        };
        let strings = self.strings(&entry.key, &entry.value);
        let patterns = strings.into_iter().map(|(text, line)| (Pattern::action(text), line)).collect();
        Some(ActionElement { negated, patterns })
    }

    fn resources(&mut self, tree: &Tree) -> Option<ResourceElement> {
        let Some((negated, entry)) = self.either(tree, "Resource", "NotResource") else {
            let is_needed =
                !matches!(self.kind, PolicyKind::Resource | PolicyKind::Trust | PolicyKind::VpcEndpoint);
            if is_needed && tree.get("Resource").is_none() {
                let message = format!("the statement has no `Resource`, which {} needs", self.kind.name());
                self.error(tree.line, message, "add `Resource` or `NotResource`");
            }
            return None;
        };
        if self.kind == PolicyKind::Trust {
            let message = format!("a trust policy has no `{}`", entry.key);
            self.error(entry.line, message, "remove it: the role itself is meant");
            return None;
        }
        let syntax = Syntax { wildcards: true, variables: self.version == Version::V2012, arn: true };
        let mut patterns = Vec::new();
        for (text, line) in self.strings(&entry.key, &entry.value) {
            let pattern = Pattern::new(text, syntax);
            let is_arn = text.starts_with("arn:") || pattern.may_begin_with("arn:");
            if !is_arn && !matches!(self.kind, PolicyKind::Resource | PolicyKind::VpcEndpoint) {
                let message = format!("`{}` is neither an ARN nor `*`", shown(text));
                self.error(
                    line,
                    message,
                    "a resource is written as arn:partition:service:region:account:resource",
                );
            }
            patterns.push((pattern, line));
        }
        Some(ResourceElement { negated, patterns: patterns.into() })
    }

    fn principals(&mut self, tree: &Tree) -> Option<PrincipalElement> {
        let Some((negated, entry)) = self.either(tree, "Principal", "NotPrincipal") else {
            if self.kind.has_principals() && tree.get("Principal").is_none() {
                let message = format!("the statement has no `Principal`, which {} needs", self.kind.name());
                self.error(tree.line, message, "add `Principal`, as in {\"AWS\": \"arn:aws:iam::…:role/…\"}");
            }
            return None;
        };
        if !self.kind.has_principals() {
            let message = format!("{} has no `{}`", self.kind.name(), entry.key);
            self.error(entry.line, message, "remove it: whom the policy is attached to is meant");
            return None;
        }
        if negated && self.kind == PolicyKind::Trust {
            self.error(entry.line, "a trust policy has no `NotPrincipal`", "name whom the role trusts");
            return None;
        }
        let mut patterns = Vec::new();
        match &entry.value.value {
            Value::String(text) if &**text == "*" => {
                patterns.push((PrincipalPattern::Everybody, entry.value.line))
            }
            Value::Mapping(entries) => {
                for inner in entries {
                    self.principal_type(inner, &mut patterns);
                }
            }
            _ => {
                let message = format!("`{}` is neither `*` nor an object", entry.key);
                self.error(entry.value.line, message, "as in {\"AWS\": \"111122223333\"}");
            }
        }
        let everybody = matches!(patterns.as_slice(), [(PrincipalPattern::Everybody, _)]);
        if self.kind == PolicyKind::Rcp && (negated || !everybody) {
            let message =
                format!("a resource control policy has `\"Principal\": \"*\"`, no other `{}`", entry.key);
            self.error(entry.line, message, "narrow it with a condition on `aws:PrincipalArn` or the like");
        }
        Some(PrincipalElement { negated, patterns: patterns.into() })
    }

    fn principal_type(&mut self, entry: &Entry, patterns: &mut Vec<(PrincipalPattern, u32)>) {
        let strings = self.strings(&entry.key, &entry.value);
        for (text, line) in strings {
            let pattern = match &*entry.key {
                "AWS" if &**text == "*" => PrincipalPattern::Everybody,
                "AWS" => match AwsPrincipalPattern::parse(text) {
                    Ok(pattern) => PrincipalPattern::Aws(pattern),
                    Err(why) => {
                        let message = format!("`{}` is no principal: {why}", shown(text));
                        self.error(line, message, "name an account, a role, a user or a session by its ARN");
                        continue;
                    }
                },
                "Service" => PrincipalPattern::Service(Arc::clone(text)),
                "Federated" => PrincipalPattern::Federated(Arc::clone(text)),
                "CanonicalUser" => PrincipalPattern::CanonicalUser(Arc::clone(text)),
                other => {
                    let message = format!("unknown kind of principal `{}`", shown(other));
                    return self.error(
                        entry.line,
                        message,
                        "known are AWS, Service, Federated and CanonicalUser",
                    );
                }
            };
            patterns.push((pattern, line));
        }
    }

    fn conditions(&mut self, tree: &Tree) -> Box<[Condition]> {
        let Some(block) = tree.get("Condition") else { return Box::default() };
        let mut conditions = Vec::new();
        if !matches!(block.value, Value::Mapping(_)) {
            let message = format!("`Condition` is {}, not an object", block.kind());
            self.error(block.line, message, "as in {\"StringEquals\": {\"aws:SourceVpc\": \"vpc-1\"}}");
        }
        for operator in block.entries() {
            self.operator(operator, &mut conditions);
        }
        conditions.into()
    }

    fn operator(&mut self, entry: &Entry, conditions: &mut Vec<Condition>) {
        let Some(operator) = Operator::parse(&entry.key) else {
            let message = format!("unknown condition operator `{}`", shown(&entry.key));
            return self.error(entry.line, message, &did_you_mean(&entry.key));
        };
        if operator.comparison == Comparison::Null && operator.if_exists {
            return self.error(entry.line, "`Null` with `IfExists` says nothing", "write `Null`");
        }
        if !matches!(entry.value.value, Value::Mapping(_)) {
            let message = format!("`{}` is {}, not an object of keys", shown(&entry.key), entry.value.kind());
            return self.error(entry.value.line, message, "as in {\"aws:SourceVpc\": \"vpc-1\"}");
        }
        let first = conditions.len();
        for inner in entry.value.entries() {
            let key = Key::new(&inner.key);
            let twice = conditions.get(first..).unwrap_or_default().iter().find(|known| known.key == key);
            if let Some(known) = twice {
                let message =
                    format!("the key `{}` is given twice, first at line {}", shown(&inner.key), known.line);
                self.error(inner.line, message, "case does not count in keys: write one list of values");
                continue;
            }
            let values = self.values(&inner.key, &inner.value);
            let written = Arc::clone(&entry.key);
            conditions.push(Condition::new(operator, written, key, values, self.version, inner.line));
        }
    }

    /// Values of a condition: strings, numbers and booleans count as their text.
    fn values(&mut self, key: &str, value: &Tree) -> Box<[Arc<str>]> {
        let items = match &value.value {
            Value::Sequence(items) => items,
            _ => std::slice::from_ref(value),
        };
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            match &item.value {
                Value::String(text) => values.push(Arc::clone(text)),
                Value::Number(number) => values.push(Arc::clone(&number.written)),
                Value::Bool(value) => values.push(if *value { "true".into() } else { "false".into() }),
                Value::Null | Value::Sequence(_) | Value::Mapping(_) => {
                    let message = format!("the key `{}` has {} as a value", shown(key), item.kind());
                    self.error(item.line, message, "values are strings, numbers and booleans");
                }
            }
        }
        values.into()
    }
}

/// Bytes of all keys and strings, or the line at which it is nested too deeply.
fn size(tree: &Tree, depth: usize) -> Result<usize, u32> {
    if depth > MAX_DEPTH {
        return Err(tree.line);
    }
    match &tree.value {
        Value::Null | Value::Bool(_) => Ok(4),
        Value::Number(number) => Ok(number.written.len()),
        Value::String(text) => Ok(text.len()),
        Value::Sequence(items) => {
            items.iter().try_fold(items.len(), |sum, item| Ok(sum + size(item, depth + 1)?))
        }
        Value::Mapping(entries) => entries
            .iter()
            .try_fold(entries.len(), |sum, entry| Ok(sum + entry.key.len() + size(&entry.value, depth + 1)?)),
    }
}

fn did_you_mean(written: &str) -> String {
    let bare = written.rsplit(':').next().unwrap_or_default();
    let bare = bare.strip_suffix("IfExists").unwrap_or(bare);
    let short: String = bare.chars().take(64).collect::<String>().to_lowercase();
    let nearest = Operator::names()
        .map(|name| (strsim::damerau_levenshtein(&short, &name.to_lowercase()), name))
        .filter(|(edits, name)| *edits <= 3 && edits * 2 < name.len())
        .min();
    match nearest {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => "operators are StringEquals, StringLike, NumericEquals, DateLessThan, Bool, IpAddress, ArnLike, Null …"
            .into(),
    }
}
