//! What fuzz targets call: see `fuzz/`.

/// Reads a request's line and headers: `PATH\nQUERY\nRANGE\nAUTHORIZATION`, of which any may be missing. Panics if what was
/// read does not hold.
pub fn request(text: &str) {
    crate::http::fuzz(text);
}
