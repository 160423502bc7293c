//! The calls.
//!
//! Source: AWS EKS API Reference, *ListAccessEntries*, *DescribeAccessEntry*, *ListAssociatedAccessPolicies*.

use std::collections::BTreeSet;

use http::Method;
use ringwall_awsclient::{CallError, Client, ErrorKind, escape};
use ringwall_model::AccessScope;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::MAX_ENTRIES;

/// Entries of a page; the API's most.
const PAGE: &str = "100";

/// Pages of one answer, so that a service which never ends them does not hold the look for ever.
const MAX_PAGES: usize = 1 + MAX_ENTRIES / 100;

/// Access policies of one entry. Each is there at most once, and AWS has some twenty.
const MAX_POLICIES: usize = 200;

/// Longest name and most groups and namespaces that are taken, so that one entry can't fill the memory.
const MAX_TEXT_BYTES: usize = 4096;
const MAX_TEXTS: usize = 1000;

/// An entry as the API tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Described {
    /// The entry's own ARN: another one for an entry that was made again.
    pub(super) entry_arn: String,
    pub(super) kind: String,
    pub(super) username: Option<String>,
    pub(super) groups: Vec<String>,
    /// As the API printed it.
    pub(super) created_at: Option<String>,
    /// The principal's unique id, of a service that tells it.
    pub(super) principal_id: Option<String>,
    pub(super) policies: Vec<Policy>,
}

/// An access policy of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Policy {
    pub(super) arn: String,
    /// `cluster` or `namespace`.
    pub(super) scope: String,
    pub(super) namespaces: Vec<String>,
}

impl Policy {
    pub(super) fn scope(&self) -> AccessScope {
        match self.scope.as_str() {
            "cluster" => AccessScope::Cluster,
            "namespace" => AccessScope::Namespaces(
                self.namespaces.iter().map(|namespace| namespace.as_str().into()).collect(),
            ),
            other => AccessScope::Unknown(other.into()),
        }
    }
}

/// The principals of all entries.
pub(super) async fn list(aws: &Client, cluster: &str) -> Result<BTreeSet<String>, String> {
    let path = format!("/clusters/{}/access-entries", escape(cluster));
    let found = pages(aws, &path, "accessEntries", MAX_PAGES).await.map_err(|error| error.to_string())?;
    let principals: Option<BTreeSet<String>> = found.iter().map(text).collect();
    let principals =
        principals.ok_or_else(|| "eks:ListAccessEntries: the answer is not understood".to_owned())?;
    if principals.len() > MAX_ENTRIES {
        return Err(format!("the cluster has {} access entries, more than {MAX_ENTRIES}", principals.len()));
    }
    Ok(principals)
}

/// One entry with its access policies; `None` if it is no longer there.
pub(super) async fn describe(
    aws: &Client,
    cluster: &str,
    principal: &str,
) -> Result<Option<Described>, CallError> {
    let path = format!("/clusters/{}/access-entries/{}", escape(cluster), escape(principal));
    let answer = match aws.rest("eks", Method::GET, &path, &[], None).await {
        Ok(answer) => answer,
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let entry = answer.get("accessEntry").unwrap_or(&Value::Null);
    let policies = match pages(
        aws,
        &format!("{path}/access-policies"),
        "associatedAccessPolicies",
        1 + MAX_POLICIES / 100,
    )
    .await
    {
        Ok(policies) => policies,
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let described = entry.get("principalArn").and_then(Value::as_str).filter(|told| *told == principal);
    match described.and_then(|_| read(entry, &policies)) {
        Some(described) => Ok(Some(described)),
        None => Err(not_understood(&path)),
    }
}

fn not_understood(path: &str) -> CallError {
    CallError {
        operation: format!("eks:GET {path}"),
        kind: ErrorKind::Other,
        code: String::new(),
        message: "the answer is not understood".to_owned(),
        status: 200,
        request_id: None,
    }
}

fn read(entry: &Value, policies: &[Value]) -> Option<Described> {
    if policies.len() > MAX_POLICIES {
        return None;
    }
    Some(Described {
        entry_arn: text(entry.get("accessEntryArn")?)?,
        kind: entry.get("type").map_or(Some("STANDARD".to_owned()), text)?,
        username: entry.get("username").map_or(Some(None), |name| text(name).map(Some))?,
        groups: texts(entry.get("kubernetesGroups"))?,
        created_at: entry.get("createdAt").and_then(time),
        principal_id: entry.get("principalId").and_then(text),
        policies: policies.iter().map(policy).collect::<Option<_>>()?,
    })
}

fn policy(value: &Value) -> Option<Policy> {
    let scope = value.get("accessScope")?;
    Some(Policy {
        arn: text(value.get("policyArn")?)?,
        scope: text(scope.get("type")?)?,
        namespaces: texts(scope.get("namespaces"))?,
    })
}

/// REST-JSON writes times as seconds since 1970.
fn time(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        _ => text(value),
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| text.len() <= MAX_TEXT_BYTES).map(str::to_owned)
}

fn texts(value: Option<&Value>) -> Option<Vec<String>> {
    match value {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(value) => value.as_array().filter(|all| all.len() <= MAX_TEXTS)?.iter().map(text).collect(),
    }
}

/// What stands under a key of every page.
async fn pages(aws: &Client, path: &str, key: &str, most: usize) -> Result<Vec<Value>, CallError> {
    let mut found = Vec::new();
    let mut next: Option<String> = None;
    for _ in 0..most {
        let mut query = vec![("maxResults", PAGE)];
        if let Some(token) = &next {
            query.push(("nextToken", token));
        }
        let mut answer = aws.rest("eks", Method::GET, path, &query, None).await?;
        match answer.get_mut(key).map(Value::take) {
            Some(Value::Array(items)) => found.extend(items),
            _ => return Err(not_understood(path)),
        }
        next = answer.get("nextToken").and_then(Value::as_str).map(str::to_owned);
        if next.is_none() {
            return Ok(found);
        }
    }
    Err(not_understood(path))
}
