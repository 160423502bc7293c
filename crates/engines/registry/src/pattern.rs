use serde::{Deserialize, Serialize};

/// A text in which `*` stands for any text, nothing too. All else stands for itself: ECR's `WILDCARD` filters and tag patterns.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pattern(String);

impl Pattern {
    /// Any text is a pattern; what its place demands of it (length, letters, number of `*`) is checked there.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How many `*` it has.
    pub fn wildcards(&self) -> usize {
        self.0.bytes().filter(|byte| *byte == b'*').count()
    }

    /// Whether the whole text is as the pattern says, case included, in time proportional to the product of the lengths.
    pub fn matches(&self, text: &str) -> bool {
        let mut pieces = self.0.split('*');
        let Some(first) = pieces.next() else { return false };
        let Some(mut rest) = text.strip_prefix(first) else { return false };
        let mut pieces = pieces.peekable();
        if pieces.peek().is_none() {
            return rest.is_empty();
        }
        // The leftmost place for each piece leaves the most for those after it; the last one has to end the text.
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_none() {
                return rest.ends_with(piece);
            }
            let Some((_, after)) = rest.split_once(piece) else { return false };
            rest = after;
        }
        true
    }

    /// As [`Pattern::matches`], but a pattern without `*` is in any text that contains it: the filters of scanning
    /// configurations, Amazon ECR User Guide, "Filters to choose which repositories are scanned".
    pub fn matches_or_is_in(&self, text: &str) -> bool {
        if self.wildcards() == 0 { text.contains(&self.0) } else { self.matches(text) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The twin: by what the letters mean, whatever it costs.
    fn naive(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), None) => naive(rest, text),
            (Some((b'*', rest)), Some((_, after))) => naive(rest, text) || naive(pattern, after),
            (Some((expected, rest)), Some((letter, after))) => expected == letter && naive(rest, after),
            _ => false,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn patterns_are_as_their_twin_says(pattern in "[ab*]{0,8}", text in "[ab]{0,10}") {
            prop_assert_eq!(Pattern::new(&*pattern).matches(&text), naive(pattern.as_bytes(), text.as_bytes()));
        }
    }

    #[test]
    fn overlapping_ends_need_text_for_both() {
        assert!(!Pattern::new("ab*ba").matches("aba"));
        assert!(Pattern::new("ab*ba").matches("abba"));
        assert!(Pattern::new("*").matches(""));
        assert!(!Pattern::new("").matches("a"));
    }
}
