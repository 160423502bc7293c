//! Lists, page by page.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::{ApiError, Result};
use crate::page;

/// Most entries in an answer. The API takes a `Limit` of 1,000, of which an answer may stay short; the store gives no more
/// than so many at once, and one is needed to know whether there is another page.
const MAX_LIMIT: usize = 999;

/// Which page is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Page {
    limit: Option<usize>,
    marker: Option<String>,
}

/// A page, and the name after which the next one begins, if there is one.
#[derive(Debug)]
pub(crate) struct Paged {
    items: Vec<Value>,
    last: Option<String>,
}

impl Page {
    /// How many entries.
    pub(crate) fn limit(&self, default: usize) -> usize {
        self.limit.unwrap_or(default).min(MAX_LIMIT)
    }

    /// The name after which the page begins.
    ///
    /// # Errors
    ///
    /// `InvalidMarkerException` for what no answer gave.
    pub(crate) fn after(&self) -> Result<Option<String>> {
        let invalid = |_| ApiError::new("InvalidMarkerException", "Could not deserialize marker");
        page::after(self.marker.as_deref()).map_err(invalid)
    }
}

impl Paged {
    /// The first `limit` of named entries, of which there may be more.
    pub(crate) fn of(mut entries: Vec<(String, Value)>, limit: usize) -> Self {
        let more = entries.len() > limit;
        entries.truncate(limit);
        let last = entries.last().filter(|_| more).map(|(name, _)| name.clone());
        Self { items: entries.into_iter().map(|(_, entry)| entry).collect(), last }
    }

    /// The answer, with the entries under a name.
    pub(crate) fn answer(self, name: &str) -> Value {
        let mut answer = json!({ name: self.items, "Truncated": self.last.is_some() });
        if let (Some(last), Some(members)) = (self.last, answer.as_object_mut()) {
            members.insert("NextMarker".to_owned(), page::token(&last).into());
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marker_of_a_page_leads_to_the_next() {
        let entries = || ["a", "b", "c"].map(|name| (name.to_owned(), json!(name))).to_vec();
        let first = Paged::of(entries(), 2).answer("Keys");
        assert_eq!(first["Keys"], json!(["a", "b"]));
        let marker = first["NextMarker"].as_str().map(str::to_owned);
        assert_eq!(Page { limit: None, marker }.after().unwrap().as_deref(), Some("b"));
        assert_eq!(Paged::of(entries(), 3).answer("Keys")["Truncated"], json!(false));
        let forged = Page { limit: None, marker: Some("not a marker".to_owned()) };
        assert_eq!(forged.after().unwrap_err().code, "InvalidMarkerException");
    }
}
