//! The OCI registry over HTTP, with the rules of its owner enforced.
