//! The structure of JSON, as far as it takes to find where values begin and end, piece by piece.
//!
//! A document may lie over many lines, and a line may hold a document of any size. What counts are the elements of its list: they
//! are found while the rest is still to come, so that memory holds one of them.

use memchr::memchr2;

use crate::limits::MAX_DEPTH;

/// Members of documents whose lists hold entries.
///
/// `Records`: CloudTrail's files in S3. `items`: lists of Kubernetes. `events`: CloudWatch's answers. `logEvents`: CloudWatch's
/// subscriptions. `Events`: CloudTrail's `lookup-events`. `results`: CloudWatch Logs Insights. `records`: Firehose's events.
const LISTS: [&[u8]; 7] = [b"Records", b"items", b"events", b"logEvents", b"Events", b"results", b"records"];

/// Whether a member of a document may be a list of entries.
pub(crate) fn is_list(name: &str) -> bool {
    LISTS.contains(&name.as_bytes())
}

/// Longest name in [`LISTS`], and one more.
const NAME: usize = 10;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// A value has to begin, or, after `[`, its end may come.
    #[default]
    Value,
    FirstElement,
    /// A member's name has to begin, or, after `{`, the end may come.
    Name,
    FirstName,
    Colon,
    /// After a value.
    After,
    Text {
        is_name: bool,
        escaped: bool,
    },
    /// A number, `true`, `false`, `null`.
    Word,
}

/// What there is at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A document begins here.
    Begin,
    /// Its list begins here; elements follow.
    List,
    /// An element of the list begins here.
    Element,
    /// The element has ended before this place.
    ElementEnd,
    /// The document has ended before this place.
    End,
    /// This can't stand here.
    Broken,
}

/// Follows one document.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    open: Vec<u8>,
    state: State,
    /// How deep the elements lie, while a list is open.
    list: Option<usize>,
    /// The beginning of the latest member's name, of the document itself.
    name: Vec<u8>,
    in_element: bool,
}

