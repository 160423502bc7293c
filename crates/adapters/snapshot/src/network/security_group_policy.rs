use std::sync::Arc;

use ringwall_model::network::SecurityGroupPolicy;
use ringwall_model::{Object, Tree, Value};

use super::policy::selector;
use crate::refused::{Refused, items, mapping};

/// Most groups of one policy (`securityGroups.groupIds`, `maxItems` of its definition).
const MAX_GROUPS: usize = 5;

/// A SecurityGroupPolicy. One without selectors, or without groups, gives nothing to anybody.
///
/// Source: `amazon-vpc-resource-controller-k8s`, `apis/vpcresources/v1beta1` and `filterPodSecurityGroups` of `pkg/utils/helper.go`.
pub(super) fn security_group_policy(object: &Object, refused: &mut Refused<'_>) -> SecurityGroupPolicy {
    let empty = Tree::new(object.source.line, Value::Null);
    let (policy, words) = refused.watch(|refused| {
        let spec = mapping(&object.tree, "spec", refused).unwrap_or(&empty);
        refused.warn_unknown(
            spec,
            &["podSelector", "serviceAccountSelector", "securityGroups"],
            "a SecurityGroupPolicy's spec",
        );
        let list = mapping(spec, "securityGroups", refused).unwrap_or(&empty);
        let mut groups: Vec<(Arc<str>, _)> = Vec::new();
        let written = items(list, "groupIds", refused);
        if let Some(extra) = written.get(MAX_GROUPS) {
            refused.add(
                extra.line,
                format_args!("`groupIds` has more than {MAX_GROUPS} groups"),
                "make two policies of it",
            );
        }
        for item in written {
            match item.as_shared().filter(|id| !id.is_empty()) {
                Some(id) => groups.push((Arc::clone(id), object.source.at(item.line))),
                None => {
                    refused.add(
                        item.line,
                        format_args!("a group's id is {}", item.kind()),
                        "write it as sg-…",
                    );
                }
            }
        }
        SecurityGroupPolicy {
            reference: object.reference.clone(),
            source: object.source.clone(),
            pods: selector(spec, "podSelector", refused),
            service_accounts: selector(spec, "serviceAccountSelector", refused),
            groups,
            unreadable: Vec::new(),
        }
    });
    let is_dead = words.is_none()
        && (policy.groups.is_empty() || (policy.pods.is_none() && policy.service_accounts.is_none()));
    if is_dead {
        refused.warn(
            object.source.line,
            "it has no effect: it lacks a selector, or groups",
            "give it podSelector or serviceAccountSelector, and securityGroups.groupIds",
        );
    }
    SecurityGroupPolicy { unreadable: words.into_iter().collect(), ..policy }
}
