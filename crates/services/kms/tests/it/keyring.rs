//! A keyring's file: made once, changed whole, taken up by a plugin that runs.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::time::Duration;

use prometheus_client::registry::Registry;
use ringwall_kms::{KeyringFile, KmsError, Plugin, Settings, Source};
use ringwall_model::Secret;
use tempfile::TempDir;

pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["data", "root"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn root(&self) -> ringwall_rootkey::Source {
        format!("file:{}", self.path("root/root.key").display()).parse().unwrap()
    }

    pub(crate) fn file(&self) -> KeyringFile {
        KeyringFile::new(self.path("data/kms.keyring"), self.root())
    }

    pub(crate) fn source(&self) -> Source {
        format!("keyring:{}?root-key={}", self.path("data/kms.keyring").display(), self.root())
            .parse()
            .unwrap()
    }
}

fn ids(file: &KeyringFile) -> Vec<(String, bool)> {
    let mut keys: Vec<_> = file.list().unwrap().1.into_iter().map(|key| (key.id, key.current)).collect();
    keys.sort_by_key(|(_, current)| !current);
    keys
}

#[test]
fn it_is_made_once_for_its_owner_alone() {
    let place = Place::new();
    let made = place.file().create().unwrap();
    let metadata = fs::metadata(place.path("data/kms.keyring")).unwrap();
    assert_eq!(metadata.mode() & 0o7777, 0o600);
    assert_eq!(ids(&place.file()), [(made.id, true)]);
    let before = fs::read(place.path("data/kms.keyring")).unwrap();
    assert!(matches!(place.file().create(), Err(KmsError::Exists(_))));
    assert_eq!(fs::read(place.path("data/kms.keyring")).unwrap(), before);
    assert_eq!(fs::read_dir(place.path("data")).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn keys_are_added_used_and_retired() {
    let place = Place::new();
    let file = place.file();
    let first = file.create().unwrap().id;
    let second = file.rotate().unwrap().id;
    let third = file.add().unwrap().id;
    assert_eq!(ids(&file).first().unwrap(), &(second.clone(), true));
    assert_eq!(ids(&file).len(), 3);
    file.seal_with(&third).unwrap();
    assert_eq!(ids(&file).first().unwrap(), &(third.clone(), true));
    file.retire(&first).unwrap();
    assert!(file.retire(&third).is_err(), "it seals");
    for unknown in [first.as_str(), "", "x"] {
        assert!(matches!(file.retire(unknown), Err(KmsError::NoKey(_))));
        assert!(matches!(file.seal_with(unknown), Err(KmsError::NoKey(_))));
    }
    assert_eq!(ids(&file).len(), 2);
    assert_eq!(fs::metadata(place.path("data/kms.keyring")).unwrap().mode() & 0o7777, 0o600);
}

/// Two that rotate at once: neither loses the other's key.
#[test]
fn changes_at_once_are_all_kept() {
    let place = Place::new();
    place.file().create().unwrap();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let file = place.file();
            std::thread::spawn(move || file.rotate().unwrap().id)
        })
        .collect();
    let made: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let there = ids(&place.file());
    assert_eq!(there.len(), 9);
    assert!(made.iter().all(|id| there.iter().any(|(known, _)| known == id)));
}

#[test]
fn what_is_no_keyring_is_refused() {
    let place = Place::new();
    let path = place.path("data/kms.keyring");
    place.file().create().unwrap();
    let good = fs::read(&path).unwrap();
    let text = String::from_utf8(good.clone()).unwrap();
    for bad in [
        "",
        "{}",
        "null",
        &text.replace("v1", "v9"),
        &text.replace("keyring\"", "other\""),
        &"x".repeat(70_000),
    ] {
        fs::write(&path, bad).unwrap();
        assert!(matches!(place.file().list(), Err(KmsError::Contents { .. })), "{bad:.40}");
    }
    // A changed letter of what is sealed.
    let at = text.rfind("\"sealed\"").unwrap() + 20;
    let mut changed = good.clone();
    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
    fs::write(&path, changed).unwrap();
    assert!(place.file().list().is_err());
    fs::write(&path, &good).unwrap();
    assert!(place.file().list().is_ok());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o622)).unwrap();
    assert!(matches!(place.file().list(), Err(KmsError::Contents { .. })));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    // Another root key.
    fs::rename(place.path("root/root.key"), place.path("root/old.key")).unwrap();
    place.root().create(&place.path("data")).unwrap();
    assert!(matches!(place.file().list(), Err(KmsError::RootKey(_))));
}

