//! A live cluster.
