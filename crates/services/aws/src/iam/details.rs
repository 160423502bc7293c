//! `GetAccountAuthorizationDetails`: everything at once.
//!
//! Source: AWS IAM API Reference, *GetAccountAuthorizationDetails*.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::entity::{all, encoded, find};
use super::page::Page;
use super::policies::usage;
use super::rows::{Attached, Group, InstanceProfile, ManagedPolicy, Role, User};
use super::{managed, shown};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::Result;
use crate::sts::put;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Details {
    #[serde(default)]
    filter: Vec<String>,
    #[serde(flatten)]
    page: Page,
}

/// The lists of an answer, by the names that the filter has for what is in them.
const LISTS: [(&str, &str); 5] = [
    ("AWSManagedPolicy", "Policies"),
    ("Group", "GroupDetailList"),
    ("LocalManagedPolicy", "Policies"),
    ("Role", "RoleDetailList"),
    ("User", "UserDetailList"),
];

/// All kinds are one list for pages, each kind in the order of its names.
pub(crate) async fn get_account_authorization_details(call: &Call<'_>, input: Details) -> Result<Answer> {
    let permit = call.authorize(&Ask::new("iam:GetAccountAuthorizationDetails", "*"))?;
    let wanted = |kind: &str| input.filter.is_empty() || input.filter.iter().any(|wanted| wanted == kind);
    let mut found: BTreeMap<String, (usize, Value)> = BTreeMap::new();
    for (at, (kind, _)) in LISTS.into_iter().enumerate().filter(|(_, (kind, _))| wanted(kind)) {
        let items = match kind {
            "AWSManagedPolicy" => aws_policies(call).await?,
            "Group" => groups(call).await?,
            "LocalManagedPolicy" => policies(call).await?,
            "Role" => roles(call).await?,
            _ => users(call).await?,
        };
        found.extend(items.into_iter().map(|(name, item)| (format!("{kind}/{name}"), (at, item))));
    }
    let items = found.iter().map(|(name, item)| (name.as_str(), item));
    let mut answer = input.page.of(items, "Found", |(at, item)| json!([at, item]))?;
    let page = answer.as_object_mut().and_then(|members| members.remove("Found")).unwrap_or_default();
    for (at, (_, list)) in LISTS.into_iter().enumerate() {
        let of = page.as_array().into_iter().flatten().filter(|item| item.get(0) == Some(&json!(at)));
        let mut items: Vec<Value> = of.filter_map(|item| item.get(1).cloned()).collect();
        if let Some(Value::Array(before)) = answer.get(list) {
            items = before.iter().cloned().chain(items).collect();
        }
        put(&mut answer, list, Some(items));
    }
    Ok(permit.answer(answer))
}

type Items = Vec<(String, Value)>;

fn inline(policies: &Attached) -> Value {
    let shown = |(name, document): (&String, &crate::policy::Document)| json!({ "PolicyName": name, "PolicyDocument": encoded(document.text()) });
    policies.inline.iter().map(shown).collect()
}

fn attached(policies: &Attached) -> Value {
    policies.managed.iter().map(|arn| shown::attached_policy(arn)).collect()
}

async fn users(call: &Call<'_>) -> Result<Items> {
    let mut items = Vec::new();
    for row in all::<User>(call).await? {
        let mut groups = Vec::new();
        for name in &row.value.groups {
            groups.extend(find::<Group>(call, name).await?.map(|group| group.value.name.clone()));
        }
        let mut item = shown::user(call.account(), &row.value, true);
        put(&mut item, "UserPolicyList", Some(inline(&row.value.policies)));
        put(&mut item, "AttachedManagedPolicies", Some(attached(&row.value.policies)));
        put(&mut item, "GroupList", Some(groups));
        items.push((row.place.name, item));
    }
    Ok(items)
}

async fn groups(call: &Call<'_>) -> Result<Items> {
    let shown = |row: ringwall_store::Row<Group>| {
        let mut item = shown::group(call.account(), &row.value);
        put(&mut item, "GroupPolicyList", Some(inline(&row.value.policies)));
        put(&mut item, "AttachedManagedPolicies", Some(attached(&row.value.policies)));
        (row.place.name, item)
    };
    Ok(all::<Group>(call).await?.into_iter().map(shown).collect())
}

async fn roles(call: &Call<'_>) -> Result<Items> {
    let mut items = Vec::new();
    for row in all::<Role>(call).await? {
        let mut profiles = Vec::new();
        for name in &row.value.profiles {
            if let Some(profile) = find::<InstanceProfile>(call, name).await? {
                profiles.push(shown::profile(call.shared, call.account(), &profile.value, false).await?);
            }
        }
        let mut item = shown::role(call.shared, call.account(), &row.value, true).await?;
        if let Some(members) = item.as_object_mut() {
            members.retain(|name, _| !matches!(name.as_str(), "Description" | "MaxSessionDuration"));
        }
        put(&mut item, "InstanceProfileList", Some(profiles));
        put(&mut item, "RolePolicyList", Some(inline(&row.value.policies)));
        put(&mut item, "AttachedManagedPolicies", Some(attached(&row.value.policies)));
        items.push((row.place.name, item));
    }
    Ok(items)
}

async fn policies(call: &Call<'_>) -> Result<Items> {
    let shown = |row: ringwall_store::Row<ManagedPolicy>| {
        let policy = &row.value;
        let versions: Vec<Value> = policy
            .versions
            .iter()
            .rev()
            .map(|(number, version)| shown::version(policy, *number, version, true))
            .collect();
        let mut item = shown::policy(call.account(), policy, false);
        put(&mut item, "Description", policy.description.as_deref());
        put(&mut item, "PolicyVersionList", Some(versions));
        (row.place.name, item)
    };
    Ok(all::<ManagedPolicy>(call).await?.into_iter().map(shown).collect())
}

/// Those that are attached somewhere, as AWS tells them.
async fn aws_policies(call: &Call<'_>) -> Result<Items> {
    let mut items = Vec::new();
    for (arn, used) in usage(call).await? {
        let Some(policy) = managed::find(&arn) else { continue };
        let mut item = policy.shown(used);
        put(&mut item, "PolicyVersionList", Some(vec![policy.shown_version(true)]));
        items.push((arn, item));
    }
    Ok(items)
}
