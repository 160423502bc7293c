//! Bytes, decompressed within bounds.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::limits;

/// What compressed bytes begin with. Names lie: standard input has none, and S3 keeps what it is given.
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Why reading has ended before the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub why: String,
    /// What to do about it.
    pub hint: &'static str,
}

/// Whether bytes are compressed, by their beginning.
pub(crate) fn is_compressed(start: &[u8]) -> bool {
    start.starts_with(&GZIP) || start.starts_with(&ZSTD)
}

/// A file, or what else can be read, as the bytes that were compressed.
pub(crate) struct Opened {
    inner: Box<dyn Read>,
    taken: Arc<AtomicU64>,
    out: u64,
    limit: u64,
    is_compressed: bool,
}

impl Opened {
    pub(crate) fn file(path: &Path) -> Result<Self, Refusal> {
        let file = File::open(path).map_err(|error| unreadable(&error))?;
        Self::new(file, limits::MAX_DECOMPRESSED)
    }

    pub(crate) fn new(input: impl Read + 'static, limit: u64) -> Result<Self, Refusal> {
        let taken = Arc::new(AtomicU64::new(0));
        let counted = Counted { inner: input, taken: Arc::clone(&taken) };
        let mut input = BufReader::with_capacity(limits::CHUNK, counted);
        let start = input.fill_buf().map_err(|error| unreadable(&error))?;
        let (is_gzip, is_zstd) = (start.starts_with(&GZIP), start.starts_with(&ZSTD));
        let inner: Box<dyn Read> = match (is_gzip, is_zstd) {
            (true, _) => Box::new(MultiGzDecoder::new(input)),
            (_, true) => Box::new(Frames::new(input)),
            _ => Box::new(input),
        };
        Ok(Self { inner, taken, out: 0, limit, is_compressed: is_gzip || is_zstd })
    }

    /// How many bytes of the input were taken.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// The next bytes; none at the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Refusal> {
        let read = loop {
            match self.inner.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if self.is_compressed => {
                    return Err(Refusal { why: format!("can't decompress it: {error}"), hint: DAMAGED });
                }
                Err(error) => return Err(unreadable(&error)),
                Ok(read) => break read,
            }
        };
        self.out = self.out.saturating_add(read as u64);
        if !self.is_compressed {
            return Ok(read);
        }
        let allowed = self.taken().saturating_mul(limits::MAX_RATIO).max(limits::RATIO_FREE_BYTES);
        if self.out > allowed {
            let why = format!("it grows more than {} times when decompressed", limits::MAX_RATIO);
            let hint = "it may be a decompression bomb; if it is not, decompress it yourself";
            return Err(Refusal { why, hint });
        }
        if self.out > self.limit {
            let why = format!("more than {} MiB come out of it", self.limit >> 20);
            return Err(Refusal { why, hint: "split it" });
        }
        Ok(read)
    }
}

const DAMAGED: &str = "the file is damaged or was cut off; what came before that was read";

fn unreadable(error: &io::Error) -> Refusal {
    Refusal { why: format!("can't read it: {error}"), hint: "check that it is there, and its permissions" }
}

/// Counts what is taken.
struct Counted<R> {
    inner: R,
    taken: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.taken.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// All frames of a zstd stream, one after the other. Some are there to be skipped (`pzstd` writes them).
struct Frames<R> {
    input: BufReader<R>,
    decoder: FrameDecoder,
    is_in_frame: bool,
}

impl<R: Read> Frames<R> {
    fn new(input: BufReader<R>) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(limits::MAX_ZSTD_WINDOW);
        Self { input, decoder, is_in_frame: false }
    }

    /// Goes into the next frame; whether there is one.
    fn enter(&mut self) -> io::Result<bool> {
        while !self.input.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.input) {
                Ok(()) => {
                    self.is_in_frame = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    io::copy(&mut (&mut self.input).take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.is_in_frame && !self.enter()? {
                return Ok(0);
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.input, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(io::Error::other)?;
            }
            let read = self.decoder.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.is_in_frame = false;
        }
    }
}
