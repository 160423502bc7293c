//! `findings`: what the running audit service has found.

use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;

use ringwall_audit::control::{self, Answer, Ask};
use ringwall_detect::finding;
use ringwall_model::Severity;
use serde_json::Value;

use crate::cli::{
    FindingsArchive, FindingsCommand, FindingsList, FindingsRate, FindingsWhere, Format, Rating,
};
use crate::config;
use crate::error::{Exit, Failure};
use crate::render::{style, table};

/// Asks the service.
pub(super) fn run(command: &FindingsCommand) -> Result<Exit, Failure> {
    match command {
        FindingsCommand::List(args) => list(args),
        FindingsCommand::Archive(args) => archive(args, true),
        FindingsCommand::Unarchive(args) => archive(args, false),
        FindingsCommand::Rate(args) => rate(args),
    }
}

fn folder(place: &FindingsWhere) -> Result<PathBuf, Failure> {
    match &place.folder {
        Some(folder) => Ok(folder.clone()),
        None => Ok(config::load(&place.flags.0).map_err(Failure::Settings)?.settings.audit_folder.value),
    }
}

fn list(args: &FindingsList) -> Result<Exit, Failure> {
    let ask = Ask::List { cluster: args.cluster.clone(), archived: args.archived, ids: args.ids.clone() };
    let Answer::Findings(findings) = control::ask(&folder(&args.place)?, &ask)? else { return no_answer() };
    match args.output.format {
        Format::Json => {
            let mut out = BufWriter::new(io::stdout().lock());
            for finding in &findings {
                serde_json::to_writer(&mut out, finding).map_err(io::Error::from)?;
                writeln!(out)?;
            }
            out.flush()?;
        }
        Format::Text => print(&findings)?,
    }
    Ok(Exit::Fine)
}

fn print(findings: &[Value]) -> io::Result<()> {
    let mut out = BufWriter::new(anstream::stdout().lock());
    if findings.is_empty() {
        writeln!(out, "{}", style::paint(style::YES, "nothing found"))?;
        return out.flush();
    }
    let mut table = table::Table::new(["SEVERITY", "FINDING", "TIMES", "LAST SEEN"]);
    for finding in findings {
        let text = |pointer: &str| {
            let text = finding.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            style::printable(text).to_string()
        };
        let severity = severity(finding);
        let named = severity.map_or_else(String::new, |severity| severity.name().to_owned());
        let look = severity.map_or(style::PLAIN, style::severity);
        let count = finding.pointer("/service/count").and_then(Value::as_u64).unwrap_or_default();
        let archived = finding.pointer("/service/archived").and_then(Value::as_bool) == Some(true);
        let kind = text("/type") + if archived { "  (archived)" } else { "" };
        let told = table::Cell::styled(style::HEADING, kind)
            .then(style::PLAIN, text("/description"))
            .then(style::FAINT, text("/id"));
        table.row([
            table::Cell::styled(look, named),
            told,
            table::Cell::new(count.to_string()),
            table::Cell::new(text("/service/eventLastSeen")),
        ]);
    }
    table.print(&mut out, 0, style::width())?;
    out.flush()
}

/// By GuardDuty's number.
fn severity(of: &Value) -> Option<Severity> {
    let number = of.get("severity").and_then(Value::as_f64)?;
    let all = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    all.into_iter().find(|severity| number >= finding::number(*severity))
}

fn archive(args: &FindingsArchive, archived: bool) -> Result<Exit, Failure> {
    let ask = Ask::Archive { ids: args.ids.clone(), archived };
    tell(&args.place, &ask, if archived { "archived" } else { "in sight again" })
}

fn rate(args: &FindingsRate) -> Result<Exit, Failure> {
    let rating = match args.rating {
        Rating::Useful => finding::Rating::Useful,
        Rating::NotUseful => finding::Rating::NotUseful,
    };
    let ask = Ask::Rate { ids: vec![args.id.clone()], rating, comment: args.comment.clone() };
    tell(&args.place, &ask, "rated")
}

fn tell(place: &FindingsWhere, ask: &Ask, what: &str) -> Result<Exit, Failure> {
    let Answer::Marked(marked) = control::ask(&folder(place)?, ask)? else { return no_answer() };
    let findings = if marked == 1 { "finding" } else { "findings" };
    writeln!(anstream::stdout().lock(), "{marked} {findings} {what}")?;
    Ok(Exit::Fine)
}

fn no_answer() -> Result<Exit, Failure> {
    let message = "the service answers something else than was asked";
    Err(Failure::misuse_hint(message, "is it of the same version?"))
}
