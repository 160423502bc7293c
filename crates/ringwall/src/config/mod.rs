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
mod pods;
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
pub(crate) use layers::Origin;
pub(crate) use print::print;
pub(crate) use reload::compare;
pub(crate) use settings::Settings;
pub(crate) use value::{Challenge, LogFormat, LogLevel, Lookup, Service, TlsMode, time};

use std::ffi::OsString;
use std::path::PathBuf;

use file::File;
use layers::Layers;
use standard::Standard;

use crate::error::Failure;
use crate::question::closest;

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

/// Environment variables that look like settings and are none, each with what may have been meant.
pub(crate) fn stray_variables() -> Vec<(String, String)> {
    stray(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))
}

fn stray(names: impl Iterator<Item = String>) -> Vec<(String, String)> {
    let known: Vec<String> = settings::DECLARED.iter().map(declare::Declared::variable).collect();
    let short = |name: &str| name.strip_prefix("RINGWALL_").map(str::to_owned);
    let known_short: Vec<String> = known.iter().filter_map(|name| short(name)).collect();
    let mut stray: Vec<_> = names
        .filter(|name| !known.contains(name) && name != file::VARIABLE)
        // What Kubernetes sets for a Service named `ringwall`.
        .filter(|name| !name.starts_with("RINGWALL_SERVICE_") && !name.starts_with("RINGWALL_PORT"))
        .filter_map(|name| {
            let meant = closest(&short(&name)?, known_short.iter().map(String::as_str))?;
            Some((name, format!("RINGWALL_{meant}")))
        })
        .collect();
    stray.sort();
    stray
}

/// The user's folder for data, if there is a home.
pub(crate) fn data_folder() -> Option<PathBuf> {
    Standard::new(&|name| std::env::var_os(name)).data.map(PathBuf::from)
}

/// Where credentials go when nobody says otherwise.
pub(crate) fn credentials_file() -> Result<PathBuf, Failure> {
    match Standard::new(&|name| std::env::var_os(name)).config {
        Some(folder) => Ok(PathBuf::from(folder).join("credentials")),
        None => Err(Failure::misuse_hint(
            "there is no folder for credentials: neither HOME nor XDG_CONFIG_HOME is set",
            "name a file with --credentials",
        )),
    }
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
