//! The IAM engine against its rules: a naive evaluator, brute-force wildcards, and generated questions.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail loudly")]

mod generate;
mod histogram;
mod naive;
mod naive_conditions;
mod naive_decisions;
mod naive_facts;
mod wildcards;
