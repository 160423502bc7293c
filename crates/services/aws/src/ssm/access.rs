//! Which parameter a request means, and whether the caller may do with it what it asks for.

use std::sync::Arc;

use ringwall_model::Arn;
use ringwall_store::Row;

use super::rows::{self, Parameter};
use super::{invalid, no_parameter};
use crate::authorize::{Ask, Permit};
use crate::call::Call;
use crate::error::Result;

/// Longest name.
///
/// Source: AWS, *Systems Manager API Reference*, PutParameter, `Name`: "The maximum length constraint for the parameter name …
/// includes 1037 characters reserved for internal use" of 2,048.
const MAX_NAME: usize = 1011;

/// Which version a request means, as `name:3` or `name:label`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selector {
    Version(i64),
    Label(String),
}

/// A parameter as a request names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) account: String,
    /// What the request said, without the selector.
    pub(crate) asked: String,
    /// Without the slash before it.
    pub(crate) filed: String,
    pub(crate) selector: Option<Selector>,
    by_arn: bool,
}

/// A parameter that was looked for.
#[derive(Debug)]
pub(crate) struct Sought {
    pub(crate) name: Name,
    pub(crate) arn: Arc<str>,
    pub(crate) row: Option<Arc<Row<Parameter>>>,
}

/// A parameter with which the caller may do what it asks for.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) permit: Permit,
    pub(crate) name: Name,
    pub(crate) arn: Arc<str>,
    pub(crate) row: Arc<Row<Parameter>>,
}

impl Name {
    /// Reads a name, an ARN, or one of them with a selector.
    ///
    /// Source: AWS, *Systems Manager API Reference*, GetParameter, `Name`; *User Guide*, "Working with parameter versions".
    ///
    /// # Errors
    ///
    /// `ValidationException` for what cannot be one.
    pub(crate) fn parse(call: &Call<'_>, text: &str) -> Result<Self> {
        let refuse = || {
            invalid(
                "Parameter name: only a mix of letters, numbers and the following 4 symbols .-_/ is allowed, and it has at most \
                 1011 characters",
            )
        };
        let by_arn = text.starts_with("arn:");
        let (account, rest) = if by_arn {
            let arn: Arn = text.parse().map_err(|_| invalid("Invalid parameter ARN"))?;
            let rest = arn.resource.strip_prefix("parameter/").map(str::to_owned);
            let of_ssm = arn.partition == "aws" && arn.service == super::SERVICE && arn.account.len() == 12;
            let rest = rest.filter(|_| of_ssm && arn.region == call.region());
            (arn.account, rest.ok_or_else(|| invalid("Invalid parameter ARN"))?)
        } else {
            (call.account().to_owned(), text.to_owned())
        };
        let (name, selector) =
            rest.split_once(':').map_or((&*rest, None), |(name, selector)| (name, Some(selector)));
        let filed = name.strip_prefix('/').unwrap_or(name);
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte);
        if filed.is_empty() || name.len() > MAX_NAME || !name.bytes().all(good) {
            return Err(refuse());
        }
        let selector = match selector {
            None => None,
            Some("") => return Err(refuse()),
            Some(text) => Some(match text.parse() {
                Ok(version) => Selector::Version(version),
                Err(_) => Selector::Label(text.to_owned()),
            }),
        };
        Ok(Self { account, asked: name.to_owned(), filed: filed.to_owned(), selector, by_arn })
    }

    /// `:3` or `:label`
    pub(crate) fn selected(&self) -> Option<String> {
        self.selector.as_ref().map(|selector| match selector {
            Selector::Version(version) => format!(":{version}"),
            Selector::Label(label) => format!(":{label}"),
        })
    }
}

/// Looks for a parameter. Two names that differ in the slash before them alone are one ARN, so that only one of them can be
/// there, and is found by its own name.
pub(crate) async fn seek(call: &Call<'_>, text: &str) -> Result<Sought> {
    let name = Name::parse(call, text)?;
    let row = call.shared.ssm.parameters.get(&name.account, call.region(), &name.filed).await?;
    let row = row.filter(|row| name.by_arn || row.value.name == name.asked);
    let arn = rows::arn(call.region(), &name.account, &name.filed).into();
    Ok(Sought { name, arn, row })
}

impl Sought {
    /// The question whether an action is allowed on it.
    ///
    /// Source: AWS, *Service Authorization Reference*, "Actions, resources, and condition keys for AWS Systems Manager".
    pub(crate) fn ask(&self, action: &str) -> Ask {
        let ask = Ask::new(action, Arc::clone(&self.arn));
        match &self.row {
            Some(row) => ask.resource_tags(Some("ssm:resourceTag"), pairs(&row.value)),
            None => ask,
        }
    }

    /// Decides. Whether the parameter is there is told only to who may ask for it.
    ///
    /// # Errors
    ///
    /// `AccessDenied`; `ParameterNotFound` if it is not there.
    pub(crate) fn allowed(self, call: &Call<'_>, ask: &Ask) -> Result<Found> {
        let permit = call.authorize(ask)?;
        self.note(call);
        match self.row {
            Some(row) => Ok(Found { permit, name: self.name, arn: self.arn, row }),
            None => Err(no_parameter(&self.name.asked)),
        }
    }

    pub(crate) fn note(&self, call: &Call<'_>) {
        if self.row.is_some() {
            call.note_resource(&self.arn, &self.name.account, "AWS::SSM::Parameter");
        }
    }
}

/// Finds a parameter and decides, where the request tells nothing more.
pub(crate) async fn allowed(call: &Call<'_>, name: &str, action: &str) -> Result<Found> {
    let sought = seek(call, name).await?;
    let ask = sought.ask(action);
    sought.allowed(call, &ask)
}

/// The same, where a version cannot be meant.
pub(crate) async fn allowed_whole(call: &Call<'_>, name: &str, action: &str) -> Result<Found> {
    let found = allowed(call, name, action).await?;
    if found.name.selector.is_some() { Err(no_parameter(name)) } else { Ok(found) }
}

fn pairs(parameter: &Parameter) -> impl Iterator<Item = (&str, &str)> {
    parameter.tags.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}
