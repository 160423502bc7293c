use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::{ConflistError, PROGRAM, with_plugin, without_plugin};

/// Longest list of plugins; those of network plugins have a kilobyte.
const MAX_CONFLIST_BYTES: u64 = 1 << 20;

/// Most files of the folder that are looked at; a node has one or two.
const MAX_FILES: usize = 1_000;

/// Where a node's CNI plugins and their configuration are, and what the plugin's entry says.
#[derive(Clone, Debug)]
pub struct Installation {
    /// Folder of configurations, usually `/etc/cni/net.d`.
    pub configurations: PathBuf,
    /// Folder of programs, usually `/opt/cni/bin`.
    pub programs: PathBuf,
    /// Where the agent listens, as the plugin sees it.
    pub socket: PathBuf,
    /// Whether pods start although the agent does not answer.
    pub fail_open: bool,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installed {
    /// The list of plugins that is in force; `None` if there is none yet.
    pub list: Option<PathBuf>,
    /// Whether it was changed.
    pub changed: bool,
}

/// Why the plugin can't be put in place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// A file or folder can't be read or written.
    #[error("`{}`: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The configuration in force is none that a plugin can be added to.
    #[error("`{}`: {source}", path.display())]
    List {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: ConflistError,
    },
}

impl InstallError {
    /// What may be done about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::File { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("mount the node's /etc/cni/net.d and /opt/cni/bin, or say where they are")
            }
            Self::List { source: ConflistError::NoPlugins, .. } => Some(
                "a file for a single plugin has to be made a list: `{\"cniVersion\", \"name\", \"plugins\": [{…}]}`",
            ),
            _ => None,
        }
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> InstallError + '_ {
    move |source| InstallError::File { path: path.to_owned(), source }
}

impl Installation {
    /// Puts the plugin's entry into the list in force, if there is one and it has it not. To be called again and again: network
    /// plugins write their list anew when they start.
    ///
    /// # Errors
    ///
    /// A file can't be read or written, or what is in force is no list.
    pub fn ensure_entry(&self) -> Result<Installed, InstallError> {
        let Some(path) = self.list_in_force()? else { return Ok(Installed::default()) };
        let text = ringwall_files::read(&path, MAX_CONFLIST_BYTES).map_err(at(&path))?;
        let changed = with_plugin(&text, &self.socket.to_string_lossy(), self.fail_open)
            .map_err(|source| InstallError::List { path: path.clone(), source })?;
        if let Some(text) = &changed {
            ringwall_files::replace(&path, text, mode(&path)).map_err(at(&path))?;
        }
        Ok(Installed { list: Some(path), changed: changed.is_some() })
    }

    /// Takes the entry out of every list, and the program away; gives what was changed.
    ///
    /// # Errors
    ///
    /// A file can't be read or written.
    pub fn remove(&self) -> Result<Vec<PathBuf>, InstallError> {
        let mut changed = Vec::new();
        for path in self.lists()? {
            let text = ringwall_files::read(&path, MAX_CONFLIST_BYTES).map_err(at(&path))?;
            // What can't be read is none that the plugin was added to.
            let Ok(Some(text)) = without_plugin(&text) else { continue };
            ringwall_files::replace(&path, &text, mode(&path)).map_err(at(&path))?;
            changed.push(path);
        }
        self.tidy()?;
        let program = self.programs.join(PROGRAM);
        match fs::remove_file(&program) {
            Ok(()) => changed.push(program),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(at(&program)(error)),
        }
        Ok(changed)
    }

    /// Puts the program in place. It is copied, since on the node a link into a container's files leads nowhere; a plugin that
    /// runs goes on with the file that it was started from.
    ///
    /// # Errors
    ///
    /// It can't be read, or written there.
    pub fn put_program(&self, program: &Path) -> Result<(), InstallError> {
        let place = self.programs.join(PROGRAM);
        let beside = self.programs.join(format!(".{PROGRAM}.{}.new", std::process::id()));
        self.tidy()?;
        let put = || {
            fs::copy(program, &beside)?;
            let file = fs::File::open(&beside)?;
            file.set_permissions(fs::Permissions::from_mode(0o755))?;
            // An empty program after a power cut would start no pod.
            file.sync_all()?;
            fs::rename(&beside, &place)
        };
        put().map_err(|error| {
            let _ = fs::remove_file(&beside);
            at(&place)(error)
        })
    }

