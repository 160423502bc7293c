//! Findings as alerts of Prometheus' Alertmanager.
//!
//! Source: Alertmanager, `api/v2/openapi.yaml`, `postAlerts`: alerts with the same labels are one; one is over when its `endsAt` is,
//! and one that is given `endsAt` is not ended by the server's `resolve_timeout`. Alertmanager forgets alerts when it restarts, so
//! they are sent again for as long as they last, as Prometheus does (*Alerting*, "Clients": "continuously re-send alerts as long as
//! they are still active").

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use ringwall_model::time;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::post::{Post, Receiver};
use crate::settings::AlertmanagerSettings;
use crate::{Clock, Fault, Notice};

/// How many alerts a request has.
const BATCH: usize = 64;
/// How often alerts are sent again. Source: Prometheus, `--rules.alert.resend-delay`, 1m by default.
const RESEND: Duration = Duration::from_secs(60);
/// Most alerts that are sent again; beyond, those that end first are not. More at a time nobody handles, and Alertmanager has the
/// others until it restarts.
const MAX_ALERTS: usize = 1000;
/// Longest value of a label or annotation, in characters: names of Kubernetes and AWS are shorter, and a description is read on a phone.
const MAX_TEXT: usize = 1024;
/// Most bytes of the file of alerts: [`MAX_ALERTS`] with their texts.
const MAX_FILE: u64 = 32 << 20;

type Texts = BTreeMap<String, String>;

/// An alert, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    labels: Texts,
    annotations: Texts,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL", default, skip_serializing_if = "String::is_empty")]
    generator_url: String,
}

/// An Alertmanager.
#[derive(Debug)]
pub(crate) struct Alertmanager {
    post: Post,
    hold: i64,
    generator_url: String,
    clock: Clock,
    /// Those that last, by the ids of their findings; and the file that keeps them over restarts.
    lasting: Mutex<BTreeMap<String, Alert>>,
    file: PathBuf,
}

impl Alertmanager {
    pub(crate) fn new(settings: &AlertmanagerSettings, file: PathBuf, clock: Clock) -> Result<Self, String> {
        let post = Post::new(&Receiver {
            url: &settings.url,
            allow: &settings.allow,
            ca_file: settings.ca_file.as_deref(),
            bearer_file: settings.bearer_file.as_deref(),
            plain: true,
        })?;
        let wrong = |error: &dyn std::fmt::Display| format!("`{}`: {error}", file.display());
        let kept = ringwall_files::read_if_there(&file, MAX_FILE).map_err(|error| wrong(&error))?;
        let lasting = match kept {
            Some(kept) => serde_json::from_slice(&kept).map_err(|error| wrong(&error))?,
            None => BTreeMap::new(),
        };
        Ok(Self {
            post,
            hold: i64::try_from(settings.hold_seconds).unwrap_or(i64::MAX),
            generator_url: settings.generator_url.clone().unwrap_or_default(),
            clock,
            lasting: Mutex::new(lasting),
            file,
        })
    }

    pub(crate) const fn batch(&self) -> usize {
        BATCH
    }

    pub(crate) const fn resend(&self) -> Duration {
        RESEND
    }

    pub(crate) async fn send(&self, batch: &[&Notice]) -> Result<(), Fault> {
        let mut lasting = self.lasting.lock().await;
        let now = self.clock.now();
        let mut alerts = Vec::new();
        let mut changed = BTreeMap::new();
        for notice in batch {
            let (id, alert) = (notice.id(), self.alert(notice, now));
            // One that got worse has another label, and is another alert to the server: the one before is over.
            let before = changed.get(&id).or_else(|| lasting.get(&id));
            if let Some(before) = before.filter(|before| before.labels != alert.labels) {
                alerts.push(Alert { ends_at: text(now), ..before.clone() });
            }
            alerts.push(alert.clone());
            changed.insert(id, alert);
        }
        self.post_all(&alerts).await?;
        lasting.extend(changed);
        trim(&mut lasting, &text(now));
        self.keep(&lasting)
    }

    /// Sends those again that last.
    pub(crate) async fn send_again(&self) -> Result<(), Fault> {
        let mut lasting = self.lasting.lock().await;
        trim(&mut lasting, &text(self.clock.now()));
        let alerts: Vec<Alert> = lasting.values().cloned().collect();
        for chunk in alerts.chunks(BATCH) {
            self.post_all(chunk).await?;
        }
        Ok(())
    }

