//! What a set of rules allows, in a few words.

use std::collections::BTreeSet;

use ringwall_model::PolicyRule;

/// Resources named before the rest is counted.
const SHOWN: usize = 4;

/// Says in a few words what rules allow: what they write, what they only read, and what else.
///
/// It is a summary for reports, never the ground of a decision.
///
/// ```
/// use ringwall_model::PolicyRule;
///
/// let rule = PolicyRule {
///     verbs: vec!["get".into(), "list".into()],
///     api_groups: vec!["".into()],
///     resources: vec!["pods".into(), "services".into()],
///     ..PolicyRule::default()
/// };
/// assert_eq!(ringwall_rbac::summary(&[rule]), "reads pods, services");
/// ```
pub fn summary<'r>(rules: impl IntoIterator<Item = &'r PolicyRule>) -> String {
    let mut sorted = Sorted::default();
    for rule in rules {
        sorted.add(rule);
    }
    sorted.text()
}

#[derive(Debug, Default)]
struct Sorted {
    everything: bool,
    written: BTreeSet<String>,
    read: BTreeSet<String>,
    /// Special verbs with what they are for.
    special: BTreeSet<(String, String)>,
    paths: BTreeSet<String>,
}

impl Sorted {
    fn add(&mut self, rule: &PolicyRule) {
        let has = |list: &[std::sync::Arc<str>], text: &str| list.iter().any(|item| **item == *text);
        if has(&rule.verbs, "*")
            && has(&rule.api_groups, "*")
            && has(&rule.resources, "*")
            && rule.resource_names.is_empty()
        {
            self.everything = true;
        }
        self.paths.extend(rule.non_resource_urls.iter().map(|path| path.to_string()));
        for resource in &rule.resources {
            let named = match rule.resource_names.as_slice() {
                [] => resource.to_string(),
                [name] => format!("{resource} {name}"),
                names => format!("{resource} ({} by name)", names.len()),
            };
            for verb in &rule.verbs {
                match &**verb {
                    "get" | "list" | "watch" => self.read.insert(named.clone()),
                    "*" | "create" | "update" | "patch" | "delete" | "deletecollection" => {
                        self.written.insert(named.clone())
                    }
                    other => self.special.insert((other.to_owned(), named.clone())),
                };
            }
        }
    }

    fn text(mut self) -> String {
        if self.everything {
            return "everything".into();
        }
        self.read.retain(|resource| !self.written.contains(resource));
        let mut parts = Vec::new();
        for (verb, resource) in &self.special {
            parts.push(format!("{verb}s {resource}"));
        }
        if !self.written.is_empty() {
            parts.push(format!("writes {}", listed(&self.written)));
        }
        if !self.read.is_empty() {
            parts.push(format!("reads {}", listed(&self.read)));
        }
        if !self.paths.is_empty() {
            parts.push(format!("calls {}", listed(&self.paths)));
        }
        if parts.is_empty() { "nothing".into() } else { parts.join("; ") }
    }
}

fn listed(names: &BTreeSet<String>) -> String {
    if names.contains("*") {
        return "all resources".into();
    }
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
