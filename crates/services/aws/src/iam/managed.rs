//! Policies that AWS manages, which every account has.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use ringwall_iam::{Policy, PolicyKind};

use crate::policy;

/// A policy that AWS manages.
#[derive(Debug)]
pub(crate) struct AwsPolicy {
    /// Its document.
    pub(crate) text: &'static str,
    /// What it says.
    policy: Arc<Policy>,
}

/// ARNs with documents.
const DOCUMENTS: [(&str, &str); 1] = [(
    "arn:aws:iam::aws:policy/AdministratorAccess",
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
)];

static POLICIES: LazyLock<BTreeMap<&'static str, AwsPolicy>> = LazyLock::new(|| {
    let read = |(arn, text): (&'static str, &'static str)| {
        let policy = policy::read(PolicyKind::Identity, arn, text).ok()?;
        let policy = Arc::new(policy.with_arn(Some(arn.into())));
        Some((arn, AwsPolicy { text, policy }))
    };
    DOCUMENTS.into_iter().filter_map(read).collect()
});

/// The policy of an ARN.
pub(crate) fn policy(arn: &str) -> Option<Arc<Policy>> {
    POLICIES.get(arn).map(|policy| Arc::clone(&policy.policy))
}

/// The policies, by their ARNs.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static AwsPolicy)> {
    POLICIES.iter().map(|(arn, policy)| (*arn, policy))
}
