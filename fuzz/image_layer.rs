//! What holds for any bytes that come as a layer. The fuzz target calls it, and a test that replays its corpus.

use std::io::{Cursor, Read};
use std::sync::Arc;

use ringwall_image::{Content, Descriptor, Digest, ImageError, ScanOptions, Scanned, image, scan};

/// Content in memory.
struct Memory(Vec<Vec<u8>>);

impl Content for Memory {
    fn open(&self, content: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError> {
        let found = self.0.iter().find(|bytes| Digest::of(bytes) == content.digest);
        Ok(Box::new(Cursor::new(found.cloned().unwrap_or_default())))
    }
}

/// An image whose one layer has these bytes. The same comes out each time, and no place in it leads out.
pub(crate) fn read(layer: &[u8]) -> Result<Scanned, ImageError> {
    let config = b"{}".to_vec();
    let manifest = format!(
        r#"{{"config": {{"digest": "{}", "size": 2}}, "layers": [{{"digest": "{}", "size": {}}}]}}"#,
        Digest::of(&config),
        Digest::of(layer),
        layer.len()
    )
    .into_bytes();
    let root = Descriptor::new("", Digest::of(&manifest), manifest.len() as u64);
    let content = Arc::new(Memory(vec![config, manifest, layer.to_vec()]));
    let image = image("fuzzed", content, root, None)?;
    let scanned = scan(&image, &ScanOptions::default());
    let again = scan(&image, &ScanOptions::default());
    match (&scanned, &again) {
        (Ok(one), Ok(other)) => {
            assert_eq!(one.inventory, other.inventory);
            for place in one.inventory.packages.iter().flat_map(|package| &package.locations) {
                let file = place.path.split_once('!').map_or(place.path.as_str(), |(file, _)| file);
                assert!(!file.split('/').any(|part| part == ".."), "{file}");
            }
        }
        (Err(_), Err(_)) => {}
        _ => panic!("once read, once not"),
    }
    scanned
}
