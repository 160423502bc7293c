//! Principals that policies name, told by what does not pass to another.
//!
//! A name can be given again: whoever makes a user of the name of a deleted one must not get what policies gave to the
//! old one. So a policy with principals is kept with the unique id of each user and role that it names, and means those.
//!
//! Source: AWS IAM User Guide, *AWS JSON policy elements: Principal*: "When you save a role trust policy, the ARN
//! transforms to the user's or role's unique principal ID … if you delete and recreate the user, … the new user does not
//! match".

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use ringwall_iam::{Policy, PolicyKind};
use ringwall_model::{Arn, Tree, Value as Node};
use ringwall_store::{Batch, Expect};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{ApiError, Result};
use crate::iam::rows::{Tables, arn};
use crate::policy;
use crate::shared::Shared;

/// Most principals that one policy names, so that reading one costs a bounded number of look-ups. The longest policy, a
/// key policy of 32 KiB, has no room for more.
const MAX_PRINCIPALS: usize = 1500;

/// A policy with principals: a role's trust policy, or a resource's own policy.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ResourceDocument {
    /// The text, as it was given.
    document: String,
    /// Unique ids of the users and roles that it names, by the ARNs that it names them by.
    #[serde(default)]
    pins: BTreeMap<String, String>,
    #[serde(skip)]
    read: OnceLock<Option<Arc<Policy>>>,
}

impl Clone for ResourceDocument {
    fn clone(&self) -> Self {
        Self { document: self.document.clone(), pins: self.pins.clone(), read: self.read.clone() }
    }
}

impl PartialEq for ResourceDocument {
    fn eq(&self, other: &Self) -> bool {
        self.document == other.document && self.pins == other.pins
    }
}

/// Why a policy with principals is not taken. Each API has its own words for it.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It is no policy: what is wrong first.
    Malformed(String),
    /// It names a principal that is not there.
    Principal(String),
    /// It could not be looked up.
    Failed(ApiError),
}

impl Refused {
    /// The error of an API by its code for a malformed policy.
    pub(crate) fn into_error(self, code: &'static str) -> ApiError {
        match self {
            Self::Malformed(why) => ApiError::new(code, why),
            Self::Principal(who) => {
                ApiError::new(code, format!("Invalid principal in policy: \"AWS\":\"{who}\""))
            }
            Self::Failed(error) => error,
        }
    }
}

impl From<ringwall_store::StoreError> for Refused {
    fn from(error: ringwall_store::StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl ResourceDocument {
    /// A policy that AWS would take, whose users and roles are there.
    pub(crate) async fn new(
        shared: &Shared,
        kind: PolicyKind,
        name: &str,
        text: String,
    ) -> std::result::Result<Self, Refused> {
        let mut tree = policy::tree(name, &text).map_err(Refused::Malformed)?;
        policy::parse(kind, name, &tree).map_err(Refused::Malformed)?;
        let mut named = Vec::new();
        each_principal(&mut tree, &mut |text| named.push(Arc::clone(text)));
        named.sort_unstable();
        named.dedup();
        if named.len() > MAX_PRINCIPALS {
            return Err(Refused::Malformed(format!(
                "the policy names more than {MAX_PRINCIPALS} principals"
            )));
        }
        let mut pins = BTreeMap::new();
        for text in named {
            match find(shared, &text).await? {
                Found::Lasting => {}
                Found::Id(id) => {
                    pins.insert((*text).to_owned(), id);
                }
                Found::Nobody => return Err(Refused::Principal((*text).to_owned())),
            }
        }
        Ok(Self { document: text, pins, read: OnceLock::new() })
    }

    /// What it says, each user and role by its unique id. `None` for a kept text that is no policy any more: whoever
    /// decides has to deny then.
    pub(crate) fn policy(&self, kind: PolicyKind, name: &str) -> Option<&Arc<Policy>> {
        let read = || {
            let mut tree = policy::tree(name, &self.document).ok()?;
            each_principal(&mut tree, &mut |text| {
                if let Some(id) = self.pins.get(&**text) {
                    *text = id.as_str().into();
                }
            });
            policy::parse(kind, name, &tree).ok().map(Arc::new)
        };
        self.read.get_or_init(read).as_ref()
    }

    /// The text, as it was given.
    pub(crate) fn text(&self) -> &str {
        &self.document
    }

    /// The text as AWS shows it: who was renamed is told by the new name, and who is gone by the unique id.
    pub(crate) async fn shown(&self, shared: &Shared) -> Result<String> {
        let mut changed: BTreeMap<&str, String> = BTreeMap::new();
        for (written, id) in &self.pins {
            let shown = arn_of(shared, id).await?.unwrap_or_else(|| id.clone());
            if shown != *written {
                changed.insert(written, shown);
            }
        }
        if changed.is_empty() {
            return Ok(self.document.clone());
        }
        let mut document: Value =
            serde_json::from_str(&self.document).map_err(|error| ApiError::internal(&error))?;
        rename(&mut document, &changed);
        Ok(document.to_string())
    }
}

/// Who a text under `AWS` in a `Principal` is.
#[derive(Debug)]
pub(crate) enum Found {
    /// An account or everybody, whom no other follows under the same name.
    Lasting,
    /// A user, a role or a role's session, by unique id.
    Id(String),
    /// Nobody that is there.
    Nobody,
}

/// Looks up a text under `AWS` in a `Principal`.
pub(crate) async fn find(shared: &Shared, text: &str) -> std::result::Result<Found, Refused> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if text == "*" || is_account {
        return Ok(Found::Lasting);
    }
    let Ok(parsed) = text.parse::<Arn>() else {
        // A unique id that somebody wrote: it lasts, if there is somebody of it.
        let known = arn_of(shared, text).await.map_err(Refused::Failed)?;
        return Ok(known.map_or(Found::Nobody, |_| Found::Id(text.to_owned())));
    };
    let id = match (parsed.service.as_str(), parsed.kind_and_rest()) {
        ("iam", None) if parsed.resource == "root" => return Ok(Found::Lasting),
        // Its sessions cannot be made here, so that nobody comes to what is given to one.
        ("sts", Some(("federated-user", _))) => return Ok(Found::Lasting),
        ("iam", Some(("user", _))) => {
            let name = parsed.name().to_ascii_lowercase();
            let row = shared.iam.users.get(&parsed.account, "", &name).await?;
            row.filter(|row| row.value.arn(&parsed.account) == text).map(|row| row.value.id.clone())
        }
        ("iam", Some(("role", _))) => {
            let name = parsed.name().to_ascii_lowercase();
            let row = shared.iam.roles.get(&parsed.account, "", &name).await?;
            row.filter(|row| row.value.arn(&parsed.account) == text).map(|row| row.value.id.clone())
        }
        ("sts", Some(("assumed-role", rest))) => {
            let (role, session) = rest.split_once('/').unwrap_or((rest, ""));
            let row = shared.iam.roles.get(&parsed.account, "", &role.to_ascii_lowercase()).await?;
            row.filter(|row| row.value.name == role).map(|row| format!("{}:{session}", row.value.id))
        }
        _ => None,
    };
    Ok(id.map_or(Found::Nobody, Found::Id))
}

/// The ARN of a user, a role or a session by its unique id, if it is still there.
async fn arn_of(shared: &Shared, id: &str) -> Result<Option<String>> {
    let (principal, session) = id.split_once(':').map_or((id, None), |(id, session)| (id, Some(session)));
    // Nothing else is filed there, and what nobody files is not asked for.
    if principal.is_empty() || !principal.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(None);
    }
    let Some(row) = shared.iam.principals.get("", "", principal).await? else { return Ok(None) };
    let Bearer { account, kind, path, name } = &row.value;
    Ok(Some(match session {
        Some(session) => format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
        None => arn(account, kind.name(), path, name),
    }))
}

