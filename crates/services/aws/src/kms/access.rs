//! Whether a caller may use a key: its policy, its grants, and what the request tells of both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ringwall_envelope::EncryptionContext;
use ringwall_iam::{Policy, PolicyKind};
use ringwall_store::Row;
use serde_json::json;

use super::identifier::{Forms, Sought, seek};
use super::principal;
use super::rows::{Constraint, Grant, Granted, Key, Named, State};
use crate::authorize::{Ask, Permit, ResourcePolicy};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::policy;

/// A key that the caller may use as it asked.
#[derive(Debug)]
pub(crate) struct Allowed {
    pub(crate) permit: Permit,
    pub(crate) account: String,
    pub(crate) arn: Arc<str>,
    pub(crate) row: Arc<Row<Key>>,
}

/// What is asked of a key.
#[derive(Debug)]
pub(crate) struct Wish<'a> {
    /// Action without `kms:`, which grants call an operation.
    pub(crate) action: &'static str,
    /// The encryption context, for what has one.
    pub(crate) context: Option<&'a EncryptionContext>,
    /// Further condition keys.
    pub(crate) keys: Vec<(&'static str, String)>,
    /// Whether the caller named no key, but gave a ciphertext that does.
    pub(crate) by_ciphertext: bool,
    /// The grant that is to be made, which a grant allows only if it gives no more than itself has.
    pub(crate) grant: Option<(&'a BTreeSet<String>, &'a Constraint)>,
    pub(crate) through: Through,
}

/// Which grants may allow a wish.
#[derive(Debug)]
pub(crate) enum Through {
    /// All that the key has.
    Grants,
    /// This one alone, or none.
    Only(Option<Granted>),
}

impl<'a> Wish<'a> {
    pub(crate) fn new(action: &'static str) -> Self {
        Self {
            action,
            context: None,
            keys: Vec::new(),
            by_ciphertext: false,
            grant: None,
            through: Through::Grants,
        }
    }

    /// Of a cryptographic operation.
    pub(crate) fn cryptographic(action: &'static str, context: &'a EncryptionContext) -> Self {
        let keys = vec![("kms:EncryptionAlgorithm", super::SYMMETRIC_DEFAULT.to_owned())];
        Self { context: Some(context), keys, ..Self::new(action) }
    }

    /// With a condition key.
    pub(crate) fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.keys.push((key, value.into()));
        self
    }
}

/// Finds a key and decides.
pub(crate) async fn allowed(call: &Call<'_>, key: &str, forms: Forms, wish: &Wish<'_>) -> Result<Allowed> {
    let sought = seek(call, key, forms).await?;
    sought.allowed(call, wish, |ask| ask).await
}

impl Sought {
    /// Decides. Whether a key is there is told only to who may ask for it.
    pub(crate) async fn allowed(
        self,
        call: &Call<'_>,
        wish: &Wish<'_>,
        more: impl FnOnce(Ask) -> Ask,
    ) -> Result<Allowed> {
        let action = format!("kms:{}", wish.action);
        let mut ask = common(call, Ask::new(&action, Arc::clone(&self.arn)));
        if let Some(alias) = &self.alias {
            ask = ask.with("kms:RequestAlias", alias.as_str());
        }
        for (key, value) in &wish.keys {
            ask = ask.with(key, value.as_str());
        }
        if wish.by_ciphertext {
            ask = ask.of_ciphertext();
        }
        if let Some(context) = wish.context {
            ask = with_context(ask, context.pairs());
        }
        let ask = more(ask);
        let Some(row) = &self.row else {
            // With the policy that a key begins with, it is the caller's own policies that decide whether to tell.
            let own = self.account == call.account();
            let policy = if own { default_policy(&self.account).ok() } else { None };
            let ask = match policy {
                Some(policy) if !wish.by_ciphertext => ask.policy(ResourcePolicy::Some(Arc::new(policy))),
                _ => ask,
            };
            call.authorize(&ask)?;
            return Err(self.missing());
        };
        call.note_resource(&self.arn, &self.account, "AWS::KMS::Key");
        let key = &row.value;
        let mut ask = of_key(ask, key);
        if let Some(granted) = granted(call, row, wish).await? {
            ask = join(ask, key, &granted);
        }
        let permit = call.authorize(&ask)?;
        let Self { account, arn, row, .. } = self;
        let row = row.ok_or_else(|| ApiError::internal(&"a key is there and is not"))?;
        Ok(Allowed { permit, account, arn, row })
    }
}

