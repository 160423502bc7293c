//! What a finding tells of who, what and with what: the parts of GuardDuty's schema that logs can fill.
//!
//! Source: AWS GuardDuty API Reference, `Finding` and what it holds.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{CustomRule, Sequence};

/// Longest text that a finding repeats of an event, in characters.
const MAX_TEXT: usize = 1024;
/// Most groups, addresses and the like that a finding repeats of an event. Whoever sends a request can make up as many addresses as fit
/// into its headers.
pub(crate) const MAX_LISTED: usize = 64;

/// All that is told. What isn't known is not there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// What happened, in a sentence with names.
    pub description: String,
    /// Who did it.
    pub actor: Actor,
    /// The call to the apiserver.
    pub api_call: Option<ApiCall>,
    /// The call to AWS.
    pub aws_call: Option<AwsCall>,
    /// The workload that it is about.
    pub workload: Option<Workload>,
    /// The permission that was asked for.
    pub permission: Option<PermissionAsked>,
    /// The binding that was made.
    pub binding: Option<RoleBindingMade>,
    /// The role that was made.
    pub role: Option<RoleMade>,
    /// Lists that have the caller's address.
    pub lists: Vec<ListMatch>,
    /// Why it is unusual: the terms of its score. Empty if that is not why it is told.
    pub terms: Vec<Term>,
    /// What belongs together, if it is that.
    pub sequence: Option<Sequence>,
    /// The rule, if it is somebody's own.
    pub rule: Option<Box<CustomRule>>,
}

/// Who did something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Actor {
    /// The user name in Kubernetes.
    pub username: String,
    /// The id in Kubernetes.
    pub uid: String,
    /// The groups.
    pub groups: Vec<String>,
    /// The names of the AWS session.
    pub session_names: Vec<String>,
    /// In whose name it was done, if in another's, and that one's groups.
    pub impersonated: Option<(String, Vec<String>)>,
    /// The ARN in AWS: of the session, or the user.
    pub arn: String,
    /// The id of the access key that was used.
    pub access_key_id: String,
    /// The unique id in AWS.
    pub principal_id: String,
    /// CloudTrail's `userIdentity.type`.
    pub kind: String,
}

/// A call to the apiserver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiCall {
    /// Path and query.
    pub request_uri: String,
    /// Kubernetes' verb.
    pub verb: String,
    /// The resource.
    pub resource: String,
    /// A part of it.
    pub subresource: String,
    /// The namespace.
    pub namespace: String,
    /// The object.
    pub name: String,
    /// The client, and proxies after it.
    pub source_ips: Vec<String>,
    /// What the client calls itself.
    pub user_agent: String,
    /// HTTP's status.
    pub status: Option<i64>,
}

/// A call to AWS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AwsCall {
    /// The action: `AssociateAccessPolicy`.
    pub action: String,
    /// The service: `eks.amazonaws.com`.
    pub service: String,
    /// The region.
    pub region: String,
    /// The account that the record is of.
    pub account: String,
    /// The caller's address, or the service that called.
    pub source: String,
    /// What the client calls itself.
    pub user_agent: String,
    /// Why it failed; empty if it did not.
    pub error_code: String,
}

/// A workload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Workload {
    /// The resource: `pods`, `deployments`.
    pub kind: String,
    /// The name; what the server would complete, with `*` at its end.
    pub name: String,
    /// The object's id.
    pub uid: String,
    /// The namespace.
    pub namespace: String,
    /// The service account, if it names one.
    pub service_account: String,
    /// Whether it shares the node's network.
    pub host_network: bool,
    /// Whether it shares the node's IPC.
    pub host_ipc: bool,
    /// Whether it shares the node's processes.
    pub host_pid: bool,
    /// The containers, of all three kinds.
    pub containers: Vec<Container>,
    /// Volumes that are folders of the node: name and path.
    pub host_paths: Vec<(String, String)>,
}

/// A container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Container {
    /// The name.
    pub name: String,
    /// The image, tag or digest included.
    pub image: String,
    /// Whether it is privileged.
    pub privileged: bool,
    /// Whether it may gain privileges, if it says so.
    pub allow_privilege_escalation: Option<bool>,
    /// What it mounts: name and path.
    pub mounts: Vec<(String, String)>,
}

/// A permission that somebody asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PermissionAsked {
    /// The verb.
    pub verb: String,
    /// The resource.
    pub resource: String,
    /// The namespace; empty for all.
    pub namespace: String,
    /// The answer, if that is recorded.
    pub allowed: Option<bool>,
}

/// A binding that was made or changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoleBindingMade {
    /// `RoleBinding` or `ClusterRoleBinding`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its id.
    pub uid: String,
    /// The role that it gives.
    pub role: String,
    /// `Role` or `ClusterRole`.
    pub role_kind: String,
}

/// A role that was made or changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoleMade {
    /// `Role` or `ClusterRole`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its id.
    pub uid: String,
}

/// A list that has an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListMatch {
    /// The address.
    pub address: IpAddr,
    /// The list's name.
    pub list: String,
    /// What the list says of it.
    pub threats: Vec<String>,
}

/// One term of a score of how unusual something is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// What is looked at: `user agent`, `namespace`.
    pub feature: Cow<'static, str>,
    /// What it was.
    pub value: String,
    /// How much it adds, in bits: of what shows in one of a thousand hours about ten.
    pub bits: f64,
    /// In how many hours this actor showed it before; what is long ago counts less.
    pub seen_of_actor: u64,
    /// In how many hours its peers showed it, each counted by itself.
    pub seen_of_all: u64,
}

/// A text, cut where it is longer than anybody reads.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
