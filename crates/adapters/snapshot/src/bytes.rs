use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;

use crate::limits;

/// How a file is compressed, as its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// The name without the compression's ending, and the compression.
    pub(crate) fn of(name: &str) -> (&str, Self) {
        if let Some(stem) = name.strip_suffix(".gz") {
            (stem, Self::Gzip)
        } else if let Some(stem) = name.strip_suffix(".zst") {
            (stem, Self::Zstd)
        } else {
            (name, Self::None)
        }
    }
}

/// Why a file could not be read: the message and the hint.
pub(crate) type Refusal = (String, &'static str);

/// Reads a whole file, decompressed, within `room` bytes and the limits of one file.
pub(crate) fn read(path: &Path, compression: Compression, room: u64) -> Result<Vec<u8>, Refusal> {
    let mut stream = Bounded::open(path, compression)?;
    let expected = match compression {
        Compression::None => stream.on_disk,
        _ => 0,
    };
    if stream.on_disk > limits::MAX_FILE_BYTES {
        return Err(too_large(stream.on_disk));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(expected + 1).unwrap_or_default());
    stream.limit = limits::MAX_FILE_BYTES.min(room);
    match stream.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(stream.refusal(&error)),
    }
}

fn too_large(bytes: u64) -> Refusal {
    let (mib, max) = (bytes >> 20, limits::MAX_FILE_BYTES >> 20);
    (
        format!("the file has {mib} MiB; at most {max} MiB are read"),
        "split it, for example one file a namespace: `kubectl get pods -n NAMESPACE -o json`",
    )
}

/// A file's decompressed bytes; ends with an error where it grows beyond its limits.
pub(crate) struct Bounded {
    inner: Box<dyn Read>,
    on_disk: u64,
    out: u64,
    /// Most bytes that may come out.
    pub(crate) limit: u64,
    why: Option<Refusal>,
}

impl Bounded {
    pub(crate) fn open(path: &Path, compression: Compression) -> Result<Self, Refusal> {
        let refusal = |error: &io::Error| (format!("can't read it: {error}"), "check its permissions");
        let file = File::open(path).map_err(|error| refusal(&error))?;
        let on_disk = file.metadata().map_err(|error| refusal(&error))?.len();
        let inner: Box<dyn Read> = match compression {
            Compression::None => Box::new(file),
            Compression::Gzip => Box::new(MultiGzDecoder::new(BufReader::new(file))),
            Compression::Zstd => {
                let window = limits::MAX_ZSTD_WINDOW;
                let decoder = StreamingDecoder::new_with_max_window_size(BufReader::new(file), window)
                    .map_err(|error| (format!("can't decompress it: {error}"), BROKEN))?;
                Box::new(decoder)
            }
        };
        let limit = if compression == Compression::None { u64::MAX } else { limits::MAX_TOTAL_BYTES };
        Ok(Self { inner, on_disk, out: 0, limit, why: None })
    }

    /// What an error of reading means.
    pub(crate) fn refusal(&mut self, error: &io::Error) -> Refusal {
        self.why.take().unwrap_or_else(|| (format!("can't read it: {error}"), BROKEN))
    }

    fn refuse(&mut self, why: Refusal) -> io::Error {
        self.why = Some(why);
        io::Error::from(io::ErrorKind::FileTooLarge)
    }
}

const BROKEN: &str = "the file may be cut off or damaged; export it again";

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.out = self.out.saturating_add(read as u64);
        let allowed = self.on_disk.saturating_mul(limits::MAX_RATIO).max(limits::RATIO_FREE_BYTES);
        if self.out > allowed && self.out > self.on_disk {
            let message =
                format!("it grows more than {} times when decompressed and was not read", limits::MAX_RATIO);
            return Err(self.refuse((message, "it may be a decompression bomb; if it is not, decompress it")));
        }
        if self.out > self.limit {
            let why = if self.limit < limits::MAX_FILE_BYTES {
                let max = limits::MAX_TOTAL_BYTES >> 20;
                (
                    format!("the snapshot has more than {max} MiB; this file was not read"),
                    "leave out what is not needed",
                )
            } else {
                too_large(self.out)
            };
            return Err(self.refuse(why));
        }
        Ok(read)
    }
}
