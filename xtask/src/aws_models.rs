//! The API models of `ringwall-protocol`: the facts of botocore's model files, for the operations that are served.
//!
//! AWS publishes a model of each of its APIs with the SDKs: shapes, constraints, where each member stands in a request
//! and which errors there are. What the endpoint reads and writes requests by is made from them: without the
//! documentation, one shape a line, so that a reviewer can read a new version as a diff.

mod botocore;
mod pattern;
mod select;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::aws_python;
use crate::process;
use crate::workspace::{Workspace, read};

/// Where the data is kept, from the root of the repository.
const DATA_FOLDER: &str = "crates/adapters/protocol/data";

/// The list of what is served, in that folder.
const OPERATIONS: &str = "operations.txt";

/// Prints where botocore is and its version.
const WHERE: &str = "import botocore; print(botocore.__path__[0]); print(botocore.__version__)";

/// Reads the models of the pinned botocore and writes the data files anew.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let python = aws_python::interpreter(workspace)?;
    let printed = process::output(Command::new(python).args(["-c", WHERE]))?;
    let printed = String::from_utf8(printed).context("Python printed no text")?;
    let Some((folder, version)) = printed.trim().split_once('\n') else {
        bail!("Python printed `{printed}` instead of botocore's folder and version")
    };
    let models = PathBuf::from(folder).join("data");
    let data = workspace.root.join(DATA_FOLDER);
    for (service, operations) in served(&read(&data.join(OPERATIONS))?)? {
        let selected = botocore::read(&models, &service)
            .and_then(|model| select::select(&model, &service, &operations))
            .with_context(|| format!("the model of `{service}`"))?;
        let text = selected.text(&format!("botocore {version}, Apache-2.0"))?;
        let file = data.join(format!("{service}.json"));
        fs::write(&file, &text).with_context(|| format!("`{}` could not be written", file.display()))?;
        eprintln!(
            "{DATA_FOLDER}/{service}.json: {} operations, {} shapes, {} bytes",
            selected.operations.len(),
            selected.shapes.len(),
            text.len()
        );
    }
    eprintln!("read the diff, then run: cargo test -p ringwall-protocol");
    Ok(())
}

/// The operations of each service, from lines `service Operation`.
fn served(list: &str) -> Result<BTreeMap<String, Vec<String>>> {
    let mut services: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in list.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        let Some((service, operation)) = line.split_once(' ') else {
            bail!("{OPERATIONS}: `{line}` is no service and operation")
        };
        let operations = services.entry(service.to_owned()).or_default();
        if operations.iter().any(|known| known == operation) {
            bail!("{OPERATIONS}: `{line}` stands there twice");
        }
        operations.push(operation.to_owned());
    }
    Ok(services)
}
