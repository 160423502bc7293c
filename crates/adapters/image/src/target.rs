//! What is to be scanned, as a user names it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::compress::{Compression, Decompressed};
use crate::error::ImageError;
use crate::limits::MAX_SBOM;
use crate::platform::Platform;
use crate::reference::ImageReference;
use crate::source::{Archive, Blobs, Image, docker, layout};

/// What a name leads to.
pub enum Target {
    /// An image on this machine.
    Image(Box<Image>),
    /// An image of a registry.
    Registry(ImageReference),
    /// A folder that is no image.
    Folder(PathBuf),
    /// A file that may be an SBOM, decompressed.
    Sbom(Vec<u8>),
}

/// Bytes of a file by which it is told what it is.
const START: usize = 512;

impl Target {
    /// Looks for what a text names: a file or folder of that path, or of the path before a `:NAME` or `@sha256:…`, which
    /// then chooses one of its images; else an image of a registry.
    ///
    /// # Errors
    ///
    /// It is nothing, or what there is can't be read.
    pub fn find(text: &str, platform: Option<&Platform>) -> Result<Self, ImageError> {
        let whole = Path::new(text);
        if whole.try_exists().map_err(ImageError::read(whole))? {
            return at(text, whole, None, platform);
        }
        // A name may have colons of its own.
        let splits = text.match_indices([':', '@']).filter_map(|(at, _)| text.split_at_checked(at));
        for (path, name) in splits {
            if !path.is_empty() && Path::new(path).exists() {
                return at(text, Path::new(path), name.get(1..), platform);
            }
        }
        match text.parse() {
            Ok(reference) => Ok(Self::Registry(reference)),
            Err(why) => {
                let why = why.to_string();
                Err(ImageError::Target { target: text.chars().take(500).collect(), why })
            }
        }
    }
}

fn at(
    text: &str,
    path: &Path,
    name: Option<&str>,
    platform: Option<&Platform>,
) -> Result<Target, ImageError> {
    if path.is_dir() {
        if path.join("oci-layout").exists() && path.join("index.json").exists() {
            let image = layout(text, Blobs::Folder(path.to_owned()), name, platform)?;
            return Ok(Target::Image(Box::new(image)));
        }
        return match name {
            None => Ok(Target::Folder(path.to_owned())),
            Some(_) => Err(ImageError::NoImage { layout: path.display().to_string(), there: Vec::new() }),
        };
    }
    let mut start = Vec::new();
    let file = File::open(path).map_err(ImageError::read(path))?;
    if !file.metadata().map_err(ImageError::read(path))?.is_file() {
        return Err(ImageError::Unknown(path.display().to_string()));
    }
    let unpacked = Decompressed::new(file).map_err(ImageError::read(path))?;
    unpacked.up_to(u64::MAX).take(START as u64).read_to_end(&mut start).map_err(ImageError::read(path))?;
    if is_tar(&start) {
        let archive = Archive::open_file(path)?;
        let image = if archive.has("index.json") && archive.has("oci-layout") {
            layout(text, Blobs::Archive(archive), name, platform)?
        } else if archive.has("manifest.json") {
            docker(text, archive, name, platform)?
        } else {
            return Err(ImageError::Unknown(path.display().to_string()));
        };
        return Ok(Target::Image(Box::new(image)));
    }
    let looks_like_text = start
        .iter()
        .find(|byte| !byte.is_ascii_whitespace())
        .is_some_and(|byte| matches!(byte, b'{' | 0xef | b'<') || start.starts_with(b"SPDXVersion"));
    if !looks_like_text {
        return Err(ImageError::Unknown(path.display().to_string()));
    }
    sbom(path).map(Target::Sbom).map_err(ImageError::read(path))
}

fn sbom(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut start = [0; 4];
    let read = file.read(&mut start)?;
    let file = File::open(path)?;
    if Compression::of(start.get(..read).unwrap_or_default()) == Compression::None {
        return ringwall_files::read_from(file, MAX_SBOM);
    }
    ringwall_files::read_from(Decompressed::new(file)?, MAX_SBOM)
}

/// Whether a block begins a tar file: by its magic, or by its checksum in the oldest kind.
fn is_tar(start: &[u8]) -> bool {
    let Ok(block) = <&[u8; START]>::try_from(start) else { return false };
    crate::tar::is_header(block)
}
