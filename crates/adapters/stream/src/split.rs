//! Batches of the audit webhook that are longer than an entry may be.

use std::ops::Range;

use bytes::{BufMut as _, Bytes, BytesMut};
use jiter::Jiter;

/// What of a list stands before its first item: its kind, and metadata that is empty for events.
const MAX_HEAD: usize = 4096;

/// A list of events in parts.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// The parts: each is a list as the whole was, none longer than asked for.
    pub parts: Vec<Bytes>,
    /// Where events lie that are too long by themselves, so that no part has them.
    pub too_long: Vec<Range<usize>>,
}

/// Splits an `EventList` between its events, so that no part has more bytes than `most`. None: it is no list of events.
///
/// What is short enough is not looked at.
pub fn split(list: &Bytes, most: usize) -> Option<Parts> {
    if list.len() <= most {
        return Some(Parts { parts: vec![list.clone()], too_long: Vec::new() });
    }
    let mut json = Jiter::new(list);
    let mut member = json.next_object().ok()?.map(str::to_owned);
    while member? != "items" {
        json.next_skip().ok()?;
        member = json.next_key().ok()?.map(str::to_owned);
    }
    let mut parts = Parts::default();
    let Some(mut peek) = json.next_array().ok()? else {
        // A long list of nothing has nothing to keep.
        return Some(parts);
    };
    // `next_array` has gone to the first item.
    let head = head(list.get(..json.current_index())?)?;
    let mut part = BytesMut::new();
    loop {
        let start = json.current_index();
        json.known_skip(peek).ok()?;
        let item = start..json.current_index();
        let bytes = list.get(item.clone())?;
        let alone = head.len() + bytes.len() + TAIL.len();
        if alone > most {
            parts.too_long.push(item);
        } else {
            if !part.is_empty() && part.len() + 1 + bytes.len() + TAIL.len() > most {
                part.put_slice(TAIL);
                parts.parts.push(part.split().freeze());
            }
            part.put_slice(if part.is_empty() { head } else { b"," });
            part.put_slice(bytes);
        }
        match json.array_step().ok()? {
            Some(next) => peek = next,
            None => break,
        }
    }
    if !part.is_empty() {
        part.put_slice(TAIL);
        parts.parts.push(part.freeze());
    }
    // What follows the list is left out; a second one would be read in place of the first.
    while let Some(member) = json.next_key().ok()? {
        if member == "items" {
            return None;
        }
        json.next_skip().ok()?;
    }
    json.finish().ok()?;
    Some(parts)
}

/// What ends a part.
const TAIL: &[u8] = b"]}";

/// All up to the list's bracket.
fn head(before: &[u8]) -> Option<&[u8]> {
    let end = before.iter().rposition(|byte| *byte == b'[')?;
    before.get(..=end).filter(|head| head.len() <= MAX_HEAD)
}
