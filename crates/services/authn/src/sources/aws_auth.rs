//! The ConfigMap aws-auth: watched, or of a file until it is known.

use std::path::PathBuf;
use std::sync::Arc;

use k8s_openapi::api::core::v1::ConfigMap;
use ringwall_document::{Lines, Reader};
use ringwall_kubernetes::{Cluster, State};
use ringwall_model::{AwsAuthConfigMap, Tree};
use tokio::sync::Notify;

use super::file::{Looked, Watch, one_document};
use super::trees::{self, List};
use super::{FILE_EVERY, PRINCIPALS_EVERY, next_look};

/// Bytes of the texts of a ConfigMap. Source: Kubernetes, *ConfigMaps*: 1 MiB.
const MAX_BYTES: usize = 1024 * 1024;

const NAME: (&str, &str) = ("kube-system", "aws-auth");

/// Keeps the list up to date.
pub(super) async fn run(list: List, cluster: Option<Cluster>, file: Option<PathBuf>, look: Arc<Notify>) {
    let mut watched = cluster.map(|cluster| cluster.watch_one::<ConfigMap>(Some(NAME.0), NAME.1));
    let mut follower = Follower { list, current: None, taken: None };
    let mut file = file.map(Watch::new);
    loop {
        match watched.as_ref().map(|watched| watched.get()) {
            Some(state) if state.value.is_some() => {
                file = None;
                follower.follow(&state).await;
            }
            known => {
                if let Some(file) = &mut file {
                    from_file(&follower.list, file).await;
                }
                if let Some(error) = known.and_then(|state| state.error.clone()) {
                    follower.list.slot.failed(error);
                }
            }
        }
        let every = if file.is_some() { FILE_EVERY } else { PRINCIPALS_EVERY };
        match &mut watched {
            Some(watched) => tokio::select! {
                () = watched.changed() => {}
                () = next_look(&look, every) => {}
            },
            None => next_look(&look, every).await,
        }
    }
}

/// Takes up what a watch knows.
struct Follower {
    list: List,
    /// What the watch knew when it was looked at last.
    current: Option<Arc<Option<ConfigMap>>>,
    /// The list that holds.
    taken: Option<AwsAuthConfigMap>,
}

impl Follower {
    async fn follow(&mut self, state: &State<Option<ConfigMap>>) {
        let Some(value) = &state.value else { return };
        let is_new = self.current.as_ref().is_none_or(|current| !Arc::ptr_eq(current, value));
        if is_new {
            self.current = Some(Arc::clone(value));
            match read(value.as_ref().as_ref()) {
                Ok(read) => {
                    self.list.take(&read, absent(value)).await;
                    self.taken = Some(read);
                }
                Err(problem) => {
                    // It leaves the list as it was. At the start, when there is none, its other sections count.
                    if let (None, Some(value)) = (&self.list.slot.get().mappings, value.as_ref()) {
                        self.list.take(&sections(value), None).await;
                    }
                    self.taken = None;
                    return self.list.slot.failed(problem);
                }
            }
        }
        match (state.synced, &state.error) {
            (true, _) => {
                if let Some(taken) = self.taken.as_ref().filter(|_| !is_new) {
                    self.list.refresh(taken, absent(value)).await;
                }
            }
            (false, Some(error)) => self.list.slot.failed(error.clone()),
            (false, None) => self.list.slot.failed("the apiserver is not being watched just now".to_owned()),
        }
    }
}

fn absent(value: &Option<ConfigMap>) -> Option<String> {
    value.is_none().then(|| "there is no ConfigMap kube-system/aws-auth".to_owned())
}

/// The list of a ConfigMap in a manifest.
pub(crate) fn parse(file: &Arc<str>, bytes: &[u8]) -> Result<AwsAuthConfigMap, String> {
    config_map(file, bytes).and_then(|value| read(Some(&value)))
}

/// The list of a ConfigMap; why it can't be read.
fn read(value: Option<&ConfigMap>) -> Result<AwsAuthConfigMap, String> {
    let list = value.map_or_else(|| trees::list(&file_name(), []), sections);
    let broken = list.entries.iter().find_map(|entry| {
        let why = entry.document.as_ref().err()?;
        is_read(&entry.key).then(|| format!("`{}` of aws-auth can't be read: {why}", entry.key))
    });
    broken.map_or(Ok(list), Err)
}

fn is_read(key: &str) -> bool {
    matches!(key, "mapRoles" | "mapUsers" | "mapAccounts")
}

fn file_name() -> Arc<str> {
    Arc::from("ConfigMap kube-system/aws-auth")
}

fn sections(value: &ConfigMap) -> AwsAuthConfigMap {
    let file = file_name();
    let mut reader = Reader::default();
    let data = value.data.iter().flatten();
    let sections = data.map(|(key, text)| {
        let document = if text.len() > MAX_BYTES {
            Err(format!("it is longer than {MAX_BYTES} bytes"))
        } else {
            let read = reader.read_embedded(&file, text, Lines::From(0));
            read.map_err(|problem| format!("line {}: {}", problem.source.line, problem.message))
        };
        (Arc::from(key.as_str()), document)
    });
    trees::list(&file, sections)
}

/// Takes up a file of the ConfigMap, if it changed.
async fn from_file(list: &List, file: &mut Watch) {
    match file.look().await {
        Looked::Same => list.slot.still_is(),
        Looked::Failed(problem) => list.slot.failed(problem),
        Looked::New(bytes) => match parse(file.name(), &bytes) {
            Ok(read) => {
                list.take(&read, Some("of the file; the ConfigMap is not known yet".to_owned())).await
            }
            Err(problem) => {
                list.slot.failed(problem);
            }
        },
    }
}

/// The ConfigMap in a manifest.
fn config_map(file: &Arc<str>, bytes: &[u8]) -> Result<ConfigMap, String> {
    let tree = one_document(file, bytes)?;
    if tree.str("kind") != Some("ConfigMap") {
        return Err(format!("{file} is no ConfigMap"));
    }
    let data = tree.get("data").map(Tree::entries).unwrap_or_default();
    let data: Option<_> =
        data.iter().map(|entry| Some((entry.key.to_string(), entry.value.as_str()?.to_owned()))).collect();
    let data = data.ok_or_else(|| format!("{file}: a value of `data` is no text"))?;
    Ok(ConfigMap { data: Some(data), ..ConfigMap::default() })
}
