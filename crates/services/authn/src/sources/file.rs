//! A file of mappings, and files that are read again when they change.

use std::path::PathBuf;
use std::sync::Arc;

use ringwall_document::Reader;
use ringwall_model::{AwsAuthConfigMap, Tree, Value};
use tokio::sync::Notify;

use super::trees::{self, List};
use super::{FILE_EVERY, PRINCIPALS_EVERY, next_look};

/// Bytes of a file: 5,000 mappings have about 1 MiB.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Lists of a file, and what else aws-iam-authenticator's dynamic file has, which does not matter.
///
/// Source: aws-iam-authenticator 81b1daba, `pkg/mapper/dynamicfile`.
const KEYS: [&str; 6] =
    ["mapRoles", "mapUsers", "mapAccounts", "LastUpdatedDateTime", "Version", "ClusterID"];

/// What a look at a file found.
#[derive(Debug)]
pub(super) enum Looked {
    /// What the last look found.
    Same,
    /// Something else.
    New(Vec<u8>),
    /// Nothing that can be read.
    Failed(String),
}

/// A file that is looked at from time to time.
pub(super) struct Watch {
    path: PathBuf,
    name: Arc<str>,
    seen: Option<Vec<u8>>,
}

impl Watch {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { name: path.display().to_string().into(), path, seen: None }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Looks. What is new is told once, be it good or bad.
    pub(super) async fn look(&mut self) -> Looked {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || ringwall_files::read(&path, MAX_BYTES)).await;
        match read.map_err(std::io::Error::other).and_then(|read| read) {
            Ok(bytes) if self.seen.as_ref() == Some(&bytes) => Looked::Same,
            Ok(bytes) => {
                self.seen = Some(bytes.clone());
                Looked::New(bytes)
            }
            Err(problem) => {
                // When it is back it counts, even if it is what it was.
                self.seen = None;
                Looked::Failed(format!("{}: {problem}", self.name))
            }
        }
    }
}

/// The one document of a file.
pub(super) fn one_document(file: &Arc<str>, bytes: &[u8]) -> Result<Tree, String> {
    let mut documents = Vec::new();
    let problems = Reader::default().read(file, bytes, &mut |document| documents.push(document.tree));
    if let Some(problem) = problems.first() {
        return Err(format!("{}: {}", problem.source, problem.message));
    }
    match (documents.pop(), documents.is_empty()) {
        (Some(tree), true) => Ok(tree),
        (Some(_), false) => Err(format!("{file} has more than one document")),
        (None, _) => Err(format!("{file} is empty; write `mapRoles: []` if nobody is to get in by it")),
    }
}

/// Keeps the list up to date.
pub(super) async fn run(list: List, path: PathBuf, look: Arc<Notify>) {
    let mut file = Watch::new(path);
    let mut taken = None;
    let mut since_asked = std::time::Duration::ZERO;
    loop {
        match file.look().await {
            Looked::Same => match &taken {
                Some(taken) if since_asked >= PRINCIPALS_EVERY => {
                    since_asked = std::time::Duration::ZERO;
                    list.refresh(taken, None).await;
                }
                // What is refused stays refused, and its problem told.
                Some(_) => list.slot.still_is(),
                None => {}
            },
            Looked::Failed(problem) => {
                taken = None;
                list.slot.failed(problem);
            }
            Looked::New(bytes) => {
                let read = parse(file.name(), &bytes);
                match read.and_then(|read| trees::wrong(&read, &list.rules).map_or(Ok(read), Err)) {
                    Ok(read) => {
                        list.take(&read, None).await;
                        taken = Some(read);
                    }
                    Err(problem) => {
                        taken = None;
                        list.slot.failed(problem);
                    }
                }
            }
        }
        next_look(&look, FILE_EVERY).await;
        since_asked = since_asked.saturating_add(FILE_EVERY);
    }
}

/// The lists of a file: at its top, or under `server` as in aws-iam-authenticator's own configuration.
///
/// # Errors
///
/// Anything that is not understood: of mappings that are read in part, nobody knows what they let in.
pub(crate) fn parse(file: &Arc<str>, bytes: &[u8]) -> Result<AwsAuthConfigMap, String> {
    let tree = one_document(file, bytes)?;
    let Value::Mapping(entries) = &tree.value else {
        return Err(format!(
            "{file} is {} where `mapRoles`, `mapUsers` and `mapAccounts` are needed",
            tree.kind()
        ));
    };
    let entries = match tree.get("server") {
        Some(server) => server.entries(),
        None => {
            if let Some(other) = entries.iter().find(|entry| !KEYS.contains(&&*entry.key)) {
                return Err(format!("{file}:{}: the key `{}` is not known", other.line, other.key));
            }
            entries
        }
    };
    let lists = entries.iter().filter(|entry| matches!(&*entry.key, "mapRoles" | "mapUsers" | "mapAccounts"));
    let sections = lists.map(|entry| (Arc::clone(&entry.key), Ok(entry.value.clone())));
    Ok(trees::list(file, sections))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Result<usize, String> {
        parse(&"map.yaml".into(), text.as_bytes()).map(|list| list.entries.len())
    }

    #[test]
    fn a_file_is_read_in_both_shapes() {
        assert_eq!(entries("mapRoles: []\nmapUsers: []\nmapAccounts: []\n"), Ok(3));
        assert_eq!(entries(r#"{"Version":"1","LastUpdatedDateTime":"x","mapRoles":[]}"#), Ok(1));
        assert_eq!(entries("clusterID: shop\nserver:\n  port: 1\n  mapRoles: []\n"), Ok(1));
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_place() {
        for (text, needle) in [
            ("", "empty"),
            ("[]", "where `mapRoles`"),
            ("mapRoles: []\nmapusers: []\n", "map.yaml:2: the key `mapusers`"),
            ("mapRoles: [", "map.yaml:1"),
            ("mapRoles: []\n---\nmapUsers: []\n", "more than one"),
            ("mapRoles: []\nmapRoles: []\n", "map.yaml:2"),
        ] {
            let why = entries(text).unwrap_err();
            assert!(why.contains(needle), "{text:?}: {why}");
        }
    }
}
