//! What somebody did, by all his names.

use std::io::{self, BufWriter, Read as _, Write as _};
use std::sync::Arc;

use ringwall_detect::finding::Place;
use ringwall_detect::output::Scope;
use ringwall_detect::timeline::{Followed, Identities, Story};
use ringwall_detect::{Detector, audit, cloudtrail};
use ringwall_logs::{Found, LogFile, STDIN};
use tempfile::NamedTempFile;

use super::detect::scope;
use super::logs::{self, Input, Look};
use crate::cli::{Format, Timeline};
use crate::error::{Exit, Failure};
use crate::question::alike;
use crate::render::{json, style, timeline_json, timeline_text};
use crate::session;

/// Most that is taken from standard input: it is kept on disk to be read twice. Files can be larger.
const MAX_STDIN: u64 = 16 << 30;
/// Names that are offered in place of one that nobody has.
const OFFERED: usize = 5;

/// A timeline, and what there is to say around it.
pub(crate) struct Told {
    pub(crate) story: Story,
    pub(crate) scope: Scope,
    /// Names like the one asked for, if nobody has that.
    pub(crate) alike: Vec<String>,
    /// Links between names that there was no room for.
    pub(crate) not_linked: u64,
}

/// The first pass: which names belong together, and what is found.
#[derive(Default)]
struct First {
    identities: Identities,
    detector: Detector,
}

impl Look for First {
    fn audit(&mut self, event: &audit::Event<'_>, _: &str, place: &Place) {
        self.identities.audit(event, place);
        self.detector.audit(event, place);
    }

    fn cloudtrail(&mut self, record: &cloudtrail::Record<'_>, _: &str, place: &Place) {
        self.identities.cloudtrail(record, place);
        self.detector.cloudtrail(record, place);
    }
}

impl Look for Followed {
    fn audit(&mut self, event: &audit::Event<'_>, _: &str, place: &Place) {
        Self::audit(self, event, place);
    }

    fn cloudtrail(&mut self, record: &cloudtrail::Record<'_>, _: &str, place: &Place) {
        Self::cloudtrail(self, record, place);
    }
}

/// Tells it.
pub(super) fn run(args: &Timeline) -> Result<Exit, Failure> {
    if args.since.zip(args.until).is_some_and(|(since, until)| since >= until) {
        return Err(Failure::misuse("`--until` is before `--since`"));
    }
    let mut found = logs::find(&args.files)?;
    let stdin = keep_stdin(&mut found)?;
    // So that it is the same in whatever order files are named.
    found.files.sort_by(|one, other| one.name.cmp(&other.name));
    let mut first = First::default();
    let input = Input::read(&found, &mut first);
    let First { identities, detector } = first;
    let who = args.who.trim();
    let mut followed = identities.follow(who).between(args.since, args.until);
    let alike = if followed.is_nobody() { alike(who, identities.names(), OFFERED) } else { Vec::new() };
    if !followed.is_nobody() {
        Input::read(&found, &mut followed);
    }
    drop(stdin);
    let story = followed.story(&detector.findings());
    let not_linked = identities.dropped();
    let told = Told { story, scope: scope::written(&found.files), alike, not_linked };
    print(args.output.format, &told)?;
    print_remarks(&told, args)?;
    let entries = told.story.entries.len() as u64;
    input.print_summary(&found, detector.counts(), &logs::count(entries, "entry", "entries"))?;
    let is_incomplete = input.is_incomplete(&found) || told.not_linked > 0 || told.story.left_out > 0;
    Ok(if is_incomplete { Exit::Incomplete } else { Exit::Fine })
}

/// Puts standard input into a file of its own, which goes away with what is given back: it can't be read twice.
fn keep_stdin(found: &mut Found) -> Result<Option<NamedTempFile>, Failure> {
    let Some(stdin) = found.files.iter_mut().find(|file| file.path.is_none()) else { return Ok(None) };
    let unread = |source| Failure::Read { path: STDIN.to_owned(), source };
    let mut kept = NamedTempFile::new().map_err(unread)?;
    let bytes =
        io::copy(&mut io::stdin().lock().take(MAX_STDIN.saturating_add(1)), &mut kept).map_err(unread)?;
    if bytes > MAX_STDIN {
        let hint = "put it into a file, and name that";
        return Err(Failure::misuse_hint(
            "there is more on standard input than is kept to be read twice",
            hint,
        ));
    }
    *stdin = LogFile { name: Arc::clone(&stdin.name), path: Some(kept.path().to_owned()), bytes };
    found.files.retain(|file| file.path.is_some());
    Ok(Some(kept))
}

fn print(format: Format, told: &Told) -> io::Result<()> {
    match format {
        Format::Text => {
            let mut out = BufWriter::new(anstream::stdout().lock());
            timeline_text::print(&mut out, told, style::width())?;
            out.flush()
        }
        Format::Json => {
            let mut out = BufWriter::new(io::stdout().lock());
            json::print(&mut out, &timeline_json::of(told))?;
            out.flush()
        }
    }
}

/// What has to be known to read it right.
fn print_remarks(told: &Told, args: &Timeline) -> io::Result<()> {
    let Told { story, alike, not_linked, .. } = told;
    if story.identities.is_empty() {
        session::remark(&format!("nobody in these logs is named `{}`", style::printable(&story.who)))?;
        let mut err = anstream::stderr().lock();
        for name in alike {
            let name = style::printable(name);
            writeln!(err, "  {} did you mean `{name}`?", style::paint(style::HINT, "hint:"))?;
        }
    } else if story.entries.is_empty() && (args.since.is_some() || args.until.is_some()) {
        session::remark("they did nothing in that time")?;
    }
    if story.left_out > 0 {
        let left_out = story.left_out;
        session::remark(&format!("{left_out} later entries are left out; --since and --until take a part"))?;
    }
    if *not_linked > 0 {
        session::remark(&format!(
            "there are too many names: {not_linked} links between them are missing; take the logs of a shorter time"
        ))?;
    }
    Ok(())
}
