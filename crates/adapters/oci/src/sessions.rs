//! Uploads that this process writes to: the open file, and what their digest is so far.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use ringwall_objects::Writer;

use crate::digest::Hasher;
use crate::error::OciError;

/// Most uploads that are kept open between requests; of more, the one that waits longest is closed. It goes on with a file more,
/// and is read once more for its digest.
const MAX_IDLE: usize = 256;

/// What an upload goes on with.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) writer: Writer,
    /// None if not all that came before went through it.
    pub(crate) hasher: Option<Hasher>,
    /// The revision of the upload's record that it is in step with.
    pub(crate) revision: i64,
}

#[derive(Default)]
struct State {
    busy: HashSet<String>,
    idle: HashMap<String, (Instant, Session)>,
}

/// All of them.
#[derive(Clone, Default)]
pub(crate) struct Sessions(Arc<Mutex<State>>);

/// The right to write to an upload, of one request at a time.
pub(crate) struct Claim {
    sessions: Sessions,
    id: String,
}

impl Sessions {
    /// # Errors
    ///
    /// [`OciError::UploadBusy`]
    pub(crate) fn claim(&self, id: &str) -> Result<Claim, OciError> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.busy.insert(id.to_owned()) {
            return Err(OciError::UploadBusy(id.to_owned()));
        }
        Ok(Claim { sessions: self.clone(), id: id.to_owned() })
    }
}

impl Claim {
    /// What the request before left, if it was in step with the record of this revision.
    pub(crate) fn take(&self, revision: i64) -> Option<Session> {
        let mut state = self.sessions.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, session) = state.idle.remove(&self.id)?;
        (session.revision == revision).then_some(session)
    }

    /// Leaves it for the next request.
    pub(crate) fn leave(&self, session: Session) {
        let mut state = self.sessions.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.idle.len() >= MAX_IDLE
            && let Some(oldest) =
                state.idle.iter().min_by_key(|(_, (since, _))| *since).map(|(id, _)| id.clone())
        {
            state.idle.remove(&oldest);
        }
        state.idle.insert(self.id.clone(), (Instant::now(), session));
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.sessions.0.lock().unwrap_or_else(PoisonError::into_inner).busy.remove(&self.id);
    }
}
