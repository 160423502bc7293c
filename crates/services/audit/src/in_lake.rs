//! A cluster's events and findings on their way into the lake.

use std::time::{Duration, Instant};

use ringwall_detect::audit::Event;
use ringwall_detect::cloudtrail::Record;
use ringwall_detect::finding::Finding;
use ringwall_detect::output::{Scope, UNKNOWN_ACCOUNT, UNKNOWN_REGION};
use ringwall_lake::{Lake, LakeError, Location, Origin, Partition, Row};
use ringwall_model::error_chain;
use ringwall_spool::Position;

use crate::keep::Positions;

/// How long rows wait for others to be written with them: the queue keeps their events meanwhile.
const EVERY: Duration = Duration::from_secs(60);

/// After a lake that could not be written. Detection goes on; what it has looked at is read again for the lake.
const TRY_AGAIN: Duration = Duration::from_secs(30);

/// Rows of a cluster on their way.
pub(crate) struct InLake {
    lake: Lake,
    partition: Partition,
    origin: Origin,
    scope: Scope,
    /// How far the queue was read for it.
    read: Position,
    /// How far what was read is written.
    written: Position,
    /// When it was written last.
    at: Instant,
    /// Until when it is not tried again.
    rests: Option<Instant>,
    /// Whether the findings are to be written anew: those that changed after what is written are not in it.
    owes_findings: bool,
}

impl InLake {
    /// Goes on after a position, and takes back what was written of later ones.
    ///
    /// # Errors
    ///
    /// The lake can't be read or changed.
    pub(crate) async fn open(location: Location, scope: Scope, at: Positions) -> Result<Self, LakeError> {
        let or = |said: &Option<String>, else_: &str| said.clone().unwrap_or_else(|| else_.to_owned());
        let origin = Origin {
            account: or(&scope.account, UNKNOWN_ACCOUNT),
            region: or(&scope.region, UNKNOWN_REGION),
            cluster: or(&scope.cluster, ""),
            now: scope.now,
        };
        let partition = Partition::new(&origin.cluster, &origin.account, &origin.region);
        let mut lake = Lake::open(location, ringwall_lake::Settings::default());
        lake.rewind(&partition, at.in_lake).await?;
        let (read, written) = (at.in_lake, at.in_lake);
        let owes_findings = at.in_lake < at.looked;
        Ok(Self {
            lake,
            partition,
            origin,
            scope,
            read,
            written,
            at: Instant::now(),
            rests: None,
            owes_findings,
        })
    }

    /// How far the queue was read for it.
    pub(crate) fn read(&self) -> Position {
        self.read
    }

    /// How far what was read is written.
    pub(crate) fn written(&self) -> Position {
        self.written
    }

    /// Whether it takes rows now.
    pub(crate) fn is_open(&self) -> bool {
        self.rests.is_none_or(|until| until <= Instant::now())
    }

    /// Whether it takes the rows of this entry: it is open, and has what was before.
    pub(crate) fn is_open_at(&self, position: Position) -> bool {
        self.is_open() && position > self.read
    }

    /// What events without a time are taken to be of.
    pub(crate) fn set_now(&mut self, now: i64) {
        self.origin.now = now;
        self.scope.now = now;
    }

    /// Takes the rows of an entry of the queue.
    pub(crate) fn take(&mut self, position: Position, rows: Vec<Row>) {
        for row in rows {
            self.append(position, row);
        }
        self.read = position;
    }

    /// The row of an event.
    pub(crate) fn audit(&self, event: &Event<'_>) -> Option<Row> {
        Row::audit(event, &self.origin)
    }

    /// The row of a record.
    pub(crate) fn cloudtrail(&self, record: &Record<'_>) -> Row {
        Row::cloudtrail(record, &self.origin)
    }

    /// Takes findings as they are now. Those that it can't take now it owes.
    pub(crate) fn findings(&mut self, changed: &[Finding]) {
        if !self.is_open() {
            self.owes_findings |= !changed.is_empty();
            return;
        }
        for finding in changed {
            self.append(self.read, Row::finding(finding, &self.scope));
        }
    }

    /// Whether rows are to be written now.
    pub(crate) fn is_due(&self) -> bool {
        self.is_open() && (self.lake.is_due() || (self.read > self.written && self.at.elapsed() >= EVERY))
    }

    /// Writes all rows, those of all findings before if it owes them. What can't be written is kept, and written later.
    pub(crate) async fn flush(&mut self, findings: &[&Finding]) {
        if self.owes_findings {
            for finding in findings {
                self.append(self.read, Row::finding(finding, &self.scope));
            }
            self.owes_findings = false;
        }
        match self.lake.flush().await {
            Ok(_) => (self.written, self.at) = (self.read, Instant::now()),
            Err(error) => {
                let why = error_chain(&error);
                tracing::error!(
                    cluster = self.origin.cluster,
                    error = why,
                    "the lake can't be written; it is tried again"
                );
                self.rests = Some(Instant::now() + TRY_AGAIN);
            }
        }
    }

    /// What has no room is no more than a broken entry has: it is flushed before there is so much.
    fn append(&mut self, position: Position, row: Row) {
        if let Err(error) = self.lake.append(&self.partition, position, row) {
            tracing::error!(cluster = self.origin.cluster, %error, "a row is left out of the lake");
        }
    }
}