    async fn post_all(&self, alerts: &[Alert]) -> Result<(), Fault> {
        let body = serde_json::to_vec(alerts).map_err(|error| Fault::Notice(error.to_string()))?;
        self.post.json(body.into(), &[]).await.map(|_| ())
    }

    fn keep(&self, lasting: &BTreeMap<String, Alert>) -> Result<(), Fault> {
        let kept = serde_json::to_vec(lasting).map_err(std::io::Error::other);
        let kept =
            kept.and_then(|bytes| ringwall_files::replace(&self.file, &bytes, ringwall_files::PRIVATE));
        kept.map_err(|error| Fault::retry(format!("can't write `{}`: {error}", self.file.display())))
    }

    fn alert(&self, notice: &Notice, now: i64) -> Alert {
        let (finding, scope) = (&notice.finding, &notice.scope);
        let (details, kind) = (&finding.details, finding.kind);
        let (first, last) = notice.seen();
        let call = details.api_call.as_ref();
        let namespace = details.workload.as_ref().map(|workload| &workload.namespace);
        let namespace = namespace.or(call.map(|call| &call.namespace)).map_or("", String::as_str);
        let known = |text: &Option<String>| text.clone().unwrap_or_default();
        let labels = texts([
            ("alertname", kind.name),
            ("severity", finding.severity.name()),
            ("source", "ringwall"),
            ("purpose", kind.purpose()),
            ("cluster", &known(&scope.cluster)),
            ("account", &known(&scope.account)),
            ("region", &known(&scope.region)),
            ("namespace", namespace),
            ("finding", &notice.id()),
        ]);
        let actor = &details.actor;
        let evidence: Vec<&str> = finding.evidence().iter().take(5).map(|event| event.id.as_str()).collect();
        let annotations = texts([
            ("summary", kind.title),
            ("description", &details.description),
            ("remedy", kind.remedy),
            ("actor", if actor.username.is_empty() { &actor.arn } else { &actor.username }),
            ("count", &finding.count.to_string()),
            ("first_seen", &time::text(first)),
            ("last_seen", &time::text(last)),
            ("evidence", &evidence.join(" ")),
        ]);
        Alert {
            labels,
            annotations,
            starts_at: time::text(first),
            ends_at: text(now.saturating_add(self.hold)),
            generator_url: self.generator_url.replace("{id}", &notice.id()),
        }
    }
}

/// Those that are over go, and those that end first if there are too many.
fn trim(lasting: &mut BTreeMap<String, Alert>, now: &str) {
    lasting.retain(|_, alert| alert.ends_at.as_str() > now);
    if lasting.len() > MAX_ALERTS {
        let mut ends: Vec<String> = lasting.values().map(|alert| alert.ends_at.clone()).collect();
        ends.sort_unstable();
        let first = ends.get(lasting.len().saturating_sub(MAX_ALERTS)).cloned().unwrap_or_default();
        let mut surplus = lasting.len().saturating_sub(MAX_ALERTS);
        lasting.retain(|_, alert| {
            let goes = surplus > 0 && alert.ends_at <= first;
            surplus = surplus.saturating_sub(usize::from(goes));
            !goes
        });
    }
}

/// Texts that are not empty, cut where they are longer than anybody reads.
fn texts<const COUNT: usize>(all: [(&str, &str); COUNT]) -> Texts {
    all.into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (name.to_owned(), text.chars().take(MAX_TEXT).collect()))
        .collect()
}

/// A time in seconds as alerts have it.
fn text(seconds: i64) -> String {
    time::text(seconds.saturating_mul(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_end_first_are_forgotten() {
        let alert = |ends| Alert {
            labels: Texts::new(),
            annotations: Texts::new(),
            starts_at: String::new(),
            ends_at: text(ends),
            generator_url: String::new(),
        };
        let mut lasting: BTreeMap<String, Alert> =
            (0..1500).map(|at| (format!("{at:04}"), alert(1000 + at / 2))).collect();
        trim(&mut lasting, &text(1009));
        assert_eq!(lasting.len(), MAX_ALERTS);
        assert_eq!(lasting.keys().next().unwrap(), "0500");
        trim(&mut lasting, &text(1748));
        assert_eq!(lasting.keys().collect::<Vec<_>>(), ["1498", "1499"]);
    }
}
