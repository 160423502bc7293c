//! What correlations have counted, from one set of rules, or one process, to the next.

use std::collections::HashMap;

use rsigma_eval::{CorrelationEngine, CorrelationSnapshot};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::limits::MAX_STATE;
use crate::rules::Rules;

#[derive(Serialize, Deserialize)]
struct Kept {
    /// The correlations' texts, by key: what was counted by another text is not taken over.
    rules: HashMap<String, String>,
    counted: CorrelationSnapshot,
}

pub(crate) fn write(counted: CorrelationSnapshot, rules: &Rules) -> Result<Vec<u8>, Error> {
    let kept = Kept { rules: texts(rules), counted };
    serde_json::to_vec(&kept).map_err(|error| Error::State(error.to_string()))
}

pub(crate) fn read(bytes: &[u8], engine: &mut CorrelationEngine, rules: &Rules) -> Result<(), Error> {
    if bytes.len() > MAX_STATE {
        return Err(Error::State(format!("it has {} bytes; at most {MAX_STATE} are read", bytes.len())));
    }
    let kept: Kept = serde_json::from_slice(bytes).map_err(|error| Error::State(error.to_string()))?;
    give(kept, engine, rules)
}

/// From one engine into another with other rules.
pub(crate) fn carry(
    counted: CorrelationSnapshot,
    from: &Rules,
    engine: &mut CorrelationEngine,
    rules: &Rules,
) {
    // The snapshot is of this program, so its version is known.
    let _ = give(Kept { rules: texts(from), counted }, engine, rules);
}

fn give(kept: Kept, engine: &mut CorrelationEngine, rules: &Rules) -> Result<(), Error> {
    let Kept { rules: mut old, mut counted } = kept;
    let new = texts(rules);
    old.retain(|key, text| new.get(key) == Some(text));
    counted.windows.retain(|key, _| old.contains_key(key));
    counted.last_alert.retain(|key, _| old.contains_key(key));
    counted.event_buffers.clear();
    counted.event_ref_buffers.retain(|key, _| old.contains_key(key));
    if engine.import_state(counted) {
        Ok(())
    } else {
        Err(Error::State("it is of another version".to_owned()))
    }
}

fn texts(rules: &Rules) -> HashMap<String, String> {
    let correlations = rules.all().iter().filter(|rule| rule.is_correlation);
    correlations.map(|rule| (rule.key.to_string(), rule.text.clone())).collect()
}
