//! `cargo xtask test`: everything, with what it needs set up, and at the end a list of what could not run.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::built::Built;
use crate::go_program::{HELM, IAM_AUTHENTICATOR, NATS_SERVER, OCI_CONFORMANCE};
use crate::steps::{Steps, in_ci};
use crate::workspace::Workspace;
use crate::{
    aws_clients, aws_findings, aws_python, aws_shapes, detection, duckdb, iam_peers, images, irsa, moto,
    nats, network, packets, process, registry, sinks, softhsm, store_tools, testbed, tidy, versions,
};

/// Tells the end-to-end tests where the testbed's program is.
const TESTBED_VARIABLE: &str = "RINGWALL_TESTBED";

/// Seeds every generated input in the tests; without it each test takes its own, so that a red run stays red.
pub(crate) const SEED_VARIABLE: &str = "RINGWALL_SEED";

/// The end-to-end tests that ask the IAM evaluators; the others need the testbed.
const OF_IAM: &[&str] = &["iam::"];
const OF_THE_TESTBED: &[&str] = &["--skip", "iam::"];

/// Tells tests where moto's server is.
const MOTO_VARIABLE: &str = "RINGWALL_MOTO";

/// Tells the tests of the lake which Python has DuckDB.
const DUCKDB_VARIABLE: &str = "RINGWALL_DUCKDB";

/// Runs every test there is.
pub(crate) fn run(workspace: &Workspace, seed: Option<u64>) -> Result<ExitCode> {
    if let Some(seed) = seed {
        eprintln!("seed {seed}: repeat with `cargo xtask test --seed {seed}`");
    }
    let mut steps = Steps::default();
    steps.run("tidy", || tidy::check(workspace));
    if let Err(error) = store_tools::install() {
        steps.gap("the tools of the store's and the trail's tests", &format!("{error:#}"));
    }
    let Some(built) = steps.run("build of everything", || Built::all(workspace, seed)) else {
        return Ok(steps.finish(in_ci()));
    };
    let built = &built;
    // Unit, property, golden and integration tests, doc tests and the fuzz corpora.
    steps.run("tests of the workspace", || {
        process::run(cargo_test(workspace, seed).args(["--workspace", "--no-fail-fast"]))
    });
    let testbed = build_testbed(workspace, built, &mut steps);
    // AWS's clients and the plugs wait more than they work: what later steps need is built meanwhile. A build that fails here is told by
    // the step that needs it.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _ = HELM.build(workspace);
            let _ = NATS_SERVER.build(workspace);
            let _ = sinks::collector(workspace);
        });
        ask_as_aws_clients(workspace, built, seed, testbed.as_deref(), &mut steps);
    });
    detect(workspace, built, testbed.as_deref(), &mut steps);
    play_packets(built, &mut steps);
    send_packets(workspace, built, testbed.as_deref(), &mut steps);
    if let Some(program) = &testbed {
        steps.run("tests of the testbed", || testbed::test(workspace));
        steps.run("tests of the webhooks with a real kube-apiserver", || {
            process::run(built.tests("ringwall-authn", "it")?.arg("--ignored").env(TESTBED_VARIABLE, program))
        });
        steps.run("end-to-end tests", || {
            process::run(
                end_to_end(built, OF_THE_TESTBED)?
                    .args(["--include-ignored", "--nocapture"])
                    .env(TESTBED_VARIABLE, program),
            )
        });
    }
    compare_iam(workspace, built, &mut steps);
    use_tokens(workspace, built, &mut steps);
    use_moto(workspace, built, &mut steps);
    compare_lake(workspace, built, &mut steps);
    compare_images(workspace, built, &mut steps);
    compare_versions(workspace, built, seed, &mut steps);
    sinks::test(workspace, built, testbed.as_deref(), &mut steps);
    use_registry(workspace, built, &mut steps);
    test_store(built, &mut steps);
    share_work(workspace, built, &mut steps);
    Ok(steps.finish(in_ci()))
}

