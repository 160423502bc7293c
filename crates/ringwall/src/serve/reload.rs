//! Settings read again while the server runs.

use ringwall_server::{Limits, Live};
use std::sync::Arc;

use super::logs::Logs;
use crate::config::{self, ConfigError, Flags, Loaded};

/// The settings in force, and what they can be put to without a restart.
#[derive(Debug)]
pub(super) struct Reloader {
    pub(super) flags: Flags,
    pub(super) latest: Loaded,
    /// What was wrong at the latest look, so that it is told once.
    pub(super) refused: Vec<ConfigError>,
    pub(super) logs: Logs,
    pub(super) limits: Live<Limits>,
}

impl Reloader {
    /// Reads the settings, and applies what changed and can be.
    pub(super) fn look(&mut self) {
        let loaded = match config::load(&self.flags) {
            Ok(loaded) => loaded,
            Err(errors) => {
                if errors != self.refused {
                    for error in &errors {
                        tracing::error!(%error, hint = error.hint, "the new settings are refused, the old ones stay");
                    }
                    self.refused = errors;
                }
                return;
            }
        };
        self.refused.clear();
        let changes = config::compare(&self.latest.settings, &loaded.settings);
        for setting in changes.live {
            tracing::info!(setting, "the setting changed");
        }
        for setting in changes.restart {
            tracing::warn!(setting, "the setting changed, and needs a restart to take effect");
        }
        self.logs.set_level(loaded.settings.log_level.value);
        self.limits.store(Arc::new(loaded.settings.limits()));
        self.latest = loaded;
    }
}
