//! A header as rpm's databases keep it: an index of tags, then their data.
//!
//! Source: rpm's `docs/manual/hregions.md` and `format_header.md`: two counts, entries of 16 bytes, the store; all big-endian.

use super::super::bytes::{Order, take};
use super::super::{Found, Owned, Problems};
use crate::package::{Package, PackageType, SourcePackage};

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const VENDOR: u32 = 1011;
const LICENSE: u32 = 1014;
const ARCH: u32 = 1022;
const SOURCE_RPM: u32 = 1044;
const DIR_INDEXES: u32 = 1116;
const BASE_NAMES: u32 = 1117;
const DIR_NAMES: u32 = 1118;
const MODULARITY_LABEL: u32 = 5096;

const INT32: u32 = 4;
const STRING: u32 = 6;
const STRING_ARRAY: u32 = 8;
const I18N_STRING: u32 = 9;

const ENTRY_BYTES: usize = 16;

/// rpm allows 65,535 tags; a package has about 70.
const MAX_TAGS: usize = 65_535;

/// The files of one package: the largest that are known have 100,000.
const MAX_FILES: usize = 1_000_000;

struct Header<'b> {
    index: &'b [u8],
    store: &'b [u8],
}

/// Adds the package of a header that begins at a byte of the database.
pub(super) fn read(at: usize, blob: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let Some(header) = Header::new(blob) else {
        problems.byte(at, "not a header of rpm");
        return;
    };
    let (Some(name), Some(version)) = (header.string(NAME), header.string(VERSION)) else {
        problems.byte(at, "a header without name or version");
        return;
    };
    // Keys that signatures are checked with are kept as if they were packages: nothing is installed by them.
    if name == "gpg-pubkey" {
        return;
    }
    let epoch = header.number(EPOCH).map(|epoch| format!("{epoch}:")).unwrap_or_default();
    let release = header.string(RELEASE).map(|release| format!("-{release}")).unwrap_or_default();
    let source = header.string(SOURCE_RPM).and_then(|file| source_of(&file, &epoch));
    let version = format!("{epoch}{version}{release}");
    let source = source.unwrap_or_else(|| SourcePackage { name: name.clone(), version: version.clone() });
    match header.files() {
        Some(paths) if paths.is_empty() => {}
        Some(paths) => found.owned.push(Owned { package: name.clone(), paths }),
        None => problems.byte(at, format!("the files of `{}` can't be told", super::super::shown(&name))),
    }
    found.packages.push(Package {
        arch: header.string(ARCH),
        source: Some(source),
        module: header.string(MODULARITY_LABEL),
        licenses: header.string(LICENSE).into_iter().collect(),
        vendor: header.string(VENDOR),
        ..Package::new(PackageType::Rpm, name, version)
    });
}

/// `openssl-3.0.7-27.el9.src.rpm`; a source package has the epoch of what is built from it.
fn source_of(file: &str, epoch: &str) -> Option<SourcePackage> {
    let stem = file.strip_suffix(".rpm")?;
    let stem = stem.strip_suffix(".src").or_else(|| stem.strip_suffix(".nosrc"))?;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    (!name.is_empty())
        .then(|| SourcePackage { name: name.to_owned(), version: format!("{epoch}{version}-{release}") })
}

impl<'b> Header<'b> {
    fn new(blob: &'b [u8]) -> Option<Self> {
        let tags = Order::Big.size(blob, 0)?;
        let store = Order::Big.size(blob, 4)?;
        if tags == 0 || tags > MAX_TAGS {
            return None;
        }
        let index = take(blob, 8, tags * ENTRY_BYTES)?;
        let store = take(blob, 8 + index.len(), store)?;
        Some(Self { index, store })
    }

    /// Type, data from where the tag's begin, count.
    fn find(&self, wanted: u32) -> Option<(u32, &'b [u8], usize)> {
        let mut entries = self.index.chunks_exact(ENTRY_BYTES);
        let entry = entries.find(|entry| Order::Big.u32(entry, 0) == Some(wanted))?;
        let data = self.store.get(Order::Big.size(entry, 8)?..)?;
        Some((Order::Big.u32(entry, 4)?, data, Order::Big.size(entry, 12)?))
    }

    fn string(&self, tag: u32) -> Option<String> {
        let (kind, data, _) = self.find(tag)?;
        let text = matches!(kind, STRING | STRING_ARRAY | I18N_STRING).then(|| c_strings(data).next())??;
        (!text.is_empty() && text != "(none)").then_some(text)
    }

    fn number(&self, tag: u32) -> Option<u32> {
        let (kind, data, count) = self.find(tag)?;
        (kind == INT32 && count > 0).then(|| Order::Big.u32(data, 0))?
    }

    /// Base names joined to their folders. Nothing if the three lists don't fit.
    fn files(&self) -> Option<Vec<String>> {
        let Some((STRING_ARRAY, names, count)) = self.find(BASE_NAMES) else { return Some(Vec::new()) };
        let (_, indexes, _) = self.find(DIR_INDEXES).filter(|(kind, ..)| *kind == INT32)?;
        let (_, folders, folder_count) = self.find(DIR_NAMES).filter(|(kind, ..)| *kind == STRING_ARRAY)?;
        if count > MAX_FILES || folder_count > MAX_FILES {
            return None;
        }
        let folders: Vec<String> = c_strings(folders).take(folder_count).collect();
        let paths = c_strings(names).take(count).enumerate().map(|(index, name)| {
            let folder = folders.get(Order::Big.size(indexes, index * 4)?)?;
            Some(format!("{}{name}", folder.trim_start_matches('/')))
        });
        paths.collect()
    }
}

/// Strings that each end with a zero. What is not UTF-8 is replaced: names and versions are ASCII, the rest is for people.
fn c_strings(data: &[u8]) -> impl Iterator<Item = String> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let end = rest.iter().position(|byte| *byte == 0)?;
        let text = String::from_utf8_lossy(rest.get(..end)?).into_owned();
        rest = rest.get(end + 1..)?;
        Some(text)
    })
}
