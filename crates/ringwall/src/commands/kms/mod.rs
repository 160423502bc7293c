//! `kms`: a cluster's Secrets, sealed; what etcd has under which key, and sealing it anew.

mod keyring;
mod rotate;
mod serve;
mod verify;

use std::collections::BTreeSet;

use ringwall_grpc::{Etcd, EtcdError, EtcdTls};
use ringwall_kms::verify::{Scope, Verdict};

use crate::cli::{EtcdAccess, KmsCommand, Objects};
use crate::error::{self, Exit, Failure};

/// Runs a command of the group.
pub(super) fn run(command: &KmsCommand) -> Result<Exit, Failure> {
    match command {
        KmsCommand::Serve(args) => serve::run(args),
        KmsCommand::Keyring(args) => keyring::run(&args.command),
        KmsCommand::Verify(args) => verify::run(args),
        KmsCommand::Rotate(args) => rotate::run(args),
    }
}

/// The client of etcd that the command line says; that it can't be is misuse.
fn etcd(endpoints: &[String], access: &EtcdAccess) -> Result<Etcd, Failure> {
    let EtcdAccess { etcd_ca, etcd_cert, etcd_key, etcd_prefix: _ } = access;
    let tls = EtcdTls { ca: etcd_ca.clone(), cert: etcd_cert.clone(), key: etcd_key.clone() };
    Etcd::new(endpoints, &tls).map_err(|error| failure(&error, error.hint()))
}

/// What begins keys, without a slash at its end.
fn registry(access: &EtcdAccess) -> String {
    access.etcd_prefix.trim_end_matches('/').to_owned()
}

/// What is asked for, each resource once: `deployments` and `deployments.apps` are the same.
fn scope(objects: &Objects) -> Scope {
    if objects.all {
        return Scope::All;
    }
    let resources: BTreeSet<_> = objects.resources.iter().cloned().collect();
    Scope::Resources(resources.into_iter().collect())
}

/// The exit status of an answer.
fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Sealed => Exit::Fine,
        Verdict::NotSealed => Exit::No,
        Verdict::Unknown => Exit::Incomplete,
    }
}

/// That etcd could not be read leaves the question open.
fn unread(error: &EtcdError) -> Exit {
    error::print(&failure(error, error.hint()));
    Exit::Incomplete
}

fn failure(error: &dyn std::error::Error, hint: Option<&str>) -> Failure {
    Failure::Misuse { message: error.to_string(), hint: hint.map(str::to_owned) }
}
