//! The timeline itself, and how its entries read.

use std::fmt;

use percent_encoding::percent_decode_str;

use super::links::{Link, Why};
use crate::act::Act;
use crate::actor::Identity;
use crate::cloudtrail::Call;
use crate::field::{Field, Text};
use crate::finding::Evidence;
use crate::object::object;

/// Most entries of a timeline; what is beyond is counted.
pub const MAX_ENTRIES: usize = 100_000;

/// What somebody did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Story {
    /// Who was asked for.
    pub who: String,
    /// All names that belong to him, each with the one that leads to it.
    pub identities: Vec<Known>,
    /// What he did, in the order of time.
    pub entries: Vec<Entry>,
    /// Entries that there was no room for.
    pub left_out: u64,
}

/// A name that belongs.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The name.
    pub identity: Identity,
    /// From when on, in Unix milliseconds; from ever, if there is no time.
    pub since: Option<i64>,
    /// The name that leads to it and how; none for who was asked for.
    pub through: Option<(Identity, Link)>,
    /// Whether it may be another's as well: what comes of a service account may be any of its pods'.
    pub is_shared: bool,
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When, in Unix milliseconds.
    pub time: Option<i64>,
    /// The event.
    pub evidence: Evidence,
    /// The name by which it belongs.
    pub identity: Identity,
    /// How that name came in; none for who was asked for.
    pub through: Option<Why>,
    /// Whether the name may be another's as well.
    pub is_shared: bool,
    /// As which user of Kubernetes; empty for a call to AWS.
    pub username: String,
    /// In whose name, if in another's.
    pub impersonated: String,
    /// What was done: `get secrets shop/db`, `iam:CreateAccessKey ann`.
    pub what: String,
    /// Empty if it succeeded.
    pub outcome: String,
    /// From where.
    pub source: String,
    /// With what.
    pub user_agent: String,
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.identity.kind(), self.identity.name())?;
        if let Some((from, link)) = &self.through {
            write!(f, ", which {} {} ", from.kind(), from.name())?;
            match link.why {
                Why::SameCaller => f.write_str("shares a record with")?,
                why => write!(f, "{}", phrase(why))?,
            }
        }
        if self.is_shared {
            f.write_str(" (or another pod that runs as it)")?;
        }
        Ok(())
    }
}

/// As the end of "which NAME …".
fn phrase(why: Why) -> String {
    match why {
        Why::MappedTo => "is to the cluster".to_owned(),
        Why::PodOf => "made, by its name".to_owned(),
        Why::OneOf => "is run as by".to_owned(),
        why => why.to_string(),
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.identity.kind(), self.identity.name(), self.what)?;
        if !self.impersonated.is_empty() {
            write!(f, " as {}", self.impersonated)?;
        }
        if !self.outcome.is_empty() {
            write!(f, " ({})", self.outcome)?;
        }
        if !self.source.is_empty() {
            write!(f, " from {}", self.source)?;
        }
        Ok(())
    }
}

/// A request to the apiserver in words.
pub(super) fn request(act: &Act<'_>) -> String {
    let mut what = act.event.verb.text().to_owned();
    if act.resource.is_empty() {
        what.push(' ');
        what.push_str(act.path);
        return what;
    }
    for (mark, part) in [(" ", act.resource), ("/", act.subresource), (" ", act.namespace)] {
        if !part.is_empty() {
            what.push_str(mark);
            what.push_str(part);
        }
    }
    if !act.name.is_empty() {
        what.push_str(if act.namespace.is_empty() { " " } else { "/" });
        what.push_str(act.name);
    }
    let commands: Vec<String> = act
        .query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("command="))
        .map(|command| percent_decode_str(&command.replace('+', " ")).decode_utf8_lossy().into_owned())
        .collect();
    if !commands.is_empty() {
        what.push_str(": ");
        what.push_str(&commands.join(" "));
    }
    what
}

object! {
    /// What calls name most often as their object.
    struct Target {
        "roleArn" => role_arn: Field<Text<'a>>,
        "principalArn" => principal: Field<Text<'a>>,
        "secretId" => secret: Field<Text<'a>>,
        "bucketName" => bucket: Field<Text<'a>>,
        "userName" => user: Field<Text<'a>>,
        "roleName" => role: Field<Text<'a>>,
        "repositoryName" => repository: Field<Text<'a>>,
        "keyId" => key: Field<Text<'a>>,
        "clusterName" => cluster: Field<Text<'a>>,
        "name" => name: Field<Text<'a>>,
    }
}

/// A call to AWS in words.
pub(super) fn call(call: &Call<'_>) -> String {
    let asked: Target<'_> = call.request();
    let target = [
        &asked.role_arn,
        &asked.principal,
        &asked.secret,
        &asked.bucket,
        &asked.user,
        &asked.role,
        &asked.repository,
        &asked.key,
        &asked.cluster,
        &asked.name,
    ]
    .into_iter()
    .map(|field| field.text())
    .find(|text| !text.is_empty())
    .unwrap_or_default();
    let target = percent_decode_str(target).decode_utf8_lossy();
    if target.is_empty() {
        format!("{}:{}", call.service, call.action)
    } else {
        format!("{}:{} {target}", call.service, call.action)
    }
}
