//! What users, groups, roles, policies, instance profiles and providers have in common: how they are found, asked for and
//! changed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use ringwall_iam::catalog;
use ringwall_model::Arn;
use ringwall_store::{Batch, Expect, Row, Scan, StoreError, Table};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::fault::{invalid, no_such, quota};
use super::rows::{Attached, Group, InstanceProfile, ManagedPolicy, OidcProvider, Role, Tables, User, arn};
use super::{limits, managed};
use crate::authorize::{Ask, Permit};
use crate::call::Call;
use crate::error::{ApiError, Result};

/// How often a change is tried that others' changes get in the way of. Each time one of the others got through.
const MAX_TRIES: usize = 100;

/// Something that IAM keeps by its name.
pub(crate) trait Kept: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The type in an ARN.
    const TYPE: &'static str;
    /// What errors call it, before its name.
    const NOUN: &'static str;
    /// Most of an account, with the name of the quota.
    const QUOTA: (&'static str, usize);

    fn table(tables: &Tables) -> &Table<Self>;
    /// The name under which it is filed.
    fn filed(name: &str) -> String {
        name.to_ascii_lowercase()
    }
    fn arn(&self, account: &str) -> String;
    fn tags(&self) -> Option<&BTreeMap<String, String>>;
    fn tags_mut(&mut self) -> Option<&mut BTreeMap<String, String>>;
    /// ARN of the permissions boundary.
    fn boundary(&self) -> Option<&str> {
        None
    }
}

/// Something that policies are attached to.
pub(crate) trait Entity: Kept {
    /// Most characters of its inline policies, white space left out.
    const INLINE_SIZE: usize;

    fn attached(&self) -> &Attached;
    fn attached_mut(&mut self) -> &mut Attached;
    fn path(&self) -> &str;
    fn name(&self) -> &str;
    /// Its unique id.
    fn id(&self) -> &str;
}

/// An entity with a permissions boundary.
pub(crate) trait Bounded: Entity {
    fn boundary_mut(&mut self) -> &mut Option<String>;
}

