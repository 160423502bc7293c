//! A flag for each setting.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, ValueHint};

use super::declare::Declared;
use super::settings::DECLARED;

/// What the command line sets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags {
    /// The settings file that it names.
    pub(crate) file: Option<PathBuf>,
    values: BTreeMap<&'static str, String>,
}

impl Flags {
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    #[cfg(test)]
    pub(super) fn with(mut self, key: &'static str, value: &str) -> Self {
        self.values.insert(key, value.to_owned());
        self
    }
}

/// The flags of a command that takes all settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServeFlags(pub(crate) Flags);

/// The flags of a command that works on the store: where things are.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoreFlags(pub(crate) Flags);

/// The section of settings that those commands take.
const STORE_SECTION: &str = "Where things are";

/// Sections that `-h` leaves to `--help`.
const RARELY: [&str; 4] = ["Limits", "Throttling", "OpenID Connect", "What the pod webhook injects"];

fn takes(all: bool) -> impl Iterator<Item = &'static Declared> {
    DECLARED.iter().filter(move |declared| all || declared.section == STORE_SECTION)
}

fn augment(mut command: Command, all: bool) -> Command {
    let heading = "Settings";
    command = command.arg(
        Arg::new("config")
            .long("config")
            .value_name("FILE")
            .value_hint(ValueHint::FilePath)
            .value_parser(clap::value_parser!(PathBuf))
            .help_heading(heading)
            .help("Settings file, instead of ~/.config/ringwall/ringwall.toml; also RINGWALL_CONFIG"),
    );
    for declared in takes(all) {
        let details = declared.details();
        let mut long = declared.summary().to_owned();
        if !details.is_empty() {
            long.push_str(".\n");
            long.push_str(details.trim());
        }
        let default = declared.fallback.described().replace('`', "");
        command = command.arg(
            Arg::new(declared.key)
                .long(declared.flag())
                .value_name(declared.kind.replace(' ', "-").to_uppercase())
                .help_heading(declared.section)
                .help(declared.summary())
                .long_help(format!("{long}\n[default: {default}] [env: {}]", declared.variable()))
                .hide_short_help(RARELY.contains(&declared.section)),
        );
    }
    command
}

fn read(matches: &ArgMatches, all: bool) -> Flags {
    let value = |declared: &Declared| {
        matches.get_one::<String>(declared.key).map(|value| (declared.key, value.clone()))
    };
    Flags {
        file: matches.get_one::<PathBuf>("config").cloned(),
        values: takes(all).filter_map(value).collect(),
    }
}

/// Makes a set of flags known to clap.
macro_rules! flags {
    ($type:ident, $all:literal) => {
        impl Args for $type {
            fn augment_args(command: Command) -> Command {
                augment(command, $all)
            }

            fn augment_args_for_update(command: Command) -> Command {
                augment(command, $all)
            }
        }

        impl FromArgMatches for $type {
            fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
                Ok(Self(read(matches, $all)))
            }

            fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
                self.0 = read(matches, $all);
                Ok(())
            }
        }
    };
}

flags!(ServeFlags, true);
flags!(StoreFlags, false);
