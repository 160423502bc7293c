use std::sync::Arc;

use memchr::memmem;
use ringwall_model::{Problem, Tree, Value};

use crate::build::Fault;
use crate::intern::Interner;
use crate::json::{Broken, Values};
use crate::split::{Part, Parts, lines_in};
use crate::yaml::{Documents, Shared};
use crate::{Lines, Literals, limits};

/// The byte order mark of UTF-8.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// One document of a file.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it says.
    pub tree: Tree,
    /// Where its literal block scalars are.
    pub literals: Literals,
}

/// Reads documents and lets them share their recurring strings. One reader may read many files.
#[derive(Debug, Default)]
pub struct Reader {
    interner: Interner,
    copied: usize,
}

impl Reader {
    /// Hands every document of a file to `sink`, in order, and returns what could not be read, in order.
    ///
    /// Empty documents are left out. A broken document costs itself alone: reading goes on at the next `---`, in
    /// JSON at the next line that begins with `{` or `[`. `file` is what the problems name.
    pub fn read(&mut self, file: &Arc<str>, text: &[u8], sink: &mut dyn FnMut(Document)) -> Vec<Problem> {
        self.copied = 0;
        if let Some(fault) = utf16(text) {
            return vec![fault.in_file(file)];
        }
        let (text, offset) = text.strip_prefix(BOM).map_or((text, 0), |rest| (rest, BOM.len()));
        let mut faults = Faults::default();
        for part in Parts::new(text, offset) {
            match check_encoding(part) {
                Ok(text) => self.part(text, part.line, sink, &mut faults),
                Err(fault) => faults.push(fault),
            }
        }
        faults.into_problems(file)
    }

    /// Reads the first document of a text that stands in a string of another document, as
    /// [`Literals::lines_of`] tells its lines. An empty text is `null`.
    pub fn read_embedded(&mut self, file: &Arc<str>, text: &str, lines: Lines) -> Result<Tree, Problem> {
        self.copied = 0;
        let shared = Shared { interner: &mut self.interner, copied: &mut self.copied };
        match Documents::new(text, lines).next(shared) {
            Some(Ok((tree, _))) => Ok(tree),
            Some(Err(fault)) => Err(fault.in_file(file)),
            None => Ok(Tree::new(lines.at(1), Value::Null)),
        }
    }

    /// Reads one line of JSON Lines; `None` if it is blank.
    pub fn read_line(&mut self, file: &Arc<str>, line: u32, text: &[u8]) -> Result<Option<Tree>, Problem> {
        // An error at the end belongs to this line, not behind its line end.
        let text = text.trim_ascii_end();
        let part = Part { text, line, offset: 0 };
        let text = std::str::from_utf8(text).map_err(|_| match check_encoding(part) {
            Ok(_) => Fault::new(line, "the line is not UTF-8").in_file(file),
            Err(fault) => fault.in_file(file),
        })?;
        let mut values = Values::new(text.as_bytes(), line);
        if values.next_start().is_none() {
            return Ok(None);
        }
        let tree = values.next(&mut self.interner).map_err(|broken| broken.into_fault().in_file(file))?;
        match values.next_start() {
            None => Ok(Some(tree)),
            Some(_) => Err(Fault::new(line, "more than one value stands in the line")
                .hint("JSON Lines has one value a line")
                .in_file(file)),
        }
    }

    fn part(&mut self, text: &str, line: u32, sink: &mut dyn FnMut(Document), faults: &mut Faults) {
        let begins_like_json = matches!(text.trim_ascii_start().as_bytes().first(), Some(b'{' | b'['));
        if begins_like_json {
            self.json(text, line, sink, faults);
        } else {
            self.yaml(text, line, sink, faults);
        }
    }

    fn json(&mut self, text: &str, line: u32, sink: &mut dyn FnMut(Document), faults: &mut Faults) {
        let mut text = text;
        let mut may_be_yaml = true;
        let mut values = Values::new(text.as_bytes(), line);
        while let Some(start) = values.next_start() {
            let first_line = values.line_at(start);
            match values.next(&mut self.interner) {
                Ok(tree) => {
                    may_be_yaml = false;
                    emit(sink, tree, Literals::default());
                }
                Err(broken) => {
                    let after = values.position().max(start + 1);
                    let rest = text.get(start..).unwrap_or_default();
                    let mut broken = broken;
                    // YAML has one value here. Trying it at every value would take quadratic time.
                    if std::mem::take(&mut may_be_yaml) && matches!(broken, Broken::Syntax(_)) {
                        match self.flow_yaml(rest, first_line, sink, faults) {
                            Ok(()) => return,
                            Err(Some(fault)) if begins_like_flow(rest) => broken = Broken::Syntax(fault),
                            Err(_) => {}
                        }
                    }
                    faults.push(broken.into_fault());
                    let Some(next) = next_json(text.as_bytes(), after) else { return };
                    values = values.skip_to(next);
                    text = text.get(next..).unwrap_or_default();
                }
            }
        }
    }