/// The testbed's program. Without a Go tool chain the tests that need it are a gap; a build that breaks is a failure.
fn build_testbed(workspace: &Workspace, built: &Built, steps: &mut Steps) -> Option<PathBuf> {
    let is_built = testbed::program(workspace).is_ok_and(|program| program.is_file());
    if !is_built && let Err(error) = testbed::find_go(workspace) {
        for name in end_to_end_names(built, OF_THE_TESTBED) {
            steps.gap(&name, &format!("{error:#}"));
        }
        return None;
    }
    steps.run("build of the testbed", || testbed::build(workspace))
}

/// Detects what is done to a real control plane; without Python or `openssl` that is a gap.
fn detect(workspace: &Workspace, built: &Built, testbed: Option<&Path>, steps: &mut Steps) {
    const NAME: &str = "detection with a real kube-apiserver";
    match (detection::can_run(), testbed) {
        (Ok(()), Some(testbed)) => {
            steps.run(NAME, || detection::run(workspace, &built.ringwall()?, testbed));
        }
        (Ok(()), None) => steps.gap(NAME, "there is no testbed"),
        (Err(error), _) => steps.gap(NAME, &format!("{error:#}")),
    }
}

/// Compares with the IAM evaluators that can be had; each that can't is a gap.
fn compare_iam(workspace: &Workspace, built: &Built, steps: &mut Steps) {
    let Some(peers) = steps.run("set-up of the IAM evaluators", || iam_peers::build(workspace)) else {
        return;
    };
    for (name, why) in &peers.gaps {
        steps.gap(&format!("IAM evaluator {name}"), why);
    }
    if peers.peers.is_empty() {
        for name in end_to_end_names(built, OF_IAM) {
            steps.gap(&name, "there is no IAM evaluator to compare with");
        }
        return;
    }
    steps.run("tests of the IAM evaluators", || iam_peers::test(workspace, &peers));
    steps.run("end-to-end tests of IAM", || {
        let list = iam_peers::write_list(workspace, &peers)?;
        process::run(
            end_to_end(built, OF_IAM)?
                .args(["--include-ignored", "--nocapture"])
                .env(iam_peers::PEERS_VARIABLE, list),
        )
    });
}

/// Tests root keys in a token; without SoftHSM they are a gap.
fn use_tokens(workspace: &Workspace, built: &Built, steps: &mut Steps) {
    let module = match softhsm::find_or_install() {
        Ok(module) => module,
        Err(error) => return steps.gap("the tests of root keys in a PKCS#11 token", &format!("{error:#}")),
    };
    steps.run("tests of root keys in SoftHSM", || {
        let mut command = built.tests("ringwall-rootkey", "it")?;
        softhsm::equip(&mut command, workspace, &module)?;
        process::run(command.arg("--ignored"))
    });
    steps.run("tests of the KMS plugin over SoftHSM", || {
        let mut command = built.tests("ringwall", "it")?;
        softhsm::equip(&mut command, workspace, &module)?;
        process::run(command.args(["kms::token::", "--ignored"]))
    });
}

/// Tests the KMS plugin with moto for AWS KMS, and the audit service with its CloudWatch and S3; without Python or the network that is a gap.
fn use_moto(workspace: &Workspace, built: &Built, steps: &mut Steps) {
    const NAME: &str = "tests of the KMS plugin over moto";
    const SOURCES: &str = "tests of the audit service over moto";
    const LAKE: &str = "tests of the lake over moto";
    let program = match moto::build(workspace) {
        Ok(program) => program,
        Err(error) => {
            for name in [NAME, SOURCES, LAKE] {
                steps.gap(name, &format!("{error:#}"));
            }
            return;
        }
    };
    steps.run(NAME, || {
        let mut command = built.tests("ringwall", "it")?;
        process::run(command.args(["kms::moto::", "--ignored"]).env(MOTO_VARIABLE, &program))
    });
    steps.run(SOURCES, || {
        let mut command = built.tests("ringwall-audit", "it")?;
        command.args(["moto::a_log_group", "moto::objects", "--ignored"]);
        process::run(command.env(MOTO_VARIABLE, &program))
    });
    steps.run(LAKE, || {
        let mut command = built.tests("ringwall-lake", "it")?;
        command.args(["s3::", "--ignored"]);
        process::run(command.env(MOTO_VARIABLE, &program))
    });
}

