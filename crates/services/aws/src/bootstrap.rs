//! The first record of an account: itself, and an administrator who can make everything else.

use std::collections::{BTreeMap, BTreeSet};

use ringwall_envelope::{Keyring, Random};
use ringwall_model::Secret;
use ringwall_store::{Batch, Expect, Store, StoreError};

use crate::error::ApiError;
use crate::iam::rows::{AccessKey, Account, Attached, Tables, User};
use crate::id::{self, KeyKind, Prefix};
use crate::page;
use crate::principals::{Bearer, Kind};
use crate::sealed::{Purpose, Sealed, key_place};

/// Name of the user that an account begins with.
pub const ADMINISTRATOR: &str = "administrator";

/// AWS's policy that allows everything.
const ADMINISTRATOR_ACCESS: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// A new account's credentials. They are told once.
#[derive(Debug)]
pub struct Credentials {
    /// Account id, twelve digits.
    pub account: String,
    /// The user that they are of.
    pub user: String,
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: Secret,
}

/// An account, for lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSummary {
    /// Account id, twelve digits.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Milliseconds since 1970.
    pub created: i64,
}

/// Why an account cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The id is none.
    #[error("`{0}` is no account id: it needs twelve digits")]
    Id(String),
    /// There is one already.
    #[error("the account {0} is there already")]
    Exists(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A secret could not be made or sealed.
    #[error("no credentials could be made: {0}")]
    Credentials(String),
}

impl From<ApiError> for BootstrapError {
    fn from(error: ApiError) -> Self {
        Self::Credentials(error.message)
    }
}

/// Makes an account with an administrator, in one step: all of it is there afterwards, or nothing.
///
/// # Errors
///
/// If the id is none or taken, or the store failed.
pub async fn create_account(
    store: &Store,
    keyring: &Keyring,
    random: &dyn Random,
    account: Option<&str>,
    name: &str,
    now: i64,
) -> Result<Credentials, BootstrapError> {
    let account = match account {
        Some(id) if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) => id.to_owned(),
        Some(other) => return Err(BootstrapError::Id(other.chars().take(32).collect())),
        None => id::account()?,
    };
    let tables = Tables::new(store);
    let key = id::access_key(KeyKind::LongTerm, &account)?;
    let secret = Secret::from(id::secret_access_key()?);
    let user = User {
        name: ADMINISTRATOR.to_owned(),
        path: "/".to_owned(),
        id: id::unique(Prefix::User)?,
        created: now,
        tags: BTreeMap::new(),
        boundary: None,
        policies: Attached {
            managed: BTreeSet::from([ADMINISTRATOR_ACCESS.to_owned()]),
            inline: BTreeMap::new(),
        },
        groups: BTreeSet::new(),
        access_keys: BTreeSet::from([key.clone()]),
    };
    let access_key = AccessKey {
        account: account.clone(),
        user: Some(user.name.clone()),
        user_id: user.id.clone(),
        active: true,
        created: now,
        secret: Sealed::new(
            keyring,
            random,
            Purpose::AccessKey,
            &key_place(&account, &user.id, &key),
            secret.expose(),
        )?,
    };
    let mut batch = Batch::new();
    let record = Account { name: name.to_owned(), created: now, alias: None, root_keys: BTreeSet::new() };
    tables.accounts.put(&mut batch, "", "", &account, &record, Expect::Absent);
    Bearer::put(&tables, &mut batch, &account, Kind::User, &user.id, (&user.path, &user.name));
    tables.users.put(&mut batch, &account, "", &user.name, &user, Expect::Absent);
    tables.access_keys.put(&mut batch, "", "", &key, &access_key, Expect::Absent);
    match store.commit(batch).await {
        Ok(_) => {}
        Err(StoreError::Conflict(_)) => return Err(BootstrapError::Exists(account)),
        Err(error) => return Err(error.into()),
    }
    Ok(Credentials { account, user: user.name, access_key_id: key, secret_access_key: secret })
}

/// The accounts of an installation, by their ids.
///
/// # Errors
///
/// If the store failed.
pub async fn accounts(store: &Store) -> Result<Vec<AccountSummary>, StoreError> {
    let rows = page::all(&Tables::new(store).accounts, "", "", "").await?;
    let summary = |row: ringwall_store::Row<Account>| AccountSummary {
        id: row.place.name,
        name: row.value.name,
        created: row.value.created,
    };
    Ok(rows.into_iter().map(summary).collect())
}
