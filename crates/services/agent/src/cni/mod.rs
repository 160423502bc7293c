//! The chained CNI plugin: a pod's containers start when its rules are in the kernel, and not before.
//!
//! A container runtime calls the plugin after the one that made the pod's interface, and starts no container, init containers
//! included, before it has answered. So nothing that a pod sends or gets is ever judged by fewer rules than it has, and none
//! of its packets is dropped because its rules are still on their way.
//!
//! The plugin is this same program under another name ([`PROGRAM`]); it tells the agent over a unix socket what was made, and
//! waits for its word. Without it a pod's packets are dropped until the apiserver has told the agent its address.
//!
//! Source: CNI specification 1.1.0, with the versions of results before it, which differ in nothing that is read here.

mod conflist;
mod install;
mod message;
mod plugin;
mod socket;

pub use conflist::{ConflistError, with_plugin, without_plugin};
pub use install::{InstallError, Installation, Installed};
pub use message::{Answer, Attachment, MAX_MESSAGE_BYTES, Order, PodSandbox, Refusal};
pub use plugin::run;
pub use socket::{Handler, Listening, SocketError};

/// The plugin's file in the folder of CNI plugins, and its `type` in network configurations.
pub const PROGRAM: &str = "ringwall-cni";

/// Where the agent listens, if nothing else is said. `/run` is empty after a boot, so the socket's file tells whether there has
/// been an agent since.
pub const SOCKET: &str = "/run/ringwall/agent.sock";