/// Tells the packet lab how many scenarios to make up.
const SCENARIOS_VARIABLE: &str = "RINGWALL_SCENARIOS";

/// Sends packets between network namespaces, and compares with the verdicts of the analysis; without root or nftables that is a gap.
fn play_packets(built: &Built, steps: &mut Steps) {
    const NAME: &str = "packets against the verdicts of the analysis";
    match packets::prepare() {
        Ok(()) => {
            for target in packets::TARGETS {
                steps.run(&format!("{NAME}: {target}"), || {
                    packets::test(&mut built.tests(packets::PACKAGE, target)?)
                });
            }
        }
        Err(error) => steps.gap(NAME, &format!("{error:#}")),
    }
}

/// The same alone, with more scenarios or others.
pub(crate) fn packets(workspace: &Workspace, seed: Option<u64>, scenarios: Option<u64>) -> Result<()> {
    packets::prepare()?;
    for target in packets::TARGETS {
        let mut command = cargo_test(workspace, seed);
        command.args(["--package", packets::PACKAGE, "--test", target, "--"]);
        command.envs(scenarios.map(|scenarios| (SCENARIOS_VARIABLE, scenarios.to_string())));
        packets::test(&mut command)?;
    }
    Ok(())
}

/// Has a node's agent enforce what a real control plane says, and looks at packets.
fn send_packets(workspace: &Workspace, built: &Built, testbed: Option<&Path>, steps: &mut Steps) {
    const NAME: &str = "packets of a node's pods";
    match (network::can_run(), testbed) {
        (Ok(()), Some(testbed)) => {
            steps.run(NAME, || network::run(workspace, &built.ringwall()?, testbed));
        }
        (Ok(()), None) => steps.gap(NAME, "there is no testbed"),
        (Err(error), _) => steps.gap(NAME, &format!("{error:#}")),
    }
}

/// Has DuckDB read the lake's files and answer the same queries; without Python or the network that is a gap.
fn compare_lake(workspace: &Workspace, built: &Built, steps: &mut Steps) {
    const NAME: &str = "the lake against DuckDB";
    let python = match duckdb::build(workspace) {
        Ok(python) => python,
        Err(error) => return steps.gap(NAME, &format!("{error:#}")),
    };
    steps.run(NAME, || {
        let mut command = built.tests("ringwall-hunt", "it")?;
        command.args(["duckdb::", "--ignored"]);
        process::run(command.env(DUCKDB_VARIABLE, &python))
    });
}

/// Has Syft tell the packages of the same images; without Python, the network or Debian's tools that is a gap.
fn compare_images(workspace: &Workspace, built: &Built, steps: &mut Steps) {
    const NAME: &str = "packages of images against Syft";
    match images::build(workspace) {
        Ok(syft) => {
            steps.run(NAME, || images::compare(workspace, &built.ringwall()?, &syft));
        }
        Err(error) => steps.gap(NAME, &format!("{error:#}")),
    }
}

/// Has the ecosystems' own programs say which versions are newer; without Python or the network that is a gap.
fn compare_versions(workspace: &Workspace, built: &Built, seed: Option<u64>, steps: &mut Steps) {
    const NAME: &str = "order of versions against the ecosystems' programs";
    match versions::build(workspace) {
        Ok(peers) => {
            let seed = seed.unwrap_or(1);
            steps.run(NAME, || versions::compare(workspace, &built.ringwall()?, &peers, seed));
        }
        Err(error) => steps.gap(NAME, &format!("{error:#}")),
    }
}

