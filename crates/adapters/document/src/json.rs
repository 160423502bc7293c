use jiter::{Jiter, JiterError, JiterErrorType, Peek};
use ringwall_model::{Entry, Number, Tree, Value};

use crate::build::{Fault, check_unique, shown, too_deep, too_many};
use crate::intern::Interner;
use crate::limits;
use crate::split::lines_in;
use crate::yaml::integral;

/// JSON values that follow each other in a text.
pub(crate) struct Values<'t> {
    text: &'t [u8],
    jiter: Jiter<'t>,
    /// Up to where lines are counted, and the line there.
    counted: usize,
    line: u32,
    values: Vec<Tree>,
    entries: Vec<Entry>,
    nodes: usize,
}

/// Why a JSON value could not be read.
pub(crate) enum Broken {
    /// It is no JSON; flow YAML may still be meant.
    Syntax(Fault),
    /// It is JSON that is refused.
    Refused(Fault),
}

impl Broken {
    pub(crate) fn into_fault(self) -> Fault {
        match self {
            Self::Syntax(fault) | Self::Refused(fault) => fault,
        }
    }
}

impl<'t> Values<'t> {
    pub(crate) fn new(text: &'t [u8], line: u32) -> Self {
        Self {
            text,
            jiter: Jiter::new(text),
            counted: 0,
            line,
            values: Vec::new(),
            entries: Vec::new(),
            nodes: 0,
        }
    }

    /// Where the next value begins, `None` at the end.
    pub(crate) fn next_start(&self) -> Option<usize> {
        let at = self.jiter.current_index();
        let blank = self.text.get(at..)?.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        (at + blank < self.text.len()).then_some(at + blank)
    }

    /// The line of a byte at or after the last one asked for.
    pub(crate) fn line_at(&mut self, index: usize) -> u32 {
        if let Some(between) = self.text.get(self.counted..index) {
            self.line = self.line.saturating_add(lines_in(between));
            self.counted = index;
        }
        self.line
    }

    pub(crate) fn next(&mut self, interner: &mut Interner) -> Result<Tree, Broken> {
        self.nodes = 0;
        self.values.clear();
        self.entries.clear();
        let peek = self.jiter.peek().map_err(|error| self.syntax(&error))?;
        self.value(peek, 0, interner)
    }

    /// Goes on at a byte, after a broken value.
    pub(crate) fn skip_to(&mut self, index: usize) -> Self {
        let line = self.line_at(index);
        let mut rest = Self::new(self.text.get(index..).unwrap_or_default(), line);
        std::mem::swap(&mut rest.values, &mut self.values);
        rest
    }

    pub(crate) fn position(&self) -> usize {
        self.jiter.current_index()
    }

    fn syntax(&mut self, error: &JiterError) -> Broken {
        let position = error.get_position(&self.jiter);
        let what = match &error.error_type {
            JiterErrorType::JsonError(error) => error.to_string(),
            JiterErrorType::WrongType { .. } => "unexpected value".to_owned(),
        };
        let line = self.line_at(error.index.min(self.text.len()));
        let what = what.replacen("EOF", "the file ends", 1);
        let message = format!("not valid JSON: {what} at column {}", position.column);
        let hint = if what.starts_with("the file ends") {
            "the file is cut off; export it again"
        } else {
            "check commas, quotes and brackets at this line and above it"
        };
        Broken::Syntax(Fault::new(line, message).hint(hint))
    }

    fn value(&mut self, peek: Peek, depth: usize, interner: &mut Interner) -> Result<Tree, Broken> {
        let start = self.jiter.current_index();
        let line = self.line_at(start);
        self.nodes += 1;
        if self.nodes > limits::MAX_NODES {
            return Err(Broken::Refused(too_many(line)));
        }
        let value = match peek {
            Peek::String => match self.jiter.known_str() {
                Ok(text) => Value::String(interner.share(text)),
                Err(error) => return Err(self.syntax(&error)),
            },
            Peek::Object => self.object(line, depth, interner)?,
            Peek::Array => self.array(line, depth, interner)?,
            Peek::True | Peek::False => {
                Value::Bool(self.jiter.known_bool(peek).map_err(|error| self.syntax(&error))?)
            }
            Peek::Null => {
                self.jiter.known_null().map_err(|error| self.syntax(&error))?;
                Value::Null
            }
            _ => self.number(peek, line, interner)?,
        };
        Ok(Tree::new(line, value))
    }

    fn number(&mut self, peek: Peek, line: u32, interner: &mut Interner) -> Result<Value, Broken> {
        let written = match self.jiter.known_number_bytes(peek) {
            Ok(bytes) => interner.share(&String::from_utf8_lossy(bytes)),
            Err(error) => return Err(self.syntax(&error)),
        };
        let float = written.parse().ok().filter(|float: &f64| float.is_finite()).ok_or_else(|| {
            Broken::Refused(
                Fault::new(line, format!("`{}` is too large for a number", shown(&written)))
                    .hint("quote it if it is meant as text"),
            )
        })?;
        let integer = written.parse().ok().or_else(|| {
            // An integer beyond `i64` stays without one, though its rounded double may lie at the bound.
            written.contains(['.', 'e', 'E']).then(|| integral(float)).flatten()
        });
        Ok(Value::Number(Box::new(Number { written, integer, float })))
    }

    fn array(&mut self, line: u32, depth: usize, interner: &mut Interner) -> Result<Value, Broken> {
        if depth >= limits::MAX_DEPTH {
            return Err(Broken::Refused(too_deep(line)));
        }
        let start = self.values.len();
        let mut next = self.jiter.known_array().map_err(|error| self.syntax(&error))?;
        while let Some(peek) = next {
            let value = self.value(peek, depth + 1, interner)?;
            self.values.push(value);
            next = self.jiter.array_step().map_err(|error| self.syntax(&error))?;
        }
        Ok(Value::Sequence(self.values.drain(start.min(self.values.len())..).collect()))
    }

    fn object(&mut self, line: u32, depth: usize, interner: &mut Interner) -> Result<Value, Broken> {
        if depth >= limits::MAX_DEPTH {
            return Err(Broken::Refused(too_deep(line)));
        }
        let start = self.entries.len();
        let mut next = match self.jiter.known_object() {
            Ok(key) => key.map(|key| interner.share(key)),
            Err(error) => return Err(self.syntax(&error)),
        };
        while let Some(key) = next {
            let line = self.line_at(self.jiter.current_index());
            let peek = self.jiter.peek().map_err(|error| self.syntax(&error))?;
            let value = self.value(peek, depth + 1, interner)?;
            self.entries.push(Entry { key, line, value });
            next = match self.jiter.next_key() {
                Ok(key) => key.map(|key| interner.share(key)),
                Err(error) => return Err(self.syntax(&error)),
            };
        }
        let entries: Box<[Entry]> = self.entries.drain(start.min(self.entries.len())..).collect();
        check_unique(&entries).map_err(Broken::Refused)?;
        Ok(Value::Mapping(entries))
    }
}
