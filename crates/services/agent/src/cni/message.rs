use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Longest message in either direction. A pod has two addresses and a dozen names; the list of a node's attachments, of which
/// there are a few hundred, is the longest.
pub const MAX_MESSAGE_BYTES: usize = 256 << 10;

/// What the plugin asks of the agent: one line of JSON on a connection of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "lowercase", deny_unknown_fields)]
pub enum Order {
    /// The pod has an interface: answer when its rules are in the kernel.
    Add(PodSandbox),
    /// The pod's interface goes.
    Del(Attachment),
    /// Whether the pod's rules are in the kernel.
    Check(PodSandbox),
    /// These are all attachments that there are.
    Gc {
        /// Those that the runtime knows.
        attachments: Vec<Attachment>,
    },
    /// Whether there is an agent.
    Status,
}

/// An interface in a container, as runtimes number them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// `CNI_CONTAINERID`: the sandbox's id.
    pub container: String,
    /// `CNI_IFNAME`: the interface's name in the pod.
    pub interface: String,
}

/// A pod's interface, with what the plugins before made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PodSandbox {
    /// Which one.
    pub attachment: Attachment,
    /// `K8S_POD_NAMESPACE`
    pub namespace: String,
    /// `K8S_POD_NAME`
    pub pod: String,
    /// `K8S_POD_UID`, where the runtime tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// `CNI_NETNS`: the network namespace's path.
    pub netns: String,
    /// The interfaces on the node's side, from the result so far.
    pub host_interfaces: Vec<String>,
    /// The pod's addresses, from the result so far.
    pub addresses: Vec<IpAddr>,
}

/// What the agent answers: one line of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "lowercase", deny_unknown_fields)]
pub enum Answer {
    /// It is so.
    Done,
    /// It is not.
    Refused(Refusal),
}

/// Why it is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// CNI's code of errors: 3 a container that is not known, 7 a wrong configuration, 11 try again.
    pub code: u32,
    /// In words.
    pub message: String,
}

impl Refusal {
    /// Try again: it may be so soon.
    pub fn later(message: impl Into<String>) -> Self {
        Self { code: 11, message: message.into() }
    }

    /// The pod is none that the agent knows.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self { code: 3, message: message.into() }
    }
}
