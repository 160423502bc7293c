//! Lists that are answered a page at a time.

use data_encoding::BASE64URL_NOPAD;
use ringwall_store::{Row, Scan, StoreError, Table};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{ApiError, Result};

/// What a page's token stands for: the last name of the page before.
pub(crate) fn after(token: Option<&str>) -> Result<Option<String>> {
    let Some(token) = token else { return Ok(None) };
    let name = BASE64URL_NOPAD.decode(token.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    name.map(Some)
        .ok_or_else(|| ApiError::new("InvalidParameterException", "The token of the page is invalid."))
}

/// The token for what comes after a name.
pub(crate) fn token(name: &str) -> String {
    BASE64URL_NOPAD.encode(name.as_bytes())
}

/// The rows of a kind that begin with a prefix, as many as wanted, and the token of the page after them.
pub(crate) async fn page<T: Serialize + DeserializeOwned + Send + Sync + 'static>(
    table: &Table<T>,
    account: &str,
    region: &str,
    prefix: &str,
    next: Option<&str>,
    limit: usize,
) -> Result<(Vec<Row<T>>, Option<String>)> {
    let after = after(next)?;
    let scan = Scan { prefix, after: after.as_deref(), limit: limit.saturating_add(1) };
    let mut rows = table.scan(account, region, scan).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let token = rows.last().filter(|_| more).map(|row| token(&row.place.name));
    Ok((rows, token))
}

/// All rows of a kind that begin with a prefix, for what is small by the quotas that keep it so.
pub(crate) async fn all<T: Serialize + DeserializeOwned + Send + Sync + 'static>(
    table: &Table<T>,
    account: &str,
    region: &str,
    prefix: &str,
) -> std::result::Result<Vec<Row<T>>, StoreError> {
    let mut rows: Vec<Row<T>> = Vec::new();
    loop {
        let after = rows.last().map(|row| row.place.name.clone());
        let scan = Scan { prefix, after: after.as_deref(), ..Scan::default() };
        let limit = scan.limit;
        let page = table.scan(account, region, scan).await?;
        let last = page.len() < limit;
        rows.extend(page);
        if last {
            return Ok(rows);
        }
    }
}
