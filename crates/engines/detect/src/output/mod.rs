//! Findings in the forms that other programs read.
//!
//! A finding is one value; these are renderings of it. What a form requires and nobody has said is in [`Scope`]: the account is then
//! twelve zeros and the region `unknown`.

mod asff;
mod guardduty;
mod object;
mod ocsf;
mod sequence;
mod sigma;

use ringwall_model::{Responsible, time};
use serde_json::Value;

pub(crate) use self::guardduty::user_name;
use crate::finding::{Finding, Log, Verdict};

/// Account of what nobody has said the account of.
pub const UNKNOWN_ACCOUNT: &str = "000000000000";
/// Region of what nobody has said the region of.
pub const UNKNOWN_REGION: &str = "unknown";

/// A form that other programs read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// GuardDuty's, with what its schema has no room for: the events, who must act, what to do, the terms of an anomaly's score.
    Json,
    /// GuardDuty's alone.
    GuardDuty,
    /// The AWS Security Finding Format.
    Asff,
    /// OCSF's Detection Finding.
    Ocsf,
    /// A match of a Sigma rule.
    Sigma,
}

impl Form {
    /// A finding in this form, with what was decided of it.
    pub fn render(self, finding: &Finding, scope: &Scope, verdict: &Verdict) -> Value {
        match self {
            Self::Json => guardduty::json(finding, scope, verdict),
            Self::GuardDuty => guardduty::guardduty(finding, scope, verdict),
            Self::Asff => asff::asff(finding, scope, verdict),
            Self::Ocsf => ocsf::ocsf(finding, scope, verdict),
            Self::Sigma => sigma::sigma(finding, scope, verdict),
        }
    }
}

/// A finding as GuardDuty would give it, without anything that its schema has not.
pub fn guardduty(finding: &Finding, scope: &Scope) -> Value {
    Form::GuardDuty.render(finding, scope, &Verdict::default())
}

/// See [`Form::Json`].
pub fn json(finding: &Finding, scope: &Scope) -> Value {
    Form::Json.render(finding, scope, &Verdict::default())
}

/// See [`Form::Asff`].
pub fn asff(finding: &Finding, scope: &Scope) -> Value {
    Form::Asff.render(finding, scope, &Verdict::default())
}

/// See [`Form::Ocsf`].
pub fn ocsf(finding: &Finding, scope: &Scope) -> Value {
    Form::Ocsf.render(finding, scope, &Verdict::default())
}

/// See [`Form::Sigma`].
pub fn sigma(finding: &Finding, scope: &Scope) -> Value {
    Form::Sigma.render(finding, scope, &Verdict::default())
}

/// Of which cluster the events are, as far as it is known: they do not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The account, twelve digits.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The cluster's name.
    pub cluster: Option<String>,
    /// The cluster's ARN, if it is another than account, region and name make.
    pub cluster_arn: Option<String>,
    /// The time in Unix milliseconds, for findings whose events have none.
    pub now: i64,
}

/// What is known of one finding's place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place<'a> {
    account: &'a str,
    region: &'a str,
    partition: &'static str,
    cluster: &'a str,
    cluster_arn: String,
}

impl Scope {
    /// A call to AWS says itself where it was made.
    fn place<'a>(&'a self, finding: &'a Finding) -> Place<'a> {
        let call = finding.details.aws_call.as_ref();
        let said = |of: Option<&'a String>| of.map(String::as_str).filter(|text| !text.is_empty());
        let account =
            said(self.account.as_ref()).or(said(call.map(|call| &call.account))).unwrap_or(UNKNOWN_ACCOUNT);
        let region =
            said(call.map(|call| &call.region)).or(said(self.region.as_ref())).unwrap_or(UNKNOWN_REGION);
        let partition = partition(region);
        let cluster = said(self.cluster.as_ref()).unwrap_or_default();
        let of_cluster = said(self.region.as_ref()).unwrap_or(region);
        let cluster_arn = match &self.cluster_arn {
            Some(arn) => arn.clone(),
            None if cluster.is_empty() || account == UNKNOWN_ACCOUNT || of_cluster == UNKNOWN_REGION => {
                String::new()
            }
            None => format!("arn:{partition}:eks:{of_cluster}:{account}:cluster/{cluster}"),
        };
        Place { account, region, partition, cluster, cluster_arn }
    }
}

/// Source: AWS, *AWS Fundamentals*, "Partitions".
fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

/// A finding's id: 32 hexadecimal digits, the same for the same cause in the same cluster, whoever finds it and when.
pub fn id(finding: &Finding, scope: &Scope) -> String {
    let place = scope.place(finding);
    digest(&[place.account, place.region, place.cluster, finding.kind.name, &finding.cause])
}

/// Half of SHA-256 over texts, each behind its length so that none runs into the next.
fn digest(texts: &[&str]) -> String {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for text in texts {
        context.update(&(text.len() as u64).to_be_bytes());
        context.update(text.as_bytes());
    }
    let digest = context.finish();
    digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// When it was first and last seen; what has no time was seen now.
fn times(finding: &Finding, scope: &Scope) -> (String, String) {
    let (first, last) = milliseconds(finding, scope);
    (time::text(first), time::text(last))
}

fn milliseconds(finding: &Finding, scope: &Scope) -> (i64, i64) {
    (finding.first_seen.unwrap_or(scope.now), finding.last_seen.unwrap_or(scope.now))
}

/// Whether it is about a cluster, rather than about AWS's own APIs.
fn is_of_cluster(finding: &Finding) -> bool {
    finding.kind.log == Log::Audit || finding.details.api_call.is_some()
}

/// `[{"auditID" | "eventID", "file", "line"}]`; an event without an id has its place alone.
fn evidence(finding: &Finding) -> Value {
    let events = finding.evidence().iter().map(|event| {
        object::Object::default()
            .text(if event.is_record { "eventID" } else { "auditID" }, &event.id)
            .text("file", &event.place.file)
            .value("line", event.place.line)
            .into_value()
    });
    Value::Array(events.collect())
}

/// A text of so many characters at most, its end cut off.
fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        None => text.to_owned(),
        Some(_) => text.chars().take(characters.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// Who must act, by the word that the reports of checks have.
fn responsible(finding: &Finding) -> &'static str {
    match finding.kind.responsible {
        Responsible::Customer => "customer",
        Responsible::Aws => "aws",
        Responsible::Shared => "shared",
    }
}
