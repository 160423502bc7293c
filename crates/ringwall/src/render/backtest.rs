//! What rules would have told of past events: to be read, and as JSON Lines.

use std::cmp::Reverse;
use std::io::{self, Write};

use ringwall_detect::finding::Evidence;
use ringwall_model::time;
use ringwall_sigma::Tally;
use serde_json::{Map, Value, json};

use super::style::{self, paint};

/// A share of the matches from which one actor is worth a filter.
const MOST: f64 = 0.5;

/// One rule a line, in the order of the rules.
pub(crate) fn json(out: &mut dyn Write, tallies: &[Tally]) -> io::Result<()> {
    for tally in tallies {
        writeln!(out, "{}", value(tally))?;
    }
    Ok(())
}

fn value(tally: &Tally) -> Value {
    let rule = &tally.rule;
    let mut value = json!({
        "rule": {
            "id": &*rule.key,
            "title": rule.title,
            "level": rule.severity.name(),
            "mode": if rule.is_dry_run { "dry-run" } else { "live" },
            "correlation": rule.is_correlation,
            "forCorrelationsAlone": rule.is_silent,
            "file": &*rule.source.file,
            "line": rule.source.line,
        },
        "events": tally.events,
        "matches": tally.matches,
        "findings": tally.causes,
        "noisy": tally.is_noisy,
        "evidence": tally.examples.iter().map(evidence).collect::<Vec<_>>(),
    });
    if let Value::Object(members) = &mut value {
        let mut put = |name: &str, member: Option<Value>| {
            members.extend(member.map(|member| (name.to_owned(), member)));
        };
        put("first", tally.first.map(|first| time::text(first).into()));
        put("last", tally.last.map(|last| time::text(last).into()));
        put("matchesADay", tally.matches_a_day.map(|number| rounded(number).into()));
        put("findingsADay", tally.findings_a_day.map(|number| rounded(number).into()));
        let most = tally.most.as_ref();
        put(
            "most",
            most.map(
                |most| json!({"name": most.name, "matches": most.matches, "share": rounded(most.share)}),
            ),
        );
    }
    value
}

fn evidence(event: &Evidence) -> Value {
    let mut members = Map::new();
    if !event.id.is_empty() {
        let name = if event.is_record { "eventID" } else { "auditID" };
        members.insert(name.to_owned(), event.id.as_str().into());
    }
    members.insert("file".to_owned(), (&*event.place.file).into());
    members.insert("line".to_owned(), event.place.line.into());
    Value::Object(members)
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// The loudest first; what matched nothing in one list at the end.
pub(crate) fn text(out: &mut dyn Write, tallies: &[Tally]) -> io::Result<()> {
    let width = style::width();
    let mut matched: Vec<&Tally> = tallies.iter().filter(|tally| tally.matches > 0).collect();
    matched.sort_by_key(|tally| Reverse((tally.causes, tally.matches)));
    for tally in &matched {
        print_tally(out, tally, width)?;
        writeln!(out)?;
    }
    let quiet: Vec<&Tally> = tallies.iter().filter(|tally| tally.matches == 0).collect();
    if !quiet.is_empty() {
        writeln!(out, "{}", paint(style::HEADING, "matched nothing"))?;
    }
    for tally in quiet {
        let rule = &tally.rule;
        let text = format!("{}  {}", rule.title, rule.source);
        style::print_wrapped(out, &style::printable(&text), 2, width, "", style::FAINT)?;
    }
    Ok(())
}

fn print_tally(out: &mut dyn Write, tally: &Tally, width: usize) -> io::Result<()> {
    let rule = &tally.rule;
    let mode = if rule.is_dry_run { "  (dry run)" } else { "" };
    let alone = if rule.is_silent { "  (for correlations alone)" } else { "" };
    let level = paint(style::severity(rule.severity), rule.severity.name());
    let noisy = if tally.is_noisy { paint(style::NO, "  noisy") } else { String::new() };
    let title = paint(style::HEADING, &style::printable(&rule.title));
    writeln!(out, "{title}  {level}{mode}{alone}{noisy}")?;
    style::print_wrapped(out, &style::printable(&rule.source.to_string()), 4, width, "", style::FAINT)?;
    let counted = format!("{} matches of {} events, {} findings", tally.matches, tally.events, tally.causes);
    let a_day = match (tally.matches_a_day, tally.findings_a_day) {
        (Some(matches), Some(findings)) => format!("; a day {matches:.1} matches, {findings:.1} findings"),
        _ => String::new(),
    };
    style::print_wrapped(out, &format!("{counted}{a_day}"), 4, width, "", style::PLAIN)?;
    if let (Some(first), Some(last)) = (tally.first, tally.last) {
        let when = format!("from {} to {}", time::text(first), time::text(last));
        style::print_wrapped(out, &when, 4, width, "", style::FAINT)?;
    }
    if let Some(most) = tally.most.as_ref().filter(|most| most.share >= MOST && tally.matches > 1) {
        let text = format!(
            "{:.0} % by {}: a filter for that leaves {}",
            most.share * 100.0,
            most.name,
            tally.matches.saturating_sub(most.matches)
        );
        style::print_wrapped(out, &style::printable(&text), 4, width, "", style::PLAIN)?;
    }
    for event in &tally.examples {
        let text = format!("{}:{}  {}", event.place.file, event.place.line, event.id);
        style::print_wrapped(out, &style::printable(&text), 6, width, "", style::FAINT)?;
    }
    Ok(())
}