/// Compares with AWS's own clients: the wire protocols, then the whole endpoint. Without Python or the network these are
/// gaps.
fn ask_as_aws_clients(
    workspace: &Workspace,
    built: &Built,
    seed: Option<u64>,
    testbed: Option<&Path>,
    steps: &mut Steps,
) {
    const SHAPES: &str = "protocol against botocore";
    const FINDINGS: &str = "findings against botocore";
    const CLIENTS: &str = "AWS's own clients against the endpoint";
    const PLUGS: &str = "every plug in a real control plane";
    const CHAIN: &str = "examples/irsa, from a service account to CloudTrail";
    let python = match aws_python::interpreter(workspace) {
        Ok(python) => python,
        Err(error) => {
            for name in [SHAPES, FINDINGS, CLIENTS, PLUGS, CHAIN] {
                steps.gap(name, &format!("{error:#}"));
            }
            return;
        }
    };
    steps.run(SHAPES, || aws_shapes::run(workspace, built, &python, seed));
    steps.run(FINDINGS, || aws_findings::run(workspace, &python));
    match aws_clients::can_run() {
        Ok(()) => {
            steps.run(CLIENTS, || aws_clients::run(workspace, &python, &built.ringwall()?));
            match testbed {
                Some(testbed) => {
                    steps.run(PLUGS, || {
                        let authenticator = IAM_AUTHENTICATOR.build(workspace)?;
                        aws_clients::plug_in(workspace, &python, &built.ringwall()?, testbed, &authenticator)
                    });
                    steps.run(CHAIN, || irsa::run(workspace, &python, &built.ringwall()?, testbed));
                }
                None => {
                    for name in [PLUGS, CHAIN] {
                        steps.gap(name, "there is no testbed");
                    }
                }
            }
        }
        Err(error) => {
            for name in [CLIENTS, PLUGS, CHAIN] {
                steps.gap(name, &format!("{error:#}"));
            }
        }
    }
}

/// Runs OCI's conformance suite against the registry, with authentication, and then real clients; without Go or Python each is
/// a gap.
fn use_registry(workspace: &Workspace, built: &Built, steps: &mut Steps) {
    const CONFORMANCE: &str = "OCI's conformance suite against the registry";
    const CLIENTS: &str = "skopeo, buildah, umoci, oras and ECR's credential helper against the registry";
    let python = match aws_clients::can_run().and_then(|()| aws_python::interpreter(workspace)) {
        Ok(python) => python,
        Err(error) => {
            for name in [CONFORMANCE, CLIENTS] {
                steps.gap(name, &format!("{error:#}"));
            }
            return;
        }
    };
    match OCI_CONFORMANCE.build(workspace) {
        Err(error) => steps.gap(CONFORMANCE, &format!("{error:#}")),
        Ok(suite) => {
            steps.run(CONFORMANCE, || registry::conform(workspace, &python, &built.ringwall()?, &suite));
        }
    }
    match registry::install_clients() {
        Err(error) => steps.gap(CLIENTS, &format!("{error:#}")),
        Ok(()) => {
            steps.run(CLIENTS, || registry::ask(workspace, &python, &built.ringwall()?));
        }
    }
}

/// Runs the tests of the store that need PostgreSQL and strace, which Debian's root installs; else each is a gap.
fn test_store(built: &Built, steps: &mut Steps) {
    if let Err(error) = store_tools::install() {
        for name in ignored_names(store(built), "test of the store") {
            steps.gap(&name, &format!("{error:#}"));
        }
        return;
    }
    steps.run("tests of the store on PostgreSQL, and of its calls of the system", || {
        process::run(store(built)?.arg("--ignored"))
    });
    steps.run("the registry's collector on PostgreSQL, and its calls of the system", || {
        let mut command = built.tests("ringwall-oci", "it")?;
        process::run(command.args(["collection::", "traces::", "--ignored"]))
    });
}

