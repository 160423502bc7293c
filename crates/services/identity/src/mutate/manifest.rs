//! Service accounts and the ConfigMap as manifests, for those who ask without a cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_document::Reader;
use ringwall_model::{Problem, Source, Tree};

use super::config_map::{CONFIG_MAP_KEY, CONFIG_MAP_NAME, ConfigMapRoles};
use super::review::Review;

/// Largest file of manifests that is read: a thousand times what a service account has.
pub const MAX_MANIFEST_BYTES: usize = 8 * 1024 * 1024;

/// What a file of manifests says, in YAML or JSON; lists (`kind: List`) included.
#[derive(Debug, Default)]
pub struct Manifests {
    accounts: Vec<Account>,
    config: Option<ConfigMapRoles>,
}

#[derive(Debug)]
struct Account {
    name: String,
    namespace: Option<String>,
    annotations: BTreeMap<String, String>,
}

impl Manifests {
    /// Reads a file. What can't be read is told and left out; `file` is what the problems name.
    pub fn read(file: &str, text: &[u8]) -> (Self, Vec<Problem>) {
        let file: Arc<str> = file.into();
        let mut manifests = Self::default();
        let mut wrong = Vec::new();
        let mut problems = Reader::default().read(&file, text, &mut |document| {
            manifests.add(&document.tree, &file, &mut wrong);
        });
        problems.append(&mut wrong);
        (manifests, problems)
    }

    /// The service accounts, as `NAMESPACE/NAME`, or `NAME` where no namespace is written.
    pub fn accounts(&self) -> impl Iterator<Item = String> + '_ {
        self.accounts.iter().map(|account| match &account.namespace {
            Some(namespace) => format!("{namespace}/{}", account.name),
            None => account.name.clone(),
        })
    }

    /// The annotations of a review's service account; `None` if it isn't there. Where one side names no namespace, the name
    /// alone counts.
    pub fn annotations_for(&self, review: &Review) -> Option<&BTreeMap<String, String>> {
        let fits = |account: &&Account| {
            let named = account.namespace.as_ref().filter(|_| review.namespace_is_named);
            account.name == review.service_account && named.is_none_or(|named| *named == review.namespace)
        };
        self.accounts.iter().find(fits).map(|account| &account.annotations)
    }

    /// The roles of the ConfigMap `pod-identity-webhook`, if there is one.
    pub fn config_map(&self) -> Option<&ConfigMapRoles> {
        self.config.as_ref()
    }

    fn add(&mut self, tree: &Tree, file: &Arc<str>, problems: &mut Vec<Problem>) {
        let problem = |line, message: String| Problem::error(Source::new(Arc::clone(file), line), message);
        match tree.str("kind") {
            Some("ServiceAccount") => {
                let metadata = |field| tree.at(&["metadata", field]);
                let text = |field| metadata(field).and_then(Tree::as_str).filter(|text| !text.is_empty());
                let Some(name) = text("name") else {
                    problems.push(problem(tree.line, "the service account has no name".to_owned()));
                    return;
                };
                let mut annotations = BTreeMap::new();
                for entry in metadata("annotations").map(Tree::entries).unwrap_or_default() {
                    match entry.value.as_str() {
                        Some(value) => drop(annotations.insert(entry.key.to_string(), value.to_owned())),
                        None => {
                            let message = format!("the annotation `{}` is no string", entry.key);
                            problems.push(problem(entry.line, message).hint("put its value into quotes"));
                        }
                    }
                }
                let namespace = text("namespace").map(str::to_owned);
                self.accounts.push(Account { name: name.to_owned(), namespace, annotations });
            }
            Some("ConfigMap")
                if tree.at(&["metadata", "name"]).and_then(Tree::as_str) == Some(CONFIG_MAP_NAME) =>
            {
                let Some(config) = tree.at(&["data", CONFIG_MAP_KEY]) else { return };
                match ConfigMapRoles::parse(config.as_str().unwrap_or_default()) {
                    Ok(roles) => self.config = Some(roles),
                    Err(error) => problems.push(problem(config.line, error.to_string())),
                }
            }
            Some("List" | "ServiceAccountList" | "ConfigMapList") => {
                for item in tree.list("items") {
                    self.add(item, file, problems);
                }
            }
            _ => {}
        }
    }
}
