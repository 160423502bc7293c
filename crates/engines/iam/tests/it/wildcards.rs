//! Wildcards by brute force: what a pattern means is the set of short texts that it matches.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::naive::pattern;

/// The characters of patterns besides wildcards, and one more, which only wildcards take.
const TEXT: &[char] = &['a', 'b', '#'];

/// Patterns of at most so many characters: a text that tells two of them apart is then no longer than `LONGEST`.
const LONGEST_PATTERN: usize = 4;
const LONGEST: usize = 8;

/// Segments of an ARN that patterns can meet.
const SEGMENTS: &[&str] = &["", "a", "b", "ab"];

/// A short pattern of `a`, `b`, `*` and `?`.
pub(crate) fn pattern() -> impl Strategy<Value = String> {
    vec(select(vec!['a', 'b', '*', '?']), 0..=LONGEST_PATTERN).prop_map(String::from_iter)
}

/// A short text.
pub(crate) fn text() -> impl Strategy<Value = String> {
    vec(select(TEXT), 0..=6).prop_map(String::from_iter)
}

/// A pattern with the shape of an ARN, more or less: a few segments too few or too many are in it.
pub(crate) fn arn_pattern() -> impl Strategy<Value = String> {
    let segment = select(vec!["", "a", "b", "*", "?", "a*", "*b", "a*b", "?*", "**"]);
    prop_oneof![8 => vec(segment.clone(), 6), 1 => vec(segment.clone(), 1..6), 2 => vec(segment, 7..=8)]
        .prop_map(|segments| segments.join(":"))
}

/// A text with the shape of an ARN, more or less.
pub(crate) fn arn_text() -> impl Strategy<Value = String> {
    let segment = select(SEGMENTS);
    prop_oneof![8 => vec(segment.clone(), 6), 1 => vec(segment.clone(), 1..6), 2 => vec(segment, 7..=8)]
        .prop_map(|segments| segments.join(":"))
}

/// Whether the pattern matches the text: `*` any characters, `?` one.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    fn parts(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([], text) => text.is_empty(),
            ([b'*', after @ ..], text) => (0..=text.len()).any(|skipped| parts(after, &text[skipped..])),
            ([b'?', after @ ..], [_, rest @ ..]) => parts(after, rest),
            ([own, after @ ..], [first, rest @ ..]) => own == first && parts(after, rest),
            (_, []) => false,
        }
    }
    parts(pattern.as_bytes(), text.as_bytes())
}

/// All texts of `TEXT` that are no longer than this.
fn texts(longest: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut from = 0;
    for _ in 0..longest {
        let to = all.len();
        for place in from..to {
            for character in TEXT {
                let longer = format!("{}{character}", all[place]);
                all.push(longer);
            }
        }
        from = to;
    }
    all
}

thread_local! {
    static TEXTS: Vec<String> = texts(LONGEST);
}

/// Whether `outer` matches all that `inner` matches.
pub(crate) fn covers(outer: &str, inner: &str) -> bool {
    TEXTS.with(|texts| texts.iter().all(|text| !matches(inner, text) || matches(outer, text)))
}

/// Whether there is a text that both match.
pub(crate) fn intersects(one: &str, other: &str) -> bool {
    TEXTS.with(|texts| texts.iter().any(|text| matches(one, text) && matches(other, text)))
}

/// Whether a Resource pattern matches an ARN, said otherwise than in `naive`: each way to give the stars of the
/// pattern a text is tried, and the text of a star inside one of the first five segments has no colon.
pub(crate) fn matches_arn(pattern: &str, text: &str) -> bool {
    fn parts(before: usize, pattern: &[u8], text: &[u8]) -> bool {
        let confined = before < 5;
        match (pattern, text) {
            ([], text) => text.is_empty(),
            ([b'*', after @ ..], text) => (0..=text.len()).any(|length| {
                let ends_segment = matches!(after, [] | [b':', ..]);
                let fine = !confined || ends_segment || !text[..length].contains(&b':');
                fine && parts(before, after, &text[length..])
            }),
            ([b'?', after @ ..], [first, rest @ ..]) => {
                !(confined && *first == b':') && parts(before, after, rest)
            }
            ([own, after @ ..], [first, rest @ ..]) => {
                own == first && parts(before + usize::from(*own == b':'), after, rest)
            }
            (_, []) => false,
        }
    }
    parts(0, pattern.as_bytes(), text.as_bytes())
}

