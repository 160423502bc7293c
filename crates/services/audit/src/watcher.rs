//! What looks at events: the detector and the rules of one's own, with one state.

use std::sync::Arc;

use ringwall_detect::cloudtrail::Record;
use ringwall_detect::finding::{Finding, Place};
use ringwall_detect::{Counts, Detector, audit};
use ringwall_sigma::{Match, Sigma};

use crate::Error;
use crate::known::Guides;

/// Before a state, how many bytes of it are the detector's: eight bytes, little-endian. The rest is what correlations have counted.
const HEAD: usize = 8;

/// Looks at the events of a cluster, one after the other.
pub(crate) struct Watcher {
    detector: Detector,
    sigma: Sigma,
    guides: Guides,
}

impl Watcher {
    /// One that goes on from a state, or that has seen nothing.
    ///
    /// # Errors
    ///
    /// The state can't be read.
    pub(crate) fn open(cluster: &str, state: Option<&[u8]>, guides: Guides) -> Result<Self, Error> {
        let broken = |why: String| Error::State { cluster: cluster.to_owned(), why };
        let mut sigma = Sigma::new(Arc::clone(&guides.rules))?;
        let mut detector = match state {
            // Nobody is to know which names fall together in what it remembers.
            None => Detector::with_key(key()?),
            Some(state) => {
                let (detector, counted) = split(state).ok_or_else(|| broken("it is cut".to_owned()))?;
                // What an older version of the rules has counted is no reason not to start.
                if let Err(error) = sigma.restore(counted) {
                    tracing::warn!(cluster, %error, "correlations of rules begin anew");
                }
                Detector::from_state(detector).map_err(|error| broken(error.to_string()))?
            }
        };
        detector.set_intel(Arc::clone(&guides.intel));
        Ok(Self { detector, sigma, guides })
    }

    /// Goes by other lists and rules from now on.
    pub(crate) fn follow(&mut self, guides: Guides) {
        self.detector.set_intel(Arc::clone(&guides.intel));
        if let Err(error) = self.sigma.set_rules(Arc::clone(&guides.rules)) {
            tracing::error!(%error, "Sigma rules stay as they were");
        }
        self.guides = guides;
    }

    /// Which lists and rules it goes by.
    pub(crate) fn version(&self) -> u64 {
        self.guides.version
    }

    /// Looks at an event, whose text this is; whether it is one that had not come before.
    pub(crate) fn audit(&mut self, event: &audit::Event<'_>, json: &str, place: &Place) -> bool {
        let before = self.detector.counts().repeated;
        if self.detector.judge_audit(event, place) {
            let detector = &mut self.detector;
            self.sigma.audit(event, json, place, &mut |found| tell(detector, found));
        }
        self.detector.counts().repeated == before
    }

    /// Looks at a record, whose text this is; whether it is one that had not come before.
    pub(crate) fn cloudtrail(&mut self, record: &Record<'_>, json: &str, place: &Place) -> bool {
        let is_new = self.detector.judge_cloudtrail(record, place);
        if is_new {
            let detector = &mut self.detector;
            self.sigma.cloudtrail(record, json, place, &mut |found| tell(detector, found));
        }
        is_new
    }

    /// All that influences what is told of later events.
    ///
    /// # Errors
    ///
    /// None in practice: see [`Sigma::state`].
    pub(crate) fn state(&self) -> Result<Vec<u8>, Error> {
        let detector = self.detector.state();
        let mut state = (detector.len() as u64).to_le_bytes().to_vec();
        state.extend(detector);
        state.extend(self.sigma.state()?);
        Ok(state)
    }

    pub(crate) fn counts(&self) -> Counts {
        self.detector.counts()
    }

    pub(crate) fn has_changed(&self) -> bool {
        self.detector.has_changed()
    }

    pub(crate) fn take_changed(&mut self) -> Vec<Finding> {
        self.detector.take_changed()
    }

    /// See [`Detector::close_before`].
    pub(crate) fn close_before(&mut self, time: i64) -> usize {
        self.detector.close_before(time)
    }

    pub(crate) fn findings(&self) -> Vec<&Finding> {
        self.detector.findings()
    }
}

fn tell(detector: &mut Detector, found: Match) {
    detector.tell(found.signal, found.earlier);
}

fn key() -> Result<[u8; 16], Error> {
    let mut key = [0; 16];
    let made = aws_lc_rs::rand::fill(&mut key);
    made.map_err(|_| Error::Setting("the system gives no randomness".to_owned()))?;
    Ok(key)
}

/// The detector's part of a state, and the rules'.
fn split(state: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, rest) = state.split_first_chunk::<HEAD>()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*head)).ok()?)
}
