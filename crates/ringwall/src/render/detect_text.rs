//! `detect` as text: the worst first, each with its events and what to do.

use std::io::{self, Write};

use ringwall_detect::finding::{Archived, Finding, Verdict};
use ringwall_detect::output::{Scope, id};
use ringwall_model::{Responsible, Severity, time};

use super::style::{self, paint};
use crate::commands::Detected;

/// Events printed with a finding; the JSON has more.
const EVENTS_SHOWN: usize = 4;

pub(crate) fn print(out: &mut dyn Write, detected: &Detected<'_>) -> io::Result<()> {
    let width = style::width();
    let Scope { cluster, account, region, .. } = &detected.scope;
    let mut facts =
        vec![paint(style::HEADING, cluster.as_deref().unwrap_or("a cluster whose name is not known"))];
    facts.extend(region.clone());
    facts.extend(account.as_ref().map(|account| format!("account {account}")));
    writeln!(out, "{}", facts.join("  "))?;
    writeln!(out, "{}", tally(&detected.findings))?;
    for severity in [Severity::Critical, Severity::High, Severity::Medium, Severity::Low] {
        let of_it = detected.findings.iter().filter(|(finding, _)| finding.severity == severity);
        for (at, (finding, verdict)) in of_it.enumerate() {
            if at == 0 {
                let name = severity.name().to_uppercase();
                writeln!(out, "\n{}", paint(style::severity(severity), &name))?;
            }
            writeln!(out)?;
            print_finding(out, finding, verdict, &detected.scope, width)?;
        }
    }
    Ok(())
}

/// `2 high, 1 low`, or that there is nothing.
fn tally(findings: &[(&Finding, Verdict)]) -> String {
    let parts: Vec<String> = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low]
        .into_iter()
        .filter_map(|severity| {
            let count = findings.iter().filter(|(finding, _)| finding.severity == severity).count();
            (count > 0).then(|| paint(style::severity(severity), &format!("{count} {severity}")))
        })
        .collect();
    if parts.is_empty() { paint(style::YES, "nothing found") } else { parts.join(", ") }
}

fn print_finding(
    out: &mut dyn Write,
    finding: &Finding,
    verdict: &Verdict,
    scope: &Scope,
    width: usize,
) -> io::Result<()> {
    let who = match finding.kind.responsible {
        Responsible::Customer => "",
        Responsible::Aws => "  (AWS's part)",
        Responsible::Shared => "  (shared with AWS)",
    };
    let id = paint(style::FAINT, &id(finding, scope));
    let tried = if finding.is_dry_run() { "  (dry run)" } else { "" };
    writeln!(out, "  {}{who}{tried}  {id}", paint(style::HEADING, finding.kind.name))?;
    let told =
        if finding.details.description.is_empty() { finding.title() } else { &finding.details.description };
    style::print_wrapped(out, &style::printable(told), 4, width, "", style::PLAIN)?;
    style::print_wrapped(out, &when(finding), 4, width, "", style::FAINT)?;
    if let Some(archived) = &verdict.archived {
        let by = match archived {
            Archived::ByHand => "archived".to_owned(),
            Archived::ByFilter(name) => format!("archived by the filter {name}"),
        };
        style::print_wrapped(out, &style::printable(&by), 4, width, "", style::FAINT)?;
    }
    for term in &finding.details.terms {
        let seen = format!("{} of this actor, {} of all", term.seen_of_actor, term.seen_of_all);
        let text = format!("unusual {}: {} ({:.1} bits; {seen})", term.feature, term.value, term.bits);
        style::print_wrapped(out, &style::printable(&text), 4, width, "", style::FAINT)?;
    }
    let events = finding.evidence();
    for event in events.iter().take(EVENTS_SHOWN) {
        let kind = if event.is_record { "eventID" } else { "auditID" };
        let id = if event.id.is_empty() { String::new() } else { format!("  {kind} {}", event.id) };
        let place = format!("{}:{}{id}", event.place.file, event.place.line);
        style::print_wrapped(out, &style::printable(&place), 6, width, "", style::FAINT)?;
    }
    if let Some(more) = events.len().checked_sub(EVENTS_SHOWN).filter(|more| *more > 0) {
        writeln!(
            out,
            "      {}",
            paint(style::FAINT, &format!("and {more} more; --output json names them"))
        )?;
    }
    style::print_wrapped(out, &format!("to do: {}", finding.kind.remedy), 4, width, "", style::HINT)
}

/// How often, and from when to when.
fn when(finding: &Finding) -> String {
    let times = if finding.count == 1 { "once".to_owned() } else { format!("{} times", finding.count) };
    match (finding.first_seen, finding.last_seen) {
        (Some(first), Some(last)) if first != last => {
            format!("{times}, from {} to {}", time::text(first), time::text(last))
        }
        (Some(first), _) => format!("{times}, at {}", time::text(first)),
        _ => format!("{times}, at a time that is not recorded"),
    }
}
