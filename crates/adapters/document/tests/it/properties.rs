//! What holds for all texts.

use proptest::prelude::*;
use ringwall_document::Reader;
use ringwall_model::{Tree, Value};
use serde_json::Value as Json;

use crate::read::{FILE, read};

fn json() -> impl Strategy<Value = Json> {
    let text = prop_oneof![
        ".*",
        "[ -~\n\t]{0,40}",
        proptest::sample::select(vec![
            "yes", "012", "~", "", "- a", "a: b", "#", "---", "\u{FEFF}", "\u{85}"
        ])
        .prop_map(str::to_owned),
    ];
    let number = prop_oneof![
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(Json::from),
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        number,
        text.clone().prop_map(Json::from)
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Json::from),
            proptest::collection::hash_map(text.clone(), inner, 0..8)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

/// Whether a tree says what `serde_json` read.
fn same(tree: &Tree, json: &Json) -> bool {
    match (&tree.value, json) {
        (Value::Null, Json::Null) => true,
        (Value::Bool(one), Json::Bool(other)) => one == other,
        (Value::String(one), Json::String(other)) => **one == **other,
        (Value::Number(one), Json::Number(other)) => {
            let float = other.as_f64().unwrap();
            let rounding = (one.float - float).abs() <= float.abs() * f64::EPSILON;
            rounding && (!other.is_i64() || one.integer == other.as_i64())
        }
        (Value::Sequence(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Mapping(one), Json::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, (key, value))| *one.key == **key && same(&one.value, value))
        }
        _ => false,
    }
}

/// Reads a text as the only thing in a file. The item around it keeps `null` from being an empty document.
fn agrees(text: &str, json: &Json) -> Result<(), TestCaseError> {
    let (documents, problems) = read(text);
    prop_assert!(problems.is_empty(), "{text}: {problems:?}");
    prop_assert_eq!(documents.len(), 1);
    prop_assert!(same(&documents[0].tree, json), "{}: {:?}", text, documents[0].tree);
    Ok(())
}

/// JSON with escapes for what YAML doesn't let stand bare in a text: `c-printable` without the line ends of 1.1.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{7F}'..='\u{9F}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}' => {
                format!("\\u{:04x}", u32::from(c))
            }
            c => c.to_string(),
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn json_reads_as_serde_json_reads_it(value in json()) {
        let value = Json::Array(vec![value]);
        agrees(&value.to_string(), &value)?;
        agrees(&serde_json::to_string_pretty(&value).unwrap(), &value)?;
    }

    #[test]
    fn json_is_yaml(value in json()) {
        let value = Json::Array(vec![value]);
        let text = printable(&value.to_string());
        agrees(&format!("# YAML\n{text}"), &value)?;
        agrees(&format!("--- # YAML\n{text}"), &value)?;
    }

    #[test]
    fn one_line_reads_as_a_file_does(value in json()) {
        let line = serde_json::json!({ "event": value }).to_string();
        let tree = Reader::default().read_line(&FILE.into(), 1, line.as_bytes()).unwrap().unwrap();
        prop_assert_eq!(&tree, &read(&line).0[0].tree);
    }

    #[test]
    fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read(&bytes);
        drop(Reader::default().read_line(&FILE.into(), 1, &bytes));
    }

    #[test]
    fn any_text_of_yaml_symbols_gives_an_answer(text in "[-:,\\[\\]{}&*!|>'\"%@`#? ~<a0\n\t.]{0,120}") {
        let (documents, problems) = read(&text);
        let last = u32::try_from(text.lines().count() + 1).unwrap();
        for line in documents.iter().map(|document| document.tree.line).chain(problems.iter().map(|problem| problem.source.line)) {
            prop_assert!((1..=last).contains(&line), "line {} of {}", line, last);
        }
    }
}
