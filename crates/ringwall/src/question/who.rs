use std::fmt;

use ringwall_model::{Arn, Cluster, User};

use super::did_you_mean;
use crate::error::Failure;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Someone Kubernetes knows by name and groups.
    Kubernetes {
        /// As authorizers see them.
        user: User,
        /// As the user would say it.
        label: String,
    },
    /// An IAM principal, which the cluster's mappings turn into someone Kubernetes knows.
    Aws(Arn),
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kubernetes { label, .. } => f.write_str(label),
            Self::Aws(arn) => arn.fmt(f),
        }
    }
}

/// Reads `--as` and `--as-group`. The second value is a remark on someone the snapshot does not know.
pub(crate) fn who(
    text: &str,
    groups: &[String],
    cluster: &Cluster,
) -> Result<(Who, Option<String>), Failure> {
    if text.is_empty() {
        return Err(Failure::misuse("`--as` is empty"));
    }
    if text.starts_with("arn:") {
        let arn = text.parse().map_err(|error: ringwall_model::InvalidArn| {
            Failure::misuse_hint(error.to_string(), "as in arn:aws:iam::111122223333:role/ci-deploy")
        })?;
        if !groups.is_empty() {
            let hint = "ask as group:NAME for what the group may do";
            return Err(Failure::misuse_hint(
                "the groups of an IAM principal come from its mapping alone",
                hint,
            ));
        }
        return Ok((Who::Aws(arn), None));
    }
    let mut remark = None;
    let (mut user, label) = if let Some(group) = text.strip_prefix("group:") {
        (member_of(group), format!("group {group}"))
    } else if let Some((namespace, name)) = service_account(text) {
        remark = service_account_remark(namespace, name, cluster)?;
        (User::service_account(namespace, name), format!("serviceaccount {namespace}/{name}"))
    } else {
        let name = text.strip_prefix("user:").unwrap_or(text);
        remark = user_remark(name, cluster);
        (plain_user(name), format!("user {name}"))
    };
    user.groups.extend(groups.iter().cloned());
    Ok((Who::Kubernetes { user, label }, remark))
}

/// Namespace and name of `shop/checkout` and `system:serviceaccount:shop:checkout`.
fn service_account(text: &str) -> Option<(&str, &str)> {
    let parts = match text.strip_prefix("system:serviceaccount:") {
        Some(rest) => rest.split_once(':'),
        None if text.contains(':') => None,
        None => text.split_once('/'),
    };
    parts.filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty() && !name.contains(['/', ':']))
}

/// Someone of whom nothing is known but one group.
fn member_of(group: &str) -> User {
    if group == "system:unauthenticated" {
        User::new("system:anonymous", [group])
    } else {
        User::authenticated("", [group])
    }
}

/// A user by name; a kubelet's name brings the group that its certificate carries.
fn plain_user(name: &str) -> User {
    let groups: &[&str] = if name.starts_with("system:node:") { &["system:nodes"] } else { &[] };
    User::authenticated(name, groups.iter().copied())
}

fn service_account_remark(namespace: &str, name: &str, cluster: &Cluster) -> Result<Option<String>, Failure> {
    super::resource::check_namespace(namespace, cluster)?;
    let mut of_namespace = cluster.service_accounts.iter().filter(|account| *account.namespace == *namespace);
    if of_namespace.clone().any(|account| *account.name == *name) || name == "default" {
        return Ok(None);
    }
    let known = of_namespace.by_ref().map(|account| &*account.name);
    let hint = did_you_mean(name, known).map(|hint| format!("; {hint}")).unwrap_or_default();
    Ok(Some(format!("the snapshot has no service account `{namespace}/{name}`{hint}")))
}

fn user_remark(name: &str, cluster: &Cluster) -> Option<String> {
    let users = || {
        let subjects = cluster.bindings.iter().flat_map(|binding| &binding.subjects);
        subjects.filter(|subject| &*subject.kind == "User").map(|subject| &*subject.name)
    };
    if name.starts_with("system:") || users().any(|known| known == name) {
        return None;
    }
    let hint = did_you_mean(name, users()).map(|hint| format!("; {hint}")).unwrap_or_default();
    Some(format!("no binding names the user `{name}`{hint}"))
}
