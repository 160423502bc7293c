//! As much of SQLite as reads the blobs of one table: table b-trees, records, overflow pages.
//!
//! Source: <https://www.sqlite.org/fileformat2.html>. A write-ahead log beside the file is not read: rpm folds it in when it ends.

use std::collections::BTreeSet;

use super::super::Problems;
use super::super::bytes::{Order, take};
use super::{MAX_HEADER_BYTES, MAX_PACKAGES, Sink};

const MAGIC: &[u8] = b"SQLite format 3\0";
const FILE_HEADER_BYTES: usize = 100;
const INTERIOR: u8 = 0x05;
const LEAF: u8 = 0x0d;

/// The table of headers: `hnum INTEGER PRIMARY KEY, blob BLOB`.
const TABLE: &str = "Packages";

struct File<'b> {
    bytes: &'b [u8],
    page_bytes: usize,
    /// Without what each page reserves for extensions.
    usable: usize,
}

/// A column of a record.
#[derive(Debug, PartialEq)]
enum Column<'r> {
    Integer(i64),
    Text(&'r [u8]),
    Blob(&'r [u8]),
    Other,
}

pub(super) fn blobs(bytes: &[u8], problems: &mut Problems<'_>, sink: &mut Sink<'_>) {
    let Some(file) = File::new(bytes) else {
        return problems.whole("not a database of SQLite");
    };
    let mut root = None;
    file.rows(1, problems, &mut |_, row, _| {
        let columns = columns(row);
        if let Some([Column::Text(b"table"), Column::Text(name), _, Column::Integer(page), ..]) =
            columns.as_deref()
            && *name == TABLE.as_bytes()
        {
            root = usize::try_from(*page).ok();
        }
    });
    let Some(root) = root else {
        return problems.whole(format!("there is no table `{TABLE}`"));
    };
    let mut seen = 0_usize;
    file.rows(root, problems, &mut |at, row, problems| {
        seen += 1;
        if seen > MAX_PACKAGES {
            return;
        }
        match columns(row).as_deref() {
            Some([_, Column::Blob(blob), ..]) => sink(at, blob, problems),
            _ => problems.byte(at, "a row without a header"),
        }
    });
    if seen > MAX_PACKAGES {
        problems.whole("more packages than are read");
    }
}

impl<'b> File<'b> {
    fn new(bytes: &'b [u8]) -> Option<Self> {
        if !bytes.starts_with(MAGIC) {
            return None;
        }
        let page_bytes = match Order::Big.u16(bytes, 16)? {
            1 => 65_536,
            size => usize::from(size),
        };
        let usable = page_bytes.checked_sub(usize::from(*bytes.get(20)?))?;
        // SQLite's own bounds.
        (page_bytes.is_power_of_two() && usable >= 480).then_some(Self { bytes, page_bytes, usable })
    }

    /// Pages count from 1.
    fn page(&self, number: usize) -> Option<&'b [u8]> {
        take(self.bytes, number.checked_sub(1)?.checked_mul(self.page_bytes)?, self.page_bytes)
    }

    /// Calls for each row of a table, in order, with the byte at which its page begins.
    fn rows(
        &self,
        root: usize,
        problems: &mut Problems<'_>,
        each: &mut dyn FnMut(usize, &[u8], &mut Problems<'_>),
    ) {
        // A page stands in one place of one tree, so a second visit is a loop.
        let mut visited = BTreeSet::new();
        let mut waiting = vec![root];
        while let Some(number) = waiting.pop() {
            let at = number.saturating_sub(1).saturating_mul(self.page_bytes);
            let Some(page) = self.page(number) else {
                problems.byte(at, format!("page {number} is missing"));
                continue;
            };
            if !visited.insert(number) {
                problems.byte(at, format!("page {number} stands in the tree twice"));
                continue;
            }
            let head = if number == 1 { FILE_HEADER_BYTES } else { 0 };
            let cells = Order::Big.u16(page, head + 3).map_or(0, usize::from);
            match page.get(head) {
                Some(&LEAF) => {
                    for cell in 0..cells {
                        match self.leaf_cell(page, head + 8 + cell * 2) {
                            Ok(row) => each(at, &row, problems),
                            Err(why) => problems.byte(at, format!("row {cell} of page {number}: {why}")),
                        }
                    }
                }
                Some(&INTERIOR) => {
                    let left = (0..cells).filter_map(|cell| {
                        let start = Order::Big.u16(page, head + 12 + cell * 2)?;
                        Order::Big.size(page, usize::from(start))
                    });
                    let mut children: Vec<usize> = left.collect();
                    if children.len() < cells {
                        problems.byte(at, format!("page {number} points outside itself"));
                    }
                    children.extend(Order::Big.size(page, head + 8));
                    waiting.extend(children.into_iter().rev());
                }
                _ => problems.byte(at, format!("page {number} is none of a table")),
            }
        }
    }

    /// The whole record of a cell, overflow pages included.
    fn leaf_cell(&self, page: &[u8], pointer: usize) -> Result<Vec<u8>, &'static str> {
        let beyond = "it lies outside the page";
        let start = Order::Big.u16(page, pointer).map(usize::from).ok_or(beyond)?;
        let cell = page.get(start..self.usable).ok_or(beyond)?;
        let (length, used) = varint(cell).ok_or(beyond)?;
        let (_, key) = varint(cell.get(used..).ok_or(beyond)?).ok_or(beyond)?;
        let length = usize::try_from(length).ok().filter(|length| *length <= MAX_HEADER_BYTES);
        let length =
            length.filter(|length| *length <= self.bytes.len()).ok_or("it is longer than is read")?;
        let local = self.local_bytes(length);
        let mut row = take(cell, used + key, local).ok_or(beyond)?.to_vec();
        let mut next = match local < length {
            true => Order::Big.size(cell, used + key + local).ok_or(beyond)?,
            false => 0,
        };
        let mut visited = BTreeSet::new();
        while row.len() < length {
            let page = self.page(next).ok_or("a page of it is missing")?;
            if !visited.insert(next) {
                return Err("its pages are no chain");
            }
            let rest = (length - row.len()).min(self.usable - 4);
            row.extend_from_slice(take(page, 4, rest).ok_or(beyond)?);
            next = Order::Big.size(page, 0).unwrap_or_default();
        }
        Ok(row)
    }

    /// How much of a record stands in the leaf itself.
    fn local_bytes(&self, length: usize) -> usize {
        let most = self.usable - 35;
        if length <= most {
            return length;
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let whole_pages_off = least + (length - least) % (self.usable - 4);
        if whole_pages_off <= most { whole_pages_off } else { least }
    }
}

/// A number of one to nine bytes, and how many they are.
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(8).enumerate() {
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    Some((value << 8 | u64::from(*bytes.get(8)?), 9))
}

/// Takes a record apart.
fn columns(row: &[u8]) -> Option<Vec<Column<'_>>> {
    let (header, mut at) = varint(row)?;
    let header = usize::try_from(header).ok()?;
    let mut data = header;
    let mut columns = Vec::new();
    while at < header {
        let (kind, used) = varint(row.get(at..header)?)?;
        at += used;
        let (length, column): (usize, fn(&[u8]) -> Column<'_>) = match kind {
            0 | 8 | 9 => (0, |_| Column::Other),
            1..=4 => (usize::try_from(kind).ok()?, integer),
            5 => (6, integer),
            6 => (8, integer),
            7 => (8, |_| Column::Other),
            _ if kind >= 12 && kind % 2 == 0 => {
                (usize::try_from((kind - 12) / 2).ok()?, |bytes| Column::Blob(bytes))
            }
            _ if kind >= 13 => (usize::try_from((kind - 13) / 2).ok()?, |bytes| Column::Text(bytes)),
            _ => return None,
        };
        columns.push(column(take(row, data, length)?));
        data += length;
    }
    Some(columns)
}

/// Big-endian with a sign, of one to eight bytes.
fn integer(bytes: &[u8]) -> Column<'_> {
    let sign = bytes.first().map_or(0, |first| if first & 0x80 == 0 { 0 } else { -1 });
    Column::Integer(bytes.iter().fold(sign, |value, byte| value << 8 | i64::from(*byte)))
}
