//! Bytes to lines and values, whatever the pieces in which they come.

use memchr::memchr;

use crate::entry::{Out, is_audit_line};
use crate::limits::{MAX_ENTRY, MAX_HEAD, PIECE};
use crate::scan::{Found, Scan};
use crate::stream::ControlPlaneLog;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// What of a document is kept until it is whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Keeps {
    #[default]
    Nothing,
    Document,
    Element,
}

/// Takes a log apart.
#[derive(Debug)]
pub(crate) struct Splitter {
    /// The number of the line that comes next, or is open.
    line: u64,
    /// Whether lines are counted: within what was wrapped they are not.
    counts_lines: bool,
    /// The line that is open.
    carry: Vec<u8>,
    /// Whether the rest of the line is left out.
    skips: bool,
    is_first: bool,

    scan: Scan,
    /// The line on which the open document begins.
    document_line: u64,
    /// The log that the open document is of.
    log: Option<ControlPlaneLog>,
    keeps: Keeps,
    /// What is kept, as far as it came in earlier pieces.
    kept: Vec<u8>,
    /// Where that begins.
    kept_line: u64,
    is_too_long: bool,
}

impl Splitter {
    /// For what lies within a line, whose number all of it has.
    pub(crate) fn at(line: u64) -> Self {
        Self {
            line,
            counts_lines: false,
            carry: Vec::new(),
            skips: false,
            is_first: true,
            scan: Scan::default(),
            document_line: line,
            log: None,
            keeps: Keeps::Nothing,
            kept: Vec::new(),
            kept_line: line,
            is_too_long: false,
        }
    }

    /// For a file.
    pub(crate) fn of_file() -> Self {
        Self::of_rest(0)
    }

    /// For a file of which so many lines were read before.
    pub(crate) fn of_rest(lines: u64) -> Self {
        Self { counts_lines: true, is_first: lines == 0, ..Self::at(lines.saturating_add(1)) }
    }

    /// How many of the bytes that came last are of a line that is open, and how many lines are before it. `None` within a document:
    /// nothing can be read on from there.
    pub(crate) fn pause(&self) -> Option<(usize, u64)> {
        let is_between = !self.scan.is_open() && !self.skips;
        is_between.then(|| (self.carry.len(), self.line.saturating_sub(1)))
    }

    /// Takes the next bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8], out: &mut Out<'_>) {
        let mut rest = bytes;
        while let Some(end) = memchr(b'\n', rest) {
            let (line, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            rest = after.get(1..).unwrap_or_default();
            if self.carry.is_empty() {
                self.piece(line, true, out);
            } else {
                self.carry.extend_from_slice(line);
                self.carried(true, out);
            }
        }
        self.carry.extend_from_slice(rest);
        if self.carry.len() < PIECE {
            return;
        }
        let begins_json =
            self.carry.trim_ascii_start().first().is_some_and(|byte| matches!(byte, b'{' | b'['));
        if self.scan.is_open() || self.skips || begins_json {
            self.carried(false, out);
        } else if self.carry.len() > MAX_ENTRY {
            out.tally.unreadable(self.line, too_long());
            self.skips = true;
            self.carry.clear();
        }
    }

    /// Takes it that nothing follows.
    pub(crate) fn finish(&mut self, out: &mut Out<'_>) {
        if !self.carry.is_empty() {
            self.carried(true, out);
        }
        if self.scan.is_open() {
            match self.keeps {
                Keeps::Nothing => out.tally.unreadable(self.document_line, "its end is missing"),
                Keeps::Document | Keeps::Element => self.flush(out),
            }
            self.forget();
        }
        self.skips = false;
    }

    /// Hands on the line that is open.
    fn carried(&mut self, ended: bool, out: &mut Out<'_>) {
        let mut line = std::mem::take(&mut self.carry);
        self.piece(&line, ended, out);
        line.clear();
        self.carry = line;
    }

    /// A line, or a part of a long one.
    fn piece(&mut self, piece: &[u8], ended: bool, out: &mut Out<'_>) {
        let mut piece = piece;
        if std::mem::take(&mut self.is_first) {
            piece = piece.strip_prefix(BOM).unwrap_or(piece);
        }
        if !self.skips {
            let mut rest = Some(piece);
            while let Some(piece) = rest {
                rest = if self.scan.is_open() {
                    self.document(piece, ended, out)
                } else {
                    self.fresh(piece, ended, out)
                };
            }
        }
        if ended {
            self.skips = false;
            if self.counts_lines {
                self.line = self.line.saturating_add(1);
                out.tally.lines = out.tally.lines.saturating_add(1);
            }
        }
    }