macro_rules! kept {
    ($type:ty, $kind:literal, $noun:literal, $quota:expr, $table:ident, tags: $tags:tt, boundary: $boundary:tt) => {
        impl Kept for $type {
            const TYPE: &'static str = $kind;
            const NOUN: &'static str = $noun;
            const QUOTA: (&'static str, usize) = $quota;

            fn table(tables: &Tables) -> &Table<Self> {
                &tables.$table
            }

            fn arn(&self, account: &str) -> String {
                <$type>::arn(self, account)
            }

            kept!(@tags $tags);
            kept!(@boundary $boundary);
            kept!(@filed $table);
        }
    };
    // An issuer's URL has a path, in which case counts.
    (@filed providers) => {
        fn filed(name: &str) -> String {
            name.to_owned()
        }
    };
    (@filed $table:ident) => {};
    (@tags yes) => {
        fn tags(&self) -> Option<&BTreeMap<String, String>> {
            Some(&self.tags)
        }

        fn tags_mut(&mut self) -> Option<&mut BTreeMap<String, String>> {
            Some(&mut self.tags)
        }
    };
    (@tags no) => {
        fn tags(&self) -> Option<&BTreeMap<String, String>> {
            None
        }

        fn tags_mut(&mut self) -> Option<&mut BTreeMap<String, String>> {
            None
        }
    };
    (@boundary yes) => {
        fn boundary(&self) -> Option<&str> {
            self.boundary.as_deref()
        }
    };
    (@boundary no) => {};
}

kept!(User, "user", "The user", ("UsersPerAccount", limits::USERS), users, tags: yes, boundary: yes);
kept!(Group, "group", "The group", ("GroupsPerAccount", limits::GROUPS), groups, tags: no, boundary: no);
kept!(Role, "role", "The role", ("RolesPerAccount", limits::ROLES), roles, tags: yes, boundary: yes);
kept!(ManagedPolicy, "policy", "Policy", ("PoliciesPerAccount", limits::POLICIES), policies, tags: yes, boundary: no);
kept!(
    InstanceProfile,
    "instance-profile",
    "Instance Profile",
    ("InstanceProfilesPerAccount", limits::INSTANCE_PROFILES),
    profiles,
    tags: yes,
    boundary: no
);
kept!(
    OidcProvider,
    "oidc-provider",
    "OpenIDConnect provider",
    ("OpenIdConnectProvidersPerAccount", limits::OIDC_PROVIDERS),
    providers,
    tags: yes,
    boundary: no
);

macro_rules! entity {
    ($type:ty, $size:expr) => {
        impl Entity for $type {
            const INLINE_SIZE: usize = $size;

            fn attached(&self) -> &Attached {
                &self.policies
            }

            fn attached_mut(&mut self) -> &mut Attached {
                &mut self.policies
            }

            fn path(&self) -> &str {
                &self.path
            }

            fn name(&self) -> &str {
                &self.name
            }

            fn id(&self) -> &str {
                &self.id
            }
        }
    };
}

entity!(User, limits::USER_POLICY_SIZE);
entity!(Group, limits::GROUP_POLICY_SIZE);
entity!(Role, limits::ROLE_POLICY_SIZE);

impl Bounded for User {
    fn boundary_mut(&mut self) -> &mut Option<String> {
        &mut self.boundary
    }
}

impl Bounded for Role {
    fn boundary_mut(&mut self) -> &mut Option<String> {
        &mut self.boundary
    }
}

/// Something of the caller's account by its name; case does not count.
pub(crate) async fn find<T: Kept>(call: &Call<'_>, name: &str) -> Result<Option<Arc<Row<T>>>> {
    Ok(T::table(&call.shared.iam).get(call.account(), "", &T::filed(name)).await?)
}

/// The name of a policy or provider in an ARN of the caller's account; `None` for another's.
pub(crate) fn named<'a, T: Kept>(call: &Call<'_>, arn: &'a str) -> Option<&'a str> {
    let rest = arn.strip_prefix("arn:aws:iam::")?.strip_prefix(call.account())?.strip_prefix(':')?;
    let rest = rest.strip_prefix(T::TYPE)?.strip_prefix('/')?;
    if T::TYPE == OidcProvider::TYPE { Some(rest) } else { rest.rsplit('/').next() }
}

/// Something of the caller's account by its ARN.
pub(crate) async fn find_arn<T: Kept>(call: &Call<'_>, arn: &str) -> Result<Option<Arc<Row<T>>>> {
    let Some(name) = named::<T>(call, arn) else { return Ok(None) };
    let row = find::<T>(call, name).await?;
    Ok(row.filter(|row| row.value.arn(call.account()) == arn))
}

/// What this call asks for on something, whether it is there or not: a caller who may not ask must not learn that. What
/// is not there is asked for by the ARN that it would have without a path.
pub(crate) fn ask<T: Kept>(call: &Call<'_>, row: Option<&Arc<Row<T>>>, name: &str) -> Ask {
    let resource = match row {
        Some(row) => row.value.arn(call.account()),
        None if name.starts_with("arn:") => name.to_owned(),
        None => arn(call.account(), T::TYPE, "/", name),
    };
    about(action(call), resource, row.map(|row| &row.value))
}

/// An action on something that may be there, with what it tells of itself.
pub(crate) fn about<T: Kept>(action: String, resource: String, value: Option<&T>) -> Ask {
    let is_limited = limits_boundary(&action);
    let mut ask = Ask::new(&action, resource);
    if let Some(value) = value {
        let tags = value.tags().into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_str()));
        let own = matches!(T::TYPE, "user" | "role").then_some("iam:ResourceTag");
        ask = ask.resource_tags(own, tags);
        if is_limited {
            ask = ask.with_some("iam:PermissionsBoundary", value.boundary());
        }
    }
    ask
}

/// Whether requests for an action tell of a permissions boundary.
fn limits_boundary(action: &str) -> bool {
    let known = catalog().action(action);
    known.is_some_and(|action| action.condition_keys().contains(&"iam:PermissionsBoundary"))
}

/// The action of this call: each operation of IAM is one of the same name.
pub(crate) fn action(call: &Call<'_>) -> String {
    format!("iam:{}", call.origin.operation)
}

/// Something that has to be there and that the caller may use as this call asks.
pub(crate) async fn allowed<T: Kept>(call: &Call<'_>, name: &str) -> Result<(Permit, Arc<Row<T>>)> {
    allowed_with(call, name, |ask| ask).await
}

/// As [`allowed`], with more condition keys.
pub(crate) async fn allowed_with<T: Kept>(
    call: &Call<'_>,
    name: &str,
    more: impl FnOnce(Ask) -> Ask + Send,
) -> Result<(Permit, Arc<Row<T>>)> {
    let row = match name.strip_prefix("arn:") {
        Some(_) => find_arn::<T>(call, name).await?,
        None => find::<T>(call, name).await?,
    };
    let permit = call.authorize(&more(ask(call, row.as_ref(), name)))?;
    let row = row.ok_or_else(|| missing::<T>(name))?;
    note::<T>(call, &row.value);
    Ok((permit, row))
}

