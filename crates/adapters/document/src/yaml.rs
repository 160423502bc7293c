use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use hashbrown::HashMap;
use ringwall_model::{Entry, Number, Tree, Value};

use crate::build::{Fault, check_unique, duplicate, shown, size, too_deep, too_many};
use crate::intern::Interner;
use crate::limits;
use crate::scalar::{self, Scalar};
use crate::{Lines, Literals};

/// The documents of a text without further `---` lines; more than one if `...` ends the first.
pub(crate) struct Documents<'t> {
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
    lines: Lines,
}

/// What a document needs from its reader.
pub(crate) struct Shared<'r> {
    pub(crate) interner: &'r mut Interner,
    /// Values copied by aliases in this file so far.
    pub(crate) copied: &'r mut usize,
}

impl<'t> Documents<'t> {
    pub(crate) fn new(text: &'t str, lines: Lines) -> Self {
        let options = granit_parser::options! {
            emit_comments: false,
            block_scalar_eof_without_line_feed: false,
            simple_key_max_lookahead: limits::MAX_SIMPLE_KEY,
            flow_nesting_limit: limits::MAX_DEPTH + 1,
            block_nesting_limit: limits::MAX_DEPTH + 1,
        };
        Self { text, parser: Parser::new_from_str_with_options(text, options), lines }
    }

    /// The next document, `None` at the end. After a broken one the rest can be read on.
    pub(crate) fn next(&mut self, shared: Shared<'_>) -> Option<Result<(Tree, Literals), Fault>> {
        let mut builder = Builder::new(self.lines, shared);
        let outcome = loop {
            match self.parser.next_event()? {
                Err(error) => break Err(fault(&error, self.lines)),
                Ok((Event::DocumentEnd, _)) => break builder.finish(),
                Ok((Event::StreamEnd, _)) => return None,
                Ok((event, span)) => {
                    if let Err(fault) = builder.event(event, &span, self.text) {
                        break Err(fault);
                    }
                }
            }
        };
        if outcome.is_err() && !self.parser.proceed_next_document().unwrap_or(false) {
            // The parser yields nothing more by itself after this.
            self.text = "";
            self.parser = Parser::new_from_str("");
        }
        Some(outcome)
    }
}

fn fault(error: &ScanError, lines: Lines) -> Fault {
    let marker = error.marker();
    let info = error.info();
    if info.contains("recursion limit") || info.contains("nest") {
        return too_deep(lines.at(marker.line()));
    }
    let message = format!("{info} at column {}", marker.col() + 1);
    let hint = if info.contains("tab") {
        "indent with spaces: YAML allows no tabs there"
    } else if info.contains("mapping values") {
        "quote a value that has `: ` in it, and check the indentation"
    } else if info.contains("anchor") {
        "an alias `*name` needs an anchor `&name` before it in the same document"
    } else {
        "check quotes, brackets and indentation at this line and above it"
    };
    Fault::new(lines.at(marker.line()), message).hint(hint)
}

enum Frame {
    Sequence { start: usize, line: u32, anchor: usize },
    Mapping { start: usize, line: u32, anchor: usize, key: Option<Key>, merges: bool },
}

enum Key {
    Name(Arc<str>, u32),
    Merge(u32),
}

/// Makes a tree from events. Finished values wait on two stacks until their collection ends and takes them
/// over in one piece, so that every list is allocated once, in its exact size.
struct Builder<'r> {
    shared: Shared<'r>,
    lines: Lines,
    frames: Vec<Frame>,
    values: Vec<Tree>,
    entries: Vec<(Entry, bool)>,
    /// Finished anchors; one that is still being read is missing.
    anchors: HashMap<usize, Tree>,
    nodes: usize,
    literals: Vec<u32>,
    root: Option<Tree>,
}

impl<'r> Builder<'r> {
    fn new(lines: Lines, shared: Shared<'r>) -> Self {
        Self {
            shared,
            lines,
            frames: Vec::new(),
            values: Vec::new(),
            entries: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            literals: Vec::new(),
            root: None,
        }
    }

    fn finish(mut self) -> Result<(Tree, Literals), Fault> {
        self.literals.sort_unstable();
        Ok((self.root.unwrap_or(Tree::new(0, Value::Null)), Literals(self.literals)))
    }

