//! Tests of the IAM engine through its public face.

mod answer;
mod cases;
mod tree;