/// What the call's record tells of.
pub(crate) fn note<T: Kept>(call: &Call<'_>, value: &T) {
    let kind = match T::TYPE {
        "user" => "AWS::IAM::User",
        "group" => "AWS::IAM::Group",
        "role" => "AWS::IAM::Role",
        "policy" => "AWS::IAM::Policy",
        "instance-profile" => "AWS::IAM::InstanceProfile",
        _ => "AWS::IAM::OIDCProvider",
    };
    call.note_resource(&value.arn(call.account()), call.account(), kind);
}

/// What is not there.
pub(crate) fn missing<T: Kept>(name: &str) -> ApiError {
    let noun = T::NOUN;
    match T::TYPE {
        "user" | "group" | "role" => no_such(format!("{noun} with name {name} cannot be found.")),
        "policy" => no_such(format!("Policy {name} does not exist or is not attachable.")),
        _ => no_such(format!("{noun} {name} cannot be found.")),
    }
}

/// Changes that others' changes may get in the way of: a handler reads, decides and commits anew until it gets through.
#[derive(Debug, Default)]
pub(crate) struct Tries(usize);

impl Tries {
    /// Commits what was decided; `false` if something had changed meanwhile, so that everything has to be read again.
    pub(crate) async fn commit(&mut self, call: &Call<'_>, batch: Batch) -> Result<bool> {
        self.0 += 1;
        match call.shared.store.commit(batch).await {
            Ok(_) => Ok(true),
            Err(StoreError::Conflict(_)) if self.0 < MAX_TRIES => {
                // Another process may have written it.
                call.shared.store.refresh().await?;
                Ok(false)
            }
            Err(StoreError::Conflict(_)) => Err(ApiError::new(
                "ConcurrentModification",
                "The request was rejected because multiple requests to change this object were submitted simultaneously. Wait a few minutes and submit your request again.",
            )),
            Err(error) => Err(error.into()),
        }
    }
}

/// Writes something in place of what was read.
pub(crate) fn put<T: Kept>(call: &Call<'_>, batch: &mut Batch, row: &Row<T>, value: &T) {
    let expect = Expect::Revision(row.revision);
    T::table(&call.shared.iam).put(batch, call.account(), "", &row.place.name, value, expect);
}

/// Takes away what was read.
pub(crate) fn delete<T: Kept>(call: &Call<'_>, batch: &mut Batch, row: &Row<T>) {
    let expect = Expect::Revision(row.revision);
    T::table(&call.shared.iam).delete(batch, call.account(), "", &row.place.name, expect);
}

/// Refuses one more of an account than its quota has room for.
pub(crate) async fn room<T: Kept>(call: &Call<'_>) -> Result<()> {
    let (name, limit) = T::QUOTA;
    if count::<T>(call, limit).await? < limit { Ok(()) } else { Err(quota(name, limit)) }
}

/// How many there are of an account, counted up to a limit.
pub(crate) async fn count<T: Kept>(call: &Call<'_>, limit: usize) -> Result<usize> {
    let kind = T::table(&call.shared.iam).kind();
    let (mut count, mut last) = (0, None::<String>);
    while count < limit {
        let scan = Scan { after: last.as_deref(), ..Scan::default() };
        let page = call.shared.store.scan(call.account(), "", kind, scan).await?;
        count += page.len();
        match page.into_iter().next_back() {
            Some(record) => last = Some(record.place.name),
            None => break,
        }
    }
    Ok(count)
}

/// All of an account, in order.
pub(crate) async fn all<T: Kept>(call: &Call<'_>) -> Result<Vec<Row<T>>> {
    Ok(crate::page::all(T::table(&call.shared.iam), call.account(), "", "").await?)
}

/// Counts a managed policy's use up or down in the batch that changes it, so that it cannot be deleted meanwhile.
pub(crate) async fn count_use(
    call: &Call<'_>,
    batch: &mut Batch,
    arn: &str,
    change: impl FnOnce(&mut ManagedPolicy) + Send,
) -> Result<bool> {
    if managed::policy(arn).is_some() {
        return Ok(true);
    }
    let Some(row) = find_arn::<ManagedPolicy>(call, arn).await? else { return Ok(false) };
    let mut value = row.value.clone();
    change(&mut value);
    put(call, batch, &row, &value);
    Ok(true)
}

/// An ARN that is one of IAM's.
pub(crate) fn check_arn(arn: &str) -> Result<()> {
    match arn.parse::<Arn>() {
        Ok(parsed) if parsed.service == "iam" => Ok(()),
        _ => Err(invalid(format!("ARN {arn} is not valid."))),
    }
}

/// A policy's text as answers have it: percent-encoded.
///
/// Source: AWS IAM API Reference, *GetRolePolicy*: "Policies returned by this operation are URL-encoded compliant with
/// RFC 3986".
pub(crate) fn encoded(document: &str) -> String {
    let mut text = String::with_capacity(document.len() * 2);
    for byte in document.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            text.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}
