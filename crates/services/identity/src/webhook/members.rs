//! Which service accounts have a Pod Identity association: from a file, from the EKS API, or both.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ringwall_awsclient::Client;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::associations;
use super::settings::{AssociationSettings, Settings};
use super::tasks::Tasks;
use crate::mutate::{MAX_MEMBERSHIP_BYTES, Membership};

/// How often the file is looked at. The kubelet brings a changed ConfigMap after a minute, so that a second is soon enough.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A list that is followed; `None` until it was read.
type Followed = watch::Receiver<Option<Arc<Membership>>>;

/// The lists, each as it was last readable.
#[derive(Debug, Default)]
pub(super) struct Members(Vec<(&'static str, Followed)>);

impl Members {
    pub(super) fn start(settings: &Settings, aws: Option<Client>, tasks: &mut Tasks) -> Self {
        let mut members = Self::default();
        if let Some(path) = &settings.container_credentials_config {
            let (send, list) = watch::channel(None);
            let mut seen = None;
            // Read before the first review comes.
            look(path, &mut seen, &send);
            tasks.spawn(follow_file(path.clone(), seen, send));
            members.0.push(("the list of identities", list));
        }
        if let (Some(of), Some(client)) = (&settings.associations, aws) {
            let (send, list) = watch::channel(None);
            tasks.spawn(follow_associations(of.clone(), client, send));
            members.0.push(("the cluster's Pod Identity associations", list));
        }
        members
    }

    #[cfg(test)]
    pub(super) fn of(name: &'static str, list: Followed) -> Self {
        Self(vec![(name, list)])
    }

    /// Whether a service account is in one of the lists, waiting for those that aren't known yet; an error if they don't
    /// become so in time.
    pub(super) async fn contains(
        &self,
        namespace: &str,
        service_account: &str,
        within: Duration,
    ) -> Result<bool, String> {
        let in_list = |list: &Option<Arc<Membership>>| {
            list.as_ref().is_some_and(|list| list.contains(namespace, service_account))
        };
        if self.0.iter().any(|(_, list)| in_list(&list.borrow())) {
            return Ok(true);
        }
        let all = async {
            for (name, list) in &self.0 {
                let mut list = list.clone();
                let known = list.wait_for(Option::is_some).await.map_err(|_| (*name).to_owned())?;
                if in_list(&known) {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        let waited = tokio::time::timeout(within, all).await;
        waited.unwrap_or_else(|_| Err(self.waits_for().unwrap_or_default()))
    }

    pub(super) fn waits_for(&self) -> Option<String> {
        let (name, _) = self.0.iter().find(|(_, list)| list.borrow().is_none())?;
        Some(format!("{name}: not read yet"))
    }
}

/// What tells whether a file has changed: when, how long, which.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Absent,
    There { modified: Option<std::time::SystemTime>, bytes: u64 },
}

async fn follow_file(path: PathBuf, mut seen: Option<Seen>, send: watch::Sender<Option<Arc<Membership>>>) {
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let (path, list) = (path.clone(), send.clone());
        let looked = tokio::task::spawn_blocking(move || {
            look(&path, &mut seen, &list);
            seen
        });
        match looked.await {
            Ok(now) => seen = now,
            Err(_) => return,
        }
    }
}

/// Reads the file if it has changed. One that can't be read leaves the list as it is, one that isn't there empties it.
///
/// Source: amazon-eks-pod-identity-webhook v0.6.17, `pkg/filesystem/file_watcher.go`.
fn look(path: &Path, seen: &mut Option<Seen>, send: &watch::Sender<Option<Arc<Membership>>>) {
    let now = match std::fs::metadata(path) {
        Ok(file) => Seen::There { modified: file.modified().ok(), bytes: file.len() },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Seen::Absent,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "the list of identities can't be looked at");
            return;
        }
    };
    if *seen == Some(now) {
        return;
    }
    let read = || -> Result<(Vec<u8>, Seen), std::io::Error> {
        let file = std::fs::File::open(path)?;
        let metadata = file.metadata()?;
        let mut text = Vec::new();
        file.take(MAX_MEMBERSHIP_BYTES as u64 + 1).read_to_end(&mut text)?;
        Ok((text, Seen::There { modified: metadata.modified().ok(), bytes: metadata.len() }))
    };
    let (text, now) = match read() {
        Ok(read) => read,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => (Vec::new(), Seen::Absent),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "the list of identities can't be read");
            return;
        }
    };
    match Membership::parse(&text) {
        Ok(list) => {
            tracing::info!(service_accounts = list.len(), "the list of identities is read");
            send.send_replace(Some(Arc::new(list)));
        }
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "the list of identities stays as it was");
        }
    }
    *seen = Some(now);
}

async fn follow_associations(
    of: AssociationSettings,
    client: Client,
    send: watch::Sender<Option<Arc<Membership>>>,
) {
    let mut ticks = interval(of.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match associations::list(&client, &of.cluster).await {
            Ok(list) => {
                let changed = send.borrow().as_deref() != Some(&list);
                if changed {
                    tracing::info!(
                        cluster = of.cluster,
                        service_accounts = list.len(),
                        "associations are read"
                    );
                    send.send_replace(Some(Arc::new(list)));
                }
            }
            Err(error) => {
                tracing::warn!(
                    cluster = of.cluster,
                    error,
                    "associations can't be read; what was known counts"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_followed_and_what_is_broken_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identities.json");
        let (send, list) = watch::channel(None);
        let mut seen = None;
        let has = || list.borrow().as_ref().map(|list: &Arc<Membership>| list.contains("shop", "checkout"));
        look(&path, &mut seen, &send);
        assert_eq!(has(), Some(false), "no file is an empty list");
        fs::write(&path, r#"{"identities": [{"namespace": "shop", "serviceAccount": "checkout"}]}"#).unwrap();
        look(&path, &mut seen, &send);
        assert_eq!(has(), Some(true));
        fs::write(&path, "{").unwrap();
        look(&path, &mut seen, &send);
        assert_eq!(has(), Some(true), "what is broken changes nothing");
        fs::write(&path, "").unwrap();
        look(&path, &mut seen, &send);
        assert_eq!(has(), Some(false));
    }

    #[test]
    fn a_file_that_is_broken_from_the_start_is_not_an_empty_list() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identities.json");
        fs::write(&path, "[]").unwrap();
        let (send, list) = watch::channel(None);
        look(&path, &mut None, &send);
        assert!(list.borrow().is_none());
        assert!(Members::of("the list", list).waits_for().is_some());
    }
}
