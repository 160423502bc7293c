use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::IpAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::SOCKET;
use super::message::{Answer, Attachment, MAX_MESSAGE_BYTES, Order, PodSandbox};

/// Versions of the specification that are spoken, the newest last. Before 0.3.0 there were no chains.
const VERSIONS: [&str; 5] = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];

/// Longest network configuration with the result so far: some kilobytes, and at GC a line for each attachment of the node.
const MAX_CONFIG_BYTES: u64 = 4 << 20;

/// How long a pod's start waits for its rules, unless the configuration says otherwise. They take milliseconds; the rest is for
/// an agent that is starting. A kubelet gives a sandbox four minutes.
const WAIT_SECONDS: u64 = 15;

/// The longest that a configuration may ask to wait: below a kubelet's patience.
const MAX_WAIT_SECONDS: u64 = 120;

/// How long what needs no rules may take: a kubelet asks for the status every few seconds.
const SHORT: Duration = Duration::from_secs(3);

/// The network configuration, as far as it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    #[serde(default)]
    cni_version: String,
    #[serde(default)]
    socket: Option<PathBuf>,
    #[serde(default)]
    wait_seconds: Option<u64>,
    #[serde(default)]
    fail_open: bool,
    #[serde(default)]
    prev_result: Option<Value>,
    #[serde(default, rename = "cni.dev/valid-attachments")]
    valid_attachments: Option<Vec<ValidAttachment>>,
}

#[derive(Debug, Deserialize)]
struct ValidAttachment {
    #[serde(rename = "containerID")]
    container: String,
    #[serde(rename = "ifname")]
    interface: String,
}

/// An error as CNI writes it.
#[derive(Debug)]
struct CniError {
    code: u32,
    message: String,
}

