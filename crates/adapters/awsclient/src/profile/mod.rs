//! Profiles: the shared files of the AWS CLI and the SDKs.

mod ini;
mod plan;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use self::ini::Sections;
pub(crate) use self::plan::Plan;
use crate::Environment;
use crate::credentials::CredentialsError;

/// The profiles of the shared files.
///
/// Source: AWS, *AWS SDKs and Tools Reference Guide*, "Shared config and credentials files": `AWS_CONFIG_FILE` or
/// `~/.aws/config`, whose profiles but `default` are in sections `profile NAME`, and `AWS_SHARED_CREDENTIALS_FILE` or
/// `~/.aws/credentials`, whose keys go before the other file's.
#[derive(Clone, Default)]
pub struct Profiles(BTreeMap<String, BTreeMap<String, String>>);

impl Profiles {
    /// Reads the files that are there.
    ///
    /// # Errors
    ///
    /// One is there and can't be read, or has a line that is none.
    pub fn load(environment: &Environment) -> Result<Self, CredentialsError> {
        let mut profiles = Self::default();
        let config = environment.get("AWS_CONFIG_FILE").unwrap_or_else(|| "~/.aws/config".to_owned());
        if let Some(sections) = read(&environment.path(&config))? {
            profiles.add_config(sections);
        }
        let credentials = environment.get("AWS_SHARED_CREDENTIALS_FILE");
        let credentials = credentials.unwrap_or_else(|| "~/.aws/credentials".to_owned());
        if let Some(sections) = read(&environment.path(&credentials))? {
            profiles.add_credentials(sections);
        }
        Ok(profiles)
    }

    /// The profiles of the text of both files, as `config` and `credentials` are.
    ///
    /// # Errors
    ///
    /// A line is none.
    pub fn parse(config: &str, credentials: &str) -> Result<Self, CredentialsError> {
        let sections = |text, name| ini::parse(text).map_err(|bad| bad_line(name, &bad));
        let mut profiles = Self::default();
        profiles.add_config(sections(config, "config")?);
        profiles.add_credentials(sections(credentials, "credentials")?);
        Ok(profiles)
    }

    fn add_config(&mut self, mut sections: Sections) {
        // `[profile default]` goes before `[default]`.
        let bare = sections.remove("default");
        for (section, keys) in sections {
            if let Some(name) = section.strip_prefix("profile ") {
                self.0.insert(name.to_owned(), keys);
            }
        }
        if let Some(keys) = bare {
            self.0.entry("default".to_owned()).or_insert(keys);
        }
    }

    fn add_credentials(&mut self, sections: Sections) {
        for (name, keys) in sections {
            self.0.entry(name).or_default().extend(keys);
        }
    }

    /// Whether there is a profile of that name.
    pub fn has(&self, profile: &str) -> bool {
        self.0.contains_key(profile)
    }

    /// A key of a profile, `region` for one. An empty one counts as absent.
    pub fn get(&self, profile: &str, key: &str) -> Option<&str> {
        self.0.get(profile)?.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Profiles {
    /// Names alone: keys are among the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn read(path: &Path) -> Result<Option<Sections>, CredentialsError> {
    let shown = path.display().to_string();
    let failed = |why: String| CredentialsError::invalid(format!("`{shown}`"), why);
    let bytes =
        ringwall_files::read_if_there(path, ini::MAX_BYTES).map_err(|error| failed(error.to_string()))?;
    let Some(bytes) = bytes else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|_| failed("it is not of UTF-8".to_owned()))?;
    ini::parse(&text).map(Some).map_err(|bad| bad_line(&shown, &bad))
}

fn bad_line(file: &str, bad: &ini::BadLine) -> CredentialsError {
    CredentialsError::invalid(format!("`{file}`"), format!("line {} can't be read: {}", bad.line, bad.why))
}
