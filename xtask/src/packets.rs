//! The packet lab of ringwall-nft: network namespaces as pods on nodes, and real packets against the verdicts of the analysis.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process;

/// The crate, and its targets that send packets.
pub(crate) const PACKAGE: &str = "ringwall-nft";
pub(crate) const TARGETS: [&str; 2] = ["it", "packets"];

/// The programs that the lab runs, each with the package of Debian that has it.
const PROGRAMS: [(&str, &str); 3] = [("nft", "nftables"), ("ip", "iproute2"), ("conntrack", "conntrack")];

/// Installs what is missing, where this is a Debian machine and we are its root, and sees that network namespaces can be made.
///
/// # Errors
///
/// If the lab can't run here; that is not a failure of what it tests.
pub(crate) fn prepare() -> Result<()> {
    if process::probe("id", &["-u"]).as_deref() != Some("0") {
        bail!("network namespaces need root");
    }
    let missing = missing();
    if !missing.is_empty() {
        process::install_packages(&missing)?;
    }
    let missing = self::missing();
    if !missing.is_empty() {
        bail!("installed, but not found: {}", missing.join(", "));
    }
    let name = format!("ringwall-probe-{}", std::process::id());
    if process::probe("ip", &["netns", "add", &name]).is_none() {
        bail!("this machine makes no network namespaces");
    }
    let tables = process::probe("ip", &["netns", "exec", &name, "nft", "list", "tables"]);
    process::probe("ip", &["netns", "del", &name]);
    if tables.is_none() {
        bail!("the kernel of this machine has no nftables");
    }
    Ok(())
}

/// Runs the tests of a target, each of which says what it found. They share two cores, and wait more than they work.
pub(crate) fn test(tests: &mut Command) -> Result<()> {
    process::run(tests.args(["--ignored", "--nocapture", "--test-threads", "2"]))
}

fn missing() -> Vec<&'static str> {
    PROGRAMS
        .into_iter()
        .filter(|(program, _)| {
            process::probe(program, &["--version"]).or(process::probe(program, &["-V"])).is_none()
        })
        .map(|(_, package)| package)
        .collect()
}
