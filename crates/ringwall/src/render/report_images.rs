//! The image ring of `assess`: what is run, and what scans told of it. As text, and as JSON.

use std::io::{self, Write};

use ringwall_model::{ImageFindings, ScannedImage, Severity};
use ringwall_scan::running::RunningImage;
use serde::Serialize;

use super::json::PlaceJson;
use super::report_text::{count, heading};
use super::style::{self, paint};
use super::table::{Cell, Table};

/// Who names an image, in text; JSON has all.
const USERS_SHOWN: usize = 2;
/// Letters of a digest that are shown, its algorithm included, as Docker shows them.
const DIGEST_SHOWN: usize = 19;

/// What the head says of the ring.
pub(super) fn tally(images: &[RunningImage<'_>]) -> String {
    if images.is_empty() {
        return paint(style::FAINT, "no images are known");
    }
    let scanned: Vec<&ScannedImage> = images.iter().filter_map(|image| image.scan).collect();
    let sum = |of: fn(&ImageFindings) -> usize| scanned.iter().map(|scan| of(&scan.findings)).sum::<usize>();
    let mut parts = Vec::new();
    for (severity, found) in [
        (Severity::Critical, sum(|findings| findings.critical)),
        (Severity::High, sum(|findings| findings.high)),
    ] {
        if found > 0 {
            parts.push(paint(style::severity(severity), &format!("{found} {severity}")));
        }
    }
    let unscanned = images.len() - scanned.len();
    if unscanned > 0 {
        parts.push(paint(
            style::WARNING,
            &format!("{unscanned} of {} not scanned", count(images.len(), "image")),
        ));
    } else if parts.is_empty() {
        parts.push(count(images.len(), "image"));
    }
    parts.join(", ")
}

/// The images, each with who runs it and what is known.
pub(super) fn print(out: &mut dyn Write, images: &[RunningImage<'_>], width: usize) -> io::Result<()> {
    if images.is_empty() {
        return Ok(());
    }
    heading(out, "IMAGE", "what is run, and what is known of it")?;
    let mut table = Table::new(["image", "run by", "known"]);
    for image in images {
        let digest = image.digest.as_deref().unwrap_or_default();
        let digest: String = digest.chars().take(DIGEST_SHOWN).collect();
        let mut users = Cell::default();
        for (reference, source) in image.users.iter().take(USERS_SHOWN) {
            let namespace = reference.namespace.as_deref().unwrap_or_default();
            let text = format!("{} {namespace}/{}", reference.kind, reference.name);
            users = users.then(style::PLAIN, text).then(style::FAINT, source.to_string());
        }
        let more = image.users.len().saturating_sub(USERS_SHOWN);
        if more > 0 {
            users = users.then(style::FAINT, format!("and {more} more"));
        }
        table.row([Cell::new(image.name.to_string()).then(style::FAINT, digest), users, known(image)]);
    }
    table.print(out, 2, width)?;
    if images.iter().any(|image| image.scan.is_none()) {
        let text = "to do: ringwall scan IMAGE --output json > SNAPSHOT/images/NAME.json";
        writeln!(out)?;
        style::print_wrapped(out, text, 2, width, "", style::HINT)?;
    }
    Ok(())
}

fn known(image: &RunningImage<'_>) -> Cell {
    let Some(scan) = image.scan else { return Cell::styled(style::WARNING, "not scanned") };
    let findings = &scan.findings;
    let numbers = [
        (findings.critical, "critical"),
        (findings.high, "high"),
        (findings.medium, "medium"),
        (findings.low, "low"),
        (findings.other, "not judged"),
    ];
    let numbers: Vec<String> = numbers
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, name)| format!("{number} {name}"))
        .collect();
    let looks = match findings {
        ImageFindings { critical: 1.., .. } => style::severity(Severity::Critical),
        ImageFindings { high: 1.., .. } => style::severity(Severity::High),
        _ => style::PLAIN,
    };
    let mut cell = match (&scan.advisories_as_of, numbers.is_empty()) {
        (None, _) => Cell::styled(style::WARNING, "compared with no advisories"),
        (Some(_), true) => Cell::styled(style::YES, "no vulnerability known"),
        (Some(_), false) => Cell::styled(looks, numbers.join(", ")),
    };
    if findings.fixable > 0 {
        cell = cell.then(style::PLAIN, format!("{} can be fixed by an update", findings.fixable));
    }
    if findings.exploited > 0 {
        cell = cell.then(style::ERROR, format!("{} known to be exploited", findings.exploited));
    }
    if scan.problems > 0 {
        cell = cell.then(style::WARNING, format!("{} could not be read", count(scan.problems, "file")));
    }
    if image.by_name {
        cell = cell.then(style::FAINT, "by its name alone: the content may be another");
    }
    let when = scan.created.as_deref().unwrap_or("at an unknown time");
    let advisories = scan.advisories_as_of.as_deref();
    let advisories = advisories.map(|date| format!(", advisories as of {date}")).unwrap_or_default();
    cell.then(style::FAINT, format!("{}, scanned {when}{advisories}", count(scan.packages, "package")))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ImageJson<'a> {
    image: &'a str,
    digest: Option<&'a str>,
    run_by: Vec<UserJson<'a>>,
    scan: Option<ScanJson<'a>>,
}

#[derive(Debug, Serialize)]
struct UserJson<'a> {
    kind: &'a str,
    namespace: Option<&'a str>,
    name: &'a str,
    #[serde(flatten)]
    place: PlaceJson<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ScanJson<'a> {
    #[serde(flatten)]
    place: PlaceJson<'a>,
    by_name: bool,
    created: Option<&'a str>,
    advisories_as_of: Option<&'a str>,
    packages: usize,
    problems: usize,
    critical: usize,
    high: usize,
    medium: usize,
    low: usize,
    other: usize,
    fixable: usize,
    exploited: usize,
}

pub(super) fn json<'a>(image: &'a RunningImage<'a>) -> ImageJson<'a> {
    let users = image.users.iter().map(|(reference, source)| UserJson {
        kind: &reference.kind,
        namespace: reference.namespace.as_deref(),
        name: &reference.name,
        place: (*source).into(),
    });
    let scan = image.scan.map(|scan| {
        let ImageFindings { critical, high, medium, low, other, fixable, exploited } = scan.findings;
        ScanJson {
            place: (&scan.source).into(),
            by_name: image.by_name,
            created: scan.created.as_deref(),
            advisories_as_of: scan.advisories_as_of.as_deref(),
            packages: scan.packages,
            problems: scan.problems,
            critical,
            high,
            medium,
            low,
            other,
            fixable,
            exploited,
        }
    });
    ImageJson { image: &image.name, digest: image.digest.as_deref(), run_by: users.collect(), scan }
}
