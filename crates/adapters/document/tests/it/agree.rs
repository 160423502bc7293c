use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::{json, one, read};

/// JSON of every kind, its strings full of what YAML takes for something else.
fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof!["[ -~]{0,12}", "(yes|no|012|~|null|1e3|- a|a: b|# c|<<|&a|\\*a|\n|\t|é|\u{1F600}){0,3}"];
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1_000_000_i32..1_000_000).prop_map(|value| Value::from(f64::from(value) + 0.25)),
        text.prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec(("[a-z<:#]{0,6}", inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn json_is_read_as_serde_json_reads_it(value in value()) {
        for text in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
            let (trees, problems) = read(format!("[{text}]"));
            prop_assert_eq!(problems, vec![]);
            prop_assert_eq!(json(&trees[0].items()[0]), value.clone());
        }
    }

    #[test]
    fn yaml_reads_the_same_json_alike(value in value()) {
        let text = serde_json::to_string_pretty(&value).unwrap();
        let as_json = one(format!("[{text}]"));
        // What does not begin with a bracket is read by the YAML parser.
        let as_yaml = one(format!("- {}", text.replace('\n', "\n  ")));
        prop_assert_eq!(as_json, as_yaml);
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in "[\\[\\]{}:,&*!|>'\"%@`# \n\ta-c0-9.~<-]{0,200}") {
        read(&text);
        read(text.replace('\n', "\n---\n"));
    }
}
