//! The webhooks as an apiserver calls them, their sources at work behind them.

mod access;
mod aws;
mod entries;
mod files;
mod manifests;
mod nodes;
mod support;
mod testbed;
mod tokens;
