use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueHint};
use ringwall_rootkey::Source as RootKeySource;

use super::{KmsRotate, KmsVerify};
use crate::config::{LogFormat, LogLevel, time};

/// Seal a cluster's Secrets: the KMS plugin of a kube-apiserver, and its keys.
#[derive(Debug, Args)]
pub(crate) struct Kms {
    #[command(subcommand)]
    pub(crate) command: KmsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KmsCommand {
    Serve(KmsServe),
    Keyring(Keyring),
    Verify(KmsVerify),
    Rotate(KmsRotate),
}

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

/// Make and rotate a keyring: keys for the KMS plugin in a file, sealed under a root key.
///
/// A plugin that runs takes a changed keyring up by itself.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall kms keyring create /var/lib/ringwall/kms.keyring --root-key file:/etc/ringwall/kms-root.key
  ringwall kms keyring rotate /var/lib/ringwall/kms.keyring --root-key file:/etc/ringwall/kms-root.key

With several control plane nodes all need the new key before one seals with it: `add` on one of them, copy the file to the
others, then `use` on each.")]
pub(crate) struct Keyring {
    #[command(subcommand)]
    pub(crate) command: KeyringCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyringCommand {
    /// Make a keyring, and its root key unless that is there
    Create(KeyringPlace),
    /// List the keys' ids, and which one seals
    List(KeyringPlace),
    /// Add a key that seals from now on; the old ones still open
    Rotate(KeyringPlace),
    /// Add a key that does not seal yet
    Add(KeyringPlace),
    /// Seal with this key from now on
    Use {
        #[command(flatten)]
        place: KeyringPlace,
        /// The key's id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Take a key away for good; nothing that it sealed opens any more
    Retire {
        #[command(flatten)]
        place: KeyringPlace,
        /// The key's id
        #[arg(value_name = "ID")]
        id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct KeyringPlace {
    /// The keyring's file
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The root key, not in the same folder: file:PATH, passphrase:file:PATH, passphrase:env:NAME or pkcs11:URI
    #[arg(long, value_name = "ROOT-KEY")]
    pub(crate) root_key: RootKeySource,
}

fn mode(text: &str) -> Result<u32, String> {
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o777 => Ok(mode),
        _ => Err("permissions are an octal number up to 0777".to_owned()),
    }
}
