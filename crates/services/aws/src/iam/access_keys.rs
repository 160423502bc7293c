//! Access keys.
//!
//! Source: AWS IAM API Reference, *CreateAccessKey*, *ListAccessKeys*, *UpdateAccessKey*, *DeleteAccessKey*.

use std::collections::BTreeSet;
use std::sync::Arc;

use ringwall_model::Secret;
use ringwall_store::{Batch, Expect, Row};
use serde::Deserialize;
use serde_json::json;

use super::entity::{Tries, allowed, put as put_row};
use super::fault::{no_such, quota};
use super::limits;
use super::page::{self, Page};
use super::rows::{AccessKey, Account, User};
use super::shown::seconds;
use super::users::{MaybeUser, Whose, own, root};
use crate::authorize::{Answer, Permit};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::id::{self, KeyKind};
use crate::sealed::{Purpose, key_place};
use crate::sts::put;

/// Whose keys a call is about, as they are now.
enum Bearer {
    User(Arc<Row<User>>),
    Root(Arc<Row<Account>>),
}

impl Bearer {
    /// Whom the call is about, if the caller may.
    async fn allowed(call: &Call<'_>, name: Option<String>) -> Result<(Permit, Self)> {
        match own(call, name)? {
            Whose::User(name) => {
                let (permit, row) = allowed::<User>(call, &name).await?;
                Ok((permit, Self::User(row)))
            }
            Whose::Root => {
                let permit = root(call)?;
                let row = call.shared.iam.accounts.get("", "", call.account()).await?;
                let row = row.ok_or_else(|| ApiError::internal(&"the caller's account is not there"))?;
                Ok((permit, Self::Root(row)))
            }
        }
    }

    fn keys(&self) -> &BTreeSet<String> {
        match self {
            Self::User(row) => &row.value.access_keys,
            Self::Root(row) => &row.value.root_keys,
        }
    }

    /// The name of the user; the root user has none.
    fn name(&self) -> Option<&str> {
        match self {
            Self::User(row) => Some(&row.value.name),
            Self::Root(_) => None,
        }
    }

    /// Files the same with other keys.
    fn put(&self, call: &Call<'_>, batch: &mut Batch, change: impl FnOnce(&mut BTreeSet<String>)) {
        match self {
            Self::User(row) => {
                let mut user = row.value.clone();
                change(&mut user.access_keys);
                put_row(call, batch, row, &user);
            }
            Self::Root(row) => {
                let mut account = row.value.clone();
                change(&mut account.root_keys);
                let expect = Expect::Revision(row.revision);
                call.shared.iam.accounts.put(batch, "", "", &row.place.name, &account, expect);
            }
        }
    }

    /// One of its keys.
    async fn key(&self, call: &Call<'_>, id: &str) -> Result<Arc<Row<AccessKey>>> {
        let row = match self.keys().contains(id) {
            true => call.shared.iam.access_keys.get("", "", id).await?,
            false => None,
        };
        row.ok_or_else(|| no_such(format!("The Access Key with id {id} cannot be found.")))
    }
}

pub(crate) async fn create_access_key(call: &Call<'_>, input: MaybeUser) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, bearer) = Bearer::allowed(call, input.user_name.clone()).await?;
        if bearer.keys().len() >= limits::ACCESS_KEYS_PER_USER {
            return Err(quota("AccessKeysPerUser", limits::ACCESS_KEYS_PER_USER));
        }
        let id = id::access_key(KeyKind::LongTerm, call.account())?;
        let secret = Secret::from(id::secret_access_key()?);
        let (user, user_id) = match &bearer {
            Bearer::User(row) => (Some(row.place.name.clone()), row.value.id.clone()),
            Bearer::Root(_) => (None, call.account().to_owned()),
        };
        let place = key_place(call.account(), &user_id, &id);
        let key = AccessKey {
            account: call.account().to_owned(),
            user,
            user_id,
            active: true,
            created: call.now(),
            secret: call.shared.seal(Purpose::AccessKey, &place, secret.expose())?,
        };
        let mut batch = Batch::new();
        call.shared.iam.access_keys.put(&mut batch, "", "", &id, &key, Expect::Absent);
        bearer.put(call, &mut batch, |keys| {
            keys.insert(id.clone());
        });
        if !tries.commit(call, batch).await? {
            continue;
        }
        call.note_resource(&id, call.account(), "AWS::IAM::AccessKey");
        // The only time that it is shown.
        let secret = std::str::from_utf8(secret.expose()).map_err(|error| ApiError::internal(&error))?;
        let mut shown = shown(&id, &key, bearer.name());
        put(&mut shown, "SecretAccessKey", Some(secret));
        return Ok(permit.answer(json!({ "AccessKey": shown })));
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListAccessKeys {
    user_name: Option<String>,
    #[serde(flatten)]
    page: Page,
}

pub(crate) async fn list_access_keys(call: &Call<'_>, input: ListAccessKeys) -> Result<Answer> {
    let (permit, bearer) = Bearer::allowed(call, input.user_name).await?;
    let mut keys = Vec::new();
    for id in bearer.keys() {
        let row = bearer.key(call, id).await?;
        keys.push(shown(id, &row.value, bearer.name()));
    }
    // There are two at most: any page has room for both.
    input.page.after()?;
    Ok(permit.answer(page::answer("AccessKeyMetadata", keys, None)))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateAccessKey {
    user_name: Option<String>,
    access_key_id: String,
    status: String,
}

pub(crate) async fn update_access_key(call: &Call<'_>, input: UpdateAccessKey) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, bearer) = Bearer::allowed(call, input.user_name.clone()).await?;
        let row = bearer.key(call, &input.access_key_id).await?;
        let mut key = row.value.clone();
        key.active = match input.status.as_str() {
            "Active" => true,
            "Inactive" => false,
            other => return Err(super::fault::invalid(format!("{other} is no status of an access key."))),
        };
        let mut batch = Batch::new();
        let expect = Expect::Revision(row.revision);
        call.shared.iam.access_keys.put(&mut batch, "", "", &input.access_key_id, &key, expect);
        if tries.commit(call, batch).await? {
            call.note_resource(&input.access_key_id, call.account(), "AWS::IAM::AccessKey");
            return Ok(permit.done());
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteAccessKey {
    user_name: Option<String>,
    access_key_id: String,
}

pub(crate) async fn delete_access_key(call: &Call<'_>, input: DeleteAccessKey) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, bearer) = Bearer::allowed(call, input.user_name.clone()).await?;
        let row = bearer.key(call, &input.access_key_id).await?;
        let mut batch = Batch::new();
        let expect = Expect::Revision(row.revision);
        call.shared.iam.access_keys.delete(&mut batch, "", "", &input.access_key_id, expect);
        bearer.put(call, &mut batch, |keys| {
            keys.remove(&input.access_key_id);
        });
        if tries.commit(call, batch).await? {
            call.note_resource(&input.access_key_id, call.account(), "AWS::IAM::AccessKey");
            return Ok(permit.done());
        }
    }
}

/// `AccessKeyMetadata`.
fn shown(id: &str, key: &AccessKey, user: Option<&str>) -> serde_json::Value {
    let mut shown = json!({
        "AccessKeyId": id,
        "Status": if key.active { "Active" } else { "Inactive" },
        "CreateDate": seconds(key.created),
    });
    put(&mut shown, "UserName", user);
    shown
}
