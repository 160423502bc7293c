//! What plain, quoted and tagged scalars mean to kubectl.
//!
//! The tables hold what kubectl 1.32 makes of a document `v: …`, as `kubectl label --local -f - -o json` prints it.

use crate::read::{outcome, show};

const WORDS: [(&str, &str); 35] = [
    ("yes", "true"),
    ("Yes", "true"),
    ("YES", "true"),
    ("yEs", r#""yEs""#),
    ("y", "true"),
    ("Y", "true"),
    ("no", "false"),
    ("No", "false"),
    ("n", "false"),
    ("N", "false"),
    ("on", "true"),
    ("On", "true"),
    ("ON", "true"),
    ("off", "false"),
    ("OFF", "false"),
    ("oFF", r#""oFF""#),
    ("true", "true"),
    ("True", "true"),
    ("TRUE", "true"),
    ("tRUE", r#""tRUE""#),
    ("false", "false"),
    ("~", "null"),
    ("null", "null"),
    ("Null", "null"),
    ("NULL", "null"),
    ("nULL", r#""nULL""#),
    ("_1", r#""_1""#),
    ("inf", r#""inf""#),
    ("nan", r#""nan""#),
    ("Infinity", r#""Infinity""#),
    ("<<", r#""<<""#),
    ("=", r#""=""#),
    ("a#b", r#""a#b""#),
    ("a #b", r#""a""#),
    ("?a", r#""?a""#),
];

const NUMBERS: [(&str, &str); 73] = [
    ("012", "int 10"),
    ("0o14", "int 12"),
    ("0O14", "int 12"),
    ("0x1f", "int 31"),
    ("0X1F", "int 31"),
    ("0b1", "int 1"),
    ("0b101", "int 5"),
    ("-0b11", "int -3"),
    ("0b-11", "int -3"),
    ("1_000", "int 1000"),
    ("1__0", "int 10"),
    ("1_", "int 1"),
    ("0_7", "int 7"),
    ("08", "int 8"),
    ("089", "int 89"),
    ("012345678901", "int 12345678901"),
    ("0012", "int 10"),
    ("000000000012", "int 10"),
    ("111122223333", "int 111122223333"),
    ("1e3", "int 1000"),
    ("1E3", "int 1000"),
    ("1e+3", "int 1000"),
    ("1e21", "float 1e21"),
    ("1e-7", "float 1e-7"),
    ("1.", "int 1"),
    (".5", "float 0.5"),
    ("+.5", "float 0.5"),
    ("-.5", "float -0.5"),
    ("1.5", "float 1.5"),
    ("+12", "int 12"),
    ("-12", "int -12"),
    ("-012", "int -10"),
    ("-0", "int 0"),
    ("0", "int 0"),
    ("00", "int 0"),
    ("+0x1F", "int 31"),
    ("-0x1f", "int -31"),
    ("0x", r#""0x""#),
    ("0xg", r#""0xg""#),
    ("0b2", r#""0b2""#),
    ("0b", r#""0b""#),
    ("9223372036854775807", "int 9223372036854775807"),
    ("9223372036854775808", "float 9.223372036854776e18"),
    ("18446744073709551615", "float 1.8446744073709552e19"),
    ("18446744073709551616", "float 1.8446744073709552e19"),
    ("-9223372036854775808", "int -9223372036854775808"),
    ("-9223372036854775809", "float -9.223372036854776e18"),
    ("+9223372036854775808", "float 9.223372036854776e18"),
    ("1e400", r#""1e400""#),
    (".", r#"".""#),
    ("..", r#""..""#),
    ("+", r#""+""#),
    ("1.2.3", r#""1.2.3""#),
    ("1:30", r#""1:30""#),
    ("190:20:30", r#""190:20:30""#),
    ("2001-01-01", r#""2001-01-01""#),
    ("2001-12-14t21:59:43.10-05:00", r#""2001-12-14t21:59:43.10-05:00""#),
    ("12e03", "int 12000"),
    ("0.1e1", "int 1"),
    ("0x1.8p3", r#""0x1.8p3""#),
    ("1_0.5", "float 10.5"),
    ("1e1_0", "int 10000000000"),
    ("0777", "int 511"),
    ("0o8", r#""0o8""#),
    ("0o", r#""0o""#),
    ("1e", r#""1e""#),
    ("1e+", r#""1e+""#),
    (".e1", r#"".e1""#),
    ("1.e1", "int 10"),
    ("0x_1", "int 1"),
    ("0_x1", "int 1"),
    ("-_1", "int -1"),
    ("1,000", r#""1,000""#),
];

const QUOTED_AND_TAGGED: [(&str, &str); 23] = [
    (r#""yes""#, r#""yes""#),
    ("'012'", r#""012""#),
    (r#""a\u00e9\n""#, r#""aé\n""#),
    (r#""\x41""#, r#""A""#),
    ("!!str 012", r#""012""#),
    ("!!str yes", r#""yes""#),
    ("!!str ~", r#""~""#),
    (r#"!!int "3""#, "int 3"),
    ("!!int 3", "int 3"),
    ("!!float 3", "int 3"),
    (r#"!!float "1.5""#, "float 1.5"),
    (r#"!!bool "yes""#, "true"),
    ("!!bool yes", "true"),
    (r#"!!null """#, "null"),
    ("!!binary aGk=", r#""hi""#),
    ("!!timestamp 2001-01-01", r#""2001-01-01""#),
    ("! 012", r#""012""#),
    ("!foo 012", r#""012""#),
    ("!!str", r#""""#),
    ("!!map {}", "{}"),
    ("!!merge <<", r#""<<""#),
    ("!!set {a, b}", "{a: null, b: null}"),
    ("!!omap [a: 1]", "[{a: int 1}]"),
];

const COLLECTIONS: [(&str, &str); 19] = [
    ("[a, b: c]", r#"["a", {b: "c"}]"#),
    ("{a: ~}", "{a: null}"),
    ("{1: a}", r#"{1: "a"}"#),
    ("{1.5: a}", r#"{1.5: "a"}"#),
    ("{yes: a}", r#"{true: "a"}"#),
    ("{1e30: b}", r#"{1e+30: "b"}"#),
    ("{012: c}", r#"{10: "c"}"#),
    ("{0.1: a}", r#"{0.1: "a"}"#),
    ("{2001-01-01: c}", r#"{2001-01-01: "c"}"#),
    ("{? a : b}", r#"{a: "b"}"#),
    ("{a, b}", "{a: null, b: null}"),
    ("[a, [b], ]", r#"["a", ["b"]]"#),
    ("{.inf: a}", r#"{.inf: "a"}"#),
    ("{!!str 1: a}", r#"{1: "a"}"#),
    ("{1000000: a}", r#"{1000000: "a"}"#),
    ("{1e6: a}", r#"{1e+06: "a"}"#),
    ("{123456789.0: a}", r#"{1.2345679e+08: "a"}"#),
    (r#"{"a":b}"#, r#"{a: "b"}"#),
    ("{a:b}", "{a:b: null}"),
];

/// What kubectl refuses.
const REFUSED: [&str; 22] = [
    ".inf",
    "-.Inf",
    ".nan",
    ".NaN",
    "-",
    "!!int a",
    "!!null a",
    r#"!!binary "****""#,
    "!!timestamp nope",
    "!!int 1.0",
    "!!float .inf",
    "a: b",
    r#""a"#,
    "{~: a}",
    "{18446744073709551615: c}",
    "{[a]: b}",
    "{{a: b}: c}",
    "[,]",
    "@a",
    "`a",
    "%a",
    "- a",
];

fn check(table: &[(&str, &str)]) {
    let wrong: Vec<_> = table
        .iter()
        .map(|(text, expected)| (text, expected, outcome(format!("kind: X\nv: {text}\n"))))
        .filter(|(_, expected, found)| {
            found.1.len() + found.0.len() != 1 || found.0 != [format!("{{kind: \"X\", v: {expected}}}")]
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn words_mean_what_kubectl_takes_them_for() {
    check(&WORDS);
}

#[test]
fn numbers_mean_what_kubectl_takes_them_for() {
    check(&NUMBERS);
}

#[test]
fn quotes_and_tags_count_as_for_kubectl() {
    check(&QUOTED_AND_TAGGED);
}

#[test]
fn collections_and_their_keys_are_those_of_kubectl() {
    check(&COLLECTIONS);
}

#[test]
fn what_kubectl_refuses_is_an_error_at_its_line() {
    for text in REFUSED {
        let (values, problems) = outcome(format!("kind: X\nv: {text}\n---\nkind: Z\n"));
        assert_eq!(values, ["{kind: \"Z\"}"], "{text}");
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        assert!(problems[0].starts_with("2: "), "{text}: {problems:?}");
    }
}

#[test]
fn an_escaped_slash_is_json_and_yaml_1_2_though_kubectl_refuses_it() {
    check(&[(r#""\/""#, r#""/""#)]);
}

#[test]
fn numbers_keep_how_they_are_written() {
    for text in ["012345678901", "1_000", "1.30", "0x1F", "9223372036854775808", "1e3"] {
        let document = crate::read::one(format!("v: {text}\n"));
        let ringwall_model::Value::Number(number) = &document.tree.get("v").unwrap().value else {
            panic!("{text}: {}", show(&document.tree));
        };
        assert_eq!(&*number.written, text);
    }
}

#[test]
fn block_scalars_are_strings() {
    let cases = [
        ("|\n  yes\n", "yes\\n"),
        ("|-\n  012\n", "012"),
        ("|+\n  a\n\n", "a\\n\\n"),
        (">\n  a\n  b\n\n  c\n", "a b\\nc\\n"),
        (">-\n  ~\n", "~"),
        ("|2\n   a\n  b\n", " a\\nb\\n"),
        ("|\n  last line without its end", "last line without its end\\n"),
    ];
    for (text, expected) in cases {
        assert_eq!(outcome(format!("v: {text}")).0, [format!("{{v: \"{expected}\"}}")], "{text:?}");
    }
}
