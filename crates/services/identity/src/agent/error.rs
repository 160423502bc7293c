use std::io;
use std::net::SocketAddr;

use ringwall_server::ServerError;

use super::link::LINK;

/// Why an agent can't begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// The cluster's name is none.
    #[error("`{0}` is no name of a cluster: it needs 1 to 100 letters, digits, hyphens and underscores")]
    Cluster(String),
    /// An address that is every address.
    #[error("`{0}` is every address of the machine")]
    EveryAddress(SocketAddr),
    /// An address can't be listened on.
    #[error(transparent)]
    Listen(#[from] ServerError),
    /// The kernel can't be spoken to, or refuses.
    #[error("the link `{LINK}` can't be {action}: {source}")]
    Link {
        /// `looked at`, `made` and the like.
        action: &'static str,
        /// What the kernel says.
        source: io::Error,
    },
    /// There is a link of that name that is something else.
    #[error("there is a link `{LINK}` already, and it is neither a dummy interface nor a bridge")]
    OtherLink,
    /// There are no such links on this system.
    #[error("links are managed on Linux alone")]
    System,
}

impl AgentError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Cluster(_) => None,
            Self::EveryAddress(_) => Some(
                "requests have to name the address that they mean, so each has to be told: --bind 169.254.170.23:80",
            ),
            Self::Listen(ServerError::Bind { source, .. })
                if source.kind() == io::ErrorKind::AddrNotAvailable =>
            {
                Some("the node has no such address: --manage-link makes the link that has it")
            }
            Self::Listen(ServerError::Bind { source, .. }) if source.kind() == io::ErrorKind::AddrInUse => {
                Some(
                    "another agent runs on this node; the add-on eks-pod-identity-agent has to be removed first",
                )
            }
            Self::Listen(error) => error.hint(),
            Self::Link { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some("it needs the capability NET_ADMIN")
            }
            Self::Link { .. } => Some("the kernel needs dummy interfaces or bridges: `modprobe dummy`"),
            Self::OtherLink => Some("rename or remove it: it is none that an agent made"),
            Self::System => Some("leave --manage-link out, and listen on an address that is there"),
        }
    }
}
