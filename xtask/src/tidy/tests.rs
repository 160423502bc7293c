use super::tree::File;
use super::*;
use crate::workspace::{Dependency, Edge, EdgeKind, Metadata, Node, Package, Resolve};

/// Name, folder (`registry` for a crate of crates.io) and dependencies, each with its kind.
pub(super) type Sample<'a> = (&'a str, &'a str, &'a [(&'a str, Option<&'a str>)]);

/// What cargo would say of these packages.
pub(super) fn metadata(packages: &[Sample<'_>]) -> Metadata {
    let is_member = |folder: &str| folder != "registry";
    let package = |(name, folder, dependencies): &Sample<'_>| Package {
        id: (*name).to_owned(),
        name: (*name).to_owned(),
        version: "1.0.0".to_owned(),
        license: Some("MIT OR Apache-2.0".to_owned()),
        source: (!is_member(folder))
            .then(|| "registry+https://github.com/rust-lang/crates.io-index".to_owned()),
        manifest_path: format!("/repository/{folder}/Cargo.toml").into(),
        dependencies: dependencies.iter().map(|(name, _)| Dependency { name: (*name).to_owned() }).collect(),
    };
    let edge = |(name, kind): &(&str, Option<&str>)| Edge {
        pkg: (*name).to_owned(),
        dep_kinds: vec![EdgeKind { kind: kind.map(str::to_owned) }],
    };
    let node = |(name, _, dependencies): &Sample<'_>| Node {
        id: (*name).to_owned(),
        deps: dependencies.iter().map(edge).collect(),
    };
    let members = packages.iter().filter(|(_, folder, _)| is_member(folder));
    Metadata {
        packages: packages.iter().map(package).collect(),
        workspace_members: members.map(|(name, ..)| (*name).to_owned()).collect(),
        resolve: Resolve { nodes: packages.iter().map(node).collect() },
        target_directory: "/repository/target".into(),
        workspace_root: "/repository".into(),
    }
}

pub(super) fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), bytes: text.len() as u64, text: Some(text.to_owned()) }
}

#[test]
fn the_tree_is_tidy() {
    let workspace = Workspace::find().unwrap();
    if let Err(error) = check(&workspace) {
        panic!("{error}");
    }
}
