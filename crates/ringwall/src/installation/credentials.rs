//! Credentials in the file that the AWS CLI and SDKs read.
//!
//! Source: AWS, *AWS SDKs and Tools Reference Guide*, "Shared config and credentials files".

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use ringwall_aws::Credentials;
use ringwall_model::Secret;

use crate::error::Failure;

/// Bytes of a credentials file at most: some thousands of profiles.
const MAX_FILE: u64 = 1024 * 1024;

/// A place for credentials, known to be free and writable before there are any: a secret key is told once, and must
/// not be lost because its file can't be written.
#[derive(Debug)]
pub(crate) struct Profile {
    path: PathBuf,
    name: String,
    file: File,
    is_new: bool,
}

impl Profile {
    /// Finds a place in a file, which is made if it is not there.
    pub(crate) fn reserve(path: &Path, name: &str) -> Result<Self, Failure> {
        let failed = |source| Failure::Make { path: path.display().to_string(), source };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        }
        let open = |new| OpenOptions::new().read(true).append(true).create_new(new).mode(0o600).open(path);
        let (mut file, is_new) = match open(true) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                (open(false).map_err(failed)?, false)
            }
            file => (file.map_err(failed)?, true),
        };
        let mode = file.metadata().map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(Failure::misuse_hint(
                format!(
                    "`{}` can be read by others than its owner (mode {:04o})",
                    path.display(),
                    mode & 0o7777
                ),
                "chmod 600 it, or name another file with --credentials",
            ));
        }
        if !is_new && has_profile(&mut file, name).map_err(failed)? {
            return Err(Failure::misuse_hint(
                format!("`{}` has a profile `{name}` already", path.display()),
                "name another file with --credentials",
            ));
        }
        Ok(Self { path: path.to_owned(), name: name.to_owned(), file, is_new })
    }

    /// Writes the credentials; they are on disk afterwards.
    pub(crate) fn write(mut self, credentials: &Credentials) -> Result<(), Failure> {
        let Credentials { access_key_id, secret_access_key, .. } = credentials;
        let failed = |source| Failure::Make { path: self.path.display().to_string(), source };
        let mut text = Vec::new();
        if !self.is_new {
            text.push(b'\n');
        }
        let head = format!("[{}]\naws_access_key_id = {access_key_id}\naws_secret_access_key = ", self.name);
        text.extend_from_slice(head.as_bytes());
        text.extend_from_slice(secret_access_key.expose());
        text.push(b'\n');
        // Zeroised when it is dropped.
        let text = Secret::new(text);
        self.file.write_all(text.expose()).and_then(|()| self.file.sync_all()).map_err(failed)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    /// Gives the place back: nothing came of it.
    pub(crate) fn release(self) {
        if self.is_new {
            // An empty file that stays does no harm.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether a name can be a profile's.
pub(crate) fn is_profile_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn has_profile(file: &mut File, name: &str) -> io::Result<bool> {
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes)?;
    // It may hold secret keys.
    let text = Secret::new(bytes);
    let text = text.expose_text().ok_or_else(|| io::Error::other("it is not UTF-8"))?;
    let names = |line: &str| {
        let name = line.trim().strip_prefix('[').and_then(|rest| rest.split_once(']'));
        name.map(|(name, _)| name.trim().to_owned())
    };
    Ok(text.lines().filter_map(names).any(|found| found == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials() -> Credentials {
        Credentials {
            account: String::from("111122223333"),
            user: String::from("administrator"),
            access_key_id: String::from("AKIAEXAMPLE"),
            secret_access_key: Secret::from(String::from("hunter2")),
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test's own file")]
    fn profiles_are_added_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/credentials");
        Profile::reserve(&path, "default").unwrap().write(&credentials()).unwrap();
        Profile::reserve(&path, "second").unwrap().write(&credentials()).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let profile = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = hunter2\n";
        assert_eq!(text, format!("[default]\n{profile}\n[second]\n{profile}"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = Profile::reserve(&path, "second").unwrap_err();
        assert!(again.to_string().ends_with("has a profile `second` already"), "{again}");

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let open = Profile::reserve(&path, "third").unwrap_err();
        assert!(open.to_string().ends_with("can be read by others than its owner (mode 0644)"), "{open}");
    }

    #[test]
    fn a_place_that_is_given_back_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        Profile::reserve(&path, "default").unwrap().release();
        assert!(!path.exists());
    }
}
