//! Whom a Principal or NotPrincipal element names.

use serde_json::Value;

use super::question::{Caller, Question, is_account};
use super::strings;

/// How directly a statement speaks of the caller; the more directly, the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grant {
    /// The account, which hands over to its own policies.
    Account,
    /// The role of a session.
    Role,
    /// The caller as it is, or everybody.
    Direct,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Everyone,
    Account,
    Role,
    /// The user, session, service or provider itself.
    Itself,
}

/// How the statement speaks of the caller, or nothing if it does not. Statements of identity policies are those
/// of whoever has them.
pub(crate) fn applies(statement: &Value, question: &Question<'_>) -> Option<Grant> {
    if let Some(element) = statement.get("Principal") {
        return named(element, question).into_iter().map(grant).max();
    }
    let Some(element) = statement.get("NotPrincipal") else { return Some(Grant::Direct) };
    let named = named(element, question);
    let excepted = if statement["Effect"] == "Allow" {
        !named.is_empty()
    } else if question.has_boundary && question.caller.account().is_some() {
        // AWS: "will always deny any IAM principal that has a permissions boundary attached".
        false
    } else {
        named.contains(&Named::Everyone)
            || match &question.caller {
                Caller::Root { .. } => named.contains(&Named::Account),
                Caller::Role { .. } | Caller::Session { .. } => {
                    named.contains(&Named::Account) && named.contains(&Named::Role)
                }
                Caller::User { .. } | Caller::FederatedUser { .. } => {
                    named.contains(&Named::Account) && named.contains(&Named::Itself)
                }
                Caller::Service(_) | Caller::Federated(_) | Caller::Anonymous => {
                    named.contains(&Named::Itself)
                }
            }
    };
    (!excepted).then_some(Grant::Direct)
}

fn grant(named: Named) -> Grant {
    match named {
        Named::Account => Grant::Account,
        Named::Role => Grant::Role,
        Named::Everyone | Named::Itself => Grant::Direct,
    }
}

/// Each way in which the element names the caller.
fn named(element: &Value, question: &Question<'_>) -> Vec<Named> {
    if element == "*" {
        return vec![Named::Everyone];
    }
    let mut all = Vec::new();
    for text in strings(&element["AWS"]) {
        all.extend(names_aws(&text, question));
    }
    for text in strings(&element["Service"]) {
        all.extend(matches!(&question.caller, Caller::Service(own) if *own == text).then_some(Named::Itself));
    }
    for text in strings(&element["Federated"]) {
        all.extend(
            matches!(&question.caller, Caller::Federated(own) if *own == text).then_some(Named::Itself),
        );
    }
    all
}

fn names_aws(text: &str, question: &Question<'_>) -> Option<Named> {
    if text == "*" {
        return Some(Named::Everyone);
    }
    let account = question.caller.account()?;
    if is_account(text) {
        return (text == account).then_some(Named::Account);
    }
    if text.starts_with("AIDA") {
        return (question.user_id()? == text).then_some(Named::Itself);
    }
    if text.starts_with("AROA") {
        return (question.user_id()?.split(':').next() == Some(text)).then_some(Named::Role);
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    if parts.get(4) != Some(&account) {
        return None;
    }
    let (kind, path) = parts.get(5)?.split_once('/').unwrap_or((parts[5], ""));
    match kind {
        "root" => Some(Named::Account),
        "role" => (question.caller.role_name() == path.rsplit('/').next()).then_some(Named::Role),
        _ => match &question.caller {
            Caller::User { arn, .. } | Caller::Session { arn, .. } | Caller::FederatedUser { arn, .. } => {
                (arn == text).then_some(Named::Itself)
            }
            _ => None,
        },
    }
}