fn resource(pattern: &str) -> Vec<pattern::Piece> {
    pattern::resource(pattern::glob(pattern))
}

/// Whether `outer` matches every ARN that `inner` matches: exact, by walking both at once.
pub(crate) fn covers_arn(outer: &str, inner: &str) -> bool {
    pattern::together_cover(&[&resource(outer)], &resource(inner))
}

/// Whether there is an ARN that both match: exact, by walking both at once.
pub(crate) fn intersects_arn(one: &str, other: &str) -> bool {
    pattern::intersects(&resource(one), &resource(other))
}

#[test]
fn brute_force_says_what_is_plain() {
    for (pattern, text, expected) in
        [("", "", true), ("*", "", true), ("?", "", false), ("a*b", "a#b", true), ("a?", "a", false)]
    {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }
    for (outer, inner, expected) in [
        ("*", "", true),
        ("?*", "*?", true),
        ("a*", "*", false),
        ("*a*", "a?", true),
        ("?", "a", true),
        ("a", "?", false),
        ("*??*", "??*", true),
    ] {
        assert_eq!(covers(outer, inner), expected, "{outer} {inner}");
    }
    for (one, other, expected) in
        [("a*", "*b", true), ("a", "b", false), ("a?", "?b", true), ("a*", "b*", false)]
    {
        assert_eq!(intersects(one, other), expected, "{one} {other}");
    }
}

#[test]
fn a_star_ends_its_segment_or_stays_in_it() {
    for (pattern, text, expected) in [
        ("*", "a:b", true),
        ("arn:aws:s3:*", "arn:aws:s3:::b/k", true),
        ("arn:aws:sqs:*:q", "arn:aws:sqs:r:1:q", true),
        ("arn:aws:sqs:u*t:1:q", "arn:aws:sqs:us-east:1:q", true),
        ("arn:aws:sqs:u*1:q", "arn:aws:sqs:us:1:q", false),
        ("arn:aws:sqs:u?1:1:q", "arn:aws:sqs:u:1:1:q", false),
        ("arn:aws:log:r:1:g*s", "arn:aws:log:r:1:g:x:s", true),
        ("arn:aws:log:r:1:g?s", "arn:aws:log:r:1:g:s", true),
    ] {
        assert_eq!(matches_arn(pattern, text), expected, "{pattern} {text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn walking_agrees_with_brute_force(one in pattern(), other in pattern(), text in text()) {
        let (left, right) = (pattern::glob(&one), pattern::glob(&other));
        prop_assert_eq!(pattern::matches_text(&left, &text), matches(&one, &text));
        prop_assert_eq!(pattern::together_cover(&[&left], &right), covers(&one, &other), "{} {}", one, other);
        prop_assert_eq!(pattern::intersects(&left, &right), intersects(&one, &other), "{} {}", one, other);
    }

    #[test]
    fn walking_arns_agrees_with_matching(one in arn_pattern(), other in arn_pattern(), texts in vec(arn_text(), 64)) {
        let (covers, intersects) = (covers_arn(&one, &other), intersects_arn(&one, &other));
        for text in texts {
            let (in_one, in_other) = (matches_arn(&one, &text), matches_arn(&other, &text));
            prop_assert_eq!(pattern::matches_text(&resource(&one), &text), in_one, "{} {}", one, text);
            prop_assert!(!covers || !in_other || in_one, "{} covers {} but for {}", one, other, text);
            prop_assert!(intersects || !in_one || !in_other, "{} and {} share {}", one, other, text);
        }
        prop_assert!(covers_arn(&one, &one));
    }
}
