use ringwall_model::Tree;

/// Which lines the values of a document within a document get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// The text's first line is this one of the file, its second the next one.
    From(u32),
    /// All of it stands at one line of the file.
    All(u32),
}

impl Lines {
    /// The file's line for a line of the text, counted from 1.
    pub(crate) fn at(self, line: usize) -> u32 {
        match self {
            Self::From(first) => {
                first.saturating_add(u32::try_from(line).unwrap_or(u32::MAX).saturating_sub(1))
            }
            Self::All(line) => line,
        }
    }
}

/// The lines at which a document's literal block scalars (`|`) begin: the only strings whose lines are those
/// of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Literals(pub(crate) Vec<u32>);

impl Literals {
    /// Which lines a document in this string has.
    pub fn lines_of(&self, value: &Tree) -> Lines {
        match self.0.binary_search(&value.line) {
            Ok(_) => Lines::From(value.line),
            Err(_) => Lines::All(value.line),
        }
    }
}
