use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use tokio::sync::Mutex;

use crate::alertmanager::Alertmanager;
use crate::counters::Counters;
use crate::eventbridge::EventBridge;
use crate::file::FileSink;
use crate::filter::Filter;
use crate::kept::Kept;
use crate::otlp::Otlp;
use crate::quarantine::Quarantine;
use crate::webhook::Webhook;
use crate::{
    Again, Clock, Counted, Environment, Failure, Fault, Format, Notice, SettingsError, SinkKind, SinkSettings,
};

/// What sinks are given beside their settings.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The folder of what sinks keep themselves: what was refused, in `NAME.refused.jsonl`.
    pub folder: PathBuf,
    /// Where credentials and regions of AWS come from.
    pub environment: Environment,
    /// The time of day.
    pub clock: Clock,
}

impl Parts {
    /// With the process's environment and the system's clock.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, environment: Environment::process(), clock: Clock::system() }
    }
}

/// Most notices that are remembered of batches that failed: those of a hundred clusters at a time.
const MAX_AHEAD: usize = 100_000;

/// Somewhere that findings go.
#[derive(Debug)]
pub struct Sink {
    name: String,
    filter: Filter,
    receiver: Receiver,
    refused: Kept,
    counters: Counters,
    /// What is done with of batches that failed, by [`Notice::telling`]: it is not delivered again with the rest. Held while a delivery
    /// runs, so that none overtakes another.
    ahead: Mutex<HashSet<String>>,
}

#[derive(Debug)]
enum Receiver {
    File(FileSink),
    Webhook(Webhook),
    EventBridge(EventBridge),
    Alertmanager(Alertmanager),
    Otlp(Otlp),
    Quarantine(Quarantine),
}

