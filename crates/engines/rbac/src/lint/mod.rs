//! Rules and bindings that mean other than they seem.
//!
//! All of these are accepted by the apiserver, and nothing ever tells their author. A finding says what the text
//! means in truth; whether somebody gains or loses by it is for the reader to judge.

mod bindings;
mod rules;
#[cfg(test)]
mod tests;

use ringwall_model::{Cluster, ObjectRef, Source};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LintKind {
    /// `pods/*` or the like: a star counts alone or before a slash, never elsewhere in a resource.
    PartialWildcard,
    /// `*` or a part of it in `resourceNames`, where it is a name like any other.
    WildcardName,
    /// `resourceNames` with verbs whose requests carry no name.
    NamesWithoutEffect,
    /// `nonResourceURLs` in a Role, or in a ClusterRole that only RoleBindings grant.
    PathsWithoutEffect,
    /// A path with a star that isn't at its end, which is a star like any other letter.
    InnerStarInPath,
    /// A verb that isn't in lower case.
    VerbCase,
    /// An API group with a version, `apps/v1`.
    GroupWithVersion,
    /// A kind or a singular in place of the plural: `Deployment`, `pod`.
    NotAPlural,
    /// A rule without verbs, or without anything to use them on.
    EmptyRule,
    /// A ServiceAccount without namespace in a ClusterRoleBinding.
    AccountWithoutNamespace,
    /// A service account that the snapshot doesn't have.
    UnknownAccount,
    /// A subject kind that matches nobody.
    UnknownKind,
    /// A service account's user name as a group.
    AccountAsGroup,
    /// A group's name as a user, as `system:masters`.
    GroupAsUser,
}

impl LintKind {
    /// Whether it is about a subject of a binding; otherwise it is about a rule of a role.
    pub fn is_about_subject(self) -> bool {
        matches!(
            self,
            Self::AccountWithoutNamespace
                | Self::UnknownAccount
                | Self::UnknownKind
                | Self::AccountAsGroup
                | Self::GroupAsUser
        )
    }
}

/// One spot that means other than it seems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    /// What is wrong.
    pub kind: LintKind,
    /// The role or binding.
    pub object: ObjectRef,
    /// The rule or the subject, counted from 0.
    pub index: usize,
    /// Where it is written.
    pub source: Source,
    /// What it means, in words.
    pub text: String,
}

/// Looks at every rule and every subject, in the snapshot's order, roles first.
pub fn lint(cluster: &Cluster) -> Vec<Lint> {
    let mut lints = rules::all(cluster);
    lints.extend(bindings::all(cluster));
    lints
}
