//! What a policy in a request opens, and to whom.
//!
//! This asks one question of a document that AWS has taken already: whether somebody gets in who should not. What it allows in all
//! is the IAM engine's matter, which knows the rest of the account.

use std::borrow::Cow;

use crate::audit::Body;
use crate::field::{Field, Read, Text};
use crate::object::object;
use serde::de::{MapAccess, SeqAccess};

/// One value, or a list of them.
#[derive(Clone, Debug)]
struct Several<T>(Vec<T>);

impl<T> Default for Several<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Read<'de>> Read<'de> for Several<T> {
    fn text(text: Cow<'de, str>) -> Option<Self> {
        T::text(text).map(|one| Self(vec![one]))
    }

    fn object<M: MapAccess<'de>>(map: M) -> Result<Option<Self>, M::Error> {
        Ok(T::object(map)?.map(|one| Self(vec![one])))
    }

    fn list<S: SeqAccess<'de>>(list: S) -> Result<Option<Self>, S::Error> {
        Ok(Vec::list(list)?.map(Self))
    }
}

/// Of whom a statement speaks.
#[derive(Clone, Debug, Default)]
struct Principals {
    anybody: bool,
    aws: Vec<String>,
    federated: Vec<String>,
}

impl<'de> Read<'de> for Principals {
    fn text(text: Cow<'de, str>) -> Option<Self> {
        Some(Self { anybody: text == "*", ..Self::default() })
    }

    fn object<M: MapAccess<'de>>(map: M) -> Result<Option<Self>, M::Error> {
        let named = Named::object(map)?.unwrap_or_default();
        let texts = |field: &Field<Several<Text<'_>>>| -> Vec<String> {
            field.get().map(|all| all.0.iter().map(|one| one.to_string()).collect()).unwrap_or_default()
        };
        let aws = texts(&named.aws);
        Ok(Some(Self { anybody: aws.iter().any(|one| one == "*"), aws, federated: texts(&named.federated) }))
    }
}

object! {
    struct Named {
        "AWS" => aws: Field<Several<Text<'a>>>,
        "Federated" => federated: Field<Several<Text<'a>>>,
    }

    struct Document {
        "Statement" => statements: Field<Several<Statement<'a>>>,
    }

    struct Statement {
        "Effect" => effect: Field<Text<'a>>,
        "Principal" => principal: Field<Principals>,
        "Action" => actions: Field<Several<Text<'a>>>,
        "Condition" => condition: Body<'a>,
    }
}

/// To whom a policy opens something, the widest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Open {
    /// To everybody, whoever signs.
    Anybody,
    /// To everybody whom an identity provider vouches for, this one.
    AnySubject(String),
    /// To another account, these ARNs or numbers.
    Account(String),
}

/// The widest that a policy opens, for actions that a test takes, if it opens anything beyond an account.
pub(super) fn opened(text: &str, own_account: &str, takes: impl Fn(&str) -> bool) -> Option<Open> {
    let Ok(Field::Is(document)) = serde_json::from_str::<Field<Document<'_>>>(text) else { return None };
    let mut widest = None;
    for statement in document.statements.get().map(|all| all.0.as_slice()).unwrap_or_default() {
        let counts = statement.actions.get().is_some_and(|actions| actions.0.iter().any(|one| takes(one)));
        if statement.effect.text() != "Allow" || !counts {
            continue;
        }
        let found = statement.principal.get().and_then(|principal| open(principal, statement, own_account));
        if let Some(found) = found.filter(|found| widest.as_ref().is_none_or(|widest| found < widest)) {
            widest = Some(found);
        }
    }
    widest
}

fn open(principal: &Principals, statement: &Statement<'_>, own_account: &str) -> Option<Open> {
    let condition = statement.condition.json().filter(|json| json.trim() != "{}");
    if principal.anybody {
        return condition.is_none().then_some(Open::Anybody);
    }
    if let Some(provider) = principal.federated.iter().find(|one| one.contains(":oidc-provider/")) {
        return (!condition.is_some_and(names_subject)).then(|| Open::AnySubject(provider.clone()));
    }
    let is_foreign = |one: &&String| {
        let account = if one.len() == 12 { one.as_str() } else { one.split(':').nth(4).unwrap_or_default() };
        account.len() == 12 && account != own_account
    };
    let foreign = principal.aws.iter().find(is_foreign)?;
    condition.is_none().then(|| Open::Account(foreign.clone()))
}

/// Whether a condition holds the token's subject to something. A pattern that every subject matches holds it to nothing.
///
/// Source: AWS IAM User Guide, *Available keys for AWS OIDC federation*, `:sub`.
fn names_subject(condition: &str) -> bool {
    let Ok(Field::Is(operators)) = serde_json::from_str::<
        Field<crate::field::Members<'_, crate::field::Members<'_, Several<Text<'_>>>>>,
    >(condition) else {
        return false;
    };
    operators.iter().flat_map(|(_, keys)| keys.iter()).any(|(key, values)| {
        key.to_ascii_lowercase().ends_with(":sub")
            && !values
                .0
                .iter()
                .any(|value| value.chars().all(|letter| letter == '*') || takes_all_accounts(value))
    })
}

fn takes_all_accounts(value: &str) -> bool {
    value
        .strip_prefix("system:serviceaccount:")
        .is_some_and(|rest| rest.chars().all(|c| c == '*' || c == ':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "111122223333";

    fn trust(principal: &str, condition: &str) -> Option<Open> {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},"Action":["sts:AssumeRole"]{condition}}}}}"#
        );
        opened(&text, OWN, |action| action.starts_with("sts:"))
    }

    #[test]
    fn who_gets_in_is_told() {
        let provider = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A";
        let federated = format!(r#"{{"Federated":"{provider}"}}"#);
        let any = Some(Open::AnySubject(provider.to_owned()));
        let sub = |operator: &str, value: &str| {
            format!(
                r#","Condition":{{"{operator}":{{"oidc.eks.eu-west-1.amazonaws.com/id/A:sub":{value}}}}}"#
            )
        };
        for (principal, condition, expected) in [
            (r#""*""#, String::new(), Some(Open::Anybody)),
            (r#"{"AWS":["arn:aws:iam::111122223333:role/a","*"]}"#, String::new(), Some(Open::Anybody)),
            (
                r#"{"AWS":"*"}"#,
                r#","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#.to_owned(),
                None,
            ),
            (r#"{"AWS":"444455556666"}"#, String::new(), Some(Open::Account("444455556666".to_owned()))),
            (
                r#"{"AWS":"arn:aws:iam::444455556666:root"}"#,
                r#","Condition":{"StringEquals":{"sts:ExternalId":"x"}}"#.to_owned(),
                None,
            ),
            (r#"{"AWS":"arn:aws:iam::111122223333:root"}"#, String::new(), None),
            (r#"{"Service":"ec2.amazonaws.com"}"#, String::new(), None),
            (&federated, String::new(), any.clone()),
            (&federated, sub("StringLike", r#""*""#), any.clone()),
            (&federated, sub("StringLike", r#"["system:serviceaccount:*:*"]"#), any),
            (&federated, sub("StringEquals", r#""system:serviceaccount:shop:cart""#), None),
        ] {
            assert_eq!(trust(principal, &condition), expected, "{principal}{condition}");
        }
    }

    #[test]
    fn what_cannot_be_read_opens_nothing() {
        for text in [
            "",
            "{",
            "[]",
            r#"{"Statement":7}"#,
            r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*"}]}"#,
        ] {
            assert_eq!(opened(text, OWN, |_| true), None, "{text}");
        }
    }
}
