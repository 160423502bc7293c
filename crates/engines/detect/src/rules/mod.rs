//! What is told from single events.

mod anomalous_kinds;
mod anomaly;
mod anonymous;
mod details;

pub use anomalous_kinds::ANOMALOUS_BEHAVIOR;
pub(crate) use anomaly::may_be_anomaly;

use crate::act::Act;
use crate::finding::{Place, Signal};

/// Takes what a rule tells.
pub(crate) type Tell<'t> = &'t mut dyn FnMut(Signal);

/// Asks every rule that may have something to say of an act.
pub(crate) fn look(act: &Act<'_>, place: &Place, tell: Tell<'_>) {
    if !act.took_place() {
        return;
    }
    anonymous::look(act, place, tell);
}
