use clap::{Args, Subcommand};

use super::{Keyring, KmsRotate, KmsServe, KmsVerify};

/// Seal a cluster's Secrets: the KMS plugin of a kube-apiserver, its keys, and the proof.
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
