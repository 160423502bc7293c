//! What guards an account is taken away.
//!
//! Source of severities and triggers: AWS GuardDuty User Guide, *IAM finding types*.

use ringwall_model::Severity;

use super::Tell;
use super::details::{guardduty, signal};
use crate::cloudtrail::call::Call;
use crate::cloudtrail::record::Flag;
use crate::cloudtrail::watch::Watch;
use crate::field::{Field, Text};
use crate::finding::{Kind, Place};
use crate::object::object;

static TRAIL_DISABLED: Kind = guardduty(
    "Stealth:IAMUser/CloudTrailLoggingDisabled",
    Severity::Low,
    "A trail of CloudTrail was stopped, deleted or made to record less",
    "Start the trail again (`aws cloudtrail start-logging`), look at what happened while it was off in the event history, and keep \
     trails by a policy of the organisation.",
);
static PASSWORD_POLICY: Kind = guardduty(
    "Stealth:IAMUser/PasswordPolicyChange",
    Severity::Low,
    "The account's password policy was weakened",
    "Put the policy back (`aws iam update-account-password-policy`), and ask who needed it weaker.",
);
static BEDROCK_DISABLED: Kind = guardduty(
    "DefenseEvasion:IAMUser/BedrockLoggingDisabled",
    Severity::Medium,
    "The log of calls to Amazon Bedrock's models was turned off",
    "Turn it on again (`aws bedrock put-model-invocation-logging-configuration`), and look at the cost of models since.",
);

pub(super) const KINDS: &[&Kind] = &[&TRAIL_DISABLED, &PASSWORD_POLICY, &BEDROCK_DISABLED];

object! {
    struct Trail {
        "name" => name: Field<Text<'a>>,
        "trailName" => trail_name: Field<Text<'a>>,
        "s3BucketName" => bucket: Field<Text<'a>>,
        "eventDataStore" => store: Field<Text<'a>>,
        "isMultiRegionTrail" => multi_region: Field<Flag>,
        "includeGlobalServiceEvents" => global: Field<Flag>,
        "eventSelectors" => selectors: Field<Vec<Selector<'a>>>,
    }

    struct Bucket {
        "bucketName" => name: Field<Text<'a>>,
    }

    struct Selector {
        "includeManagementEvents" => management: Field<Flag>,
        "readWriteType" => which: Field<Text<'a>>,
    }

    struct PasswordPolicy {
        "minimumPasswordLength" => length: Field<i64>,
        "requireSymbols" => symbols: Field<Flag>,
        "requireNumbers" => numbers: Field<Flag>,
        "requireUppercaseCharacters" => upper: Field<Flag>,
        "requireLowercaseCharacters" => lower: Field<Flag>,
    }
}

/// What a trail is made to record less of.
pub(super) fn look(watch: &mut Watch, call: &Call<'_>, place: &Place, tell: Tell<'_>) {
    let trail: Trail<'_> = call.request();
    if matches!(call.action, "CreateTrail" | "UpdateTrail") {
        watch.trail_writes_to(trail.bucket.text());
    }
    let is_off = |flag: &Field<Flag>| flag.get().is_some_and(|flag| !flag.0);
    let what = match call.action {
        "DeleteModelInvocationLoggingConfiguration" => {
            let description = format!("`{}` turned the log of Bedrock's models off", call.who());
            tell(signal(
                &BEDROCK_DISABLED,
                BEDROCK_DISABLED.severity,
                call,
                place,
                call.account,
                description,
            ));
            return;
        }
        "StopLogging" => "stopped",
        "DeleteTrail" => "deleted",
        "StopEventDataStoreIngestion" | "DeleteEventDataStore" => "ended the event data store",
        "UpdateTrail" if is_off(&trail.multi_region) || is_off(&trail.global) => "narrowed",
        "PutEventSelectors" => {
            let selectors = trail.selectors.items();
            let records_all =
                |one: &Selector<'_>| !is_off(&one.management) && matches!(one.which.text(), "" | "All");
            if selectors.is_empty() || selectors.iter().any(records_all) {
                return;
            }
            "left management events out of"
        }
        _ => return,
    };
    let name = [&trail.name, &trail.trail_name, &trail.store]
        .into_iter()
        .map(|field| field.text())
        .find(|name| !name.is_empty())
        .unwrap_or("a trail");
    let description = format!("`{}` {what} `{name}`", call.who());
    tell(signal(&TRAIL_DISABLED, TRAIL_DISABLED.severity, call, place, name, description));
}

/// The bucket of a trail's logs is deleted, as far as the records say whose it is.
pub(super) fn look_at_s3(watch: &Watch, call: &Call<'_>, place: &Place, tell: Tell<'_>) {
    let deleted: Bucket<'_> = call.request();
    let bucket = deleted.name.text();
    if call.action != "DeleteBucket" || !watch.has_trail(bucket) {
        return;
    }
    let description = format!("`{}` deleted the bucket `{bucket}`, to which a trail writes", call.who());
    tell(signal(&TRAIL_DISABLED, TRAIL_DISABLED.severity, call, place, bucket, description));
}

/// What counts although it was refused.
///
/// Source: AWS GuardDuty User Guide, Stealth:IAMUser/PasswordPolicyChange: the policy "was deleted or updated to require fewer
/// symbols …"; it is also told of an attempt.
pub(super) fn look_at_attempt(call: &Call<'_>, place: &Place, tell: Tell<'_>) {
    if call.service != "iam" || !(call.succeeded || call.was_denied()) {
        return;
    }
    let what = match call.action {
        "DeleteAccountPasswordPolicy" => "deleted",
        "UpdateAccountPasswordPolicy" if is_weak(&call.request()) => "weakened",
        _ => return,
    };
    let tried = if call.succeeded { "" } else { "tried and was refused: " };
    let description =
        format!("{tried}`{}` {what} the password policy of account {}", call.who(), call.account);
    tell(signal(&PASSWORD_POLICY, PASSWORD_POLICY.severity, call, place, call.account, description));
}

/// A policy is written whole: what is left out is not asked for.
/// Source: AWS IAM API Reference, *UpdateAccountPasswordPolicy*.
fn is_weak(policy: &PasswordPolicy<'_>) -> bool {
    /// What AWS asks for by itself where there is no policy.
    /// Source: AWS IAM User Guide, *Set an account password policy for IAM users*, "Default password policy".
    const DEFAULT_LENGTH: i64 = 8;
    let kinds = [&policy.symbols, &policy.numbers, &policy.upper, &policy.lower];
    let asked = kinds.into_iter().filter(|kind| kind.is_set()).count();
    policy.length.get().is_none_or(|length| *length < DEFAULT_LENGTH) || asked < 3
}
