//! Any bytes as a layer of an image.
#![no_main]

#[path = "../image_layer.rs"]
mod image_layer;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    _ = image_layer::read(bytes);
});
