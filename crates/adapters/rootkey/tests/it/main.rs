//! Root keys as their users meet them: on disk, in the environment, in a token.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod file;
mod keyring;
mod passphrase;
mod softhsm;
mod source;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use ringwall_model::Secret;
use ringwall_rootkey::{RootKey, RootKeyError, Source};

/// A folder for secrets and, beside it, one for data.
struct Folders(tempfile::TempDir);

impl Folders {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("data")).unwrap();
        Self(folder)
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn source(&self, kind: &str, name: &str) -> Source {
        format!("{kind}:{}", self.path(name).display()).parse().unwrap()
    }

    /// A file with that mode.
    fn write(&self, name: &str, contents: &str, mode: u32) {
        fs::write(self.path(name), contents).unwrap();
        set_mode(&self.path(name), mode);
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// The error's text without the folder, which is another one in each run.
fn refusal<T>(result: Result<T, RootKeyError>, folders: &Folders) -> String {
    let error = result.err().expect("refused").to_string();
    error.replace(folders.0.path().to_str().unwrap(), "…")
}

/// What holds for each kind of root key: what it wraps, it unwraps, for that purpose alone and unchanged alone.
fn wraps_and_unwraps(root: &dyn RootKey) {
    let secret = Secret::new((0..32).collect());
    let wrapped = root.wrap("test", &secret).unwrap();
    assert_ne!(wrapped, root.wrap("test", &secret).unwrap(), "the same bytes twice");
    assert!(!wrapped.windows(32).any(|window| window == secret.expose()), "in the clear");
    assert_eq!(root.unwrap("test", &wrapped).unwrap().expose(), secret.expose());
    assert!(root.unwrap("another", &wrapped).is_err(), "for another purpose");
    assert!(root.unwrap("test", &[]).is_err(), "empty");
    assert!(root.wrap("test", &Secret::new(vec![0; 513])).is_err(), "too long");
    // The first byte is the kind; the last is of the tag, the one before that may be of the key.
    for at in [0, 1, 5, wrapped.len() - 17, wrapped.len() - 1] {
        let mut changed = wrapped.clone();
        changed[at] ^= 1;
        assert!(root.unwrap("test", &changed).is_err(), "byte {at} changed");
    }
    for length in [1, 13, wrapped.len() - 1] {
        assert!(root.unwrap("test", &wrapped[..length]).is_err(), "cut to {length}");
    }
    let longer = [wrapped.as_slice(), &[0]].concat();
    assert!(root.unwrap("test", &longer).is_err(), "with a byte more");
}
