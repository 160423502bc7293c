//! A home folder with an installation, and what a process took: for every benchmark that starts `ringwall`.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use ringwall_model::Secret;

pub(crate) const ACCOUNT: &str = "111122223333";

/// A home folder with an installation.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        let status = home.ringwall(&["init", "--account-id", ACCOUNT]).stdout(Stdio::null()).status();
        assert!(status.unwrap().success());
        home
    }

    pub(crate) fn ringwall(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringwall"));
        command.args(arguments).env_clear().env("HOME", self.0.path()).stdin(Stdio::null());
        command
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The administrator's access key: its id, and the secret.
    pub(crate) fn credentials(&self) -> (String, Secret) {
        let text = String::from_utf8(fs::read(self.path(".config/ringwall/credentials")).unwrap()).unwrap();
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().trim_start_matches([' ', '=']).to_owned()
        };
        (value("aws_access_key_id"), Secret::from(value("aws_secret_access_key")))
    }
}

/// The most memory that a process had in use, in bytes.
pub(crate) fn peak_memory(process: u32) -> u64 {
    let status = fs::read(format!("/proc/{process}/status")).unwrap_or_default();
    let status = String::from_utf8(status).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
