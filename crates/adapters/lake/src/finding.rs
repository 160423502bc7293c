//! Findings to rows: the OCSF that [`ringwall_detect::output::ocsf`] makes of them, and the columns for queries.

use std::borrow::Cow;

use ringwall_detect::finding::{Finding, Log};
use ringwall_detect::output::{Scope, ocsf};

use crate::event::members;
use crate::node::{Node, int, of_json, text};
use crate::row::{Class, Row};

pub(crate) fn row(finding: &Finding, scope: &Scope) -> Row {
    let ocsf = of_json(ocsf(finding, scope)).unwrap_or(Node::Object(Vec::new()));
    let at = |path: &[&str]| path.iter().try_fold(&ocsf, |node, name| node.get(name));
    let said = |path: &[&str]| match at(path) {
        Some(Node::Text(text)) => text.clone(),
        _ => String::new(),
    };
    let number = |path: &[&str]| match at(path) {
        Some(Node::Int(number)) => *number,
        _ => 0,
    };
    let last = number(&["end_time"]);
    let (account, region) = (said(&["cloud", "account", "uid"]), said(&["cloud", "region"]));
    let cluster = scope.cluster.as_deref().unwrap_or_default();
    let asked = Asked::of(finding, cluster);
    let (log, seen) = match finding.kind.log {
        Log::Audit => ("audit", format!("audit/{cluster}")),
        Log::CloudTrail => ("cloudtrail", format!("cloudtrail/{account}")),
        Log::Both => ("both", format!("audit/{cluster}")),
    };
    let named = members([
        ("what", text(finding.kind.name)),
        ("when_at", int(last)),
        ("who", text(&asked.who)),
        ("on_what", text(&asked.on_what)),
        ("where_seen", text(&seen)),
        ("from_where", text(&asked.from_where)),
        ("to_where", text(&asked.to_where)),
        ("log", text(log)),
        ("finding_id", text(&said(&["finding_info", "uid"]))),
        ("revision", text(&format!("{}@{last}", finding.count))),
        ("cluster", text(cluster)),
    ]);
    let mut all: Vec<(Cow<'static, str>, Node)> = named;
    if let Node::Object(members) = ocsf {
        all.extend(members);
    }
    Row::new(Class::Findings, &account, &region, last, Some(Node::Object(all)))
}

/// The questions that a finding's call answers.
#[derive(Default)]
struct Asked {
    who: String,
    on_what: String,
    from_where: String,
    to_where: String,
}

impl Asked {
    fn of(finding: &Finding, cluster: &str) -> Self {
        let details = &finding.details;
        let actor = &details.actor;
        let who = if actor.username.is_empty() { &actor.arn } else { &actor.username }.clone();
        let path = |parts: [&str; 3]| {
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
        };
        let workload = details
            .workload
            .as_ref()
            .map(|workload| path([&workload.namespace, &workload.kind, &workload.name]));
        if let Some(call) = &details.api_call {
            Self {
                who,
                on_what: workload.unwrap_or_else(|| path([&call.namespace, &call.resource, &call.name])),
                from_where: call.source_ips.first().cloned().unwrap_or_default(),
                to_where: format!("kube-apiserver/{cluster}"),
            }
        } else if let Some(call) = &details.aws_call {
            Self {
                who,
                on_what: workload.unwrap_or_default(),
                from_where: call.source.clone(),
                to_where: call.service.clone(),
            }
        } else {
            Self { who, on_what: workload.unwrap_or_default(), ..Self::default() }
        }
    }
}
