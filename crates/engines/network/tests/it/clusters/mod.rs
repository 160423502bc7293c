//! Clusters made of numbers: the same number makes the same cluster.

pub(crate) mod large;
pub(crate) mod parts;
pub(crate) mod secured;
pub(crate) mod small;
