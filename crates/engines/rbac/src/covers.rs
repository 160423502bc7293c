use std::sync::Arc;

use ringwall_model::PolicyRule;

use crate::rule::path_matches;

/// Whether held rules cover wanted ones: what of the wanted rules they do not cover, in atoms.
///
/// A wanted rule is taken apart into atoms of one verb with one API group, one resource and at most one name, or with
/// one path. An atom is covered if a single held rule covers it; a held rule with names covers no atom without one.
/// The answer is empty if everything is covered. It is lazy, since a rule of a few long lists has more atoms than
/// memory has room for; take what is needed of it.
///
/// ```
/// use ringwall_model::PolicyRule;
///
/// let rule = |verbs: &[&str]| PolicyRule {
///     verbs: verbs.iter().map(|verb| (*verb).into()).collect(),
///     api_groups: vec!["".into()],
///     resources: vec!["pods".into()],
///     ..PolicyRule::default()
/// };
/// let missing: Vec<_> = ringwall_rbac::covers(&[rule(&["get"])], &[rule(&["get", "list"])]).collect();
/// assert_eq!(missing, [rule(&["list"])]);
/// ```
///
/// Source: `Covers`, `k8s.io/component-helpers/auth/rbac/validation/policy_comparator.go` v0.37.2.
pub fn covers<'r>(
    held: impl IntoIterator<Item = &'r PolicyRule>,
    wanted: impl IntoIterator<Item = &'r PolicyRule>,
) -> impl Iterator<Item = PolicyRule> {
    let held: Vec<&PolicyRule> = held.into_iter().collect();
    let wanted: Vec<&PolicyRule> = wanted.into_iter().collect();
    wanted
        .into_iter()
        .flat_map(atoms)
        .filter(move |atom| !held.iter().any(|rule| atom.is_covered_by(rule)))
        .map(|atom| atom.rule())
}

/// As [`covers`], giving up after so many atoms.
pub(crate) fn covers_within<'r>(
    held: &[&'r PolicyRule],
    wanted: impl IntoIterator<Item = &'r PolicyRule>,
    limit: usize,
    shown: usize,
) -> Coverage {
    let mut missing = Vec::new();
    for (seen, atom) in wanted.into_iter().flat_map(atoms).enumerate() {
        if seen >= limit {
            return Coverage::TooMuch;
        }
        if !held.iter().any(|rule| atom.is_covered_by(rule)) {
            missing.push(atom.rule());
            if missing.len() == shown {
                break;
            }
        }
    }
    if missing.is_empty() { Coverage::Whole } else { Coverage::Missing(missing) }
}

/// How a comparison came out.
pub(crate) enum Coverage {
    /// Everything is covered.
    Whole,
    /// The first atoms that are not.
    Missing(Vec<PolicyRule>),
    /// There was more to compare than the limit.
    TooMuch,
}

/// The smallest part of a rule.
enum Atom<'r> {
    Resource {
        line: u32,
        group: &'r Arc<str>,
        resource: &'r Arc<str>,
        verb: &'r Arc<str>,
        name: Option<&'r Arc<str>>,
    },
    Path {
        line: u32,
        path: &'r Arc<str>,
        verb: &'r Arc<str>,
    },
}

fn atoms(rule: &PolicyRule) -> impl Iterator<Item = Atom<'_>> {
    let PolicyRule { verbs, api_groups, resources, resource_names, non_resource_urls, line } = rule;
    let line = *line;
    let nameless = resource_names.is_empty().then_some(None);
    let names = move || resource_names.iter().map(Some).chain(nameless);
    let of_resources = api_groups.iter().flat_map(move |group| {
        resources.iter().flat_map(move |resource| {
            verbs.iter().flat_map(move |verb| {
                names().map(move |name| Atom::Resource { line, group, resource, verb, name })
            })
        })
    });
    let of_paths = non_resource_urls
        .iter()
        .flat_map(move |path| verbs.iter().map(move |verb| Atom::Path { line, path, verb }));
    of_resources.chain(of_paths)
}

impl Atom<'_> {
    fn is_covered_by(&self, rule: &PolicyRule) -> bool {
        let has = |list: &[Arc<str>], text: &str| list.iter().any(|item| **item == *text);
        let has_or_star = |list: &[Arc<str>], text: &str| has(list, "*") || has(list, text);
        match self {
            Self::Resource { group, resource, verb, name, .. } => {
                // Only what follows the first slash counts as the subresource.
                let any_with_subresource = || {
                    let subresource = resource.split_once('/').map(|(_, subresource)| subresource);
                    subresource.is_some_and(|subresource| {
                        rule.resources.iter().any(|held| held.strip_prefix("*/") == Some(subresource))
                    })
                };
                has_or_star(&rule.verbs, verb)
                    && has_or_star(&rule.api_groups, group)
                    && (has_or_star(&rule.resources, resource) || any_with_subresource())
                    && (rule.resource_names.is_empty()
                        || name.is_some_and(|name| has(&rule.resource_names, name)))
            }
            Self::Path { path, verb, .. } => {
                has_or_star(&rule.verbs, verb)
                    && rule.resource_names.is_empty()
                    && rule.non_resource_urls.iter().any(|held| path_matches(held, path))
            }
        }
    }

    fn rule(&self) -> PolicyRule {
        match *self {
            Self::Resource { line, group, resource, verb, name } => PolicyRule {
                verbs: vec![Arc::clone(verb)],
                api_groups: vec![Arc::clone(group)],
                resources: vec![Arc::clone(resource)],
                resource_names: name.into_iter().cloned().collect(),
                non_resource_urls: Vec::new(),
                line,
            },
            Self::Path { line, path, verb } => PolicyRule {
                verbs: vec![Arc::clone(verb)],
                non_resource_urls: vec![Arc::clone(path)],
                line,
                ..PolicyRule::default()
            },
        }
    }
}
