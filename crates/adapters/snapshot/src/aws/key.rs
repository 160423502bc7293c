use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::{Arn, AwsDocument, AwsExport, ClusterInfo, Tree, Value};

use super::resource::is_account;
use crate::fields::text_at;

/// Length of a key's id: a UUID, or `mrk-` and 32 hexadecimal digits.
const ID_LENGTH: usize = 36;

/// What tells the key of a `get-key-policy`, which doesn't name it.
pub(super) struct Keys {
    /// ARNs of the keys that `describe-key` tells of, by id.
    arns: HashMap<Arc<str>, Arc<str>>,
    files: HashMap<Arc<str>, Held>,
    policies: usize,
}

/// Keys and key policies of one file.
#[derive(Default)]
struct Held {
    keys: Vec<Arc<str>>,
    policies: usize,
}

impl Keys {
    pub(super) fn of(documents: &[AwsDocument]) -> Self {
        let mut keys = Self { arns: HashMap::new(), files: HashMap::new(), policies: 0 };
        for document in documents {
            let held = || Arc::clone(&document.source.file);
            match document.export {
                AwsExport::KmsKey => {
                    let tree = &document.tree;
                    let id = text_at(tree, &["KeyMetadata", "KeyId"]);
                    let (Some(id), Some(arn)) = (id, text_at(tree, &["KeyMetadata", "Arn"])) else {
                        continue;
                    };
                    keys.files.entry(held()).or_default().keys.push(Arc::clone(&arn));
                    keys.arns.insert(id, arn);
                }
                AwsExport::KmsKeyPolicy => {
                    keys.files.entry(held()).or_default().policies += 1;
                    keys.policies += 1;
                }
                _ => {}
            }
        }
        keys
    }

    /// ARN of the key that a policy belongs to; what to say if it can't be told.
    pub(super) fn key_of(
        &self,
        file: &str,
        policy: Option<&Tree>,
        info: &ClusterInfo,
    ) -> Result<Arc<str>, (&'static str, &'static str)> {
        let id = id_in(file);
        let accounts = policy.map(accounts).unwrap_or_default();
        let resources = policy.map(resources).unwrap_or_default();
        if resources.iter().any(|arn| arn.service == "s3") {
            return Err((
                "a bucket's policy doesn't name its bucket; it was not used",
                r#"write it as {"ResourcePolicies": [{"ResourceArn": "arn:aws:s3:::NAME", "PolicyDocument": {…}}]}"#,
            ));
        }
        let described = id.and_then(|id| self.arns.get(id));
        if let Some(arn) = described.or_else(|| self.only_one_of(file)) {
            return Ok(Arc::clone(arn));
        }
        let named: BTreeSet<_> = resources.into_iter().filter(is_key).collect();
        if let (Some(arn), 1) = (named.first(), named.len()) {
            return Ok(arn.to_string().into());
        }
        if let (Some(id), Some(region)) = (id, &info.region) {
            let account = match &info.account {
                Some(account) if accounts.contains(&**account) => Some(&**account),
                _ if accounts.len() == 1 => accounts.first().map(String::as_str),
                _ => None,
            };
            if let Some(account) = account {
                let partition = info.partition.as_deref().unwrap_or("aws");
                return Ok(format!("arn:{partition}:kms:{region}:{account}:key/{id}").into());
            }
        }
        self.only_one(&accounts).ok_or((
            "which key this policy belongs to can't be told; it was not used",
            "export `aws kms describe-key` too and put the key's id into the file's name, as in `key-policy-ID.json`",
        ))
    }

    /// The key beside which the policy alone stands in its file.
    fn only_one_of(&self, file: &str) -> Option<&Arc<str>> {
        match self.files.get(file) {
            Some(Held { keys, policies: 1 }) => match keys.as_slice() {
                [key] => Some(key),
                _ => None,
            },
            _ => None,
        }
    }

    /// The snapshot's only key, if this is its only key policy and names the key's account.
    fn only_one(&self, accounts: &BTreeSet<String>) -> Option<Arc<str>> {
        let mut arns = self.arns.values();
        let (Some(arn), None, 1) = (arns.next(), arns.next(), self.policies) else { return None };
        let account = arn.parse::<Arn>().ok()?.account;
        accounts.contains(&account).then(|| Arc::clone(arn))
    }
}

fn is_key(arn: &Arn) -> bool {
    arn.service == "kms" && arn.resource.starts_with("key/") && !arn.resource.contains(['*', '?'])
}

/// The last key id in a path.
fn id_in(path: &str) -> Option<&str> {
    let last = path.len().checked_sub(ID_LENGTH)?;
    (0..=last).rev().filter_map(|at| path.get(at..at + ID_LENGTH)).find(|text| is_id(text))
}

fn is_id(text: &str) -> bool {
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
    if let Some(digits) = text.strip_prefix("mrk-") {
        return is_hex(digits);
    }
    let parts: Vec<_> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.into_iter().all(is_hex)
}

fn statements(policy: &Tree) -> &[Tree] {
    match policy.get("Statement") {
        Some(Tree { value: Value::Sequence(items), .. }) => items,
        Some(statement) => std::slice::from_ref(statement),
        None => &[],
    }
}

/// A string, or the strings of a list.
fn texts(tree: &Tree) -> impl Iterator<Item = &str> {
    tree.as_str().into_iter().chain(tree.items().iter().filter_map(Tree::as_str))
}

/// The ARNs that the statements have as resources.
fn resources(policy: &Tree) -> Vec<Arn> {
    statements(policy)
        .iter()
        .filter_map(|statement| statement.get("Resource"))
        .flat_map(texts)
        .filter_map(|text| text.parse().ok())
        .collect()
}

/// The accounts that the statements name as a whole, as a key's own account is named by default.
///
/// Source: KMS developer guide, *Default key policy*.
fn accounts(policy: &Tree) -> BTreeSet<String> {
    statements(policy)
        .iter()
        .filter_map(|statement| statement.at(&["Principal", "AWS"]))
        .flat_map(texts)
        .filter_map(|text| match text.parse::<Arn>() {
            Ok(arn) => (arn.resource == "root").then_some(arn.account),
            Err(_) => is_account(text).then(|| text.to_owned()),
        })
        .collect()
}
