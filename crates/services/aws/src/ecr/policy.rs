//! Policies of repositories and of the registry: as they are filed, and as they decide.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use ringwall_iam::{Policy, PolicyKind};
use serde_json::Value;

use super::invalid;
use crate::authorize::ResourcePolicy;
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::principals::{Refused, ResourceDocument};

/// Most policies that are kept read. Past it all are forgotten, and read again as they are needed.
const MAX_READ: usize = 4_096;

/// A repository policy that AWS would take.
///
/// # Errors
///
/// `InvalidParameterException`
pub(crate) async fn repository(call: &Call<'_>, text: String) -> Result<ResourceDocument> {
    new(call, PolicyKind::Resource, "repository policy", text).await
}

/// A registry policy that AWS would take.
///
/// # Errors
///
/// `InvalidParameterException`
pub(crate) async fn registry(call: &Call<'_>, text: String) -> Result<ResourceDocument> {
    new(call, PolicyKind::Resource, "registry policy", text).await
}

async fn new(call: &Call<'_>, kind: PolicyKind, name: &str, text: String) -> Result<ResourceDocument> {
    let told = |why: String| {
        invalid(format!(
            "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid {name} provided: {why}'"
        ))
    };
    ResourceDocument::new(call.shared, kind, name, text).await.map_err(|refused| match refused {
        Refused::Malformed(why) => told(why),
        Refused::Principal(who) => told(format!("principal not found: {who}")),
        Refused::Failed(error) => error,
    })
}

/// A policy as it is filed.
pub(crate) fn filed(document: &ResourceDocument) -> Result<Value> {
    serde_json::to_value(document).map_err(|error| ApiError::internal(&error))
}

/// What [`filed`] made.
pub(crate) fn read(filed: &Value) -> Result<ResourceDocument> {
    serde_json::from_value(filed.clone()).map_err(|error| ApiError::internal(&error))
}

/// The policies that decide on a repository: its own, and the registry's. Both are of the resource's side, so that either
/// may allow and either may deny.
///
/// Source: AWS, *Amazon ECR User Guide*, "Private registry permissions", policy scope V2: the registry policy counts for
/// every action.
pub(crate) fn deciding(repository: Option<&Value>, registry: Option<&Value>) -> ResourcePolicy {
    let mut found: Vec<Arc<Policy>> = Vec::new();
    for (kept, name) in [(repository, "repository policy"), (registry, "registry policy")] {
        let Some(kept) = kept else { continue };
        match parsed(kept, name) {
            Some(policy) => found.push(policy),
            None => return ResourcePolicy::Unread,
        }
    }
    match found.as_slice() {
        [] => ResourcePolicy::None,
        [one] => ResourcePolicy::Some(Arc::clone(one)),
        [first, rest @ ..] => {
            let all = first.statements.iter().chain(rest.iter().flat_map(|policy| policy.statements.iter()));
            let both = Policy { statements: all.cloned().collect(), ..(**first).clone() };
            ResourcePolicy::Some(Arc::new(both))
        }
    }
}

/// A filed policy, read; read once for all calls that need it.
fn parsed(kept: &Value, name: &str) -> Option<Arc<Policy>> {
    static READ: LazyLock<Mutex<HashMap<String, Option<Arc<Policy>>>>> = LazyLock::new(Mutex::default);
    let text = kept.to_string();
    if let Some(known) = READ.lock().unwrap_or_else(PoisonError::into_inner).get(&text) {
        return known.clone();
    }
    let document: Option<ResourceDocument> = serde_json::from_value(kept.clone()).ok();
    let policy = document.and_then(|document| document.policy(PolicyKind::Resource, name).cloned());
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if read.len() >= MAX_READ {
        read.clear();
    }
    read.insert(text, policy.clone());
    policy
}
