//! One module a command: read, ask, print.

mod account;
mod agent;
mod assess;
mod aws;
mod batch;
mod can;
mod cluster;
mod detect;
mod findings;
mod hunt;
mod iam;
mod identity;
mod init;
mod kms;
mod kubeconfig;
mod lake;
mod lines;
mod logs;
mod manual;
mod reach;
mod root_key;
mod scan;
mod secrets;
mod serve;
mod store;
mod timeline;
mod token;
mod token_verify;
mod webhooks;
mod who_can;

#[cfg(test)]
pub(crate) use agent::permissions as agent_permissions;
pub(crate) use agent::{cni_plugin, is_cni_plugin};
pub(crate) use assess::{Entrant, Report};
pub(crate) use detect::Detected;
pub(crate) use iam::{LintReport, Linted};
pub(crate) use timeline::Told;
pub(crate) use webhooks::client_name;

use crate::cli::Command;
use crate::error::{Exit, Failure};
use crate::question::is_aws_action;

/// Runs a command to its exit status.
pub(crate) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Assess(args) => assess::run(&args),
        Command::Can(args) => match &args.batch {
            Some(questions) => batch::run(&args.snapshot.folder, questions),
            None if args.action.verb.as_deref().is_some_and(is_aws_action) => aws::can(&args),
            None => can::run(&args),
        },
        Command::WhoCan(args) if is_aws_action(&args.verb) => aws::who_can(&args),
        Command::WhoCan(args) => who_can::run(&args),
        Command::Reach(args) => reach::run(&args),
        Command::Detect(args) => detect::run(&args),
        Command::Scan(args) => scan::run(&args.target),
        Command::Findings(args) => findings::run(&args.command),
        Command::Timeline(args) => timeline::run(&args),
        Command::Lake(args) => lake::run(&args.command),
        Command::Hunt(args) => hunt::run(&args),
        Command::Iam(args) => iam::run(&args.command),
        Command::Serve(args) => serve::run(&args),
        Command::Kms(args) => kms::run(&args.command),
        Command::Secrets(args) => secrets::run(&args.command),
        Command::Agent(args) => agent::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Token(args) => token::run(&args),
        Command::Kubeconfig(args) => kubeconfig::run(&args),
        Command::Account(args) => account::run(&args.command),
        Command::Cluster(args) => cluster::run(&args.command),
        Command::Identity(args) => identity::run(&args.command),
        Command::RootKey(args) => root_key::run(&args.command),
        Command::Store(args) => store::run(&args.command),
        Command::Completions(args) => manual::completions(&args),
        Command::Man(args) => manual::pages(&args),
    }
}

/// Runs what has to wait for the store to its end.
fn asynchronously<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
