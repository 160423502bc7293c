//! Filters of lists.
//!
//! Source: AWS EC2 API Reference, *Filter*, and *Listing and filtering your resources*: values of one filter are alternatives,
//! filters add up; `*` and `?` are wildcards, `\` takes their meaning away; both names and values heed case.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::error;
use super::ids::shortened;
use crate::error::Result;

/// Most filters of a request, and values of one. Source: AWS EC2 User Guide, *Filter resources*: 50 filters, 200 values.
const MAX: (usize, usize) = (50, 200);

/// Longest value. Source: AWS EC2 User Guide, *Filter resources*: "Filter strings can be up to 255 characters".
const MAX_VALUE: usize = 255;

/// Most values with wildcards in a request, so that its work is bounded: each is held against everything in the list.
const MAX_WILDCARDS: usize = 200;

/// A filter as requests have it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Filter {
    #[serde(default)]
    name: String,
    #[serde(default)]
    values: Vec<String>,
}

/// The filters of a request.
#[derive(Debug)]
pub(super) struct Filters(Vec<(String, Wanted)>);

#[derive(Debug, Default)]
struct Wanted {
    values: BTreeSet<String>,
    patterns: Vec<Vec<Token>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Literal(char),
    One,
    Any,
}

impl Filters {
    /// Filters, all of which are known by their names. `tag:KEY` and `tag-key` always are.
    pub(super) fn new(filters: &[Filter], names: &[&str]) -> Result<Self> {
        if filters.len() > MAX.0 || filters.iter().any(|filter| filter.values.len() > MAX.1) {
            return Err(error(
                "FilterLimitExceeded",
                "The maximum number of filters or filter values was exceeded",
            ));
        }
        let mut wildcards = 0;
        let mut all = Vec::with_capacity(filters.len());
        for Filter { name, values } in filters {
            if !(name.starts_with("tag:") || name == "tag-key" || names.contains(&name.as_str())) {
                let message = format!("The filter '{}' is invalid", shortened(name));
                return Err(error("InvalidParameterValue", message));
            }
            let mut wanted = Wanted::default();
            for value in values {
                if value.chars().count() > MAX_VALUE {
                    let message = format!("Filter values are at most {MAX_VALUE} characters long");
                    return Err(error("InvalidParameterValue", message));
                }
                match literal(&tokens(value)) {
                    Some(text) => drop(wanted.values.insert(text)),
                    None => wanted.patterns.push(tokens(value)),
                }
            }
            wildcards += wanted.patterns.len();
            all.push((name.clone(), wanted));
        }
        if wildcards > MAX_WILDCARDS {
            let message = format!("At most {MAX_WILDCARDS} filter values can have wildcards");
            return Err(error("FilterLimitExceeded", message));
        }
        Ok(Self(all))
    }

    /// Whether something passes all filters. `known` tells the values that it has under a filter's name.
    pub(super) fn pass(&self, tags: &BTreeMap<String, String>, known: impl Fn(&str) -> Vec<String>) -> bool {
        self.0.iter().all(|(name, wanted)| match (name.strip_prefix("tag:"), name.as_str()) {
            (Some(key), _) => tags.get(key).is_some_and(|value| wanted.fits(value)),
            (None, "tag-key") => tags.keys().any(|key| wanted.fits(key)),
            (None, name) => known(name).iter().any(|value| wanted.fits(value)),
        })
    }
}

impl Wanted {
    fn fits(&self, value: &str) -> bool {
        self.values.contains(value) || self.patterns.iter().any(|pattern| fits(pattern, value))
    }
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut letters = pattern.chars();
    let mut tokens = Vec::new();
    while let Some(letter) = letters.next() {
        tokens.push(match letter {
            '*' => Token::Any,
            '?' => Token::One,
            '\\' => Token::Literal(letters.next().unwrap_or('\\')),
            other => Token::Literal(other),
        });
    }
    tokens
}

/// The one text that a pattern without wildcards stands for.
fn literal(tokens: &[Token]) -> Option<String> {
    tokens.iter().map(|token| if let Token::Literal(letter) = token { Some(*letter) } else { None }).collect()
}

/// Whether a text fits a pattern. At a difference the last `*` takes one letter more, so that the time grows with the
/// product of both lengths at worst.
fn fits(pattern: &[Token], text: &str) -> bool {
    let (mut pattern, mut text) = (pattern, text.chars());
    let mut last = None;
    loop {
        let mut rest = text.clone();
        match (pattern.split_first(), rest.next()) {
            (Some((Token::Any, after)), _) => {
                last = Some((after, text.clone()));
                pattern = after;
            }
            (None, None) => return true,
            (Some((token, after)), Some(letter)) if [Token::One, Token::Literal(letter)].contains(token) => {
                (pattern, text) = (after, rest);
            }
            _ => {
                let Some((after, from)) = &mut last else { return false };
                if from.next().is_none() {
                    return false;
                }
                (pattern, text) = (*after, from.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, letter by letter.
    fn naive(pattern: &[Token], text: &[char]) -> bool {
        match (pattern, text) {
            ([], _) => text.is_empty(),
            ([Token::Any, rest @ ..], _) => (0..=text.len()).any(|at| naive(rest, &text[at..])),
            ([Token::One, rest @ ..], [_, after @ ..]) => naive(rest, after),
            ([Token::Literal(wanted), rest @ ..], [letter, after @ ..]) => {
                wanted == letter && naive(rest, after)
            }
            _ => false,
        }
    }

    #[test]
    fn patterns_have_wildcards() {
        for (pattern, text, expected) in [
            ("web", "web", true),
            ("web", "webs", false),
            ("web", "Web", false),
            ("w*", "web", true),
            ("*", "", true),
            ("?", "", false),
            ("?", "ä", true),
            ("w?b*", "web-1", true),
            (r"a\*b", "a*b", true),
            (r"a\*b", "axb", false),
        ] {
            assert_eq!(fits(&tokens(pattern), text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn unknown_and_oversized_filters_are_refused() {
        let filter = |name: &str, values: Vec<String>| Filter { name: name.to_owned(), values };
        let code = |filters: &[Filter]| Filters::new(filters, &["vpc-id"]).map(drop).unwrap_err().code;
        assert_eq!(code(&[filter("vpc", vec![])]), "InvalidParameterValue");
        assert_eq!(code(&[filter("vpc-id", vec!["x".repeat(256)])]), "InvalidParameterValue");
        assert_eq!(code(&vec![filter("vpc-id", vec![]); 51]), "FilterLimitExceeded");
        assert_eq!(code(&[filter("vpc-id", vec!["x".to_owned(); 201])]), "FilterLimitExceeded");
        assert_eq!(code(&vec![filter("vpc-id", vec!["*".to_owned(); 101]); 2]), "FilterLimitExceeded");
        Filters::new(&[filter("tag:x", vec![]), filter("tag-key", vec![])], &[]).unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn matching_is_the_definition(pattern in r"[ab*?\\]{0,8}", text in "[ab*]{0,8}") {
            let tokens = tokens(&pattern);
            let letters: Vec<char> = text.chars().collect();
            prop_assert_eq!(fits(&tokens, &text), naive(&tokens, &letters));
        }
    }
}
