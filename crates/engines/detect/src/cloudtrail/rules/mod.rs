//! What is told from CloudTrail's records.

mod account;
mod anomaly;
mod details;
mod eks;
mod grants;
mod keys;
mod origin;

pub(crate) use anomaly::{anomaly, may_be_anomaly};
pub(crate) use details::{actor, aws_call};
pub(super) use origin::SignIn;

use super::call::{Call, Caller};
use super::watch::Watch;
use crate::finding::{Kind, Place, Signal};

/// Takes what a rule tells.
type Tell<'t> = &'t mut dyn FnMut(Signal);

/// Types of findings that records alone give rise to.
pub const KINDS: [&[&Kind]; 6] =
    [origin::KINDS, account::KINDS, anomaly::KINDS, eks::KINDS, grants::KINDS, keys::KINDS];

/// Asks every rule that may have something to say of a call.
pub(super) fn look(watch: &mut Watch, call: &Call<'_>, place: &Place, tell: Tell<'_>) {
    // What a service does by itself is no call of anybody's.
    if call.record.event_type.text() == "AwsServiceEvent" {
        return;
    }
    origin::look(watch, call, place, tell);
    if call.succeeded {
        keys::learn(watch, call);
    }
    if !call.succeeded || call.caller == Caller::Service {
        account::look_at_attempt(call, place, tell);
        return;
    }
    match call.service {
        "cloudtrail" | "bedrock" => account::look(watch, call, place, tell),
        "s3" => account::look_at_s3(watch, call, place, tell),
        "iam" => {
            account::look_at_attempt(call, place, tell);
            grants::look_at_iam(call, place, tell);
        }
        "eks" => eks::look(watch, call, place, tell),
        "ecr" => grants::look_at_ecr(call, place, tell),
        "kms" => keys::look(watch, call, place, tell),
        _ => {}
    }
}
