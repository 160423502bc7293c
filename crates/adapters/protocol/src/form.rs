//! Forms: query strings as bodies, and the names with dots by which they nest.

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::error::{Target, WireError};
use crate::head::RequestHead;
use crate::limits::{MAX_BODY, MAX_NAME_PARTS, MAX_PARAMETERS};

pub(crate) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The one media type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// The parameters of a Query request: of the body, or of the query string, no name in both or twice.
pub(crate) fn parameters<'a>(
    target: Target,
    head: &RequestHead<'a>,
    body: &'a [u8],
) -> Result<Vec<Pair<'a>>, WireError> {
    let mut pairs = match head.method {
        "POST" if !body.is_empty() => {
            if !head.media_type().is_ok_and(|media_type| media_type == FORM) {
                return Err(target.media_type(FORM));
            }
            if body.len() > MAX_BODY {
                return Err(target.too_large("bytes", MAX_BODY));
            }
            decode(target, body)?
        }
        "POST" | "GET" if body.is_empty() => Vec::new(),
        "GET" => return Err(target.malformed("A GET has no body")),
        _ => return Err(target.malformed("The method has to be GET or POST")),
    };
    pairs.extend(head.query.iter().cloned());
    if pairs.len() > MAX_PARAMETERS {
        return Err(target.too_large("parameters", MAX_PARAMETERS));
    }
    refuse_doubles(target, &pairs)?;
    Ok(pairs)
}

/// Takes a form apart by the rules that hold for query strings: each pair has a name, `%` has two hexadecimal digits, `+` is
/// a space, what comes out is UTF-8. A name without `=` has an empty value.
fn decode(target: Target, form: &[u8]) -> Result<Vec<Pair<'_>>, WireError> {
    let malformed = || target.malformed("The form is not percent-encoded UTF-8");
    let form = std::str::from_utf8(form).map_err(|_| malformed())?;
    let mut pairs = Vec::new();
    for pair in form.split('&') {
        if pairs.len() == MAX_PARAMETERS {
            return Err(target.too_large("parameters", MAX_PARAMETERS));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name.is_empty() {
            return Err(target.malformed("A parameter has no name"));
        }
        pairs.push((unescape(name).ok_or_else(malformed)?, unescape(value).ok_or_else(malformed)?));
    }
    Ok(pairs)
}

fn unescape(text: &str) -> Option<Cow<'_, str>> {
    if text.bytes().any(|byte| matches!(byte, 0..=b' ' | 0x7f)) || !has_whole_escapes(text) {
        return None;
    }
    if !text.contains('+') {
        return percent_decode_str(text).decode_utf8().ok();
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(Cow::Owned(decoded.into_owned()))
}

fn has_whole_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        let mut bytes = after.bytes();
        matches!((bytes.next(), bytes.next()), (Some(a), Some(b)) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
    })
}

/// Refuses a name that is there twice, or in two spellings that differ in case: of those, two readers could take
/// different ones.
fn refuse_doubles(target: Target, pairs: &[Pair<'_>]) -> Result<(), WireError> {
    let mut names: Vec<String> = pairs.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    if names.iter().zip(names.iter().skip(1)).any(|(left, right)| left == right) {
        return Err(target.malformed("A parameter stands there twice"));
    }
    Ok(())
}

/// Parameters as a tree, by the parts of their names.
#[derive(Debug, Default)]
pub(crate) struct Node<'a> {
    pub(crate) value: Option<&'a str>,
    children: BTreeMap<&'a str, Node<'a>>,
}

impl<'a> Node<'a> {
    /// The tree of these parameters.
    pub(crate) fn of(target: Target, pairs: &'a [Pair<'a>]) -> Result<Self, WireError> {
        let mut root = Self::default();
        for (name, value) in pairs {
            let mut node = &mut root;
            for (depth, part) in name.split('.').enumerate() {
                if depth == MAX_NAME_PARTS {
                    return Err(target.too_large("parts in the name of a parameter", MAX_NAME_PARTS));
                }
                node = node.children.entry(part).or_default();
            }
            node.value = Some(value);
        }
        Ok(root)
    }

    /// Takes out what is below a name, which may have dots itself.
    pub(crate) fn take(&mut self, name: &str) -> Option<Self> {
        match name.split_once('.') {
            None => self.children.remove(name),
            Some((first, rest)) => self.children.get_mut(first)?.take(rest),
        }
    }

    /// Takes out what is numbered, in the order of the numbers. Gaps are none of the list's elements. `Err` if there is a
    /// number in another spelling than the shortest, or zero.
    pub(crate) fn take_numbered(&mut self) -> Result<Vec<(u32, Self)>, ()> {
        let mut numbered = Vec::with_capacity(self.children.len());
        let mut others = BTreeMap::new();
        for (name, node) in std::mem::take(&mut self.children) {
            if !name.bytes().all(|byte| byte.is_ascii_digit()) || name.is_empty() {
                others.insert(name, node);
                continue;
            }
            if name.starts_with('0') {
                return Err(());
            }
            numbered.push((name.parse().map_err(|_| ())?, node));
        }
        self.children = others;
        numbered.sort_unstable_by_key(|(number, _)| *number);
        Ok(numbered)
    }

    /// The name of one parameter that is left.
    pub(crate) fn any_name(&self) -> Option<String> {
        if self.value.is_some() {
            return Some(String::new());
        }
        self.children.iter().find_map(|(part, node)| {
            let rest = node.any_name()?;
            Some(if rest.is_empty() { (*part).to_owned() } else { format!("{part}.{rest}") })
        })
    }
}
