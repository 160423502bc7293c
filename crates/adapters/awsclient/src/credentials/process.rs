use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use zeroize::Zeroizing;

use super::document::Document;
use super::{BoxFuture, Cached, Credentials, CredentialsError, ProvideCredentials};
use crate::{Clock, ErrorKind};

/// How long a program may take: the SDK for Go's minute, since people may have to touch a key.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Most bytes that it prints: a session has some thousands.
const MAX_OUTPUT: u64 = 64 << 10;

/// Credentials that a program prints: `credential_process` of a profile.
///
/// Source: AWS, *AWS SDKs and Tools Reference Guide*, "Process credential provider".
#[derive(Debug)]
pub(crate) struct Process {
    profile: String,
    command: String,
}

impl Process {
    /// Runs it when asked, and keeps a session until shortly before its end.
    pub(crate) fn provider(profile: String, command: String, clock: Clock) -> Arc<dyn ProvideCredentials> {
        Arc::new(Cached::new(Self { profile, command }, clock))
    }

    async fn run(&self) -> Result<Credentials, CredentialsError> {
        let origin = format!("`credential_process` of the profile `{}`", self.profile);
        let failed = |why: String| CredentialsError::failed(&origin, ErrorKind::Unavailable, why);
        // What it says on standard error is for people, and goes where ours goes.
        let mut child = Command::new("sh")
            .args(["-c", &self.command])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let stdout = child.stdout.take().ok_or_else(|| failed("it has no output".to_owned()))?;
        let mut output = Zeroizing::new(Vec::new());
        let running = async {
            stdout.take(MAX_OUTPUT + 1).read_to_end(&mut output).await?;
            if output.len() as u64 > MAX_OUTPUT {
                return Ok(None);
            }
            child.wait().await.map(Some)
        };
        let status = tokio::time::timeout(TIMEOUT, running)
            .await
            .map_err(|_| failed(format!("it did not end within {TIMEOUT:?}")))?
            .map_err(|error: std::io::Error| failed(error.to_string()))?
            .ok_or_else(|| failed(format!("it prints more than {MAX_OUTPUT} bytes")))?;
        if !status.success() {
            return Err(failed(format!("it ended with {status}")));
        }
        let document = Document::parse(&origin, &output)?;
        if document.version != Some(1) {
            return Err(CredentialsError::invalid(&origin, "the `Version` of what it prints is not 1"));
        }
        document.credentials(&origin)
    }
}

impl ProvideCredentials for Process {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialsError>> {
        Box::pin(self.run())
    }
}
