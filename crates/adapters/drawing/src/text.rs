//! Names that somebody else wrote, made fit to be shown.

use std::fmt::{self, Write as _};

use unicode_width::UnicodeWidthChar as _;

/// A text that somebody else wrote, in which nothing can move a terminal's cursor or turn the direction of writing.
pub fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|character| {
            let escape = character.is_control() || turns(character) || is_no_character(character);
            let escaped = escape.then(|| character.escape_default());
            escaped.into_iter().flatten().chain((!escape).then_some(character))
        })
        .collect()
}

/// Whether a character sets the direction of what follows. Source: Unicode Standard Annex #9, "Directional Formatting Characters".
fn turns(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether XML has no such character. Source: XML 1.0 (fifth edition), 2.2 "Characters".
fn is_no_character(character: char) -> bool {
    matches!(character, '\u{fffe}' | '\u{ffff}')
}

/// A text within XML or HTML, in an element or in an attribute in quotes.
pub(crate) struct Xml<'t>(pub(crate) &'t str);

impl fmt::Display for Xml<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in printable(self.0).chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '`' => f.write_str("&#96;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// Lines within a `<title>` of SVG, each of which is shown as one.
pub(crate) struct Lines<'t>(pub(crate) &'t str);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, line) in self.0.split('\n').enumerate() {
            write!(f, "{}{}", if at > 0 { "&#10;" } else { "" }, Xml(line))?;
        }
        Ok(())
    }
}

/// The beginning of a text that has at most so many columns, with an ellipsis where something is left out.
pub(crate) fn shortened(text: &str, columns: usize) -> String {
    let text = printable(text);
    let width = |character: char| character.width().unwrap_or(0);
    if text.chars().map(width).sum::<usize>() <= columns {
        return text;
    }
    let mut used = 1;
    let mut short: String = text
        .chars()
        .take_while(|character| {
            used += width(*character);
            used <= columns
        })
        .collect();
    short.push('…');
    short
}

/// How many columns a text has.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

#[cfg(test)]
mod tests {
    use super::{Xml, printable, shortened};

    #[test]
    fn what_others_wrote_moves_no_cursor() {
        assert_eq!(printable("key\u{1b}[2J\r\n-é"), "key\\u{1b}[2J\\r\\n-é");
        assert_eq!(printable("a\u{202e}b\u{ffff}"), "a\\u{202e}b\\u{ffff}");
    }

    #[test]
    fn no_text_becomes_markup() {
        assert_eq!(Xml("<b a='1'>&\"`\u{0}").to_string(), "&lt;b a=&#39;1&#39;&gt;&amp;&quot;&#96;\\u{0}");
    }

    #[test]
    fn what_is_long_ends_in_an_ellipsis() {
        assert_eq!(shortened("checkout", 8), "checkout");
        assert_eq!(shortened("checkout", 6), "check…");
        assert_eq!(shortened("日本語", 4), "日…");
    }
}
