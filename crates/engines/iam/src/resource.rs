//! Whether a statement's resources take in those of a request.

use crate::assumption::{Assumption, Notes};
use crate::condition::{Settled, replaced, settle};
use crate::pattern::Pattern;
use crate::pattern_set::{Steps, covers, intersects};
use crate::policy::{ActionElement, Effect, ResourceElement, Statement};
use crate::request::{Action, Request, View};
use crate::wildcard::matches;

/// Whether the resources fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    Yes,
    No,
    /// It depends on a variable that the question left open.
    Open,
}

impl Fit {
    fn of(fits: bool) -> Self {
        if fits { Self::Yes } else { Self::No }
    }

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Open => Self::Open,
        }
    }

    fn any(fits: impl Iterator<Item = Self>) -> Self {
        let mut result = Self::No;
        for fit in fits {
            match fit {
                Self::Yes => return Self::Yes,
                Self::Open => result = Self::Open,
                Self::No => {}
            }
        }
        result
    }
}

impl ActionElement {
    /// Whether an action is among these, or is not if they are negated.
    ///
    /// Source: AWS IAM User Guide, *IAM JSON policy elements: Action*: wildcards, and case does not count.
    pub(crate) fn matches(&self, action: &Action) -> bool {
        let among = self.patterns.iter().any(|(pattern, _)| {
            pattern.is_everything()
                || pattern.literal().map_or_else(
                    || matches(&*pattern.parts, action.lower()),
                    |literal| literal == action.lower(),
                )
        });
        among != self.negated
    }
}

/// Whether the resources of a statement take in that of a request: an Allow those that a pattern has in common with
/// it, a Deny all of them. Parts that `denied` statements deny count for no Allow.
pub(crate) fn fit<'p>(
    element: &'p ResourceElement,
    effect: Effect,
    denied: &[&'p Statement],
    request: &Request,
    view: View,
    notes: &mut Notes<'p>,
) -> Fit {
    match request.resource().steps() {
        None => {
            let resource = request.resource().written();
            let among = Fit::any(
                element.patterns.iter().map(|(pattern, _)| one(pattern, resource, request, view, notes)),
            );
            if element.negated { among.not() } else { among }
        }
        Some(question) => Question { question, effect, denied, request, view }.fit(element, notes),
    }
}

fn one<'p>(
    pattern: &'p Pattern,
    resource: &str,
    request: &Request,
    view: View,
    notes: &mut Notes<'p>,
) -> Fit {
    if pattern.is_everything() {
        return Fit::Yes;
    }
    if !pattern.has_variables() {
        return Fit::of(match pattern.literal() {
            Some(literal) => literal == resource,
            None => matches(&*pattern.parts, resource),
        });
    }
    match settle(pattern, request, view, notes) {
        Settled::Never => Fit::No,
        Settled::Open => Fit::Open,
        Settled::Replaced => {
            Fit::of(replaced(pattern, request).is_some_and(|pieces| matches(pieces.as_slice(), resource)))
        }
    }
}

/// A question about every resource that a pattern stands for.
struct Question<'a, 'p> {
    question: &'a Steps,
    effect: Effect,
    denied: &'a [&'p Statement],
    request: &'a Request,
    view: View,
}

impl<'p> Question<'_, 'p> {
    fn fit(&self, element: &'p ResourceElement, notes: &mut Notes<'p>) -> Fit {
        let mut open = false;
        let mut steps = Vec::new();
        for (pattern, _) in &element.patterns {
            if !element.negated && self.is_denied(pattern) {
                continue;
            }
            match settle(pattern, self.request, self.view, notes) {
                Settled::Never => {}
                Settled::Open => open = true,
                Settled::Replaced => {
                    steps.extend(replaced(pattern, self.request).map(|pieces| Steps::of(pieces.as_slice())));
                }
            }
        }
        let meets = || steps.iter().any(|steps| intersects(self.question, steps));
        let fits = match (self.effect, element.negated) {
            (Effect::Allow, false) => meets(),
            (Effect::Deny, true) => !meets(),
            // What takes too long to compare never allows, and always denies.
            (Effect::Allow, true) => !self.covered(&steps, element, notes),
            (Effect::Deny, false) => self.covered(&steps, element, notes),
        };
        // An open pattern can add to what the element names, never take from it.
        let settled_already = fits != element.negated;
        if open && !settled_already { Fit::Open } else { Fit::of(fits) }
    }

    /// Whether the patterns name everything that the question stands for; yes if that takes too long to tell.
    fn covered(&self, steps: &[Steps], element: &'p ResourceElement, notes: &mut Notes<'p>) -> bool {
        covers(self.question, steps).unwrap_or_else(|| {
            let first = element.patterns.first().map_or("", |(pattern, _)| pattern.written());
            notes.add(Assumption::Uncompared(first));
            true
        })
    }

    /// Whether all that a pattern names is denied by one statement.
    fn is_denied(&self, pattern: &'p Pattern) -> bool {
        if self.denied.is_empty() || pattern.has_variables() {
            return false;
        }
        let own = Steps::of(&*pattern.parts);
        self.denied.iter().filter_map(|statement| statement.resources.as_ref()).any(|element| {
            let by: Vec<Steps> = element
                .patterns
                .iter()
                .filter_map(|(pattern, _)| replaced(pattern, self.request))
                .map(|pieces| Steps::of(pieces.as_slice()))
                .collect();
            covers(&own, &by) == Some(true)
        })
    }
}
