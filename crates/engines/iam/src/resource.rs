//! Whether a statement's resources take in those of a request.

use crate::assumption::{Assumption, Notes};
use crate::condition::{Settled, gives_all, loosened, note_variables, replaced, settle};
use crate::pattern::Pattern;
use crate::pattern_set::{Budget, Steps, covers, intersects};
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
    budget: &Budget,
    notes: &mut Notes<'p>,
) -> Fit {
    if !view.is_open() {
        note_missing(element, request, budget, notes);
    }
    match request.resource().steps() {
        None => {
            let resource = request.resource().written();
            let among =
                Fit::any(element.patterns.iter().map(|(pattern, _)| one(pattern, resource, request, view)));
            if element.negated { among.not() } else { among }
        }
        Some(question) => Question { question, effect, denied, request, view, budget }.fit(element, notes),
    }
}

fn one(pattern: &Pattern, resource: &str, request: &Request, view: View) -> Fit {
    if pattern.is_everything() {
        return Fit::Yes;
    }
    if !pattern.has_variables() {
        return Fit::of(match pattern.literal() {
            Some(literal) => literal == resource,
            None => matches(&*pattern.parts, resource),
        });
    }
    match settle(pattern, request, view) {
        Settled::Never => Fit::No,
        Settled::Open => Fit::Open,
        Settled::Replaced => {
            Fit::of(replaced(pattern, request).is_some_and(|pieces| matches(pieces.as_slice(), resource)))
        }
    }
}

/// Notes the variables that the request does not give, where some value of theirs would have matched.
fn note_missing<'p>(element: &'p ResourceElement, request: &Request, budget: &Budget, notes: &mut Notes<'p>) {
    for (pattern, _) in element.patterns.iter().filter(|(pattern, _)| pattern.has_variables()) {
        if gives_all(pattern, request) {
            continue;
        }
        let pieces = loosened(pattern, request);
        let could_match = match request.resource().steps() {
            None => matches(pieces.as_slice(), request.resource().written()),
            Some(question) => intersects(question, &Steps::of(pieces.as_slice()), budget) != Some(false),
        };
        if could_match {
            note_variables(pattern, request, notes);
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
    budget: &'a Budget,
}

impl<'p> Question<'_, 'p> {
    fn fit(&self, element: &'p ResourceElement, notes: &mut Notes<'p>) -> Fit {
        let mut open = false;
        let mut steps = Vec::new();
        for (pattern, _) in &element.patterns {
            if !element.negated && self.is_denied(pattern) {
                continue;
            }
            match settle(pattern, self.request, self.view) {
                Settled::Never => {}
                Settled::Open => open = true,
                Settled::Replaced => {
                    steps.extend(replaced(pattern, self.request).map(|pieces| Steps::of(pieces.as_slice())));
                }
            }
        }
        let fits = match (self.effect, element.negated) {
            (Effect::Allow, false) => self.met(&steps, element, notes),
            (Effect::Deny, true) => !self.met(&steps, element, notes),
            // What takes too long to compare never allows, and always denies.
            (Effect::Allow, true) => !self.covered(&steps, element, notes),
            (Effect::Deny, false) => self.covered(&steps, element, notes),
        };
        // An open pattern can add to what the element names, never take from it.
        let settled_already = fits != element.negated;
        if open && !settled_already { Fit::Open } else { Fit::of(fits) }
    }

    /// Whether the patterns name something that the question stands for; no if that takes too long to tell.
    fn met(&self, steps: &[Steps], element: &'p ResourceElement, notes: &mut Notes<'p>) -> bool {
        let mut undecided = false;
        for steps in steps {
            match intersects(self.question, steps, self.budget) {
                Some(true) => return true,
                Some(false) => {}
                None => undecided = true,
            }
        }
        if undecided {
            self.note_uncompared(element, notes);
        }
        false
    }

    fn note_uncompared(&self, element: &'p ResourceElement, notes: &mut Notes<'p>) {
        let first = element.patterns.first().map_or("", |(pattern, _)| pattern.written());
        notes.add(Assumption::Uncompared(first));
    }

    /// Whether the patterns name everything that the question stands for; yes if that takes too long to tell.
    fn covered(&self, steps: &[Steps], element: &'p ResourceElement, notes: &mut Notes<'p>) -> bool {
        covers(self.question, steps, self.budget).unwrap_or_else(|| {
            self.note_uncompared(element, notes);
            true
        })
    }

    /// Whether all that a pattern names is denied by one statement.
    fn is_denied(&self, pattern: &'p Pattern) -> bool {
        if self.denied.is_empty() {
            return false;
        }
        let steps = |pattern: &Pattern| match settle(pattern, self.request, self.view) {
            Settled::Replaced => Some(Steps::of(replaced(pattern, self.request)?.as_slice())),
            Settled::Never | Settled::Open => None,
        };
        let Some(own) = steps(pattern) else { return false };
        self.denied.iter().filter_map(|statement| statement.resources.as_ref()).any(|element| {
            let by: Vec<Steps> = element.patterns.iter().filter_map(|(pattern, _)| steps(pattern)).collect();
            let is_open = |pattern: &Pattern| settle(pattern, self.request, self.view) == Settled::Open;
            // At best an open pattern spares all of it from the Deny, at worst nothing.
            if element.negated
                && self.view == View::Best
                && element.patterns.iter().any(|(pattern, _)| is_open(pattern))
            {
                return false;
            }
            if element.negated {
                by.iter().all(|steps| intersects(&own, steps, self.budget) == Some(false))
            } else {
                covers(&own, &by, self.budget) == Some(true)
            }
        })
    }
}
