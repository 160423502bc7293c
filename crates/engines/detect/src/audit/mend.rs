//! A JSON text that was cut off is closed where it was whole last.
//!
//! Log services keep so many characters of a line and throw the rest away: Amazon CloudWatch Logs' agent kept 10,000 of EKS's, the
//! apiserver itself can be told to truncate. What came before the cut is still evidence.

/// Deepest nesting that is closed again: the apiserver takes no deeper objects.
/// Source: Kubernetes v1.37, sigs.k8s.io/json, `maxNestingDepth` is 10,000; events have about 20.
const MAX_DEPTH: usize = 128;

/// The text up to the end of its last whole member, and whatever closes what is open there. `None` if it doesn't begin with an
/// object, or is nested too deeply; the result may still be no JSON, if more than its end is missing.
pub fn mend(cut: &str) -> Option<String> {
    let mut open = Vec::new();
    // The length that could stay. Whatever opens or closes is such a place, so that what is open at the end was open there.
    let mut whole = None;
    let mut bytes = cut.bytes().enumerate();
    let mut is_name = false;
    while let Some((at, byte)) = bytes.next() {
        let after = at.saturating_add(1);
        match byte {
            b'{' | b'[' => {
                if open.len() >= MAX_DEPTH {
                    return None;
                }
                open.push(byte);
                is_name = byte == b'{';
                whole = Some(after);
            }
            b'}' | b']' => {
                open.pop();
                whole = Some(after);
                if open.is_empty() {
                    break;
                }
            }
            b'"' => {
                let end = loop {
                    match bytes.next() {
                        Some((_, b'\\')) => drop(bytes.next()),
                        Some((end, b'"')) => break Some(end),
                        Some(_) => {}
                        None => break None,
                    }
                };
                let Some(end) = end else { break };
                if !is_name {
                    whole = Some(end.saturating_add(1));
                }
            }
            b':' => is_name = false,
            b',' => {
                // A number or a word before it is whole only now.
                whole = Some(at);
                is_name = open.last() == Some(&b'{');
            }
            _ => {}
        }
    }
    let mut mended = cut.get(..whole?)?.trim_end_matches(',').to_owned();
    if !mended.trim_start().starts_with('{') {
        return None;
    }
    mended.extend(open.iter().rev().map(|byte| if *byte == b'{' { '}' } else { ']' }));
    Some(mended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn what_was_whole_stays() {
        for (cut, mended) in [
            (r#"{"a":"b","c":[1,2"#, r#"{"a":"b","c":[1]}"#),
            (r#"{"a":{"b":"c","d":"e"#, r#"{"a":{"b":"c"}}"#),
            (r#"{"a":"\"}","b"#, r#"{"a":"\"}"}"#),
            (r#"{"a":[{"b":true},{"c":fal"#, r#"{"a":[{"b":true},{}]}"#),
            (r#"{"a":1}{"b""#, r#"{"a":1}"#),
            ("{", "{}"),
        ] {
            assert_eq!(mend(cut).as_deref(), Some(mended), "{cut}");
        }
        for cut in ["", "x", "[1", "\"a"] {
            assert_eq!(mend(cut), None, "{cut}");
        }
    }

    /// Whether all that one value holds is in the other, in the same places.
    fn is_part(part: &Value, whole: &Value) -> bool {
        match (part, whole) {
            (Value::Object(part), Value::Object(whole)) => {
                part.iter().all(|(name, value)| whole.get(name).is_some_and(|other| is_part(value, other)))
            }
            (Value::Array(part), Value::Array(whole)) => {
                part.len() <= whole.len() && part.iter().zip(whole).all(|(one, other)| is_part(one, other))
            }
            _ => part == whole,
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a\\\\\"{}:,é]{0,5}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[ab\"\\\\]{1,3}", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn wherever_it_is_cut_the_rest_is_a_part_of_the_whole(value in value()) {
            let whole = json!({"a": value, "b": 1});
            let text = whole.to_string();
            for end in (1..text.len()).filter(|end| text.is_char_boundary(*end)) {
                let mended = mend(text.get(..end).unwrap()).unwrap();
                let part: Value = serde_json::from_str(&mended).unwrap();
                prop_assert!(is_part(&part, &whole), "{} is no part of {text}", mended);
            }
        }

        #[test]
        fn whatever_it_is_it_ends(text in ".{0,200}") {
            let _ = mend(&text);
        }
    }
}
