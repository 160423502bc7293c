//! `iam lint`: policies that mean something else than they seem.

mod find;

use std::io::{self, BufWriter};
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use ringwall_document::Reader;
use ringwall_iam::PolicyKind;
use ringwall_iam::lint::{Finding, guess_kind, lint};
use ringwall_model::{Problem, Source};

use crate::cli::{Format, IamLint};
use crate::error::{Exit, Failure};
use crate::render::{iam_lint_json, iam_lint_text};
use crate::session;

/// Largest file that is read: the authorization details of an account of 5,000 roles stay below half of it.
const MAX_FILE: u64 = 256 * 1024 * 1024;

/// A policy of a file, and what was found in it.
pub(crate) struct Linted {
    /// Its name, or the ARN or name of what it belongs to, if the file tells.
    pub(crate) name: Option<Arc<str>>,
    /// What it was taken for.
    pub(crate) kind: PolicyKind,
    /// Where it is written.
    pub(crate) source: Source,
    pub(crate) findings: Vec<Finding>,
}

/// Everything that `iam lint` has to say.
#[derive(Default)]
pub(crate) struct LintReport {
    /// In the order of the files and of the policies in each.
    pub(crate) policies: Vec<Linted>,
    pub(crate) problems: Vec<Problem>,
}

impl LintReport {
    /// Each finding with its policy.
    pub(crate) fn findings(&self) -> impl Iterator<Item = (&Linted, &Finding)> {
        self.policies.iter().flat_map(|policy| policy.findings.iter().map(move |finding| (policy, finding)))
    }
}

/// Lints every policy in the files.
pub(super) fn run(args: &IamLint) -> Result<Exit, Failure> {
    let mut report = LintReport::default();
    let mut reader = Reader::default();
    let given = args.kind.map(PolicyKind::from);
    for path in &args.files {
        read(path, given, &mut reader, &mut report)?;
    }
    match args.output.format {
        Format::Json => iam_lint_json::print(&mut BufWriter::new(io::stdout().lock()), &report)?,
        Format::Text => {
            session::print_problems(&report.problems)?;
            iam_lint_text::print(&mut BufWriter::new(anstream::stdout().lock()), &report)?;
        }
    }
    let failed = report.findings().any(|(_, finding)| finding.level >= args.fail_on.into());
    Ok(session::exit(if failed { Exit::No } else { Exit::Fine }, &report.problems))
}

fn read(
    path: &Path,
    given: Option<PolicyKind>,
    reader: &mut Reader,
    report: &mut LintReport,
) -> Result<(), Failure> {
    let file: Arc<str> = path.display().to_string().into();
    let bytes = bytes(path)?;
    let now = now();
    let LintReport { policies, problems } = report;
    let before = policies.len();
    let mut documents = Vec::new();
    let mut unread = reader.read(&file, &bytes, &mut |document| documents.push(document));
    for document in &documents {
        let mut finder = find::Finder {
            file: &file,
            literals: &document.literals,
            reader: &mut *reader,
            problems: &mut unread,
            sink: &mut |found| {
                let kind = given.or(found.kind).unwrap_or_else(|| guess_kind(found.document));
                let source = Source::new(Arc::clone(&file), found.document.line);
                let findings = lint(kind, found.document, &source, now);
                policies.push(Linted { name: found.name, kind, source, findings });
            },
        };
        finder.document(&document.tree);
    }
    if unread.is_empty() && policies.len() == before {
        let hint = "a policy has `Statement`; AWS's own policies, and versions that are not the default, are left out";
        unread.push(Problem::error(Source::new(Arc::clone(&file), 0), "the file has no policy").hint(hint));
    }
    problems.append(&mut unread);
    Ok(())
}

/// The bytes of a file, or of standard input for `-`.
fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = match path == Path::new("-") {
        true => ringwall_files::read_from(io::stdin().lock(), MAX_FILE),
        false => ringwall_files::read(path, MAX_FILE),
    };
    read.map_err(|source| match source.kind() {
        io::ErrorKind::FileTooLarge => {
            let message = format!("`{}` has more than {} MiB", path.display(), MAX_FILE >> 20);
            Failure::misuse_hint(message, "split it")
        }
        _ => Failure::Read { path: path.display().to_string(), source },
    })
}

/// Milliseconds since 1970, for dates that have passed.
fn now() -> Option<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}
