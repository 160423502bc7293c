//! Where findings go, tried with what people have there: Alertmanager, a collector of OpenTelemetry, moto for EventBridge, and a real
//! kube-apiserver for the quarantine.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::built::Built;
use crate::steps::Steps;
use crate::workspace::{Workspace, read};
use crate::{go, moto, process};

/// Debian's name of Alertmanager's program, and others'.
const ALERTMANAGERS: [&str; 2] = ["prometheus-alertmanager", "alertmanager"];

/// Runs the tests that need somebody else's program; each that can't be had is a gap.
pub(crate) fn test(workspace: &Workspace, built: &Built, testbed: Option<&Path>, steps: &mut Steps) {
    let programs: [(&str, &str, Result<PathBuf>); 4] = [
        ("alertmanager::", "RINGWALL_ALERTMANAGER", alertmanager()),
        ("otlp::", "RINGWALL_COLLECTOR", collector(workspace)),
        ("eventbridge::", "RINGWALL_MOTO", moto::build(workspace)),
        ("quarantine::", "RINGWALL_TESTBED", testbed.map(Path::to_owned).context("there is no testbed")),
    ];
    for (tests, variable, program) in programs {
        let name = format!("tests of sinks: {}", tests.trim_end_matches(':'));
        match program {
            Err(error) => steps.gap(&name, &format!("{error:#}")),
            Ok(program) => {
                steps.run(&name, || {
                    let mut command = built.tests("ringwall-sinks", "it")?;
                    process::run(command.args([tests, "--ignored"]).env(variable, &program))
                });
            }
        }
    }
}

/// Alertmanager; on Debian, as root, it is installed when there is none.
fn alertmanager() -> Result<PathBuf> {
    let find = || ALERTMANAGERS.into_iter().find(|name| process::probe(name, &["--version"]).is_some());
    if find().is_none() {
        process::install_packages(&["prometheus-alertmanager"])?;
    }
    find().map(PathBuf::from).context("Alertmanager is installed, but not found")
}

/// A collector that takes OTLP and prints it, built of the project's own modules as `testbed/otel/go.mod` pins them.
pub(crate) fn collector(workspace: &Workspace) -> Result<PathBuf> {
    let source = workspace.root.join("testbed").join("otel");
    let wanted = go::Version::of_module(&read(&source.join("go.mod"))?)?;
    let tool = go::find_or_install(wanted, &workspace.target().join("tools"))?;
    let program = workspace.target().join("otel").join("collector");
    eprintln!("building a collector of OpenTelemetry (some minutes the first time)");
    let mut build = go::command(&tool, &source);
    build
        .args(["build", "-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags=-s -w", "-o"])
        .arg(&program);
    process::run(build.arg("."))
        .context("it could not be built (hint: the first build needs the network)")?;
    Ok(program)
}
