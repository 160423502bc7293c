//! What a finding tells that rests on several others.
//!
//! Source: AWS GuardDuty API Reference, `Sequence`, `Signal`, `Indicator`.

use std::borrow::Cow;

use ringwall_model::Severity;
use serde::{Deserialize, Serialize};

use super::Actor;

/// Things that belong together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sequence {
    /// Its id: the same for the same events.
    pub uid: String,
    /// What happened, in a sentence.
    pub description: String,
    /// Who took part.
    pub actors: Vec<Actor>,
    /// What it was done to: namespaces, pods, clusters, accounts.
    pub resources: Vec<String>,
    /// Addresses that it came from.
    pub endpoints: Vec<String>,
    /// What it consists of, in the order in which it began.
    pub signals: Vec<SequenceSignal>,
    /// Why it is one: GuardDuty's words, and what they stand for here.
    pub indicators: Vec<(Cow<'static, str>, Vec<String>)>,
    /// The sum of the signals' weights.
    pub score: u32,
}

/// What a signal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignalSource {
    /// A finding of its own.
    Finding,
    /// A call to AWS that means little by itself.
    CloudTrail,
    /// A request to the apiserver that means little by itself.
    AuditLog,
}

/// One part of a sequence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SequenceSignal {
    /// What it is.
    pub source: SignalSource,
    /// The type of the finding, or the name of the call.
    pub name: String,
    /// How bad the finding is.
    pub severity: Option<Severity>,
    /// The step of an attack.
    pub stage: Cow<'static, str>,
    /// How often.
    pub count: u64,
    /// When first, in Unix milliseconds.
    pub first_seen: Option<i64>,
    /// When last.
    pub last_seen: Option<i64>,
    /// What it adds to the score.
    pub weight: u32,
}
