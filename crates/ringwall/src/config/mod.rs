//! The settings of `ringwall serve` and its kin: declared once, read from a file, the environment and flags.
//!
//! `settings.rs` is the declaration. From it come the type that the rest of the program reads, the flags of the command
//! line, the names of environment variables, `--print-config` and `docs/reference/config.md`.

mod check;
mod declare;
mod error;
mod file;
mod flags;
mod layers;
mod limits;
mod print;
#[cfg(test)]
mod reference;
mod reload;
mod settings;
mod standard;
#[cfg(test)]
mod tests;
mod value;

pub(crate) use error::ConfigError;
pub(crate) use flags::{Flags, ServeFlags, StoreFlags};
pub(crate) use print::print;
pub(crate) use reload::compare;
pub(crate) use settings::Settings;
pub(crate) use value::{LogFormat, LogLevel, TlsMode};

use std::ffi::OsString;
use std::path::PathBuf;

use file::File;
use layers::Layers;
use standard::Standard;

/// Settings, and the file that they came from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Loaded {
    pub(crate) settings: Settings,
    /// The settings file, if there is one.
    pub(crate) file: Option<PathBuf>,
}

/// Reads all settings, or says everything that is wrong with them.
pub(crate) fn load(flags: &Flags) -> Result<Loaded, Vec<ConfigError>> {
    load_from(flags, &|name| std::env::var_os(name))
}

fn load_from(flags: &Flags, env: &dyn Fn(&str) -> Option<OsString>) -> Result<Loaded, Vec<ConfigError>> {
    let standard = Standard::new(env);
    let mut errors = Vec::new();
    let file = File::find(flags, env, &standard, &mut errors);
    let layers = Layers { flags, env, file: file.as_ref(), standard: &standard };
    let settings = Settings::read(&layers, &mut errors);
    if let Some(settings) = settings
        && errors.is_empty()
    {
        check::check(&settings, &mut errors);
        if errors.is_empty() {
            return Ok(Loaded { settings, file: file.map(|file| file.path) });
        }
    }
    errors.sort_by_key(|error| error.line);
    Err(errors)
}
