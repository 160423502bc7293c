use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use ringwall_rootkey::Source as RootKeySource;

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
