//! Filters as AWS's CLI takes and prints them.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::attribute::{Attribute, Form};
use super::condition::{Condition, Test};
use super::subject::number;
use super::{Action, Filter, Filters};

/// Longest text that is read: more than a hundred filters of fifty conditions each that people write.
pub const MAX_INPUT: usize = 8 << 20;
/// Most attributes of a filter. Source: AWS GuardDuty User Guide, *Filtering findings*.
const MAX_ATTRIBUTES: usize = 50;
/// Most values of `Equals` and `NotEquals`. Source: as above, and the API Reference, `Condition`.
const MAX_VALUES: usize = 50;
/// Most patterns of `Matches` and `NotMatches`. Source: AWS GuardDuty API Reference, `Condition`.
const MAX_PATTERNS: usize = 5;
/// Lengths of a name. Source: AWS GuardDuty API Reference, `CreateFilter`.
const NAME: std::ops::RangeInclusive<usize> = 3..=64;
/// Longest description. Source: as above.
const MAX_DESCRIPTION: usize = 512;
/// Ranks. Source: as above.
const RANKS: std::ops::RangeInclusive<i64> = 1..=100;

/// Why something is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAFilter {
    /// It is no JSON, or has not the members of a filter.
    #[error("filter {place}: {why}")]
    Form {
        /// The how manieth it is, from 1.
        place: usize,
        /// What is wrong, as far as JSON goes.
        why: String,
    },
    /// There is nothing.
    #[error("there is no filter in it")]
    Nothing,
    /// It is longer than filters are.
    #[error("there are {0} bytes; filters have {MAX_INPUT} at most")]
    TooLong(usize),
    /// Two filters have one name.
    #[error("two filters are named `{0}`")]
    SameName(String),
    /// There are more than an account has.
    #[error("there are more than {} filters", super::MAX_FILTERS)]
    TooMany,
    /// A name, description, rank or action is none.
    #[error("filter `{filter}`: {why}")]
    Filter {
        /// Its name.
        filter: String,
        /// What is wrong with it.
        why: String,
    },
    /// GuardDuty has no such attribute.
    #[error("filter `{filter}`: findings have no attribute `{attribute}`{}", meant(*nearest))]
    Attribute {
        /// The filter's name.
        filter: String,
        /// What was written.
        attribute: String,
        /// What was probably meant.
        nearest: Option<&'static str>,
    },
    /// A condition says nothing, too much, or what can't be said of its attribute.
    #[error("filter `{filter}`, `{attribute}`: {why}")]
    Condition {
        /// The filter's name.
        filter: String,
        /// The attribute.
        attribute: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

fn meant(nearest: Option<&'static str>) -> String {
    nearest.map(|name| format!("; `{name}` may be meant")).unwrap_or_default()
}

/// A filter as `create-filter --cli-input-json` takes it, `get-filter` prints it, and the API has it on the wire.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Written {
    #[serde(alias = "Name")]
    name: String,
    #[serde(default, alias = "Description")]
    description: Option<String>,
    #[serde(default, alias = "Action")]
    action: Option<String>,
    #[serde(default, alias = "Rank")]
    rank: Option<i64>,
    #[serde(alias = "FindingCriteria")]
    finding_criteria: WrittenCriteria,
    // What says where the filter is kept, and nothing about findings.
    #[serde(default, rename = "detectorId", alias = "DetectorId")]
    _detector_id: IgnoredAny,
    #[serde(default, rename = "clientToken", alias = "ClientToken")]
    _client_token: IgnoredAny,
    #[serde(default, rename = "tags", alias = "Tags")]
    _tags: IgnoredAny,
    #[serde(default, rename = "createdAt", alias = "CreatedAt")]
    _created_at: IgnoredAny,
    #[serde(default, rename = "updatedAt", alias = "UpdatedAt")]
    _updated_at: IgnoredAny,
    #[serde(default, rename = "version", alias = "Version")]
    _version: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCriteria {
    #[serde(alias = "Criterion")]
    criterion: Criterion,
}

/// The members in their order, none twice.
#[derive(Default)]
struct Criterion(Vec<(String, WrittenCondition)>);

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct WrittenCondition {
    // The short names are those that the API had first; they mean the same.
    #[serde(alias = "Equals", alias = "eq", alias = "Eq")]
    equals: Option<Vec<String>>,
    #[serde(alias = "NotEquals", alias = "neq", alias = "Neq")]
    not_equals: Option<Vec<String>>,
    #[serde(alias = "Matches")]
    matches: Option<Vec<String>>,
    #[serde(alias = "NotMatches")]
    not_matches: Option<Vec<String>>,
    #[serde(alias = "GreaterThan", alias = "gt", alias = "Gt")]
    greater_than: Option<i64>,
    #[serde(alias = "GreaterThanOrEqual", alias = "gte", alias = "Gte")]
    greater_than_or_equal: Option<i64>,
    #[serde(alias = "LessThan", alias = "lt", alias = "Lt")]
    less_than: Option<i64>,
    #[serde(alias = "LessThanOrEqual", alias = "lte", alias = "Lte")]
    less_than_or_equal: Option<i64>,
}

impl<'de> Deserialize<'de> for Criterion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Criterion;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("attributes with their conditions")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Criterion, M::Error> {
                let mut all: Vec<(String, WrittenCondition)> = Vec::new();
                while let Some((name, condition)) = map.next_entry()? {
                    if all.len() >= MAX_ATTRIBUTES {
                        return Err(serde::de::Error::custom(format_args!(
                            "a filter has {MAX_ATTRIBUTES} attributes at most"
                        )));
                    }
                    all.push((name, condition));
                }
                Ok(Criterion(all))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl Filters {
    /// Reads filters: one object, a list of them, or one after another, with the names of the CLI (`FindingCriteria`) or of the API
    /// (`findingCriteria`).
    ///
    /// # Errors
    ///
    /// See [`NotAFilter`]: GuardDuty would not take one of them.
    pub fn read(text: &str) -> Result<Self, NotAFilter> {
        if text.len() > MAX_INPUT {
            return Err(NotAFilter::TooLong(text.len()));
        }
        let (mut filters, mut place) = (Self::default(), 0);
        let form = |place: usize, why: serde_json::Error| NotAFilter::Form { place, why: why.to_string() };
        for part in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
            let part = part.map_err(|why| form(place + 1, why))?.get();
            let is_list = part.starts_with('[');
            let list: Vec<&RawValue> = if is_list {
                serde_json::from_str(part).map_err(|why| form(place + 1, why))?
            } else {
                Vec::new()
            };
            let one = Some(part).filter(|_| !is_list);
            for text in list.into_iter().map(RawValue::get).chain(one) {
                place += 1;
                let written: Written = serde_json::from_str(text).map_err(|why| form(place, why))?;
                filters.insert(written.filter()?)?;
            }
        }
        if filters.all.is_empty() { Err(NotAFilter::Nothing) } else { Ok(filters) }
    }
}

impl Written {
    fn filter(self) -> Result<Filter, NotAFilter> {
        let wrong = |why: String| NotAFilter::Filter { filter: self.name.clone(), why };
        let is_of_names = |letter: char| letter.is_ascii_alphanumeric() || ".-_".contains(letter);
        if !NAME.contains(&self.name.len()) || !self.name.chars().all(is_of_names) {
            return Err(wrong(format!(
                "a name has {} to {} letters, digits, `.`, `-` and `_`",
                NAME.start(),
                NAME.end()
            )));
        }
        let description = self.description.unwrap_or_default();
        if description.chars().count() > MAX_DESCRIPTION {
            return Err(wrong(format!("a description has {MAX_DESCRIPTION} characters at most")));
        }
        let rank = match self.rank {
            None => None,
            Some(rank) => match u8::try_from(rank).ok().filter(|_| RANKS.contains(&rank)) {
                Some(rank) => Some(rank),
                None => return Err(wrong(format!("`{rank}` is no rank from 1 to 100"))),
            },
        };
        let action = match self.action.as_deref() {
            None | Some("NOOP") => Action::Noop,
            Some("ARCHIVE") => Action::Archive,
            Some(other) => return Err(wrong(format!("`{other}` is no action: `NOOP` or `ARCHIVE`"))),
        };
        let criteria = self.finding_criteria.criterion.0;
        if criteria.is_empty() {
            return Err(wrong("without a criterion it would match everything".to_owned()));
        }
        let mut all: Vec<(Attribute, Condition)> = Vec::new();
        for (name, condition) in criteria {
            let Some(attribute) = Attribute::named(&name) else {
                let nearest = Attribute::nearest(&name);
                return Err(NotAFilter::Attribute { filter: self.name, attribute: name, nearest });
            };
            let of = |why: String| NotAFilter::Condition {
                filter: self.name.clone(),
                attribute: attribute.name,
                why,
            };
            if all.iter().any(|(known, _)| *known == attribute) {
                return Err(of("it is there twice".to_owned()));
            }
            all.push((attribute, condition.of(attribute.form).map_err(of)?));
        }
        Ok(Filter { name: self.name, description, rank, action, criteria: all })
    }
}

impl WrittenCondition {
    fn of(self, form: Form) -> Result<Condition, String> {
        let mut tests = Vec::new();
        for (values, test) in
            [(self.equals, Test::Equals as fn(Vec<String>) -> Test), (self.not_equals, Test::NotEquals)]
        {
            let Some(values) = values else { continue };
            if values.is_empty() || values.len() > MAX_VALUES {
                return Err(format!(
                    "there are {} values to be equal to; from 1 to {MAX_VALUES} may be",
                    values.len()
                ));
            }
            let is_other = |value: &&String| form != Form::Text && number(value, form).is_none();
            if let Some(value) = values.iter().find(is_other) {
                let what = if form == Form::Time { "time" } else { "number" };
                return Err(format!("`{value}` is no {what}"));
            }
            tests.push(test(values));
        }
        for (patterns, test) in
            [(self.matches, Test::Matches as fn(Vec<String>) -> Test), (self.not_matches, Test::NotMatches)]
        {
            let Some(patterns) = patterns else { continue };
            if form != Form::Text {
                return Err("it is no text; patterns are for texts".to_owned());
            }
            if patterns.is_empty() || patterns.len() > MAX_PATTERNS {
                return Err(format!(
                    "there are {} patterns; from 1 to {MAX_PATTERNS} may be",
                    patterns.len()
                ));
            }
            tests.push(test(patterns));
        }
        for (bound, test) in [
            (self.greater_than, Test::GreaterThan as fn(i64) -> Test),
            (self.greater_than_or_equal, Test::GreaterThanOrEqual),
            (self.less_than, Test::LessThan),
            (self.less_than_or_equal, Test::LessThanOrEqual),
        ] {
            let Some(bound) = bound else { continue };
            if form == Form::Text {
                return Err("it is a text; greater and less are for numbers and times".to_owned());
            }
            tests.push(test(bound));
        }
        if tests.is_empty() { Err("nothing is said of it".to_owned()) } else { Ok(Condition { form, tests }) }
    }
}

impl Filter {
    /// As `get-filter` prints it, without what says where and since when it is kept.
    pub fn to_json(&self) -> Value {
        let criterion: Map<String, Value> = self
            .criteria
            .iter()
            .map(|(attribute, condition)| {
                let tests = condition.tests.iter().map(|test| {
                    let value = match test {
                        Test::Equals(values)
                        | Test::NotEquals(values)
                        | Test::Matches(values)
                        | Test::NotMatches(values) => json!(values),
                        Test::GreaterThan(bound)
                        | Test::GreaterThanOrEqual(bound)
                        | Test::LessThan(bound)
                        | Test::LessThanOrEqual(bound) => json!(bound),
                    };
                    (test.name().to_owned(), value)
                });
                (attribute.name.to_owned(), Value::Object(tests.collect()))
            })
            .collect();
        let mut filter = Map::new();
        filter.insert("Name".to_owned(), json!(self.name));
        if !self.description.is_empty() {
            filter.insert("Description".to_owned(), json!(self.description));
        }
        filter.insert("Action".to_owned(), json!(self.action.name()));
        if let Some(rank) = self.rank {
            filter.insert("Rank".to_owned(), json!(rank));
        }
        filter.insert("FindingCriteria".to_owned(), json!({ "Criterion": criterion }));
        Value::Object(filter)
    }
}
