//! Objects in a folder or in S3-compatible storage, durable before they are answered.