impl Scan {
    /// Whether a document is open.
    pub(crate) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// The next place where something is, from `at` on, and how to go on after it. `None`: all was looked at.
    pub(crate) fn next(&mut self, piece: &[u8], mut at: usize) -> Option<(usize, Found)> {
        loop {
            let byte = *piece.get(at)?;
            match self.state {
                State::Text { is_name, escaped } => {
                    at = self.text(piece, at, is_name, escaped);
                    if matches!(self.state, State::After)
                        && let Some(found) = self.value_ended()
                    {
                        return Some((at, found));
                    }
                    continue;
                }
                State::Word if !matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n') => {
                    at = at.saturating_add(1);
                    continue;
                }
                State::Word => {
                    self.state = State::After;
                    if let Some(found) = self.value_ended() {
                        return Some((at, found));
                    }
                    continue;
                }
                _ => {}
            }
            if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                at = at.saturating_add(1);
                continue;
            }
            // An element is told before it is entered.
            let begins_value = match self.state {
                State::Value => true,
                State::FirstElement => byte != b']',
                _ => false,
            };
            if begins_value && self.list == Some(self.open.len()) && !self.in_element {
                self.in_element = true;
                return Some((at, Found::Element));
            }
            let found = self.step(byte);
            match found {
                Some(Found::Begin | Found::Broken) => return Some((at, found?)),
                Some(found) => return Some((at.saturating_add(1), found)),
                None => at = at.saturating_add(1),
            }
        }
    }

    /// Forgets the document.
    pub(crate) fn clear(&mut self) {
        self.open.clear();
        self.name.clear();
        (self.state, self.list, self.in_element) = (State::Value, None, false);
    }

    /// Tells that a line has ended. Texts don't reach beyond one.
    pub(crate) fn line_ended(&mut self) -> Option<Found> {
        match self.state {
            State::Text { .. } => Some(Found::Broken),
            State::Word => {
                self.state = State::After;
                self.value_ended()
            }
            _ => None,
        }
    }

    /// Reads on in a text: the place after what is known of it.
    fn text(&mut self, piece: &[u8], from: usize, is_name: bool, mut escaped: bool) -> usize {
        let mut at = from;
        while let Some(rest) = piece.get(at..).filter(|rest| !rest.is_empty()) {
            if escaped {
                escaped = false;
                at = at.saturating_add(1);
                continue;
            }
            match memchr2(b'"', b'\\', rest) {
                None => at = piece.len(),
                Some(distance) => {
                    at = at.saturating_add(distance);
                    if piece.get(at) == Some(&b'\\') {
                        escaped = true;
                        at = at.saturating_add(1);
                        continue;
                    }
                    self.note_name(piece.get(from..at).unwrap_or_default(), is_name);
                    self.state = if is_name { State::Colon } else { State::After };
                    return at.saturating_add(1);
                }
            }
        }
        self.note_name(piece.get(from..).unwrap_or_default(), is_name);
        self.state = State::Text { is_name, escaped };
        at
    }

    fn note_name(&mut self, part: &[u8], is_name: bool) {
        if is_name && self.open.len() == 1 {
            let room = NAME.saturating_sub(self.name.len());
            self.name.extend(part.iter().take(room));
        }
    }

    fn step(&mut self, byte: u8) -> Option<Found> {
        match (self.state, byte) {
            (State::Value | State::FirstElement, b'{' | b'[') => {
                if self.open.len() >= MAX_DEPTH {
                    return Some(Found::Broken);
                }
                self.open.push(byte);
                self.state = if byte == b'{' { State::FirstName } else { State::FirstElement };
                let depth = self.open.len();
                let is_list = byte == b'['
                    && (depth == 1 || (depth == 2 && self.list.is_none() && self.is_list_member()));
                if is_list {
                    self.list = Some(depth);
                    return Some(Found::List);
                }
                (depth == 1).then_some(Found::Begin)
            }
            (State::Value | State::FirstElement, b'"') => {
                self.state = State::Text { is_name: false, escaped: false };
                None
            }
            (State::Value | State::FirstElement, b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
                if self.is_open() =>
            {
                self.state = State::Word;
                None
            }
            (State::FirstName | State::Name, b'"') => {
                if self.open.len() == 1 {
                    self.name.clear();
                }
                self.state = State::Text { is_name: true, escaped: false };
                None
            }
            (State::Colon, b':') => {
                self.state = State::Value;
                None
            }
            (State::After, b',') => {
                self.state = if self.open.last() == Some(&b'{') { State::Name } else { State::Value };
                None
            }
            (State::FirstName | State::After, b'}') if self.open.last() == Some(&b'{') => self.close(),
            (State::FirstElement | State::After, b']') if self.open.last() == Some(&b'[') => self.close(),
            _ => Some(Found::Broken),
        }
    }

    fn is_list_member(&self) -> bool {
        self.open.first() == Some(&b'{') && LISTS.contains(&self.name.as_slice())
    }

    fn close(&mut self) -> Option<Found> {
        if self.list == Some(self.open.len()) && !self.in_element {
            self.list = None;
        }
        self.open.pop();
        self.state = State::After;
        if self.open.is_empty() {
            self.clear();
            return Some(Found::End);
        }
        self.value_ended()
    }

    /// Whether the value that has ended is an element of the list.
    fn value_ended(&mut self) -> Option<Found> {
        if self.in_element && self.list == Some(self.open.len()) {
            self.in_element = false;
            return Some(Found::ElementEnd);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    /// How many elements lists have, and documents without one; `None` if it is broken.
    fn count(text: &str, pieces: usize) -> Option<usize> {
        let mut scan = Scan::default();
        let (mut count, mut has_list) = (0, false);
        for piece in text.as_bytes().chunks(pieces) {
            let mut at = 0;
            while let Some((next, found)) = scan.next(piece, at) {
                at = next + usize::from(found == Found::Begin);
                match found {
                    Found::Begin => has_list = false,
                    Found::List => has_list = true,
                    Found::ElementEnd => count += 1,
                    Found::End => count += usize::from(!has_list),
                    Found::Element => {}
                    Found::Broken => return None,
                }
            }
        }
        assert!(!scan.is_open());
        Some(count)
    }

    #[test]
    fn lists_are_told_from_values() {
        for (text, count_of) in [
            (r#"{"Records":[{"a":[1,{"b":"]}"}]},{}],"x":[1,2]}"#, 2),
            (r#"{"kind":"EventList","items":[{"items":[{},{}]}]}"#, 1),
            (r#"[{"a":1}, 2, "x", null]"#, 4),
            (r#"{"a":{"Records":[1,2,3]}}"#, 1),
            (r#"{"a":1}"#, 1),
            (r#"{"events":[],"searchedLogStreams":[{}]}"#, 0),
            ("{\n \"Records\" : [\n {\n \"a\" : 1\n },\n {} ]\n}", 2),
            ("{\"Re\\u0063ords\":[1]}", 1),
        ] {
            assert_eq!(count(text, 1000), Some(count_of), "{text}");
        }
        for broken in [r#"{"a" "b"}"#, r#"{]"#, r#"[}"#, r#"{"a":1,}"#, r#"{1:2}"#, "x", r#"[1 2]"#, r#"{{"#]
        {
            assert_eq!(count(broken, 1000), None, "{broken}");
        }
        assert_eq!(count(&"[".repeat(MAX_DEPTH + 1), 1000), None);
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a\\\\\"{}:,é\\]]{0,5}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[ab\"\\\\]{1,3}|items", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn pieces_make_no_difference(values in prop::collection::vec(value(), 0..4), pieces in 1_usize..50) {
            let elements = values.len();
            for text in [
                json!({"a": 1, "items": values, "z": {"items": [1]}}).to_string(),
                serde_json::to_string_pretty(&json!({"items": values})).unwrap(),
                json!(values).to_string(),
            ] {
                prop_assert_eq!(count(&text, pieces), Some(elements), "{}", text);
            }
        }
    }
}
