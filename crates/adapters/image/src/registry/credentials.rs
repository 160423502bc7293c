//! Who calls a registry: what `docker login` and `podman login` keep.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use data_encoding::{BASE64, BASE64_NOPAD};
use ringwall_model::Secret;
use serde::Deserialize;

/// Longest file with credentials, and longest answer of a helper.
const MAX_FILE: u64 = 1 << 20;
/// What Docker writes for `docker.io`.
const DOCKER: &str = "https://index.docker.io/v1/";

/// A user's name and password.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user; `AWS` for ECR.
    pub user: String,
    /// The password or token.
    pub password: Secret,
}

impl Credentials {
    /// As a header of Basic authentication.
    pub(super) fn basic(&self) -> Secret {
        let mut plain = self.user.clone().into_bytes();
        plain.push(b':');
        plain.extend_from_slice(self.password.expose());
        let plain = Secret::new(plain);
        Secret::from(format!("Basic {}", BASE64.encode(plain.expose())))
    }
}

/// Why credentials can't be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// A file with them can't be read.
    #[error("`{path}` can't be read: {why}")]
    File {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// A program that keeps them failed.
    #[error("`{program}` gives no credentials: {why}")]
    Helper {
        /// The program.
        program: String,
        /// Why.
        why: String,
    },
}

/// Where credentials are looked for.
#[derive(Clone, Debug, Default)]
pub enum Keychain {
    /// Nowhere: all are asked as nobody.
    #[default]
    Nobody,
    /// These, for whichever registry is called.
    One(Credentials),
    /// In files as Docker and Podman write them, the first that has the registry.
    Files(Vec<PathBuf>),
}

impl Keychain {
    /// The files of Docker and Podman, wherever the environment says that they are.
    pub fn of_user(variable: impl Fn(&str) -> Option<String>) -> Self {
        let mut files = Vec::new();
        if let Some(file) = variable("REGISTRY_AUTH_FILE") {
            files.push(PathBuf::from(file));
        }
        if let Some(folder) = variable("XDG_RUNTIME_DIR") {
            files.push(Path::new(&folder).join("containers/auth.json"));
        }
        match (variable("DOCKER_CONFIG"), variable("HOME")) {
            (Some(folder), _) => files.push(Path::new(&folder).join("config.json")),
            (None, Some(home)) => files.push(Path::new(&home).join(".docker/config.json")),
            (None, None) => {}
        }
        Self::Files(files)
    }

