//! The servers that are measured, each a process of its own.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use ringwall_model::Secret;

use crate::home::{ACCOUNT, Home};
use crate::process::{Process, serve, wait_for};
use crate::wire::{Target, trusting};

/// Names moto's program, if it isn't where `cargo xtask moto` puts it.
const MOTO_VARIABLE: &str = "RINGWALL_MOTO";

/// The account that moto has unless told otherwise.
const MOTO_ACCOUNT: &str = "123456789012";

/// Unit of the times in `/proc`: what Linux tells every program, whatever it counts in itself.
const TICKS_PER_SECOND: u64 = 100;

/// What a request is signed with.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) id: String,
    pub(crate) secret: Secret,
    pub(crate) token: Option<Secret>,
}

/// A server that runs until it is dropped.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) target: Target,
    pub(crate) account: &'static str,
    pub(crate) credentials: Credentials,
    process: Process,
}

impl Server {
    /// `ringwall serve` on a free port.
    pub(crate) fn ringwall(home: &Home, tls: bool) -> Self {
        let mode = if tls { "own" } else { "off" };
        let (process, serving) = serve(home, &["--listen=127.0.0.1:0", "--tls-mode", mode]);
        let (id, secret) = home.credentials();
        let tls = tls.then(|| trusting(&fs::read(home.path(".local/share/ringwall/tls/ca.pem")).unwrap()));
        Self {
            name: if tls.is_some() { "ringwall, TLS" } else { "ringwall" },
            target: Target { address: serving["address"].as_str().unwrap().parse().unwrap(), tls },
            account: ACCOUNT,
            credentials: Credentials { id, secret, token: None },
            process,
        }
    }

    /// moto's server, if it is set up.
    pub(crate) fn moto() -> Option<Self> {
        let program = std::env::var_os(MOTO_VARIABLE).map_or_else(default_moto, PathBuf::from);
        if !program.is_file() {
            return None;
        }
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let process = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_for(address, String::new);
        let secret = Secret::from("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned());
        Some(Self {
            name: "moto",
            target: Target { address, tls: None },
            account: MOTO_ACCOUNT,
            credentials: Credentials { id: "AKIAIOSFODNN7EXAMPLE".to_owned(), secret, token: None },
            process: Process(process),
        })
    }

    /// The processor time that its process has used.
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = fs::read(format!("/proc/{}/stat", self.process.0.id())).unwrap();
        let stat = String::from_utf8(stat).unwrap();
        // Source: proc_pid_stat(5): utime and stime are fields 14 and 15, and the name, field 2, is in parentheses.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: u64 = fields[11..13].iter().map(|ticks| ticks.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
    }

    /// The most memory that its process had in use, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.process.peak_memory()
    }
}

/// Where `cargo xtask moto` puts it: beside the folder of the profile that this program was built in.
fn default_moto() -> PathBuf {
    let ringwall = Path::new(env!("CARGO_BIN_EXE_ringwall"));
    ringwall.ancestors().nth(2).unwrap().join("moto").join("bin").join("moto_server")
}
