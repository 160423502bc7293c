use std::sync::Arc;

use super::mapping::{Mapping, Origin};

/// How lists are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// As EKS reads them, with its limits: what EKS does not tell makes an identity uncertain.
    #[default]
    Eks,
    /// As a token webhook of one's own reads a list by these rules: each caller gets one identity, which is certain, or none.
    Webhook(Rules),
}

impl Reading {
    pub(super) fn rules(&self) -> Option<&Rules> {
        match self {
            Self::Eks => None,
            Self::Webhook(rules) => Some(rules),
        }
    }
}

/// What a list may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Whom the ARN of a role with a path means.
    pub role_paths: RolePaths,
    /// Whether `*` and `?` in the resource of an ARN are wildcards, as in IAM's `ArnLike`. The account is always written out:
    /// a pattern for it would let in strangers.
    pub wildcards: bool,
    /// Whether every entry for a user or role needs a `userid`. One that is written counts in any case.
    pub require_user_ids: bool,
    /// How user names may not begin once their placeholders are filled.
    pub reserved_names: Vec<Arc<str>>,
    /// How groups may not begin once their placeholders are filled.
    pub reserved_groups: Vec<Arc<str>>,
    /// User names as they are written, placeholders and all, that may begin with something reserved.
    pub exceptions: Vec<Arc<str>>,
}

/// Whom the ARN of a role with a path means; access entries go by the name alone, as EKS's do.
///
/// A session's ARN tells its role's name and not its path. Within an account names of roles are unique whatever their
/// paths, so the name alone never means two roles at a time. But it may mean another role later: once `team/dev` is
/// deleted, whoever may create roles under `ops/` alone can make `ops/dev`, whose sessions look the same.
///
/// Source: AWS, *IAM API Reference*, CreateRole, `RoleName`: "must be unique within the account. Names are not
/// distinguished by case".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RolePaths {
    /// The role whose ARN, path included, is known to be this one ([`Parts::principals`](super::Parts::principals)), by its
    /// unique id; nobody while it is not known. Roles of permission sets need not be known, since no customer can make a role of their names.
    #[default]
    Known,
    /// The role of this name.
    ByName,
}

/// The unique id that an access entry is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound<'a> {
    /// This one.
    To(&'a str),
    /// That of a principal which is gone: nobody has it.
    Gone,
}

/// Path of the roles that IAM Identity Center makes for permission sets, and how their names begin.
///
/// Source: AWS, *IAM Identity Center User Guide*, "Referencing permission sets in resource policies, Amazon EKS cluster config
/// maps, and AWS KMS key policies"; *IAM User Guide*, "IAM identifiers": IAM refuses to others what is under `/aws-reserved/`.
const PERMISSION_SETS: (&str, &str) = ("role/aws-reserved/sso.amazonaws.com/", "awsreservedsso_");

/// Whether a role's folded resource, `role/PATH/NAME`, is that of a permission set.
pub(super) fn is_permission_set(resource: &str) -> bool {
    let (path, name) = PERMISSION_SETS;
    resource.starts_with(path) && resource.rsplit('/').next().is_some_and(|own| own.starts_with(name))
}

impl Rules {
    /// Whether a mapping may give these names, its placeholders filled; why not otherwise.
    ///
    /// EKS's own names are given by access entries of the types for nodes, and by those of service-linked roles, which EKS
    /// alone can make.
    pub(super) fn check(&self, mapping: &Mapping, name: &str, groups: &[String]) -> Result<(), String> {
        if name.is_empty() {
            return Err(format!("`{}` gets no user name", mapping.principal));
        }
        let template = mapping.username.as_deref().unwrap_or_default();
        let is_entry = mapping.origin == Origin::AccessEntry;
        let is_node = is_entry && mapping.is_for_nodes();
        let own_name = match (is_node, is_entry && mapping.is_of_service_linked_role()) {
            (true, _) => name.starts_with("system:node:"),
            (false, true) => true,
            (false, false) => self.exceptions.iter().any(|exception| **exception == *template),
        };
        let begins = |text: &str, reserved: &[Arc<str>]| {
            reserved.iter().find(|prefix| text.starts_with(&***prefix)).map(Arc::clone)
        };
        if let Some(prefix) = begins(name, &self.reserved_names).filter(|_| !own_name) {
            return Err(format!("the user name `{name}` begins with `{prefix}`, which is reserved"));
        }
        if is_node || is_entry && own_name {
            return Ok(());
        }
        for group in groups {
            if let Some(prefix) = begins(group, &self.reserved_groups) {
                return Err(format!("the group `{group}` begins with `{prefix}`, which is reserved"));
            }
        }
        Ok(())
    }
}

/// The groups that EKS gives to nodes, if their access entry tells none.
///
/// Sources: AWS EKS User Guide, *Create access entries*, "Type" (EKS adds what nodes need itself), and *Grant IAM users access to
/// Kubernetes with a ConfigMap*, for what nodes need.
pub(super) fn node_groups(kind: &str) -> &'static [&'static str] {
    match kind {
        "EC2" | "EC2_LINUX" | "HYBRID_LINUX" | "HYPERPOD_LINUX" => &["system:bootstrappers", "system:nodes"],
        "EC2_WINDOWS" => &["eks:kube-proxy-windows", "system:bootstrappers", "system:nodes"],
        "FARGATE_LINUX" => &["system:bootstrappers", "system:node-proxier", "system:nodes"],
        _ => &[],
    }
}
