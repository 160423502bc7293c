//! The evaluation of a request, layer by layer.
//!
//! Sources: AWS IAM User Guide, *Policy evaluation logic*, *Evaluating identity-based policies with resource-based
//! policies* and *Cross-account policy evaluation logic*; AWS Organizations User Guide, *SCP evaluation* and *RCP
//! evaluation*.

use crate::assumption::{Assumption, Notes};
use crate::condition::{Outcome as Held, evaluate};
use crate::layers::{Layer, Level, Policies};
use crate::pattern_set::Budget;
use crate::policy::{Effect, Policy, Statement};
use crate::principal::{AwsPrincipalKind, Caller, Named, named};
use crate::request::{Request, View};
use crate::resource::{self, Fit};
use crate::special;
use crate::verdict::{Deciding, OpenCondition, Outcome, Verdict};

/// Decides a request as AWS would, from all policies that have a say in it.
///
/// In a closed view keys that the request does not give are absent, and named in [`Verdict::assumed`]. In an open view
/// they are not known: [`View::Best`] and [`View::Worst`] bound what may come out, and [`Verdict::open`] tells on what it
/// depends.
pub fn decide<'p>(request: &Request, policies: &Policies<'p>, view: View) -> Verdict<'p> {
    if special::needs_no_permission(request) {
        return Verdict {
            outcome: Outcome::Allowed,
            blocked_by: Vec::new(),
            statements: Vec::new(),
            assumed: Vec::new(),
            open: Vec::new(),
            by_aws: true,
        };
    }
    let mut judge = Judge::new(request, policies, view);
    judge.run();
    judge.verdict()
}

/// What the layers that do not depend on each other say.
#[derive(Clone, Copy, Debug, Default)]
struct Grants {
    scp: bool,
    rcp: bool,
    resource: Option<Named>,
    boundary: bool,
    session: bool,
    identity: bool,
    vpc_endpoint: bool,
}

struct Judge<'a, 'p> {
    request: &'a Request,
    policies: &'a Policies<'p>,
    view: View,
    notes: Notes<'p>,
    allows: Vec<Deciding<'p>>,
    denies: Vec<Deciding<'p>>,
    open: Vec<OpenCondition<'p>>,
    /// Layers that deny though no statement of theirs could be read.
    unread_denies: Vec<Layer>,
    /// For a question about a pattern, statements that deny parts of it without conditions.
    denied_parts: Vec<&'p Statement>,
    budget: Budget,
    grants: Grants,
}

impl<'a, 'p> Judge<'a, 'p> {
    fn new(request: &'a Request, policies: &'a Policies<'p>, view: View) -> Self {
        Self {
            request,
            policies,
            view,
            notes: Notes::default(),
            allows: Vec::new(),
            denies: Vec::new(),
            open: Vec::new(),
            unread_denies: Vec::new(),
            denied_parts: Vec::new(),
            budget: Budget::new(),
            grants: Grants::default(),
        }
    }

