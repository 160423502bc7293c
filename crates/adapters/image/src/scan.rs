//! Reads an image's layers, several at a time, and puts together what they hold.

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ringwall_scan::package::Inventory;

use crate::budget::{Budget, Progress};
use crate::cache::Cache;
use crate::digest::Digest;
use crate::error::ImageError;
use crate::folder;
use crate::layer::{self, Asked, LayerError, Record};
use crate::merge::Merged;
use crate::source::{Image, Layer};

/// Most layers that are read at a time: each has a window of its own to decompress.
const MAX_WORKERS: usize = 8;

/// How to read.
#[derive(Clone, Debug, Default)]
pub struct ScanOptions {
    /// Where what is known of layers is kept.
    pub cache: Option<Cache>,
    /// Told how far it is.
    pub progress: Arc<Progress>,
}

/// What an image or a folder holds.
#[derive(Debug)]
pub struct Scanned {
    /// Its packages.
    pub inventory: Inventory,
    /// Its layers, lowest first; none for a folder.
    pub layers: Vec<LayerFacts>,
}

/// A layer, as it was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerFacts {
    /// The digest of its content as it is stored; of an archive of Docker, as it is unpacked.
    pub digest: Digest,
    /// As it is unpacked: what locations of packages name. None if the configuration doesn't say.
    pub diff_id: Option<Digest>,
    /// What made it, in the words of the configuration.
    pub made_by: Option<String>,
    /// Whether it was known before, and not read.
    pub was_known: bool,
}

/// Reads an image.
///
/// # Errors
///
/// A layer can't be read whole, or isn't what its digest says: then nothing is told, since what is missing could be all that
/// matters.
pub fn scan(image: &Image, options: &ScanOptions) -> Result<Scanned, ImageError> {
    let mut places: HashMap<&Digest, usize> = HashMap::new();
    let mut unique: Vec<&Layer> = Vec::new();
    for layer in &image.layers {
        places.entry(&layer.descriptor.digest).or_insert_with(|| {
            unique.push(layer);
            unique.len() - 1
        });
    }
    let reading = Reading { image, options, budget: Budget::default() };
    let mut records = reading.all(&unique, vec![Asked::new(); unique.len()])?;
    // The second time for what links lead to, if they do.
    let stacked = |records: &'_ [(Record, bool)]| -> Vec<usize> {
        let of = image.layers.iter().filter_map(|layer| places.get(&layer.descriptor.digest).copied());
        of.filter(|place| *place < records.len()).collect()
    };
    let order = stacked(&records);
    let asked = {
        let refs: Vec<&Record> = order.iter().filter_map(|place| Some(&records.get(*place)?.0)).collect();
        let unread = Merged::new(&refs).unread();
        let mut asked = vec![Asked::new(); unique.len()];
        for (place, more) in order.iter().zip(unread) {
            if let Some(asked) = asked.get_mut(*place) {
                asked.extend(more);
            }
        }
        asked
    };
    let again: Vec<usize> =
        asked.iter().enumerate().filter(|(_, asked)| !asked.is_empty()).map(|(place, _)| place).collect();
    if !again.is_empty() {
        let layers: Vec<&Layer> = again.iter().filter_map(|place| unique.get(*place).copied()).collect();
        let asked = again.iter().filter_map(|place| {
            let mut asked = asked.get(*place)?.clone();
            asked.extend(records.get(*place)?.0.asked.clone());
            Some(asked)
        });
        let read = reading.all(&layers, asked.collect())?;
        for (place, record) in again.into_iter().zip(read) {
            if let Some(known) = records.get_mut(place) {
                *known = record;
            }
        }
    }
    let refs: Vec<&Record> = order.iter().filter_map(|place| Some(&records.get(*place)?.0)).collect();
    let diff_ids = &image.config.diff_ids;
    let diff_ids = if diff_ids.len() == image.layers.len() { diff_ids.as_slice() } else { &[] };
    let layers = image.layers.iter().enumerate().map(|(number, layer)| LayerFacts {
        digest: layer.descriptor.digest.clone(),
        diff_id: diff_ids.get(number).cloned(),
        made_by: image.config.made_by.get(number).cloned().flatten(),
        was_known: order.get(number).and_then(|place| records.get(*place)).is_some_and(|(_, known)| *known),
    });
    let layers: Vec<LayerFacts> = layers.collect();
    let names: Vec<Option<String>> = layers
        .iter()
        .map(|layer| Some(layer.diff_id.as_ref().unwrap_or(&layer.digest).to_string()))
        .collect();
    Ok(Scanned { inventory: Merged::new(&refs).inventory(&names), layers })
}

