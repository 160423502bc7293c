//! Which files tell of packages.

use serde::{Deserialize, Serialize};

/// A kind of file that tells of packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// `etc/os-release`, `usr/lib/os-release`.
    OsRelease,
    /// dpkg's database, one file or one a package (`status.d`, as distroless images have it).
    DpkgStatus,
    /// dpkg's lists of files: `info/*.list`, `info/*.md5sums`, `status.d/*.md5sums`.
    DpkgFiles,
    /// apk's database.
    ApkInstalled,
    /// rpm's database in SQLite.
    RpmSqlite,
    /// rpm's database in its own format, `Packages.db`.
    RpmNdb,
    /// rpm's database in Berkeley DB, `Packages`.
    RpmBdb,
    /// `Cargo.lock`.
    CargoLock,
    /// A program: Go's build info, the crates that `cargo auditable` notes.
    Binary,
    /// `package-lock.json`, `npm-shrinkwrap.json`, `node_modules/.package-lock.json`.
    NpmLock,
    /// `yarn.lock`, of both generations.
    YarnLock,
    /// `pnpm-lock.yaml`.
    PnpmLock,
    /// `node_modules/**/package.json`.
    NodePackage,
    /// `*.dist-info/METADATA`, `*.egg-info/PKG-INFO`, a single `*.egg-info`.
    PythonMetadata,
    /// `requirements*.txt`; pinned ones alone count.
    Requirements,
    /// `Pipfile.lock`.
    PipfileLock,
    /// `poetry.lock`.
    PoetryLock,
    /// `uv.lock`.
    UvLock,
    /// `pdm.lock`.
    PdmLock,
    /// `*.jar`, `*.war`, `*.ear` and their kin.
    JavaArchive,
    /// `Gemfile.lock`, `gems.locked`.
    GemfileLock,
    /// `specifications/*.gemspec`: an installed gem.
    Gemspec,
    /// `composer.lock`.
    ComposerLock,
    /// `vendor/composer/installed.json`.
    ComposerInstalled,
    /// `*.deps.json` of a published .NET program.
    DotnetDeps,
    /// `packages.lock.json` of NuGet.
    NugetLock,
    /// `packages.config` of NuGet.
    NugetConfig,
}

/// So many bytes of a file's start tell whether it is a program.
pub const BINARY_START_BYTES: usize = 4;

/// Text of a manager: lock files of the largest monorepos have a few dozen megabytes.
const MAX_TEXT_BYTES: usize = 64 << 20;
/// dpkg's and apk's databases of whole desktops have about ten megabytes.
const MAX_DATABASE_TEXT_BYTES: usize = 64 << 20;
/// rpm's databases of whole desktops have about 200 megabytes.
const MAX_RPM_BYTES: usize = 256 << 20;
/// The largest programs that clusters run, such as kubelet and Envoy, have under 200 megabytes.
const MAX_BINARY_BYTES: usize = 256 << 20;
/// Archives that hold a whole application have a few hundred megabytes.
const MAX_ARCHIVE_BYTES: usize = 512 << 20;

impl Kind {
    /// The size up to which such a file is read. A larger one is told as a problem.
    pub fn max_bytes(self) -> usize {
        match self {
            Self::DpkgStatus | Self::DpkgFiles | Self::ApkInstalled => MAX_DATABASE_TEXT_BYTES,
            Self::RpmSqlite | Self::RpmNdb | Self::RpmBdb => MAX_RPM_BYTES,
            Self::Binary => MAX_BINARY_BYTES,
            Self::JavaArchive => MAX_ARCHIVE_BYTES,
            _ => MAX_TEXT_BYTES,
        }
    }
}

/// The kind of the file at a path from the root, without a leading `/`; nothing if no file of that name tells of packages.
///
/// Programs have no name of their own: ask [`wanted_binary`] for those.
pub fn wanted(path: &str) -> Option<Kind> {
    let path = path.trim_start_matches("./").trim_start_matches('/');
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    system(path, folder, name).or_else(|| language(folder, name))
}

