use std::collections::BTreeSet;
use std::path::PathBuf;

use tokio::sync::Mutex;

use crate::counters::Counters;
use crate::deadletters::DeadLetters;
use crate::eventbridge::EventBridge;
use crate::file::FileSink;
use crate::filter::Filter;
use crate::webhook::Webhook;
use crate::{
    Again, Clock, Counted, Environment, Failure, Fault, Notice, SettingsError, SinkKind, SinkSettings,
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

/// Somewhere that findings go.
#[derive(Debug)]
pub struct Sink {
    name: String,
    filter: Filter,
    receiver: Receiver,
    letters: DeadLetters,
    counters: Counters,
    /// Positions that are done with although those before them are not. Held while a delivery runs, so that none overtakes another.
    ahead: Mutex<BTreeSet<u64>>,
}

#[derive(Debug)]
enum Receiver {
    File(FileSink),
    Webhook(Webhook),
    EventBridge(EventBridge),
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
        let receiver = match &settings.to {
            SinkKind::File(to) => FileSink::new(to).map(Receiver::File),
            SinkKind::Webhook(to) => Webhook::new(to, parts.clock.clone()).map(Receiver::Webhook),
            SinkKind::EventBridge(to) => EventBridge::new(to, &parts.environment).map(Receiver::EventBridge),
        };
        Ok(Self {
            name: settings.name.clone(),
            filter: Filter::new(settings.least_severity, &settings.types),
            receiver: receiver.map_err(wrong)?,
            letters: DeadLetters::new(parts.folder.join(format!("{}.refused.jsonl", settings.name))),
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
        let first = batch.first().map_or(0, |notice| notice.position);
        ahead.retain(|position| *position >= first);
        let mut due = Vec::new();
        for notice in batch {
            if !ahead.contains(&notice.position) {
                match self.filter.passes(&notice.finding) {
                    true => due.push(notice),
                    false => {
                        self.counters.filtered();
                        ahead.insert(notice.position);
                    }
                }
            }
        }
        for chunk in due.chunks(self.most()) {
            if let Err(fault) = self.deliver_chunk(chunk, &mut ahead).await {
                let done = batch.iter().take_while(|notice| ahead.contains(&notice.position)).count();
                return Err(self.failure(fault, done));
            }
        }
        ahead.clear();
        Ok(())
    }

    /// Sends a chunk. If it is refused for what is in it, each half of it by itself, down to the notices that are refused.
    async fn deliver_chunk(&self, chunk: &[&Notice], ahead: &mut BTreeSet<u64>) -> Result<(), Fault> {
        let mut waiting = vec![chunk.to_vec()];
        while let Some(part) = waiting.pop() {
            let mut taken = Vec::new();
            let sent = self.send(&part, &mut taken).await;
            if sent.is_ok() {
                taken = part.iter().map(|notice| notice.position).collect();
            }
            self.counters.delivered(taken.len());
            ahead.extend(&taken);
            let Err(fault) = sent else { continue };
            let Fault::Notice(why) = fault else { return Err(fault) };
            let mut left: Vec<&Notice> =
                part.into_iter().filter(|notice| !taken.contains(&notice.position)).collect();
            match &left[..] {
                [] => {}
                [notice] => {
                    self.set_aside(notice, &why).await?;
                    ahead.insert(notice.position);
                }
                _ => {
                    let second = left.split_off(left.len() / 2);
                    waiting.push(second);
                    waiting.push(left);
                }
            }
        }
        Ok(())
    }

    async fn send(&self, part: &[&Notice], taken: &mut Vec<u64>) -> Result<(), Fault> {
        match &self.receiver {
            Receiver::File(file) => file.send(part).await,
            Receiver::Webhook(webhook) => webhook.send(part).await,
            Receiver::EventBridge(bus) => bus.send(part, taken).await,
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
        }
    }

    async fn set_aside(&self, notice: &Notice, why: &str) -> Result<(), Fault> {
        self.letters.keep(notice, why).await?;
        self.counters.refused();
        tracing::error!(
            sink = self.name, finding = notice.id(), kind = notice.finding.kind.name, why,
            file = %self.letters.path().display(), "a finding was refused, and is set aside"
        );
        Ok(())
    }

    fn failure(&self, fault: Fault, done: usize) -> Failure {
        let (again, why) = match fault {
            Fault::Retry { after, why } => (Again::Retry { after }, why),
            Fault::Closed(why) | Fault::Notice(why) => (Again::Refused, why),
        };
        match again {
            Again::Retry { .. } => self.counters.retried(),
            Again::Refused => self.counters.closed(),
        }
        Failure { sink: self.name.clone(), again, done, why }
    }
}
