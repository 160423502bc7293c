//! Resources that no ARN can match.

use super::checks::{self, Check};
use super::findings::{Findings, quoted};
use super::patterns::flat;
use crate::pattern::{Part, Pattern, Reach};
use crate::policy::{Effect, PolicyKind, Statement, is_account};

/// Partitions of AWS. Source: AWS General Reference, *Amazon Resource Names*; `partitions.json` of the AWS SDKs.
const PARTITIONS: [&str; 8] =
    ["aws", "aws-cn", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-us-gov"];

/// Parts of an ARN.
const PARTS: usize = 6;

pub(super) fn statement(kind: PolicyKind, statement: &Statement, out: &mut Findings) {
    let Some(resources) = &statement.resources else { return };
    for (pattern, line) in &resources.patterns {
        if pattern.is_everything() {
            continue;
        }
        if let Some((check, means, hint)) = wrong(kind, pattern) {
            let shown = quoted(pattern.written());
            let seems = match (resources.negated, statement.effect) {
                (true, _) => format!("to except {shown}"),
                (false, Effect::Allow) => format!("to allow something on {shown}"),
                (false, Effect::Deny) => format!("to deny something on {shown}"),
            };
            out.add(check, *line, seems, format!("nothing: {means}"), hint);
        }
    }
}

fn wrong(kind: PolicyKind, pattern: &Pattern) -> Option<(Check, String, String)> {
    let text = flat(pattern);
    let found = |check, means: &str, hint: &str| Some((check, means.to_owned(), hint.to_owned()));
    if text.trim() != text {
        return found(
            checks::RESOURCE_BLANK,
            "the blank at its end is part of it, and no resource has one",
            "remove the blank",
        );
    }
    // API Gateway completes what begins with its name.
    let is_free = matches!(kind, PolicyKind::Resource | PolicyKind::VpcEndpoint);
    if !text.starts_with("arn:") && !pattern.may_begin_with("arn:") {
        let is_short = is_free && text.starts_with("execute-api:/");
        let hint = "write arn:partition:service:region:account:resource";
        return if is_short { None } else { found(checks::RESOURCE_NOT_ARN, "it is no ARN", hint) };
    }
    let parts: Vec<&str> = text.splitn(PARTS, ':').collect();
    let reaches = |part: &Part| matches!(part, Part::Many(Reach::Anything) | Part::Variable(_));
    let is_short = parts.len() < PARTS && !pattern.parts.iter().any(reaches);
    if is_short || parts.get(5).is_some_and(|resource| resource.is_empty()) {
        let means = "an ARN has six parts between colons, and none of them but region and account is empty";
        let hint = "region and account may be empty, their colons stay: `arn:aws:s3:::data/*`";
        return found(checks::ARN_PARTS, means, hint);
    }
    let literal = |at: usize| parts.get(at).copied().filter(|part| !part.contains(['*', '?']));
    if let Some(partition) = literal(1).filter(|partition| !PARTITIONS.contains(partition)) {
        let means = format!("AWS has no partition {}", quoted(partition));
        return found(checks::ARN_PARTITION, &means, "it is `aws`, `aws-cn`, `aws-us-gov` …");
    }
    let upper = |part: &&str| part.bytes().any(|byte| byte.is_ascii_uppercase());
    if let Some(part) = literal(2).filter(upper).or_else(|| literal(3).filter(upper)) {
        let means = format!("case counts in ARNs, and none has {}", quoted(part));
        return found(checks::ARN_CASE, &means, &format!("write {}", quoted(&part.to_lowercase())));
    }
    let is_number = |part: &&str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
            && !is_account(part)
    };
    if let Some(account) = literal(4).filter(is_number) {
        let means = format!("{} is no account id", quoted(account));
        return found(checks::ARN_ACCOUNT, &means, "an account id has twelve digits");
    }
    None
}
