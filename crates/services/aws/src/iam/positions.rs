//! Where the statements of a policy's text begin and end.

use std::ops::Range;

/// A place in a text, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// Where a statement begins and where it has ended, by its place in the policy. The text is a policy that was read: what is
/// no JSON has no statements.
pub(crate) fn statement(text: &str, index: usize) -> Option<(Position, Position)> {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
    let span = scanner.statements()?.into_iter().nth(index)?;
    Some((position(text, span.start), position(text, span.end)))
}

fn position(text: &str, at: usize) -> Position {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    Position { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
}

/// Walks over JSON without reading it.
struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Scanner<'_> {
    /// The spans of the statements: of each in a list, or of the only one.
    fn statements(&mut self) -> Option<Vec<Range<usize>>> {
        self.expect(b'{')?;
        while self.peek()? == b'"' {
            let key = self.value()?;
            let is_wanted = self.bytes.get(key)? == b"\"Statement\"";
            self.expect(b':')?;
            if is_wanted {
                return if self.peek()? == b'[' { self.items() } else { Some(vec![self.value()?]) };
            }
            self.value()?;
            if self.peek()? == b',' {
                self.at += 1;
            }
        }
        None
    }

    fn items(&mut self) -> Option<Vec<Range<usize>>> {
        let mut items = Vec::new();
        self.expect(b'[')?;
        while self.peek()? != b']' {
            items.push(self.value()?);
            if self.peek()? == b',' {
                self.at += 1;
            }
        }
        Some(items)
    }

    /// The span of a value.
    fn value(&mut self) -> Option<Range<usize>> {
        self.peek()?;
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.bytes.get(self.at)? {
                b'"' => self.string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                // What is neither text nor nested ends at the next mark.
                _ => self.at += 1,
            }
            let ends = self.bytes.get(self.at).is_none_or(|byte| b",]}: \t\r\n".contains(byte));
            if depth == 0 && ends {
                return Some(start..self.at);
            }
        }
    }

    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            match self.bytes.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(())
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        while self.bytes.get(self.at)?.is_ascii_whitespace() {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn expect(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn spans(text: &str) -> Vec<String> {
        let spans = Scanner { bytes: text.as_bytes(), at: 0 }.statements().unwrap_or_default();
        spans.into_iter().map(|span| text.get(span).unwrap().to_owned()).collect()
    }

    #[test]
    fn positions_are_counted_from_one() {
        let text =
            "{\"Version\":\"2012-10-17\",\n \"Statement\": [\n  {\"Sid\":\"ä]\"},\n  {\"Sid\":\"b\"} ]}";
        let (start, end) = statement(text, 1).unwrap();
        assert_eq!((start.line, start.column), (4, 3));
        assert_eq!((end.line, end.column), (4, 14));
        assert_eq!(statement(text, 2), None);
        assert_eq!(spans("{\"Statement\":{\"a\":[{}]}}"), ["{\"a\":[{}]}"]);
        for bad in ["", "{", "[]", "{\"Statement\"", "{\"Statement\":", "{\"a\":1,\"b\":[1,\"\\\"]\"]}"] {
            assert_eq!(spans(bad), Vec::<String>::new(), "{bad}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[ -~\u{e4}\n]{0,8}".prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[ -~]{0,4}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn each_span_is_the_statement(before in value(), statements in prop::collection::vec(value(), 0..4), pretty: bool) {
            let document = json!({ "Id": before, "Statement": statements, "Version": "2012-10-17" });
            let text = if pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) };
            let found: Vec<Value> = spans(&text.unwrap()).iter().map(|span| serde_json::from_str(span).unwrap()).collect();
            prop_assert_eq!(found, statements);
        }
    }
}
