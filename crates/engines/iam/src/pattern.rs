use std::fmt;
use std::sync::Arc;

use crate::key::Key;

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// This text.
    Text(Box<str>),
    /// `?`: one character.
    One(Reach),
    /// `*`: any text, the empty one too.
    Many(Reach),
    /// `${key}` or `${key, 'default'}`: the value that the request's context has.
    Variable(Box<Variable>),
}

/// What a wildcard may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Any character.
    Anything,
    /// Any character but a colon: a wildcard within one of an ARN's first five parts.
    Segment,
}

/// A policy variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) key: Key,
    pub(crate) default: Option<Box<str>>,
}

/// How a text of a policy is read as a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// `*` and `?` are wildcards; otherwise they stand for themselves.
    pub(crate) wildcards: bool,
    /// `${…}` is replaced, as in version 2012-10-17.
    pub(crate) variables: bool,
    /// Wildcards within the first five parts of an ARN stay within their part.
    pub(crate) arn: bool,
}

/// A text with wildcards and variables, as policies have them in `Action`, `Resource` and condition values.
#[derive(Clone, PartialEq, Eq)]
pub struct Pattern {
    written: Arc<str>,
    pub(crate) parts: Box<[Part]>,
    has_variables: bool,
}

impl Pattern {
    /// Reads a text as a pattern.
    pub(crate) fn new(written: &Arc<str>, syntax: Syntax) -> Self {
        let parts: Box<[Part]> = Reader::new(written, syntax).read().into();
        let has_variables = parts.iter().any(|part| matches!(part, Part::Variable(_)));
        Self { written: Arc::clone(written), parts, has_variables }
    }

    /// An action with its wildcards. Case does not count in actions, so it is folded here.
    pub(crate) fn action(written: &Arc<str>) -> Self {
        let lower: Arc<str> = written.to_ascii_lowercase().into();
        let pattern = Self::new(&lower, Syntax { wildcards: true, variables: false, arn: false });
        Self { written: Arc::clone(written), ..pattern }
    }

    /// A question's resource with its wildcards.
    pub(crate) fn question(written: &Arc<str>) -> Self {
        Self::new(written, Syntax { wildcards: true, variables: false, arn: true })
    }

    /// The one character `*`, standing for itself.
    pub(crate) fn star() -> Self {
        Self::new(&"*".into(), Syntax { wildcards: false, variables: false, arn: false })
    }

    /// The text as it is written.
    pub fn written(&self) -> &str {
        &self.written
    }

    pub(crate) fn has_variables(&self) -> bool {
        self.has_variables
    }

    /// The whole text, if there is neither a wildcard nor a variable in it.
    pub(crate) fn literal(&self) -> Option<&str> {
        match &*self.parts {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether this is `*`, or stars alone.
    pub(crate) fn is_everything(&self) -> bool {
        matches!(&*self.parts, [Part::Many(Reach::Anything)])
    }

    /// Whether a text that matches may begin with another text, as far as the first wildcard tells.
    pub(crate) fn may_begin_with(&self, begin: &str) -> bool {
        match self.parts.first() {
            Some(Part::Text(text)) if self.parts.len() > 1 => {
                begin.starts_with(&**text) || text.starts_with(begin)
            }
            Some(Part::Text(text)) => text.starts_with(begin),
            Some(_) => true,
            None => false,
        }
    }

    pub(crate) fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(variable) => Some(&**variable),
            _ => None,
        })
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", &*self.written)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// Colons after which the last part of an ARN begins.
const ARN_COLONS: usize = 5;

struct Reader<'t> {
    rest: &'t str,
    syntax: Syntax,
    colons: usize,
    text: String,
    parts: Vec<Part>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, syntax: Syntax) -> Self {
        Self { rest: text, syntax, colons: 0, text: String::new(), parts: Vec::new() }
    }

    fn read(mut self) -> Vec<Part> {
        while let Some(c) = self.rest.chars().next() {
            let after = self.rest.get(c.len_utf8()..).unwrap_or_default();
            if c == '$' && self.syntax.variables && self.variable() {
                continue;
            }
            self.rest = after;
            match c {
                '*' if self.syntax.wildcards => {
                    // AWS: a star at the end of a part of an ARN "can expand to match beyond the colon boundaries".
                    let last = after.is_empty() || after.starts_with(':');
                    let reach = if last { Reach::Anything } else { self.reach() };
                    self.wildcard(Part::Many(reach));
                }
                '?' if self.syntax.wildcards => {
                    let reach = self.reach();
                    self.wildcard(Part::One(reach));
                }
                _ => {
                    self.colons += usize::from(c == ':');
                    self.text.push(c);
                }
            }
        }
        self.flush();
        self.parts
    }

    fn reach(&self) -> Reach {
        if self.syntax.arn && self.colons < ARN_COLONS { Reach::Segment } else { Reach::Anything }
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.parts.push(Part::Text(std::mem::take(&mut self.text).into()));
        }
    }

    fn wildcard(&mut self, part: Part) {
        self.flush();
        // Two stars in a row are one, the farther reaching of the two.
        if let (Part::Many(reach), Some(Part::Many(before))) = (&part, self.parts.last_mut()) {
            if *reach == Reach::Anything {
                *before = Reach::Anything;
            }
            return;
        }
        self.parts.push(part);
    }

    /// Reads `${…}` at the rest's begin; `false` leaves it as text.
    ///
    /// Source: AWS IAM User Guide, *IAM policy elements: variables and tags*: `${*}`, `${?}` and `${$}` are those
    /// characters; a default value stands behind a comma in single quotes.
    fn variable(&mut self) -> bool {
        let Some(inner) = self.rest.strip_prefix("${") else { return false };
        let Some((inner, after)) = inner.split_once('}') else { return false };
        if let "*" | "?" | "$" = inner {
            self.text.push_str(inner);
        } else {
            let (key, default) = match inner.split_once(',') {
                None => (inner, None),
                Some((key, default)) => {
                    let default = default.trim();
                    let quoted = default.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
                    let Some(default) = quoted else { return false };
                    (key, Some(default.into()))
                }
            };
            let key = key.trim();
            if key.is_empty() {
                return false;
            }
            self.flush();
            self.parts.push(Part::Variable(Box::new(Variable { key: Key::new(&key.into()), default })));
        }
        self.rest = after;
        true
    }
}
