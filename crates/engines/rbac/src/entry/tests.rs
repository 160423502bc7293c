#![expect(clippy::unwrap_used, reason = "tests")]

mod cases;
mod input;
mod policies;
mod properties;
mod results;
mod times;
