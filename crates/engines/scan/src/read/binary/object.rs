//! As much of ELF, PE and Mach-O as finds sections by name and bytes by address.
//!
//! Sources: elf(5); Microsoft's "PE Format"; Apple's `mach-o/loader.h` and `mach-o/fat.h`.

use super::super::bytes::{Order, take};
use super::MAX_ARCHITECTURES;

/// Programs have a few dozen sections; those that are linked by function, some tens of thousands.
const MAX_SECTIONS: usize = 65_536;

/// A program taken apart.
pub(super) struct Object<'b> {
    pub(super) bytes: &'b [u8],
    sections: Vec<Section<'b>>,
    segments: Vec<Segment>,
}

struct Section<'b> {
    name: &'b [u8],
    data: &'b [u8],
}

/// Where in the file the bytes of some addresses stand.
struct Segment {
    address: u64,
    offset: u64,
    length: u64,
}

/// The programs in a file with where each begins: one, or one for each architecture of a Mach-O file that has several.
pub(super) fn architectures(bytes: &[u8]) -> Vec<(usize, &[u8])> {
    let order = Order::Big;
    let (entry, wide) = match order.u32(bytes, 0) {
        Some(0xcafe_babe) => (20, false),
        Some(0xcafe_babf) => (32, true),
        _ => return vec![(0, bytes)],
    };
    let count = order.size(bytes, 4).filter(|count| *count <= MAX_ARCHITECTURES).unwrap_or_default();
    let slices = (0..count).filter_map(|index| {
        let at = 8 + index * entry;
        let (offset, length) = match wide {
            true => (to_usize(order.u64(bytes, at + 8)?)?, to_usize(order.u64(bytes, at + 16)?)?),
            false => (order.size(bytes, at + 8)?, order.size(bytes, at + 12)?),
        };
        Some((offset, take(bytes, offset, length)?))
    });
    slices.collect()
}

impl<'b> Object<'b> {
    /// Nothing if it is none of the three. What of its tables lies outside the file is left out.
    pub(super) fn new(bytes: &'b [u8]) -> Option<Self> {
        if bytes.starts_with(b"\x7fELF") {
            elf(bytes)
        } else if bytes.starts_with(b"MZ") {
            pe(bytes)
        } else {
            mach_o(bytes)
        }
    }

    /// The bytes of a section by its name.
    pub(super) fn section(&self, name: &str) -> Option<&'b [u8]> {
        self.sections.iter().find(|section| section.name == name.as_bytes()).map(|section| section.data)
    }

    /// The bytes from an address to the end of its segment.
    pub(super) fn at_address(&self, address: u64) -> Option<&'b [u8]> {
        let mut segments = self.segments.iter();
        let (segment, into) = segments.find_map(|segment| {
            let into = address.checked_sub(segment.address)?;
            (into < segment.length).then_some((segment, into))
        })?;
        let start = to_usize(segment.offset.checked_add(into)?)?;
        take(self.bytes, start, to_usize(segment.length - into)?)
    }
}

fn to_usize(number: u64) -> Option<usize> {
    usize::try_from(number).ok()
}

/// Bytes up to the first zero.
fn c_bytes(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn elf(bytes: &[u8]) -> Option<Object<'_>> {
    let wide = match bytes.get(4)? {
        1 => false,
        2 => true,
        _ => return None,
    };
    let order = if *bytes.get(5)? == 2 { Order::Big } else { Order::Little };
    let word = |at| if wide { order.u64(bytes, at) } else { order.u32(bytes, at).map(u64::from) };
    let half = |at| order.u16(bytes, at).map(usize::from);
    let (programs_at, sections_at, counts_at) = if wide { (32, 40, 54) } else { (28, 32, 42) };
    let (programs, sections) = (to_usize(word(programs_at)?)?, to_usize(word(sections_at)?)?);
    let (program_bytes, program_count) = (half(counts_at)?, half(counts_at + 2)?);
    let (section_bytes, section_count, names) =
        (half(counts_at + 4)?, half(counts_at + 6)?, half(counts_at + 8)?);
    // Offset, address and length in the file of a segment; of a section, offset and length.
    let (segment_fields, section_fields) =
        if wide { ((8, 16, 32), (24, 32)) } else { ((4, 8, 16), (16, 20)) };
    let segments = (0..program_count).filter_map(|index| {
        let at = programs.checked_add(index * program_bytes)?;
        // 1 is a segment that is loaded.
        (order.u32(bytes, at)? == 1).then_some(())?;
        let (offset, address, length) = segment_fields;
        Some(Segment { address: word(at + address)?, offset: word(at + offset)?, length: word(at + length)? })
    });
    let data_of = |index: usize| {
        let at = sections.checked_add(index * section_bytes)?;
        // 8 is a section without bytes in the file.
        (order.u32(bytes, at + 4)? != 8).then_some(())?;
        take(bytes, to_usize(word(at + section_fields.0)?)?, to_usize(word(at + section_fields.1)?)?)
    };
    let names = data_of(names).unwrap_or_default();
    let sections = (0..section_count.min(MAX_SECTIONS)).filter_map(|index| {
        let name = order.size(bytes, sections.checked_add(index * section_bytes)?)?;
        Some(Section { name: c_bytes(names.get(name..)?), data: data_of(index)? })
    });
    Some(Object { bytes, segments: segments.collect(), sections: sections.collect() })
}

