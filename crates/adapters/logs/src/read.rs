//! A file to its entries.

use std::io;
use std::sync::Arc;

use crate::entry::{Out, Sink};
use crate::find::LogFile;
use crate::limits::{CHUNK, MAX_DECOMPRESSED};
use crate::open::{Opened, Refusal};
use crate::split::Splitter;
use crate::stream::ControlPlaneLog;
use crate::tally::Tally;

/// What a text begins with that is UTF-16, as PowerShell writes it.
const UTF16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// Reads one log, whatever the pieces in which it comes.
#[derive(Debug)]
pub struct Reader {
    splitter: Splitter,
    tally: Tally,
    log: Option<ControlPlaneLog>,
    is_begun: bool,
}

impl Reader {
    /// For a file of this name, which may tell which of EKS's logs it is of.
    pub fn new(file: Arc<str>) -> Self {
        let log = ControlPlaneLog::of_path(&file);
        Self { splitter: Splitter::of_file(), tally: Tally::new(file), log, is_begun: false }
    }

    /// For the rest of a file of which so many lines were read before.
    pub(crate) fn of_rest(file: Arc<str>, lines: u64) -> Self {
        Self { splitter: Splitter::of_rest(lines), is_begun: lines > 0, ..Self::new(file) }
    }

    /// See [`Splitter::pause`].
    pub(crate) fn pause(&self) -> Option<(usize, u64)> {
        self.splitter.pause().filter(|_| self.tally.stopped.is_none())
    }

    /// Takes the next bytes, and hands over what is whole.
    pub fn feed(&mut self, bytes: &[u8], sink: Sink<'_>) {
        if !self.is_begun && !bytes.is_empty() {
            self.is_begun = true;
            if UTF16.iter().any(|start| bytes.starts_with(start)) {
                let why = "it is UTF-16".to_owned();
                self.tally.stopped = Some(Refusal { why, hint: "write it as UTF-8" });
            }
        }
        if self.tally.stopped.is_none() {
            let mut out = Out { tally: &mut self.tally, sink, log: self.log, wrappings: 0 };
            self.splitter.feed(bytes, &mut out);
        }
    }

    /// Hands over what is left: a last line without an end.
    pub fn finish(&mut self, sink: Sink<'_>) {
        if self.tally.stopped.is_none() {
            let mut out = Out { tally: &mut self.tally, sink, log: self.log, wrappings: 0 };
            self.splitter.finish(&mut out);
        }
    }

    /// What became of it so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What became of it.
    pub fn into_tally(self) -> Tally {
        self.tally
    }
}

/// Reads a file to its end, hands over what is in it, and tells how many of its bytes are read. What it can't read costs itself
/// alone: see [`Tally`].
pub fn read(file: &LogFile, sink: Sink<'_>, progress: &mut dyn FnMut(u64)) -> Tally {
    let opened = match &file.path {
        Some(path) => Opened::file(path),
        None => Opened::new(io::stdin(), MAX_DECOMPRESSED),
    };
    read_opened(Arc::clone(&file.name), opened, sink, progress)
}

/// Reads what lies in no file, compressed or not, as [`read`] does.
pub fn read_from(name: Arc<str>, input: impl io::Read + 'static, sink: Sink<'_>) -> Tally {
    read_opened(name, Opened::new(input, MAX_DECOMPRESSED), sink, &mut |_| {})
}

fn read_opened(
    name: Arc<str>,
    opened: Result<Opened, Refusal>,
    sink: Sink<'_>,
    progress: &mut dyn FnMut(u64),
) -> Tally {
    let mut reader = Reader::new(name);
    let stopped = opened.and_then(|mut opened| {
        let mut buffer = vec![0; CHUNK];
        loop {
            let read = opened.read(&mut buffer)?;
            if read == 0 || reader.tally.stopped.is_some() {
                return Ok(());
            }
            reader.feed(buffer.get(..read).unwrap_or_default(), sink);
            progress(opened.taken());
        }
    });
    reader.finish(sink);
    let mut tally = reader.into_tally();
    tally.stopped = tally.stopped.or(stopped.err());
    tally
}
