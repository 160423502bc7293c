//! `assess` as text: who gets in, what each can do, what is wrong, what to do next.

use std::io::{self, Write};

use ringwall_iam::roles::Purpose;
use ringwall_model::{CheckResult, Cluster, Outcome, Responsible, Ring, Severity, Verdict};
use ringwall_rbac::Scope;
use ringwall_rbac::entry::Mapping;

use super::reason;
use super::report_images;
use super::style::{self, paint};
use super::table::{Cell, Table};
use crate::commands::{Entrant, Report};

/// Proofs printed with a failed check; JSON has them all.
const PROOFS_SHOWN: usize = 6;
/// Rings that this version judges.
const JUDGED: [Ring; 3] = [Ring::Identity, Ring::Authorization, Ring::Network];

pub(crate) fn print(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let width = style::width();
    print_head(out, report, width)?;
    print_entrants(out, report, width)?;
    print_roles(out, report, width)?;
    print_powers(out, report, width)?;
    report_images::print(out, &report.images, width)?;
    print_failures(out, report, width)?;
    print_rest(out, report, width)?;
    print_next(out, report, width)
}

fn print_head(out: &mut dyn Write, report: &Report<'_>, width: usize) -> io::Result<()> {
    let Cluster { info, namespaces, nodes, pods, workloads, roles, bindings, .. } = report.cluster;
    let mut facts = vec![paint(style::HEADING, &report.title)];
    facts.extend(info.version.as_ref().map(|version| format!("Kubernetes {version}")));
    facts.extend(info.region.as_ref().map(|region| region.to_string()));
    facts.extend(info.account.as_ref().map(|account| format!("account {account}")));
    facts.extend(info.authentication_mode.map(|mode| format!("authentication mode {}", mode.name())));
    writeln!(out, "{}", facts.join("  "))?;
    let counts = format!(
        "{}, {}, {}, {}, {}, {}, {}, {}",
        count(namespaces.len(), "namespace"),
        count(workloads.iter().filter(|workload| !workload.owned).count(), "workload"),
        count(pods.len(), "pod"),
        count(nodes.len(), "node"),
        count(roles.len(), "role"),
        count(bindings.len(), "binding"),
        count(report.logs.audit_events, "audit event"),
        count(report.logs.cloudtrail_records, "CloudTrail record"),
    );
    style::print_wrapped(out, &counts, 0, width, "", style::FAINT)?;
    writeln!(out)?;
    for (at, ring) in Ring::ALL.into_iter().enumerate() {
        let tally = if JUDGED.contains(&ring) {
            tally(report, ring)
        } else if ring == Ring::Image {
            report_images::tally(&report.images)
        } else {
            paint(style::FAINT, "not judged by this version")
        };
        writeln!(out, "  {} {ring:<14} {tally}", at + 1)?;
    }
    Ok(())
}

/// `2 critical, 5 high`, or that nothing is wrong.
fn tally(report: &Report<'_>, ring: Ring) -> String {
    let parts: Vec<String> = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low]
        .into_iter()
        .filter_map(|severity| {
            let failed =
                report.failures().filter(|result| result.ring == ring && result.severity == severity).count();
            (failed > 0).then(|| paint(style::severity(severity), &format!("{failed} {severity}")))
        })
        .collect();
    let unknown = report
        .results
        .iter()
        .filter(|result| result.ring == ring && result.outcome == Outcome::Unknown)
        .count();
    let unknown = if unknown > 0 { format!(", {unknown} not evaluated") } else { String::new() };
    let failed = if parts.is_empty() { paint(style::YES, "nothing found") } else { parts.join(", ") };
    format!("{failed}{unknown}")
}