fn pe(bytes: &[u8]) -> Option<Object<'_>> {
    let order = Order::Little;
    let start = order.size(bytes, 0x3c)?;
    (take(bytes, start, 4)? == b"PE\0\0").then_some(())?;
    let count = usize::from(order.u16(bytes, start + 6)?);
    let optional = start + 24;
    let optional_bytes = usize::from(order.u16(bytes, start + 20)?);
    let base = match order.u16(bytes, optional)? {
        0x10b => u64::from(order.u32(bytes, optional + 28)?),
        0x20b => order.u64(bytes, optional + 24)?,
        _ => return None,
    };
    // Names that are longer than eight bytes stand in a table behind the symbols, of 18 bytes each, as `/offset`.
    let (symbols, symbol_count) = (order.size(bytes, start + 12)?, order.size(bytes, start + 16)?);
    let strings = symbol_count.checked_mul(18).and_then(|length| symbols.checked_add(length));
    let (mut sections, mut segments) = (Vec::new(), Vec::new());
    for index in 0..count {
        let at = optional + optional_bytes + index * 40;
        let Some(header) = take(bytes, at, 40) else { break };
        let short = c_bytes(header.get(..8)?);
        let long =
            std::str::from_utf8(short).ok().and_then(|text| text.strip_prefix('/')?.parse::<usize>().ok());
        let long = long.and_then(|into| bytes.get(strings?.checked_add(into)?..)).map(c_bytes);
        let (address, length, offset) =
            (order.u32(header, 12)?, order.size(header, 16)?, order.size(header, 20)?);
        let Some(data) = take(bytes, offset, length) else { continue };
        sections.push(Section { name: long.unwrap_or(short), data });
        segments.push(Segment {
            address: base.checked_add(u64::from(address))?,
            offset: u64::try_from(offset).ok()?,
            length: u64::try_from(length).ok()?,
        });
    }
    Some(Object { bytes, sections, segments })
}

fn mach_o(bytes: &[u8]) -> Option<Object<'_>> {
    let (order, wide) = match Order::Big.u32(bytes, 0)? {
        0xfeed_face => (Order::Big, false),
        0xfeed_facf => (Order::Big, true),
        0xcefa_edfe => (Order::Little, false),
        0xcffa_edfe => (Order::Little, true),
        _ => return None,
    };
    let word = |at| if wide { order.u64(bytes, at) } else { order.u32(bytes, at).map(u64::from) };
    let commands = order.size(bytes, 16)?.min(MAX_SECTIONS);
    let mut at = if wide { 32 } else { 28 };
    let (mut sections, mut segments) = (Vec::new(), Vec::new());
    // LC_SEGMENT and LC_SEGMENT_64, whose sections follow them.
    let (segment, width, section_bytes) = if wide { (0x19, 8, 80) } else { (0x1, 4, 68) };
    for _ in 0..commands {
        let Some((kind, length)) = order.u32(bytes, at).zip(order.size(bytes, at + 4)) else { break };
        if kind == segment {
            segments.push(Segment {
                address: word(at + 24)?,
                offset: word(at + 24 + 2 * width)?,
                length: word(at + 24 + 3 * width)?,
            });
            let count = order.size(bytes, at + 32 + 4 * width)?;
            for index in 0..count.min(MAX_SECTIONS) {
                let Some(start) = index.checked_mul(section_bytes).map(|into| at + 40 + 4 * width + into)
                else {
                    break;
                };
                let Some(name) = take(bytes, start, 16) else { break };
                let Some(length) = word(start + 32 + width).and_then(to_usize) else { break };
                let Some(offset) = order.size(bytes, start + 32 + 2 * width) else { break };
                let data = take(bytes, offset, length).unwrap_or_default();
                sections.push(Section { name: c_bytes(name), data });
            }
        }
        if length < 8 || sections.len() > MAX_SECTIONS {
            break;
        }
        at = at.checked_add(length)?;
    }
    Some(Object { bytes, sections, segments })
}
