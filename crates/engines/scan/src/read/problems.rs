//! What goes wrong in one file, up to a number that people read.

use std::borrow::Cow;

use super::doc::{Fault, line_of};
use super::{ReadError, Spot};

/// A file that is broken throughout is told in so many lines and one more.
const MAX_PROBLEMS: usize = 50;

/// Words of the file in a message are cut after so many letters.
const MAX_SHOWN: usize = 60;

/// Collects the problems of one file.
pub(crate) struct Problems<'p> {
    path: &'p str,
    list: Vec<ReadError>,
    more: usize,
}

impl<'p> Problems<'p> {
    pub(crate) fn new(path: &'p str) -> Self {
        Self { path, list: Vec::new(), more: 0 }
    }

    pub(crate) fn whole(&mut self, message: impl Into<String>) {
        self.add(Spot::Whole, message.into());
    }

    pub(crate) fn line(&mut self, line: u64, message: impl Into<String>) {
        self.add(Spot::Line(line), message.into());
    }

    pub(crate) fn byte(&mut self, byte: usize, message: impl Into<String>) {
        self.add(Spot::Byte(u64::try_from(byte).unwrap_or(u64::MAX)), message.into());
    }

    pub(crate) fn fault(&mut self, fault: Option<Fault>) {
        if let Some(Fault { spot, message }) = fault {
            self.add(spot, message);
        }
    }

    fn add(&mut self, spot: Spot, message: String) {
        match self.list.len() < MAX_PROBLEMS {
            true => self.list.push(ReadError { path: self.path.to_owned(), spot, message }),
            false => self.more += 1,
        }
    }

    pub(crate) fn finish(mut self) -> Vec<ReadError> {
        if self.more > 0 {
            let message = format!("{} more problems in this file", self.more);
            self.list.push(ReadError { path: self.path.to_owned(), spot: Spot::Whole, message });
        }
        self.list
    }
}

/// Bytes as text. What is not UTF-8 is replaced, and told once.
pub(super) fn text<'b>(bytes: &'b [u8], problems: &mut Problems<'_>) -> Cow<'b, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(error) => {
            let line = line_of(bytes, error.valid_up_to());
            problems.line(line, "not UTF-8; what is not was replaced");
            String::from_utf8_lossy(bytes)
        }
    }
}

/// Words of the file as a message may have them.
pub(crate) fn shown(text: &str) -> String {
    let mut letters = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut cut: String = letters.by_ref().take(MAX_SHOWN).collect();
    if letters.next().is_some() {
        cut.push('…');
    }
    cut
}
