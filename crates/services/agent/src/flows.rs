//! The log of flows: which ends met, folded over some seconds. Its form is in `docs/reference/flows.md`.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{Timestamp, TimestampRound, Unit};
use ringwall_files::PRIVATE;
use serde::Serialize;
use serde_json::{Value, json};

/// Over how long alike flows are one line.
pub(crate) const FOLD: Duration = Duration::from_secs(10);

/// Most lines that are folded at a time: somebody who scans all ports of everybody fills it, and gets lines sooner.
const MAX_LINES: usize = 50_000;

/// At which size the file is moved away.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// Names of all pods that have addresses of their own, as `namespace/name`.
pub(crate) type Names = HashMap<IpAddr, Arc<str>>;

/// What happened to packets of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Seen {
    /// Who sent the first packet.
    pub(crate) source: IpAddr,
    /// Who got it, or would have.
    pub(crate) destination: IpAddr,
    /// The protocol's number.
    pub(crate) protocol: u8,
    /// The destination's port.
    pub(crate) port: Option<u16>,
    /// Why it was denied; `None` if it was not.
    pub(crate) denied: Option<Denied>,
}

/// Why a packet was denied.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Denied {
    /// Seen from the pod that is judged; `None` if nothing is known of it.
    pub(crate) direction: Option<&'static str>,
    /// What denies, in words.
    pub(crate) because: Arc<str>,
}

/// The log.
#[derive(Debug)]
pub(crate) struct FlowLog {
    path: PathBuf,
    lines: Mutex<BTreeMap<Seen, (Timestamp, u64)>>,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    from: Value,
    to: Value,
    protocol: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    verdict: &'static str,
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'a str>,
}

impl FlowLog {
    /// A log that is written to a file.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, lines: Mutex::default() }
    }

    /// Takes in what was seen. `false` if it is time to write.
    pub(crate) fn add(&self, seen: Seen) -> bool {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, count) = lines.entry(seen).or_insert_with(|| (Timestamp::now(), 0));
        *count = count.saturating_add(1);
        lines.len() < MAX_LINES
    }

    /// Writes what was taken in since the last time.
    ///
    /// # Errors
    ///
    /// The file can't be written; what was to be in it is lost.
    pub(crate) fn write(&self, names: &Names) -> io::Result<()> {
        let lines = std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner));
        if lines.is_empty() {
            return Ok(());
        }
        let mut text = Vec::new();
        for (seen, (time, count)) in &lines {
            serde_json::to_writer(&mut text, &line(seen, *time, *count, names))?;
            text.push(b'\n');
        }
        let mut file = self.open()?;
        file.write_all(&text)
    }

    fn open(&self) -> io::Result<File> {
        if fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() >= MAX_FILE_BYTES) {
            fs::rename(&self.path, older(&self.path))?;
        }
        OpenOptions::new().create(true).append(true).mode(PRIVATE).open(&self.path)
    }
}

fn older(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".1");
    name.into()
}

fn line<'a>(seen: &'a Seen, time: Timestamp, count: u64, names: &Names) -> Line<'a> {
    let end = |address: IpAddr| match names.get(&address) {
        Some(pod) => json!({"pod": pod}),
        None => json!({"ip": address}),
    };
    let seconds = time.round(TimestampRound::new().smallest(Unit::Second)).unwrap_or(time);
    Line {
        time: seconds.to_string(),
        from: end(seen.source),
        to: end(seen.destination),
        protocol: protocol(seen.protocol),
        port: seen.port,
        verdict: if seen.denied.is_some() { "denied" } else { "allowed" },
        count,
        direction: seen.denied.as_ref().and_then(|denied| denied.direction),
        because: seen.denied.as_ref().map(|denied| &*denied.because),
    }
}

/// A protocol as Kubernetes writes it. Source: IANA, *Protocol Numbers*.
pub(crate) fn protocol(number: u8) -> String {
    match number {
        6 => "TCP".to_owned(),
        17 => "UDP".to_owned(),
        132 => "SCTP".to_owned(),
        1 | 58 => "ICMP".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(port: u16, denied: Option<Denied>) -> Seen {
        let (source, destination) = ("10.0.0.1".parse().unwrap(), "fd00::2".parse().unwrap());
        Seen { source, destination, protocol: 6, port: Some(port), denied }
    }

    #[test]
    fn alike_flows_are_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flows.jsonl");
        let log = FlowLog::new(path.clone());
        let names: Names = [("10.0.0.1".parse().unwrap(), Arc::from("shop/web"))].into();
        log.write(&names).unwrap();
        assert!(!path.exists(), "nothing was seen");
        let because = Denied { direction: Some("ingress"), because: "NetworkPolicy shop/web".into() };
        for (port, denied) in [(80, None), (80, None), (22, Some(because))] {
            assert!(log.add(seen(port, denied)));
        }
        log.write(&names).unwrap();
        log.write(&names).unwrap();
        let text = String::from_utf8(ringwall_files::read(&path, 10_000).unwrap()).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let [first, second] = lines.as_slice() else { panic!("{text}") };
        assert_eq!(
            (&first["port"], &first["verdict"], &first["count"]),
            (&json!(22), &json!("denied"), &json!(1))
        );
        assert_eq!(
            (&first["direction"], &first["because"]),
            (&json!("ingress"), &json!("NetworkPolicy shop/web"))
        );
        assert_eq!(
            (&second["port"], &second["verdict"], &second["count"]),
            (&json!(80), &json!("allowed"), &json!(2))
        );
        assert_eq!(
            (&second["from"], &second["to"]),
            (&json!({"pod": "shop/web"}), &json!({"ip": "fd00::2"}))
        );
        assert!(second["time"].as_str().unwrap().ends_with('Z') && second.get("because").is_none());
    }

    #[test]
    fn a_file_that_is_large_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flows.jsonl");
        File::create(&path).unwrap().set_len(MAX_FILE_BYTES).unwrap();
        let log = FlowLog::new(path.clone());
        log.add(seen(80, None));
        log.write(&Names::new()).unwrap();
        assert!(fs::metadata(&path).unwrap().len() < 1_000);
        assert_eq!(fs::metadata(older(&path)).unwrap().len(), MAX_FILE_BYTES);
    }
}
