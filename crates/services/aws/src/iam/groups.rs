//! Groups, and who is in them.
//!
//! Source: AWS IAM API Reference, *CreateGroup*, *GetGroup*, *ListGroups*, *UpdateGroup*, *DeleteGroup*,
//! *AddUserToGroup*, *RemoveUserFromGroup*, *ListGroupsForUser*.

use ringwall_store::{Batch, Expect};
use serde::Deserialize;
use serde_json::json;

use super::entity::{Kept, Tries, all, allowed, delete, find, missing, note, put};
use super::fault::{delete_conflict, exists, no_such, quota};
use super::page::{self, Page};
use super::rows::{Attached, Group, User, arn};
use super::users::ByPath;
use super::{attach, create, limits, shown};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::id::{self, Prefix};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateGroup {
    group_name: String,
    path: Option<String>,
}

pub(crate) async fn create_group(call: &Call<'_>, input: CreateGroup) -> Result<Answer> {
    let path = input.path.unwrap_or_else(|| "/".to_owned());
    let arn = arn(call.account(), Group::TYPE, &path, &input.group_name);
    let permit = create::permit::<Group>(call, &arn, None, &[], |ask| ask)?;
    create::vacant::<Group>(call, "Group", &input.group_name).await?;
    let group = Group {
        name: input.group_name,
        path,
        id: id::unique(Prefix::Group)?,
        created: call.now(),
        members: 0,
        policies: Attached::default(),
    };
    create::file(call, Batch::new(), "Group", &group.name, &group).await?;
    Ok(permit.answer(json!({ "Group": shown::group(call.account(), &group) })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetGroup {
    group_name: String,
    #[serde(flatten)]
    page: Page,
}

pub(crate) async fn get_group(call: &Call<'_>, input: GetGroup) -> Result<Answer> {
    let (permit, row) = allowed::<Group>(call, &input.group_name).await?;
    let is_in = |user: &User| user.groups.contains(&row.place.name);
    let (users, last) = page::rows::<User>(call, &input.page, is_in).await?;
    let users = users.iter().map(|row| shown::user(call.account(), &row.value, false)).collect();
    let mut answer = page::answer("Users", users, last.as_deref());
    crate::sts::put(&mut answer, "Group", Some(shown::group(call.account(), &row.value)));
    Ok(permit.answer(answer))
}

pub(crate) async fn list_groups(call: &Call<'_>, input: ByPath) -> Result<Answer> {
    let permit = call.authorize(&Ask::new("iam:ListGroups", "*"))?;
    let (rows, last) = page::rows::<Group>(call, &input.page, |group| input.has(&group.path)).await?;
    let groups = rows.iter().map(|row| shown::group(call.account(), &row.value)).collect();
    Ok(permit.answer(page::answer("Groups", groups, last.as_deref())))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateGroup {
    group_name: String,
    new_path: Option<String>,
    new_group_name: Option<String>,
}

/// Source: AWS IAM User Guide, *Rename an IAM group*: both the old and the new ARN have to be allowed.
pub(crate) async fn update_group(call: &Call<'_>, input: UpdateGroup) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, row) = allowed::<Group>(call, &input.group_name).await?;
        let mut group = row.value.clone();
        if let Some(path) = &input.new_path {
            group.path.clone_from(path);
        }
        if let Some(name) = &input.new_group_name {
            group.name.clone_from(name);
        }
        call.authorize(&Ask::new("iam:UpdateGroup", group.arn(call.account())))?;
        let name = Group::filed(&group.name);
        let mut batch = Batch::new();
        if name == row.place.name {
            put(call, &mut batch, &row, &group);
        } else {
            if find::<Group>(call, &name).await?.is_some() {
                return Err(exists("Group", &group.name));
            }
            delete(call, &mut batch, &row);
            call.shared.iam.groups.put(&mut batch, call.account(), "", &name, &group, Expect::Absent);
            move_members(call, &mut batch, &row.place.name, &name).await?;
        }
        if tries.commit(call, batch).await? {
            note(call, &group);
            return Ok(permit.done());
        }
    }
}

/// Lets the members of a group be those of its new name. Who joins or leaves meanwhile changes the group's own record.
async fn move_members(call: &Call<'_>, batch: &mut Batch, old: &str, new: &str) -> Result<()> {
    for row in all::<User>(call).await? {
        let mut user = row.value.clone();
        if !user.groups.remove(old) {
            continue;
        }
        user.groups.insert(new.to_owned());
        put(call, batch, &row, &user);
        if batch.len() > limits::RENAMED_MEMBERS {
            let limit = limits::RENAMED_MEMBERS;
            let message = format!("A group of more than {limit} members cannot be renamed");
            return Err(ApiError::new("LimitExceeded", message));
        }
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ThatGroup {
    group_name: String,
}

pub(crate) async fn delete_group(call: &Call<'_>, input: ThatGroup) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, row) = allowed::<Group>(call, &input.group_name).await?;
        if row.value.members > 0 {
            return Err(delete_conflict("remove users from group"));
        }
        attach::detached(&row.value.policies)?;
        let mut batch = Batch::new();
        delete(call, &mut batch, &row);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Membership {
    group_name: String,
    user_name: String,
}

pub(crate) async fn add_user_to_group(call: &Call<'_>, input: Membership) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, group) = allowed::<Group>(call, &input.group_name).await?;
        let user = find::<User>(call, &input.user_name).await?;
        let user = user.ok_or_else(|| missing::<User>(&input.user_name))?;
        let mut value = user.value.clone();
        if !value.groups.insert(group.place.name.clone()) {
            return Ok(permit.done());
        }
        if value.groups.len() > limits::GROUPS_PER_USER {
            return Err(quota("GroupsPerUser", limits::GROUPS_PER_USER));
        }
        let mut counted = group.value.clone();
        counted.members = counted.members.saturating_add(1);
        let mut batch = Batch::new();
        put(call, &mut batch, &user, &value);
        put(call, &mut batch, &group, &counted);
        if tries.commit(call, batch).await? {
            note(call, &value);
            return Ok(permit.done());
        }
    }
}

pub(crate) async fn remove_user_from_group(call: &Call<'_>, input: Membership) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, group) = allowed::<Group>(call, &input.group_name).await?;
        let user = find::<User>(call, &input.user_name).await?;
        let user = user.ok_or_else(|| missing::<User>(&input.user_name))?;
        let mut value = user.value.clone();
        if !value.groups.remove(&group.place.name) {
            let (user, group) = (&input.user_name, &input.group_name);
            return Err(no_such(format!("The user {user} is not in the group {group}.")));
        }
        let mut counted = group.value.clone();
        counted.members = counted.members.saturating_sub(1);
        let mut batch = Batch::new();
        put(call, &mut batch, &user, &value);
        put(call, &mut batch, &group, &counted);
        if tries.commit(call, batch).await? {
            note(call, &value);
            return Ok(permit.done());
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GroupsOfUser {
    user_name: String,
    #[serde(flatten)]
    page: Page,
}

pub(crate) async fn list_groups_for_user(call: &Call<'_>, input: GroupsOfUser) -> Result<Answer> {
    let (permit, row) = allowed::<User>(call, &input.user_name).await?;
    let mut groups = Vec::new();
    for name in &row.value.groups {
        if let Some(group) = find::<Group>(call, name).await? {
            groups.push(group);
        }
    }
    let named = groups.iter().map(|row| (row.place.name.as_str(), &row.value));
    let answer = input.page.of(named, "Groups", |group| shown::group(call.account(), group))?;
    Ok(permit.answer(answer))
}
