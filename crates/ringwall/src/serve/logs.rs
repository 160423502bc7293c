//! Logs, to standard error.

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry, fmt, reload};

use crate::config::{LogFormat, LogLevel};

/// A hold on the logs, by which their level can be changed.
#[derive(Debug)]
pub(crate) struct Logs(reload::Handle<Targets, Registry>);

impl Logs {
    /// Begins to log, for the whole process.
    pub(crate) fn start(level: LogLevel, format: LogFormat) -> Self {
        let (filter, handle) = reload::Layer::new(targets(level));
        let colour = anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never;
        let lines = fmt::layer().with_writer(io::stderr);
        let lines = match format {
            LogFormat::Json => lines.json().flatten_event(true).boxed(),
            LogFormat::Auto if !io::IsTerminal::is_terminal(&io::stderr()) => {
                lines.json().flatten_event(true).boxed()
            }
            LogFormat::Auto | LogFormat::Text => lines.with_ansi(colour).boxed(),
        };
        // Fails only if something logs already, and nothing else in this program does.
        let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
        Self(handle)
    }

    /// Changes how much is logged.
    pub(crate) fn set_level(&self, level: LogLevel) {
        // Fails only if the subscriber is gone, and it stays for the process.
        let _ = self.0.reload(targets(level));
    }
}

/// What is logged: of the libraries no more than warnings, as their debug lines are about bytes and not about calls.
fn targets(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("ringwall", level)
        .with_target(KUBE_CALLS, LevelFilter::OFF)
}

/// Where `kube` logs an error for each call that fails, a watch's attempts to connect among them: an apiserver that is away for a
/// while fills the log with lines that say nothing else. Whoever calls has the error and decides; our watches tell it once, with
/// what to do, and tell when it is over.
const KUBE_CALLS: &str = "kube_client::client::builder";

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn libraries_warn_and_failed_calls_of_kube_are_left_to_their_callers() {
        let logged = targets(LogLevel::Info);
        assert!(logged.would_enable("ringwall_kubernetes::watch", &Level::INFO));
        assert!(logged.would_enable("rustls::conn", &Level::WARN));
        assert!(!logged.would_enable("hyper::proto", &Level::INFO));
        for level in [LogLevel::Error, LogLevel::Info, LogLevel::Trace] {
            assert!(!targets(level).would_enable("kube_client::client::builder", &Level::ERROR));
            assert!(targets(level).would_enable("kube_client::config", &Level::ERROR));
        }
    }
}
