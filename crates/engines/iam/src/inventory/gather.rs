//! A question, and every policy that has a say in it.

use std::sync::Arc;

use ringwall_model::{Arn, IamPrincipalKind};

use super::organization::Control;
use super::{Inventory, Known, Loaded};
use crate::context::Context;
use crate::key::Key;
use crate::layers::{Layer, Policies, Unread};
use crate::policy::{Policy, is_account};
use crate::principal::{AwsPrincipal, AwsPrincipalKind, Principal};
use crate::request::{InvalidRequest, Request};
use crate::special;

/// A question to an [`Inventory`].
#[derive(Clone, Debug)]
pub struct Ask {
    /// Who asks.
    pub principal: Principal,
    /// What is to be done, such as `s3:GetObject`.
    pub action: Arc<str>,
    /// What it is to be done on: an ARN, a pattern of ARNs, or `*`.
    pub resource: Arc<str>,
    /// What the request carries beside.
    pub context: Context,
}

/// A question with every policy that has a say in it.
#[derive(Clone, Debug)]
pub struct Gathered<'i> {
    /// The question, completed by what the snapshot knows of the principal.
    pub request: Request,
    /// The policies.
    pub policies: Policies<'i>,
    /// What is not in the snapshot, or cannot be evaluated, and could decide otherwise.
    pub missing: Vec<String>,
    /// What is not in the snapshot and is taken not to be there.
    pub unknown: Vec<String>,
}

