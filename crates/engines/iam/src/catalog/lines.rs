//! The format of the data file, whose head describes it: blocks between empty lines, fields between tabs.

use std::str::Split;

/// The tag of a line with a condition key.
pub(super) const KEY: &str = "k";

/// The tag of a line with a resource type.
pub(super) const RESOURCE_TYPE: &str = "r";

/// What parts one block from the next.
const BLOCK_END: &str = "\n\n";

/// A block: its first line, and the lines under it.
pub(super) struct Block {
    /// The first field.
    pub(super) kind: &'static str,
    /// The other fields of the first line.
    values: Split<'static, char>,
    pub(super) lines: &'static str,
}

impl Block {
    /// A field after the kind, empty if it is not there.
    pub(super) fn value(&self, index: usize) -> &'static str {
        self.values.clone().nth(index).unwrap_or_default()
    }
}

/// Every block of the file.
pub(super) fn blocks(data: &'static str) -> impl Iterator<Item = Block> {
    data.split(BLOCK_END).map(|block| {
        let (first, lines) = block.split_once('\n').unwrap_or((block, ""));
        let mut values = first.split('\t');
        Block { kind: values.next().unwrap_or_default(), values, lines }
    })
}

/// The fields after the tag, of each line that has this tag.
pub(super) fn tagged(lines: &'static str, tag: &str) -> impl Iterator<Item = Split<'static, char>> {
    all(lines).filter_map(move |(found, fields)| (found == tag).then_some(fields))
}

/// The tag of each line, and the fields after it.
pub(super) fn all(lines: &'static str) -> impl Iterator<Item = (&'static str, Split<'static, char>)> {
    lines.lines().filter_map(|line| {
        let mut fields = line.split('\t');
        Some((fields.next()?, fields))
    })
}

/// The field after a tag that one line has, empty without such a line.
pub(super) fn field(lines: &'static str, tag: &str) -> &'static str {
    tagged(lines, tag).find_map(|mut fields| fields.next()).unwrap_or_default()
}

/// The items of a field that holds a list; a field that was left out holds none.
pub(super) fn list(field: Option<&'static str>) -> impl Iterator<Item = &'static str> {
    field.into_iter().flat_map(|field| field.split(',')).filter(|item| !item.is_empty())
}