    /// What is there while no document is open; gives what is to be looked at next.
    fn fresh<'p>(&mut self, piece: &'p [u8], ended: bool, out: &mut Out<'_>) -> Option<&'p [u8]> {
        let piece = if ended { piece.trim_ascii() } else { piece.trim_ascii_start() };
        match piece.first()? {
            // Between values of a list whose beginning was broken.
            b',' => piece.get(1..),
            b'{' if ended && is_audit_line(piece) => {
                out.audit(piece, self.line);
                None
            }
            b'{' | b'[' => {
                (self.document_line, self.log) = (self.line, None);
                self.document(piece, ended, out)
            }
            // The end of such a list.
            b']' | b'}' if piece.len() <= 2 => None,
            _ => {
                if piece.len() > MAX_ENTRY {
                    out.tally.unreadable(self.line, too_long());
                } else {
                    out.line(piece, self.line);
                }
                self.skips = !ended;
                None
            }
        }
    }

    /// A part of a document; gives what comes after its end.
    fn document<'p>(&mut self, piece: &'p [u8], ended: bool, out: &mut Out<'_>) -> Option<&'p [u8]> {
        let (mut at, mut from) = (0, 0);
        while let Some((next, found)) = self.scan.next(piece, at) {
            let part = piece.get(from..next).unwrap_or_default();
            at = next;
            match found {
                Found::Begin => {
                    (self.keeps, self.kept_line, from) = (Keeps::Document, self.line, next);
                    at = next.saturating_add(1);
                }
                Found::List => {
                    if self.keeps == Keeps::Document {
                        self.keep(part);
                        if self.kept.len() <= MAX_HEAD {
                            self.log = out.head(&self.kept);
                        }
                    }
                    self.keep_nothing();
                }
                Found::Element => (self.keeps, self.kept_line, from) = (Keeps::Element, self.line, next),
                Found::ElementEnd => self.give(part, out),
                Found::End => {
                    if self.keeps == Keeps::Document {
                        self.give(part, out);
                    }
                    self.forget();
                    return piece.get(next..);
                }
                Found::Broken => return self.broken(piece, from, ended, out),
            }
        }
        let open = if self.keeps == Keeps::Nothing { &[] } else { piece.get(from..).unwrap_or_default() };
        if !ended {
            self.keep(open);
            return None;
        }
        match self.scan.line_ended() {
            Some(Found::Broken) => return self.broken(piece, from, ended, out),
            Some(Found::ElementEnd) => self.give(open, out),
            _ if self.keeps == Keeps::Nothing => {}
            _ => {
                self.keep(open);
                self.keep(b"\n");
            }
        }
        None
    }

    /// The document can't go on like that: either its line was cut, or this line belongs to another.
    fn broken<'p>(
        &mut self,
        piece: &'p [u8],
        from: usize,
        ended: bool,
        out: &mut Out<'_>,
    ) -> Option<&'p [u8]> {
        if self.document_line < self.line {
            match self.keeps {
                Keeps::Nothing => out.tally.unreadable(self.line, "the list that it is in is broken here"),
                Keeps::Document | Keeps::Element => self.flush(out),
            }
            self.forget();
            return Some(piece);
        }
        match self.keeps {
            Keeps::Nothing => out.tally.unreadable(self.line, "it is no JSON from some place on"),
            Keeps::Document | Keeps::Element => self.give(piece.get(from..).unwrap_or_default(), out),
        }
        self.forget();
        self.skips = !ended;
        None
    }

    /// Hands on what is kept of a document that has no end: its lines, if it seems that each is for itself.
    fn flush(&mut self, out: &mut Out<'_>) {
        let is_lines = self.kept.split(|byte| *byte == b'\n').skip(1).any(|line| line.starts_with(b"{"));
        if !is_lines {
            return self.give(&[], out);
        }
        let kept = std::mem::take(&mut self.kept);
        for (line, number) in kept.split(|byte| *byte == b'\n').zip(self.kept_line..) {
            let number = if self.counts_lines { number } else { self.line };
            match line.trim_ascii() {
                [] => {}
                line @ [b'{', ..] => out.value(line, number, self.log),
                line => out.line(line, number),
            }
        }
    }

    fn keep(&mut self, part: &[u8]) {
        if self.kept.len().saturating_add(part.len()) > MAX_ENTRY {
            self.is_too_long = true;
            self.kept.clear();
        }
        if !self.is_too_long {
            self.kept.extend_from_slice(part);
        }
    }

    /// Hands on what is kept, and its last part.
    fn give(&mut self, part: &[u8], out: &mut Out<'_>) {
        if self.is_too_long || self.kept.len().saturating_add(part.len()) > MAX_ENTRY {
            out.tally.unreadable(self.kept_line, too_long());
        } else if self.kept.is_empty() {
            out.value(part, self.kept_line, self.log);
        } else {
            self.kept.extend_from_slice(part);
            out.value(&self.kept, self.kept_line, self.log);
        }
        self.keep_nothing();
    }

    fn keep_nothing(&mut self) {
        self.kept.clear();
        (self.keeps, self.is_too_long) = (Keeps::Nothing, false);
    }

    fn forget(&mut self) {
        self.keep_nothing();
        self.scan.clear();
        self.log = None;
    }
}

fn too_long() -> String {
    format!("it is longer than {} MiB", MAX_ENTRY >> 20)
}
