//! From an access key to a caller: whose it is, what it secret is, and which policies count.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_iam::{Policy, PolicyKind};
use ringwall_model::Secret;
use ringwall_store::Row;

use crate::caller::{Caller, Identity, PrincipalPolicies, principal};
use crate::error::{ApiError, Result};
use crate::iam::rows::{Attached, Role, User};
use crate::sealed::key_place;
use crate::shared::Shared;
use crate::signing::SecretKey;
use crate::sts::session::{Of, Session};

/// A caller as its credentials claim, before the signature is checked.
#[derive(Debug)]
pub(crate) struct Claimed {
    /// Who calls, if the signature holds.
    pub(crate) caller: Caller,
    /// What the signature has to be made with.
    pub(crate) secret: SecretKey,
}

impl Shared {
    /// Whose an access key is.
    ///
    /// # Errors
    ///
    /// `InvalidClientTokenId` for what is no credential here, `ExpiredToken` for a session that has ended.
    pub(crate) async fn identify(&self, key: &str, token: Option<&str>, now: i64) -> Result<Claimed> {
        match token {
            Some(token) => self.session(key, token, now).await,
            None => self.access_key(key).await,
        }
    }

    async fn access_key(&self, id: &str) -> Result<Claimed> {
        let row = self.iam.access_keys.get("", "", id).await?.ok_or_else(unknown)?;
        let key = &row.value;
        if !key.active {
            return Err(unknown());
        }
        let mut caller = match &key.user {
            None => self.root(&key.account)?,
            Some(user) => self.user(&key.account, user, &key.user_id).await?,
        };
        caller.access_key = id.into();
        let place = key_place(&key.account, &key.user_id, id);
        Ok(Claimed { caller, secret: SecretKey::Sealed(row, place) })
    }

    async fn session(&self, id: &str, token: &str, now: i64) -> Result<Claimed> {
        let session = self.open_session(token).ok_or_else(invalid_token)?;
        if session.access_key != id {
            return Err(invalid_token());
        }
        if now.div_euclid(1000) >= session.expires {
            return Err(ApiError::new(
                "ExpiredToken",
                "The security token included in the request is expired",
            ));
        }
        let secret = Secret::from(session.secret.text().to_owned());
        let caller = self.session_caller(Arc::new(session)).await?;
        Ok(Claimed { caller, secret: SecretKey::Open(secret) })
    }

    /// Who acts in a session.
    pub(crate) async fn session_caller(&self, session: Arc<Session>) -> Result<Caller> {
        let account = session.account.clone();
        let mut caller = match &session.of {
            Of::Root => self.root(&account)?,
            Of::User { user, id } => self.user(&account, user, id).await?,
            Of::Role { role, id, name } => {
                let row = self.iam.roles.get(&account, "", role).await?.filter(|row| row.value.id == *id);
                self.role_session(&account, &*row.ok_or_else(unknown)?, name).await?
            }
        };
        for document in &session.policies {
            match document.policy(PolicyKind::Session, "session policy") {
                Some(policy) => caller.policies.session.push(Arc::clone(policy)),
                None => caller.policies.unread = true,
            }
        }
        for arn in &session.policy_arns {
            match self.managed_policy(&account, arn, PolicyKind::Session).await? {
                Some(policy) => caller.policies.session.push(policy),
                // A policy that is gone allows nothing any more, and what it denied is not known.
                None => caller.policies.unread = true,
            }
        }
        caller.access_key = session.access_key.as_str().into();
        for (name, value) in &session.tags {
            put_tag(&mut caller.tags, name, value);
        }
        caller.session = Some(session);
        Ok(caller)
    }

    /// The account's root user, whom no policy of his own limits.
    pub(crate) fn root(&self, account: &str) -> Result<Caller> {
        let arn: Arc<str> = format!("arn:aws:iam::{account}:root").into();
        Ok(Caller {
            principal: principal(&arn)?,
            arn,
            account: account.into(),
            user_id: account.into(),
            identity: Identity::Root,
            access_key: Arc::default(),
            session: None,
            tags: BTreeMap::new(),
            policies: PrincipalPolicies::default(),
        })
    }

    async fn user(&self, account: &str, name: &str, id: &str) -> Result<Caller> {
        let row = self.iam.users.get(account, "", name).await?.filter(|row| row.value.id == id);
        let row = row.ok_or_else(unknown)?;
        let user = &row.value;
        let arn: Arc<str> = user.arn(account).into();
        Ok(Caller {
            principal: principal(&arn)?,
            arn,
            account: account.into(),
            user_id: user.id.as_str().into(),
            identity: Identity::User(user.name.as_str().into()),
            access_key: Arc::default(),
            session: None,
            tags: user.tags.clone(),
            policies: self.user_policies(account, user).await?,
        })
    }

