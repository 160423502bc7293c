use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use ringwall_model::Secret;

/// How long a replica may be silent before others take its clusters over.
pub const DEFAULT_TTL: Duration = Duration::from_secs(10);

/// Events that wait: what a busy cluster (a hundred events a second of 2 KB) makes in six hours.
pub const DEFAULT_EVENT_BYTES: u64 = 4 << 30;

/// States of detectors: hundreds of clusters with some MiB each, the old and the new one at the same time.
pub const DEFAULT_STATE_BYTES: u64 = 2 << 30;

/// Findings: some hundred thousand of a few KB.
pub const DEFAULT_FINDING_BYTES: u64 = 1 << 30;

/// Findings are kept as long as GuardDuty keeps them.
/// Source: Amazon GuardDuty User Guide, "Exporting generated findings": findings are retained for 90 days.
pub const FINDING_AGE: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How NATS is reached, and how much may be kept there.
#[derive(Debug)]
pub struct Settings {
    /// Addresses, as `nats://host:4222` or `tls://host:4222`: one at least. Without TLS, of this machine only.
    pub servers: Vec<String>,
    /// Who we are to the server.
    pub login: Login,
    /// TLS; without it, only a server of this machine is spoken to.
    pub tls: Option<Tls>,
    /// How many servers keep each message: 1, 3 or 5.
    pub replicas: usize,
    /// The most bytes of events that wait.
    pub event_bytes: u64,
    /// The most bytes of detectors' states.
    pub state_bytes: u64,
    /// The most bytes of findings.
    pub finding_bytes: u64,
    /// How long a replica may be silent before others take its clusters over.
    pub ttl: Duration,
}

impl Settings {
    /// The defaults, for these addresses.
    pub fn new(servers: Vec<String>) -> Self {
        Self {
            servers,
            login: Login::None,
            tls: None,
            replicas: 1,
            event_bytes: DEFAULT_EVENT_BYTES,
            state_bytes: DEFAULT_STATE_BYTES,
            finding_bytes: DEFAULT_FINDING_BYTES,
            ttl: DEFAULT_TTL,
        }
    }
}

/// Who we are to the server.
#[derive(Default)]
#[non_exhaustive]
pub enum Login {
    /// Nobody, or who the client certificate says.
    #[default]
    None,
    /// A user with a password.
    User {
        /// The user's name.
        name: String,
        /// The password.
        password: Secret,
    },
    /// An NKey: the seed.
    Nkey(Secret),
    /// The text of a credentials file (`.creds`): a JWT and its seed.
    Credentials(Secret),
}

impl fmt::Debug for Login {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::None => "None",
            Self::User { .. } => "User",
            Self::Nkey(_) => "Nkey",
            Self::Credentials(_) => "Credentials",
        })
    }
}

/// TLS to the server.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Authorities beside the system's, a PEM file.
    pub authorities: Option<PathBuf>,
    /// Our certificate and its key, PEM files.
    pub certificate: Option<(PathBuf, PathBuf)>,
}
