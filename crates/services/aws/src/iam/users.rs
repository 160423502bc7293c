//! Users.
//!
//! Source: AWS IAM API Reference, *CreateUser*, *GetUser*, *ListUsers*, *UpdateUser*, *DeleteUser*.

use std::collections::BTreeSet;
use std::sync::Arc;

use ringwall_store::{Batch, Expect, Row};
use serde::Deserialize;
use serde_json::json;

use super::entity::{Kept, Tries, allowed, delete, find, note, put};
use super::fault::{delete_conflict, exists, validation};
use super::page::{self, Page};
use super::rows::{Attached, User, arn};
use super::{boundary, create, shown, tags};
use crate::authorize::{Answer, Ask, Permit};
use crate::call::Call;
use crate::caller::Identity;
use crate::error::Result;
use crate::id::{self, Prefix};
use crate::principals::{Bearer, Kind};
use crate::sts::issue::Tag;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateUser {
    user_name: String,
    path: Option<String>,
    permissions_boundary: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(crate) async fn create_user(call: &Call<'_>, input: CreateUser) -> Result<Answer> {
    let path = input.path.unwrap_or_else(|| "/".to_owned());
    let arn = arn(call.account(), User::TYPE, &path, &input.user_name);
    let limit = input.permissions_boundary.as_deref();
    let permit = create::permit::<User>(call, &arn, Some("iam:TagUser"), &input.tags, |ask: Ask| {
        ask.with_some("iam:PermissionsBoundary", limit)
    })?;
    create::vacant::<User>(call, "User", &input.user_name).await?;
    let user = User {
        name: input.user_name,
        path,
        id: id::unique(Prefix::User)?,
        created: call.now(),
        tags: tags::checked(&input.tags)?,
        boundary: input.permissions_boundary,
        policies: Attached::default(),
        groups: BTreeSet::new(),
        access_keys: BTreeSet::new(),
    };
    loop {
        let mut batch = Batch::new();
        boundary::count(call, &mut batch, None, user.boundary.as_deref()).await?;
        bear(call, &mut batch, &user);
        if create::file(call, batch, "User", &user.name, &user).await? {
            return Ok(permit.answer(json!({ "User": shown::user(call.account(), &user, true) })));
        }
    }
}

fn bear(call: &Call<'_>, batch: &mut Batch, user: &User) {
    let at = (user.path.as_str(), user.name.as_str());
    Bearer::put(&call.shared.iam, batch, call.account(), Kind::User, &user.id, at);
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MaybeUser {
    pub(crate) user_name: Option<String>,
}

/// Whose user a call is about that need not say: the caller's own.
///
/// Source: AWS IAM API Reference, *GetUser*: "If you do not specify a user name, IAM determines the user name implicitly
/// based on the AWS access key ID used to sign the request."
pub(crate) fn own(call: &Call<'_>, name: Option<String>) -> Result<Whose> {
    match (name, &call.caller().identity) {
        (Some(name), _) => Ok(Whose::User(name)),
        (None, Identity::User(name)) => Ok(Whose::User((**name).to_owned())),
        (None, Identity::Root) => Ok(Whose::Root),
        (None, _) => Err(validation("Must specify userName when calling with non-User credentials")),
    }
}

/// Whom a call is about.
#[derive(Debug)]
pub(crate) enum Whose {
    User(String),
    Root,
}

/// Whether the root user may do what the call asks for on itself.
pub(crate) fn root(call: &Call<'_>) -> Result<Permit> {
    let arn = Arc::clone(&call.caller().arn);
    call.authorize(&Ask::new(&super::entity::action(call), arn))
}

pub(crate) async fn get_user(call: &Call<'_>, input: MaybeUser) -> Result<Answer> {
    match own(call, input.user_name)? {
        Whose::User(name) => {
            let (permit, row) = allowed::<User>(call, &name).await?;
            Ok(permit.answer(json!({ "User": shown::user(call.account(), &row.value, true) })))
        }
        Whose::Root => {
            let permit = root(call)?;
            let account = call.shared.iam.accounts.get("", "", call.account()).await?;
            let created = account.map_or(0, |row| shown::seconds(row.value.created));
            let arn = &*call.caller().arn;
            // The root user has no name and no path.
            let user = json!({ "UserId": call.account(), "Arn": arn, "CreateDate": created });
            Ok(permit.answer(json!({ "User": user })))
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ByPath {
    pub(crate) path_prefix: Option<String>,
    #[serde(flatten)]
    pub(crate) page: Page,
}

impl ByPath {
    /// Whether a path is asked for.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.path_prefix.as_deref().is_none_or(|prefix| path.starts_with(prefix))
    }
}

pub(crate) async fn list_users(call: &Call<'_>, input: ByPath) -> Result<Answer> {
    let permit = call.authorize(&Ask::new("iam:ListUsers", "*"))?;
    let (rows, last) = page::rows::<User>(call, &input.page, |user| input.has(&user.path)).await?;
    let users = rows.iter().map(|row| shown::user(call.account(), &row.value, false)).collect();
    Ok(permit.answer(page::answer("Users", users, last.as_deref())))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateUser {
    user_name: String,
    new_path: Option<String>,
    new_user_name: Option<String>,
}

/// Source: AWS IAM User Guide, *Change user name or path*: both the old and the new ARN have to be allowed.
pub(crate) async fn update_user(call: &Call<'_>, input: UpdateUser) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, row) = allowed::<User>(call, &input.user_name).await?;
        let mut user = row.value.clone();
        if let Some(path) = &input.new_path {
            user.path.clone_from(path);
        }
        if let Some(name) = &input.new_user_name {
            user.name.clone_from(name);
        }
        call.authorize(&Ask::new("iam:UpdateUser", user.arn(call.account())))?;
        let mut batch = Batch::new();
        if !refile(call, &mut batch, &row, &user).await? {
            return Err(exists("User", &user.name));
        }
        if tries.commit(call, batch).await? {
            note(call, &user);
            return Ok(permit.done());
        }
    }
}

/// Files a user under its new name, with its keys; `false` if the name is another's.
async fn refile(call: &Call<'_>, batch: &mut Batch, row: &Row<User>, user: &User) -> Result<bool> {
    bear(call, batch, user);
    let name = User::filed(&user.name);
    if name == row.place.name {
        put(call, batch, row, user);
        return Ok(true);
    }
    if find::<User>(call, &name).await?.is_some() {
        return Ok(false);
    }
    delete(call, batch, row);
    let tables = &call.shared.iam;
    tables.users.put(batch, call.account(), "", &name, user, Expect::Absent);
    for id in &user.access_keys {
        let Some(key) = tables.access_keys.get("", "", id).await? else { continue };
        let mut value = key.value.clone();
        value.user = Some(name.clone());
        tables.access_keys.put(batch, "", "", id, &value, Expect::Revision(key.revision));
    }
    Ok(true)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ThatUser {
    user_name: String,
}

pub(crate) async fn delete_user(call: &Call<'_>, input: ThatUser) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, row) = allowed::<User>(call, &input.user_name).await?;
        deletable(&row.value)?;
        let mut batch = Batch::new();
        boundary::count(call, &mut batch, row.value.boundary.as_deref(), None).await?;
        Bearer::delete(&call.shared.iam, &mut batch, &row.value.id);
        delete(call, &mut batch, &row);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}

/// Source: AWS IAM API Reference, *DeleteUser*, the items to delete first.
fn deletable(user: &User) -> Result<()> {
    super::attach::detached(&user.policies)?;
    if !user.groups.is_empty() {
        return Err(delete_conflict("remove users from group"));
    }
    if !user.access_keys.is_empty() {
        return Err(delete_conflict("delete access keys"));
    }
    Ok(())
}