    /// A session of a role, before its own policies and tags are added.
    pub(crate) async fn role_session(&self, account: &str, row: &Row<Role>, name: &str) -> Result<Caller> {
        let role = &row.value;
        let arn: Arc<str> = format!("arn:aws:sts::{account}:assumed-role/{}/{name}", role.name).into();
        Ok(Caller {
            principal: principal(&arn)?,
            arn,
            account: account.into(),
            user_id: format!("{}:{name}", role.id).into(),
            identity: Identity::Session {
                role_arn: role.arn(account).into(),
                role_id: role.id.as_str().into(),
                role: role.name.as_str().into(),
            },
            access_key: Arc::default(),
            session: None,
            tags: role.tags.clone(),
            policies: self.role_policies(account, role).await?,
        })
    }

    /// A user's policies: its own, its groups', its boundary.
    pub(crate) async fn user_policies(&self, account: &str, user: &User) -> Result<PrincipalPolicies> {
        let mut policies = PrincipalPolicies::default();
        self.attached(account, &user.policies, &mut policies).await?;
        for group in &user.groups {
            match self.iam.groups.get(account, "", group).await? {
                Some(group) => self.attached(account, &group.value.policies, &mut policies).await?,
                None => policies.unread = true,
            }
        }
        self.boundary(account, user.boundary.as_deref(), &mut policies).await?;
        Ok(policies)
    }

    /// A role's policies: its own, its boundary.
    pub(crate) async fn role_policies(&self, account: &str, role: &Role) -> Result<PrincipalPolicies> {
        let mut policies = PrincipalPolicies::default();
        self.attached(account, &role.policies, &mut policies).await?;
        self.boundary(account, role.boundary.as_deref(), &mut policies).await?;
        Ok(policies)
    }

    async fn attached(&self, account: &str, attached: &Attached, into: &mut PrincipalPolicies) -> Result<()> {
        for (name, document) in &attached.inline {
            match document.policy(PolicyKind::Identity, name) {
                Some(policy) => into.identity.push(Arc::clone(policy)),
                None => into.unread = true,
            }
        }
        for arn in &attached.managed {
            match self.managed_policy(account, arn, PolicyKind::Identity).await? {
                Some(policy) => into.identity.push(policy),
                None => into.unread = true,
            }
        }
        Ok(())
    }

    async fn boundary(&self, account: &str, arn: Option<&str>, into: &mut PrincipalPolicies) -> Result<()> {
        let Some(arn) = arn else { return Ok(()) };
        match self.managed_policy(account, arn, PolicyKind::Boundary).await? {
            Some(policy) => into.boundary.push(policy),
            None => into.unread = true,
        }
        Ok(())
    }

    /// A managed policy in force: the account's own by its default version, or AWS's.
    pub(crate) async fn managed_policy(
        &self,
        account: &str,
        arn: &str,
        kind: PolicyKind,
    ) -> Result<Option<Arc<Policy>>> {
        if let Some(policy) = crate::iam::managed::policy(arn) {
            return Ok(Some(policy));
        }
        let Some(name) = arn.strip_prefix(&format!("arn:aws:iam::{account}:policy/")) else {
            return Ok(None);
        };
        let name = name.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let row = self.iam.policies.get(account, "", &name).await?;
        let Some(row) = row.filter(|row| row.value.arn(account) == arn) else { return Ok(None) };
        let version = row.value.versions.get(&row.value.default);
        Ok(version.and_then(|version| version.document.policy(kind, arn)).cloned())
    }
}

/// Sets a tag; keys of tags are one whatever their case.
///
/// Source: AWS IAM User Guide, *Pass session tags in AWS STS*: "session tag keys are not case sensitive".
pub(crate) fn put_tag(tags: &mut BTreeMap<String, String>, name: &str, value: &str) {
    tags.retain(|known, _| !known.eq_ignore_ascii_case(name));
    tags.insert(name.to_owned(), value.to_owned());
}

fn unknown() -> ApiError {
    ApiError::new("InvalidClientTokenId", "The security token included in the request is invalid.")
        .status(403)
}

fn invalid_token() -> ApiError {
    ApiError::new("InvalidClientTokenId", "The security token included in the request is invalid").status(403)
}
