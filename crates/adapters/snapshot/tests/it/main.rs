//! Snapshot folders, read whole.

mod aws;
mod aws_auth;
mod cluster_yaml;
mod corpus;
mod errors;
mod folder;
mod hostile;
mod kubernetes;
mod logs;
mod rbac;
mod workloads;
