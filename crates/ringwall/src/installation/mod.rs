//! An installation: its folder, its store, and the keyring that opens what is sealed there.

mod credentials;

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;

use ringwall_envelope::Keyring;
use ringwall_rootkey::{RootKey, RootKeyError, SealedKeyring, Source, SystemRandom};
use ringwall_store::{Batch, Expect, Options, Store, Table};

pub(crate) use credentials::{Profile, is_profile_name};

use crate::config::Settings;
use crate::error::Failure;

/// The kind of record that the installation itself has.
const KIND: &str = "installation";

/// The name of the record with its keyring.
const KEYRING: &str = "keyring";

/// A store, and the keyring of what is sealed in it.
pub(crate) struct Installation {
    pub(crate) store: Store,
    pub(crate) keyring: Arc<Keyring>,
}

/// Whether the root key was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RootKeyWas {
    Made,
    There,
}

impl Installation {
    /// Opens the installation that there is.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, Failure> {
        let store = open_store(settings).await?;
        let sealed = keyrings(&store).get("", "", KEYRING).await?.ok_or_else(|| missing(settings))?;
        let keyring = open_keyring(settings, sealed.value.clone()).await?;
        Ok(Self { store, keyring })
    }

    /// Refuses to go on if there is an installation. One without an account is none: it was never finished.
    pub(crate) async fn must_not_be(settings: &Settings) -> Result<(), Failure> {
        if !may_be(settings) {
            return Ok(());
        }
        let store = open_store(settings).await?;
        let accounts = ringwall_aws::accounts(&store).await?;
        store.close().await;
        if accounts.is_empty() {
            return Ok(());
        }
        Err(Failure::misuse_hint(
            format!("there is an installation in `{}` already", settings.store.value.redacted()),
            "add accounts to it with `ringwall account create NAME`, or name another --data-folder",
        ))
    }

    /// Makes an installation, or finishes one that broke off before it had an account.
    pub(crate) async fn create(settings: &Settings) -> Result<(Self, RootKeyWas), Failure> {
        let store = create_store(settings).await?;
        let keyrings = keyrings(&store);
        if let Some(sealed) = keyrings.get("", "", KEYRING).await? {
            let keyring = open_keyring(settings, sealed.value.clone()).await?;
            return Ok((Self { store, keyring }, RootKeyWas::There));
        }
        let source = settings.root_key.value.clone();
        if let Source::File(path) = &source
            && let Some(folder) = path.parent()
        {
            make_folder(folder)?;
        }
        let data = settings.data_folder.value.clone();
        let (keyring, sealed, was) = blocking(move || {
            let (root, was) = root_key(&source, &data)?;
            let keyring = Keyring::generate(&SystemRandom)?;
            let sealed = SealedKeyring::seal(&keyring, &*root)?;
            Ok((keyring, sealed, was))
        })
        .await?;
        let mut batch = Batch::new();
        keyrings.put(&mut batch, "", "", KEYRING, &sealed, Expect::Absent);
        store.commit(batch).await?;
        Ok((Self { store, keyring: Arc::new(keyring) }, was))
    }
}

/// Seals the keyring under another root key, which is made if it is not there. All else in the store stays as it is.
pub(crate) async fn change_root_key(settings: &Settings, to: &Source) -> Result<RootKeyWas, Failure> {
    let store = open_store(settings).await?;
    let keyrings = keyrings(&store);
    let row = keyrings.get("", "", KEYRING).await?.ok_or_else(|| missing(settings))?;
    if let Source::File(path) = to
        && let Some(folder) = path.parent()
    {
        make_folder(folder)?;
    }
    let (from, to) = (settings.root_key.value.clone(), to.clone());
    let data = settings.data_folder.value.clone();
    let revision = row.revision;
    let sealed = row.value.clone();
    let (sealed, was) = blocking(move || {
        let from = from.open(&data)?;
        let (to, was) = root_key(&to, &data)?;
        Ok((sealed.rewrap(&*from, &*to)?, was))
    })
    .await?;
    let mut batch = Batch::new();
    keyrings.put(&mut batch, "", "", KEYRING, &sealed, Expect::Revision(revision));
    store.commit(batch).await?;
    store.close().await;
    Ok(was)
}

/// Opens the store that there is.
pub(crate) async fn open_store(settings: &Settings) -> Result<Store, Failure> {
    if !may_be(settings) {
        return Err(missing(settings));
    }
    Ok(Store::open(&settings.store.value.0, Options::default()).await?)
}

/// Whether there may be a store, without making one: SQLite would, and with a mistyped path the installation would
/// seem to be gone.
fn may_be(settings: &Settings) -> bool {
    settings.store.value.0.strip_prefix("sqlite:").is_none_or(|path| Path::new(path).exists())
}

/// Opens the store, and makes it and the data folder if they are not there.
pub(crate) async fn create_store(settings: &Settings) -> Result<Store, Failure> {
    let folder = &settings.data_folder.value;
    make_folder(folder)?;
    let failed = |source| Failure::Make { path: folder.display().to_string(), source };
    let mode = fs::metadata(folder).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(Failure::misuse_hint(
            format!("others can look into `{}` (mode {:04o})", folder.display(), mode & 0o7777),
            "chmod 700 it",
        ));
    }
    Ok(Store::open(&settings.store.value.0, Options::default()).await?)
}

/// Makes a folder for its owner alone, if it is not there.
fn make_folder(folder: &Path) -> Result<(), Failure> {
    let failed = |source| Failure::Make { path: folder.display().to_string(), source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)
}

async fn open_keyring(settings: &Settings, sealed: SealedKeyring) -> Result<Arc<Keyring>, Failure> {
    let source = settings.root_key.value.clone();
    let data = settings.data_folder.value.clone();
    blocking(move || sealed.open(&*source.open(&data)?)).await.map(Arc::new)
}

/// The root key that is there, as whoever keeps such keys elsewhere has provided it; else a new one.
fn root_key(source: &Source, data: &Path) -> Result<(Box<dyn RootKey>, RootKeyWas), RootKeyError> {
    let unopened = match source.open(data) {
        Ok(root) => return Ok((root, RootKeyWas::There)),
        Err(error) => error,
    };
    match source.create(data) {
        Ok(root) => Ok((root, RootKeyWas::Made)),
        // It is there, and can't be opened: that is what is wrong.
        Err(RootKeyError::Exists(_)) => Err(unopened),
        Err(error) => Err(error),
    }
}

fn keyrings(store: &Store) -> Table<SealedKeyring> {
    Table::new(store, KIND)
}

fn missing(settings: &Settings) -> Failure {
    Failure::misuse_hint(
        format!("there is no installation in `{}`", settings.store.value.redacted()),
        "make one with `ringwall init`, or say where it is with --data-folder or --store",
    )
}

/// Root keys take their time: Argon2 on purpose, tokens over a network.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RootKeyError> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(error) => Err(Failure::misuse(format!("the root key could not be used: {error}"))),
    }
}