/// Runs the tests of what replicas share, on Debian's NATS and on one that syncs; a server that can't be had is a gap.
fn share_work(workspace: &Workspace, built: &Built, steps: &mut Steps) {
    // Before 2.10 a server says that it has what it is about to write, so what it loses when it is killed is not asked of it.
    const OF_ONE_THAT_SYNCS: [&str; 2] =
        ["--skip", "crash::a_killed_server_loses_nothing_that_it_acknowledged"];
    let servers = [
        ("tests of replicas on the machine's NATS", nats::find_or_install(), &OF_ONE_THAT_SYNCS[..]),
        ("tests of replicas on a NATS that syncs", NATS_SERVER.build(workspace), &[]),
    ];
    for (name, server, left_out) in servers {
        match server {
            Err(error) => steps.gap(name, &format!("{error:#}")),
            Ok(server) => {
                steps.run(name, || {
                    let mut command = built.tests("ringwall-stream", "it")?;
                    process::run(command.arg("--ignored").args(left_out).env(nats::SERVER_VARIABLE, server))
                });
            }
        }
    }
    const SERVICE: &str = "replicas of the audit service, killed";
    match detection::can_run().and_then(|()| NATS_SERVER.build(workspace)) {
        Err(error) => steps.gap(SERVICE, &format!("{error:#}")),
        Ok(server) => {
            steps.run(SERVICE, || detection::share(workspace, &built.ringwall()?, &server));
        }
    }
}

/// The names of the end-to-end tests, to say each that could not run.
fn end_to_end_names(built: &Built, which: &[&str]) -> Vec<String> {
    ignored_names(end_to_end(built, which), "end-to-end test")
}

/// The names of the tests that the command leaves out unless it is told to run them.
fn ignored_names(tests: Result<Command>, what: &str) -> Vec<String> {
    let listed = tests.and_then(|mut tests| process::output(tests.args(["--ignored", "--list"])));
    let names = names(&String::from_utf8_lossy(&listed.unwrap_or_default()), what);
    if names.is_empty() { vec![format!("every {what}")] } else { names }
}

/// Reads what a test binary prints for `--list`: a line `name: test` each.
fn names(listed: &str, what: &str) -> Vec<String> {
    let name = |line: &str| Some(format!("{what} {}", line.strip_suffix(": test")?));
    listed.lines().filter_map(name).collect()
}

/// The store's tests but for what they start themselves.
fn store(built: &Built) -> Result<Command> {
    let mut command = built.tests("ringwall-store", "it")?;
    command.args(["--skip", "child::"]);
    Ok(command)
}

fn end_to_end(built: &Built, which: &[&str]) -> Result<Command> {
    let mut command = built.tests("ringwall", "e2e")?;
    command.args(which);
    Ok(command)
}

pub(crate) fn cargo_test(workspace: &Workspace, seed: Option<u64>) -> Command {
    let mut command = process::cargo();
    command
        .current_dir(&workspace.root)
        .args(["test", "--locked"])
        .envs(seed.map(|seed| (SEED_VARIABLE, seed.to_string())))
        // Only the steps that build these say where they are.
        .env_remove(TESTBED_VARIABLE)
        .env_remove(iam_peers::PEERS_VARIABLE)
        .env_remove(nats::SERVER_VARIABLE)
        .env_remove(softhsm::MODULE_VARIABLE);
    command
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn tests_are_named_one_by_one() {
        let listed = "agrees::with_the_apiserver: test\nstarts: test\n\n2 tests, 0 benchmarks\n";
        let expected = ["end-to-end test agrees::with_the_apiserver", "end-to-end test starts"];
        assert_eq!(names(listed, "end-to-end test"), expected);
    }
}
