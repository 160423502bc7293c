//! A record as rules look at it.

use std::net::IpAddr;

use ringwall_model::time;

use super::record::{Identity, Record, SessionContext};
use crate::field::Read;

/// Who called, as far as that says how much it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller<'r> {
    /// The account's root user.
    Root,
    /// An IAM user.
    User(&'r str),
    /// A role's session.
    Session {
        /// The role's name, without its path.
        role: &'r str,
        /// The session's name.
        name: &'r str,
    },
    /// The bearer of an identity provider's token: its `sub`.
    WebIdentity(&'r str),
    /// A service of AWS by itself.
    Service,
    /// Somebody else: of another account, or not recorded.
    Other,
}

/// Where a call came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'r> {
    /// An address.
    Address(IpAddr),
    /// A service of AWS, by itself or because somebody asked it to.
    Aws(&'r str),
    /// It is not recorded, or not readable.
    NotTold,
}

/// One call, taken apart as far as all rules need it.
#[derive(Debug)]
pub struct Call<'r> {
    /// All that is recorded.
    pub record: &'r Record<'r>,
    /// When, in Unix milliseconds.
    pub time: Option<i64>,
    /// The service, without its domain: `eks`.
    pub service: &'r str,
    /// The action: `AssociateAccessPolicy`.
    pub action: &'r str,
    /// Who called.
    pub caller: Caller<'r>,
    /// Where from.
    pub origin: Origin<'r>,
    /// Whether it was carried out.
    pub succeeded: bool,
    /// The account whose record it is; of old records the caller's.
    pub account: &'r str,
}

/// What AWS's services call themselves when they make a call.
const AWS_DOMAINS: [&str; 2] = [".amazonaws.com", ".amazonaws.com.cn"];

/// What clients for infrastructure as code, and controllers that keep infrastructure as it is written down, call themselves.
///
/// Whoever has a key can call himself that too: so it makes what is customary quiet, and what is dangerous less loud, never
/// silent.
const INFRASTRUCTURE: [&str; 13] = [
    "terraform",
    "hashicorp",
    "opentofu",
    "pulumi",
    "eksctl",
    "cloudformation",
    "aws-cdk",
    "crossplane",
    "aws-controllers-k8s",
    "karpenter",
    "cluster-api",
    "aws.cluster.x-k8s.io",
    "ansible",
];

impl<'r> Call<'r> {
    /// Takes a record apart.
    pub fn of(record: &'r Record<'r>) -> Self {
        let source = record.source.text();
        let identity = record.identity.get();
        let account = match record.recipient.text() {
            "" => identity.map_or("", |identity| identity.account.text()),
            account => account,
        };
        Self {
            record,
            time: time::milliseconds(record.time.text()),
            service: source.split('.').next().unwrap_or_default(),
            action: record.name.text(),
            caller: identity.map_or(Caller::Other, caller),
            origin: origin(record, identity),
            succeeded: succeeded(record),
            account,
        }
    }

    /// Who called, in full.
    pub fn identity(&self) -> Option<&'r Identity<'r>> {
        self.record.identity.get()
    }

    /// The session that called.
    pub fn session(&self) -> Option<&'r SessionContext<'r>> {
        self.identity()?.session.get()
    }

    /// The ARN of whoever called; if there is none, whatever else names him.
    pub fn who(&self) -> &'r str {
        let Some(identity) = self.identity() else { return "" };
        [&identity.arn, &identity.user_name, &identity.principal_id, &identity.account, &identity.invoked_by]
            .into_iter()
            .map(|field| field.text())
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    }

    /// The ARN of the role or user that called, without the session.
    pub fn principal(&self) -> &'r str {
        let issuer = self.session().and_then(|session| session.issuer.get());
        issuer.map(|issuer| issuer.arn.text()).filter(|arn| !arn.is_empty()).unwrap_or_else(|| self.who())
    }

    /// The account of whoever called.
    pub fn caller_account(&self) -> &'r str {
        self.identity().map_or("", |identity| identity.account.text())
    }

    /// What was asked.
    pub fn request<T: Read<'r> + Default>(&self) -> T {
        self.record.request.read().unwrap_or_default()
    }

    /// What was answered.
    pub fn response<T: Read<'r> + Default>(&self) -> T {
        self.record.response.read().unwrap_or_default()
    }

    /// Whether it is a certain action.
    pub fn is(&self, service: &str, action: &str) -> bool {
        self.service == service && self.action == action
    }

    /// Whether a service of AWS made the call, by itself or in somebody's name. Nobody outside can make that so.
    pub fn is_by_aws(&self) -> bool {
        matches!(self.origin, Origin::Aws(_)) || self.caller == Caller::Service
    }

    /// Whether it was refused by a policy.
    pub fn was_denied(&self) -> bool {
        let code = self.record.error_code.text();
        code.contains("AccessDenied") || code.contains("Unauthorized")
    }

    /// Whether the client says that it keeps infrastructure as it is written down, or a service of AWS does it.
    pub fn is_infrastructure(&self) -> bool {
        let agent = self.record.user_agent.text();
        self.is_by_aws() || INFRASTRUCTURE.iter().any(|tool| contains(agent, tool))
    }

    /// The address, if it came from one.
    pub fn address(&self) -> Option<IpAddr> {
        match self.origin {
            Origin::Address(address) => Some(address),
            Origin::Aws(_) | Origin::NotTold => None,
        }
    }

    /// What the client calls itself, without version: `aws-cli`, `Boto3`.
    pub fn agent_family(&self) -> &'r str {
        let agent = self.record.user_agent.text().trim_start_matches('[');
        agent.split(['/', ' ', ']']).next().unwrap_or_default()
    }
}

