use std::borrow::Cow;

/// What a scalar means to kubectl.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar<'t> {
    Null,
    Bool(bool),
    Integer(i64),
    /// An integer beyond `i64`; go-yaml reads it as `uint64`.
    Unsigned(u64),
    Float(f64),
    String(Cow<'t, str>),
}

impl Scalar<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "!!null",
            Self::Bool(_) => "!!bool",
            Self::Integer(_) | Self::Unsigned(_) => "!!int",
            Self::Float(_) => "!!float",
            Self::String(_) => "!!str",
        }
    }
}

/// Prefix of YAML's own tags.
const YAML_TAG: &str = "tag:yaml.org,2002:";

/// Resolves a scalar with an explicit tag, given as its full URI.
///
/// Source: `resolve` and `scalar` of go-yaml v2.
pub(crate) fn resolve_tagged<'t>(tag: &str, text: &'t str) -> Result<Scalar<'t>, String> {
    let wrong = |found: &Scalar<'_>, tag: &str| {
        Err(format!("cannot read {} `{}` as !!{tag}", found.kind(), crate::build::shown(text)))
    };
    let Some(kind) = tag.strip_prefix(YAML_TAG) else { return Ok(Scalar::String(text.into())) };
    match kind {
        "binary" => binary(text).map(|text| Scalar::String(text.into())),
        "timestamp" if is_date(text) => Ok(Scalar::String(text.into())),
        "bool" | "int" | "float" | "null" | "timestamp" => match (kind, resolve(text)) {
            ("bool", value @ Scalar::Bool(_))
            | ("int", value @ (Scalar::Integer(_) | Scalar::Unsigned(_)))
            | ("float", value @ Scalar::Float(_))
            | ("null", value @ Scalar::Null) => Ok(value),
            #[expect(clippy::cast_precision_loss, reason = "go-yaml rounds alike")]
            ("float", Scalar::Integer(value)) => Ok(Scalar::Float(value as f64)),
            (_, found) => wrong(&found, kind),
        },
        _ => Ok(Scalar::String(text.into())),
    }
}

/// Resolves a plain scalar without a tag.
///
/// Source: `resolve` of go-yaml v2, whose first byte decides what is tried.
pub(crate) fn resolve(text: &str) -> Scalar<'_> {
    let Some(first) = text.bytes().next() else { return Scalar::Null };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'.' => dotted(text),
        b'0'..=b'9' | b'+' | b'-' => number(text),
        _ => None,
    }
    .unwrap_or(Scalar::String(Cow::Borrowed(text)))
}

fn word(text: &str) -> Option<Scalar<'static>> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Some(Scalar::Bool(true))
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Some(Scalar::Bool(false))
        }
        "~" | "null" | "Null" | "NULL" => Some(Scalar::Null),
        _ => None,
    }
}

fn dotted(text: &str) -> Option<Scalar<'static>> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(Scalar::Float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" => Some(Scalar::Float(f64::INFINITY)),
        _ => float(text).map(Scalar::Float),
    }
}

fn number(text: &str) -> Option<Scalar<'static>> {
    match text {
        "+.inf" | "+.Inf" | "+.INF" => return Some(Scalar::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => return Some(Scalar::Float(f64::NEG_INFINITY)),
        _ => {}
    }
    let plain: Cow<'_, str> = if text.contains('_') { text.replace('_', "").into() } else { text.into() };
    if let Some(value) = go_integer(&plain) {
        return Some(value);
    }
    if let Some(value) = float(&plain) {
        return Some(Scalar::Float(value));
    }
    // go-yaml tries binary once more without its prefix, so that a sign may follow it.
    let digits = plain.strip_prefix("0b")?;
    i64::from_str_radix(digits, 2).ok().map(Scalar::Integer)
}

/// `strconv.ParseInt(text, 0, 64)`, then `strconv.ParseUint(text, 0, 64)`; underscores are gone already.
fn go_integer(text: &str) -> Option<Scalar<'static>> {
    let (negative, signed, digits) = match text.as_bytes().first()? {
        b'-' => (true, true, text.get(1..)?),
        b'+' => (false, true, text.get(1..)?),
        _ => (false, false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, digits.get(2..)?),
        [b'0', b'o' | b'O', _, ..] => (8, digits.get(2..)?),
        [b'0', b'b' | b'B', _, ..] => (2, digits.get(2..)?),
        [b'0'] => (10, digits),
        [b'0', ..] => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    match (negative, i64::try_from(magnitude)) {
        (false, Ok(value)) => Some(Scalar::Integer(value)),
        (true, _) => 0_i64.checked_sub_unsigned(magnitude).map(Scalar::Integer),
        (false, Err(_)) if !signed => Some(Scalar::Unsigned(magnitude)),
        (false, Err(_)) => None,
    }
}

/// A float as go-yaml's `yamlStyleFloat` spells it: `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`.
/// One that a double can't hold is none (`strconv.ErrRange`).
fn float(text: &str) -> Option<f64> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    if !exponent_fits || !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// The dates that begin go-yaml's timestamp formats: `2006-1-2`.
fn is_date(text: &str) -> bool {
    let date = text.split(['T', 't', ' ']).next().unwrap_or_default();
    let mut parts = date.split('-');
    let mut part = |from: usize, to: usize| {
        parts.next().is_some_and(|part| {
            (from..=to).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    part(4, 4) && part(1, 2) && part(1, 2) && parts.next().is_none()
}

/// Base64 with padding, line ends ignored, as Go's `base64.StdEncoding`; what is no UTF-8 becomes U+FFFD, as in
/// Go's JSON.
fn binary(text: &str) -> Result<String, String> {
    let invalid = || "a !!binary value is not valid base64".to_owned();
    let symbols: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let padding = symbols.iter().rev().take_while(|byte| **byte == b'=').count();
    if !symbols.len().is_multiple_of(4) || padding > 2 {
        return Err(invalid());
    }
    let mut bytes = Vec::with_capacity(symbols.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for symbol in symbols.iter().take(symbols.len() - padding) {
        let value = match symbol {
            b'A'..=b'Z' => symbol - b'A',
            b'a'..=b'z' => symbol - b'a' + 26,
            b'0'..=b'9' => symbol - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return Err(invalid()),
        };
        bits = (bits << 6 | u32::from(value)) & 0xFFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xFF).unwrap_or_default());
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The string that kubectl makes of a key; why it makes none otherwise.
///
/// Source: `convertToJSONableObject` of `sigs.k8s.io/yaml`, which formats a float like Go's
/// `strconv.FormatFloat(key, 'g', -1, 32)`.
pub(crate) fn key(scalar: Scalar<'_>) -> Result<Cow<'_, str>, &'static str> {
    match scalar {
        Scalar::String(text) => Ok(text),
        Scalar::Bool(value) => Ok(if value { "true" } else { "false" }.into()),
        Scalar::Integer(value) => Ok(value.to_string().into()),
        Scalar::Float(value) => Ok(float_key(value).into()),
        Scalar::Null => Err("a key is empty or `null`"),
        Scalar::Unsigned(_) => Err("a key is a number that is too large"),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "sigs.k8s.io/yaml writes keys as 32-bit floats")]
fn float_key(value: f64) -> String {
    if value.is_nan() {
        return ".nan".into();
    }
    let value = value as f32;
    if value.is_infinite() {
        return if value > 0.0 { ".inf".into() } else { "-.inf".into() };
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    // Go's shortest %g changes to an exponent below -4 and from 6 on: `1e6` is the key `1e+06`.
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}
