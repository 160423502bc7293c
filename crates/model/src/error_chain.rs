//! Errors as a person reads them.

use std::error::Error;

/// An error and what it came of, on one line, each behind a colon. What is told already is not told again: some errors have
/// their source's words in their own.
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        if !text.contains(&told) {
            text = format!("{text}: {told}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    struct Told(&'static str, Option<Box<Told>>);

    impl fmt::Display for Told {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Told {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn causes_are_told_once() {
        let chain = |words: &[&'static str]| {
            let last: Option<Box<Told>> = None;
            words.iter().rev().fold(last, |cause, word| Some(Box::new(Told(word, cause)))).unwrap()
        };
        assert_eq!(error_chain(&chain(&["a"])), "a");
        assert_eq!(error_chain(&chain(&["it fails", "no way", "no host"])), "it fails: no way: no host");
        assert_eq!(
            error_chain(&chain(&["it fails: no way", "no way", "no host"])),
            "it fails: no way: no host"
        );
    }
}