/// Who bears a unique id, filed under no account by the id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Bearer {
    account: String,
    kind: Kind,
    path: String,
    name: String,
}

/// What kind of principal bears a unique id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    User,
    Role,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Role => "role",
        }
    }
}

impl Bearer {
    /// Files who bears an id, together with what is made or renamed.
    pub(crate) fn put(
        tables: &Tables,
        batch: &mut Batch,
        account: &str,
        kind: Kind,
        id: &str,
        at: (&str, &str),
    ) {
        let (path, name) = at;
        let bearer = Self { account: account.to_owned(), kind, path: path.to_owned(), name: name.to_owned() };
        tables.principals.put(batch, "", "", id, &bearer, Expect::Any);
    }

    /// Takes an id away together with who bore it.
    pub(crate) fn delete(tables: &Tables, batch: &mut Batch, id: &str) {
        tables.principals.delete(batch, "", "", id, Expect::Any);
    }
}

/// Visits each text under `AWS` in `Principal` and `NotPrincipal`.
fn each_principal(document: &mut Tree, visit: &mut impl FnMut(&mut Arc<str>)) {
    for_each(document, "Statement", &mut |statement| {
        for element in ["Principal", "NotPrincipal"] {
            for_each(statement, element, &mut |principals| {
                for_each(principals, "AWS", &mut |name| {
                    if let Node::String(text) = &mut name.value {
                        visit(text);
                    }
                });
            });
        }
    });
}

/// Visits the value of a key, or each of its values if it is a list.
fn for_each(tree: &mut Tree, key: &str, visit: &mut dyn FnMut(&mut Tree)) {
    let Node::Mapping(entries) = &mut tree.value else { return };
    for entry in entries.iter_mut().filter(|entry| &*entry.key == key) {
        match &mut entry.value.value {
            Node::Sequence(items) => items.iter_mut().for_each(&mut *visit),
            _ => visit(&mut entry.value),
        }
    }
}

/// Gives principals the names that are shown.
fn rename(document: &mut Value, names: &BTreeMap<&str, String>) {
    let statements = document.get_mut("Statement");
    for statement in items(statements) {
        for element in ["Principal", "NotPrincipal"] {
            let principals = statement.get_mut(element).and_then(|principals| principals.get_mut("AWS"));
            for name in items(principals) {
                if let Some(shown) = name.as_str().and_then(|text| names.get(text)) {
                    *name = shown.as_str().into();
                }
            }
        }
    }
}

fn items(value: Option<&mut Value>) -> &mut [Value] {
    match value {
        Some(Value::Array(items)) => items,
        Some(other) => std::slice::from_mut(other),
        None => &mut [],
    }
}
