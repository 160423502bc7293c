//! The Rust of `ringwall-grpc`: made from the protocols in its folder `proto`, and kept in the tree, so that building
//! Ringwall takes no protocol compiler.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace::{Workspace, read};

/// The crate, from the root of the repository.
const CRATE: &str = "crates/adapters/grpc";

/// What stands above each file.
const HEAD: &str = "// Made from PROTO by `cargo xtask grpc`.\n\n";

/// Writes the files anew.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let generated = workspace.root.join(CRATE).join("src/generated");
    for (name, text) in make(workspace)? {
        let file = generated.join(&name);
        fs::write(&file, text).with_context(|| format!("`{}` could not be written", file.display()))?;
        eprintln!("{CRATE}/src/generated/{name}");
    }
    Ok(())
}

/// Each file's name and text.
fn make(workspace: &Workspace) -> Result<Vec<(String, String)>> {
    let folder = workspace.root.join(CRATE).join("proto");
    let mut protos: Vec<PathBuf> = fs::read_dir(&folder)
        .with_context(|| format!("`{}` could not be listed", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    protos.sort();
    let out = workspace.target().join("grpc");
    protos.iter().map(|proto| make_one(proto, &folder, &out)).collect()
}

fn make_one(proto: &Path, folder: &Path, out: &Path) -> Result<(String, String)> {
    let stem = proto.file_stem().and_then(|stem| stem.to_str()).context("a protocol without a name")?;
    let files = protox::compile([proto], [folder]).with_context(|| format!("`{}`", proto.display()))?;
    let package = files.file.first().map(|file| file.package().to_owned()).unwrap_or_default();
    let out = out.join(stem);
    fs::create_dir_all(&out).with_context(|| format!("`{}` could not be made", out.display()))?;
    tonic_prost_build::configure()
        .build_transport(false)
        .bytes(".")
        .out_dir(&out)
        .compile_fds(files)
        .with_context(|| format!("`{}` makes no Rust", proto.display()))?;
    let text = read(&out.join(format!("{package}.rs")))?;
    Ok((format!("{stem}.rs"), HEAD.replace("PROTO", &format!("proto/{stem}.proto")) + &text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_tree_is_what_the_protocols_make() {
        let workspace = Workspace::find().unwrap();
        for (name, text) in make(&workspace).unwrap() {
            let file = workspace.root.join(CRATE).join("src/generated").join(&name);
            assert!(read(&file).unwrap() == text, "`{name}` is out of date (hint: run `cargo xtask grpc`)");
        }
    }
}