    fn run(&mut self) {
        let Policies { identity, resource, boundary, session, vpc_endpoint, scp, rcp, unread: _ } =
            self.policies;
        let scp: &[Level<'p>] = if special::scps_apply(self.request) { scp } else { &[] };
        let rcp: &[Level<'p>] = if special::rcps_apply(self.request) { rcp } else { &[] };
        let is_known = self.request.principal().aws().is_some();
        let of_principal = |policies: &'a Vec<&'p Policy>| if is_known { policies.as_slice() } else { &[] };
        if resource.is_some() && is_known && self.request.account_is_assumed() {
            self.notes.add(Assumption::ResourceAccount);
        }
        let (boundary, session) = (of_principal(boundary), of_principal(session));
        let identity = of_principal(identity);
        if self.request.resource().steps().is_some() {
            let levels = scp.iter().chain(rcp).flat_map(|level| &level.policies);
            let all =
                levels.chain(resource).chain(boundary).chain(session).chain(identity).chain(vpc_endpoint);
            self.find_denied_parts(all.copied());
        }
        self.grants = Grants {
            scp: self.levels(Layer::Scp, scp),
            rcp: self.levels(Layer::Rcp, rcp),
            resource: self.layer(Layer::Resource, resource.as_slice()),
            boundary: self.applies_and_allows(Layer::Boundary, boundary),
            session: self.applies_and_allows(Layer::Session, session),
            identity: self.layer(Layer::Identity, identity).is_some(),
            vpc_endpoint: self.applies_and_allows(Layer::VpcEndpoint, vpc_endpoint),
        };
    }

    fn verdict(mut self) -> Verdict<'p> {
        let mut denying: Vec<Layer> = self.denies.iter().map(|deciding| deciding.layer).collect();
        denying.append(&mut self.unread_denies);
        denying.sort_unstable();
        denying.dedup();
        let refused = special::is_refused(self.request);
        let (outcome, blocked_by, statements) = if !denying.is_empty() {
            (Outcome::ExplicitlyDenied, denying, self.denies)
        } else {
            let missing = if refused { vec![Layer::Resource] } else { self.missing() };
            if missing.is_empty() {
                (Outcome::Allowed, Vec::new(), self.allows)
            } else {
                (Outcome::ImplicitlyDenied, missing, Vec::new())
            }
        };
        let by_aws = refused && outcome == Outcome::ImplicitlyDenied;
        let assumed = self.notes.into_vec();
        Verdict { outcome, blocked_by, statements, assumed, open: self.open, by_aws }
    }

    /// The layers that have to allow and do not.
    fn missing(&self) -> Vec<Layer> {
        let Grants { scp, rcp, resource, boundary, session, identity, vpc_endpoint } = self.grants;
        let mut missing = Vec::new();
        let mut need = |layer, allows: bool| {
            if !allows {
                missing.push(layer);
            }
        };
        need(Layer::Scp, scp);
        need(Layer::Rcp, rcp);
        let Some(principal) = self.request.principal().aws() else {
            // Who belongs to no account has no policies of their own: the resource's policy decides.
            need(Layer::Resource, resource.is_some());
            need(Layer::VpcEndpoint, vpc_endpoint);
            return missing;
        };
        let same_account = self.request.is_same_account();
        let granted = if same_account { resource } else { None };
        if !same_account || special::has_no_implicit_trust(self.request) {
            need(Layer::Resource, resource.is_some());
        }
        if granted != Some(Named::Directly) {
            need(Layer::Boundary, boundary);
            need(Layer::Session, session);
        }
        if !matches!(granted, Some(Named::Directly | Named::ByRole)) {
            // The root user of an account has every permission in it.
            need(Layer::Identity, identity || *principal.kind() == AwsPrincipalKind::Root);
        }
        need(Layer::VpcEndpoint, vpc_endpoint);
        missing
    }

    /// Whether every level allows.
    fn levels(&mut self, layer: Layer, levels: &[Level<'p>]) -> bool {
        let mut all = true;
        for level in levels {
            let mut allows = self.judge(layer, &level.policies).is_some();
            if level.unread {
                allows |= self.unread(layer, true);
            }
            all &= allows;
        }
        all
    }

    /// Whether a layer that may be left out allows, or is left out.
    fn applies_and_allows(&mut self, layer: Layer, policies: &[&'p Policy]) -> bool {
        let applies = !policies.is_empty() || self.policies.unread.iter().any(|unread| unread.layer == layer);
        let allows = self.layer(layer, policies).is_some();
        allows || !applies
    }

    fn layer(&mut self, layer: Layer, policies: &[&'p Policy]) -> Option<Named> {
        let mut grant = self.judge(layer, policies);
        for unread in self.policies.unread.iter().filter(|unread| unread.layer == layer) {
            if self.unread(layer, unread.may_deny) {
                grant = Some(Named::Directly);
            }
        }
        grant
    }

    /// Takes the best or the worst of a policy that could not be read; tells whether it allows.
    fn unread(&mut self, layer: Layer, may_deny: bool) -> bool {
        if self.view == View::Worst && may_deny {
            self.unread_denies.push(layer);
        }
        self.view == View::Best
    }

    /// Judges all statements of some policies: what allows and what denies is kept, the best grant returned.
    fn judge(&mut self, layer: Layer, policies: &[&'p Policy]) -> Option<Named> {
        let mut grant = None;
        for policy in policies {
            for statement in &policy.statements {
                let deciding = Deciding { layer, policy, statement };
                let Some(named) = self.statement(deciding) else { continue };
                match statement.effect {
                    Effect::Allow => {
                        grant = grant.max(Some(named));
                        self.allows.push(deciding);
                    }
                    Effect::Deny => self.denies.push(deciding),
                }
            }
        }
        grant
    }

    fn caller(&self) -> Caller<'a> {
        let unread = self.policies.unread.iter().any(|unread| unread.layer == Layer::Boundary);
        Caller {
            principal: self.request.principal(),
            context: self.request.context(),
            has_boundary: self.request.principal().aws().is_some()
                && (unread || !self.policies.boundary.is_empty()),
        }
    }

    /// Whether a statement applies, and how it names the principal.
    fn statement(&mut self, deciding: Deciding<'p>) -> Option<Named> {
        let statement = deciding.statement;
        let Statement { effect, principals, actions, resources, conditions, .. } = statement;
        let effect = *effect;
        if !actions.matches(self.request.action()) {
            return None;
        }
        let named = match principals {
            None => Named::Directly,
            Some(element) => named(element, effect, self.caller(), &mut self.notes)?,
        };
        let mut open = false;
        if let Some(element) = resources {
            let denied = if effect == Effect::Allow { self.denied_parts.as_slice() } else { &[] };
            match resource::fit(
                element,
                effect,
                denied,
                self.request,
                self.view,
                &self.budget,
                &mut self.notes,
            ) {
                Fit::Yes => {}
                Fit::No => return None,
                Fit::Open => {
                    open = true;
                    self.open.push(OpenCondition { effect, deciding, condition: None });
                }
            }
        }
        let first_open = self.open.len();
        let mut holds = true;
        for condition in conditions {
            match evaluate(condition, effect, self.request, self.view, &mut self.notes) {
                Held::Holds => {}
                Held::Fails => holds = false,
                Held::Open => {
                    open = true;
                    self.open.push(OpenCondition { effect, deciding, condition: Some(condition) });
                }
            }
        }
        if !holds {
            // Nothing that is open can make it apply.
            self.open.truncate(first_open);
            return None;
        }
        let counts_if_open = match effect {
            Effect::Allow => self.view == View::Best,
            Effect::Deny => self.view == View::Worst,
        };
        (!open || counts_if_open).then_some(named)
    }

    /// Statements that deny the action to the principal for some resources, without conditions.
    fn find_denied_parts(&mut self, policies: impl Iterator<Item = &'p Policy>) {
        for statement in policies.flat_map(|policy| &policy.statements) {
            let Statement { effect, principals, actions, resources, .. } = statement;
            if *effect == Effect::Allow || resources.is_none() {
                continue;
            }
            let names = principals.as_ref().is_none_or(|element| {
                named(element, Effect::Deny, self.caller(), &mut Notes::default()).is_some()
            });
            if statement.conditions.is_empty() && names && actions.matches(self.request.action()) {
                self.denied_parts.push(statement);
            }
        }
    }
}
