use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::RotateError;

/// Largest file that is read: it has the names of the cluster's resources twice, which may be thousands of custom ones.
const MAX_STATE_BYTES: u64 = 16 << 20;

const VERSION: u32 = 1;

/// Where a rotation without etcd is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    version: u32,
    /// Which rotation it is: one of another cluster, key or list of resources begins elsewhere.
    run: Run,
    /// Whether the API server was seen to write an object, and so has taken the key up.
    pub(super) in_use: bool,
    /// Resources that are done.
    pub(super) done: Vec<String>,
    /// In the next one, the last object that is done with: `NAMESPACE/NAME`.
    pub(super) after: Option<String>,
}

/// What makes two rotations the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    /// The uid of the namespace `kube-system`, which a cluster has for life.
    pub(super) cluster: String,
    pub(super) key: Option<String>,
    pub(super) resources: Vec<String>,
}

impl State {
    /// Reads a state of this version.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|state: &Self| state.version == VERSION)
    }
}

/// The file that a state is kept in.
#[derive(Debug)]
pub(super) struct StateFile {
    path: PathBuf,
    pub(super) state: State,
}

impl StateFile {
    /// Takes up the state that the file has, or begins one if there is no file.
    pub(super) fn open(path: &Path, run: Run) -> Result<Self, RotateError> {
        let fail = |message: String| RotateError::State { path: path.to_owned(), message };
        let path_owned = path.to_owned();
        let bytes =
            ringwall_files::read_if_there(path, MAX_STATE_BYTES).map_err(|error| fail(error.to_string()))?;
        let Some(bytes) = bytes else {
            let state = State { version: VERSION, run, in_use: false, done: Vec::new(), after: None };
            return Ok(Self { path: path_owned, state });
        };
        let state = State::parse(&bytes).ok_or_else(|| fail("it is no state of a rotation".to_owned()))?;
        if state.run != run {
            return Err(fail(
                "it is of another rotation: another cluster, key or list of resources; remove it to begin anew".to_owned(),
            ));
        }
        Ok(Self { path: path_owned, state })
    }

    /// Keeps the state. A file that was cut off by a crash never stands in its place.
    pub(super) fn save(&self) -> Result<(), RotateError> {
        let fail = |error: std::io::Error| RotateError::State {
            path: self.path.clone(),
            message: error.to_string(),
        };
        let text = serde_json::to_vec(&self.state).map_err(|error| fail(error.into()))?;
        ringwall_files::replace(&self.path, &text, ringwall_files::PRIVATE).map_err(fail)
    }

    /// Removes the file: the rotation is done.
    pub(super) fn finish(&self) -> Result<(), RotateError> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(RotateError::State { path: self.path.clone(), message: error.to_string() })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(key: &str) -> Run {
        Run { cluster: "uid".to_owned(), key: Some(key.to_owned()), resources: vec!["secrets".to_owned()] }
    }

    #[test]
    fn a_rotation_goes_on_where_its_file_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut file = StateFile::open(&path, run("k2")).unwrap();
        file.state.after = Some("shop/db".to_owned());
        file.save().unwrap();
        assert_eq!(StateFile::open(&path, run("k2")).unwrap().state, file.state);
        file.finish().unwrap();
        file.finish().unwrap();
        assert_eq!(StateFile::open(&path, run("k2")).unwrap().state.after, None);
    }

    #[test]
    fn a_cluster_may_have_thousands_of_resources() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let name = |at| format!("workloadidentities{at}.iam.provider.example.org");
        let run = Run { resources: (0..5_000).map(name).collect(), ..run("k2") };
        let mut file = StateFile::open(&path, run.clone()).unwrap();
        file.state.done.clone_from(&run.resources);
        file.save().unwrap();
        assert_eq!(StateFile::open(&path, run).unwrap().state, file.state);
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        StateFile::open(&path, run("k2")).unwrap().save().unwrap();
        let other = StateFile::open(&path, run("k3")).unwrap_err().to_string();
        assert!(other.contains("another rotation"), "{other}");
        fs::write(&path, "{}").unwrap();
        assert!(StateFile::open(&path, run("k2")).is_err());
    }
}
