//! rpm's own database, `Packages.db`: pages of slots that point at blobs.
//!
//! Source: the layout at the head of rpm's `lib/backend/ndb/rpmpkg.cc`; all little-endian.

use super::super::Problems;
use super::super::bytes::{Order, take};
use super::{MAX_HEADER_BYTES, MAX_PACKAGES, Sink};

const FILE_MAGIC: &[u8] = b"RpmP";
const SLOT_MAGIC: &[u8] = b"Slot";
const BLOB_MAGIC: &[u8] = b"BlbS";
const HEADER_BYTES: usize = 32;
const PAGE_BYTES: usize = 4096;
const SLOT_BYTES: usize = 16;
const BLOCK_BYTES: usize = 16;
const BLOB_HEAD_BYTES: usize = 16;

pub(super) fn blobs(bytes: &[u8], problems: &mut Problems<'_>, sink: &mut Sink<'_>) {
    let order = Order::Little;
    if !bytes.starts_with(FILE_MAGIC) {
        return problems.whole("not a database of rpm: it doesn't begin with `RpmP`");
    }
    let pages = order.size(bytes, 12).unwrap_or_default();
    let end = pages.saturating_mul(PAGE_BYTES);
    if end > bytes.len() {
        problems.whole(format!("the file ends within its {pages} pages of slots"));
    }
    let slots = bytes.get(HEADER_BYTES..end.min(bytes.len())).unwrap_or_default();
    let mut seen = 0_usize;
    for (index, slot) in slots.chunks_exact(SLOT_BYTES).enumerate() {
        let at = HEADER_BYTES + index * SLOT_BYTES;
        // An unused slot has no block.
        let block = order.size(slot, 8).unwrap_or_default();
        if block == 0 {
            continue;
        }
        if !slot.starts_with(SLOT_MAGIC) {
            problems.byte(at, "not a slot");
            continue;
        }
        seen += 1;
        if seen > MAX_PACKAGES {
            return problems.byte(at, "more packages than are read");
        }
        let start = block.saturating_mul(BLOCK_BYTES);
        match blob(bytes, start, slot) {
            Some(blob) => sink(start, blob, problems),
            None => problems.byte(at, "the slot points at no blob"),
        }
    }
}

fn blob<'b>(bytes: &'b [u8], start: usize, slot: &[u8]) -> Option<&'b [u8]> {
    let head = take(bytes, start, BLOB_HEAD_BYTES)?;
    let same_package = head.get(4..8)? == slot.get(4..8)?;
    let length = Order::Little.size(head, 12)?;
    if !head.starts_with(BLOB_MAGIC) || !same_package || length > MAX_HEADER_BYTES {
        return None;
    }
    take(bytes, start + BLOB_HEAD_BYTES, length)
}
