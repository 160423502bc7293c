//! Condition keys: what values they have.

use std::str::Split;

use super::glob;
use super::names::Named;

/// What a value of a condition key is, and so which operators work with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// Text, for `String…` operators.
    String,
    /// A number, for `Numeric…` operators.
    Numeric,
    /// `true` or `false`, for `Bool`.
    Bool,
    /// A time, for `Date…` operators.
    Date,
    /// An Amazon Resource Name, for `Arn…` operators.
    Arn,
    /// An address or a range, for `IpAddress` and `NotIpAddress`.
    IpAddress,
    /// Bytes in Base64, for `BinaryEquals`.
    Binary,
}

/// What values a condition key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyType {
    /// What one value is.
    pub value: ValueType,
    /// Whether a request has a list of values (`ArrayOf…` in the reference), for which policies need a set operator.
    pub multi_valued: bool,
}

impl KeyType {
    /// Reads `String`, `ArrayOfString` and so on.
    fn parse(text: &str) -> Option<Self> {
        let one = text.strip_prefix("ArrayOf");
        let value = match one.unwrap_or(text) {
            "String" => ValueType::String,
            "Numeric" => ValueType::Numeric,
            "Bool" => ValueType::Bool,
            "Date" => ValueType::Date,
            "ARN" => ValueType::Arn,
            "IPAddress" => ValueType::IpAddress,
            "Binary" => ValueType::Binary,
            _ => return None,
        };
        Some(Self { value, multi_valued: one.is_some() })
    }
}

/// A condition key that a service knows.
#[derive(Debug)]
pub struct ConditionKey {
    /// As the reference writes it, `aws:RequestTag/${TagKey}` for a key that is a family of keys.
    pub name: &'static str,
    /// What values it has.
    pub key_type: KeyType,
}

/// Condition keys by name; families by the text before and after the part that differs.
#[derive(Debug)]
pub(super) struct KeyTable {
    keys: Named<ConditionKey>,
    families: Vec<Family>,
}

#[derive(Debug)]
struct Family {
    /// The text before the placeholder: it alone excludes nearly every other key.
    start: &'static str,
    name: &'static str,
}

impl KeyTable {
    /// Reads the fields of lines with keys: name and type.
    pub(super) fn new(lines: impl Iterator<Item = Split<'static, char>>) -> Self {
        let keys: Vec<ConditionKey> = lines
            .filter_map(|mut fields| {
                Some(ConditionKey { name: fields.next()?, key_type: KeyType::parse(fields.next()?)? })
            })
            .collect();
        let family =
            |key: &ConditionKey| Some(Family { start: key.name.split_once("${")?.0, name: key.name });
        let mut families: Vec<Family> = keys.iter().filter_map(family).collect();
        // The longest is the narrowest: `events:Metadata/${MetadataKey}/Matcher` before `events:Metadata/${MetadataKey}`.
        families.sort_by_key(|family| std::cmp::Reverse(family.name.len()));
        Self { keys: Named::new(keys, |key| key.name), families }
    }

    pub(super) fn items(&self) -> &[ConditionKey] {
        self.keys.items()
    }

    /// The key of this name, or the family that it is of.
    pub(super) fn get(&self, name: &str) -> Option<&ConditionKey> {
        self.keys.get(name).or_else(|| {
            let family = self.families.iter().find(|family| family.has(name))?;
            self.keys.get(family.name)
        })
    }
}

impl Family {
    fn has(&self, name: &str) -> bool {
        let start = name.as_bytes().get(..self.start.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(self.start.as_bytes()))
            && glob::fills_caseless(self.name, name)
    }
}

/// The claims of an OIDC token that are condition keys for every issuer (IAM User Guide, "IAM and AWS STS condition
/// context keys", "Available keys for AWS OIDC federation").
const CLAIMS: [&str; 5] = ["amr", "aud", "email", "oaud", "sub"];

/// The one of them that has a list of values. The same page says so; the machine-readable reference does not.
const MULTI_VALUED_CLAIM: &str = "amr";

/// The type of a claim that has a list of values, if the key is one.
pub(super) fn multi_valued_claim(key: &str) -> Option<KeyType> {
    let is_it = claim(key)?.eq_ignore_ascii_case(MULTI_VALUED_CLAIM);
    is_it.then_some(KeyType { value: ValueType::String, multi_valued: true })
}

/// The type of a claim that any issuer's token may have.
pub(super) fn claim_of_any_issuer(key: &str) -> Option<KeyType> {
    let claim = claim(key)?;
    let known = CLAIMS.iter().any(|known| known.eq_ignore_ascii_case(claim));
    known.then_some(KeyType { value: ValueType::String, multi_valued: false })
}

/// `sub` of `oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE:sub`. An issuer begins with a host name, which has a dot, and no
/// service prefix has one.
fn claim(key: &str) -> Option<&str> {
    let (issuer, claim) = key.rsplit_once(':')?;
    let host = issuer.split(['/', ':']).next()?;
    host.contains('.').then_some(claim)
}
