//! Berkeley DB's hash files, as rpm before 4.16 wrote `Packages`.
//!
//! Source: Berkeley DB's `src/dbinc/db_page.h`: a page of metadata, hash pages whose items stand from the end, chains of overflow
//! pages. Byte order is that of the machine that wrote it, known by the magic number.

use std::collections::BTreeSet;

use super::super::Problems;
use super::super::bytes::{Order, take};
use super::{MAX_HEADER_BYTES, MAX_PACKAGES, Sink};

const HASH_MAGIC: u32 = 0x0006_1561;
const PAGE_HEADER_BYTES: usize = 26;
const HASH_UNSORTED: u8 = 2;
const OVERFLOW: u8 = 7;
const HASH: u8 = 13;
const ITEM_DATA: u8 = 1;
const ITEM_OFF_PAGE: u8 = 3;

struct File<'b> {
    bytes: &'b [u8],
    order: Order,
    page_bytes: usize,
}

pub(super) fn blobs(bytes: &[u8], problems: &mut Problems<'_>, sink: &mut Sink<'_>) {
    let Some(file) = File::new(bytes) else {
        return problems.whole("not a hash file of Berkeley DB");
    };
    if !bytes.len().is_multiple_of(file.page_bytes) {
        problems.whole("the file ends within a page");
    }
    let mut seen = 0_usize;
    for number in 1..bytes.len() / file.page_bytes {
        let Some(page) = file.page(number) else { continue };
        if !matches!(page.get(25), Some(&HASH | &HASH_UNSORTED)) {
            continue;
        }
        let start = number * file.page_bytes;
        // Items are keys and values in turn.
        let items = usize::from(file.order.u16(page, 20).unwrap_or_default());
        for value in (1..items).step_by(2) {
            match file.value(page, value) {
                Ok(Some(blob)) => {
                    seen += 1;
                    if seen > MAX_PACKAGES {
                        return problems.byte(start, "more packages than are read");
                    }
                    sink(start, &blob, problems);
                }
                Ok(None) => {}
                Err(why) => problems.byte(start, format!("item {value} of page {number}: {why}")),
            }
        }
    }
}

impl<'b> File<'b> {
    fn new(bytes: &'b [u8]) -> Option<Self> {
        let orders = [Order::Little, Order::Big];
        let order = orders.into_iter().find(|order| order.u32(bytes, 12) == Some(HASH_MAGIC))?;
        let page_bytes = order.size(bytes, 20)?;
        // Berkeley DB's own bounds.
        let fits = page_bytes.is_power_of_two() && (512..=65_536).contains(&page_bytes);
        fits.then_some(Self { bytes, order, page_bytes })
    }

    fn page(&self, number: usize) -> Option<&'b [u8]> {
        take(self.bytes, number.checked_mul(self.page_bytes)?, self.page_bytes)
    }

    fn offset(&self, page: &[u8], item: usize) -> Option<usize> {
        Some(usize::from(self.order.u16(page, PAGE_HEADER_BYTES + item * 2)?))
    }

    /// The value of an item; nothing for the counter that stands under key 0.
    fn value(&self, page: &'b [u8], item: usize) -> Result<Option<Vec<u8>>, &'static str> {
        let beyond = "it lies outside the page";
        let start = self.offset(page, item).ok_or(beyond)?;
        match page.get(start) {
            Some(&ITEM_OFF_PAGE) => {
                let first = self.order.size(page, start + 4).ok_or(beyond)?;
                let length = self.order.size(page, start + 8).ok_or(beyond)?;
                self.chain(first, length).map(Some)
            }
            Some(&ITEM_DATA) => {
                let end = self.offset(page, item - 1).ok_or(beyond)?;
                let data = page.get(start + 1..end).ok_or(beyond)?;
                Ok((data.len() > 4).then(|| data.to_vec()))
            }
            _ => Err("it is of no kind that rpm writes"),
        }
    }

    fn chain(&self, first: usize, length: usize) -> Result<Vec<u8>, &'static str> {
        if length > MAX_HEADER_BYTES || length > self.bytes.len() {
            return Err("it is longer than is read");
        }
        let mut data = Vec::with_capacity(length);
        let mut visited = BTreeSet::new();
        let mut number = first;
        while data.len() < length {
            let page = self.page(number).ok_or("a page of it is missing")?;
            if page.get(25) != Some(&OVERFLOW) || !visited.insert(number) {
                return Err("its pages are no chain");
            }
            let count = self.order.u16(page, 22).map_or(0, usize::from);
            let part = take(page, PAGE_HEADER_BYTES, count).ok_or("a page of it claims more than it has")?;
            data.extend_from_slice(part);
            number = self.order.size(page, 16).unwrap_or_default();
        }
        data.truncate(length);
        Ok(data)
    }
}