    fn event(&mut self, event: Event<'_>, span: &Span, text: &str) -> Result<(), Fault> {
        let line = self.lines.at(span.start.line());
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                self.scalar(&value, style, anchor, tag.as_deref(), line)
            }
            Event::SequenceStart(_, anchor, _) => {
                self.open(Frame::Sequence { start: self.values.len(), line, anchor }, line)
            }
            Event::MappingStart(_, anchor, _) => {
                let start = self.entries.len();
                self.open(Frame::Mapping { start, line, anchor, key: None, merges: false }, line)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(line),
            Event::Alias(id) => self.alias(id, line, span.slice(text).unwrap_or_default()),
            _ => Ok(()),
        }
    }

    fn count(&mut self, line: u32) -> Result<(), Fault> {
        self.nodes += 1;
        if self.nodes > limits::MAX_NODES { Err(too_many(line)) } else { Ok(()) }
    }

    fn open(&mut self, frame: Frame, line: u32) -> Result<(), Fault> {
        self.count(line)?;
        if self.frames.len() >= limits::MAX_DEPTH {
            return Err(too_deep(line));
        }
        if let Some(Frame::Mapping { key: None, .. }) = self.frames.last() {
            return Err(Fault::new(line, "a key is a list or a mapping").hint(
                "JSON, and so Kubernetes, knows only strings as keys; quote templates such as `{{ … }}`",
            ));
        }
        self.frames.push(frame);
        Ok(())
    }

    fn close(&mut self, line: u32) -> Result<(), Fault> {
        let (tree, anchor) = match self.frames.pop() {
            Some(Frame::Sequence { start, line, anchor }) => {
                let items: Box<[Tree]> = self.values.drain(start.min(self.values.len())..).collect();
                (Tree::new(line, Value::Sequence(items)), anchor)
            }
            Some(Frame::Mapping { start, line, anchor, merges, .. }) => {
                let entries = self.entries.drain(start.min(self.entries.len())..);
                let entries = if merges {
                    merged(entries)?
                } else {
                    let entries: Box<[Entry]> = entries.map(|(entry, _)| entry).collect();
                    check_unique(&entries)?;
                    entries
                };
                (Tree::new(line, Value::Mapping(entries)), anchor)
            }
            None => return Err(Fault::new(line, "a collection ends that did not begin")),
        };
        self.anchor(anchor, &tree)?;
        self.place(tree)
    }

    fn anchor(&mut self, anchor: usize, tree: &Tree) -> Result<(), Fault> {
        if anchor != 0 {
            let copy = self.copy(tree, tree.line)?;
            self.anchors.insert(anchor, copy);
        }
        Ok(())
    }

    fn copy(&mut self, tree: &Tree, line: u32) -> Result<Tree, Fault> {
        *self.shared.copied = self.shared.copied.saturating_add(size(tree));
        if *self.shared.copied > limits::MAX_ALIAS_NODES {
            return Err(Fault::new(
                line,
                format!("aliases expand to more than {} values", limits::MAX_ALIAS_NODES),
            )
            .hint("write the values out, or split the file"));
        }
        Ok(tree.clone())
    }

    fn alias(&mut self, id: usize, line: u32, name: &str) -> Result<(), Fault> {
        self.count(line)?;
        let Some(target) = self.anchors.get(&id) else {
            return Err(Fault::new(line, format!("alias `{}` stands inside its own anchor", shown(name)))
                .hint("a value can't contain itself; write out what is meant"));
        };
        let target = target.clone_shallow_if_scalar();
        let tree = match target {
            Some(scalar) => {
                *self.shared.copied = self.shared.copied.saturating_add(1);
                scalar
            }
            None => {
                let target = self.anchors.remove(&id).unwrap_or(Tree::new(line, Value::Null));
                let copy = self.copy(&target, line)?;
                self.anchors.insert(id, target);
                copy
            }
        };
        if let Some(Frame::Mapping { key: key @ None, .. }) = self.frames.last_mut() {
            let Some(name) = key_of(&tree) else {
                return Err(Fault::new(
                    line,
                    format!("alias `{}` is no scalar and can't be a key", shown(name)),
                ));
            };
            *key = Some(Key::Name(self.shared.interner.share(&name), line));
            return Ok(());
        }
        self.place(tree)
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        mut line: u32,
    ) -> Result<(), Fault> {
        self.count(line)?;
        let plain = style == ScalarStyle::Plain;
        let tag = tag.map(|tag| {
            let (handle, suffix) = tag.parts();
            format!("{handle}{suffix}")
        });
        let is_key = matches!(self.frames.last(), Some(Frame::Mapping { key: None, .. }));
        let merge_tag = tag.as_deref() == Some("tag:yaml.org,2002:merge");
        if is_key && text == "<<" && ((plain && tag.is_none()) || merge_tag) {
            if let Some(Frame::Mapping { key, merges, .. }) = self.frames.last_mut() {
                *key = Some(Key::Merge(line));
                *merges = true;
            }
            return Ok(());
        }
        let value = match &tag {
            Some(tag) => scalar::resolve_tagged(tag, text).map_err(|message| {
                Fault::new(line, message).hint("kubectl refuses this too; correct the value or its tag")
            })?,
            None if plain => scalar::resolve(text),
            None => Scalar::String(text.into()),
        };
        if is_key {
            let name = scalar::key(value).map_err(|why| {
                Fault::new(line, format!("{why}: `{}`", shown(text)))
                    .hint("JSON, and so Kubernetes, knows only strings as keys: quote it")
            })?;
            let name = self.shared.interner.share(&name);
            if anchor != 0 {
                self.anchors.insert(anchor, Tree::new(line, Value::String(Arc::clone(&name))));
            }
            if let Some(Frame::Mapping { key, .. }) = self.frames.last_mut() {
                *key = Some(Key::Name(name, line));
            }
            return Ok(());
        }
        if style == ScalarStyle::Literal && matches!(self.lines, Lines::From(_)) {
            // The parser tells the first line that is not blank; the text begins with the blank ones above it.
            let blank = text.bytes().take_while(|byte| *byte == b'\n').count();
            line = line.saturating_sub(u32::try_from(blank).unwrap_or(u32::MAX));
            self.literals.push(line);
        }
        let value = tree_value(self.shared.interner, value, text, line)?;
        let tree = Tree::new(line, value);
        if anchor != 0 {
            self.anchor(anchor, &tree)?;
        }
        self.place(tree)
    }

    /// Puts a finished value where it belongs.
    fn place(&mut self, tree: Tree) -> Result<(), Fault> {
        match self.frames.last_mut() {
            None => self.root = Some(tree),
            Some(Frame::Sequence { .. }) => self.values.push(tree),
            Some(Frame::Mapping { key, .. }) => match key.take() {
                Some(Key::Name(key, line)) => self.entries.push((Entry { key, line, value: tree }, false)),
                Some(Key::Merge(line)) => {
                    self.entries.push((Entry { key: Arc::from("<<"), line, value: tree }, true));
                }
                None => return Err(Fault::new(tree.line, "a key is a list or a mapping")),
            },
        }
        Ok(())
    }
}

