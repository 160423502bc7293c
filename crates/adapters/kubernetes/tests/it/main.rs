//! The client against an apiserver that says what a test wants.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

mod fake;
mod reads;
mod watches;
