//! `identity mutate`: the pod webhook's answer without the webhook.

use std::io::{self, Write as _};
use std::path::Path;

use ringwall_identity::mutate::{
    ConfigMapRoles, DEFAULT_TOKEN_EXPIRATION, Facts, MAX_MANIFEST_BYTES, MAX_MEMBERSHIP_BYTES,
    MAX_REVIEW_BYTES, Manifests, Membership, Mutation, Reason, Review, SettingProblem, Settings, mutate,
};
use ringwall_model::{Problem, Source};

use crate::cli::IdentityMutate;
use crate::error::{Exit, Failure};
use crate::render::{json, style};
use crate::session;

/// Answers, or tells what of the input can't be read.
pub(super) fn run(args: &IdentityMutate) -> Result<Exit, Failure> {
    let settings = args.flags.settings()?;
    let answer = || -> Result<(Mutation, Vec<Problem>), Problem> {
        let review = Review::parse(&read(&args.review, MAX_REVIEW_BYTES)?)
            .map_err(|error| problem(&args.review, error.to_string()))?;
        let (manifests, mut problems) = manifests(&args.service_account)?;
        let config_map = match &args.config_map {
            None => ConfigMapRoles::default(),
            Some(path) => {
                let (manifests, mut wrong) = self::manifests(path)?;
                problems.append(&mut wrong);
                manifests.config_map().cloned().unwrap_or_default()
            }
        };
        let members = match &args.watch_container_credentials_config {
            None => Membership::default(),
            Some(path) => Membership::parse(&read(path, MAX_MEMBERSHIP_BYTES)?)
                .map_err(|error| problem(path, error.to_string()))?,
        };
        let annotations = manifests.annotations_for(&review);
        if annotations.is_none() {
            let wanted = format!("{}/{}", review.namespace, review.service_account);
            let there: Vec<String> = manifests.accounts().take(10).collect();
            let message = format!("it has no service account `{wanted}`, which the pod has");
            let problem = Problem::warning(Source::new(shown(&args.service_account), 0), message);
            problems.push(match there.is_empty() {
                true => problem.hint("a manifest has `kind: ServiceAccount`"),
                false => problem.hint(format!("it has {}", there.join(", "))),
            });
        }
        let facts = Facts {
            annotations,
            config_map: &config_map,
            pod_identity: members.contains(&review.namespace, &review.service_account),
            pod_identity_expiration: DEFAULT_TOKEN_EXPIRATION,
        };
        let mutation =
            mutate(&review, &facts, &settings).map_err(|error| problem(&args.review, error.to_string()))?;
        Ok((mutation, problems))
    };
    match answer() {
        Ok((mutation, problems)) => {
            session::print_problems(&problems)?;
            refused(&settings)?;
            reasons(&mutation)?;
            json::print_line(&mut io::stdout().lock(), &mutation.patch)?;
            let lost = problems.iter().any(|problem| problem.level == ringwall_model::Level::Error);
            Ok(if lost { Exit::Incomplete } else { Exit::Fine })
        }
        Err(problem) => {
            session::print_problems(&[problem])?;
            Ok(Exit::Incomplete)
        }
    }
}

/// Tells what the existing webhook injects, and `ringwall serve` refuses when it begins.
fn refused(settings: &Settings) -> io::Result<()> {
    let mut err = anstream::stderr().lock();
    for SettingProblem { setting, value, wanted } in settings.problems() {
        let warning = style::paint(style::WARNING, "warning:");
        writeln!(err, "{warning} `ringwall serve` refuses `{value}` for --{setting}: it has to be {wanted}")?;
    }
    Ok(())
}

fn reasons(mutation: &Mutation) -> io::Result<()> {
    let mut err = anstream::stderr().lock();
    for reason in &mutation.reasons {
        match reason.is_warning() {
            true => writeln!(err, "{} {reason}", style::paint(style::WARNING, "warning:"))?,
            false => writeln!(err, "{reason}")?,
        }
        if let Some(hint) = reason.hint() {
            writeln!(err, "  {} {hint}", style::paint(style::HINT, "hint:"))?;
        }
    }
    if mutation.reasons.contains(&Reason::DrawnExpiration) {
        writeln!(err, "nothing is drawn here: the longest lifetime is shown")?;
    }
    Ok(())
}

fn manifests(path: &Path) -> Result<(Manifests, Vec<Problem>), Problem> {
    Ok(Manifests::read(&shown(path), &read(path, MAX_MANIFEST_BYTES)?))
}

/// The bytes of a file, or of standard input for `-`.
fn read(path: &Path, limit: usize) -> Result<Vec<u8>, Problem> {
    let limit = limit as u64;
    let read = match path == Path::new("-") {
        true => ringwall_files::read_from(io::stdin().lock(), limit),
        false => ringwall_files::read(path, limit),
    };
    read.map_err(|error| problem(path, format!("it can't be read: {error}")))
}

fn problem(path: &Path, message: String) -> Problem {
    Problem::error(Source::new(shown(path), 0), message)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
