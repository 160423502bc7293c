//! The policies that AWS manages, for `ringwall-aws`: fetched from PyPI, made compact, written into the repository.
//!
//! AWS publishes them in each account and as a reference of pages. The package `moto` (Apache-2.0) keeps all of them in one
//! data file; those that clusters and their operators use fit into a text file that a reviewer can read as a diff.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::process;
use crate::python;
use crate::workspace::Workspace;

/// The package, in the version that the data is from.
const PACKAGE: &str = "moto==5.2.5";

/// Where the data is kept, from the root of the repository.
const DATA_FILE: &str = "crates/services/aws/data/aws-managed-policies.txt";

/// Prints the package's data file: the JSON text in it, taken out of the wheel without running any of the package.
const READ: &str = r#"
import ast, datetime, glob, json, sys, zipfile
wheel = zipfile.ZipFile(glob.glob(sys.argv[1] + "/moto-*.whl")[0])
module = ast.parse(wheel.read("moto/iam/aws_managed_policies.py"))
texts = [node.value.value for node in module.body if isinstance(node, ast.Assign)]
policies = json.loads(texts[0])
seconds = lambda text: int(datetime.datetime.fromisoformat(text).timestamp())
for policy in policies.values():
    policy["Created"] = seconds(policy["CreateDate"])
    policy["Updated"] = seconds(policy["UpdateDate"])
print(json.dumps(policies))
"#;

/// Those for whole accounts and for functions in them.
const NAMES: [&str; 11] = [
    "AdministratorAccess",
    "Billing",
    "DataScientist",
    "DatabaseAdministrator",
    "NetworkAdministrator",
    "PowerUserAccess",
    "ReadOnlyAccess",
    "SecurityAudit",
    "SupportUser",
    "SystemAdministrator",
    "ViewOnlyAccess",
];

/// Parts of the names of those for clusters, their nodes and pods, and for the services that are served.
const PARTS: [&str; 18] = [
    "CloudWatchAgent",
    "CSIDriver",
    "EC2ContainerRegistry",
    "ECR",
    "EKS",
    "ElasticContainerRegistry",
    "FSx",
    "IAM",
    "KeyManagement",
    "KMS",
    "LoadBalanc",
    "Prometheus",
    "SSM",
    "STS",
    "SecretsManager",
    "VPCCNI",
    "VPCResourceController",
    "XRay",
];

/// A policy as the package has it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    path: String,
    default_version_id: String,
    created: i64,
    updated: i64,
    document: Value,
}

/// Fetches the package and writes the data file anew.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let folder = workspace.target().join("aws-managed-policies");
    python::environment(&folder)?;
    let wheels = folder.join("wheels");
    let python = python::interpreter(&folder);
    process::run(
        Command::new(&python)
            .args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", PACKAGE, "--dest"])
            .arg(&wheels),
    )
    .with_context(|| format!("{PACKAGE} could not be fetched (hint: this needs the network)"))?;
    let printed = process::output(Command::new(&python).args(["-c", READ]).arg(&wheels))?;
    let policies: BTreeMap<String, Policy> =
        serde_json::from_slice(&printed).context("the package's data has another form")?;
    let (text, count) = select(&policies)?;
    let file = workspace.root.join(DATA_FILE);
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("`{}` could not be made", folder.display()))?;
    }
    fs::write(&file, &text).with_context(|| format!("`{}` could not be written", file.display()))?;
    eprintln!("{DATA_FILE}: {count} of {} policies, {} bytes, from {PACKAGE}", policies.len(), text.len());
    eprintln!("read the diff, then run: cargo test -p ringwall-aws managed");
    Ok(())
}

/// The data file, and how many policies are in it.
fn select(policies: &BTreeMap<String, Policy>) -> Result<(String, usize)> {
    if let Some(name) = NAMES.iter().find(|name| !policies.contains_key(**name)) {
        bail!("the package has no policy `{name}`");
    }
    let mut text = format!(
        "# Policies that AWS manages, for crates/services/aws/src/iam/managed.rs.\n\
         # Written by `cargo xtask aws-managed-policies`, never by hand.\n\
         #\n\
         # One policy a line, its fields between tabs: path, name, version, seconds since 1970 when it was made and\n\
         # when it was changed last, document.\n\
         #\n\
         # From {PACKAGE}, moto/iam/aws_managed_policies.py, under the Apache License 2.0.\n"
    );
    let wanted = |name: &str| NAMES.contains(&name) || PARTS.iter().any(|part| name.contains(part));
    let mut count = 0;
    for (name, policy) in policies.iter().filter(|(name, _)| wanted(name)) {
        let Policy { path, default_version_id, created, updated, document } = policy;
        writeln!(text, "{path}\t{name}\t{default_version_id}\t{created}\t{updated}\t{document}")?;
        count += 1;
    }
    Ok((text, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(path: &str) -> Policy {
        let document = serde_json::json!({ "Statement": [], "Version": "2012-10-17" });
        Policy { path: path.into(), default_version_id: "v2".into(), created: 1, updated: 2, document }
    }

    #[test]
    fn what_is_wanted_is_one_line_each() {
        let mut policies: BTreeMap<String, Policy> =
            NAMES.iter().map(|name| ((*name).to_owned(), policy("/"))).collect();
        policies.insert("AmazonEKSClusterPolicy".into(), policy("/"));
        policies.insert("AmazonChimeFullAccess".into(), policy("/"));
        let (text, count) = select(&policies).unwrap();
        assert_eq!(count, NAMES.len() + 1);
        let line = "/\tAmazonEKSClusterPolicy\tv2\t1\t2\t{\"Statement\":[],\"Version\":\"2012-10-17\"}";
        assert!(text.lines().any(|found| found == line), "{text}");
        policies.remove("ReadOnlyAccess");
        assert!(select(&policies).is_err());
    }
}
