//! `assess` as JSON; `docs/reference/output.md` documents the shape.

use std::io::{self, Write};

use ringwall_iam::roles::RolePurposes;
use ringwall_model::{CheckResult, Cluster, Level, Outcome, Problem, Responsible, Ring, Severity, Verdict};
use ringwall_rbac::{Power, Scope};
use serde::Serialize;

use super::json::{self, PlaceJson, ReasonJson};
use super::report_images::{self, ImageJson};
use crate::commands::{Entrant, Report};

#[derive(Debug, Serialize)]
struct ReportJson<'a> {
    version: u32,
    cluster: ClusterJson<'a>,
    principals: Vec<EntrantJson<'a>>,
    roles: Vec<RoleJson<'a>>,
    images: Vec<ImageJson<'a>>,
    results: Vec<ResultJson<'a>>,
    not_evaluated: &'a [String],
    problems: Vec<ProblemJson<'a>>,
    logs: LogsJson,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogsJson {
    audit_events: u64,
    cloudtrail_records: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ClusterJson<'a> {
    name: &'a str,
    account: Option<&'a str>,
    region: Option<&'a str>,
    kubernetes_version: Option<&'a str>,
    authentication_mode: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EntrantJson<'a> {
    principal: &'a str,
    origin: &'static str,
    username: Option<&'a str>,
    groups: Vec<&'a str>,
    takes_effect: bool,
    #[serde(flatten)]
    place: PlaceJson<'a>,
    powers: Vec<PowerJson<'a>>,
}

#[derive(Debug, Serialize)]
struct PowerJson<'a> {
    /// Left out for the whole cluster.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    namespaces: Vec<&'a str>,
    by: &'a str,
    summary: &'a str,
    verdict: Verdict,
    reason: ReasonJson<'a>,
}

#[derive(Debug, Serialize)]
struct RoleJson<'a> {
    arn: &'a str,
    #[serde(flatten)]
    place: PlaceJson<'a>,
    purposes: Vec<PurposeJson<'a>>,
}

#[derive(Debug, Serialize)]
struct PurposeJson<'a> {
    purpose: &'static str,
    reason: ReasonJson<'a>,
}

#[derive(Debug, Serialize)]
struct ResultJson<'a> {
    check: &'a str,
    benchmarks: [&'static str; 0],
    ring: Ring,
    title: &'a str,
    object: Option<ObjectJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<&'a str>,
    result: Outcome,
    why: &'a str,
    responsible: Responsible,
    severity: Severity,
    remedy: &'a str,
    reasons: Vec<ReasonJson<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ObjectJson<'a> {
    api_version: Option<&'a str>,
    kind: Option<&'a str>,
    namespace: Option<&'a str>,
    name: Option<&'a str>,
    #[serde(flatten)]
    place: PlaceJson<'a>,
}

/// A problem with the input.
#[derive(Debug, Serialize)]
pub(super) struct ProblemJson<'a> {
    level: &'static str,
    #[serde(flatten)]
    place: PlaceJson<'a>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

pub(crate) fn print(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let Cluster { info, .. } = report.cluster;
    let report = ReportJson {
        version: json::VERSION,
        cluster: ClusterJson {
            name: &report.title,
            account: info.account.as_deref(),
            region: info.region.as_deref(),
            kubernetes_version: info.version.as_deref(),
            authentication_mode: info.authentication_mode.map(|mode| mode.name()),
        },
        principals: report.entrants.iter().map(entrant).collect(),
        roles: report.roles.iter().map(role).collect(),
        images: report.images.iter().map(report_images::json).collect(),
        results: report.results.iter().map(result).collect(),
        not_evaluated: &report.not_evaluated,
        problems: report.problems.iter().map(problem).collect(),
        logs: LogsJson {
            audit_events: report.logs.audit_events,
            cloudtrail_records: report.logs.cloudtrail_records,
        },
    };
    json::print(out, &report)
}

fn entrant<'a>(entrant: &'a Entrant<'a>) -> EntrantJson<'a> {
    let Entrant { mapping, is_node: _, powers } = entrant;
    EntrantJson {
        principal: &mapping.principal,
        origin: mapping.origin.name(),
        username: mapping.username.as_deref(),
        groups: mapping.groups.iter().map(|group| &**group).collect(),
        takes_effect: mapping.takes_effect(),
        place: (&mapping.source).into(),
        powers: powers.iter().map(power).collect(),
    }
}

fn role(role: &RolePurposes) -> RoleJson<'_> {
    let RolePurposes { arn, source, purposes } = role;
    let told = purposes
        .iter()
        .map(|(purpose, reason)| PurposeJson { purpose: purpose.name(), reason: reason.into() });
    RoleJson { arn, place: source.into(), purposes: told.collect() }
}

fn power(power: &Power) -> PowerJson<'_> {
    let Power { scopes, by, summary, verdict, reason } = power;
    let namespaces = scopes.iter().filter_map(|scope| match scope {
        Scope::Cluster => None,
        Scope::Namespace(name) => Some(&**name),
    });
    PowerJson { namespaces: namespaces.collect(), by, summary, verdict: *verdict, reason: reason.into() }
}

fn result(result: &CheckResult) -> ResultJson<'_> {
    let CheckResult {
        check,
        ring,
        title,
        object,
        arn,
        source,
        outcome,
        why,
        responsible,
        severity,
        reasons,
        remedy,
    } = result;
    let place = || PlaceJson::from(source);
    let named = object.as_ref().map(|object| ObjectJson {
        api_version: Some(&object.api_version),
        kind: Some(&object.kind),
        namespace: object.namespace.as_deref(),
        name: Some(&object.name),
        place: place(),
    });
    // An AWS resource has a spot too.
    let unnamed = || {
        arn.is_some().then(|| ObjectJson {
            api_version: None,
            kind: None,
            namespace: None,
            name: None,
            place: place(),
        })
    };
    ResultJson {
        check,
        benchmarks: [],
        ring: *ring,
        title,
        object: named.or_else(unnamed),
        arn: arn.as_deref(),
        result: *outcome,
        why,
        responsible: *responsible,
        severity: *severity,
        remedy,
        reasons: reasons.iter().map(ReasonJson::from).collect(),
    }
}

pub(super) fn problem(problem: &Problem) -> ProblemJson<'_> {
    let Problem { source, level, message, hint } = problem;
    ProblemJson {
        level: match level {
            Level::Warning => "warning",
            Level::Error => "error",
        },
        place: source.into(),
        message,
        hint: hint.as_deref(),
    }
}
