//! ListSecrets.

use std::collections::BTreeMap;

use ringwall_store::{Row, Scan};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::describe::entry;
use super::rows::Secret;
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::page;

/// Most entries of an answer.
///
/// Source: AWS, *Secrets Manager API Reference*, ListSecrets, `MaxResults`.
const MAX_RESULTS: usize = 100;

/// Secrets that are read at once.
const CHUNK: usize = 500;

/// Which page is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Page {
    max_results: Option<usize>,
    next_token: Option<String>,
}

impl Page {
    /// How many entries.
    pub(crate) fn limit(&self) -> usize {
        self.max_results.unwrap_or(MAX_RESULTS).min(MAX_RESULTS)
    }

    /// Whether one is asked for.
    pub(crate) fn is_asked(&self) -> bool {
        self.max_results.is_some() || self.next_token.is_some()
    }

    /// The name after which the page begins.
    ///
    /// # Errors
    ///
    /// `InvalidNextTokenException`
    pub(crate) fn after(&self) -> Result<Option<String>> {
        let invalid = |_| ApiError::new("InvalidNextTokenException", "The NextToken value is invalid.");
        page::after(self.next_token.as_deref()).map_err(invalid)
    }
}

/// Secrets of which something begins with one of the values, or with none of them that has a `!` before it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Filter {
    #[serde(default)]
    key: FilterKey,
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FilterKey {
    Description,
    Name,
    TagKey,
    TagValue,
    PrimaryRegion,
    OwningService,
    #[default]
    All,
}

impl Filter {
    /// Source: AWS, *Secrets Manager API Reference*, `Filter`: all but `description` and `all` tell upper from lower case.
    fn holds(&self, name: &str, region: &str, secret: &Secret) -> bool {
        let (no, yes): (Vec<&String>, Vec<&String>) =
            self.values.iter().partition(|value| value.starts_with('!'));
        let begins = |value: &str| self.begins(value, name, region, secret);
        let excluded = no.iter().any(|value| begins(value.trim_start_matches('!')));
        !excluded && (yes.is_empty() || yes.iter().any(|value| begins(value)))
    }