impl CniError {
    fn new(code: u32, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// Why the agent gave no answer.
enum NoAnswer {
    /// It is not there, or does not answer.
    Away(String),
    /// It answered no.
    Refused(CniError),
}

/// Runs the plugin as a container runtime calls it: command in the environment, configuration on standard input. Gives the exit
/// status.
pub fn run(env: &dyn Fn(&str) -> Option<String>, input: &mut dyn Read, output: &mut dyn Write) -> u8 {
    let mut version = VERSIONS.last().copied().unwrap_or_default().to_owned();
    let done = command(env, input, &mut version);
    let (text, status) = match done {
        Ok(text) => (text, 0),
        Err(error) => {
            let told = json!({"cniVersion": version, "code": error.code, "msg": error.message});
            (Some(told), 1)
        }
    };
    match text.map_or(Ok(()), |text| writeln!(output, "{text}")) {
        Ok(()) => status,
        Err(_) => 1,
    }
}

fn command(
    env: &dyn Fn(&str) -> Option<String>,
    input: &mut dyn Read,
    version: &mut String,
) -> Result<Option<Value>, CniError> {
    let command = env("CNI_COMMAND").unwrap_or_default();
    let text = ringwall_files::read_from(input, MAX_CONFIG_BYTES)
        .map_err(|error| CniError::new(5, format!("the network configuration can't be read: {error}")))?;
    let config: Config = serde_json::from_slice(&text)
        .map_err(|error| CniError::new(6, format!("the network configuration can't be read: {error}")))?;
    if command == "VERSION" {
        return Ok(Some(json!({"cniVersion": version, "supportedVersions": VERSIONS})));
    }
    if !VERSIONS.contains(&config.cni_version.as_str()) {
        let message =
            format!("`{}` is no version that is spoken: {}", config.cni_version, VERSIONS.join(", "));
        return Err(CniError::new(1, message));
    }
    version.clone_from(&config.cni_version);
    match command.as_str() {
        "ADD" => add(env, config).map(Some),
        "DEL" => {
            // What is gone must not stay because the agent is away: it learns of it by the runtime's list, or the apiserver.
            match ask(&config, &Order::Del(attachment(env)?), SHORT) {
                Ok(()) | Err(NoAnswer::Away(_)) => Ok(None),
                Err(NoAnswer::Refused(error)) => Err(error),
            }
        }
        "CHECK" => {
            let order = Order::Check(sandbox(env, &config)?);
            match ask(&config, &order, SHORT) {
                Ok(()) => Ok(None),
                // Rules stay in the kernel while the agent is away, so nothing tells that anything is wrong.
                Err(NoAnswer::Away(_)) => Ok(None),
                Err(NoAnswer::Refused(error)) => Err(error),
            }
        }
        "GC" => {
            let attachments = config.valid_attachments.as_deref().ok_or_else(|| {
                CniError::new(7, "GC needs `cni.dev/valid-attachments` in the network configuration")
            })?;
            let attachments = attachments.iter().map(|valid| Attachment {
                container: valid.container.clone(),
                interface: valid.interface.clone(),
            });
            match ask(&config, &Order::Gc { attachments: attachments.collect() }, SHORT) {
                Ok(()) | Err(NoAnswer::Away(_)) => Ok(None),
                Err(NoAnswer::Refused(error)) => Err(error),
            }
        }
        "STATUS" => status(&config),
        other => Err(CniError::new(4, format!("`{other}` in CNI_COMMAND is no command that is known"))),
    }
}

/// A pod starts when the agent says so. If it doesn't, the runtime is told to try again, unless the configuration lets pods start
/// all the same.
fn add(env: &dyn Fn(&str) -> Option<String>, config: Config) -> Result<Value, CniError> {
    let order = Order::Add(sandbox(env, &config)?);
    let wait = config.wait_seconds.unwrap_or(WAIT_SECONDS).clamp(1, MAX_WAIT_SECONDS);
    let outcome = ask(&config, &order, Duration::from_secs(wait));
    let result = config.prev_result.unwrap_or(Value::Null);
    match outcome {
        Ok(()) => Ok(result),
        Err(NoAnswer::Away(_)) if config.fail_open => Ok(result),
        Err(NoAnswer::Refused(error)) if config.fail_open && error.code == 11 => Ok(result),
        Err(NoAnswer::Refused(error)) => Err(error),
        Err(NoAnswer::Away(why)) => {
            Err(CniError::new(11, format!("the network agent of this node does not answer: {why}")))
        }
    }
}

/// A node is ready once there has been an agent since it booted. That one is away for a moment, to be updated, must not take the
/// node's pods out of their services, which a kubelet would do that is told no here.
fn status(config: &Config) -> Result<Option<Value>, CniError> {
    match ask(config, &Order::Status, SHORT) {
        Ok(()) => Ok(None),
        Err(NoAnswer::Refused(error)) => Err(CniError::new(50, error.message)),
        Err(NoAnswer::Away(_)) if config.fail_open || socket(config).exists() => Ok(None),
        Err(NoAnswer::Away(why)) => {
            Err(CniError::new(50, format!("there has been no network agent since this node booted: {why}")))
        }
    }
}

fn attachment(env: &dyn Fn(&str) -> Option<String>) -> Result<Attachment, CniError> {
    let needed = |name: &str| {
        env(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| CniError::new(4, format!("{name} is not set")))
    };
    Ok(Attachment { container: needed("CNI_CONTAINERID")?, interface: needed("CNI_IFNAME")? })
}

/// What the environment and the result so far tell of a pod.
fn sandbox(env: &dyn Fn(&str) -> Option<String>, config: &Config) -> Result<PodSandbox, CniError> {
    let attachment = attachment(env)?;
    let arguments = env("CNI_ARGS").unwrap_or_default();
    let argument = |name: &str| {
        let found =
            arguments.split(';').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
        found.map(|(_, value)| value.to_owned()).filter(|value| !value.is_empty())
    };
    let needed = |name: &str| {
        argument(name)
            .ok_or_else(|| CniError::new(4, format!("CNI_ARGS has no {name}: is this a Kubernetes node?")))
    };
    let result = config.prev_result.as_ref().ok_or_else(|| {
        CniError::new(
            7,
            "there is no result of another plugin: this one stands after one that makes interfaces",
        )
    })?;
    let list = |key: &str| result.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let host_interfaces = list("interfaces")
        .iter()
        .filter(|interface| interface.get("sandbox").and_then(Value::as_str).is_none_or(str::is_empty))
        .filter_map(|interface| Some(interface.get("name")?.as_str()?.to_owned()));
    let addresses: Result<Vec<IpAddr>, CniError> = list("ips")
        .iter()
        .filter_map(|item| item.get("address").and_then(Value::as_str))
        .map(|text| {
            let address = text.split_once('/').map_or(text, |(address, _)| address);
            address
                .parse()
                .map_err(|_| CniError::new(7, format!("`{text}` in the result so far is no address")))
        })
        .collect();
    Ok(PodSandbox {
        attachment,
        namespace: needed("K8S_POD_NAMESPACE")?,
        pod: needed("K8S_POD_NAME")?,
        uid: argument("K8S_POD_UID"),
        netns: env("CNI_NETNS").unwrap_or_default(),
        host_interfaces: host_interfaces.collect(),
        addresses: addresses?,
    })
}

fn socket(config: &Config) -> &Path {
    config.socket.as_deref().unwrap_or(Path::new(SOCKET))
}

/// One question to the agent.
fn ask(config: &Config, order: &Order, within: Duration) -> Result<(), NoAnswer> {
    let away = |error: io::Error| NoAnswer::Away(format!("{}: {error}", socket(config).display()));
    let mut line = serde_json::to_string(order).map_err(|error| away(error.into()))?;
    line.push('\n');
    let answer = exchange(socket(config), line.as_bytes(), within).map_err(away)?;
    match serde_json::from_str(&answer) {
        Ok(Answer::Done) => Ok(()),
        Ok(Answer::Refused(refusal)) => Err(NoAnswer::Refused(CniError::new(refusal.code, refusal.message))),
        Err(error) => Err(away(error.into())),
    }
}

fn exchange(socket: &Path, line: &[u8], within: Duration) -> io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_write_timeout(Some(within))?;
    stream.set_read_timeout(Some(within))?;
    stream.write_all(line)?;
    let mut answer = String::new();
    let limit = MAX_MESSAGE_BYTES as u64;
    if BufReader::new(stream.take(limit)).read_line(&mut answer)? == 0 {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it hung up without an answer"));
    }
    Ok(answer)
}

#[cfg(test)]
mod tests;
