//! Bytes of a layer, decompressed within bounds.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::limits::{MAX_LAYER_BYTES, MAX_RATIO, MAX_ZSTD_WINDOW, RATIO_FREE_BYTES};

/// What compressed bytes begin with. Media types lie: runtimes look at the bytes as well.
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The first of the sixteen that begin a frame that is there to be skipped.
const SKIPPED: [u8; 3] = [0x2a, 0x4d, 0x18];

/// Bytes that are taken from below at once.
const CHUNK: usize = 128 << 10;

/// How bytes are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// What the first bytes say.
    pub(crate) fn of(start: &[u8]) -> Self {
        if start.starts_with(&GZIP) {
            Self::Gzip
        } else if start.starts_with(&ZSTD)
            || (start.first().is_some_and(|byte| byte & 0xf0 == 0x50)
                && start.get(1..4) == Some(SKIPPED.as_slice()))
        {
            Self::Zstd
        } else {
            Self::None
        }
    }
}

/// Why decompression has ended before the end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Bomb {
    #[error("it grows more than {MAX_RATIO} times when it is decompressed, as a decompression bomb does")]
    Ratio,
    #[error("more than {} GiB come out of it", .0 >> 30)]
    Size(u64),
}

/// Bytes as they were before they were compressed; an error where they grow beyond their limits.
pub(crate) struct Decompressed {
    inner: Box<dyn Read + Send>,
    taken: Arc<AtomicU64>,
    out: u64,
    limit: u64,
    is_compressed: bool,
}

impl Decompressed {
    pub(crate) fn new(input: impl Read + Send + 'static) -> io::Result<Self> {
        let taken = Arc::new(AtomicU64::new(0));
        let counted = Counted { inner: input, taken: Arc::clone(&taken) };
        let mut input = BufReader::with_capacity(CHUNK, counted);
        let compression = Compression::of(input.fill_buf()?);
        let inner: Box<dyn Read + Send> = match compression {
            Compression::Gzip => Box::new(MultiGzDecoder::new(input)),
            Compression::Zstd => Box::new(Frames::new(input)),
            Compression::None => Box::new(input),
        };
        let is_compressed = compression != Compression::None;
        Ok(Self { inner, taken, out: 0, limit: MAX_LAYER_BYTES, is_compressed })
    }

    /// With another bound than a layer's.
    pub(crate) fn up_to(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }
}

impl Read for Decompressed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.out = self.out.saturating_add(read as u64);
        if self.is_compressed {
            let taken = self.taken.load(Ordering::Relaxed);
            if self.out > taken.saturating_mul(MAX_RATIO).max(RATIO_FREE_BYTES) {
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, Bomb::Ratio));
            }
        }
        if self.out > self.limit {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, Bomb::Size(self.limit)));
        }
        Ok(read)
    }
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

/// All frames of a zstd stream, one after the other, those that are there to be skipped left out (zstd:chunked has some).
struct Frames<R> {
    input: R,
    decoder: FrameDecoder,
    is_in_frame: bool,
}

impl<R: BufRead> Frames<R> {
    fn new(input: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_ZSTD_WINDOW);
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

impl<R: BufRead> Read for Frames<R> {
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
