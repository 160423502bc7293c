//! For the fuzz targets: parsers that nothing outside this crate calls otherwise. No part of its interface.

use std::time::Duration;

use crate::issuer::rotation::State;
use crate::issuer::{Keys, token};

/// The keys that are published by what was kept about an issuer, once its source was seen with these.
pub fn issuer_state(text: &[u8], current: &Keys, now: i64) -> Result<Keys, String> {
    let state: State = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let next = state.next(current, now, Duration::from_secs(60 * 60)).map_err(|error| error.to_string())?;
    next.published().map_err(|error| error.to_string())
}

/// The key's id and the issuer of a token.
pub fn issuer_token(text: &[u8]) -> Option<(String, String)> {
    token::look(text)
}