fn print_entrants(out: &mut dyn Write, report: &Report<'_>, width: usize) -> io::Result<()> {
    heading(out, "IDENTITY", "who gets in")?;
    let (effective, never): (Vec<&Entrant<'_>>, Vec<_>) =
        report.entrants.iter().partition(|entrant| entrant.mapping.takes_effect());
    let mut table = Table::new(["principal", "becomes"]);
    for entrant in &effective {
        let mapping = entrant.mapping;
        let proof = format!("{} at {}", mapping.origin.name(), mapping.source);
        table.row([
            Cell::new(principal(report.cluster, mapping)),
            Cell::new(becomes(mapping)).then(style::FAINT, proof),
        ]);
    }
    if table.is_empty() {
        writeln!(out, "  the snapshot tells of no AWS principal that gets in")?;
    } else {
        table.print(out, 2, width)?;
    }
    if !never.is_empty() {
        writeln!(out, "\n  {}", paint(style::WARNING, "never takes effect"))?;
        let mut table = Table::new(["principal", "why"]);
        for entrant in never {
            let mapping = entrant.mapping;
            let mut why = Cell::default();
            for flaw in mapping.flaws.iter().filter(|flaw| flaw.never) {
                why = why.then(style::PLAIN, flaw.text.as_str());
            }
            let proof = format!("{} at {}", mapping.origin.name(), mapping.source);
            table.row([Cell::new(principal(report.cluster, mapping)), why.then(style::FAINT, proof)]);
        }
        table.print(out, 2, width)?;
    }
    Ok(())
}

/// The roles of the snapshot, each with what it is for and the first proof of each purpose.
fn print_roles(out: &mut dyn Write, report: &Report<'_>, width: usize) -> io::Result<()> {
    let mut table = Table::new(["role", "is for", "because"]);
    let (mut unused, mut of_aws): (usize, usize) = (0, 0);
    for role in &report.roles {
        if role.is_of_aws() {
            of_aws += 1;
            continue;
        }
        if role.purposes.is_empty() {
            unused += 1;
            continue;
        }
        let mut told: Vec<Purpose> = Vec::new();
        for (purpose, reason) in &role.purposes {
            if told.contains(purpose) {
                continue;
            }
            let name = if told.is_empty() { short(report.cluster, &role.arn) } else { String::new() };
            told.push(*purpose);
            let more = role.purposes.iter().filter(|(other, _)| other == purpose).count().saturating_sub(1);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let place = if reason.source.is_built_in() { String::new() } else { reason.source.to_string() };
            let because = Cell::new(reason::sentence(reason)).then(style::FAINT, format!("{place}{more}"));
            table.row([Cell::new(name), Cell::new(purpose.of_what()), because]);
        }
    }
    if !table.is_empty() {
        writeln!(out)?;
        table.print(out, 2, width)?;
    }
    let rest = [(unused, "that nothing in the snapshot uses"), (of_aws, "that AWS made for its services")];
    for (number, which) in rest.into_iter().filter(|(number, _)| *number > 0) {
        writeln!(out, "  {}", paint(style::FAINT, &format!("beside {} {which}", count(number, "role"))))?;
    }
    Ok(())
}

fn print_powers(out: &mut dyn Write, report: &Report<'_>, width: usize) -> io::Result<()> {
    heading(out, "AUTHORIZATION", "what each of them can do")?;
    let mut table = Table::new(["principal", "where", "may"]);
    for entrant in report.entrants.iter().filter(|entrant| entrant.mapping.takes_effect()) {
        let name = principal(report.cluster, entrant.mapping);
        if entrant.is_node {
            let what = "what its own pods need: the node authorizer decides";
            table.row([Cell::new(name), Cell::new("cluster"), Cell::new(what)]);
            continue;
        }
        if entrant.powers.is_empty() {
            let nothing = Cell::styled(style::FAINT, "nothing: no binding or access policy names it");
            table.row([Cell::new(name), Cell::default(), nothing]);
            continue;
        }
        for (at, power) in entrant.powers.iter().enumerate() {
            let looks = match power.verdict {
                Verdict::Allowed if power.summary == "everything" => style::NO,
                Verdict::Allowed => style::PLAIN,
                Verdict::Denied => style::FAINT,
                Verdict::Unknown => style::WARNING,
            };
            let source = &power.reason.source;
            let proof =
                if source.is_built_in() { power.by.clone() } else { format!("{} at {source}", power.by) };
            table.row([
                Cell::new(if at == 0 { name.as_str() } else { "" }),
                Cell::new(power.scopes.iter().map(Scope::to_string).collect::<Vec<_>>().join(", ")),
                Cell::styled(looks, power.summary.as_str()).then(style::FAINT, proof),
            ]);
        }
    }
    if table.is_empty() {
        return writeln!(out, "  nobody to tell of: `ringwall who-can` answers for users and groups");
    }
    table.print(out, 2, width)
}

fn print_failures(out: &mut dyn Write, report: &Report<'_>, width: usize) -> io::Result<()> {
    heading(out, "FINDINGS", "worst first")?;
    let mut any = false;
    for result in report.failures() {
        if any {
            writeln!(out)?;
        }
        any = true;
        print_result(out, result, width)?;
    }
    if !any {
        writeln!(out, "  {}", paint(style::YES, "nothing found in the rings that were judged"))?;
    }
    Ok(())
}

fn print_result(out: &mut dyn Write, result: &CheckResult, width: usize) -> io::Result<()> {
    let severity = paint(style::severity(result.severity), &result.severity.name().to_uppercase());
    let who = match result.responsible {
        Responsible::Customer => "",
        Responsible::Aws => "  (AWS's part)",
        Responsible::Shared => "  (shared with AWS)",
    };
    writeln!(out, "  {severity}  {}{who}", paint(style::HEADING, result.check))?;
    style::print_wrapped(out, &result.why, 4, width, "", style::PLAIN)?;
    if result.reasons.is_empty() && !result.source.is_built_in() {
        print_proof(out, &result.source.to_string(), "", width)?;
    }
    for reason in result.reasons.iter().take(PROOFS_SHOWN) {
        print_proof(out, &reason.source.to_string(), &reason::sentence(reason), width)?;
    }
    if let Some(more) = result.reasons.len().checked_sub(PROOFS_SHOWN).filter(|more| *more > 0) {
        writeln!(
            out,
            "      {}",
            paint(style::FAINT, &format!("and {more} more; --output json has them all"))
        )?;
    }
    style::print_wrapped(out, &format!("to do: {}", result.remedy), 4, width, "", style::HINT)
}

/// The spot, then what it says.
fn print_proof(out: &mut dyn Write, spot: &str, text: &str, width: usize) -> io::Result<()> {
    writeln!(out, "      {}", paint(style::FAINT, spot))?;
    if text.is_empty() { Ok(()) } else { style::print_wrapped(out, text, 8, width, "", style::FAINT) }
}

fn print_rest(out: &mut dyn Write, report: &Report<'_>, width: usize) -> io::Result<()> {
    let unknown: Vec<&str> = (report.not_evaluated.iter().map(String::as_str))
        .chain(
            report
                .results
                .iter()
                .filter(|result| result.outcome == Outcome::Unknown)
                .map(|result| result.why.as_str()),
        )
        .collect();
    if !unknown.is_empty() {
        heading(out, "NOT EVALUATED", "treat as exposure")?;
        let mut told = std::collections::BTreeSet::new();
        for text in unknown {
            if told.insert(text) {
                style::print_wrapped(out, text, 2, width, "", style::WARNING)?;
            }
        }
    }
    Ok(())
}

fn print_next(out: &mut dyn Write, report: &Report<'_>, width: usize) -> io::Result<()> {
    heading(out, "NEXT", "look closer")?;
    let folder = report.folder.display();
    let mut table = Table::new(["command", "tells"]);
    let mut line =
        |command: String, tells: &str| table.row([Cell::styled(style::HINT, command), Cell::new(tells)]);
    if let Some(worst) = report.failures().next() {
        line(format!("ringwall assess {folder} --check {}", worst.check), "the worst of it alone");
    }
    line(
        format!("ringwall who-can {folder} get secrets -n NAMESPACE"),
        "everyone who can, from AWS principal to rule",
    );
    line(
        format!("ringwall can {folder} --as WHO VERB RESOURCE -n NAMESPACE"),
        "one question, with its proof",
    );
    table.print_bare(out, 2, width)
}

pub(super) fn heading(out: &mut dyn Write, title: &str, about: &str) -> io::Result<()> {
    writeln!(out, "\n{}  {}\n", paint(style::HEADING, title), paint(style::FAINT, about))
}

/// The principal, without what all principals of the cluster's own account share.
fn principal(cluster: &Cluster, mapping: &Mapping) -> String {
    short(cluster, &mapping.principal)
}

/// An ARN without what all ARNs of IAM in the cluster's own account share.
fn short(cluster: &Cluster, arn: &str) -> String {
    let own =
        cluster.info.account.as_ref().map(|account| {
            format!("arn:{}:iam::{account}:", cluster.info.partition.as_deref().unwrap_or("aws"))
        });
    let name = own.and_then(|own| arn.strip_prefix(own.as_str()));
    name.unwrap_or(arn).to_owned()
}

/// User name, groups and access policies; the user name only where somebody chose it.
fn becomes(mapping: &Mapping) -> String {
    let mut parts = Vec::new();
    let own = |name: &str| name.is_empty() || *name == *mapping.principal || name.contains(":assumed-role/");
    if let Some(name) = mapping.username.as_deref().filter(|name| !own(name)) {
        parts.push(format!("user {name}"));
    }
    if !mapping.groups.is_empty() {
        let groups: Vec<&str> = mapping.groups.iter().map(|group| &**group).collect();
        parts.push(format!("{} {}", if groups.len() == 1 { "group" } else { "groups" }, groups.join(", ")));
    }
    parts.extend(mapping.policies.iter().map(|policy| format!("access policy {}", policy.name)));
    if parts.is_empty() { "a user named by its ARN, without groups".into() } else { parts.join("; ") }
}

pub(super) fn count(number: impl TryInto<u64>, noun: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
