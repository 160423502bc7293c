//! Policies of a simulation, and what answers call them.

use std::sync::Arc;

use ringwall_iam::{Policy, PolicyKind};
use ringwall_store::Row;
use serde::Deserialize;

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
    /// Its text.
    pub(crate) text: String,
    origin: Origin,
}

/// Where a policy is from.
#[derive(Debug, PartialEq, Eq)]
enum Origin {
    /// The call itself: the name of the list and the place in it.
    Given(String),
    /// The resource: the name that answers have for it.
    Resource(String),
    /// A user, group or role, which it is a part of.
    Inline { kind: &'static str, owner: String, name: String },
    /// A managed policy, by its ARN.
    Managed(String),
}

/// A policy that a simulation leaves out, or a kind of them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) enum Exclusion {
    PolicyType(String),
    PolicyArn(String),
    InlinePolicyIdentifier(Inline),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Inline {
    policy_name: String,
    attachment_type: String,
    attachment_name: String,
}

impl Source {
    /// `SourcePolicyId`.
    pub(crate) fn id(&self) -> String {
        match &self.origin {
            Origin::Given(name) | Origin::Resource(name) => name.clone(),
            Origin::Inline { kind, owner, name } => format!("{kind}_{owner}_{name}"),
            Origin::Managed(arn) => arn.rsplit('/').next().unwrap_or_default().to_owned(),
        }
    }

    /// `SourcePolicyType`.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.origin {
            Origin::Given(_) => "none",
            Origin::Resource(_) => "resource",
            Origin::Inline { kind, .. } => kind,
            Origin::Managed(arn) if managed::find(arn).is_some() => "aws-managed",
            Origin::Managed(_) => "user-managed",
        }
    }

    /// Whether a principal's policy is left out. Its boundary goes by a type of its own.
    pub(crate) fn is_excluded(&self, exclusion: &Exclusion, is_boundary: bool) -> bool {
        match (exclusion, &self.origin) {
            (Exclusion::PolicyType(wanted), _) if is_boundary => wanted == "permission-boundary",
            (Exclusion::PolicyType(wanted), Origin::Inline { .. }) => wanted == "inline",
            (Exclusion::PolicyType(wanted), _) => wanted == self.kind(),
            (Exclusion::PolicyArn(wanted), Origin::Managed(arn)) => wanted == arn,
            (Exclusion::InlinePolicyIdentifier(wanted), Origin::Inline { kind, owner, name }) => {
                let Inline { policy_name, attachment_type, attachment_name } = wanted;
                policy_name == name && attachment_type == kind && attachment_name == owner
            }
            _ => false,
        }
    }
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
            text: document.text().to_owned(),
            origin: Origin::Inline { kind: T::TYPE, owner: value.name().to_owned(), name: name.clone() },
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
    let origin = Origin::Managed(arn.to_owned());
    if let Some(known) = managed::find(arn) {
        let policy = known.policy().ok_or_else(unreadable)?;
        return Ok(Source { policy, text: known.text().to_owned(), origin });
    }
    let row = find_arn::<ManagedPolicy>(call, arn).await?.ok_or_else(unreadable)?;
    let version = row.value.versions.get(&row.value.default).ok_or_else(unreadable)?;
    let policy = version.document.policy(kind, arn).ok_or_else(unreadable)?;
    let text = version.document.text().to_owned();
    Ok(Source { policy: Arc::clone(policy), text, origin })
}

/// Policies that are given as texts, called by their place in their list.
pub(crate) fn given(kind: PolicyKind, list: &str, texts: &[String]) -> Result<Vec<Source>> {
    let read = |(at, text): (usize, &String)| {
        let id = format!("{list}.{}", at + 1);
        let policy = policy::read(kind, &id, text).map_err(|why| invalid(format!("{id}: {why}")))?;
        Ok(Source { policy: Arc::new(policy), text: text.clone(), origin: Origin::Given(id) })
    };
    texts.iter().enumerate().map(read).collect()
}

/// A resource policy that is given as a text.
pub(crate) fn resource(text: &str) -> Result<Source> {
    let id = "ResourcePolicy";
    let policy =
        policy::read(PolicyKind::Resource, id, text).map_err(|why| invalid(format!("{id}: {why}")))?;
    Ok(Source { policy: Arc::new(policy), text: text.to_owned(), origin: Origin::Resource(id.to_owned()) })
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
    let origin = Origin::Resource(format!("role_{}_trust", role.value.name));
    let text = role.value.trust.text().to_owned();
    Ok(Some(Source { policy: Arc::clone(policy), text, origin }))
}

/// Where a policy cannot be read, a simulation cannot tell what would happen.
fn unreadable() -> ApiError {
    ApiError::new("PolicyEvaluation", "A policy that has a say could not be evaluated.")
}
