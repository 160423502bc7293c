//! `ParameterFilters` of DescribeParameters and GetParametersByPath.
//!
//! Source: AWS, *Systems Manager API Reference*, `ParameterStringFilter`.

use serde::Deserialize;

use super::rows::{Parameter, Version};
use crate::error::{ApiError, Result};

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Given {
    key: String,
    option: Option<String>,
    #[serde(default)]
    values: Vec<String>,
}

/// A filter that can be asked.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    key: Key,
    option: Match,
    values: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    Name,
    Type,
    Kms,
    Path,
    Label,
    Tier,
    DataType,
    Tag(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Match {
    Equals,
    BeginsWith,
    Contains,
    OneLevel,
    Recursive,
}

/// Which operation filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    Describe,
    ByPath,
}

impl Filter {
    /// Reads filters as an operation takes them.
    ///
    /// # Errors
    ///
    /// `InvalidFilterKey`, `InvalidFilterOption`, `InvalidFilterValue`.
    pub(crate) fn read(given: Vec<Given>, of: Of) -> Result<Vec<Self>> {
        given.into_iter().map(|given| Self::new(given, of)).collect()
    }

    fn new(given: Given, of: Of) -> Result<Self> {
        let key = match &*given.key {
            "Name" => Key::Name,
            "Type" => Key::Type,
            "KeyId" => Key::Kms,
            "Path" => Key::Path,
            "Label" => Key::Label,
            "Tier" => Key::Tier,
            "DataType" => Key::DataType,
            other => Key::Tag(other.strip_prefix("tag:").unwrap_or(other).to_owned()),
        };
        let fits = match of {
            Of::ByPath => matches!(key, Key::Type | Key::Kms | Key::Label),
            Of::Describe => key != Key::Label,
        };
        if !fits {
            let message = format!("The following filter key is not valid: {}.", given.key);
            return Err(ApiError::new("InvalidFilterKey", message));
        }
        let option = given.option.as_deref();
        let option = match (&key, option) {
            (Key::Path, None | Some("OneLevel")) => Match::OneLevel,
            (Key::Path, Some("Recursive")) => Match::Recursive,
            (Key::Path, Some(_)) => return Err(Self::bad_option(&given)),
            (_, None | Some("Equals")) => Match::Equals,
            (Key::Name | Key::Kms, Some("BeginsWith")) => Match::BeginsWith,
            (Key::Name, Some("Contains")) => Match::Contains,
            _ => return Err(Self::bad_option(&given)),
        };
        let needs_value = !matches!(key, Key::Tag(_));
        let bad_path = key == Key::Path && given.values.iter().any(|path| !path.starts_with('/'));
        if (needs_value && given.values.is_empty()) || bad_path {
            let message = format!("The values of the filter {} are not valid.", given.key);
            return Err(ApiError::new("InvalidFilterValue", message));
        }
        Ok(Self { key, option, values: given.values })
    }

    fn bad_option(given: &Given) -> ApiError {
        let option = given.option.as_deref().unwrap_or_default();
        let message = format!("The filter option {option} is not valid for {}.", given.key);
        ApiError::new("InvalidFilterOption", message)
    }

    /// Whether a version of a parameter is one that is asked for.
    pub(crate) fn holds(&self, parameter: &Parameter, version: &Version) -> bool {
        match &self.key {
            Key::Name => self.is(&parameter.name),
            Key::Type => self.is(version.kind.name()),
            Key::Kms => version.key.as_deref().is_some_and(|key| self.is(key)),
            Key::Tier => self.is(version.tier.name()),
            Key::DataType => self.is("text"),
            Key::Label => parameter.labels_of(version.number).into_iter().any(|label| self.is(label)),
            Key::Path => self
                .values
                .iter()
                .any(|path| is_below(&parameter.name, path, self.option == Match::Recursive)),
            Key::Tag(name) => match parameter.tags.get(name) {
                Some(value) => self.values.is_empty() || self.is(value),
                None => false,
            },
        }
    }

    /// The version that a label means, if a label is asked for.
    pub(crate) fn labelled(&self, parameter: &Parameter) -> Option<i64> {
        let is_label = self.key == Key::Label;
        self.values.iter().filter(|_| is_label).find_map(|label| parameter.labels.get(label).copied())
    }

    fn is(&self, text: &str) -> bool {
        self.values.iter().any(|value| match self.option {
            Match::BeginsWith => text.starts_with(value.as_str()),
            Match::Contains => text.contains(value.as_str()),
            _ => text == value,
        })
    }
}

/// Whether a name is below a path: right below it, or at any depth.
pub(crate) fn is_below(name: &str, path: &str, recursive: bool) -> bool {
    let name = name.strip_prefix('/').unwrap_or(name);
    let path = path.trim_matches('/');
    let rest = if path.is_empty() {
        Some(name)
    } else {
        name.strip_prefix(path).and_then(|rest| rest.strip_prefix('/'))
    };
    rest.is_some_and(|rest| !rest.is_empty() && (recursive || !rest.contains('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_holds_what_is_below_it() {
        let cases = [
            ("/a/b", "/a", false, true),
            ("/a/b", "/a/", false, true),
            ("/a/b/c", "/a", false, false),
            ("/a/b/c", "/a", true, true),
            ("/ab/c", "/a", true, false),
            ("/a", "/a", true, false),
            ("/a", "/", false, true),
            ("a", "/", false, true),
            ("/a/b", "/", false, false),
        ];
        for (name, path, recursive, expect) in cases {
            assert_eq!(is_below(name, path, recursive), expect, "{name} {path} {recursive}");
        }
    }
}
