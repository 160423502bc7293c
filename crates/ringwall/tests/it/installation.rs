//! `init`, `account` and `store`, each in a home of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::snapshot::Said;

/// A home folder, in which nothing of the machine's user is seen.
pub(crate) struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// One with an installation, and what `init` said.
    pub(crate) fn installed() -> (Self, Said) {
        let home = Self::new();
        let said = home.run("init --account-id 111122223333");
        assert_eq!((said.status, said.stderr.as_str()), (0, ""), "{said:?}");
        (home, said)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringwall"));
        command
            .args(arguments.split_whitespace())
            .env_clear()
            .env("HOME", self.folder.path())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the binary; what it says has `~` for the home folder.
    pub(crate) fn run(&self, arguments: &str) -> Said {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes).unwrap().replace(self.folder.path().to_str().unwrap(), "~")
        };
        Said {
            status: output.status.code().unwrap(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    fn read(&self, name: &str) -> String {
        String::from_utf8(fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// The administrator's access key: its id.
    pub(crate) fn access_key(&self) -> String {
        self.credential("aws_access_key_id = ")
    }

    /// The administrator's secret access key.
    pub(crate) fn secret(&self) -> String {
        self.credential("aws_secret_access_key = ")
    }

    fn credential(&self, name: &str) -> String {
        let text = self.read(".config/ringwall/credentials");
        text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned()
    }

    /// Whether a text is anywhere in the files under a folder.
    fn holds(&self, folder: &str, text: &str) -> bool {
        fn any(path: &Path, text: &[u8]) -> bool {
            if path.is_dir() {
                return fs::read_dir(path).unwrap().any(|entry| any(&entry.unwrap().path(), text));
            }
            fs::read(path).unwrap().windows(text.len()).any(|found| found == text)
        }
        any(&self.path(folder), text.as_bytes())
    }
}

#[test]
fn init_says_where_everything_is_and_shows_no_secret() {
    let (home, said) = Home::installed();
    assert_eq!(
        said.stdout,
        "data folder    ~/.local/share/ringwall\n\
         store          sqlite:~/.local/share/ringwall/ringwall.db\n\
         root key       file:~/.config/ringwall/root.key (new)\n\
         account        111122223333\n\
         administrator  arn:aws:iam::111122223333:user/administrator\n\
         credentials    ~/.config/ringwall/credentials, profile default\n\
         \n\
         The root key opens every key and secret that is kept here. Whoever has it and the store can read them; if it is lost,\n\
         they are lost, and nobody can bring them back. A backup by `ringwall store backup` does not have it in. Copy the root\n\
         key to a safe place now, away from this machine.\n\
         \n\
         Next: ringwall serve\n"
    );
    let mode = |name: &str| fs::metadata(home.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(".local/share/ringwall"), 0o700);
    assert_eq!(mode(".local/share/ringwall/ringwall.db"), 0o600);
    assert_eq!(mode(".config/ringwall/root.key"), 0o600);
    assert_eq!(mode(".config/ringwall/credentials"), 0o600);
    assert!(home.read(".config/ringwall/credentials").starts_with("[default]\naws_access_key_id = AKIA"));
    // Sealed where it is kept.
    assert!(!home.holds(".local", &home.secret()));
    assert!(!said.stdout.contains(&home.secret()));
}

#[test]
fn an_installation_that_is_there_is_left_alone() {
    let (home, _) = Home::installed();
    let (credentials, key) =
        (home.read(".config/ringwall/credentials"), home.read(".config/ringwall/root.key"));
    let said = home.run("init");
    assert_eq!((said.status, said.stdout.as_str()), (2, ""));
    assert_eq!(
        said.stderr,
        "error: there is an installation in `sqlite:~/.local/share/ringwall/ringwall.db` already\n hint: add accounts to \
         it with `ringwall account create NAME`, or name another --data-folder\n"
    );
    assert_eq!(home.read(".config/ringwall/credentials"), credentials);
    assert_eq!(home.read(".config/ringwall/root.key"), key);
}

#[test]
fn init_that_fails_leaves_nothing_half_made() {
    let home = Home::new();
    let said = home.run("init --account-id 1111");
    assert_eq!(said.status, 2);
    assert_eq!(said.stderr, "error: `1111` is no account id: it needs twelve digits\n");
    assert!(!home.path(".config/ringwall/credentials").exists());
    // What was made before the mistake is taken up.
    let said = home.run("init --account-id 111122223333");
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!(home.run("account list").stdout, "111122223333  default\n");
}

#[test]
fn a_data_folder_that_others_can_look_into_is_refused() {
    let home = Home::new();
    fs::create_dir(home.path("data")).unwrap();
    fs::set_permissions(home.path("data"), fs::Permissions::from_mode(0o755)).unwrap();
    let said = home.run("init --data-folder data");
    assert_eq!(said.stderr, "error: others can look into `~/data` (mode 0755)\n hint: chmod 700 it\n");
}

#[test]
fn the_root_key_may_not_lie_in_the_data_folder() {
    let home = Home::new();
    for key in ["data/root.key", "data/new/root.key"] {
        let said = home.run(&format!("init --data-folder data --root-key file:{key}"));
        assert_eq!(said.status, 2, "{said:?}");
        assert!(said.stderr.contains("lies in the data folder"), "{said:?}");
    }
    assert!(!home.path("data/root.key").exists());
    assert!(!home.path(".config/ringwall/credentials").exists());
}

#[test]
fn a_root_key_that_is_there_is_taken() {
    let home = Home::new();
    assert_eq!(home.run("init --data-folder one --credentials one.txt").status, 0);
    let said = home.run("init --data-folder two --credentials two.txt");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.contains("root.key (it was there)"), "{said:?}");
    fs::set_permissions(home.path(".config/ringwall/root.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let said = home.run("init --data-folder three --credentials three.txt");
    assert!(said.stderr.contains("root.key` can be used by others than its owner"), "{said:?}");
}

#[test]
fn accounts_are_added_and_listed() {
    let (home, _) = Home::installed();
    let said = home.run("account create staging --account-id 444455556666");
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!(said.stdout, "444455556666  credentials in ~/.config/ringwall/credentials, profile staging\n");
    assert_eq!(home.run("account list").stdout, "111122223333  default\n444455556666  staging\n");
    let taken = home.run("account create other --account-id 444455556666");
    assert_eq!(taken.stderr, "error: the account 444455556666 is there already\n");
    let profile = home.run("account create staging");
    assert!(profile.stderr.contains("has a profile `staging` already"), "{profile:?}");
    let name = home.run("account create a/b");
    assert!(name.stderr.starts_with("error: `a/b` can't be an account's name\n"), "{name:?}");
    assert_eq!(home.run("account list").stdout.lines().count(), 2);
}

#[test]
fn without_an_installation_there_is_a_hint() {
    let home = Home::new();
    for command in ["account list", "account create x", "store backup b", "serve"] {
        let said = home.run(command);
        assert_eq!(said.status, 2, "{said:?}");
        assert!(
            said.stderr.contains(
                "error: there is no installation in `sqlite:~/.local/share/ringwall/ringwall.db`\n"
            ),
            "{said:?}"
        );
        assert!(!home.path(".local/share/ringwall/ringwall.db").exists());
        assert!(!home.path(".config/ringwall/credentials").exists());
    }
}

#[test]
fn a_backup_is_restored_elsewhere() {
    let (home, _) = Home::installed();
    let said = home.run("store backup ringwall.backup");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.ends_with(" backed up to ringwall.backup\n"), "{said:?}");
    assert!(said.stderr.contains("the root key is not in it"), "{said:?}");
    assert!(!home.holds("ringwall.backup", &home.secret()));
    let key = home.read(".config/ringwall/root.key");
    assert!(key.lines().filter(|line| line.len() > 30).all(|line| !home.holds("ringwall.backup", line)));

    let said = home.run("store restore ringwall.backup --data-folder other");
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!(home.run("account list --data-folder other").stdout, "111122223333  default\n");
    // The same root key opens it.
    assert_eq!(home.run("account create second --data-folder other").status, 0);
    let again = home.run("store restore ringwall.backup --data-folder other");
    assert_eq!(again.status, 2);

    fs::write(home.path("bad.backup"), "no backup\n").unwrap();
    let bad = home.run("store restore bad.backup --data-folder third");
    assert_eq!(bad.status, 2, "{bad:?}");
    assert!(bad.stderr.contains("bad.backup"), "{bad:?}");
}

#[test]
fn a_wrong_root_key_opens_nothing() {
    let (home, _) = Home::installed();
    let other = home.run("init --data-folder other --root-key file:other.key --credentials other.txt");
    assert_eq!(other.status, 0, "{other:?}");
    let said = home.run("account create x --root-key file:other.key");
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.contains("wrapped by the root key"), "{said:?}");
    assert_eq!(home.run("account list").stdout, "111122223333  default\n");
}

#[test]
fn clusters_are_registered_listed_and_removed() {
    let (home, _) = Home::installed();
    let said =
        home.run("cluster register shop --issuer https://oidc.example.com/shop --kubernetes-version 1.37");
    assert_eq!(
        (said.status, said.stdout.as_str()),
        (0, "arn:aws:eks:us-east-1:111122223333:cluster/shop\n"),
        "{said:?}"
    );
    let said = home.run("cluster list");
    assert_eq!(said.stdout, "shop  API_AND_CONFIG_MAP  https://oidc.example.com/shop\n");
    assert_eq!(home.run("cluster list --in-region eu-central-1").stdout, "");
    for (arguments, why) in [
        ("cluster register shop --issuer https://oidc.example.com", "the cluster `shop` is there already"),
        ("cluster register ../x --issuer https://oidc.example.com", "`../x` is no name of a cluster"),
        ("cluster register y --issuer http://oidc.example.com", "is no https URL"),
        (
            "cluster register y --issuer https://a --account 999999999999",
            "there is no account `999999999999`",
        ),
        ("cluster remove y", "there is no cluster `y`"),
    ] {
        let said = home.run(arguments);
        assert_eq!(said.status, 2, "{said:?}");
        assert!(said.stderr.contains(why), "{said:?}");
    }
    std::fs::write(home.path("keys.json"), "{\"keys\":[{}]").unwrap();
    let said = home.run("cluster register y --issuer https://kubernetes.default.svc --keys keys.json");
    assert!(said.stderr.contains("the keys of the issuer are no JWK set"), "{said:?}");
    assert_eq!(home.run("cluster remove shop").status, 0);
    assert_eq!(home.run("cluster list").stdout, "");
}

#[test]
fn the_root_key_can_be_changed() {
    let (home, _) = Home::installed();
    let second = format!("file:{}", home.path("keys/second.key").display());
    let first = format!("file:{}", home.path(".config/ringwall/root.key").display());
    let inside = format!("file:{}", home.path(".local/share/ringwall/root.key").display());
    let said = home.run(&format!("root-key change {second}"));
    assert_eq!((said.status, said.stderr.as_str()), (0, ""), "{said:?}");
    assert!(said.stdout.contains("the keyring is sealed under file:"), "{said:?}");
    // The old one opens nothing now, the new one everything.
    let said = home.run("account create staging");
    assert_eq!(said.status, 2, "{said:?}");
    let said = home.run(&format!("account create staging --root-key {second}"));
    assert_eq!((said.status, said.stderr.as_str()), (0, ""), "{said:?}");
    // And back, to a key that is there.
    assert_eq!(home.run(&format!("root-key change {first} --root-key {second}")).status, 0);
    assert_eq!(home.run("account create third").status, 0);
    let said = home.run(&format!("root-key change {inside}"));
    assert_eq!(said.status, 2, "not in the data folder: {said:?}");
    assert_eq!(home.run("account create fourth").status, 0);
}
