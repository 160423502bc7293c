//! `lake`: logs into Parquet, and files of Parquet kept few and young.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use ringwall_detect::finding::Place;
use ringwall_detect::{Detector, audit, cloudtrail};
use ringwall_lake::{
    CompactSettings, Day, Lake, LakeError, Location, Origin, Partition, Row, Settings, Written, compact,
    expire,
};
use ringwall_logs::{End, Entry, EntryKind, Found, Tally};
use tokio::runtime::Runtime;

use super::detect::scope::within;
use super::logs::{print_problem, print_problems};
use crate::cli::{LakeAdd, LakeCommand, LakeCompact, LakeExpire};
use crate::error::{Exit, Failure};

/// Bytes by which a log is told from another of the same name: the first event is in them, with its id.
const BEGINNING: u64 = 4096;

/// Runs a command of the group.
pub(super) fn run(command: &LakeCommand) -> Result<Exit, Failure> {
    match command {
        LakeCommand::Add(args) => add(args),
        LakeCommand::Compact(args) => compacted(args),
        LakeCommand::Expire(args) => expired(args),
    }
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

fn add(args: &LakeAdd) -> Result<Exit, Failure> {
    let found = ringwall_logs::find(&args.files);
    if let ([], Some(problem)) = (found.files.as_slice(), found.problems.first()) {
        return Err(Failure::misuse_hint(format!("`{}`: {}", problem.name, problem.why), problem.hint));
    }
    let known = within(&found.files);
    let scope = ringwall_detect::output::Scope {
        account: args.account.clone().or(known.account.clone()),
        region: args.region.clone().or(known.region.clone()),
        cluster: args.cluster_name.clone().or(known.cluster.clone()),
        ..known
    };
    let origin = Origin {
        account: scope.account.clone().unwrap_or_default(),
        region: scope.region.clone().unwrap_or_default(),
        cluster: scope.cluster.clone().unwrap_or_default(),
        now: scope.now,
    };
    let mut adding = Adding::new(args, &found, origin)?;
    let mut tallies = Vec::new();
    for file in &found.files {
        tallies.push(adding.read(file)?);
    }
    let detector = std::mem::take(&mut adding.detector);
    for finding in detector.iter().flat_map(Detector::findings) {
        adding.take(Row::finding(finding, &scope))?;
    }
    adding.flush()?;
    print_summary(&found, &tallies, adding.written)
}

/// Rows on their way into the lake.
struct Adding {
    runtime: Runtime,
    lake: Lake,
    partition: Partition,
    origin: Origin,
    position: u64,
    detector: Option<Detector>,
    written: Written,
}

impl Adding {
    /// What was made of the same files before has the same name, and is replaced.
    fn new(args: &LakeAdd, found: &Found, origin: Origin) -> Result<Self, Failure> {
        let mut adding = Self {
            runtime: runtime()?,
            lake: Lake::open(Location::open(&args.to)?, Settings::default()),
            partition: Partition::of_input(&identity(found, origin.now)?, &origin),
            origin,
            position: 0,
            detector: args.detect.then(Detector::new),
            written: Written::default(),
        };
        adding.runtime.block_on(adding.lake.rewind(&adding.partition, 0))?;
        Ok(adding)
    }

    fn read(&mut self, file: &ringwall_logs::LogFile) -> Result<Tally, Failure> {
        let mut failed = None;
        let mut place = Place { file: Arc::clone(&file.name), line: 0 };
        let mut sink = |entry: &Entry<'_>| {
            place.line = entry.line;
            let mut rows = Vec::new();
            let cut = match entry.kind {
                EntryKind::Audit => audit::read(entry.text, &mut |event| {
                    rows.extend(Row::audit(event, &self.origin));
                    if let Some(detector) = &mut self.detector {
                        detector.audit(event, &place);
                    }
                })
                .map(|held| held.cut)
                .map_err(|error| error.to_string())?,
                EntryKind::CloudTrail => cloudtrail::read(entry.text, &mut |record| {
                    rows.push(Row::cloudtrail(record, &self.origin));
                    if let Some(detector) = &mut self.detector {
                        detector.cloudtrail(record, &place);
                    }
                })
                .map(|held| held.cut)
                .map_err(|error| error.to_string())?,
            };
            // After a failure the rest is read to its end, which costs little, and goes nowhere.
            if failed.is_none() {
                failed = rows.into_iter().try_for_each(|row| self.take(row)).err();
            }
            Ok(if cut { End::Missing } else { End::There })
        };
        let tally = ringwall_logs::read(file, &mut sink, &mut |_| {});
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(tally),
        }
    }

    fn take(&mut self, row: Row) -> Result<(), LakeError> {
        if self.lake.is_due() {
            self.flush()?;
        }
        self.position = self.position.saturating_add(1);
        self.lake.append(&self.partition, self.position, row)
    }

    fn flush(&mut self) -> Result<(), LakeError> {
        let written = self.runtime.block_on(self.lake.flush())?;
        self.written.files = self.written.files.saturating_add(written.files);
        self.written.bytes = self.written.bytes.saturating_add(written.bytes);
        self.written.rows = self.written.rows.saturating_add(written.rows);
        Ok(())
    }
}

