//! Snapshot folders, read whole.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod any_tree;
mod aws;
mod aws_auth;
mod cluster_yaml;
mod corpus;
mod endpoints;
mod errors;
mod folder;
mod hostile;
mod iam;
mod kubernetes;
mod logs;
mod organization;
mod policies;
mod rbac;
mod resource_policies;
mod vpc;
mod workloads;
