//! A tar file as a folder of files that can be read at any place.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use crate::compress::{Compression, Decompressed};
use crate::error::ImageError;
use crate::limits::{MAX_ENTRIES, MAX_IMAGE_BYTES, MAX_LINKS};
use crate::path;
use crate::tar::{Kind, Tar, TarError};

/// Seeking over less than this takes longer than reading it.
const WORTH_A_SEEK: u64 = 64 << 10;

/// The files of a tar file.
pub(crate) struct Archive {
    name: String,
    file: Arc<File>,
    members: HashMap<String, Member>,
}

enum Member {
    /// Where it begins, and its length.
    File(u64, u64),
    Link(String),
}

impl Archive {
    /// Reads the headers. A compressed archive is decompressed into a file without a name first.
    pub(crate) fn open_file(path: &Path) -> Result<Self, ImageError> {
        let mut file = File::open(path).map_err(ImageError::read(path))?;
        let mut start = [0; 4];
        let read = file.read(&mut start).map_err(ImageError::read(path))?;
        file.rewind().map_err(ImageError::read(path))?;
        if Compression::of(start.get(..read).unwrap_or_default()) != Compression::None {
            let unpacked = Decompressed::new(file).and_then(|input| {
                let mut target = tempfile::tempfile()?;
                io::copy(&mut input.up_to(MAX_IMAGE_BYTES), &mut target)?;
                target.rewind()?;
                Ok(target)
            });
            file = unpacked.map_err(ImageError::read(path))?;
        }
        let members = members(&file).map_err(|error| {
            let source = match error {
                TarError::Io(source) => source,
                other => io::Error::new(io::ErrorKind::InvalidData, other),
            };
            ImageError::read(path)(source)
        })?;
        Ok(Self { name: path.display().to_string(), file: Arc::new(file), members })
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.members.contains_key(path)
    }

    /// Opens a member; links in an archive of Docker lead to another one.
    pub(crate) fn open(&self, path: &str) -> Result<Box<dyn Read + Send>, ImageError> {
        let missing = || ImageError::Missing(format!("{}: {path}", self.name));
        let mut member = path;
        for _ in 0..MAX_LINKS {
            match self.members.get(member).ok_or_else(missing)? {
                Member::Link(target) => member = target,
                Member::File(start, length) => {
                    let file = Arc::clone(&self.file);
                    return Ok(Box::new(Part { file, at: *start, end: start.saturating_add(*length) }));
                }
            }
        }
        Err(missing())
    }
}

fn members(file: &File) -> Result<HashMap<String, Member>, TarError> {
    let mut members = HashMap::new();
    let length = file.metadata()?.len();
    let mut tar = Tar::new(BufReader::with_capacity(16 << 10, file));
    while let Some(entry) = tar.next()? {
        // What leads out can't be meant by anyone.
        let Ok(name) = path::clean(&entry.name) else { continue };
        let member = match entry.kind {
            Kind::File if !tar.is_sparse() => Some(Member::File(tar.position(), entry.size)),
            Kind::HardLink => path::clean(&entry.link).ok().map(Member::Link),
            Kind::SymbolicLink => {
                let (folder, _) = path::split(&name);
                path::clean(path::join(folder, &path::readable(&entry.link)).as_bytes())
                    .ok()
                    .map(Member::Link)
            }
            _ => None,
        };
        if let Some(member) = member {
            members.insert(name, member);
        }
        if members.len() > MAX_ENTRIES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it has too many files").into());
        }
        let step = tar.to_next();
        if step > WORTH_A_SEEK {
            if tar.position().saturating_add(tar.left()) > length {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            tar.was_skipped();
            let position = tar.position();
            tar.inner().seek(SeekFrom::Start(position))?;
        }
    }
    Ok(members)
}

/// A part of a file; several can be read at a time.
struct Part {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.file.read_at(buffer.get_mut(..room).unwrap_or_default(), self.at)?;
        if read == 0 && room > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at = self.at.saturating_add(read as u64);
        Ok(read)
    }
}
