//! Access policies that access entries hold: EKS itself authorizes by them, beside RBAC.

use std::sync::{Arc, LazyLock};

use ringwall_model::{
    AccessPolicyAssociation, AccessScope, Decision, PolicyRule, Proof, Reason, Ring, Source, Verdict,
};

use super::access_policy::{AccessPolicies, policy_name};
use super::scope::{Covers, covers, scope_text};
use crate::rule::{Asked, Rule, What};
use crate::symbols::{Symbol, Symbols};
use crate::{Target, text};

/// The rules of all policies, ready for comparison by the authorizer's own matcher.
struct Compiled {
    symbols: Symbols,
    /// By the policy's place.
    policies: Vec<CompiledPolicy>,
}

struct CompiledPolicy {
    name: &'static str,
    /// `None` if AWS does not publish them.
    rules: Option<Vec<CompiledRule>>,
    restricted: Vec<(CompiledRule, &'static str)>,
}

struct CompiledRule {
    rule: Rule<'static>,
    resources: Vec<Symbol>,
}

impl Compiled {
    fn built_in() -> &'static Self {
        static COMPILED: LazyLock<Compiled> = LazyLock::new(|| Compiled::new(AccessPolicies::built_in()));
        &COMPILED
    }

    fn new(policies: &'static AccessPolicies) -> Self {
        let mut symbols = Symbols::new();
        let mut compile = |place: usize, index: usize, rule: &'static PolicyRule| CompiledRule {
            resources: rule.resources.iter().map(|resource| symbols.intern(resource)).collect(),
            rule: Rule::new(rule, place, index, &mut symbols),
        };
        let compiled = policies.all().iter().enumerate().map(|(place, policy)| CompiledPolicy {
            name: policy.name(),
            rules: policy.rules().map(|rules| {
                rules.iter().enumerate().map(|(index, rule)| compile(place, index, rule)).collect()
            }),
            restricted: (0..)
                .zip(policy.restricted_rules())
                .map(|(index, (rule, why))| (compile(place, index, rule), &**why))
                .collect(),
        });
        let policies = compiled.collect();
        Self { symbols, policies }
    }
}

impl CompiledRule {
    fn allows(&self, asked: &Asked<'_>) -> bool {
        let covered = match asked.what() {
            What::Path(_) => true,
            What::Resource { .. } => {
                self.resources.iter().any(|resource| asked.resources().contains(resource))
            }
        };
        covered && self.rule.allows(asked)
    }
}

/// An access policy that an access entry holds.
#[derive(Clone, Debug)]
pub struct GrantedPolicy {
    /// The policy's ARN.
    pub arn: Arc<str>,
    /// Its name, or its ARN if that has none.
    pub name: Arc<str>,
    /// Who holds it: the access entry's principal.
    pub principal: Arc<str>,
    /// Where in the cluster it holds.
    pub scope: AccessScope,
    /// Where the association is written.
    pub source: Source,
    /// Its place among the policies that this version knows.
    place: Option<usize>,
}

impl GrantedPolicy {
    /// The policy of an association.
    pub fn new(association: &AccessPolicyAssociation) -> Self {
        let arn = &association.policy_arn;
        Self {
            arn: Arc::clone(arn),
            name: policy_name(arn).map_or_else(|| Arc::clone(arn), Arc::from),
            principal: Arc::clone(&association.principal_arn),
            scope: association.scope.clone(),
            source: association.source.clone(),
            place: AccessPolicies::built_in().place(arn),
        }
    }

    /// Its rules; `None` if they are not known.
    pub fn rules(&self) -> Option<&'static [PolicyRule]> {
        AccessPolicies::built_in().all().get(self.place?)?.rules()
    }

    /// Whether this policy allows a verb on a target.
    pub fn decide(&self, verb: &str, target: &Target<'_>) -> Decision {
        let held = covers(&self.scope, target);
        if held == Covers::No {
            return Decision::denied();
        }
        let compiled = Compiled::built_in();
        let policy = self.place.and_then(|place| compiled.policies.get(place));
        let Some((policy, rules)) = policy.and_then(|policy| Some((policy, policy.rules.as_ref()?))) else {
            return unknown(format!(
                "access policy `{}` of `{}`: its rules are not known",
                self.name, self.principal
            ));
        };
        let asked = Asked::new(&compiled.symbols, verb, target);
        if let Some(rule) = rules.iter().find(|rule| rule.allows(&asked)) {
            return match held {
                Covers::Unclear => unknown(format!(
                    "access policy `{}` of `{}`: whether its scope, {}, holds here is not known",
                    self.name,
                    self.principal,
                    scope_text(&self.scope)
                )),
                Covers::Yes | Covers::No => Decision::allowed(vec![self.reason(policy, rule)]),
            };
        }
        let restricted = policy.restricted.iter().find(|(rule, _)| rule.allows(&asked));
        restricted.map_or_else(Decision::denied, |(_, why)| {
            unknown(format!(
                "access policy `{}` of `{}` allows this for some names, which AWS does not publish: {why}",
                self.name, self.principal
            ))
        })
    }

    fn reason(&self, policy: &CompiledPolicy, rule: &CompiledRule) -> Reason {
        let text = format!(
            "access policy {} of `{}` {} in {}",
            policy.name,
            self.principal,
            text::rule(rule.rule.policy),
            scope_text(&self.scope)
        );
        Reason {
            ring: Ring::Authorization,
            proof: Proof::Arn(Arc::clone(&self.arn)),
            rule: Some(rule.rule.index),
            statement: None,
            source: self.source.clone(),
            text: text.into(),
        }
    }
}

/// What these policies together allow: one is enough.
///
/// Access policies count for the caller's own requests alone, never for those made under impersonation
/// (EKS user guide, *Associate access policies with access entries*): don't ask for an impersonated user.
pub fn decide_by_policies(policies: &[GrantedPolicy], verb: &str, target: &Target<'_>) -> Decision {
    policies.iter().map(|policy| policy.decide(verb, target)).fold(Decision::denied(), Decision::or)
}

fn unknown(why: String) -> Decision {
    Decision { verdict: Verdict::Unknown, reasons: Vec::new(), not_evaluated: vec![why] }
}
