//! Filters of lists.
//!
//! Source: AWS EC2 API Reference, *Filter*, and *Listing and filtering your resources*: values of one filter are alternatives,
//! filters add up; `*` and `?` are wildcards, `\` takes their meaning away.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error;
use crate::error::Result;

/// Most filters, and values of one. Source: AWS EC2 User Guide, *Filter resources*: 50 filters, 200 values.
const MAX: (usize, usize) = (50, 200);

/// A filter of a request.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Filter {
    #[serde(default)]
    name: String,
    #[serde(default)]
    values: Vec<String>,
}

/// Whether something passes all filters. `known` gives the values that it has under a filter's name, or `None` if there is no
/// such filter.
pub(super) fn pass(
    filters: &[Filter],
    tags: &BTreeMap<String, String>,
    known: impl Fn(&str) -> Option<Vec<String>>,
) -> Result<bool> {
    if filters.len() > MAX.0 || filters.iter().any(|filter| filter.values.len() > MAX.1) {
        return Err(error(
            "FilterLimitExceeded",
            "The maximum number of filters or filter values was exceeded",
        ));
    }
    let mut all = true;
    for Filter { name, values } in filters {
        let own: Vec<String> = match (name.strip_prefix("tag:"), name.as_str()) {
            (Some(key), _) => tags.get(key).cloned().into_iter().collect(),
            (None, "tag-key") => tags.keys().cloned().collect(),
            _ => known(name)
                .ok_or_else(|| error("InvalidParameterValue", format!("The filter '{name}' is invalid")))?,
        };
        all &=
            values.iter().any(|pattern| own.iter().any(|value| fits(pattern.as_bytes(), value.as_bytes())));
    }
    Ok(all)
}

/// Whether a text fits a pattern, in time that grows with the product of their lengths.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    // `reached` says which beginnings of the text the pattern so far stands for.
    let mut reached = vec![false; text.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    let mut bytes = pattern.iter().copied();
    while let Some(byte) = bytes.next() {
        let literal = match byte {
            b'*' => {
                let mut any = false;
                for place in &mut reached {
                    any |= *place;
                    *place = any;
                }
                continue;
            }
            b'?' => None,
            b'\\' => Some(bytes.next().unwrap_or(b'\\')),
            other => Some(other),
        };
        let mut next = vec![false; text.len() + 1];
        for ((place, own), into) in reached.iter().zip(text).zip(next.iter_mut().skip(1)) {
            *into = *place && literal.is_none_or(|byte| byte == *own);
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_wildcards() {
        for (pattern, text, expected) in [
            ("web", "web", true),
            ("web", "webs", false),
            ("w*", "web", true),
            ("*", "", true),
            ("?", "", false),
            ("w?b*", "web-1", true),
            (r"a\*b", "a*b", true),
            (r"a\*b", "axb", false),
        ] {
            assert_eq!(fits(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }
}
