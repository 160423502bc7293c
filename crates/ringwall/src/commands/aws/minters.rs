//! Who comes to a role without being it: whoever mints a token for a service account that the role lets in.

use std::collections::BTreeMap;

use ringwall_iam::pods::RouteKind;
use ringwall_model::{Cluster, Reason, Subject, Verdict};
use ringwall_rbac::{Authorizer, Options, Target};

use super::ways::ByRole;

/// Somebody who may mint tokens of service accounts that a role lets in.
pub(super) struct Minter {
    pub(super) subject: Subject,
    /// For how many of them.
    pub(super) accounts: usize,
    /// Why, for the first of them.
    pub(super) reasons: Vec<Reason>,
}

/// Whoever may `create serviceaccounts/token` for a service account whose tokens a role takes, with how many of them.
///
/// Source: Kubernetes, *Role Based Access Control Good Practices*, "Token request".
pub(super) fn minters(cluster: &Cluster, by_role: &ByRole, role: &str) -> Vec<Minter> {
    let authorizer = Authorizer::with_options(cluster, Options { assume_defaults: true });
    let mut found: BTreeMap<Subject, Minter> = BTreeMap::new();
    let accounts = by_role.get(role).into_iter().flatten();
    let by_token =
        accounts.filter(|(_, _, route)| matches!(route.kind, RouteKind::Irsa | RouteKind::TokenRequest));
    for (namespace, name, _) in by_token {
        let target = Target::Resource {
            group: "",
            resource: "serviceaccounts",
            subresource: "token",
            name,
            namespace,
        };
        for row in
            authorizer.who_can("create", &target).into_iter().filter(|row| row.verdict == Verdict::Allowed)
        {
            let minter = found.entry(row.subject.clone()).or_insert_with(|| Minter {
                subject: row.subject,
                accounts: 0,
                reasons: row.reasons,
            });
            minter.accounts += 1;
        }
    }
    let mut minters: Vec<Minter> = found.into_values().collect();
    // Whoever mints for most comes first.
    minters.sort_by(|a, b| b.accounts.cmp(&a.accounts).then_with(|| a.subject.cmp(&b.subject)));
    minters
}