impl Sink {
    /// Makes a sink. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`SettingsError`]: its settings can't be right.
    pub fn new(settings: &SinkSettings, parts: &Parts) -> Result<Self, SettingsError> {
        let wrong = |why| SettingsError::Sink { sink: settings.name.clone(), why };
        settings.check().map_err(wrong)?;
        let of_sink = |what: &str| parts.folder.join(format!("{}.{what}", settings.name));
        let receiver = match &settings.to {
            SinkKind::File(to) => FileSink::new(to).map(Receiver::File),
            SinkKind::Webhook(to) => Webhook::new(to, parts.clock.clone()).map(Receiver::Webhook),
            SinkKind::EventBridge(to) => EventBridge::new(to, &parts.environment).map(Receiver::EventBridge),
            SinkKind::Alertmanager(to) => {
                Alertmanager::new(to, of_sink("alerts.json"), parts.clock.clone()).map(Receiver::Alertmanager)
            }
            SinkKind::Otlp(to) => Otlp::new(to, parts.clock.clone()).map(Receiver::Otlp),
            SinkKind::Quarantine(to) => {
                let quarantine = Quarantine::new(to, of_sink("acts.jsonl"), parts.clock.clone());
                Ok(Receiver::Quarantine(quarantine))
            }
        };
        Ok(Self {
            name: settings.name.clone(),
            filter: Filter::new(settings.least_severity, &settings.types),
            receiver: receiver.map_err(wrong)?,
            refused: Kept::new(of_sink("refused.jsonl")),
            counters: Counters::default(),
            ahead: Mutex::default(),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What became of its notices.
    pub fn counted(&self) -> Counted {
        self.counters.get()
    }

    /// Delivers notices, in the order of their positions. When this returns, each of them is where it should be, or set aside.
    ///
    /// # Errors
    ///
    /// [`Failure`]: some could not be delivered. Whoever tries again gives all of them, or all but those that are done; what was
    /// delivered out of turn is not delivered again.
    pub async fn deliver(&self, batch: &[Notice]) -> Result<(), Failure> {
        let mut ahead = self.ahead.lock().await;
        // Of batches that nobody tried again; without it they are delivered twice at worst.
        if ahead.len() > MAX_AHEAD {
            ahead.clear();
        }
        let mut due = Vec::new();
        for notice in batch {
            if !ahead.contains(&notice.telling()) {
                match self.filter.passes(&notice.finding) {
                    true => due.push(notice),
                    false => {
                        self.counters.filtered();
                        ahead.insert(notice.telling());
                    }
                }
            }
        }
        for chunk in due.chunks(self.most()) {
            if let Err(fault) = self.deliver_chunk(chunk, &mut ahead).await {
                let done = batch.iter().take_while(|notice| ahead.contains(&notice.telling())).count();
                return Err(self.failure(fault, done));
            }
        }
        for notice in batch {
            ahead.remove(&notice.telling());
        }
        Ok(())
    }

    /// How often [`Sink::upkeep`] has to be called, if it has to be.
    pub fn upkeep_every(&self) -> Option<Duration> {
        match &self.receiver {
            Receiver::Alertmanager(manager) => Some(manager.resend()),
            _ => None,
        }
    }

    /// Does what has to be done over and over, whether there are new notices or not: alerts that last are sent again.
    ///
    /// # Errors
    ///
    /// [`Failure`]: it could not be done. The next time is early enough.
    pub async fn upkeep(&self) -> Result<(), Failure> {
        let Receiver::Alertmanager(manager) = &self.receiver else { return Ok(()) };
        manager.send_again().await.map_err(|fault| self.failure(fault, 0))
    }

    /// Sends a chunk. If it is refused for what is in it, each half of it by itself, down to the notices that are refused.
    async fn deliver_chunk(&self, chunk: &[&Notice], ahead: &mut HashSet<String>) -> Result<(), Fault> {
        let mut waiting = vec![chunk.to_vec()];
        while let Some(part) = waiting.pop() {
            let mut taken = Vec::new();
            let sent = self.send(&part, &mut taken).await;
            if sent.is_ok() {
                taken = part.iter().map(|notice| notice.position).collect();
            }
            self.counters.delivered(taken.len());
            let is_taken = |notice: &&&Notice| taken.contains(&notice.position);
            ahead.extend(part.iter().filter(is_taken).map(|notice| notice.telling()));
            let Err(fault) = sent else { continue };
            let mut left: Vec<&Notice> =
                part.into_iter().filter(|notice| !taken.contains(&notice.position)).collect();
            let (why, can_be_parted) = match fault {
                Fault::Notice(why) => (why, left.len() > 1),
                Fault::SomeOf(why) => (why, false),
                other => return Err(other),
            };
            if can_be_parted {
                let second = left.split_off(left.len() / 2);
                waiting.extend([second, left]);
                continue;
            }
            for notice in left {
                self.set_aside(notice, &why).await?;
                ahead.insert(notice.telling());
            }
        }
        Ok(())
    }

    async fn send(&self, part: &[&Notice], taken: &mut Vec<u64>) -> Result<(), Fault> {
        match &self.receiver {
            Receiver::File(file) => file.send(part).await,
            Receiver::Webhook(webhook) => webhook.send(part).await,
            Receiver::EventBridge(bus) => bus.send(part, taken).await,
            Receiver::Alertmanager(manager) => manager.send(part).await,
            Receiver::Otlp(collector) => collector.send(part).await,
            Receiver::Quarantine(quarantine) => quarantine.send(part, taken).await,
        }
    }

    /// How many notices go together.
    fn most(&self) -> usize {
        /// Lines that share an fsync.
        const LINES: usize = 1024;
        match &self.receiver {
            Receiver::File(_) => LINES,
            Receiver::Webhook(webhook) => webhook.batch(),
            Receiver::EventBridge(bus) => bus.batch(),
            Receiver::Alertmanager(manager) => manager.batch(),
            Receiver::Otlp(collector) => collector.batch(),
            Receiver::Quarantine(_) => 1,
        }
    }

    async fn set_aside(&self, notice: &Notice, why: &str) -> Result<(), Fault> {
        let line = json!({
            "id": notice.id(),
            "position": notice.position,
            "what": notice.what.name(),
            "refused": why,
            "finding": Format::Json.value(notice),
        });
        self.refused.append(&line).await?;
        self.counters.refused();
        tracing::error!(
            sink = self.name, finding = notice.id(), kind = notice.finding.kind.name, why,
            file = %self.refused.path().display(), "a finding was refused, and is set aside"
        );
        Ok(())
    }

    fn failure(&self, fault: Fault, done: usize) -> Failure {
        let again = match fault {
            Fault::Retry { after, .. } => Again::Retry { after },
            Fault::Closed(_) | Fault::Notice(_) | Fault::SomeOf(_) => Again::Refused,
        };
        match again {
            Again::Retry { .. } => self.counters.retried(),
            Again::Refused => self.counters.closed(),
        }
        Failure { sink: self.name.clone(), again, done, why: fault.why() }
    }
}
