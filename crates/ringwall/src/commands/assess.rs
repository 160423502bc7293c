use std::collections::BTreeSet;
use std::io::{self, BufWriter};
use std::path::Path;

use ringwall_iam::inventory::Inventory;
use ringwall_iam::pods;
use ringwall_iam::roles::{self, RolePurposes};
use ringwall_model::{CheckResult, Cluster, LogKind, Outcome, Problem, Severity, User};
use ringwall_network::{Network, checks};
use ringwall_rbac::entry::{Mapping, Mappings};
use ringwall_rbac::{Authorizer, Options, Power, authorization};
use ringwall_scan::running::{self, RunningImage};
use ringwall_snapshot::Snapshot;

use crate::cli::{Assess, Format};
use crate::error::{Exit, Failure};
use crate::question::did_you_mean;
use crate::render::{report_json, report_text};
use crate::session;

/// Everything that `assess` has to say; text and JSON are two renderings of it.
pub(crate) struct Report<'c> {
    pub(crate) title: String,
    pub(crate) folder: &'c Path,
    pub(crate) cluster: &'c Cluster,
    pub(crate) entrants: Vec<Entrant<'c>>,
    /// The IAM roles of the snapshot with what each is for.
    pub(crate) roles: Vec<RolePurposes>,
    /// The images that are run, by name, with what scans told of them.
    pub(crate) images: Vec<RunningImage<'c>>,
    /// Worst first, then by check and spot.
    pub(crate) results: Vec<CheckResult>,
    pub(crate) not_evaluated: Vec<String>,
    pub(crate) problems: &'c [Problem],
    pub(crate) logs: Logs,
}

/// How much of the logs could be read; no ring is judged by them yet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Logs {
    pub(crate) audit_events: u64,
    pub(crate) cloudtrail_records: u64,
}

/// One way in, and what it leads to.
pub(crate) struct Entrant<'c> {
    pub(crate) mapping: &'c Mapping,
    /// Whether it lets in nodes, which the node authorizer limits to what their pods need.
    pub(crate) is_node: bool,
    pub(crate) powers: Vec<Power>,
}

impl Report<'_> {
    /// The checks that failed.
    pub(crate) fn failures(&self) -> impl Iterator<Item = &CheckResult> {
        self.results.iter().filter(|result| result.outcome == Outcome::Fail)
    }
}

/// Reports on a snapshot.
pub(super) fn run(args: &Assess) -> Result<Exit, Failure> {
    let mut snapshot = session::open(&args.snapshot.folder)?;
    let logs = read_logs(&args.snapshot.folder, &mut snapshot);
    let cluster = &snapshot.cluster;
    let authorizer = Authorizer::with_options(cluster, Options { assume_defaults: true });
    let mappings = Mappings::of(cluster);
    let mut results = mappings.results();
    results.extend(authorization(cluster, &authorizer, &mappings));
    let inventory = Inventory::of(cluster);
    results.extend(roles::results(&inventory));
    results.extend(pods::results(&inventory));
    results.extend(checks::results(&Network::new(cluster)));
    choose(&mut results, &args.checks)?;
    results.sort_by(|a, b| order(a).cmp(&order(b)));
    let report = Report {
        title: session::title(cluster, &args.snapshot.folder),
        folder: &args.snapshot.folder,
        cluster,
        entrants: mappings.all().iter().map(|mapping| entrant(mapping, &authorizer)).collect(),
        roles: roles::purposes(&inventory),
        images: running::images(cluster),
        results,
        not_evaluated: mappings.not_evaluated().to_vec(),
        problems: &snapshot.problems,
        logs,
    };
    match args.output.format {
        Format::Json => report_json::print(&mut BufWriter::new(io::stdout().lock()), &report)?,
        Format::Text => {
            session::print_problems(&snapshot.problems)?;
            report_text::print(&mut BufWriter::new(anstream::stdout().lock()), &report)?;
        }
    }
    let worst = report.failures().map(|result| result.severity).max();
    let failed = args.fail_on().is_some_and(|least| worst.is_some_and(|worst| worst >= least));
    Ok(session::exit(if failed { Exit::No } else { Exit::Fine }, &snapshot.problems))
}

/// Reads the logs to their end, so that what is broken in them is told.
fn read_logs(folder: &Path, snapshot: &mut Snapshot) -> Logs {
    let mut logs = Logs::default();
    for log in &snapshot.cluster.logs {
        let count = match log.kind {
            LogKind::KubernetesAudit => &mut logs.audit_events,
            LogKind::CloudTrail => &mut logs.cloudtrail_records,
        };
        snapshot.problems.extend(ringwall_snapshot::read_log(folder, log, &mut |_, _| *count += 1));
    }
    logs
}

/// Keeps the results of the checks that were asked for.
fn choose(results: &mut Vec<CheckResult>, checks: &[String]) -> Result<(), Failure> {
    let of_engines = ringwall_rbac::check_ids()
        .chain(roles::check_ids())
        .chain(pods::check_ids())
        .chain(checks::check_ids());
    let known: BTreeSet<&str> = results.iter().map(|result| result.check).chain(of_engines).collect();
    for check in checks {
        if !known.contains(check.as_str()) {
            let hint = did_you_mean(check, known.iter().copied())
                .unwrap_or_else(|| "`ringwall assess SNAPSHOT --output json` names every check".into());
            return Err(Failure::misuse_hint(format!("unknown check `{check}`"), hint));
        }
    }
    if !checks.is_empty() {
        results.retain(|result| checks.iter().any(|check| check == result.check));
    }
    Ok(())
}

/// Failures before the rest, worse before better, then by name and spot.
fn order(result: &CheckResult) -> impl Ord + '_ {
    let outcome = match result.outcome {
        Outcome::Fail => 0,
        Outcome::Unknown => 1,
        Outcome::NotApplicable => 2,
        Outcome::Pass => 3,
    };
    let mildness = std::cmp::Reverse(if outcome == 0 { result.severity } else { Severity::Low });
    (outcome, mildness, result.ring, result.check, &result.source, &result.why)
}

fn entrant<'c>(mapping: &'c Mapping, authorizer: &Authorizer<'_>) -> Entrant<'c> {
    let groups = mapping.groups.iter().map(|group| group.to_string());
    let is_node = mapping.groups.iter().any(|group| &**group == "system:nodes");
    let mut powers = Vec::new();
    if mapping.takes_effect() && !is_node {
        powers =
            authorizer.powers(&User::authenticated(mapping.username.as_deref().unwrap_or_default(), groups));
        powers.extend(mapping.policies.iter().map(|policy| policy.power()));
    }
    Entrant { mapping, is_node, powers }
}
