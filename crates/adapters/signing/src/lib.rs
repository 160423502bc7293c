//! Signatures and attestations of images, verified against keys or identities of certificates.
