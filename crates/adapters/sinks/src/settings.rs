//! What the operator decides of sinks: a file of TOML, one table `[[sink]]` each.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ringwall_http::Endpoint;
use ringwall_model::Severity;
use serde::{Deserialize, Deserializer};

use crate::{Format, SettingsError};

/// Longest file of settings: some hundred sinks.
const MAX_FILE: u64 = 256 << 10;
/// Most sinks of a file: each has a cursor and a task.
const MAX_SINKS: usize = 64;
/// Most notices that a webhook gets at once.
const MAX_BATCH: usize = 100;

/// One sink.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SinkSettings {
    /// What it is called in logs and metrics: small letters, digits and `-`.
    pub name: String,
    /// The least severity that it gets.
    #[serde(default = "low", deserialize_with = "parsed")]
    pub least_severity: Severity,
    /// Patterns of the types that it gets, with `*`; all if there is none.
    #[serde(default)]
    pub types: Vec<String>,
    /// What it is.
    pub to: SinkKind,
}

/// What a sink is.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SinkKind {
    /// Lines of a file.
    File(FileSettings),
    /// A receiver of signed webhooks.
    Webhook(WebhookSettings),
    /// An event bus of AWS's EventBridge.
    #[serde(rename = "eventbridge")]
    EventBridge(EventBridgeSettings),
    /// An Alertmanager.
    Alertmanager(AlertmanagerSettings),
    /// A collector of OpenTelemetry.
    Otlp(OtlpSettings),
    /// Not a receiver but an act: the pod that a finding is about is cut off from the network.
    Quarantine(QuarantineSettings),
}

/// Lines of a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FileSettings {
    /// The file. Its folder has to be there.
    pub path: PathBuf,
    /// In which form a line is.
    #[serde(default)]
    pub format: Format,
    /// When it has more bytes, it is rotated.
    #[serde(default = "file_bytes")]
    pub max_bytes: u64,
    /// When it is older, it is rotated.
    #[serde(default = "day")]
    pub max_age_seconds: u64,
    /// How many rotated ones are kept.
    #[serde(default = "kept")]
    pub keep: usize,
}

/// A receiver of signed webhooks.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WebhookSettings {
    /// Where it is; https.
    pub url: String,
    /// The file with the keys that sign, one a line, in base64, `whsec_` before it or not. It is read anew for each request.
    pub secret_file: PathBuf,
    /// In which form findings are.
    #[serde(default)]
    pub format: Format,
    /// How many findings a request has at most. With 1 the body is a finding, with more an array of them.
    #[serde(default = "one")]
    pub batch: usize,
    /// Hosts with ports that may have addresses of this machine and its link.
    #[serde(default, deserialize_with = "all_parsed")]
    pub allow: Vec<Endpoint>,
    /// A PEM file of authorities that are trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// A file with a token for the header `authorization`. It is read anew for each request.
    pub bearer_file: Option<PathBuf>,
}

/// An event bus of AWS's EventBridge.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EventBridgeSettings {
    /// Name or ARN of the bus; the account's default one if it isn't set.
    pub bus: Option<String>,
    /// The events' source.
    #[serde(default = "source")]
    pub source: String,
    /// The region, if it isn't that of the environment.
    pub region: Option<String>,
    /// Another URL than AWS's.
    pub endpoint: Option<String>,
    /// A PEM file of authorities that are trusted beside the system's.
    pub ca_file: Option<PathBuf>,
}

/// An Alertmanager.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AlertmanagerSettings {
    /// Where alerts are posted, as `https://alertmanager.example/api/v2/alerts`; http if `allow` has it.
    pub url: String,
    /// How long an alert lasts after its finding was told last.
    #[serde(default = "day")]
    pub hold_seconds: u64,
    /// The URL that alerts lead to, in which `{id}` is the finding's id.
    pub generator_url: Option<String>,
    /// Hosts with ports that may have addresses of this machine and its link, and be spoken to by http.
    #[serde(default, deserialize_with = "all_parsed")]
    pub allow: Vec<Endpoint>,
    /// A PEM file of authorities that are trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// A file with a token for the header `authorization`. It is read anew for each request.
    pub bearer_file: Option<PathBuf>,
}

/// A collector of OpenTelemetry.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OtlpSettings {
    /// Where logs are posted, as `https://collector.example:4318/v1/logs`; http if `allow` has it.
    pub url: String,
    /// As of [`AlertmanagerSettings`].
    #[serde(default, deserialize_with = "all_parsed")]
    pub allow: Vec<Endpoint>,
    /// As of [`AlertmanagerSettings`].
    pub ca_file: Option<PathBuf>,
    /// As of [`AlertmanagerSettings`].
    pub bearer_file: Option<PathBuf>,
}

/// The quarantine of one cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct QuarantineSettings {
    /// The cluster's name: findings of others are left.
    pub cluster: String,
    /// Whether it is done. Without, the apiserver is asked to try it, and what would be done is told.
    #[serde(default)]
    pub enforce: bool,
    /// Namespaces in which nothing is ever cut off, beside `kube-system`, `kube-public` and `kube-node-lease`.
    #[serde(default)]
    pub except_namespaces: Vec<String>,
    /// How the apiserver is reached; without, by the service account of the pod that this runs in.
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context; without, its current one.
    pub context: Option<String>,
}

