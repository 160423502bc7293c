//! What is sealed in etcd, and under which key: counted, and each object named that is not as it should be.

mod report;

use ringwall_grpc::{Etcd, EtcdError};

use crate::stored::{Resource, Stored, StoredKey};

pub use report::{Finding, Group, MAX_FINDINGS, MAX_SEEDS, Report, Row, Rows, Verdict, Why};

/// Which objects are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every one in etcd.
    All,
    /// Those of these resources.
    Resources(Vec<Resource>),
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The objects.
    pub scope: Scope,
    /// The name of the provider that has to have sealed them; none if any will do.
    pub provider: Option<String>,
    /// The key that they have to be under; none if any will do.
    pub key: Option<String>,
    /// What begins kube-apiserver's keys: `/registry`, unless it has another `--etcd-prefix`.
    pub registry: String,
}

impl Question {
    /// Why an object is not as it should be; none if it is. Bookkeeping in the clear counts only if it is asked for by name.
    pub fn fault(&self, resource: &Resource, stored: &Stored) -> Option<Why> {
        match stored {
            Stored::Clear(_) if self.scope == Scope::All && resource.is_bookkeeping() => None,
            Stored::Clear(form) => Some(Why::Clear(*form)),
            Stored::Malformed(why) => Some(Why::Malformed(why)),
            Stored::Sealed(sealed) => {
                let differs = |expected: &Option<String>, is: &Option<String>| {
                    expected.as_ref().is_some_and(|expected| is.as_ref() != Some(expected))
                };
                if differs(&self.provider, &sealed.provider) {
                    Some(Why::OtherProvider)
                } else if differs(&self.key, &sealed.key) {
                    Some(Why::OtherKey)
                } else {
                    None
                }
            }
        }
    }

    /// What begins the keys of all that is looked at.
    pub fn prefixes(&self) -> Vec<String> {
        match &self.scope {
            Scope::All => vec![format!("{}/", self.registry)],
            Scope::Resources(resources) => {
                resources.iter().map(|resource| resource.prefix(&self.registry)).collect()
            }
        }
    }
}

/// Reads etcd and answers. `seen` is told now and then how many objects were looked at.
///
/// Each resource is read at one revision, so an object that moves while this runs is neither missed nor counted twice.
pub async fn verify(
    etcd: &Etcd,
    question: &Question,
    seen: &(dyn Fn(u64) + Sync),
) -> Result<Report, EtcdError> {
    let mut report = Report::new(question);
    let mut objects = 0;
    for prefix in question.prefixes() {
        let mut scan = etcd.scan(prefix.as_bytes());
        while let Some(page) = scan.page().await? {
            for found in &page {
                match StoredKey::parse(&question.registry, &found.key) {
                    Ok(key) => report.add(question, &key.resource, &found.key, &found.value),
                    Err(_) => report.add_unknown(&found.key),
                }
                objects += 1;
            }
            seen(objects);
        }
    }
    Ok(report)
}

#[cfg(test)]
mod tests;
