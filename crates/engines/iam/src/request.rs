//! What is asked.

use std::sync::Arc;

use ringwall_model::Arn;

use crate::context::Context;
use crate::key::Key;
use crate::limits::MAX_RESOURCE_BYTES;
use crate::pattern::Pattern;
use crate::pattern_set::Steps;
use crate::policy::is_account;
use crate::principal::Principal;
use crate::special;

/// Name of the key that tells the resource's account.
const RESOURCE_ACCOUNT: &str = "aws:ResourceAccount";

/// A question: may this principal do this action on this resource, in this context?
#[derive(Clone, Debug)]
pub struct Request {
    principal: Principal,
    action: Action,
    resource: Resource,
    resource_account: Option<Arc<str>>,
    account_is_assumed: bool,
    context: Context,
}

/// An action such as `s3:GetObject`, in which case does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    written: Arc<str>,
    lower: Box<str>,
}

/// What an action is done on: a resource, or every one that a pattern stands for.
#[derive(Clone, Debug)]
pub struct Resource {
    pattern: Pattern,
    /// For a question about a pattern: its states.
    steps: Option<Arc<Steps>>,
}

/// Why a question cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequest {
    /// The action is not `service:Action`.
    #[error("`{0}` is no action: it needs a service and a name, as in `s3:GetObject`")]
    Action(String),
    /// The resource is longer than any.
    #[error("the resource is longer than {MAX_RESOURCE_BYTES} bytes")]
    Resource,
    /// The resource's account is not twelve digits.
    #[error("`{0}` is no account id: it needs twelve digits")]
    Account(String),
}

/// How keys count that the question did not give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// They are absent, as in a request that lacks them.
    Closed,
    /// They are not known: what depends on them is taken to turn out in favour of access.
    Best,
    /// They are not known: what depends on them is taken to turn out against access.
    Worst,
}

impl View {
    /// Whether a key that was not given may still be there.
    pub fn is_open(self) -> bool {
        self != Self::Closed
    }
}

impl Action {
    /// An action by its name.
    ///
    /// # Errors
    ///
    /// If it has no service before a colon.
    pub fn new(written: &Arc<str>) -> Result<Self, InvalidRequest> {
        let is_action =
            written.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
        if !is_action || written.len() > 256 {
            return Err(InvalidRequest::Action(written.chars().take(128).collect()));
        }
        Ok(Self { written: Arc::clone(written), lower: written.to_ascii_lowercase().into() })
    }

    /// The action as it is written.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The action in lower case.
    pub fn lower(&self) -> &str {
        &self.lower
    }

    /// The service's prefix in lower case.
    pub fn service(&self) -> &str {
        self.lower.split(':').next().unwrap_or_default()
    }
}

impl Resource {
    /// A resource by its ARN, or a pattern of ARNs.
    ///
    /// # Errors
    ///
    /// If it is longer than any resource.
    pub fn new(written: &Arc<str>) -> Result<Self, InvalidRequest> {
        if written.len() > MAX_RESOURCE_BYTES {
            return Err(InvalidRequest::Resource);
        }
        let pattern = Pattern::question(written);
        let steps = pattern.literal().is_none().then(|| Arc::new(Steps::of(&*pattern.parts)));
        Ok(Self { pattern, steps })
    }

    /// The text `*` itself: what actions are done on that take no resource.
    fn none() -> Self {
        Self { pattern: Pattern::star(), steps: None }
    }

    /// The resource as it is written.
    pub fn written(&self) -> &str {
        self.pattern.written()
    }

    /// The pattern's states, if the question is about a pattern.
    pub(crate) fn steps(&self) -> Option<&Steps> {
        self.steps.as_deref()
    }
}

impl Request {
    /// A question. The resource's account is that of its ARN if it is not given; S3's ARNs have none.
    ///
    /// # Errors
    ///
    /// If the action or the resource cannot be one.
    pub fn new(
        principal: Principal,
        action: &Arc<str>,
        resource: &Arc<str>,
        resource_account: Option<&Arc<str>>,
        mut context: Context,
    ) -> Result<Self, InvalidRequest> {
        let action = Action::new(action)?;
        let resource =
            if special::takes_only_star(&action) { Resource::none() } else { Resource::new(resource)? };
        let arn: Option<Arn> = resource.written().parse().ok();
        if let Some(account) = resource_account.filter(|account| !is_account(account)) {
            return Err(InvalidRequest::Account(account.chars().take(32).collect()));
        }
        let of_arn =
            || arn.as_ref().map(|arn| Arc::from(arn.account.as_str())).filter(|id: &Arc<str>| is_account(id));
        let of_context = || {
            let [account] = context.named("aws:resourceaccount")? else { return None };
            Some(Arc::clone(account)).filter(|id| is_account(id))
        };
        let told = resource_account.cloned().or_else(of_arn).or_else(of_context);
        let own = || principal.account().map(Arc::from);
        let account_is_assumed = told.is_none();
        let resource_account = told.or_else(own);
        principal.complete(&mut context);
        if let Some(account) = &resource_account {
            context.complete(RESOURCE_ACCOUNT, Arc::clone(account));
        }
        Ok(Self { principal, action, resource, resource_account, account_is_assumed, context })
    }

    /// Who asks.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// What is to be done.
    pub fn action(&self) -> &Action {
        &self.action
    }

    /// What it is to be done on.
    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    /// The resource's account, if anything tells.
    pub fn resource_account(&self) -> Option<&str> {
        self.resource_account.as_deref()
    }

    /// What the request carries, completed by what the principal and the resource tell.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Whether nothing told the resource's account, so that the principal's own was taken.
    pub(crate) fn account_is_assumed(&self) -> bool {
        self.account_is_assumed
    }

    pub(crate) fn is_assumed_account(&self, key: &Key) -> bool {
        self.account_is_assumed && key.lower().eq_ignore_ascii_case(RESOURCE_ACCOUNT)
    }

    /// Whether principal and resource belong to the same account.
    pub(crate) fn is_same_account(&self) -> bool {
        self.principal.account().is_some_and(|account| self.resource_account() == Some(account))
    }
}
