//! Logs that grow and rotate, as `tail -F` follows them.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;
use std::{collections::HashMap, fs};

use serde::{Deserialize, Serialize};

use crate::entry::Sink;
use crate::find::{LogFile, NotFound, find};
use crate::limits::CHUNK;
use crate::open::is_compressed;
use crate::read::{Reader, read};
use crate::tally::Tally;

/// Most files that are held open. What is open is read to its end although its name is gone; the rest is opened again when it grows.
const MAX_OPEN: usize = 256;

/// Looks at the folder after which a file that is gone is given up. Whoever wrote it may not know yet that it was renamed.
const GRACE: u32 = 2;

/// A file's beginning, by which one that was emptied and has grown again is known. An audit event's `auditID` lies in it.
const START: usize = 256;

/// Bytes of one look, after which the caller has its turn: it may keep how far it came.
const LOOK: u64 = 16 << 20;

/// A file, whatever its name. The time at which it was made tells it from another that got its number, where file systems know it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
struct Id {
    device: u64,
    number: u64,
    made: Option<SystemTime>,
}

impl Id {
    fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), number: metadata.ino(), made: metadata.created().ok() }
    }
}

/// How far a file was read: for a follower that comes later ([`Follower::resume`]).
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Mark {
    id: Id,
    /// Bytes that were read, up to the end of a line; of what is compressed all or none.
    offset: u64,
    /// Lines in them.
    lines: u64,
    /// How the file begins, by which one that has taken its place is known.
    start: Vec<u8>,
}

/// Where in a log reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With all that is there.
    Beginning,
    /// With what comes after the first look, save of files that come later: those are read whole.
    End,
}

/// Follows files, and folders with the files that appear in them.
///
/// A log that is renamed is read to its end, wherever it is called what; its name's next file follows from its beginning. One that
/// is emptied begins anew. What is compressed is read once, when it has stopped growing. Nothing waits: whoever follows calls
/// [`Follower::poll`] now and then.
#[derive(Debug)]
pub struct Follower {
    named: Vec<PathBuf>,
    files: HashMap<Id, Followed>,
    /// In the order in which they came.
    order: Vec<Id>,
    start: Start,
    looks: u64,
    /// Of files that were not seen again yet.
    marks: HashMap<Id, Mark>,
}

/// What one look brought.
#[derive(Debug, Default)]
pub struct Polled {
    /// Bytes that were read. None: it is time to wait.
    pub bytes: u64,
    /// Files that are done with: they are gone, or were emptied, or were compressed.
    pub done: Vec<Tally>,
    /// What could not be looked at. It is tried again.
    pub problems: Vec<NotFound>,
}

#[derive(Debug)]
struct Followed {
    name: Arc<str>,
    path: PathBuf,
    state: State,
    /// The look at which it grew last.
    grown: u64,
    /// For how many looks it has been gone.
    gone: u32,
}

#[derive(Debug)]
enum State {
    Growing(Box<Growing>),
    /// Compressed, and of this size at the last look.
    Compressed(u64),
    /// Compressed, of this size, and read.
    Done(u64),
}

#[derive(Debug)]
struct Growing {
    file: Option<File>,
    reader: Reader,
    offset: u64,
    start: Vec<u8>,
    /// Bytes and lines after which reading can go on later.
    paused: (u64, u64),
}

impl Follower {
    /// Of files and folders; nothing is read yet.
    pub fn new(named: Vec<PathBuf>, start: Start) -> Self {
        Self { named, files: HashMap::new(), order: Vec::new(), start, looks: 0, marks: HashMap::new() }
    }

    /// Goes on where another one was. A file that has no mark is read from its beginning: it has come meanwhile.
    #[must_use]
    pub fn resume(mut self, marks: Vec<Mark>) -> Self {
        if !marks.is_empty() {
            self.start = Start::Beginning;
        }
        self.marks = marks.into_iter().map(|mark| (mark.id, mark)).collect();
        self
    }

    /// How far each file was read that is still there. What was handed over after a mark is handed over again from it.
    pub fn marks(&self) -> Vec<Mark> {
        let mark = |id: &Id| {
            let (offset, lines, start) = match &self.files.get(id)?.state {
                State::Growing(growing) => (growing.paused.0, growing.paused.1, growing.start.clone()),
                State::Compressed(_) => return None,
                State::Done(bytes) => (*bytes, 0, Vec::new()),
            };
            Some(Mark { id: *id, offset, lines, start })
        };
        self.order.iter().filter_map(mark).collect()
    }

    /// Hands over what has come since: at most some MiB, so that more may be there at once.
    pub fn poll(&mut self, sink: Sink<'_>) -> Polled {
        let found = find(&self.named);
        let mut polled = Polled { problems: found.problems, ..Polled::default() };
        self.files.values_mut().for_each(|file| file.gone = file.gone.saturating_add(1));
        for file in found.files {
            if let Err(problem) = self.look(&file) {
                polled.problems.push(problem);
            }
        }
        self.looks = self.looks.saturating_add(1);
        for id in &self.order {
            let Some(file) = self.files.get_mut(id) else { continue };
            // The older ones first, whole: what comes later in time is in files that came later.
            if polled.bytes >= LOOK {
                break;
            }
            let before = polled.bytes;
            if let Err(error) = file.read(sink, &mut polled) {
                polled.problems.push(unreadable(&file.name, &error));
            }
            if polled.bytes > before {
                file.grown = self.looks;
            }
            if file.gone >= GRACE
                && let Some(file) = self.files.remove(id)
                && let State::Growing(mut growing) = file.state
            {
                growing.reader.finish(sink);
                polled.done.push(growing.reader.into_tally());
            }
        }
        self.order.retain(|id| self.files.contains_key(id));
        self.close_some();
        polled
    }

