//! Fuzzing with cargo-fuzz, outside the workspace because it needs instrumented builds.

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::{Workspace, read};

/// Long enough to get past the corpus, short enough to wait for.
pub(crate) const DEFAULT_SECONDS: u64 = 60;

/// The targets that `fuzz/Cargo.toml` declares.
pub(crate) fn targets(manifest: &str) -> Result<Vec<String>> {
    let manifest: toml::Table = manifest.parse().context("`fuzz/Cargo.toml` could not be read")?;
    let binaries = manifest.get("bin").and_then(toml::Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let name = |binary: &toml::Value| Some(binary.get("name")?.as_str()?.to_owned());
    Ok(binaries.iter().filter_map(name).collect())
}

/// Fuzzes one target, or each in turn, for this many seconds.
pub(crate) fn run(workspace: &Workspace, target: Option<&str>, seconds: u64) -> Result<()> {
    let known = targets(&read(&workspace.root.join("fuzz/Cargo.toml"))?)?;
    let chosen: Vec<&str> = match target {
        None => known.iter().map(String::as_str).collect(),
        Some(target) if known.iter().any(|name| name == target) => vec![target],
        Some(target) => bail!("no fuzz target `{target}` (hint: there are {})", known.join(", ")),
    };
    if process::probe("cargo-fuzz", &["--version"]).is_none() {
        bail!("cargo-fuzz is not installed (hint: cargo install --locked cargo-fuzz)");
    }
    for target in chosen {
        process::run(
            process::cargo()
                .current_dir(&workspace.root)
                .args(["fuzz", "run", target, "--", &format!("-max_total_time={seconds}")])
                // Sanitizers are flags of the nightly compiler; this lets the pinned one take them.
                .env("RUSTC_BOOTSTRAP", "1"),
        )?;
    }
    Ok(())
}
