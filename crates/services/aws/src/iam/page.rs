//! Lists in pages.

use ringwall_store::{Row, Scan};
use serde::Deserialize;
use serde_json::{Value, json};

use super::entity::Kept;
use super::fault::validation;
use crate::call::Call;
use crate::error::Result;

/// Items of a page unless the caller says otherwise. Source: AWS IAM API Reference, `MaxItems` of each list.
const DEFAULT_ITEMS: usize = 100;

/// Most items of a page. Source: as above.
const MAX_ITEMS: usize = 1000;

/// Which page is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Page {
    pub(crate) marker: Option<String>,
    pub(crate) max_items: Option<usize>,
}

impl Page {
    /// Most items.
    pub(crate) fn limit(&self) -> usize {
        self.max_items.unwrap_or(DEFAULT_ITEMS).clamp(1, MAX_ITEMS)
    }

    /// The name after which the page begins.
    pub(crate) fn after(&self) -> Result<Option<String>> {
        crate::page::after(self.marker.as_deref())
            .map_err(|_| validation("The marker is none of this operation."))
    }

    /// A page of items that are all there, in the order of their names.
    pub(crate) fn of<'a, T>(
        &self,
        items: impl IntoIterator<Item = (&'a str, T)>,
        member: &str,
        show: impl Fn(T) -> Value,
    ) -> Result<Value> {
        let after = self.after()?;
        let mut shown = Vec::new();
        let mut last = None;
        let mut more = false;
        for (name, item) in
            items.into_iter().filter(|(name, _)| after.as_deref().is_none_or(|after| *name > after))
        {
            if shown.len() == self.limit() {
                more = true;
                break;
            }
            shown.push(show(item));
            last = Some(name);
        }
        Ok(answer(member, shown, last.filter(|_| more)))
    }
}

/// A page of what an account has, of which some are left out, and the name of its last if more follow.
pub(crate) async fn rows<T: Kept>(
    call: &Call<'_>,
    page: &Page,
    keep: impl Fn(&T) -> bool + Send,
) -> Result<(Vec<Row<T>>, Option<String>)> {
    let mut after = page.after()?;
    let mut kept: Vec<Row<T>> = Vec::new();
    loop {
        let scan = Scan { after: after.as_deref(), ..Scan::default() };
        let rows = T::table(&call.shared.iam).scan(call.account(), "", scan).await?;
        let Some(end) = rows.last() else { return Ok((kept, None)) };
        after = Some(end.place.name.clone());
        for row in rows.into_iter().filter(|row| keep(&row.value)) {
            if kept.len() == page.limit() {
                let last = kept.last().map(|row| row.place.name.clone());
                return Ok((kept, last));
            }
            kept.push(row);
        }
    }
}

/// A page with the name of its last item if more follow.
pub(crate) fn answer(member: &str, items: Vec<Value>, more_after: Option<&str>) -> Value {
    let mut answer = json!({ member: items, "IsTruncated": more_after.is_some() });
    crate::sts::put(&mut answer, "Marker", more_after.map(crate::page::token));
    answer
}
