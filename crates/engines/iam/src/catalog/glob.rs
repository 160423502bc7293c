//! Patterns: the wildcards of action patterns, and the placeholders of ARNs and condition keys.

/// A part of a pattern.
#[derive(Debug, Clone, Copy)]
enum Token {
    Byte(u8),
    /// Any one byte.
    One,
    /// Any bytes, or none.
    Run,
}

/// Whether a text has a wildcard of an action pattern.
pub(super) fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether a text has a placeholder or, as some ARNs of the reference do, a `*` in place of one.
pub(super) fn has_placeholder(text: &str) -> bool {
    text.contains(['{', '*'])
}

/// Whether an action pattern fits, without regard to case.
pub(super) fn matches_caseless(pattern: &str, text: impl Iterator<Item = u8> + Clone) -> bool {
    let tokens = pattern.bytes().map(|byte| match byte {
        b'*' => Token::Run,
        b'?' => Token::One,
        byte => Token::Byte(byte),
    });
    matches(tokens, text, |a, b| a.eq_ignore_ascii_case(&b))
}

/// Whether an action pattern can fit an action of this service, as far as its text before the first wildcard tells.
pub(super) fn can_begin(pattern: &str, prefix: &str) -> bool {
    let literal = pattern.bytes().take_while(|byte| !matches!(byte, b'*' | b'?'));
    literal.zip(prefix.bytes().chain([b':'])).all(|(a, b)| a.eq_ignore_ascii_case(&b))
}

/// Whether a text is what the pattern says with something in each placeholder.
pub(super) fn fills(pattern: &str, text: &str) -> bool {
    matches(placeholders(pattern), text.bytes(), |a, b| a == b)
}

/// The same without regard to case.
pub(super) fn fills_caseless(pattern: &str, text: &str) -> bool {
    matches(placeholders(pattern), text.bytes(), |a, b| a.eq_ignore_ascii_case(&b))
}

/// `${Name}`, or `{Name}` as one ARN has it, is one or more bytes; a `*` is any number.
fn placeholders(pattern: &str) -> impl Iterator<Item = Token> + Clone {
    let mut bytes = pattern.bytes().peekable();
    let mut inside = false;
    std::iter::from_fn(move || {
        loop {
            let byte = bytes.next()?;
            match byte {
                b'}' if inside => {
                    inside = false;
                    return Some(Token::Run);
                }
                _ if inside => {}
                b'$' if bytes.peek() == Some(&b'{') => {}
                b'{' => {
                    inside = true;
                    return Some(Token::One);
                }
                b'*' => return Some(Token::Run),
                byte => return Some(Token::Byte(byte)),
            }
        }
    })
}

/// Each run takes as little as will do; after a mismatch the last one takes a byte more. No recursion, and at most the
/// product of both lengths in steps.
fn matches<P, T>(mut pattern: P, mut text: T, equal: impl Fn(u8, u8) -> bool) -> bool
where
    P: Iterator<Item = Token> + Clone,
    T: Iterator<Item = u8> + Clone,
{
    let mut retry: Option<(P, T)> = None;
    loop {
        let fits = match (pattern.next(), text.clone().next()) {
            (None, None) => return true,
            (Some(Token::Run), _) => {
                retry = Some((pattern.clone(), text.clone()));
                continue;
            }
            (Some(_), None) => return false,
            (None, Some(_)) => false,
            (Some(Token::One), Some(_)) => true,
            (Some(Token::Byte(wanted)), Some(byte)) => equal(wanted, byte),
        };
        if fits {
            text.next();
            continue;
        }
        let Some((after, rest)) = &mut retry else { return false };
        rest.next();
        pattern = after.clone();
        text = rest.clone();
    }
}