    /// What became so far of the files that are still followed.
    pub fn tallies(&self) -> impl Iterator<Item = &Tally> {
        self.order.iter().filter_map(|id| match &self.files.get(id)?.state {
            State::Growing(growing) => Some(growing.reader.tally()),
            State::Compressed(_) | State::Done(_) => None,
        })
    }

    /// Notes a file that is there.
    fn look(&mut self, file: &LogFile) -> Result<(), NotFound> {
        let Some(path) = &file.path else { return Ok(()) };
        let problem = |error: io::Error| unreadable(&file.name, &error);
        let id = Id::of(&fs::metadata(path).map_err(problem)?);
        if let Some(known) = self.files.get_mut(&id) {
            known.gone = 0;
            known.path.clone_from(path);
            return Ok(());
        }
        let mut opened = File::open(path).map_err(problem)?;
        // It may have been replaced meanwhile: what is open counts.
        let metadata = opened.metadata().map_err(problem)?;
        let id = Id::of(&metadata);
        let mut start = vec![0; START];
        let length = opened.read_at(&mut start, 0).map_err(problem)?;
        start.truncate(length);
        if start.is_empty() && self.files.contains_key(&id) {
            return Ok(());
        }
        let mark = self.marks.remove(&id).filter(|mark| start.starts_with(&mark.start));
        let mark = mark.filter(|mark| mark.offset <= metadata.len());
        let state = if is_compressed(&start) {
            mark.map_or(State::Compressed(0), |mark| State::Done(mark.offset))
        } else {
            let skips = self.looks == 0 && self.start == Start::End;
            let end = if skips { opened.seek(SeekFrom::End(0)).map_err(problem)? } else { 0 };
            let (offset, lines) = mark.map_or((end, 0), |mark| (mark.offset, mark.lines));
            let reader = Reader::of_rest(Arc::clone(&file.name), lines);
            let paused = (offset, lines);
            State::Growing(Box::new(Growing { file: Some(opened), reader, offset, start, paused }))
        };
        let followed =
            Followed { name: Arc::clone(&file.name), path: path.clone(), state, grown: self.looks, gone: 0 };
        if self.files.insert(id, followed).is_none() {
            self.order.push(id);
        }
        Ok(())
    }

    /// Closes the files that have not grown for longest, if too many are open.
    fn close_some(&mut self) {
        let is_open =
            |file: &&mut Followed| matches!(&file.state, State::Growing(growing) if growing.file.is_some());
        let mut open: Vec<&mut Followed> = self.files.values_mut().filter(is_open).collect();
        let Some(too_many) = open.len().checked_sub(MAX_OPEN) else { return };
        open.sort_by_key(|file| file.grown);
        for file in open.into_iter().take(too_many) {
            if let State::Growing(growing) = &mut file.state {
                growing.file = None;
            }
        }
    }
}

impl Followed {
    fn read(&mut self, sink: Sink<'_>, polled: &mut Polled) -> io::Result<()> {
        match &mut self.state {
            State::Done(_) => Ok(()),
            State::Compressed(before) => {
                if self.gone > 0 {
                    return Ok(());
                }
                let bytes = fs::metadata(&self.path)?.len();
                if bytes != std::mem::replace(before, bytes) {
                    return Ok(());
                }
                let file = LogFile { name: Arc::clone(&self.name), path: Some(self.path.clone()), bytes };
                polled.done.push(read(&file, sink, &mut |_| {}));
                polled.bytes = polled.bytes.saturating_add(bytes);
                self.state = State::Done(bytes);
                Ok(())
            }
            State::Growing(growing) => growing.read(&self.path, &self.name, self.gone > 0, sink, polled),
        }
    }
}

impl Growing {
    fn read(
        &mut self,
        path: &PathBuf,
        name: &Arc<str>,
        is_gone: bool,
        sink: Sink<'_>,
        polled: &mut Polled,
    ) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None if is_gone || fs::metadata(path)?.len() == self.offset => return Ok(()),
            none => none.insert(File::open(path)?),
        };
        if is_another(file, self.offset, &self.start)? {
            self.reader.finish(sink);
            let ended = std::mem::replace(&mut self.reader, Reader::new(Arc::clone(name)));
            polled.done.push(ended.into_tally());
            (self.offset, self.paused) = (0, (0, 0));
            self.start.clear();
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let mut buffer = vec![0; CHUNK];
        loop {
            let read = match file.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            let bytes = buffer.get(..read).unwrap_or_default();
            if bytes.is_empty() || polled.bytes >= LOOK {
                return Ok(());
            }
            let room = START.saturating_sub(self.start.len());
            if self.offset == self.start.len() as u64 {
                self.start.extend(bytes.iter().take(room));
            }
            self.reader.feed(bytes, sink);
            self.offset = self.offset.saturating_add(read as u64);
            polled.bytes = polled.bytes.saturating_add(read as u64);
            if let Some((open, lines)) = self.reader.pause() {
                self.paused = (self.offset.saturating_sub(open as u64), lines);
            }
        }
    }
}

/// Whether a file is not the continuation of what was read: it is shorter, or begins in another way.
fn is_another(file: &File, offset: u64, start: &[u8]) -> io::Result<bool> {
    if file.metadata()?.len() < offset {
        return Ok(true);
    }
    let mut now = vec![0; start.len()];
    let length = file.read_at(&mut now, 0)?;
    Ok(now.get(..length) != Some(start))
}

fn unreadable(name: &str, error: &io::Error) -> NotFound {
    NotFound { name: name.to_owned(), why: format!("can't read it: {error}"), hint: "check its permissions" }
}
