//! Envelope encryption: sealed blobs, key hierarchy, rotation.
