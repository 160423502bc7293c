//! Instance profiles: how instances come to roles.
//!
//! Source: AWS IAM API Reference, *CreateInstanceProfile*, *GetInstanceProfile*, *ListInstanceProfiles*,
//! *DeleteInstanceProfile*, *AddRoleToInstanceProfile*, *RemoveRoleFromInstanceProfile*, *ListInstanceProfilesForRole*.

use ringwall_store::Batch;
use serde::Deserialize;
use serde_json::json;

use super::entity::{Kept, Tries, about, allowed, delete, find, missing, put};
use super::fault::{delete_conflict, no_such, quota};
use super::page::{self, Page};
use super::rows::{InstanceProfile, Role, arn};
use super::users::ByPath;
use super::{create, shown, tags};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::Result;
use crate::id::{self, Prefix};
use crate::sts::issue::Tag;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateInstanceProfile {
    instance_profile_name: String,
    path: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(crate) async fn create_instance_profile(call: &Call<'_>, input: CreateInstanceProfile) -> Result<Answer> {
    let path = input.path.unwrap_or_else(|| "/".to_owned());
    let arn = arn(call.account(), InstanceProfile::TYPE, &path, &input.instance_profile_name);
    let tagging = Some("iam:TagInstanceProfile");
    let permit = create::permit::<InstanceProfile>(call, &arn, tagging, &input.tags, |ask| ask)?;
    create::vacant::<InstanceProfile>(call, "Instance Profile", &input.instance_profile_name).await?;
    let profile = InstanceProfile {
        name: input.instance_profile_name,
        path,
        id: id::unique(Prefix::InstanceProfile)?,
        created: call.now(),
        role: None,
        tags: tags::checked(&input.tags)?,
    };
    create::file(call, Batch::new(), "Instance Profile", &profile.name, &profile).await?;
    let shown = shown::profile(call.shared, call.account(), &profile, true).await?;
    Ok(permit.answer(json!({ "InstanceProfile": shown })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ThatProfile {
    instance_profile_name: String,
}

pub(crate) async fn get_instance_profile(call: &Call<'_>, input: ThatProfile) -> Result<Answer> {
    let (permit, row) = allowed::<InstanceProfile>(call, &input.instance_profile_name).await?;
    let shown = shown::profile(call.shared, call.account(), &row.value, true).await?;
    Ok(permit.answer(json!({ "InstanceProfile": shown })))
}

pub(crate) async fn list_instance_profiles(call: &Call<'_>, input: ByPath) -> Result<Answer> {
    let permit = call.authorize(&Ask::new("iam:ListInstanceProfiles", "*"))?;
    let wanted = |profile: &InstanceProfile| input.has(&profile.path);
    let (rows, last) = page::rows::<InstanceProfile>(call, &input.page, wanted).await?;
    let mut profiles = Vec::with_capacity(rows.len());
    for row in &rows {
        profiles.push(shown::profile(call.shared, call.account(), &row.value, false).await?);
    }
    Ok(permit.answer(page::answer("InstanceProfiles", profiles, last.as_deref())))
}

pub(crate) async fn delete_instance_profile(call: &Call<'_>, input: ThatProfile) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, row) = allowed::<InstanceProfile>(call, &input.instance_profile_name).await?;
        if row.value.role.is_some() {
            return Err(delete_conflict("remove roles from instance profile"));
        }
        let mut batch = Batch::new();
        delete(call, &mut batch, &row);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RoleOfProfile {
    instance_profile_name: String,
    role_name: String,
}

/// The role is handed to EC2, which takes `iam:PassRole`.
///
/// Source: AWS IAM API Reference, *AddRoleToInstanceProfile*: "The caller of this operation must be granted the PassRole
/// permission on the IAM role by a permissions policy."
pub(crate) async fn add_role_to_instance_profile(call: &Call<'_>, input: RoleOfProfile) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, profile) = allowed::<InstanceProfile>(call, &input.instance_profile_name).await?;
        let role = find::<Role>(call, &input.role_name).await?;
        let role_arn = match &role {
            Some(role) => role.value.arn(call.account()),
            None => arn(call.account(), Role::TYPE, "/", &input.role_name),
        };
        let pass = about("iam:PassRole".to_owned(), role_arn, role.as_ref().map(|role| &role.value));
        call.authorize(&pass.with("iam:PassedToService", "ec2.amazonaws.com"))?;
        let role = role.ok_or_else(|| missing::<Role>(&input.role_name))?;
        if profile.value.role.is_some() {
            return Err(quota("InstanceSessionsPerInstanceProfile", 1));
        }
        let (mut with_role, mut in_profile) = (profile.value.clone(), role.value.clone());
        with_role.role = Some(role.place.name.clone());
        in_profile.profiles.insert(profile.place.name.clone());
        let mut batch = Batch::new();
        put(call, &mut batch, &profile, &with_role);
        put(call, &mut batch, &role, &in_profile);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}

pub(crate) async fn remove_role_from_instance_profile(
    call: &Call<'_>,
    input: RoleOfProfile,
) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, profile) = allowed::<InstanceProfile>(call, &input.instance_profile_name).await?;
        let role = find::<Role>(call, &input.role_name).await?;
        let role = role.filter(|role| profile.value.role.as_ref() == Some(&role.place.name));
        let Some(role) = role else {
            let RoleOfProfile { instance_profile_name, role_name } = &input;
            let message =
                format!("Role {role_name} in instance profile {instance_profile_name} cannot be found.");
            return Err(no_such(message));
        };
        let (mut without, mut out) = (profile.value.clone(), role.value.clone());
        without.role = None;
        out.profiles.remove(&profile.place.name);
        let mut batch = Batch::new();
        put(call, &mut batch, &profile, &without);
        put(call, &mut batch, &role, &out);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ProfilesOfRole {
    role_name: String,
    #[serde(flatten)]
    page: Page,
}

pub(crate) async fn list_instance_profiles_for_role(
    call: &Call<'_>,
    input: ProfilesOfRole,
) -> Result<Answer> {
    let (permit, row) = allowed::<Role>(call, &input.role_name).await?;
    let mut profiles = Vec::new();
    for name in &row.value.profiles {
        if let Some(profile) = find::<InstanceProfile>(call, name).await? {
            let shown = shown::profile(call.shared, call.account(), &profile.value, false).await?;
            profiles.push((name.as_str(), shown));
        }
    }
    Ok(permit.answer(input.page.of(profiles, "InstanceProfiles", |shown| shown)?))
}
