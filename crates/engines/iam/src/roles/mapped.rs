//! Who is mapped into the cluster: access entries and aws-auth, as far as they take effect.

use std::sync::Arc;

use ringwall_model::{AuthenticationMode, Cluster, Source, Tree};

/// Group of nodes.
const NODES: &str = "system:nodes";

/// What a mapping makes of its principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum As {
    Node,
    /// A pod on Fargate, which starts as a node of its own.
    Fargate,
    /// A user of the API.
    User,
}

/// An IAM principal that the cluster lets in.
#[derive(Clone, Debug)]
pub(super) struct Mapped {
    pub(super) arn: Arc<str>,
    pub(super) what: As,
    /// How, in words.
    pub(super) by: String,
    pub(super) source: Source,
}

/// All mappings that the cluster's authentication mode counts.
///
/// Source: Amazon EKS User Guide, *Grant IAM users and roles access to Kubernetes APIs*: which of the two the modes
/// read, and the types of access entries.
pub(super) fn all(cluster: &Cluster) -> Vec<Mapped> {
    let mode = cluster.info.authentication_mode;
    let mut mapped = Vec::new();
    if mode != Some(AuthenticationMode::ConfigMap) {
        for entry in cluster.aws.access_entries.iter().filter(|entry| !entry.listed_only) {
            let what = match &*entry.kind {
                "STANDARD" => As::User,
                "FARGATE_LINUX" => As::Fargate,
                _ => As::Node,
            };
            let by = format!("access entry of type {}", entry.kind);
            let arn = Arc::clone(&entry.principal_arn);
            mapped.push(Mapped { arn, what, by, source: entry.source.clone() });
        }
    }
    if mode != Some(AuthenticationMode::Api)
        && let Some(aws_auth) = &cluster.aws_auth
    {
        for entry in &aws_auth.entries {
            let key = match &*entry.key {
                "mapRoles" => "rolearn",
                "mapUsers" => "userarn",
                _ => continue,
            };
            let Ok(document) = &entry.document else { continue };
            for item in document.items() {
                mapped.extend(of_aws_auth(&entry.key, key, item, &aws_auth.source));
            }
        }
    }
    mapped
}

fn of_aws_auth(section: &str, key: &str, item: &Tree, source: &Source) -> Option<Mapped> {
    // The authenticator decodes the items with Go's JSON decoder, in which the case of keys does not count.
    let field = |wanted: &str| {
        item.entries().iter().find(|entry| entry.key.eq_ignore_ascii_case(wanted)).map(|entry| &entry.value)
    };
    let arn = field(key)?.as_shared()?;
    let is_node = field("groups")
        .is_some_and(|groups| groups.items().iter().any(|group| group.as_str() == Some(NODES)));
    // STS names a role's session without the role's path, so that such a mapping matches nobody.
    let has_path = arn.split_once(":role/").is_some_and(|(_, name)| name.contains('/'));
    if has_path {
        return None;
    }
    let by_session =
        field("username").and_then(Tree::as_str).is_some_and(|name| name.contains("{{SessionName}}"));
    let what = match (is_node, by_session) {
        (true, true) => As::Fargate,
        (true, false) => As::Node,
        (false, _) => As::User,
    };
    let by = format!("{section} of the ConfigMap aws-auth");
    Some(Mapped { arn: Arc::clone(arn), what, by, source: source.at(item.line) })
}