/// What input is told by: its files' names and beginnings, by which a log that was rotated is another, and one that grew the same.
/// Standard input is another each time.
fn identity(found: &Found, now: i64) -> Result<Vec<u8>, Failure> {
    let mut identity = Vec::new();
    for file in &found.files {
        identity.extend_from_slice(file.name.as_bytes());
        match &file.path {
            Some(path) => {
                let begun = File::open(path).and_then(|file| file.take(BEGINNING).read_to_end(&mut identity));
                begun.map_err(|source| Failure::Read { path: path.display().to_string(), source })?;
            }
            None => identity.extend_from_slice(&now.to_be_bytes()),
        }
    }
    Ok(identity)
}

fn print_summary(found: &Found, tallies: &[Tally], written: Written) -> Result<Exit, Failure> {
    let mut err = anstream::stderr().lock();
    for problem in &found.problems {
        print_problem(&mut err, problem)?;
    }
    let mut is_incomplete = !found.problems.is_empty();
    for tally in tallies.iter().filter(|tally| tally.is_incomplete()) {
        print_problems(&mut err, tally)?;
        is_incomplete = true;
    }
    let Written { files, bytes, rows } = written;
    writeln!(err, "added {rows} rows from {} files, in {files} files of {bytes} bytes", tallies.len())?;
    Ok(if is_incomplete { Exit::Incomplete } else { Exit::Fine })
}

fn compacted(args: &LakeCompact) -> Result<Exit, Failure> {
    let grace = Duration::from_secs(u64::from(args.grace).saturating_mul(60));
    let settings = CompactSettings { grace, ..CompactSettings::at(within(&[]).now) };
    let done = runtime()?.block_on(compact(&Location::open(&args.lake)?, &settings))?;
    let mut err = anstream::stderr().lock();
    writeln!(
        err,
        "{} files became {}, of {} rows; {} rows were there twice; {} files that were replaced are deleted",
        done.replaced, done.made, done.rows, done.repeated, done.deleted
    )?;
    if done.left > 0 {
        writeln!(err, "{} files have columns of another version, and stay as they are", done.left)?;
    }
    Ok(Exit::Fine)
}

fn expired(args: &LakeExpire) -> Result<Exit, Failure> {
    let before = Day::of(within(&[]).now).before(args.days);
    let done = runtime()?.block_on(expire(&Location::open(&args.lake)?, before))?;
    writeln!(
        anstream::stderr().lock(),
        "deleted {} files of {} bytes, of days before {before}",
        done.files,
        done.bytes
    )?;
    Ok(Exit::Fine)
}
