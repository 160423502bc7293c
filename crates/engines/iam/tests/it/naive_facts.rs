//! What the service authorization reference says about actions and keys, as the engine's catalog has it.

use ringwall_iam::catalog;
use ringwall_iam::catalog::AccessLevel;

use crate::naive::Facts;

/// Facts for the naive evaluator.
pub(crate) const FACTS: Facts = Facts { star_only, access_level, rcp_supported, multi_valued };

fn star_only(action: &str) -> bool {
    catalog().action(action).is_some_and(|action| action.takes_only_star())
}

fn access_level(action: &str) -> Option<&'static str> {
    Some(match catalog().action(action)?.access() {
        AccessLevel::List => "List",
        AccessLevel::Read => "Read",
        AccessLevel::Write => "Write",
        AccessLevel::Tagging => "Tagging",
        AccessLevel::PermissionsManagement => "Permissions management",
    })
}

fn rcp_supported(service: &str) -> bool {
    catalog().supports_rcp(service)
}

fn multi_valued(key: &str) -> bool {
    catalog().is_multi_valued(key)
}