    /// The credentials for a registry, if there are any.
    pub(super) fn find(&self, registry: &str) -> Result<Option<Credentials>, CredentialsError> {
        let files = match self {
            Self::Nobody => return Ok(None),
            Self::One(credentials) => return Ok(Some(credentials.clone())),
            Self::Files(files) => files,
        };
        for file in files {
            let broken = |why: String| CredentialsError::File { path: file.display().to_string(), why };
            let read =
                ringwall_files::read_if_there(file, MAX_FILE).map_err(|error| broken(error.to_string()))?;
            let Some(bytes) = read else { continue };
            // What a parser says of it could show a part of a password.
            let config: Config = serde_json::from_slice(&bytes)
                .map_err(|error| broken(format!("it is broken at line {}", error.line())))?;
            if let Some(found) = config.find(registry, &broken)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    #[serde(default)]
    auths: HashMap<String, Auth>,
    #[serde(default)]
    creds_store: Option<String>,
    #[serde(default)]
    cred_helpers: HashMap<String, String>,
}

#[derive(Deserialize)]
struct Auth {
    #[serde(default)]
    auth: Option<String>,
}

impl Config {
    fn find(
        &self,
        registry: &str,
        broken: &dyn Fn(String) -> CredentialsError,
    ) -> Result<Option<Credentials>, CredentialsError> {
        let server = if registry == "docker.io" { DOCKER } else { registry };
        if let Some(helper) = self.cred_helpers.get(registry).or(self.creds_store.as_ref()) {
            return ask(helper, server);
        }
        let same = |key: &str| {
            let bare = key.trim_start_matches("https://").trim_start_matches("http://");
            key == server || bare.split('/').next() == Some(registry)
        };
        let Some(auth) =
            self.auths.iter().find(|(key, _)| same(key)).and_then(|(_, auth)| auth.auth.as_ref())
        else {
            return Ok(None);
        };
        let decoded = BASE64_NOPAD.decode(auth.trim_end_matches('=').as_bytes()).map(Secret::new);
        let decoded =
            decoded.map_err(|_| broken(format!("the credentials for `{registry}` are no base64")))?;
        let pair = decoded.expose_text().and_then(|text| text.split_once(':'));
        let (user, password) =
            pair.ok_or_else(|| broken(format!("the credentials for `{registry}` have no `:`")))?;
        Ok(Some(Credentials { user: user.to_owned(), password: Secret::from(password.to_owned()) }))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// Asks a program as Docker does.
///
/// Source: docker-credential-helpers, "Development": `get` with the server on standard input.
fn ask(helper: &str, server: &str) -> Result<Option<Credentials>, CredentialsError> {
    let program = format!("docker-credential-{helper}");
    let failed = |why: String| CredentialsError::Helper { program: program.clone(), why };
    if !helper.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return Err(failed("it is no name of a program".to_owned()));
    }
    let started = Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = started.map_err(|error| failed(error.to_string()))?;
    if let Some(mut input) = child.stdin.take() {
        // One that doesn't read it says so by its status.
        let _ = input.write_all(server.as_bytes());
    }
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    let text = Secret::new(output.stdout);
    if !output.status.success() {
        // Its way to say that it has none.
        if text.expose_text().is_some_and(|text| text.contains("credentials not found")) {
            return Ok(None);
        }
        return Err(failed(format!("it ended with {}", output.status)));
    }
    let answer: Answer =
        serde_json::from_slice(text.expose()).map_err(|_| failed("its answer can't be read".to_owned()))?;
    Ok(Some(Credentials { user: answer.username, password: Secret::from(answer.secret) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_found_as_docker_writes_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        let config = r#"{"auths": {"registry.example": {"auth": "dXNlcjpwYTpzcw=="},
            "https://other.example/v2/": {"auth": "YTpi"}, "empty.example": {}, "bad.example": {"auth": "YQ=="},
            "https://index.docker.io/v1/": {"auth": "aHViOnB3"}}}"#;
        std::fs::write(&file, config).unwrap();
        let keychain =
            Keychain::of_user(|name| (name == "DOCKER_CONFIG").then(|| folder.path().display().to_string()));
        let found = |registry: &str| {
            let found = keychain.find(registry).map_err(|error| error.to_string())?;
            Ok::<_, String>(found.map(|found| {
                (found.user.clone(), String::from_utf8(found.password.expose().to_vec()).unwrap())
            }))
        };
        assert_eq!(found("registry.example"), Ok(Some(("user".into(), "pa:ss".into()))));
        assert_eq!(found("other.example"), Ok(Some(("a".into(), "b".into()))));
        assert_eq!(found("docker.io"), Ok(Some(("hub".into(), "pw".into()))));
        assert_eq!(found("empty.example"), Ok(None));
        assert_eq!(found("unknown.example"), Ok(None));
        assert!(found("bad.example").unwrap_err().contains("`bad.example`"));
        std::fs::write(&file, "{\"auths\": {\"a\": {\"auth\": \"secret\"").unwrap();
        assert!(!found("a").unwrap_err().contains("secret"));
        let basic = Credentials { user: "AWS".into(), password: Secret::from("x".to_owned()) }.basic();
        assert_eq!(basic.expose(), b"Basic QVdTOng=");
    }

    #[test]
    fn helpers_are_programs_of_that_name_alone() {
        assert!(ask("../evil", "registry.example").is_err());
        assert!(ask("not-installed-anywhere", "registry.example").is_err());
    }
}
