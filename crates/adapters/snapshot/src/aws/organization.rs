use std::sync::Arc;

use hashbrown::HashSet;
use ringwall_model::{AwsDocument, OrgNode, OrgNodeKind, Organization, Problem, Source, Tree};

use super::Filler;
use crate::fields::text;
use crate::limits;

impl<'d> Filler<'_, 'd> {
    /// The organization, of which a snapshot has one.
    pub(super) fn organization(&mut self, document: &'d AwsDocument) {
        let Some(tree) = document.tree.get("Organization") else { return };
        let source = document.source.at(tree.line);
        let Some(id) = text(tree, "Id") else {
            return self.incomplete(source, "an organization", "Id");
        };
        let has_roots = document.tree.get("Roots").is_some_and(|roots| !roots.is_null());
        if let Some(known) = &self.cluster.aws.organization {
            // `describe-organization` alone may stand beside the file with the policies.
            if known.id != id || has_roots {
                let message = format!("a second organization, `{id}`, was not used; {} counts", known.source);
                self.warn(source, message, "one snapshot is of one organization: remove one of the two");
            }
            return;
        }
        if !has_roots {
            let message = "the organization has no `Roots`: its policies are not known";
            let hint = "docs/reference/snapshot.md says how to write them";
            self.warn(source.clone(), message, hint);
        }
        let mut seen = HashSet::new();
        let roots = self.nodes(&document.tree, ("Roots", OrgNodeKind::Root), 0, &document.source, &mut seen);
        let management_account = text(tree, "MasterAccountId");
        self.cluster.aws.organization = Some(Organization { id, management_account, roots, source });
    }

    fn nodes(
        &mut self,
        parent: &'d Tree,
        (list, kind): (&str, OrgNodeKind),
        depth: usize,
        document: &Source,
        seen: &mut HashSet<Arc<str>>,
    ) -> Vec<OrgNode> {
        let mut nodes = Vec::new();
        for item in self.items(parent, list, document) {
            let source = document.at(item.line);
            let Some(id) = text(item, "Id") else {
                self.incomplete(source, "a node of the organization", "Id");
                continue;
            };
            if !seen.insert(Arc::clone(&id)) {
                let message = format!("`{id}` stands in the organization twice; the first one counts");
                self.problems
                    .push(Problem::error(source, message).hint("each root, unit and account has one place"));
                continue;
            }
            if depth > limits::MAX_ORGANIZATION_DEPTH {
                let max = limits::MAX_ORGANIZATION_DEPTH;
                let message = format!("`{id}` is more than {max} levels below the root and was not read");
                self.problems.push(Problem::error(source, message).hint("AWS allows five levels of units"));
                continue;
            }
            nodes.push(self.node(item, id, kind, depth, source, seen));
        }
        nodes
    }

    fn node(
        &mut self,
        item: &'d Tree,
        id: Arc<str>,
        kind: OrgNodeKind,
        depth: usize,
        source: Source,
        seen: &mut HashSet<Arc<str>>,
    ) -> OrgNode {
        let service_control_policies = self.policies(&id, item, ("ServiceControlPolicies", "Name"), &source);
        let resource_control_policies =
            self.policies(&id, item, ("ResourceControlPolicies", "Name"), &source);
        let below =
            [("OrganizationalUnits", OrgNodeKind::OrganizationalUnit), ("Accounts", OrgNodeKind::Account)];
        let mut children = Vec::new();
        for (list, below) in below {
            if kind == OrgNodeKind::Account {
                if !item.list(list).is_empty() {
                    let message = format!("account `{id}` has `{list}`, which were not read");
                    self.warn(source.clone(), message, "an account has nothing below it");
                }
                continue;
            }
            children.extend(self.nodes(item, (list, below), depth + 1, &source, seen));
        }
        OrgNode {
            kind,
            name: text(item, "Name").unwrap_or_else(|| Arc::clone(&id)),
            id,
            service_control_policies,
            resource_control_policies,
            children,
            source,
        }
    }
}