#[test]
fn a_root_key_beside_it_is_refused() {
    let place = Place::new();
    let beside = format!("file:{}", place.path("data/root.key").display()).parse().unwrap();
    let file = KeyringFile::new(place.path("data/kms.keyring"), beside);
    assert!(matches!(file.create(), Err(KmsError::RootKey(_))));
    assert_eq!(fs::read_dir(place.path("data")).unwrap().count(), 0);
}

#[tokio::test]
async fn what_it_sealed_opens_after_it_rotated() {
    let place = Place::new();
    place.file().create().unwrap();
    let backend = place.source().open(None).unwrap();
    let secret = Secret::new(vec![7; 32]);
    let old = backend.seal(&secret).await.unwrap();
    let added = place.file().add().unwrap();
    assert_eq!(backend.seal(&secret).await.unwrap().version, old.version);
    place.file().seal_with(&added.id).unwrap();
    let new = backend.seal(&secret).await.unwrap();
    assert_eq!(new.version, Some(added.id));
    assert_eq!(new.key, old.key);
    for sealed in [&old, &new] {
        assert_eq!(backend.open(&sealed.key, &sealed.blob).await.unwrap().expose(), secret.expose());
    }
    assert!(backend.has(&old.key) && !backend.has("keyring:0000000000000000"));
    // Another process opens it too.
    let again = place.source().open(None).unwrap();
    assert_eq!(again.open(&old.key, &old.blob).await.unwrap().expose(), secret.expose());
    // One that was retired is said to be missing.
    place.file().retire(old.version.as_deref().unwrap()).unwrap();
    let refusal = again.open(&old.key, &old.blob).await.unwrap_err();
    assert!(refusal.message.contains(old.version.as_deref().unwrap()), "{refusal}");
}

/// A file that is gone or broken: what was read last still opens, and sealing fails so that it is noticed.
#[tokio::test]
async fn a_file_that_breaks_is_noticed_and_costs_no_reads() {
    let place = Place::new();
    place.file().create().unwrap();
    let backend = place.source().open(None).unwrap();
    let secret = Secret::new(vec![7; 32]);
    let sealed = backend.seal(&secret).await.unwrap();
    fs::rename(place.path("data/kms.keyring"), place.path("data/away")).unwrap();
    assert!(backend.seal(&secret).await.is_err());
    assert_eq!(backend.open(&sealed.key, &sealed.blob).await.unwrap().expose(), secret.expose());
    fs::rename(place.path("data/away"), place.path("data/kms.keyring")).unwrap();
    assert!(backend.seal(&secret).await.is_ok());
}

#[tokio::test]
async fn a_running_plugin_takes_a_rotated_keyring_up() {
    let place = Place::new();
    place.file().create().unwrap();
    let backends = vec![place.source().open(None).unwrap()];
    let settings = Settings { backends, probe: Duration::from_millis(20), grace: Duration::from_secs(5) };
    let plugin = Plugin::start(settings, &mut Registry::default()).unwrap();
    let service = super::socket::Served::start(plugin);
    let before = service.key_id().await;
    let id = place.file().rotate().unwrap().id;
    loop {
        let now = service.key_id().await;
        if now != before {
            assert!(now.ends_with(&format!("#{id}")), "{now}");
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// From one keyring to another: both may have the key as far as is known before either was read.
#[tokio::test]
async fn a_former_keyring_opens_from_the_first_call_on() {
    let (old, new) = (Place::new(), Place::new());
    old.file().create().unwrap();
    new.file().create().unwrap();
    let served = super::socket::Served::start(super::socket::plugin(&[&old]));
    served.key_id().await;
    let sealed = served.encrypt().await;
    let moved = super::socket::Served::start(super::socket::plugin(&[&new, &old]));
    assert_eq!(moved.decrypt(sealed.clone()).await.unwrap(), super::socket::SEED);
    let without = super::socket::Served::start(super::socket::plugin(&[&new]));
    let refusal = without.decrypt(sealed).await.unwrap_err();
    assert_eq!(refusal.code(), tonic::Code::FailedPrecondition);
    assert!(refusal.message().contains("keyring:"), "{refusal}");
}