    /// Reads as YAML what begins like JSON and is none; an error if its first document is no YAML either.
    fn flow_yaml(
        &mut self,
        text: &str,
        line: u32,
        sink: &mut dyn FnMut(Document),
        faults: &mut Faults,
    ) -> Result<(), Option<Fault>> {
        let mut documents = Documents::new(text, Lines::From(line));
        let shared = Shared { interner: &mut self.interner, copied: &mut self.copied };
        let (tree, literals) = documents.next(shared).ok_or(None)?.map_err(Some)?;
        emit(sink, tree, literals);
        self.rest(documents, sink, faults);
        Ok(())
    }

    fn yaml(&mut self, text: &str, line: u32, sink: &mut dyn FnMut(Document), faults: &mut Faults) {
        self.rest(Documents::new(text, Lines::From(line)), sink, faults);
    }

    fn rest(&mut self, mut documents: Documents<'_>, sink: &mut dyn FnMut(Document), faults: &mut Faults) {
        loop {
            let shared = Shared { interner: &mut self.interner, copied: &mut self.copied };
            match documents.next(shared) {
                Some(Ok((tree, literals))) => emit(sink, tree, literals),
                Some(Err(fault)) => faults.push(fault),
                None => return,
            }
        }
    }
}

fn emit(sink: &mut dyn FnMut(Document), tree: Tree, literals: Literals) {
    if !tree.is_null() {
        sink(Document { tree, literals });
    }
}

/// Whether what stands in the first brackets is none of JSON's tokens, so that flow YAML is meant.
fn begins_like_flow(text: &str) -> bool {
    let inner = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || matches!(c, '[' | '{'));
    let opening = text.get(..text.len() - inner.len()).unwrap_or_default().trim_ascii_end();
    match inner.bytes().next() {
        None | Some(b'"' | b'}' | b']') => false,
        Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => opening.ends_with('{'),
        Some(_) => true,
    }
}

/// The next byte after a broken JSON value at which another one may begin: a line that begins with a bracket.
fn next_json(text: &[u8], after: usize) -> Option<usize> {
    let rest = text.get(after..)?;
    memchr::memchr_iter(b'\n', rest)
        .map(|end| after + end + 1)
        .find(|start| matches!(text.get(*start), Some(b'{' | b'[')))
}

/// Faults of one file; of very many only the first are kept.
#[derive(Default)]
struct Faults {
    kept: Vec<Fault>,
    more: usize,
    last_line: u32,
}

impl Faults {
    fn push(&mut self, fault: Fault) {
        if self.kept.len() < limits::MAX_PROBLEMS {
            self.kept.push(fault);
        } else {
            self.more += 1;
            self.last_line = fault.line;
        }
    }

    fn into_problems(mut self, file: &Arc<str>) -> Vec<Problem> {
        if self.more > 0 {
            let message = format!("{} more documents of this file can't be read", self.more);
            self.kept.push(Fault::new(self.last_line, message));
        }
        self.kept.into_iter().map(|fault| fault.in_file(file)).collect()
    }
}

/// Tells UTF-16 by its byte order mark, or by the zero byte beside its first character.
fn utf16(text: &[u8]) -> Option<Fault> {
    match text {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, 1..=0x7F, ..] | [1..=0x7F, 0, ..] => {
            Some(Fault::new(1, "the file is UTF-16, not UTF-8").hint(
                "convert it: `iconv -f UTF-16 -t UTF-8`; PowerShell 5 writes UTF-16 with `>`, \
                 `| Out-File -Encoding utf8` does not",
            ))
        }
        _ => None,
    }
}

fn check_encoding(part: Part<'_>) -> Result<&str, Fault> {
    let fault = |at: usize, what: &str, hint| {
        let line = part.line.saturating_add(lines_in(part.text.get(..at).unwrap_or_default()));
        Fault::new(line, format!("{what} at byte {} of the file", part.offset + at)).hint(hint)
    };
    let text = std::str::from_utf8(part.text).map_err(|error| {
        let at = error.valid_up_to();
        let byte = part.text.get(at).copied().unwrap_or_default();
        let what = format!("byte 0x{byte:02X} is not valid UTF-8");
        fault(at, &what, "save the file as UTF-8, or encode binary values as base64")
    })?;
    match memmem::find(part.text, &[0]) {
        Some(at) => Err(fault(at, "a NUL byte", "the file is damaged or binary; export it again")),
        None => Ok(text),
    }
}