    /// Removes what agents left behind that were killed while they copied the program.
    fn tidy(&self) -> Result<(), InstallError> {
        let folder = &self.programs;
        for entry in fs::read_dir(folder).map_err(at(folder))?.take(MAX_FILES) {
            let path = entry.map_err(at(folder))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name
                .strip_prefix('.')
                .and_then(|name| name.strip_prefix(PROGRAM))
                .is_some_and(|rest| rest.ends_with(".new"))
            {
                fs::remove_file(&path).map_err(at(&path))?;
            }
        }
        Ok(())
    }

    /// The configuration that runtimes take: the first by name. Source: libcni, ConfFiles, with `.conf`, `.conflist` and `.json`.
    fn list_in_force(&self) -> Result<Option<PathBuf>, InstallError> {
        Ok(self.files(&["conf", "conflist", "json"])?.into_iter().next())
    }

    fn lists(&self) -> Result<Vec<PathBuf>, InstallError> {
        self.files(&["conflist"])
    }

    fn files(&self, endings: &[&str]) -> Result<Vec<PathBuf>, InstallError> {
        let folder = &self.configurations;
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(at(folder))?.take(MAX_FILES) {
            let path = entry.map_err(at(folder))?.path();
            let ending = path.extension().and_then(|ending| ending.to_str());
            if ending.is_some_and(|ending| endings.contains(&ending)) {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }
}

/// The mode that a file has, to keep it.
fn mode(path: &Path) -> u32 {
    fs::metadata(path).map_or(0o644, |metadata| metadata.permissions().mode() & 0o777)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installation(folder: &Path) -> Installation {
        let (configurations, programs) = (folder.join("net.d"), folder.join("bin"));
        fs::create_dir_all(&configurations).unwrap();
        fs::create_dir_all(&programs).unwrap();
        Installation { configurations, programs, socket: "/run/ringwall/agent.sock".into(), fail_open: false }
    }

    #[test]
    fn the_first_list_gets_the_plugin_again_and_again() {
        let folder = tempfile::tempdir().unwrap();
        let installation = installation(folder.path());
        assert_eq!(installation.ensure_entry().unwrap(), Installed::default(), "no network plugin yet");
        let program = folder.path().join("ringwall");
        fs::write(installation.programs.join(".ringwall-cni.77.new"), "half").unwrap();
        for text in ["the program", "a newer program"] {
            fs::write(&program, text).unwrap();
            installation.put_program(&program).unwrap();
            let put = installation.programs.join(PROGRAM);
            assert_eq!(ringwall_files::read(&put, 100).unwrap(), text.as_bytes());
            assert_eq!(fs::metadata(&put).unwrap().permissions().mode() & 0o777, 0o755);
        }

        let first = installation.configurations.join("10-flannel.conflist");
        let list = r#"{"name": "cbr0", "cniVersion": "0.3.1", "plugins": [{"type": "flannel"}, {"type": "portmap"}]}"#;
        fs::write(&first, list).unwrap();
        fs::write(installation.configurations.join("20-other.conflist"), list).unwrap();
        for changed in [true, false] {
            let installed = installation.ensure_entry().unwrap();
            assert_eq!(installed, Installed { list: Some(first.clone()), changed });
        }
        // The network plugin was updated.
        fs::write(&first, list).unwrap();
        assert!(installation.ensure_entry().unwrap().changed);

        assert_eq!(installation.remove().unwrap(), [first.clone(), installation.programs.join(PROGRAM)]);
        let (before, after): (serde_json::Value, serde_json::Value) = (
            serde_json::from_str(list).unwrap(),
            serde_json::from_slice(&ringwall_files::read(&first, 10_000).unwrap()).unwrap(),
        );
        assert_eq!(before, after);
        assert_eq!(installation.remove().unwrap(), Vec::<PathBuf>::new());
        let left = |folder: &Path| fs::read_dir(folder).unwrap().count();
        assert_eq!(left(&installation.configurations), 2, "nothing is left beside the lists");
        assert_eq!(left(&installation.programs), 0);
    }

    #[test]
    fn a_single_plugin_s_file_is_refused_with_a_hint() {
        let folder = tempfile::tempdir().unwrap();
        let installation = installation(folder.path());
        fs::write(installation.configurations.join("10-bridge.conf"), r#"{"type": "bridge"}"#).unwrap();
        let error = installation.ensure_entry().unwrap_err();
        assert!(error.hint().unwrap().contains("plugins"), "{error}");
    }
}