impl SinkSettings {
    /// Reads a file of settings.
    ///
    /// # Errors
    ///
    /// It can't be read, is no such file, or has two sinks of one name.
    pub fn read(path: &Path) -> Result<Vec<Self>, SettingsError> {
        let unreadable = |source| SettingsError::Unreadable { path: path.to_owned(), source };
        let malformed = |message: String| SettingsError::Malformed { path: path.to_owned(), message };
        let bytes = ringwall_files::read(path, MAX_FILE).map_err(unreadable)?;
        let text = String::from_utf8(bytes).map_err(|_| malformed("it is not of UTF-8".to_owned()))?;
        Self::parse(&text).map_err(malformed)
    }

    /// Reads settings.
    ///
    /// # Errors
    ///
    /// What is wrong, and where.
    pub fn parse(text: &str) -> Result<Vec<Self>, String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct All {
            #[serde(default)]
            sink: Vec<SinkSettings>,
        }
        let All { sink: sinks } = toml::from_str(text).map_err(|error| error.to_string())?;
        if sinks.len() > MAX_SINKS {
            return Err(format!("it has {} sinks; at most {MAX_SINKS} are taken", sinks.len()));
        }
        for (at, sink) in sinks.iter().enumerate() {
            sink.check()?;
            if sinks.iter().take(at).any(|other| other.name == sink.name) {
                return Err(format!("two sinks have the name `{}`", sink.name));
            }
        }
        Ok(sinks)
    }

    /// What can be told without doing anything.
    pub(crate) fn check(&self) -> Result<(), String> {
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        // It becomes the name of a file.
        if !(1..=63).contains(&self.name.len()) || !self.name.bytes().all(letter) {
            return Err(format!("`{}` is no name of a sink: small letters, digits and `-`", self.name));
        }
        match &self.to {
            SinkKind::Webhook(webhook) if !(1..=MAX_BATCH).contains(&webhook.batch) => {
                Err(format!("`batch` is between 1 and {MAX_BATCH}"))
            }
            SinkKind::Quarantine(_) if self.types.is_empty() => {
                Err("a quarantine names the `types` of findings that it acts on".to_owned())
            }
            SinkKind::Quarantine(to) if to.cluster.is_empty() => Err("`cluster` is empty".to_owned()),
            _ => Ok(()),
        }
    }
}

fn low() -> Severity {
    Severity::Low
}

/// 64 MiB.
fn file_bytes() -> u64 {
    64 << 20
}

fn day() -> u64 {
    24 * 60 * 60
}

fn kept() -> usize {
    10
}

fn one() -> usize {
    1
}

fn source() -> String {
    crate::eventbridge::SOURCE.to_owned()
}

fn parsed<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

fn all_parsed<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(serde::de::Error::custom)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_tables_of_toml() {
        let text = r#"
            [[sink]]
            name = "siem"
            least-severity = "medium"
            types = ["*:Kubernetes/*"]
            [sink.to.webhook]
            url = "https://siem.example/findings"
            secret-file = "/etc/ringwall/siem.key"
            allow = ["siem.example:443"]

            [[sink]]
            name = "archive"
            to.file = { path = "/var/lib/ringwall/findings.jsonl", format = "ocsf" }

            [[sink]]
            name = "bus"
            to.eventbridge = {}
        "#;
        let sinks = SinkSettings::parse(text).unwrap();
        let [siem, archive, bus] = &sinks[..] else { panic!("{sinks:?}") };
        assert_eq!((siem.least_severity, siem.types.len()), (Severity::Medium, 1));
        assert!(matches!(&siem.to, SinkKind::Webhook(to) if to.batch == 1 && to.allow.len() == 1));
        let SinkKind::File(file) = &archive.to else { panic!("{archive:?}") };
        assert_eq!((file.format, file.max_bytes, file.keep), (Format::Ocsf, 64 << 20, 10));
        assert!(matches!(&bus.to, SinkKind::EventBridge(to) if to.source == "ringwall"));
        assert!(SinkSettings::parse("").unwrap().is_empty());
    }

    #[test]
    fn the_page_has_settings_that_are_taken() {
        let page = include_str!("../../../../docs/detection/sinks.md");
        let blocks: Vec<&str> =
            page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
        assert_eq!(blocks.len(), 7);
        for block in blocks {
            let begin = if block.starts_with("[[sink]]") { "" } else { "[[sink]]\nname = 'a'\n" };
            let sinks =
                SinkSettings::parse(&format!("{begin}{block}")).map_err(|error| format!("{error}: {block}"));
            assert!(!sinks.unwrap().is_empty());
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        let sink = |rest: &str| format!("[[sink]]\n{rest}\n");
        for (text, told) in [
            ("sinks = 1".to_owned(), "unknown field"),
            (sink("name = 'a'"), "missing field"),
            (sink("name = 'A'\nto.file.path = 'x'"), "no name of a sink"),
            (sink("name = '../a'\nto.file.path = 'x'"), "no name of a sink"),
            (sink("name = 'a'\nto.file = { path = 'x', colour = 1 }"), "unknown field"),
            (sink("name = 'a'\nto.pigeon = {}"), "unknown variant"),
            (sink("name = 'a'\nleast-severity = 'dire'\nto.file.path = 'x'"), "dire"),
            (sink("name = 'a'\nto.file.path = 'x'").repeat(2), "two sinks"),
            (
                sink("name = 'a'\nto.webhook = { url = 'https://x', secret-file = 'x', batch = 0 }"),
                "between 1 and",
            ),
            (
                sink("name = 'a'\nto.webhook = { url = 'https://x', secret-file = 'x', allow = ['x'] }"),
                "host:port",
            ),
        ] {
            let refused = SinkSettings::parse(&text).unwrap_err();
            assert!(refused.contains(told), "{text}: {refused}");
        }
    }
}
