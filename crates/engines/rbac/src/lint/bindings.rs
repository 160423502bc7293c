use hashbrown::HashSet;
use ringwall_model::{Binding, BindingSubject, Cluster};

use super::{Lint, LintKind};

/// Begin of a service account's user name.
const ACCOUNT_PREFIX: &str = "system:serviceaccount:";
/// Groups of Kubernetes that people write as users.
const GROUPS: [&str; 5] = [
    "system:masters",
    "system:authenticated",
    "system:unauthenticated",
    "system:serviceaccounts",
    "system:nodes",
];

pub(super) fn all(cluster: &Cluster) -> Vec<Lint> {
    let accounts: HashSet<(&str, &str)> =
        cluster.service_accounts.iter().map(|account| (&*account.namespace, &*account.name)).collect();
    let mut lints = Vec::new();
    for binding in &cluster.bindings {
        for (index, subject) in binding.subjects.iter().enumerate() {
            if let Some((kind, text)) = of_subject(binding, subject, &accounts) {
                let source =
                    if subject.line == 0 { binding.source.clone() } else { binding.source.at(subject.line) };
                lints.push(Lint { kind, object: binding.reference.clone(), index, source, text });
            }
        }
    }
    lints
}

fn of_subject(
    binding: &Binding,
    subject: &BindingSubject,
    accounts: &HashSet<(&str, &str)>,
) -> Option<(LintKind, String)> {
    let name = &*subject.name;
    match &*subject.kind {
        "ServiceAccount" => {
            let own = subject.namespace.as_deref().filter(|namespace| !namespace.is_empty());
            let Some(namespace) = own.or(binding.reference.namespace.as_deref()) else {
                let text =
                    format!("service account `{name}` has no namespace, so that it matches nobody here");
                return Some((LintKind::AccountWithoutNamespace, text));
            };
            // A snapshot without any was made without them.
            let unknown = !accounts.is_empty() && !accounts.contains(&(namespace, name));
            unknown.then(|| {
                let text = format!(
                    "service account `{namespace}/{name}` is not in the snapshot: whoever makes it gets these rights"
                );
                (LintKind::UnknownAccount, text)
            })
        }
        "Group" => name.starts_with(ACCOUNT_PREFIX).then(|| {
            let text =
                format!("group `{name}` matches nobody: that is the form of a service account's user name");
            (LintKind::AccountAsGroup, text)
        }),
        "User" => (GROUPS.contains(&name) || name.starts_with("system:serviceaccounts:")).then(|| {
            let text = format!("user `{name}` is not the group of that name: only a user called so matches");
            (LintKind::GroupAsUser, text)
        }),
        kind => {
            let text = format!("subject kind `{kind}` matches nobody: it is User, Group or ServiceAccount");
            Some((LintKind::UnknownKind, text))
        }
    }
}
