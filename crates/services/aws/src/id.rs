//! Names that are made here: unique ids, access key ids, request ids.

use aws_lc_rs::rand;
use data_encoding::{BASE32, HEXLOWER};

use crate::error::{ApiError, Result};

/// Bytes of randomness.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| ApiError::internal(&"the system gave no randomness"))?;
    Ok(bytes)
}

/// Text of `length` characters, each drawn evenly from `alphabet`, which has at most 256.
pub(crate) fn text(length: usize, alphabet: &[u8]) -> Result<String> {
    let even = 256 - 256 % alphabet.len().max(1);
    let mut text = String::with_capacity(length);
    while text.len() < length {
        for byte in random::<64>()? {
            let at = usize::from(byte);
            if at < even && text.len() < length {
                text.extend(alphabet.get(at % alphabet.len().max(1)).map(|letter| char::from(*letter)));
            }
        }
    }
    Ok(text)
}

/// What a unique id tells of its bearer.
///
/// Source: AWS IAM User Guide, *IAM identifiers*, "Unique identifiers".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefix {
    User,
    Group,
    Role,
    ManagedPolicy,
    InstanceProfile,
}

impl Prefix {
    fn text(self) -> &'static str {
        match self {
            Self::User => "AIDA",
            Self::Group => "AGPA",
            Self::Role => "AROA",
            Self::ManagedPolicy => "ANPA",
            Self::InstanceProfile => "AIPA",
        }
    }
}

const BASE32_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LOWER_ALPHANUMERIC: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A unique id, such as `AIDACKCEVSQ6C2EXAMPLE`: the prefix and 17 characters of base32.
pub(crate) fn unique(prefix: Prefix) -> Result<String> {
    Ok(format!("{}{}", prefix.text(), text(17, BASE32_ALPHABET)?))
}

/// Which kind of credentials an access key id stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    /// Of a user or of root: `AKIA`.
    LongTerm,
    /// Of a session: `ASIA`.
    Session,
}

/// An access key id that tells its account, as AWS's do: twenty characters, of which the sixteen after the prefix are base32
/// of 80 bits; the account is in bits 1 to 40.
///
/// Source: AWS STS API Reference, *GetAccessKeyInfo* (the account of a key id can be told without looking it up); the
/// layout is widely published.
pub(crate) fn access_key(kind: KeyKind, account: &str) -> Result<String> {
    let number: u64 = account.parse().map_err(|error| ApiError::internal(&error))?;
    let mut bytes = random::<10>()?;
    let low = u64::from(bytes.get(5).copied().unwrap_or_default() & 0x7f);
    let head = (1 << 47) | (number << 7) | low;
    for (slot, byte) in bytes.iter_mut().zip(head.to_be_bytes().into_iter().skip(2)) {
        *slot = byte;
    }
    let prefix = match kind {
        KeyKind::LongTerm => "AKIA",
        KeyKind::Session => "ASIA",
    };
    Ok(format!("{prefix}{}", BASE32.encode(&bytes)))
}

/// The account that an access key id tells, if it could be one of [`access_key`]'s.
pub(crate) fn account_of(access_key: &str) -> Option<String> {
    let rest = access_key.strip_prefix("AKIA").or_else(|| access_key.strip_prefix("ASIA"))?;
    let bytes = BASE32.decode(rest.as_bytes()).ok().filter(|bytes| bytes.len() == 10)?;
    let head = bytes.iter().take(6).fold(0_u64, |head, byte| (head << 8) | u64::from(*byte));
    let number = (head >> 7) & ((1 << 40) - 1);
    let account = format!("{number:012}");
    (account.len() == 12).then_some(account)
}

/// A secret access key: forty characters.
pub(crate) fn secret_access_key() -> Result<String> {
    text(40, ALPHANUMERIC)
}

/// An account id: twelve digits, of which the first is not 0, since many tools read it as a number.
pub(crate) fn account() -> Result<String> {
    Ok(format!("{}{}", text(1, b"123456789")?, text(11, b"0123456789")?))
}

/// A random UUID (version 4), for requests, events, KMS keys and versions of secrets.
pub(crate) fn uuid() -> Result<String> {
    let mut bytes = random::<16>()?;
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = (*version & 0x0f) | 0x40;
    *variant = (*variant & 0x3f) | 0x80;
    let hex = HEXLOWER.encode(&bytes);
    let mut text = String::with_capacity(36);
    for (at, letter) in hex.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(letter);
    }
    Ok(text)
}

/// Lower-case hexadecimal digits, as in `sg-0123456789abcdef0`.
pub(crate) fn hex(digits: usize) -> Result<String> {
    text(digits, b"0123456789abcdef")
}

/// Lower-case letters and digits, as in `a-0123456789abcdefg` of Pod Identity.
pub(crate) fn lower(length: usize) -> Result<String> {
    text(length, LOWER_ALPHANUMERIC)
}

/// Letters and digits, as in the six characters at the end of a secret's ARN.
pub(crate) fn mixed(length: usize) -> Result<String> {
    text(length, ALPHANUMERIC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_key_tells_its_account() {
        for account in ["000000000001", "111122223333", "999999999999"] {
            for kind in [KeyKind::LongTerm, KeyKind::Session] {
                let key = access_key(kind, account).unwrap();
                assert_eq!(key.len(), 20);
                assert_eq!(account_of(&key).as_deref(), Some(account));
            }
        }
        assert_eq!(account_of("AKIAIOSFODNN7EXAMPL"), None);
        assert_eq!(account_of("BKIAIOSFODNN7EXAMPLE"), None);
    }

    #[test]
    fn ids_have_their_forms() {
        assert_eq!(unique(Prefix::Role).unwrap().len(), 21);
        assert_eq!(secret_access_key().unwrap().len(), 40);
        let uuid = uuid().unwrap();
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.as_bytes()[14], b'4');
        assert_ne!(hex(17).unwrap(), hex(17).unwrap());
    }
}
