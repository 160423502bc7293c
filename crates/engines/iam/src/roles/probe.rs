//! Questions to the evaluator about things that nobody named: what is allowed on them is allowed on all of their kind.

use std::sync::Arc;

use ringwall_model::{Reason, Source, Verdict as ModelVerdict};

use crate::context::Context;
use crate::inventory::{Ask, Inventory, Known};
use crate::layers::Layer;
use crate::pattern::Pattern;
use crate::policy::{
    ActionElement, AwsPrincipalPattern, Effect, Policy, PolicyKind, PrincipalElement, PrincipalPattern,
    ResourceElement, Statement, Version,
};
use crate::principal::{AwsPrincipal, Principal};
use crate::special;

/// The name of a resource that no policy names: what reaches it reaches every resource of its kind.
pub(super) const CANARY: &str = "ringwall-canary";

/// Region of the questions if the snapshot tells none.
const SOME_REGION: &str = "us-east-1";

/// Whether a question is allowed, and because of what.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) allowed: bool,
    /// The identity policies' statements that allow it.
    pub(super) reasons: Vec<Reason>,
    /// What could not be evaluated and might turn the answer round.
    pub(super) gaps: Vec<String>,
    /// Conditions under which it would be allowed, if it is not.
    pub(super) conditions: Vec<String>,
}

/// Asks what users and roles may do.
pub(super) struct Prober<'j> {
    inventory: &'j Inventory<'j>,
    region: Arc<str>,
    partition: Arc<str>,
}

impl<'j> Prober<'j> {
    pub(super) fn new(inventory: &'j Inventory<'j>) -> Self {
        let info = &inventory.cluster().info;
        let or = |told: &Option<Arc<str>>, other: &str| told.clone().unwrap_or_else(|| other.into());
        Self { inventory, region: or(&info.region, SOME_REGION), partition: or(&info.partition, "aws") }
    }

    /// Whether a user or role may do an action on a resource, in which `{p}`, `{r}`, `{a}` and `{canary}` stand for
    /// partition, region, its own account and a name that nobody uses.
    pub(super) fn may(&self, known: &Known<'_>, action: &str, resource: &str) -> Answer {
        self.ask(known, action, resource, &[], &|_| true)
    }

    /// The same with keys of the request, by some of its policies alone.
    pub(super) fn ask(
        &self,
        known: &Known<'_>,
        action: &str,
        resource: &str,
        keys: &[(&str, &str)],
        counts: &dyn Fn(&Policy) -> bool,
    ) -> Answer {
        let Ok(principal) = AwsPrincipal::parse(&known.principal.arn) else { return Answer::default() };
        let account: Arc<str> = principal.account().into();
        let resource = (resource.replace("{p}", &self.partition))
            .replace("{r}", &self.region)
            .replace("{a}", &account)
            .replace("{canary}", CANARY);
        // A request in its own region, encrypted, by somebody who gave a second factor: as strong as it can be.
        let usual = [
            ("aws:RequestedRegion", &*self.region),
            ("aws:SecureTransport", "true"),
            ("aws:MultiFactorAuthPresent", "true"),
        ];
        let context: Context = usual.into_iter().chain(keys.iter().copied()).collect();
        let ask = Ask {
            principal: Principal::Aws(principal),
            action: action.into(),
            resource: resource.as_str().into(),
            context,
        };
        let Ok(mut gathered) = self.inventory.gather(&ask) else { return Answer::default() };
        gathered.policies.identity.retain(|policy| counts(policy));
        let hands_over = hands_over(&account);
        if gathered.policies.resource.is_none() && special::has_no_implicit_trust(&gathered.request) {
            // Keys and roles that hand over to their account, as AWS makes keys: there the identity policy decides.
            let about_it = format!("`{resource}`");
            gathered.missing.retain(|why| !why.contains(&about_it));
            gathered.policies.unread.retain(|unread| unread.layer != Layer::Resource);
            gathered.policies.resource = Some(&hands_over);
        }
        let reply = gathered.reply();
        let of_identity = |deciding: &&crate::verdict::Deciding<'_>| deciding.layer == Layer::Identity;
        let allowed = reply.decision.verdict == ModelVerdict::Allowed;
        let unknown = reply.decision.verdict == ModelVerdict::Unknown;
        Answer {
            allowed,
            reasons: if allowed {
                reply
                    .verdict
                    .statements
                    .iter()
                    .filter(of_identity)
                    .map(|deciding| deciding.reason())
                    .collect()
            } else {
                Vec::new()
            },
            gaps: if unknown { reply.decision.not_evaluated } else { Vec::new() },
            conditions: if allowed || unknown {
                Vec::new()
            } else {
                reply.depends_on.iter().filter_map(|open| open.condition).map(ToString::to_string).collect()
            },
        }
    }
}

/// A resource's policy that leaves everything to the policies of an account, as the default policy of a KMS key does.
///
/// Source: AWS KMS Developer Guide, *Default key policy*.
fn hands_over(account: &Arc<str>) -> Policy {
    let account = PrincipalPattern::Aws(AwsPrincipalPattern::Account(Arc::clone(account)));
    let principals = PrincipalElement { negated: false, patterns: [(account, 0)].into() };
    allows_everything(PolicyKind::Resource, Some(principals), None)
}

/// An identity policy that allows everything, for principals whose own policies are not known.
pub(super) fn allows_all() -> Policy {
    let resources =
        ResourceElement { negated: false, patterns: [(Pattern::question(&"*".into()), 0)].into() };
    allows_everything(PolicyKind::Identity, None, Some(resources))
}

fn allows_everything(
    kind: PolicyKind,
    principals: Option<PrincipalElement>,
    resources: Option<ResourceElement>,
) -> Policy {
    let statement = Statement {
        index: 0,
        sid: None,
        effect: Effect::Allow,
        principals,
        actions: ActionElement { negated: false, patterns: [(Pattern::action(&"*".into()), 0)].into() },
        resources,
        conditions: Box::default(),
        line: 0,
    };
    Policy {
        name: "assumed".into(),
        arn: None,
        kind,
        version: Version::V2012,
        statements: [statement].into(),
        source: Source::built_in(),
    }
}
