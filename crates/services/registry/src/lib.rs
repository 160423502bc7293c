//! The registry's service, and the guard that keeps unsigned, unscanned and too vulnerable images out.

pub mod guard;
