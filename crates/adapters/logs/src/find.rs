//! Which files to read.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::limits::{MAX_FILES, MAX_FOLDER_DEPTH};

/// How standard input is named.
pub const STDIN: &str = "-";

/// A file to read, or standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile {
    /// As it was named; of what lies in a folder, with the folder.
    pub name: Arc<str>,
    /// Where it lies; `None` for standard input.
    pub path: Option<PathBuf>,
    /// How large it is, as it lies there.
    pub bytes: u64,
}

/// Something that can't be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotFound {
    /// As it was named.
    pub name: String,
    /// Why.
    pub why: String,
    /// What to do about it.
    pub hint: &'static str,
}

/// What there is to read.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order in which they were named; those of a folder by name.
    pub files: Vec<LogFile>,
    /// What can't be looked at, and is missing.
    pub problems: Vec<NotFound>,
    /// Folders of S3's layout with the logs of other services, which were left out.
    pub other_services: usize,
    known: HashSet<PathBuf>,
    /// The folder of S3's layout that holds what is looked for.
    service: &'static str,
}

/// Folders of S3's layout, one a service. Sources: *CloudTrail User Guide*, "Finding your CloudTrail log files"; *Amazon VPC User
/// Guide*, "Flow log files".
const CLOUDTRAIL: &str = "CloudTrail";
const FLOW_LOGS: &str = "vpcflowlogs";
/// Folders of a snapshot that hold logs.
const OF_SNAPSHOT: [&str; 2] = ["audit", "cloudtrail"];
/// What makes a folder a snapshot.
const SNAPSHOT_FILE: &str = "cluster.yaml";
/// What CloudTrail delivers beside its logs: hashes of its files. Source: AWS, *CloudTrail User Guide*, "CloudTrail log file
/// integrity validation".
const DIGESTS: &str = "CloudTrail-Digest";
/// What CloudWatch leaves where it exports to.
const WRITE_TEST: &str = "aws-logs-write-test";

/// Finds all files of what was named: files, folders with all that is in them, `-`. A file that is named twice is read once.
pub fn find(named: &[PathBuf]) -> Found {
    find_of(named, CLOUDTRAIL)
}

/// The same for VPC flow logs and the agent's.
pub fn find_flows(named: &[PathBuf]) -> Found {
    find_of(named, FLOW_LOGS)
}

fn find_of(named: &[PathBuf], service: &'static str) -> Found {
    let mut found = Found { service, ..Found::default() };
    for path in named {
        if path.as_os_str() == STDIN {
            found.files.push(LogFile { name: STDIN.into(), path: None, bytes: 0 });
        } else {
            found.entry(path, 0);
        }
    }
    found
}

impl Found {
    fn problem(&mut self, path: &Path, why: impl Into<String>, hint: &'static str) {
        self.problems.push(NotFound { name: path.display().to_string(), why: why.into(), hint });
    }

    fn entry(&mut self, path: &Path, depth: usize) {
        if depth > MAX_FOLDER_DEPTH {
            let why = format!("folders are nested more than {MAX_FOLDER_DEPTH} deep");
            return self.problem(path, why, "name the folders below it");
        }
        let (real, metadata) = match fs::canonicalize(path).and_then(|real| Ok((fs::metadata(&real)?, real)))
        {
            Ok((metadata, real)) => (real, metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.problem(path, "there is no such file or folder", "check the name");
            }
            Err(error) => {
                return self.problem(path, format!("can't read it: {error}"), "check its permissions");
            }
        };
        if metadata.is_dir() {
            // A link to a folder above would go round for ever.
            if !self.known.insert(real) {
                return;
            }
            self.folder(path, depth);
        } else if self.files.len() >= MAX_FILES {
            if self.files.len() == MAX_FILES {
                self.problem(
                    path,
                    format!("more than {MAX_FILES} files; the rest is not read"),
                    "read them in parts",
                );
            }
        } else if self.known.insert(real) {
            let name = path.display().to_string().into();
            self.files.push(LogFile { name, path: Some(path.to_owned()), bytes: metadata.len() });
        }
    }

    fn folder(&mut self, path: &Path, depth: usize) {
        let mut names = match names(path) {
            Ok(names) => names,
            Err(error) => {
                return self.problem(path, format!("can't read it: {error}"), "check its permissions");
            }
        };
        if self.service == CLOUDTRAIL && names.iter().any(|name| name == SNAPSHOT_FILE) {
            names.retain(|name| OF_SNAPSHOT.contains(&name.as_str()));
        }
        let is_account = is_account_of_s3(path);
        for name in names {
            let below = path.join(&name);
            if is_account && name != self.service && !is_account_id(&name) {
                self.other_services = self.other_services.saturating_add(usize::from(name != DIGESTS));
            } else {
                self.entry(&below, depth.saturating_add(1));
            }
        }
    }
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !is_ignored(&name) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Hidden files, what editors leave behind, and what explains a folder.
fn is_ignored(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    name.starts_with('.')
        || name.ends_with('~')
        || lower.ends_with(".swp")
        || lower.ends_with(".bak")
        || lower.ends_with(".md")
        || lower.starts_with("readme")
        || name == WRITE_TEST
        || name == DIGESTS
}

/// Whether it is a folder `AWSLogs/ACCOUNT`, or `AWSLogs/ORGANIZATION/ACCOUNT`, which holds a folder for each service.
fn is_account_of_s3(path: &Path) -> bool {
    let mut parts = path.iter().rev().map(|part| part.to_string_lossy());
    let Some(account) = parts.next() else { return false };
    is_account_id(&account)
        && match parts.next() {
            Some(above) if above == "AWSLogs" => true,
            Some(above) => above.starts_with("o-") && parts.next().is_some_and(|above| above == "AWSLogs"),
            None => false,
        }
}

fn is_account_id(name: &str) -> bool {
    name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit())
}