/// What every request to KMS tells.
///
/// Source: AWS, *KMS Developer Guide*, "AWS KMS condition keys": `kms:CallerAccount`, `kms:ViaService`.
pub(crate) fn common(call: &Call<'_>, ask: Ask) -> Ask {
    let via = call.via();
    let via = via.as_deref().and_then(|via| via.strip_suffix(".amazonaws.com"));
    let account = Some(call.account()).filter(|account| !account.is_empty());
    ask.with_some("kms:CallerAccount", account)
        .with_some("kms:ViaService", via.map(|service| format!("{service}.{}.amazonaws.com", call.region())))
}

/// What a key of our only kind tells of itself, here or when it is made.
pub(crate) fn of_kind(ask: Ask) -> Ask {
    ask.with("kms:KeySpec", super::SYMMETRIC_DEFAULT)
        .with("kms:KeyUsage", super::ENCRYPT_DECRYPT)
        .with("kms:KeyOrigin", super::AWS_KMS)
        .with("kms:MultiRegion", "false")
        // The names that these two had at first, which still count.
        .with("kms:CustomerMasterKeySpec", super::SYMMETRIC_DEFAULT)
        .with("kms:CustomerMasterKeyUsage", super::ENCRYPT_DECRYPT)
}

/// What a key tells, and its policy.
pub(crate) fn of_key(ask: Ask, key: &Key) -> Ask {
    let tags = key.tags.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    of_kind(ask)
        .with_all("kms:ResourceAliases", key.aliases.iter().map(String::as_str))
        .resource_tags(None, tags)
        .policy(ResourcePolicy::from(key.policy.policy(PolicyKind::Resource, "key policy")))
}

/// An encryption context as condition keys.
///
/// Source: AWS, *KMS Developer Guide*, `kms:EncryptionContext:context-key`, `kms:EncryptionContextKeys`.
pub(crate) fn with_context(mut ask: Ask, context: &BTreeMap<String, String>) -> Ask {
    for (key, value) in context {
        ask = ask.with(&format!("kms:EncryptionContext:{key}"), value.as_str());
    }
    ask.with_all("kms:EncryptionContextKeys", context.keys().map(String::as_str))
}

/// The policy that a key has unless another is given: the account's own policies decide.
///
/// Source: AWS, *KMS Developer Guide*, "Default key policy".
pub(crate) fn default_policy_text(account: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
            "Action": "kms:*",
            "Resource": "*",
        }],
    })
    .to_string()
}

pub(crate) fn default_policy(account: &str) -> Result<Policy> {
    let text = default_policy_text(account);
    policy::read(PolicyKind::Resource, "default key policy", &text)
        .map_err(|error| ApiError::internal(&error))
}

/// A grant of the caller's that covers the wish. Only the grants that are filed under the caller are looked at.
async fn granted(call: &Call<'_>, row: &Row<Key>, wish: &Wish<'_>) -> Result<Option<Granted>> {
    if let Through::Only(granted) = &wish.through {
        return Ok(granted.clone());
    }
    if row.value.grants.is_empty() {
        return Ok(None);
    }
    let place = &row.place;
    for filed in principal::filed(call.caller()) {
        for id in row.value.grants.get(filed).into_iter().flatten() {
            let name = format!("{}/{id}", place.name);
            let grant = call.shared.kms.grants.get(&place.account, &place.region, &name).await?;
            let Some(grant) = grant.filter(|grant| grant.value.covers(wish)) else { continue };
            let grant = &grant.value;
            let granted = || Granted::new(&grant.grantee, &grant.operations, id);
            let granted = grant.policies.0.get_or_init(granted);
            if let Some(granted) = granted {
                return Ok(Some(granted.clone()));
            }
        }
    }
    Ok(None)
}

