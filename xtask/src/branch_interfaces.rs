//! How many branch interfaces each instance type takes, for `ringwall-network`: read out of the VPC resource controller's own table.
//!
//! AWS publishes the figures nowhere else: `pkg/aws/vpc/limits.go` of amazon-vpc-resource-controller-k8s is where the controller and
//! Karpenter have them from. Only the figures are kept, as a text file that a reviewer can read as a diff.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, read};

/// Where the data is kept, from the root of the repository.
const DATA_FILE: &str = "crates/engines/network/data/branch-interfaces.txt";

/// An instance type: branches (0 where it takes none), and whether it is of Nitro.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Limits {
    trunk: bool,
    branches: u32,
    nitro: bool,
}

/// Writes the data file anew from a copy of `limits.go`.
pub(crate) fn run(workspace: &Workspace, limits: &Path) -> Result<()> {
    let text = read(limits)?;
    let (made, count) = table(&text)?;
    let file = workspace.root.join(DATA_FILE);
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("`{}` could not be made", folder.display()))?;
    }
    fs::write(&file, &made).with_context(|| format!("`{}` could not be written", file.display()))?;
    eprintln!("{DATA_FILE}: {count} instance types");
    Ok(())
}

/// The data file, and how many types are in it.
fn table(go: &str) -> Result<(String, usize)> {
    let generated = go
        .lines()
        .find_map(|line| line.strip_prefix("// This file was generated at "))
        .context("the file does not say when it was generated, so it is another one")?;
    let mut types: BTreeMap<&str, Limits> = BTreeMap::new();
    let mut current = "";
    for line in go.lines() {
        if let Some(name) = line.strip_prefix("\t\"").and_then(|rest| rest.strip_suffix("\": {")) {
            current = name;
            types.insert(name, Limits::default());
        }
        let Some((key, value)) = line.trim().trim_end_matches(',').split_once(':') else { continue };
        let Some(limits) = types.get_mut(current) else { continue };
        match (key, value.trim()) {
            ("IsTrunkingCompatible", value) => limits.trunk = value == "true",
            ("BranchInterface", value) => limits.branches = value.parse().context("a number of branches")?,
            ("Hypervisor", "\"nitro\"") | ("IsBareMetal", "true") => limits.nitro = true,
            _ => {}
        }
    }
    if types.is_empty() {
        bail!("the file lists no instance types");
    }
    let mut text = format!(
        "# Branch interfaces that instance types take, for crates/engines/network/src/groups/capacity.rs.\n\
         # Written by `cargo xtask branch-interfaces LIMITS.GO`, never by hand.\n\
         #\n\
         # One type a line: name, branch interfaces (0 where it takes no trunk), `nitro` or `xen`.\n\
         #\n\
         # Figures of pkg/aws/vpc/limits.go of github.com/aws/amazon-vpc-resource-controller-k8s (Apache License 2.0),\n\
         # which was generated at {generated}.\n"
    );
    for (name, limits) in &types {
        let branches = if limits.trunk { limits.branches } else { 0 };
        writeln!(text, "{name} {branches} {}", if limits.nitro { "nitro" } else { "xen" })?;
    }
    Ok((text, types.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_one_line() {
        let entry = |name: &str, trunk: bool, hypervisor: &str| {
            format!(
                "\t\"{name}\": {{\n\t\tInterface:               3,\n\t\tIsTrunkingCompatible:    {trunk},\n\
                 \t\tBranchInterface:         9,\n\t\tNetworkCards: []NetworkCard{{\n\t\t\t{{\n\
                 \t\t\t\tMaximumNetworkInterfaces: 3,\n\t\t\t}},\n\t\t}},\n\t\tHypervisor:  \"{hypervisor}\",\n\
                 \t\tIsBareMetal: false,\n\t}},\n"
            )
        };
        let head = "// This file was generated at 2026-03-20T18:06:29Z\n";
        let go = format!("{head}{}{}", entry("t3.large", false, "nitro"), entry("m5.large", true, "nitro"));
        let (text, count) = table(&go).unwrap();
        assert_eq!(count, 2);
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(lines, ["m5.large 9 nitro", "t3.large 0 nitro"]);
        assert!(text.contains("2026-03-20T18:06:29Z"));
        assert!(table("package vpc").is_err());
        assert!(table(head).is_err());
    }
}