/// Reads a folder: the root of a machine or a container, or a project with lock files.
///
/// # Errors
///
/// The folder can't be read, or has more than the limits allow. What can't be read in it is among the problems.
pub fn scan_folder(path: &Path, options: &ScanOptions) -> Result<Scanned, ImageError> {
    let record = folder::read(path, &Budget::default(), Asked::new(), &options.progress)?;
    let asked = Merged::new(&[&record]).unread().pop().unwrap_or_default();
    let record = if asked.is_empty() {
        record
    } else {
        folder::read(path, &Budget::default(), asked, &options.progress)?
    };
    Ok(Scanned { inventory: Merged::new(&[&record]).inventory(&[None]), layers: Vec::new() })
}

/// Where a worker puts what it read.
type Slot = Mutex<Option<Result<(Record, bool), ImageError>>>;

struct Reading<'i> {
    image: &'i Image,
    options: &'i ScanOptions,
    budget: Budget,
}

impl Reading<'_> {
    /// Reads layers, each with what is asked for in it; and whether it was known.
    fn all(&self, layers: &[&Layer], asked: Vec<Asked>) -> Result<Vec<(Record, bool)>, ImageError> {
        let results: Vec<Slot> = layers.iter().map(|_| Mutex::new(None)).collect();
        let sum = layers.iter().fold(0_u64, |sum, layer| sum.saturating_add(layer.descriptor.size));
        self.options.progress.total.fetch_add(sum, Ordering::Relaxed);
        // The largest first, so that none is left over at the end.
        let mut order: Vec<usize> = (0..layers.len()).collect();
        order.sort_by_key(|place| std::cmp::Reverse(layers.get(*place).map(|layer| layer.descriptor.size)));
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(place) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                let (Some(layer), Some(asked), Some(result)) =
                    (layers.get(*place), asked.get(*place), results.get(*place))
                else {
                    continue;
                };
                let read = self.one(layer, asked);
                *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(read);
            }
        };
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = workers.min(MAX_WORKERS).min(layers.len());
        std::thread::scope(|scope| {
            for _ in 1..workers {
                scope.spawn(work);
            }
            work();
        });
        let results = results.into_iter().map(|result| {
            result.into_inner().unwrap_or_else(PoisonError::into_inner).unwrap_or(Err(ImageError::GivenUp))
        });
        results.collect()
    }

    fn one(&self, layer: &Layer, asked: &Asked) -> Result<(Record, bool), ImageError> {
        let digest = &layer.descriptor.digest;
        let cache = self.options.cache.as_ref();
        if let Some(record) = cache.and_then(|cache| cache.load(digest))
            && asked.iter().all(|(path, _)| record.asked.contains_key(path))
        {
            for entry in &record.entries {
                self.budget.entry(entry.path.len())?;
            }
            self.options.progress.done.fetch_add(layer.descriptor.size, Ordering::Relaxed);
            return Ok((record, true));
        }
        let record = self.read(layer, asked.clone())?;
        if let Some(cache) = cache {
            // Reading it again the next time is no harm.
            let _ = cache.store(digest, &record);
        }
        Ok((record, false))
    }

    fn read(&self, layer: &Layer, asked: Asked) -> Result<Record, ImageError> {
        let failed = |entry: Option<String>, error: LayerError| match error {
            LayerError::Image(error) => error,
            error => ImageError::Layer {
                layer: layer.descriptor.digest.to_string(),
                entry,
                source: Box::new(error),
            },
        };
        let mut unpacked = self.image.unpack(layer, &self.options.progress)?;
        let record = layer::read(&mut unpacked.inner, &self.budget, asked);
        let record = record.map_err(|(entry, error)| failed(entry, error))?;
        unpacked.finish().map_err(|error| failed(None, error.into()))?;
        Ok(record)
    }
}

/// Counts what is read for who looks on.
pub(crate) struct Counted<R> {
    pub(crate) inner: R,
    pub(crate) progress: Arc<Progress>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.progress.done.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
