//! What keeps a process's memory out of the reach of others.

use crate::error::ServerError;

/// Turns core dumps off and keeps processes of the same user from reading this one's memory: it holds keys.
///
/// To be called first, before there is a secret.
///
/// # Errors
///
/// [`ServerError::Harden`]; a process that holds secrets should then not go on.
pub fn harden() -> Result<(), ServerError> {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).map_err(|error| ServerError::Harden(error.into()))?;
    // The limit alone does not bind a core_pattern that pipes into a program; this does.
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .map_err(|error| ServerError::Harden(error.into()))?;
    Ok(())
}
