use std::sync::{Arc, OnceLock};

use ringwall_model::PolicyRule;

use crate::symbols::{Symbol, Symbols};
use crate::{Target, text};

/// Lists up to this length are searched from front to back, which is faster for them than halving.
const SHORT: usize = 8;

/// A list of a rule's texts, sorted.
#[derive(Debug)]
struct Texts {
    star: bool,
    symbols: Box<[Symbol]>,
}

impl Texts {
    fn new(texts: &[Arc<str>], symbols: &mut Symbols) -> Self {
        let mut numbers: Vec<Symbol> = texts.iter().map(|text| symbols.intern(text)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        Self { star: numbers.first() == Some(&Symbol::STAR), symbols: numbers.into() }
    }

    fn has(&self, symbol: Symbol) -> bool {
        if self.symbols.len() <= SHORT {
            self.symbols.contains(&symbol)
        } else {
            self.symbols.binary_search(&symbol).is_ok()
        }
    }

    fn has_or_star(&self, symbol: Symbol) -> bool {
        self.star || self.has(symbol)
    }
}

/// A question's verb and target in symbols; its user and namespace are looked up apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'q> {
    verb: Symbol,
    what: What<'q>,
}

/// The part of a target that rules speak of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What<'q> {
    /// A resource.
    Resource {
        /// API group.
        group: Symbol,
        /// `resource` or `resource/subresource`.
        resource: Symbol,
        /// `*/subresource`; unknown without a subresource.
        any_with_subresource: Symbol,
        /// Name of the object.
        name: Symbol,
    },
    /// A path.
    Path(&'q str),
}

impl<'q> Asked<'q> {
    /// Looks the question's texts up.
    pub(crate) fn new(symbols: &Symbols, verb: &str, target: &Target<'q>) -> Self {
        let verb = symbols.get(verb);
        let what = match *target {
            Target::NonResource { path } => What::Path(path),
            Target::Resource { group, resource, subresource, name, .. } => {
                let (resource, any_with_subresource) = if subresource.is_empty() {
                    (symbols.get(resource), Symbol::UNKNOWN)
                } else {
                    let combined = [resource, "/", subresource].concat();
                    let any = ["*/", subresource].concat();
                    (symbols.get(&combined), symbols.get(&any))
                };
                What::Resource {
                    group: symbols.get(group),
                    resource,
                    any_with_subresource,
                    name: symbols.get(name),
                }
            }
        };
        Self { verb, what }
    }

    /// What is asked about.
    pub(crate) fn what(&self) -> What<'q> {
        self.what
    }

    /// The resource texts of rules that cover the target: itself, `*/subresource` and `*`; none for a path.
    pub(crate) fn resources(&self) -> [Symbol; 3] {
        match self.what {
            What::Resource { resource, any_with_subresource, .. } => {
                [resource, any_with_subresource, Symbol::STAR]
            }
            What::Path(_) => [Symbol::UNKNOWN; 3],
        }
    }
}

/// A rule of a role, ready for comparison, with where it is written.
#[derive(Debug)]
pub(crate) struct Rule<'c> {
    /// As it is written.
    pub(crate) policy: &'c PolicyRule,
    /// The role in which it is written.
    pub(crate) role: usize,
    /// Its place there, counted from 0.
    pub(crate) index: usize,
    verbs: Texts,
    groups: Texts,
    names: Texts,
    text: OnceLock<Arc<str>>,
}

impl<'c> Rule<'c> {
    /// Compiles a rule.
    pub(crate) fn new(policy: &'c PolicyRule, role: usize, index: usize, symbols: &mut Symbols) -> Self {
        Self {
            policy,
            role,
            index,
            verbs: Texts::new(&policy.verbs, symbols),
            groups: Texts::new(&policy.api_groups, symbols),
            names: Texts::new(&policy.resource_names, symbols),
            text: OnceLock::new(),
        }
    }

    /// Whether the rule allows what is asked, provided that one of its resources covers the target: the caller
    /// has found the rule under that resource. Paths are compared here.
    ///
    /// Source: `RuleAllows`, `plugin/pkg/auth/authorizer/rbac/rbac.go`, and
    /// `pkg/apis/rbac/v1/evaluation_helpers.go`, Kubernetes v1.37.2.
    pub(crate) fn allows(&self, asked: &Asked<'_>) -> bool {
        self.verbs.has_or_star(asked.verb)
            && match asked.what {
                What::Resource { group, name, .. } => {
                    self.groups.has_or_star(group) && (self.names.symbols.is_empty() || self.names.has(name))
                }
                What::Path(path) => self.policy.non_resource_urls.iter().any(|url| path_matches(url, path)),
            }
    }

    /// The rule in words; the caller says whether its role is assumed.
    pub(crate) fn text(&self, assumed: bool) -> &Arc<str> {
        self.text.get_or_init(|| {
            let text = text::rule(self.policy);
            if assumed { text::assumed(&text).into() } else { text.into() }
        })
    }
}

/// Whether a `nonResourceURLs` entry covers a path: exactly, or up to its trailing stars, however many.
///
/// Source: `NonResourceURLMatches`, `pkg/apis/rbac/v1/evaluation_helpers.go`, Kubernetes v1.37.2.
pub(crate) fn path_matches(url: &str, path: &str) -> bool {
    url == path || (url.ends_with('*') && path.starts_with(url.trim_end_matches('*')))
}
