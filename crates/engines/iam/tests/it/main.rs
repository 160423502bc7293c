//! The IAM engine against its rules: cases as data, a naive evaluator, brute-force wildcards, generated questions.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail loudly")]

mod agreement;
mod answer;
mod cases;
mod generate;
mod histogram;
mod lint;
mod naive;
mod naive_conditions;
mod naive_decisions;
mod naive_facts;
mod patterns;
mod tree;
mod views;
mod wildcards;
