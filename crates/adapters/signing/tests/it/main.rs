//! What counts as a signature, by files that OpenSSL and Python's cryptography have made (`tests/data/make.py`).
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests may fail")]

mod bundles;
mod layouts;
mod simple;
mod support;
