use clap::{Args, Subcommand};

use super::{Keyring, KmsServe};

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
}