/// Paths of the distributions' managers. They count from the root alone: a copy elsewhere tells of nothing that is installed.
fn system(path: &str, folder: &str, name: &str) -> Option<Kind> {
    match path {
        "etc/os-release" | "usr/lib/os-release" => return Some(Kind::OsRelease),
        "var/lib/dpkg/status" => return Some(Kind::DpkgStatus),
        "lib/apk/db/installed" | "usr/lib/apk/db/installed" => return Some(Kind::ApkInstalled),
        _ => {}
    }
    match folder {
        "var/lib/dpkg/status.d" if name.ends_with(".md5sums") => Some(Kind::DpkgFiles),
        "var/lib/dpkg/status.d" if !name.starts_with('.') => Some(Kind::DpkgStatus),
        "var/lib/dpkg/info" if name.ends_with(".list") || name.ends_with(".md5sums") => Some(Kind::DpkgFiles),
        "var/lib/rpm" | "usr/lib/sysimage/rpm" | "usr/share/rpm" | "var/lib/rpmmanifest" => match name {
            "rpmdb.sqlite" => Some(Kind::RpmSqlite),
            "Packages.db" => Some(Kind::RpmNdb),
            "Packages" => Some(Kind::RpmBdb),
            _ => None,
        },
        _ => None,
    }
}

fn language(folder: &str, name: &str) -> Option<Kind> {
    let in_folder = |wanted: &str| folder == wanted || folder.ends_with(&format!("/{wanted}"));
    Some(match name {
        "Cargo.lock" => Kind::CargoLock,
        "package-lock.json" | "npm-shrinkwrap.json" | ".package-lock.json" => Kind::NpmLock,
        "yarn.lock" => Kind::YarnLock,
        "pnpm-lock.yaml" => Kind::PnpmLock,
        "package.json" if is_node_package(folder) => Kind::NodePackage,
        "METADATA" if folder.ends_with(".dist-info") => Kind::PythonMetadata,
        "PKG-INFO" if folder.ends_with(".egg-info") || in_folder("EGG-INFO") => Kind::PythonMetadata,
        "Pipfile.lock" => Kind::PipfileLock,
        "poetry.lock" => Kind::PoetryLock,
        "uv.lock" => Kind::UvLock,
        "pdm.lock" => Kind::PdmLock,
        "Gemfile.lock" | "gems.locked" => Kind::GemfileLock,
        "composer.lock" => Kind::ComposerLock,
        "installed.json" if in_folder("composer") => Kind::ComposerInstalled,
        "packages.lock.json" => Kind::NugetLock,
        "packages.config" => Kind::NugetConfig,
        _ => return by_ending(folder, name),
    })
}

fn by_ending(folder: &str, name: &str) -> Option<Kind> {
    let (stem, ending) = name.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "jar" | "war" | "ear" | "par" | "sar" | "nar" | "jpi" | "hpi" | "kar" | "lpkg" => Kind::JavaArchive,
        "egg-info" => Kind::PythonMetadata,
        "gemspec" if folder.ends_with("specifications") || folder.ends_with("specifications/default") => {
            Kind::Gemspec
        }
        "json" if stem.ends_with(".deps") => Kind::DotnetDeps,
        "txt" if stem.to_ascii_lowercase().contains("requirements") => Kind::Requirements,
        _ => return None,
    })
}

/// `…/node_modules/name` or `…/node_modules/@scope/name`: deeper ones are parts of a package, not packages.
fn is_node_package(folder: &str) -> bool {
    let mut parts = folder.rsplit('/');
    let (name, above, third) = (parts.next(), parts.next(), parts.next());
    match (name, above, third) {
        (Some(_), Some("node_modules"), _) => true,
        (Some(_), Some(scope), Some("node_modules")) => scope.starts_with('@'),
        _ => false,
    }
}

/// Whether a file is a program, by its first [`BINARY_START_BYTES`]. Ask for regular files that may be executed, and for those whose
/// name says library.
///
/// Sources: elf(5); PE's `MZ`; Mach-O's magic numbers of either width, byte order, and of several architectures in one.
pub fn wanted_binary(start: &[u8]) -> Option<Kind> {
    let is_binary = start.starts_with(b"\x7fELF")
        || start.starts_with(b"MZ")
        || [0xfeed_face_u32, 0xfeed_facf, 0xcefa_edfe, 0xcffa_edfe, 0xcafe_babe, 0xcafe_babf]
            .iter()
            .any(|magic| start.starts_with(&magic.to_be_bytes()));
    is_binary.then_some(Kind::Binary)
}

#[cfg(test)]
mod tests;
