//! What a registry keeps: blobs, uploads, manifests, tags and who refers to whom.
