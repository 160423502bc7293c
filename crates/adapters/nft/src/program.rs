use std::ffi::OsString;
use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::process::Stdio;
use std::time::Duration;

use rustix::fs::{MemfdFlags, memfd_create};
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::task::JoinHandle;

use crate::flight;
use crate::table::Steps;
use crate::{NftError, Plan};

/// Longest that a run may take. The largest table that was measured takes seconds; a run that hangs must not stop the agent.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Most that is read of a listing: a table of a million elements has fewer bytes.
const MAX_OUTPUT: u64 = 256 << 20;

/// Most that is read of, and passed on from, what the program complains about.
const MAX_MESSAGE: usize = 2000;

/// What a change left in the table that nothing leads to any more, but packets that are in flight.
#[derive(Debug, Default)]
pub struct Left {
    script: String,
    landed: Option<JoinHandle<()>>,
}

impl Left {
    /// Left by a change that is in force.
    fn of(script: String) -> Self {
        let landed = (!script.is_empty()).then(|| tokio::spawn(flight::landed()));
        Self { script, landed }
    }

    /// Whether it is nothing.
    pub fn is_empty(&self) -> bool {
        self.script.is_empty()
    }

    /// What takes it away, when no packet is in it any more.
    async fn removal(self) -> String {
        if let Some(landed) = self.landed
            && landed.await.is_err()
        {
            flight::landed().await;
        }
        self.script
    }
}

/// The program `nft`.
#[derive(Clone, Debug)]
pub struct Nft {
    command: Vec<OsString>,
}

impl Default for Nft {
    fn default() -> Self {
        Self::new("nft")
    }
}

impl Nft {
    /// This program, found as a shell would.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self { command: vec![program.into()] }
    }

    /// The same, in a network namespace that has a name.
    #[must_use]
    pub fn in_namespace(mut self, name: &str) -> Self {
        let before = ["ip", "netns", "exec", name].map(OsString::from);
        self.command.splice(0..0, before);
        self
    }

    /// Puts a plan in force where another is, as a whole, by what differs; what is left of the other goes afterwards.
    ///
    /// # Errors
    ///
    /// If the program can't be run, or refuses, as it does when the table is not what it should be; then one of both is in force, and the
    /// table may have more than it should.
    pub async fn update(&self, before: &Plan, after: &Plan) -> Result<(), NftError> {
        let left = self.change(before, after, Left::default()).await?;
        self.clean(left).await
    }

    /// Puts a plan in force as [`Nft::update`] does, with what the change before left: takes that away, and leaves what nothing leads to
    /// any more. So changes that follow each other closely take two transactions each, and what the last one left is for [`Nft::clean`].
    ///
    /// # Errors
    ///
    /// Those of [`Nft::update`].
    pub async fn change(&self, before: &Plan, after: &Plan, left: Left) -> Result<Left, NftError> {
        let Some(Steps { prepare, change, clean }) = before.difference(after) else {
            self.replace(after).await?;
            return Ok(Left::default());
        };
        let first = left.removal().await;
        if prepare.is_empty() {
            self.script(&(first + &change)).await?;
        } else {
            self.script(&(first + &prepare)).await?;
            self.script(&change).await?;
        }
        Ok(Left::of(clean))
    }

    /// Takes away what [`Nft::change`] left.
    ///
    /// # Errors
    ///
    /// Those of [`Nft::update`].
    pub async fn clean(&self, left: Left) -> Result<(), NftError> {
        self.script(&left.removal().await).await
    }

    /// One transaction; none if there is nothing to do.
    pub(crate) async fn script(&self, script: &str) -> Result<(), NftError> {
        if script.is_empty() {
            return Ok(());
        }
        self.run(&["-f", "-"], script).await.map(drop)
    }

    /// Runs it, and gives back what it prints.
    pub(crate) async fn run(&self, arguments: &[&str], input: &str) -> Result<String, NftError> {
        let program = self.program();
        let timeout = tokio::time::timeout(TIMEOUT, self.run_unbounded(arguments, input));
        timeout.await.unwrap_or(Err(NftError::Slow { program, seconds: TIMEOUT.as_secs() }))
    }

    pub(crate) fn program(&self) -> String {
        self.command.last().map_or_else(String::new, |program| program.to_string_lossy().into_owned())
    }

    async fn run_unbounded(&self, arguments: &[&str], input: &str) -> Result<String, NftError> {
        let program = self.program();
        let start = |error| NftError::Start { program: program.clone(), error };
        let Some((first, rest)) = self.command.split_first() else {
            return Err(start(std::io::Error::from(std::io::ErrorKind::NotFound)));
        };
        let mut child = Command::new(first)
            .args(rest)
            .args(arguments)
            .env("LC_ALL", "C")
            .stdin(whole(input).map_err(start)?)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(start)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let read = async {
            let mut bytes = Vec::new();
            if let Some(stdout) = stdout {
                stdout.take(MAX_OUTPUT.saturating_add(1)).read_to_end(&mut bytes).await?;
            }
            Ok::<_, std::io::Error>(bytes)
        };
        let complain = async {
            let mut bytes = Vec::new();
            if let Some(mut stderr) = stderr {
                let mut some = [0; 4096];
                // All of it is read, so that the program can go on; the beginning is kept.
                loop {
                    let count = stderr.read(&mut some).await?;
                    if count == 0 {
                        break;
                    }
                    if bytes.len() < MAX_MESSAGE {
                        bytes.extend(some.iter().take(count));
                    }
                }
            }
            Ok::<_, std::io::Error>(bytes)
        };
        let (output, message) = tokio::join!(read, complain);
        let (output, message) = (output.map_err(start)?, message.map_err(start)?);
        if u64::try_from(output.len()).is_ok_and(|length| length > MAX_OUTPUT) {
            return Err(NftError::Listing { program, message: format!("longer than {MAX_OUTPUT} bytes") });
        }
        let status = child.wait().await.map_err(start)?;
        if !status.success() {
            let text = String::from_utf8_lossy(&message);
            let message: String = text.trim().chars().take(MAX_MESSAGE).collect();
            return Err(NftError::Refused { program, message });
        }
        String::from_utf8(output).map_err(|error| NftError::Listing { program, message: error.to_string() })
    }
}

/// An input that is there as a whole before the program starts. Of a pipe it would read a part, if this process was killed meanwhile, and
/// a part of a script can be one.
fn whole(input: &str) -> std::io::Result<File> {
    let mut file = File::from(memfd_create("ringwall-nft", MemfdFlags::CLOEXEC)?);
    file.write_all(input.as_bytes())?;
    file.rewind()?;
    Ok(file)
}
