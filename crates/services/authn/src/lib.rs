//! AWS identities let into a cluster: the tokens that kubectl sends, verified by STS.
//!
//! A token is a presigned request to STS. What can be told of it offline is told by [`token`]; who signed it is told by STS itself,
//! whom [`sts::Verifier`] asks.

pub mod sts;
pub mod token;