/// Whether a text contains another, whatever the case of its letters.
pub(super) fn contains(text: &str, lower: &str) -> bool {
    text.as_bytes().windows(lower.len()).any(|part| part.eq_ignore_ascii_case(lower.as_bytes()))
}

fn caller<'r>(identity: &'r Identity<'r>) -> Caller<'r> {
    match identity.kind.text() {
        "Root" => Caller::Root,
        "IAMUser" => Caller::User(identity.user_name.text()),
        "AssumedRole" | "Role" | "FederatedUser" => session_of(identity.arn.text())
            .map_or(Caller::Other, |(role, name)| Caller::Session { role, name }),
        "WebIdentityUser" | "SAMLUser" => Caller::WebIdentity(identity.user_name.text()),
        "AWSService" => Caller::Service,
        _ => Caller::Other,
    }
}

/// Role and session of `arn:aws:sts::111122223333:assumed-role/ROLE/SESSION`.
pub(crate) fn session_of(arn: &str) -> Option<(&str, &str)> {
    arn.split_once(":assumed-role/")?.1.split_once('/')
}

fn origin<'r>(record: &'r Record<'r>, identity: Option<&'r Identity<'r>>) -> Origin<'r> {
    let source = record.source_ip.text();
    if let Ok(address) = source.parse::<IpAddr>() {
        return Origin::Address(address.to_canonical());
    }
    if source == "AWS Internal" || is_service(source) {
        return Origin::Aws(source);
    }
    match identity.map(|identity| identity.invoked_by.text()) {
        Some(by) if is_service(by) || by == "AWS Internal" => Origin::Aws(by),
        _ => Origin::NotTold,
    }
}

fn is_service(name: &str) -> bool {
    AWS_DOMAINS.iter().any(|domain| name.ends_with(domain))
}

/// A sign-in fails without an `errorCode`.
/// Source: AWS IAM User Guide, *AWS Management Console sign-in events*.
fn succeeded(record: &Record<'_>) -> bool {
    if !record.error_code.text().is_empty() {
        return false;
    }
    if record.name.text() == "ConsoleLogin" {
        let answer: super::rules::SignIn<'_> = record.response.read().unwrap_or_default();
        return answer.outcome.text() == "Success";
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudtrail::read;

    fn with(members: &str, look: impl Fn(&Call<'_>)) {
        let text = format!(r#"{{"eventSource":"eks.amazonaws.com","eventName":"X",{members}}}"#);
        let mut seen = 0;
        read(&text, &mut |record| {
            look(&Call::of(record));
            seen += 1;
        })
        .unwrap();
        assert_eq!(seen, 1);
    }

    #[test]
    fn a_call_is_taken_apart() {
        with(
            r#""userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/Ops/ann"},
               "sourceIPAddress":"::ffff:192.0.2.1","userAgent":"[aws-cli/2.1 Linux]","eventTime":"1970-01-01T00:00:01Z""#,
            |call| {
                assert_eq!(call.caller, Caller::Session { role: "Ops", name: "ann" });
                assert_eq!(call.address(), Some("192.0.2.1".parse().unwrap()));
                assert_eq!((call.service, call.action, call.time), ("eks", "X", Some(1000)));
                assert_eq!(call.agent_family(), "aws-cli");
                assert!(call.succeeded && !call.is_by_aws() && !call.is_infrastructure());
            },
        );
    }

    #[test]
    fn services_of_aws_are_no_addresses() {
        for source in ["eks.amazonaws.com", "AWS Internal", "ec2.amazonaws.com.cn"] {
            with(&format!(r#""sourceIPAddress":"{source}""#), |call| assert!(call.is_by_aws(), "{source}"));
        }
        with(r#""userIdentity":{"type":"IAMUser","invokedBy":"cloudformation.amazonaws.com"}"#, |call| {
            assert!(call.is_by_aws());
        });
        with(r#""sourceIPAddress":"amazonaws.com.example.org""#, |call| assert!(!call.is_by_aws()));
    }

    #[test]
    fn what_failed_did_not_succeed() {
        with(r#""errorCode":"Client.UnauthorizedOperation""#, |call| {
            assert!(!call.succeeded && call.was_denied());
        });
        with(r#""errorCode":"ResourceInUseException""#, |call| {
            assert!(!call.succeeded && !call.was_denied())
        });
        with(r#""eventName":"ConsoleLogin","responseElements":{"ConsoleLogin":"Failure"}"#, |call| {
            assert!(!call.succeeded);
        });
        with(r#""eventName":"ConsoleLogin","responseElements":{"ConsoleLogin":"Success"}"#, |call| {
            assert!(call.succeeded);
        });
    }
}
