//! Policies of a simulation, and what answers call them.

use std::sync::Arc;

use ringwall_iam::{Policy, PolicyKind};
use ringwall_store::Row;

use crate::authorize::Permit;
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::iam::entity::{Entity, Kept, allowed, check_arn, find, find_arn};
use crate::iam::fault::invalid;
use crate::iam::managed;
use crate::iam::rows::{Group, ManagedPolicy, Role, User};
use crate::policy;

/// A policy with what answers tell of it.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) policy: Arc<Policy>,
    /// `SourcePolicyId`.
    pub(crate) id: String,
    /// `SourcePolicyType`.
    pub(crate) kind: &'static str,
    /// Its text.
    pub(crate) text: String,
}

/// Whose policies are simulated.
#[derive(Debug)]
pub(crate) enum Subject {
    User(Arc<Row<User>>),
    Group(Arc<Row<Group>>),
    Role(Arc<Row<Role>>),
}

/// Whose policies are asked for by an ARN, if the caller may.
pub(crate) async fn subject(call: &Call<'_>, arn: &str) -> Result<(Permit, Subject)> {
    check_arn(arn)?;
    let kind = arn.splitn(6, ':').nth(5).and_then(|resource| resource.split('/').next());
    match kind {
        Some("user") => allowed::<User>(call, arn).await.map(|(permit, row)| (permit, Subject::User(row))),
        Some("group") => allowed::<Group>(call, arn).await.map(|(permit, row)| (permit, Subject::Group(row))),
        Some("role") => allowed::<Role>(call, arn).await.map(|(permit, row)| (permit, Subject::Role(row))),
        _ => Err(invalid(format!("{arn} is not the ARN of a user, group or role."))),
    }
}

/// The policies of a user, group or role, a user's groups included.
pub(crate) async fn identity(call: &Call<'_>, subject: &Subject) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    match subject {
        Subject::User(row) => {
            of(call, &row.value, &mut sources).await?;
            for name in &row.value.groups {
                if let Some(group) = find::<Group>(call, name).await? {
                    of(call, &group.value, &mut sources).await?;
                }
            }
        }
        Subject::Group(row) => of(call, &row.value, &mut sources).await?,
        Subject::Role(row) => of(call, &row.value, &mut sources).await?,
    }
    Ok(sources)
}

async fn of<T: Entity>(call: &Call<'_>, value: &T, sources: &mut Vec<Source>) -> Result<()> {
    for (name, document) in &value.attached().inline {
        let policy = document.policy(PolicyKind::Identity, name).ok_or_else(unreadable)?;
        sources.push(Source {
            policy: Arc::clone(policy),
            id: format!("{}_{}_{name}", T::TYPE, value.name()),
            kind: T::TYPE,
            text: document.text().to_owned(),
        });
    }
    for arn in &value.attached().managed {
        sources.push(managed_policy(call, arn, PolicyKind::Identity).await?);
    }
    Ok(())
}

/// The permissions boundary of a user or role.
pub(crate) async fn boundary(call: &Call<'_>, subject: &Subject) -> Result<Vec<Source>> {
    let arn = match subject {
        Subject::User(row) => row.value.boundary(),
        Subject::Group(_) => None,
        Subject::Role(row) => row.value.boundary(),
    };
    match arn {
        Some(arn) => Ok(vec![managed_policy(call, arn, PolicyKind::Boundary).await?]),
        None => Ok(Vec::new()),
    }
}

async fn managed_policy(call: &Call<'_>, arn: &str, kind: PolicyKind) -> Result<Source> {
    let id = arn.rsplit('/').next().unwrap_or_default().to_owned();
    if let Some(known) = managed::find(arn) {
        let policy = known.policy().ok_or_else(unreadable)?;
        return Ok(Source { policy, id, kind: "aws-managed", text: known.text().to_owned() });
    }
    let row = find_arn::<ManagedPolicy>(call, arn).await?.ok_or_else(unreadable)?;
    let version = row.value.versions.get(&row.value.default).ok_or_else(unreadable)?;
    let policy = version.document.policy(kind, arn).ok_or_else(unreadable)?;
    let text = version.document.text().to_owned();
    Ok(Source { policy: Arc::clone(policy), id, kind: "user-managed", text })
}

/// Policies that are given as texts, called by their place in their list.
pub(crate) fn given(kind: PolicyKind, list: &str, texts: &[String]) -> Result<Vec<Source>> {
    let read = |(at, text): (usize, &String)| {
        let id = format!("{list}.{}", at + 1);
        let policy = policy::read(kind, &id, text).map_err(|why| invalid(format!("{id}: {why}")))?;
        Ok(Source { policy: Arc::new(policy), id, kind: "none", text: text.clone() })
    };
    texts.iter().enumerate().map(read).collect()
}

/// A resource policy that is given as a text.
pub(crate) fn resource(text: &str) -> Result<Source> {
    let id = "ResourcePolicy";
    let policy =
        policy::read(PolicyKind::Resource, id, text).map_err(|why| invalid(format!("{id}: {why}")))?;
    Ok(Source { policy: Arc::new(policy), id: id.to_owned(), kind: "resource", text: text.to_owned() })
}

/// The trust policy of a role, for the actions that it is about.
pub(crate) async fn trust(call: &Call<'_>, action: &str, arn: &str) -> Result<Option<Source>> {
    let is_of_role = action.get(..4).is_some_and(|service| service.eq_ignore_ascii_case("sts:"));
    if !is_of_role {
        return Ok(None);
    }
    let Some(role) = find_arn::<Role>(call, arn).await? else { return Ok(None) };
    let name = "trust policy";
    let policy = role.value.trust.policy(PolicyKind::Trust, name).ok_or_else(unreadable)?;
    let id = format!("role_{}_trust", role.value.name);
    let text = role.value.trust.text().to_owned();
    Ok(Some(Source { policy: Arc::clone(policy), id, kind: "resource", text }))
}

/// Where a policy cannot be read, a simulation cannot tell what would happen.
fn unreadable() -> ApiError {
    ApiError::new("PolicyEvaluation", "A policy that has a say could not be evaluated.")
}
