//! JSON Lines in, JSON Lines out: how every batch reads its questions and writes its answers.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use ringwall_model::Verdict;
use serde::Serialize;

use crate::error::{Exit, Failure};

/// Bytes read at a time.
const CHUNK: usize = 64 * 1024;

/// The lines of a file, or of standard input.
pub(super) struct Lines {
    input: BufReader<Box<dyn Read>>,
    /// Longest line that is kept, in bytes.
    limit: usize,
}

/// One line of the input.
pub(super) struct Line<'l> {
    /// Its place, counted from 1.
    pub(super) number: u32,
    /// Its bytes without the line end, or why they were not kept.
    pub(super) text: Result<&'l [u8], String>,
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    Yes,
    No,
}

/// What stands for the answer to a line that has none.
#[derive(Debug, Serialize)]
pub(super) struct Unanswered {
    decision: Option<Verdict>,
    error: String,
}

impl Unanswered {
    /// No answer, and why.
    pub(super) fn because(error: String) -> Self {
        Self { decision: None, error }
    }
}

impl Lines {
    /// Opens a file, or standard input for `-`.
    pub(super) fn open(path: &Path, limit: usize) -> Result<Self, Failure> {
        let input: Box<dyn Read> = if path == Path::new("-") {
            Box::new(io::stdin().lock())
        } else {
            let unreadable = |source| Failure::Read { path: path.display().to_string(), source };
            Box::new(File::open(path).map_err(unreadable)?)
        };
        Ok(Self { input: BufReader::with_capacity(CHUNK, input), limit })
    }

    /// Answers each line on standard output; the exit status tells whether each has an answer.
    ///
    /// What is answered is written out before more input is waited for, so that a program may write one line, read its
    /// answer, and then write the next.
    pub(super) fn answer(
        mut self,
        answer: &mut dyn FnMut(&Line<'_>, &mut dyn Write) -> io::Result<Answered>,
    ) -> Result<Exit, Failure> {
        let mut out = BufWriter::new(io::stdout().lock());
        let mut exit = Exit::Fine;
        let mut number = 0_u32;
        let mut kept = Vec::new();
        while let Some(length) = self.read(&mut kept, &mut out)? {
            number = number.saturating_add(1);
            let text = if length > self.limit {
                Err(format!("the line has {length} bytes; the limit is {}", self.limit))
            } else {
                Ok(kept.as_slice())
            };
            if answer(&Line { number, text }, &mut out)? == Answered::No {
                exit = Exit::Misuse;
            }
        }
        out.flush()?;
        Ok(exit)
    }

    /// Reads a line, keeping no more than the limit of it; tells its true length, or `None` at the end.
    fn read(&mut self, line: &mut Vec<u8>, out: &mut dyn Write) -> io::Result<Option<usize>> {
        line.clear();
        let mut length = 0;
        loop {
            if self.input.buffer().is_empty() {
                out.flush()?;
            }
            let available = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                available => available?,
            };
            if available.is_empty() {
                return Ok((length > 0).then_some(length));
            }
            let (text, ended) = match available.iter().position(|byte| *byte == b'\n') {
                Some(end) => (available.get(..end).unwrap_or_default(), true),
                None => (available, false),
            };
            length += text.len();
            if length <= self.limit {
                line.extend_from_slice(text);
            }
            let used = text.len() + usize::from(ended);
            self.input.consume(used);
            if ended {
                return Ok(Some(length));
            }
        }
    }
}
