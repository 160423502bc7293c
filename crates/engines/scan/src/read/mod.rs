//! Files with packages in them: which they are, and what they tell.
//!
//! [`wanted`] knows a file by its path, [`wanted_binary`] a program by its first bytes. [`packages`] reads it, whole and in memory,
//! up to [`Kind::max_bytes`]. What can't be read costs itself alone: the rest is in [`Found`], with the spot of what is missing.

mod apk;
mod binary;
mod bytes;
pub(crate) mod doc;
mod dotnet;
mod dpkg;
mod java;
mod kinds;
mod node;
mod php;
mod problems;
mod python;
mod rpm;
mod ruby;
mod rust;

use std::fmt;

use serde::{Deserialize, Serialize};

use problems::text;
pub(crate) use problems::{Problems, shown};

pub use kinds::{BINARY_START_BYTES, Kind, wanted, wanted_binary};

use crate::package::{Distribution, Package};

/// What one file told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Packages. Those of a plain file have no locations yet: [`crate::Inventory::assemble`] knows path and layer. Those inside an
    /// archive have the path within it, without a layer.
    pub packages: Vec<Package>,
    /// Files that packages of the distribution brought.
    pub owned: Vec<Owned>,
    /// The distribution, if the file was `os-release`.
    pub distribution: Option<Distribution>,
    /// What could not be read.
    pub problems: Vec<ReadError>,
}

/// The files of a package of the distribution.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Owned {
    /// The package's name.
    pub package: String,
    /// Paths from the root, without a leading `/`.
    pub paths: Vec<String>,
}

/// Something in a file that could not be read, with its spot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReadError {
    /// Path from the root; inside an archive `app.jar!/lib/inner.jar`.
    pub path: String,
    /// Where in it.
    pub spot: Spot,
    /// What is wrong: lower case, no full stop, the file's own words in backticks.
    pub message: String,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Spot {
    /// The file as a whole.
    Whole,
    /// A line, counted from 1.
    Line(u64),
    /// A byte, counted from 0.
    Byte(u64),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.spot {
            Spot::Whole => write!(f, "{}: {}", self.path, self.message),
            Spot::Line(line) => write!(f, "{}:{line}: {}", self.path, self.message),
            Spot::Byte(byte) => write!(f, "{}: byte {byte}: {}", self.path, self.message),
        }
    }
}

impl std::error::Error for ReadError {}

/// Reads a file. `path` is from the root of the image, without a leading `/`; it is shown in problems, and some kinds take names
/// from it.
pub fn packages(kind: Kind, path: &str, bytes: &[u8]) -> Found {
    let mut found = Found::default();
    let mut problems = Problems::new(path);
    if bytes.len() > kind.max_bytes() {
        problems.whole(format!("{} bytes are more than the {} that are read", bytes.len(), kind.max_bytes()));
    } else {
        read(kind, path, bytes, &mut found, &mut problems);
    }
    found.problems.extend(problems.finish());
    found
}

fn read(kind: Kind, path: &str, bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    match kind {
        Kind::OsRelease => found.distribution = Distribution::from_os_release(&text(bytes, problems)),
        Kind::DpkgStatus => dpkg::status(bytes, found, problems),
        Kind::DpkgFiles => dpkg::files(path, bytes, found, problems),
        Kind::ApkInstalled => apk::installed(bytes, found, problems),
        Kind::RpmSqlite => rpm::sqlite(bytes, found, problems),
        Kind::RpmNdb => rpm::ndb(bytes, found, problems),
        Kind::RpmBdb => rpm::bdb(bytes, found, problems),
        Kind::CargoLock => rust::cargo_lock(bytes, found, problems),
        Kind::Binary => binary::read(bytes, found, problems),
        Kind::NpmLock => node::npm_lock(bytes, found, problems),
        Kind::YarnLock => node::yarn_lock(bytes, found, problems),
        Kind::PnpmLock => node::pnpm_lock(bytes, found, problems),
        Kind::NodePackage => node::package_json(bytes, found, problems),
        Kind::PythonMetadata => python::metadata(bytes, found, problems),
        Kind::Requirements => python::requirements(bytes, found, problems),
        Kind::PipfileLock => python::pipfile_lock(bytes, found, problems),
        Kind::PoetryLock | Kind::UvLock | Kind::PdmLock => python::toml_lock(bytes, found, problems),
        Kind::JavaArchive => java::archive(path, bytes, found, problems),
        Kind::GemfileLock => ruby::gemfile_lock(bytes, found, problems),
        Kind::Gemspec => ruby::gemspec(path, bytes, found, problems),
        Kind::ComposerLock => php::composer_lock(bytes, found, problems),
        Kind::ComposerInstalled => php::installed(bytes, found, problems),
        Kind::DotnetDeps => dotnet::deps(bytes, found, problems),
        Kind::NugetLock => dotnet::packages_lock(bytes, found, problems),
        Kind::NugetConfig => dotnet::packages_config(bytes, found, problems),
    }
}
