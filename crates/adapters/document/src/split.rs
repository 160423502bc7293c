use memchr::memmem::Finder;

/// A part of a file that stands for itself: what lies between two lines that begin with `---`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part<'t> {
    pub(crate) text: &'t [u8],
    /// Line of the file at which it begins, counted from 1.
    pub(crate) line: u32,
    /// Byte of the file at which it begins.
    pub(crate) offset: usize,
}

/// Cuts a file at its document markers. Each part begins with its marker line, so that `--- {a: b}` and the
/// directives before a marker stay in one piece.
pub(crate) struct Parts<'t> {
    rest: Option<Part<'t>>,
    marker: Finder<'static>,
}

impl<'t> Parts<'t> {
    pub(crate) fn new(text: &'t [u8], offset: usize) -> Self {
        Self { rest: Some(Part { text, line: 1, offset }), marker: Finder::new("\n---") }
    }
}

impl<'t> Iterator for Parts<'t> {
    type Item = Part<'t>;

    fn next(&mut self) -> Option<Part<'t>> {
        let rest = self.rest.take()?;
        for found in self.marker.find_iter(rest.text) {
            let (part, after) = rest.text.split_at(found + 1);
            if is_marker(after) && !is_prologue(part) {
                let line = rest.line.saturating_add(lines_in(part));
                self.rest = Some(Part { text: after, line, offset: rest.offset + part.len() });
                return Some(Part { text: part, ..rest });
            }
        }
        Some(rest)
    }
}

/// Line ends in a text.
pub(crate) fn lines_in(text: &[u8]) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', text).count()).unwrap_or(u32::MAX)
}

/// YAML 1.2, production 203 and 206: `---` ends at white space, a line end or the end of the file.
fn is_marker(text: &[u8]) -> bool {
    matches!(text.get(3), None | Some(b' ' | b'\t' | b'\r' | b'\n'))
}

/// Whether nothing but directives (`%YAML 1.2`), comments and blank lines stand before a marker: they belong to
/// the document that it opens.
fn is_prologue(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').all(|line| {
        let line = line.trim_ascii();
        matches!(line.first(), None | Some(b'#' | b'%'))
    })
}

#[cfg(test)]
mod tests {
    use super::{Part, Parts};

    fn parts(text: &str) -> Vec<(&str, u32)> {
        Parts::new(text.as_bytes(), 0)
            .map(|Part { text, line, .. }| (std::str::from_utf8(text).unwrap(), line))
            .collect()
    }

    #[test]
    fn a_file_is_cut_at_its_markers() {
        assert_eq!(parts("a: 1\n---\nb: 2\n"), [("a: 1\n", 1), ("---\nb: 2\n", 2)]);
        assert_eq!(parts("a: 1\r\n---\r\nb: 2"), [("a: 1\r\n", 1), ("---\r\nb: 2", 2)]);
        assert_eq!(
            parts("# c\n%YAML 1.2\n---\na: 1\n--- {b: 2}\n---"),
            [("# c\n%YAML 1.2\n---\na: 1\n", 1), ("--- {b: 2}\n", 5), ("---", 6)]
        );
    }

    #[test]
    fn what_only_looks_like_a_marker_does_not_cut() {
        assert_eq!(parts("a: |\n  ---\n  b\n").len(), 1);
        assert_eq!(parts("a: 1\n----\n").len(), 1);
        assert_eq!(parts("a: 1\n---b\n").len(), 1);
        assert_eq!(parts(""), [("", 1)]);
    }
}