/// The grant beside the key's policy. What either side denies stays denied.
fn join(ask: Ask, key: &Key, granted: &Granted) -> Ask {
    let Some(policy) = key.policy.policy(PolicyKind::Resource, "key policy") else { return ask };
    let mut joined = (**policy).clone();
    joined.statements = policy.statements.iter().chain(&granted.resource.statements).cloned().collect();
    ask.policy(ResourcePolicy::Some(Arc::new(joined))).granted(granted.identity.clone())
}

impl Grant {
    /// Whether it allows a wish.
    fn covers(&self, wish: &Wish<'_>) -> bool {
        if !self.operations.contains(wish.action) {
            return false;
        }
        if let Some((operations, constraint)) = wish.grant {
            return operations.is_subset(&self.operations) && constraint.is_within(&self.constraint);
        }
        // What has no encryption context is not constrained.
        wish.context.is_none_or(|context| self.constraint.holds(context.pairs()))
    }
}

impl Granted {
    /// As policies: what is given to an account is handed on by the account's own policies, as what a key's policy gives.
    pub(crate) fn new(to: &Named, operations: &BTreeSet<String>, id: &str) -> Option<Self> {
        let actions: Vec<String> = operations.iter().map(|operation| format!("kms:{operation}")).collect();
        let mut statement = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
        let document = |statement: &serde_json::Value| {
            json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
        };
        let name = format!("grant {id}");
        let identity = if principal::is_account(&to.filed) {
            None
        } else {
            Some(Arc::new(policy::read(PolicyKind::Identity, &name, &document(&statement)).ok()?))
        };
        let members = statement.as_object_mut()?;
        members.insert("Principal".to_owned(), json!({ "AWS": to.filed }));
        let resource = policy::read(PolicyKind::Resource, &name, &document(&statement)).ok()?;
        Some(Self { resource: Arc::new(resource), identity })
    }
}

impl Constraint {
    /// Whether an encryption context is as it asks.
    pub(crate) fn holds(&self, context: &BTreeMap<String, String>) -> bool {
        match self {
            Self::None => true,
            Self::Equals(pairs) => pairs == context,
            Self::Subset(pairs) => pairs.iter().all(|(key, value)| context.get(key) == Some(value)),
        }
    }

    /// Whether whatever meets this one meets the other one too.
    pub(crate) fn is_within(&self, wider: &Self) -> bool {
        match (self, wider) {
            (_, Self::None) => true,
            (Self::Equals(own), wider) => wider.holds(own),
            (Self::Subset(own), Self::Subset(pairs)) => {
                pairs.iter().all(|(key, value)| own.get(key) == Some(value))
            }
            (Self::None, _) | (Self::Subset(_), Self::Equals(_)) => false,
        }
    }
}

impl Allowed {
    /// Its record, to change it.
    pub(crate) fn key(&self) -> &Key {
        &self.row.value
    }

    /// Id of the key.
    pub(crate) fn id(&self) -> &str {
        &self.row.place.name
    }

    /// Whether it can be used.
    ///
    /// Source: AWS, *KMS Developer Guide*, "Key states of AWS KMS keys".
    ///
    /// # Errors
    ///
    /// `DisabledException`, `KMSInvalidStateException`.
    pub(crate) fn enabled(&self) -> Result<()> {
        enabled(&self.arn, self.key().state)
    }

    /// Whether it is not about to be deleted.
    ///
    /// # Errors
    ///
    /// `KMSInvalidStateException`.
    pub(crate) fn not_pending(&self) -> Result<()> {
        not_pending(&self.arn, self.key().state)
    }
}

pub(crate) fn enabled(arn: &str, state: State) -> Result<()> {
    match state {
        State::Enabled => Ok(()),
        State::Disabled => Err(ApiError::new("DisabledException", format!("{arn} is disabled."))),
        State::PendingDeletion { .. } => Err(pending(arn)),
    }
}

pub(crate) fn not_pending(arn: &str, state: State) -> Result<()> {
    if matches!(state, State::PendingDeletion { .. }) { Err(pending(arn)) } else { Ok(()) }
}

fn pending(arn: &str) -> ApiError {
    ApiError::new("KMSInvalidStateException", format!("{arn} is pending deletion."))
}
