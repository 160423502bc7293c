//! Lists that are answered a page at a time.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::Result;
use crate::page::{after, token};

/// Which page is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page {
    pub(crate) next_token: Option<String>,
    pub(crate) max_results: Option<usize>,
}

/// A page, and the token of the one after it.
#[derive(Debug)]
pub(crate) struct Paged {
    pub(crate) items: Vec<Value>,
    pub(crate) next: Option<String>,
}

/// The page that is asked for, of items in the order of their names.
///
/// # Errors
///
/// `InvalidParameterException` for a token that was not made here.
pub(crate) fn paged(
    items: impl IntoIterator<Item = (String, Value)>,
    page: &Page,
    default: usize,
) -> Result<Paged> {
    let after = after(page.next_token.as_deref())?;
    let limit = page.max_results.unwrap_or(default);
    let mut items = items.into_iter().filter(|(name, _)| after.as_ref().is_none_or(|after| name > after));
    let mut taken = Vec::new();
    let mut last = None;
    for (name, item) in items.by_ref().take(limit) {
        taken.push(item);
        last = Some(name);
    }
    let next = last.filter(|_| items.next().is_some()).map(|name| token(&name));
    Ok(Paged { items: taken, next })
}

impl Paged {
    /// As an answer, with members that it has beside.
    pub(crate) fn into_answer(self, member: &str, more: Value) -> Value {
        let mut members = match more {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        members.insert(member.to_owned(), self.items.into());
        if let Some(next) = self.next {
            members.insert("nextToken".to_owned(), next.into());
        }
        members.into()
    }
}
