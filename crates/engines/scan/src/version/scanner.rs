//! A version that is read from left to right.

/// What is left of a version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanner<'a>(pub(super) &'a str);

impl<'a> Scanner<'a> {
    /// Takes the characters as long as they are such, which may be none.
    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(|c| !wanted(c)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at_checked(end).unwrap_or((self.0, ""));
        self.0 = rest;
        taken
    }

    /// Takes a run of ASCII digits, which may be empty.
    pub(super) fn digits(&mut self) -> &'a str {
        self.take_while(|c| c.is_ascii_digit())
    }

    /// Takes this text if it comes next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let rest = self.0.strip_prefix(text);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// Takes this text if it comes next, in capitals or not.
    pub(super) fn eat_ignoring_case(&mut self, text: &str) -> bool {
        match self.0.split_at_checked(text.len()) {
            Some((head, rest)) if head.eq_ignore_ascii_case(text) => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// Takes one character of these if it comes next.
    pub(super) fn eat_any(&mut self, of: &[char]) -> bool {
        let rest = self.0.strip_prefix(of);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// The character that comes next.
    pub(super) fn peek(&self) -> Option<char> {
        self.0.chars().next()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
