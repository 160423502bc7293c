use std::net::IpAddr;
use std::sync::Arc;

use thiserror::Error;

/// One end of a question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// A pod.
    Pod {
        /// Its namespace.
        namespace: Arc<str>,
        /// Its name.
        name: Arc<str>,
    },
    /// All pods of a workload, or its template if it has none.
    Workload {
        /// Its namespace.
        namespace: Arc<str>,
        /// Its kind, as `Deployment`.
        kind: Arc<str>,
        /// Its name.
        name: Arc<str>,
    },
    /// A service, by the ports of its virtual address: what is behind it.
    Service {
        /// Its namespace.
        namespace: Arc<str>,
        /// Its name.
        name: Arc<str>,
    },
    /// A node.
    Node {
        /// Its name.
        name: Arc<str>,
    },
    /// Whoever holds the address: a live pod, a node, a service's virtual address, or the outside.
    Address(IpAddr),
}

/// The port of a question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Port {
    /// A number.
    Number(u16),
    /// The name of a container port of the destination (of a service: of its port).
    Name(Arc<str>),
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QuestionError {
    /// Nobody has that name.
    #[error("there is no {kind} `{name}` in the snapshot")]
    NotThere {
        /// `pod`, `Deployment` …
        kind: String,
        /// Its name, with its namespace before it if it has one.
        name: String,
    },
    /// A Succeeded or Failed pod.
    #[error("the pod `{name}` is over: it has no processes that could send or receive")]
    Over {
        /// Its name with its namespace.
        name: String,
    },
    /// ICMP has no ports.
    #[error("`{protocol}` has no ports")]
    NoPorts {
        /// The protocol.
        protocol: &'static str,
    },
}
