//! For the fuzz targets: parsers that nothing outside this crate calls otherwise. No part of its interface.

use ringwall_envelope::{EnvelopeError, Key, Random};
use ringwall_model::Secret;

use crate::backends::keyring_file::Contents;
use crate::plugin::format;
use crate::rotate::state::State;

/// Whether a file has the form of a keyring; why not.
pub fn keyring_file(bytes: &[u8]) -> Result<(), String> {
    Contents::parse(bytes).map(|_| ())
}

/// Whether a file has the form of a rotation's state.
pub fn rotation_state(bytes: &[u8]) -> bool {
    State::parse(bytes).is_some()
}

/// Seals a seed under a local KEK.
pub fn seal(
    kek: &Key,
    key_id: &str,
    annotation: &[u8],
    seed: &[u8],
    random: &dyn Random,
) -> Result<Vec<u8>, EnvelopeError> {
    format::seal(kek, key_id, annotation, seed, random)
}

/// Opens a seed under a local KEK.
pub fn open(kek: &Key, key_id: &str, annotation: &[u8], ciphertext: &[u8]) -> Result<Secret, EnvelopeError> {
    format::open(kek, key_id, annotation, ciphertext)
}
