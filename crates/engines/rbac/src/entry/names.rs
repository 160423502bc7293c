//! What is wrong with a mapping's user name and groups.

use ringwall_model::Severity;

use super::flaw::FlawKind;
use super::inspect::{Found, NODE_NAME, NODES};
use super::principal::fold;
use super::template::before_session_name;

/// Prefixes that AWS keeps for itself and Kubernetes: the service refuses them in user names and groups of
/// access entries. For aws-auth AWS does not say what it refuses.
///
/// Source: EKS user guide, *Create access entries*.
const RESERVED: [&str; 5] = ["system:", "eks:", "aws:", "amazon:", "iam:"];

/// Groups of nodes that aws-auth has to give.
const NODE_GROUPS: [&str; 4] =
    ["system:bootstrappers", "system:nodes", "system:node-proxier", "eks:kube-proxy-windows"];

const MASTERS: &str = "system:masters";

impl Found<'_> {
    pub(super) fn names(&mut self) {
        let mapping = self.mapping;
        for group in &mapping.groups {
            if group.contains(char::is_whitespace) {
                let text = format!("`{group}` is one group with white space in its name, not several");
                self.push(FlawKind::GluedGroup, Severity::Medium, false, text);
            }
            if &**group == MASTERS {
                let text = format!(
                    "`{}` is in `{MASTERS}`: every request is allowed before RBAC is asked, and no binding can be removed to end it",
                    mapping.principal
                );
                self.push(FlawKind::Masters, Severity::Critical, false, text);
            } else {
                self.reserved_group(group);
            }
            self.session_name(group, true);
        }
        if let Some(name) = &mapping.username {
            self.reserved_name(name);
            self.session_name(name, false);
        }
    }

    fn reserved_group(&mut self, group: &str) {
        if !RESERVED.iter().any(|prefix| group.starts_with(prefix))
            || NODE_GROUPS.contains(&group)
            || group.contains(char::is_whitespace)
            || self.is_node_entry()
        {
            return;
        }
        let text = if self.is_entry() {
            format!("the group `{group}` has a reserved prefix, which EKS refuses in access entries")
        } else {
            format!("the group `{group}` is one that Kubernetes or AWS keeps for itself")
        };
        self.push(FlawKind::ReservedName, Severity::Medium, false, text);
    }

    fn reserved_name(&mut self, name: &str) {
        let Some(prefix) = RESERVED.iter().find(|prefix| name.starts_with(**prefix)) else { return };
        if self.is_entry() {
            if !self.is_node_entry() {
                let text = format!(
                    "the user name `{name}` begins with `{prefix}`, which access entries may not use: the login is refused"
                );
                self.never(FlawKind::ReservedName, text);
            }
            return;
        }
        let is_node =
            name.starts_with(NODE_NAME) && self.mapping.groups.iter().any(|group| &**group == NODES);
        if is_node || name.starts_with(NODE_NAME) && name.contains("{{") {
            return;
        }
        let severity = if *prefix == "system:" { Severity::High } else { Severity::Medium };
        let text = format!(
            "the user name `{name}` begins with `{prefix}`: whatever is bound to Kubernetes' or AWS's own user of this name \
             is given away; whether EKS refuses it is not documented"
        );
        self.push(FlawKind::ReservedName, severity, false, text);
    }

    /// A colon before the session's name keeps the caller within names of the template's own.
    fn session_name(&mut self, template: &str, is_group: bool) {
        let Some(before) = before_session_name(template) else { return };
        let what = if is_group { "group" } else { "user name" };
        let is_user = fold(&self.mapping.principal).contains(":user/");
        if is_user {
            let text = format!("`{template}`: a user has no session, so the {what} stays without its name");
            return self.push(FlawKind::SessionName, Severity::Low, false, text);
        }
        let is_node_name = before.starts_with(NODE_NAME);
        let (severity, reach) = if is_group && before.is_empty() {
            (Severity::High, "any group without a colon")
        } else if before == "system:" {
            (
                Severity::Critical,
                "one of Kubernetes' own, `system:masters` and `system:kube-controller-manager` among them",
            )
        } else if before.starts_with("system:") && !is_node_name {
            (Severity::High, "one of Kubernetes' own")
        } else if before.is_empty() {
            (Severity::High, "any user name without a colon")
        } else if is_group {
            (Severity::Medium, "any that begins so")
        } else if before.contains(':') {
            return;
        } else {
            (Severity::Low, "any that begins so")
        };
        let text = format!(
            "whoever may assume `{}` chooses the {what} by the session's name: `{template}` gives {reach}",
            self.mapping.principal
        );
        self.push(FlawKind::SessionName, severity, false, text);
    }
}
