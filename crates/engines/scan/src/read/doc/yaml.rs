//! YAML of lock files: one document, no aliases.

use granit_parser::{Event, Parser, ScalarStyle};

use super::{Doc, Fault, MAX_DEPTH, MAX_VALUES};
use crate::read::Spot;

pub(super) fn read(text: &str) -> (Doc, Option<Fault>) {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH + 1,
        block_nesting_limit: MAX_DEPTH + 1,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut builder = Builder { open: Vec::new(), root: Doc::Null, left: MAX_VALUES };
    let fault = loop {
        match parser.next_event() {
            None => break None,
            Some(Err(error)) => {
                let line = u64::try_from(error.marker().line()).unwrap_or(u64::MAX);
                break Some(Fault {
                    spot: Spot::Line(line),
                    message: format!("not YAML here: {}", error.info()),
                });
            }
            Some(Ok((Event::DocumentEnd | Event::StreamEnd, _))) => break None,
            Some(Ok((event, span))) => {
                if let Err(message) = builder.event(event) {
                    let line = u64::try_from(span.start.line()).unwrap_or(u64::MAX);
                    break Some(Fault { spot: Spot::Line(line), message: message.to_owned() });
                }
            }
        }
    };
    (builder.finish(), fault)
}

/// A collection that has not ended; a mapping with the key whose value is next.
enum Open {
    List(Vec<Doc>),
    Map(Vec<(String, Doc)>, Option<String>),
}

struct Builder {
    open: Vec<Open>,
    root: Doc,
    left: usize,
}

impl Builder {
    fn event(&mut self, event: Event<'_>) -> Result<(), &'static str> {
        match event {
            Event::Scalar(text, style, ..) => {
                self.left = self.left.checked_sub(1).ok_or("more values than are read")?;
                let plain = matches!(style, ScalarStyle::Plain);
                self.put(scalar(&text, plain));
            }
            Event::SequenceStart(..) => self.begin(Open::List(Vec::new()))?,
            Event::MappingStart(..) => self.begin(Open::Map(Vec::new(), None))?,
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(..) => return Err("an alias, which no lock file has"),
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, open: Open) -> Result<(), &'static str> {
        self.left = self.left.checked_sub(1).ok_or("more values than are read")?;
        if self.open.len() >= MAX_DEPTH {
            return Err("nested deeper than is read");
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self) {
        let done = match self.open.pop() {
            Some(Open::List(items)) => Doc::List(items),
            Some(Open::Map(mut entries, key)) => {
                entries.extend(key.map(|key| (key, Doc::Null)));
                Doc::Map(entries)
            }
            None => return,
        };
        self.put(done);
    }

    fn put(&mut self, value: Doc) {
        match self.open.last_mut() {
            None => self.root = value,
            Some(Open::List(items)) => items.push(value),
            Some(Open::Map(entries, key)) => match key.take() {
                Some(key) => entries.push((key, value)),
                // A key that is a collection names nothing that is looked for.
                None => *key = Some(value.as_str().unwrap_or_default().to_owned()),
            },
        }
    }

    /// Ends what the text left open.
    fn finish(mut self) -> Doc {
        while !self.open.is_empty() {
            self.end();
        }
        self.root
    }
}

/// Versions such as `1.10` must keep their text, so numbers stay as they were written.
fn scalar(text: &str, plain: bool) -> Doc {
    match text {
        "true" if plain => Doc::Bool(true),
        "false" if plain => Doc::Bool(false),
        "" | "~" | "null" if plain => Doc::Null,
        _ => Doc::Text(text.to_owned()),
    }
}
