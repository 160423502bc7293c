/// What a condition compares, and how.
///
/// Source: AWS IAM User Guide, *IAM JSON policy elements: Condition operators*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `StringEquals`
    StringEquals,
    /// `StringEqualsIgnoreCase`
    StringEqualsIgnoreCase,
    /// `StringLike`
    StringLike,
    /// `NumericEquals`
    NumericEquals,
    /// `NumericLessThan`
    NumericLessThan,
    /// `NumericLessThanEquals`
    NumericLessThanEquals,
    /// `NumericGreaterThan`
    NumericGreaterThan,
    /// `NumericGreaterThanEquals`
    NumericGreaterThanEquals,
    /// `DateEquals`
    DateEquals,
    /// `DateLessThan`
    DateLessThan,
    /// `DateLessThanEquals`
    DateLessThanEquals,
    /// `DateGreaterThan`
    DateGreaterThan,
    /// `DateGreaterThanEquals`
    DateGreaterThanEquals,
    /// `Bool`
    Bool,
    /// `BinaryEquals`
    BinaryEquals,
    /// `IpAddress`
    IpAddress,
    /// `ArnEquals` and `ArnLike`, which are the same.
    ArnLike,
    /// `Null`
    Null,
}

/// Whether one value of the request has to match, or each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SetOperator {
    /// `ForAllValues:`
    ForAllValues,
    /// `ForAnyValue:`
    ForAnyValue,
}

/// A condition operator in full, such as `ForAllValues:StringNotLikeIfExists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operator {
    /// What it compares.
    pub comparison: Comparison,
    /// Whether it is the negated form: `StringNotEquals`.
    pub negated: bool,
    /// Whether an absent key satisfies it: `…IfExists`.
    pub if_exists: bool,
    /// How several values of the request count.
    pub set: Option<SetOperator>,
}

/// Name, what it compares, and whether it is negated.
const NAMES: [(&str, Comparison, bool); 27] = {
    use Comparison as C;
    [
        ("StringEquals", C::StringEquals, false),
        ("StringNotEquals", C::StringEquals, true),
        ("StringEqualsIgnoreCase", C::StringEqualsIgnoreCase, false),
        ("StringNotEqualsIgnoreCase", C::StringEqualsIgnoreCase, true),
        ("StringLike", C::StringLike, false),
        ("StringNotLike", C::StringLike, true),
        ("NumericEquals", C::NumericEquals, false),
        ("NumericNotEquals", C::NumericEquals, true),
        ("NumericLessThan", C::NumericLessThan, false),
        ("NumericLessThanEquals", C::NumericLessThanEquals, false),
        ("NumericGreaterThan", C::NumericGreaterThan, false),
        ("NumericGreaterThanEquals", C::NumericGreaterThanEquals, false),
        ("DateEquals", C::DateEquals, false),
        ("DateNotEquals", C::DateEquals, true),
        ("DateLessThan", C::DateLessThan, false),
        ("DateLessThanEquals", C::DateLessThanEquals, false),
        ("DateGreaterThan", C::DateGreaterThan, false),
        ("DateGreaterThanEquals", C::DateGreaterThanEquals, false),
        ("Bool", C::Bool, false),
        ("BinaryEquals", C::BinaryEquals, false),
        ("IpAddress", C::IpAddress, false),
        ("NotIpAddress", C::IpAddress, true),
        ("ArnEquals", C::ArnLike, false),
        ("ArnNotEquals", C::ArnLike, true),
        ("ArnLike", C::ArnLike, false),
        ("ArnNotLike", C::ArnLike, true),
        ("Null", C::Null, false),
    ]
};

impl Operator {
    /// Reads an operator by its name, in which case does not count.
    ///
    /// Source: the same page; that IAM takes operators in any case is how the service behaves, and Access Analyzer
    /// has no finding against it.
    pub fn parse(text: &str) -> Option<Self> {
        let (set, rest) = match text.split_once(':') {
            None => (None, text),
            Some((set, rest)) if set.eq_ignore_ascii_case("ForAllValues") => {
                (Some(SetOperator::ForAllValues), rest)
            }
            Some((set, rest)) if set.eq_ignore_ascii_case("ForAnyValue") => {
                (Some(SetOperator::ForAnyValue), rest)
            }
            Some(_) => return None,
        };
        const IF_EXISTS: &str = "IfExists";
        let split = rest.len().checked_sub(IF_EXISTS.len()).and_then(|at| rest.split_at_checked(at));
        let (name, if_exists) = match split {
            Some((name, end)) if end.eq_ignore_ascii_case(IF_EXISTS) => (name, true),
            _ => (rest, false),
        };
        let (_, comparison, negated) =
            NAMES.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name)).copied()?;
        Some(Self { comparison, negated, if_exists, set })
    }

    /// All names without set operator and `IfExists`, for "did you mean".
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, ..)| *name)
    }
}

impl Comparison {
    /// Whether variables are replaced in its values.
    ///
    /// Source: AWS IAM User Guide, *IAM policy elements: variables and tags*, "Condition element": string and ARN
    /// operators.
    pub(crate) fn takes_variables(self) -> bool {
        matches!(self, Self::StringEquals | Self::StringEqualsIgnoreCase | Self::StringLike | Self::ArnLike)
    }
}