impl Inventory<'_> {
    /// Looks for the policies that have a say in a question.
    ///
    /// # Errors
    ///
    /// If the action or the resource cannot be one.
    pub fn gather(&self, ask: &Ask) -> Result<Gathered<'_>, InvalidRequest> {
        let mut context = ask.context.clone();
        let owner = self.owner(&ask.resource);
        if let Some(principal) = ask.principal.aws() {
            self.complete(principal, &mut context);
        }
        let account = owner.as_ref().or(self.cluster.info.account.as_ref()).cloned();
        if let (Some(chart), Some(account)) = (&self.organization, &account)
            && chart.has(account)
        {
            context.complete("aws:ResourceOrgID", Arc::clone(chart.id()));
            if let Some(path) = chart.org_path(account) {
                context.complete("aws:ResourceOrgPaths", path);
            }
        }
        let request =
            Request::new(ask.principal.clone(), &ask.action, &ask.resource, owner.as_ref(), context)?;
        let mut gathered =
            Gathered { request, policies: Policies::default(), missing: Vec::new(), unknown: Vec::new() };
        if let Some(principal) = ask.principal.aws() {
            self.add_principal(principal, &mut gathered);
        }
        self.add_resource(&ask.resource, &mut gathered);
        if let Some(account) = ask.principal.account() {
            gathered.policies.scp = self.levels(account, Control::Scp, &mut gathered);
        }
        if let Some(account) = gathered.request.resource_account().map(str::to_owned) {
            gathered.policies.rcp = self.levels(&account, Control::Rcp, &mut gathered);
        }
        Ok(gathered)
    }

    /// The account of a resource, if its ARN or the snapshot tells.
    fn owner(&self, resource: &str) -> Option<Arc<str>> {
        let arn: Arn = resource.parse().ok()?;
        if is_account(&arn.account) {
            return Some(arn.account.into());
        }
        self.resources.get(policy_holder(resource)).and_then(|attached| attached.account.clone())
    }

    /// Adds what the snapshot knows of a principal: its full ARN, tags, unique id and organization.
    fn complete(&self, principal: &AwsPrincipal, context: &mut Context) {
        if let Some(Known { principal: known, .. }) = self.find(principal) {
            context.complete("aws:PrincipalArn", Arc::clone(&known.arn));
            for (key, value) in &known.tags {
                context.complete(&format!("aws:PrincipalTag/{key}"), Arc::clone(value));
            }
            if let (IamPrincipalKind::User, Some(id)) = (known.kind, &known.id) {
                context.complete("aws:userid", Arc::clone(id));
            }
            if let (AwsPrincipalKind::Session { session, .. }, Some(id)) = (principal.kind(), &known.id) {
                context.complete("aws:userid", format!("{id}:{session}"));
            }
        }
        if let Some(chart) = self.organization.as_ref().filter(|chart| chart.has(principal.account())) {
            context.complete("aws:PrincipalOrgID", Arc::clone(chart.id()));
            if let Some(path) = chart.org_path(principal.account()) {
                context.set(Key::new(&"aws:PrincipalOrgPaths".into()), [path.into()]);
            }
        }
    }

    fn add_principal<'i>(&'i self, principal: &AwsPrincipal, gathered: &mut Gathered<'i>) {
        let Some(known) = self.find(principal) else {
            if *principal.kind() != AwsPrincipalKind::Root {
                gathered.miss(Layer::Identity, true, self.not_found(principal));
            }
            return;
        };
        for (loaded, may_deny) in &known.identity {
            match loaded {
                Ok(policy) => gathered.policies.identity.push(policy),
                Err(why) => gathered.miss(Layer::Identity, *may_deny, why.to_string()),
            }
        }
        match &known.boundary {
            None => {}
            Some(Ok(policy)) => gathered.policies.boundary.push(policy),
            Some(Err(why)) => gathered.miss(Layer::Boundary, true, why.to_string()),
        }
    }

    fn not_found(&self, principal: &AwsPrincipal) -> String {
        if self.cluster.aws.iam_exported {
            format!("`{}` is not in the export of the account's users and roles", principal.arn())
        } else {
            format!(
                "the policies of `{}`: `aws iam get-account-authorization-details` is missing",
                principal.arn()
            )
        }
    }

    fn add_resource<'i>(&'i self, resource: &str, gathered: &mut Gathered<'i>) {
        if special::takes_only_star(gathered.request.action()) {
            return;
        }
        match self.resource_policy(&gathered.request, resource) {
            Some(Ok(policy)) => gathered.policies.resource = Some(policy),
            Some(Err(why)) => gathered.miss(Layer::Resource, true, why.to_string()),
            None => {
                let known = self.resources.contains_key(policy_holder(resource));
                let needed =
                    !gathered.request.is_same_account() || special::has_no_implicit_trust(&gathered.request);
                let why = || format!("the policy of `{}` is not in the snapshot", policy_holder(resource));
                if !known && needed {
                    gathered.miss(Layer::Resource, true, why());
                } else if !known && special::may_have_policy(gathered.request.action(), resource) {
                    gathered.unknown.push(format!("{}, and was taken not to be there", why()));
                }
            }
        }
    }

    /// The policy that speaks for a resource in a request.
    fn resource_policy<'i>(&'i self, request: &Request, resource: &str) -> Option<&'i Loaded> {
        if special::is_of_trust(request.action()) {
            // The trust policy of another account's role may stand among the resources' policies.
            let own = self.role(resource).and_then(|known| known.trust.as_ref());
            return own.or_else(|| self.resources.get(resource)?.policy.as_ref());
        }
        self.resources.get(policy_holder(resource))?.policy.as_ref()
    }

    fn levels<'i>(
        &'i self,
        account: &str,
        control: Control,
        gathered: &mut Gathered<'i>,
    ) -> Vec<crate::layers::Level<'i>> {
        let Some(chart) = &self.organization else { return Vec::new() };
        if !chart.has(account) {
            return Vec::new();
        }
        let (levels, missing) = chart.levels(account, control);
        gathered.missing.extend(missing);
        levels
    }

    /// Whether the snapshot has the organization's policies.
    pub fn knows_organization(&self) -> bool {
        self.organization.is_some()
    }
}

impl Gathered<'_> {
    /// Notes a policy that cannot be evaluated.
    pub fn miss(&mut self, layer: Layer, may_deny: bool, why: String) {
        self.policies.unread.push(Unread { layer, may_deny });
        if !self.missing.contains(&why) {
            self.missing.push(why);
        }
    }
}

impl<'i> Gathered<'i> {
    /// Adds a policy that is passed with the session.
    #[must_use]
    pub fn with_session_policy(mut self, policy: &'i Policy) -> Self {
        self.policies.session.push(policy);
        self
    }
}

/// The resource whose policy speaks for another: a bucket for its objects, a table for its indexes.
///
/// Sources: Amazon S3 User Guide, *Bucket policies*; DynamoDB Developer Guide, *Resource-based policies*.
fn policy_holder(resource: &str) -> &str {
    let bucket = resource.split(':').nth(2) == Some("s3");
    if bucket {
        return resource.split_once('/').map_or(resource, |(bucket, _)| bucket);
    }
    match resource.find(":table/").and_then(|at| resource.get(at..)?.find("/index/").map(|index| at + index))
    {
        Some(end) => resource.get(..end).unwrap_or(resource),
        None => resource,
    }
}
