//! Heavy runs, that take minutes or hours and are no part of the tests.

use anyhow::Result;
use clap::ValueEnum;

use crate::process;
use crate::workspace::Workspace;

/// What can be run.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Soak {
    /// Detection's memory over millions of events of as many actors and objects
    Detect,
}

/// Runs one, or each in turn.
pub(crate) fn run(workspace: &Workspace, only: Option<Soak>, events: Option<u64>) -> Result<()> {
    for soak in only.map_or_else(|| Soak::value_variants().to_vec(), |one| vec![one]) {
        match soak {
            Soak::Detect => detect(workspace, events)?,
        }
    }
    Ok(())
}

fn detect(workspace: &Workspace, events: Option<u64>) -> Result<()> {
    let mut test = process::cargo();
    test.current_dir(&workspace.root)
        .args(["test", "--release", "--package", "ringwall-detect", "--test", "it", "soak::"])
        .args(["--", "--ignored", "--nocapture"]);
    if let Some(events) = events {
        test.env("RINGWALL_SOAK_EVENTS", events.to_string());
    }
    process::run(&mut test)
}