    fn begins(&self, value: &str, name: &str, region: &str, secret: &Secret) -> bool {
        let description = secret.description.as_deref().unwrap_or_default().to_lowercase();
        match self.key {
            FilterKey::Name => name.starts_with(value),
            FilterKey::Description => description.starts_with(&value.to_lowercase()),
            FilterKey::TagKey => secret.tags.keys().any(|key| key.starts_with(value)),
            FilterKey::TagValue => secret.tags.values().any(|tag| tag.starts_with(value)),
            FilterKey::PrimaryRegion => region.starts_with(value),
            // No other service owns a secret here.
            FilterKey::OwningService => false,
            FilterKey::All => {
                let texts = secret.tags.iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]);
                let texts: Vec<String> =
                    texts.chain([name, description.as_str()]).map(str::to_lowercase).collect();
                let words = value.split(|letter: char| !letter.is_alphanumeric());
                words.filter(|word| !word.is_empty()).all(|word| {
                    let word = word.to_lowercase();
                    texts.iter().any(|text| text.contains(&word))
                })
            }
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SortBy {
    CreatedDate,
    LastAccessedDate,
    LastChangedDate,
    #[default]
    Name,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SortOrder {
    #[default]
    Asc,
    Desc,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListSecrets {
    #[serde(default)]
    include_planned_deletion: bool,
    #[serde(default)]
    filters: Vec<Filter>,
    #[serde(default)]
    sort_by: SortBy,
    #[serde(default)]
    sort_order: SortOrder,
    #[serde(flatten)]
    page: Page,
}

/// The question whether the caller may list.
pub(crate) fn ask_list() -> Ask {
    Ask::new("secretsmanager:ListSecrets", "*")
}

/// Source: AWS, *Secrets Manager API Reference*, ListSecrets. Without an order they come by name.
pub(crate) async fn list_secrets(call: &Call<'_>, input: ListSecrets) -> Result<Answer> {
    let permit = call.authorize(&ask_list())?;
    let limit = input.page.limit();
    let (rows, next) = if (input.sort_by, input.sort_order) == (SortBy::Name, SortOrder::Asc) {
        filtered(call, &input.filters, input.include_planned_deletion, &input.page, limit).await?
    } else {
        sorted(call, &input, limit).await?
    };
    let entries: Value = rows.iter().map(|row| entry(call, &row.place.name, &row.value)).collect();
    let mut answer = Map::new();
    answer.insert("SecretList".to_owned(), entries);
    if let Some(next) = next {
        answer.insert("NextToken".to_owned(), next.into());
    }
    Ok(permit.answer(answer.into()))
}

/// Whether a list shows a secret.
fn shows(call: &Call<'_>, row: &Row<Secret>, filters: &[Filter], planned: bool) -> bool {
    let secret = &row.value;
    !secret.is_gone(call.now())
        && (planned || secret.due.is_none())
        && filters.iter().all(|filter| filter.holds(&row.place.name, call.region(), secret))
}

/// The caller's secrets that hold the filters, by name, and the token of the page after them.
pub(crate) async fn filtered(
    call: &Call<'_>,
    filters: &[Filter],
    planned: bool,
    page: &Page,
    limit: usize,
) -> Result<(Vec<Row<Secret>>, Option<String>)> {
    let mut after = page.after()?;
    let mut shown = Vec::new();
    loop {
        let chunk = chunk(call, after.as_deref()).await?;
        let last = chunk.len() < CHUNK;
        after = chunk.last().map(|row| row.place.name.clone());
        shown.extend(chunk.into_iter().filter(|row| shows(call, row, filters, planned)));
        if shown.len() > limit || last {
            let more = shown.len() > limit;
            shown.truncate(limit);
            let next = shown.last().filter(|_| more).map(|row| page::token(&row.place.name));
            return Ok((shown, next));
        }
    }
}

/// As [`filtered`] in another order: all are gone through, and no more kept than are shown.
async fn sorted(
    call: &Call<'_>,
    input: &ListSecrets,
    limit: usize,
) -> Result<(Vec<Row<Secret>>, Option<String>)> {
    let sign = if input.sort_order == SortOrder::Desc { -1 } else { 1 };
    let rank = |row: &Row<Secret>| -> i64 {
        let rank = match input.sort_by {
            SortBy::CreatedDate => row.value.created,
            SortBy::LastChangedDate => row.value.changed,
            SortBy::LastAccessedDate => row.value.accessed.unwrap_or_default(),
            SortBy::Name => 0,
        };
        rank.saturating_mul(sign)
    };
    let begin = match input.page.after()? {
        None => None,
        Some(token) => {
            let invalid = || ApiError::new("InvalidNextTokenException", "The NextToken value is invalid.");
            let (rank, name) = token.split_once(' ').ok_or_else(invalid)?;
            Some((rank.parse::<i64>().map_err(|_| invalid())?, name.to_owned()))
        }
    };
    let backwards = input.sort_by == SortBy::Name;
    let is_after = |key: &(i64, String)| match &begin {
        Some(begin) if backwards => key < begin,
        Some(begin) => key > begin,
        None => true,
    };
    let mut kept: BTreeMap<(i64, String), Row<Secret>> = BTreeMap::new();
    let mut after: Option<String> = None;
    loop {
        let chunk = chunk(call, after.as_deref()).await?;
        let last = chunk.len() < CHUNK;
        after = chunk.last().map(|row| row.place.name.clone());
        for row in chunk {
            let key = (rank(&row), row.place.name.clone());
            if is_after(&key) && shows(call, &row, &input.filters, input.include_planned_deletion) {
                kept.insert(key, row);
                if kept.len() > limit.saturating_add(1) {
                    if backwards {
                        kept.pop_first()
                    } else {
                        kept.pop_last()
                    };
                }
            }
        }
        if last {
            break;
        }
    }
    let mut rows: Vec<((i64, String), Row<Secret>)> = kept.into_iter().collect();
    if backwards {
        rows.reverse();
    }
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|((rank, name), _)| page::token(&format!("{rank} {name}")));
    Ok((rows.into_iter().map(|(_, row)| row).collect(), next))
}

async fn chunk(call: &Call<'_>, after: Option<&str>) -> Result<Vec<Row<Secret>>> {
    let scan = Scan { prefix: "", after, limit: CHUNK };
    Ok(call.shared.secretsmanager.secrets.scan(call.account(), call.region(), scan).await?)
}
