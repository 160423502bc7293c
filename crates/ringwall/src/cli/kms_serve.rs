use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use crate::config::{LogFormat, LogLevel, time};

/// Serve the KMS v2 plugin on a unix socket, for the kube-apiserver of this machine.
///
/// It needs neither the apiserver nor the network to start. Until its backend was reached, Status says why not, and the
/// apiserver waits.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall kms serve --backend aws-kms:arn:aws:kms:eu-central-1:111122223333:key/ID
  ringwall kms serve --backend 'keyring:/var/lib/ringwall/kms.keyring?root-key=file:/etc/ringwall/kms-root.key'
  ringwall kms serve --backend 'pkcs11:token=etcd;object=kek?module-path=/usr/lib/hsm.so&pin-source=file:/etc/ringwall/pin'
  ringwall kms serve --backend aws-kms:NEW --backend aws-kms:OLD

The first backend seals, all of them open. Those of AWS take
  aws-kms:KEY?region=R&endpoint=URL&context.NAME=VALUE
where KEY is an ARN, an id or alias/NAME, and the node's credentials, found as SDKs find them; the key has to allow them
kms:Encrypt and kms:Decrypt.

Signals:
  SIGTERM, SIGINT   no new calls, answer those in hand, end")]
pub(crate) struct KmsServe {
    /// What holds the key: aws-kms:KEY, pkcs11:URI or keyring:PATH?root-key=SOURCE; may be repeated
    #[arg(long = "backend", value_name = "BACKEND", required = true)]
    pub(crate) backends: Vec<ringwall_kms::Source>,
    /// Socket, as `endpoint: unix://PATH` in the apiserver's EncryptionConfiguration
    #[arg(long, value_name = "PATH", default_value = "/run/ringwall/kms.sock", value_hint = ValueHint::FilePath)]
    pub(crate) listen: PathBuf,
    /// Permissions of the socket, octal
    #[arg(long, value_name = "MODE", default_value = "0600", value_parser = mode)]
    pub(crate) socket_mode: u32,
    /// Number of a user who may call, beside root and the one that this runs as; may be repeated
    #[arg(long = "allow-user", value_name = "UID")]
    pub(crate) users: Vec<u32>,
    /// Time between two probes of the backend, which notice that its key rotated or was taken away
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    pub(crate) probe_every: Duration,
    /// How long the backend's key may be out of reach before the apiserver is told to write no more
    #[arg(long, value_name = "TIME", default_value = "90s", value_parser = time)]
    pub(crate) grace: Duration,
    /// Certificate authorities, in PEM, that are trusted beside the system's; otherwise AWS_CA_BUNDLE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca_file: Option<PathBuf>,
    /// Address and port of /healthz, /readyz and /metrics, over plain HTTP and open to whoever reaches it
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:2704")]
    pub(crate) admin_listen: SocketAddr,
    /// How much is logged: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log_level: LogLevel,
    /// How logs are written: text, json, or auto for text on a terminal and JSON elsewhere
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    pub(crate) log_format: LogFormat,
}

fn mode(text: &str) -> Result<u32, String> {
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o777 => Ok(mode),
        _ => Err("permissions are an octal number up to 0777".to_owned()),
    }
}
