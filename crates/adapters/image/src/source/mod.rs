//! Where images lie: each kind gives an [`Image`], whose content is read when it is asked for.

mod archive;
mod docker;
mod layout;

use std::io::{BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) use self::archive::Archive;
pub(crate) use self::docker::docker;
pub use self::layout::image;
pub(crate) use self::layout::{Blobs, layout};
use crate::budget::Progress;
use crate::compress::Decompressed;
use crate::digest::{Digest, Verified};
use crate::error::ImageError;
use crate::manifest::{Config, Descriptor};
use crate::scan::Counted;

/// Content by digest. The bytes are compared with the digest by whoever reads them.
pub trait Content: Send + Sync {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// There is none of that digest, or it can't be had.
    fn open(&self, content: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError>;
}

/// An image: what it is, and how to get at its layers.
pub struct Image {
    /// As it was asked for.
    pub name: String,
    /// The digest of its manifest; an archive of Docker has none.
    pub digest: Option<Digest>,
    /// The digest of its configuration, which is what Docker calls the image's id.
    pub config_digest: Option<Digest>,
    /// Its configuration.
    pub config: Config,
    /// Its layers, lowest first.
    pub layers: Vec<Layer>,
    pub(crate) content: Arc<dyn Content>,
}

/// A layer of an image.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The content.
    pub descriptor: Descriptor,
    /// Whether the digest is that of the bytes before they were compressed.
    pub(crate) is_unpacked: bool,
}

impl Image {
    /// Opens a layer as the tar file it is.
    pub(crate) fn unpack(&self, layer: &Layer, progress: &Arc<Progress>) -> Result<Unpacked, ImageError> {
        let stored = Counted { inner: self.content.open(&layer.descriptor)?, progress: Arc::clone(progress) };
        let digest = layer.descriptor.digest.clone();
        let failed = |source: std::io::Error| ImageError::Layer {
            layer: digest.to_string(),
            entry: None,
            source: Box::new(source),
        };
        let (whole, inner): (_, Box<dyn Read + Send>) = if layer.is_unpacked {
            let unpacked = Verified::new(Decompressed::new(stored).map_err(failed)?, digest);
            (unpacked.whole(), Box::new(unpacked))
        } else {
            let stored = Verified::new(stored, digest.clone());
            (stored.whole(), Box::new(Decompressed::new(stored).map_err(failed)?))
        };
        Ok(Unpacked { inner: BufReader::with_capacity(CHUNK, inner), whole })
    }
}

/// Bytes that are decompressed at once.
const CHUNK: usize = 128 << 10;

/// A layer's tar file as it comes.
pub(crate) struct Unpacked {
    pub(crate) inner: BufReader<Box<dyn Read + Send>>,
    whole: Arc<AtomicBool>,
}

impl Unpacked {
    /// Reads what is left; whether the digest of everything was right.
    pub(crate) fn finish(mut self) -> std::io::Result<()> {
        std::io::copy(&mut self.inner, &mut std::io::sink())?;
        if self.whole.load(Ordering::Acquire) {
            Ok(())
        } else {
            Err(std::io::Error::other("bytes follow its end"))
        }
    }
}
