use ringwall_detect::output;
use serde::Deserialize;
use serde_json::Value;

use crate::{Notice, eventbridge};

/// The form in which a finding is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// GuardDuty's, with the events, who must act, what to do: as `ringwall detect --output json` has it.
    #[default]
    Json,
    /// GuardDuty's.
    GuardDuty,
    /// The AWS Security Finding Format.
    Asff,
    /// OCSF's Detection Finding.
    Ocsf,
    /// As a match of a Sigma rule.
    Sigma,
    /// The event that GuardDuty would send to EventBridge.
    EventBridge,
}

impl Format {
    pub(crate) fn value(self, notice: &Notice) -> Value {
        let (finding, scope) = (&notice.finding, &notice.scope);
        match self {
            Self::Json => output::json(finding, scope),
            Self::GuardDuty => output::guardduty(finding, scope),
            Self::Asff => output::asff(finding, scope),
            Self::Ocsf => output::ocsf(finding, scope),
            Self::Sigma => output::sigma(finding, scope),
            Self::EventBridge => eventbridge::event(notice, eventbridge::SOURCE),
        }
    }
}