trait CloneScalar {
    fn clone_shallow_if_scalar(&self) -> Option<Tree>;
}

impl CloneScalar for Tree {
    fn clone_shallow_if_scalar(&self) -> Option<Tree> {
        match self.value {
            Value::Sequence(_) | Value::Mapping(_) => None,
            _ => Some(self.clone()),
        }
    }
}

/// The key that a scalar under an alias makes.
fn key_of(tree: &Tree) -> Option<String> {
    let scalar = match &tree.value {
        Value::String(text) => Scalar::String(text.as_ref().into()),
        Value::Bool(value) => Scalar::Bool(*value),
        Value::Number(number) => number.integer.map_or(Scalar::Float(number.float), Scalar::Integer),
        _ => return None,
    };
    scalar::key(scalar).ok().map(std::borrow::Cow::into_owned)
}

/// A mapping with merge keys, made in the order in which go-yaml v2 sets its keys: what comes later counts, also
/// where a `<<` comes after the key. Of a list of mappings the first counts.
fn merged(entries: impl Iterator<Item = (Entry, bool)>) -> Result<Box<[Entry]>, Fault> {
    let mut result: Vec<(Entry, bool)> = Vec::new();
    let mut index: HashMap<Arc<str>, usize> = HashMap::new();
    let mut set = |entry: Entry, own: bool| -> Result<(), Fault> {
        match index.get(&entry.key).and_then(|at| result.get_mut(*at)) {
            Some((known, true)) if own => Err(duplicate(&entry.key, known.line, entry.line)),
            Some(known) => {
                let was_own = known.1;
                *known = (entry, own || was_own);
                Ok(())
            }
            None => {
                index.insert(Arc::clone(&entry.key), result.len());
                result.push((entry, own));
                Ok(())
            }
        }
    };
    for (entry, is_merge) in entries {
        if !is_merge {
            set(entry, true)?;
            continue;
        }
        let line = entry.line;
        let wrong = || {
            Fault::new(line, "the merge key `<<` has a value that is no mapping")
                .hint("it takes an alias of a mapping, or a list of those")
        };
        let mappings = match entry.value.value {
            Value::Mapping(_) => vec![entry.value],
            Value::Sequence(items) => items.into_vec().into_iter().rev().collect(),
            _ => return Err(wrong()),
        };
        for mapping in mappings {
            let Value::Mapping(entries) = mapping.value else { return Err(wrong()) };
            for entry in entries {
                set(entry, false)?;
            }
        }
    }
    Ok(result.into_iter().map(|(entry, _)| entry).collect())
}

fn tree_value(interner: &mut Interner, scalar: Scalar<'_>, written: &str, line: u32) -> Result<Value, Fault> {
    let mut number = |integer, float: f64| {
        let written = interner.share(written);
        Value::Number(Box::new(Number { written, integer, float }))
    };
    #[expect(clippy::cast_precision_loss, reason = "`float` is documented as rounded")]
    Ok(match scalar {
        Scalar::Null => Value::Null,
        Scalar::Bool(value) => Value::Bool(value),
        Scalar::Integer(value) => number(Some(value), value as f64),
        Scalar::Unsigned(value) => number(None, value as f64),
        Scalar::Float(value) if value.is_finite() => number(integral(value), value),
        Scalar::Float(_) => {
            return Err(Fault::new(line, format!("`{}` is not a number that JSON can hold", shown(written)))
                .hint("kubectl refuses this too; quote it if it is meant as text"));
        }
        Scalar::String(text) => Value::String(interner.share(&text)),
    })
}

/// The integer that a float is, as Go's JSON writes it: `1e3` becomes 1000, `1e21` stays. At the bounds of `i64` a
/// float is rounded beyond them.
#[expect(clippy::cast_possible_truncation, reason = "the bounds before it make it exact")]
pub(crate) fn integral(value: f64) -> Option<i64> {
    const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
    (value.fract() == 0.0 && value.abs() < TWO_TO_63).then_some(value as i64)
}
