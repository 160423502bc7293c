//! Patterns of the models, which are Java's, in the syntax of Rust's `regex`, which is read with Unicode on.

use anyhow::{Context, Result, bail, ensure};
use regex::Regex;

/// Patterns that look ahead, which `regex` cannot, with what is the same for text of the lengths that the shape allows.
const REWRITTEN: [(&str, &str); 1] = [(
    // An account alias: 3 to 63 characters, no hyphen at either end, no two in a row.
    "^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$",
    "[a-z0-9]+(-[a-z0-9]+)*",
)];

/// What Java's `.` does not stand for: line terminators, of which Rust knows only the first.
const ANY: &str = r"[^\n\r\u{85}\u{2028}\u{2029}]";

/// The pattern for a whole text, in Rust's syntax; an error for one that `regex` cannot express.
pub(super) fn to_rust(pattern: &str) -> Result<String> {
    let rewritten = REWRITTEN.iter().find(|(java, _)| *java == pattern);
    let rust = match rewritten {
        Some((_, rust)) => (*rust).to_owned(),
        None => translate(pattern).with_context(|| format!("the pattern `{pattern}`"))?,
    };
    Regex::new(&format!(r"\A(?:{rust})\z"))
        .with_context(|| format!("the pattern `{pattern}`, in Rust `{rust}`"))?;
    Ok(rust)
}

fn translate(pattern: &str) -> Result<String> {
    let mut rust = String::with_capacity(pattern.len());
    let mut in_class = false;
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => {
                let escaped = rest.next().context("a backslash at its end")?;
                rust += &escape(escaped, &mut rest, in_class)?;
            }
            '[' => {
                // Java joins a class in a class; `regex` does too, but no model uses it.
                ensure!(!in_class, "a class in a class");
                in_class = true;
                rust.push(c);
            }
            ']' => {
                in_class = false;
                rust.push(c);
            }
            '&' | '~' | '-' if in_class && rest.peek() == Some(&c) => {
                bail!("`{c}{c}` in a class, which Java and Rust may read differently")
            }
            '.' if !in_class => rust += ANY,
            '(' if !in_class && rest.peek() == Some(&'?') => {
                rest.next();
                ensure!(rest.next() == Some(':'), "a group that is neither plain nor `(?:`");
                rust += "(?:";
            }
            _ => rust.push(c),
        }
    }
    Ok(rust)
}

/// What follows a backslash. Java's `\w`, `\d` and `\s` are of ASCII alone.
fn escape(
    escaped: char,
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    in_class: bool,
) -> Result<String> {
    let class = |members: &str| if in_class { members.to_owned() } else { format!("[{members}]") };
    Ok(match escaped {
        'w' => class("A-Za-z0-9_"),
        'd' => class("0-9"),
        's' => class(r"\t\n\x0B\f\r "),
        'S' if !in_class => r"[^\t\n\x0B\f\r ]".to_owned(),
        'u' => {
            let digits: String = rest.by_ref().take(4).collect();
            let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
            ensure!(digits.len() == 4 && code.is_some(), "`\\u{digits}` is no character");
            format!(r"\u{{{digits}}}")
        }
        'p' => {
            let category: String = rest.by_ref().take(3).collect();
            ensure!(
                matches!(category.as_str(), "{L}" | "{Z}" | "{N}"),
                "`\\p{category}` may be another set in Rust"
            );
            format!(r"\p{category}")
        }
        't' | 'n' | 'r' => format!(r"\{escaped}"),
        // `regex` knows these without a backslash alone.
        '<' | '>' | '\'' | '"' | '_' | ',' | ' ' | '=' | '@' | ':' | '/' | '!' => escaped.to_string(),
        _ if escaped.is_ascii_punctuation() => format!(r"\{escaped}"),
        _ => bail!("`\\{escaped}` is not known here"),
    })
}
