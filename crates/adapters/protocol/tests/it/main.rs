//! The wire protocols, by tables, by generated values and by what hostile clients send.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

mod corpus;
mod errors;
mod form;
mod hostile;
mod json;
mod records;
mod request;
mod rest;
mod round_trip;
mod routes;
mod validation;
mod writing;
