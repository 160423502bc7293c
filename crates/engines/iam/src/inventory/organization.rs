//! Service and resource control policies along the tree of organizational units.

use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::{OrgNode, OrgNodeKind, Organization, PolicyDocument};

use super::Loaded;
use super::load::Loader;
use crate::layers::Level;
use crate::policy::PolicyKind;

/// An organization with its policies read.
#[derive(Debug)]
pub(super) struct Chart {
    id: Arc<str>,
    management_account: Option<Arc<str>>,
    levels: Vec<Node>,
    /// For each account, its levels from the root down, as places in `levels`.
    paths: HashMap<Arc<str>, Vec<usize>>,
}

#[derive(Debug)]
struct Node {
    id: Arc<str>,
    kind: OrgNodeKind,
    scp: Option<Vec<Loaded>>,
    rcp: Option<Vec<Loaded>>,
}

/// Which of the two kinds of policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    Scp,
    Rcp,
}

impl Control {
    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Scp => "service control policies",
            Self::Rcp => "resource control policies",
        }
    }
}

impl Chart {
    pub(super) fn new(organization: &Organization, loader: &mut Loader<'_>) -> Self {
        let mut chart = Self {
            id: Arc::clone(&organization.id),
            management_account: organization.management_account.clone(),
            levels: Vec::new(),
            paths: HashMap::new(),
        };
        for root in &organization.roots {
            chart.add(root, &mut Vec::new(), loader);
        }
        chart
    }

    fn add(&mut self, node: &OrgNode, path: &mut Vec<usize>, loader: &mut Loader<'_>) {
        let mut read = |kind, documents: &Option<Vec<PolicyDocument>>| {
            let documents = documents.as_ref()?;
            let read = documents.iter().map(|document| loader.document(kind, &document.name, document, None));
            Some(read.collect())
        };
        let scp = read(PolicyKind::Scp, &node.service_control_policies);
        let rcp = read(PolicyKind::Rcp, &node.resource_control_policies);
        path.push(self.levels.len());
        self.levels.push(Node { id: Arc::clone(&node.id), kind: node.kind, scp, rcp });
        if node.kind == OrgNodeKind::Account {
            self.paths.entry(Arc::clone(&node.id)).or_insert_with(|| path.clone());
        }
        for child in &node.children {
            self.add(child, path, loader);
        }
        path.pop();
    }

    pub(super) fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// `aws:PrincipalOrgPaths` of an account: organization, root and organizational units, each ending with a slash.
    ///
    /// Source: AWS IAM User Guide, *AWS global condition context keys*, `aws:PrincipalOrgPaths`.
    pub(super) fn org_path(&self, account: &str) -> Option<String> {
        let path = self.paths.get(account)?;
        let nodes = path.iter().filter_map(|at| self.levels.get(*at));
        let units =
            nodes.filter(|node| node.kind != OrgNodeKind::Account).map(|node| format!("{}/", node.id));
        Some(format!("{}/{}", self.id, units.collect::<String>()))
    }

    /// Whether an account is known to be in the organization.
    pub(super) fn has(&self, account: &str) -> bool {
        self.paths.contains_key(account)
    }

    /// The levels that limit an account, and what of them is not known. The management account has none.
    ///
    /// Sources: AWS Organizations User Guide, *Service control policies* and *Resource control policies*: neither
    /// affects users, roles and resources of the management account.
    pub(super) fn levels(&self, account: &str, control: Control) -> (Vec<Level<'_>>, Vec<String>) {
        if self.management_account.as_deref() == Some(account) {
            return (Vec::new(), Vec::new());
        }
        let Some(path) = self.paths.get(account) else { return (Vec::new(), Vec::new()) };
        let mut missing = Vec::new();
        let levels = path.iter().filter_map(|at| self.levels.get(*at)).map(|node| {
            let loaded = match control {
                Control::Scp => &node.scp,
                Control::Rcp => &node.rcp,
            };
            let Some(loaded) = loaded else {
                missing.push(format!("the {} of {} are not in the export", control.plural(), node.id));
                return Level { policies: Vec::new(), unread: true };
            };
            let mut level = Level::default();
            for policy in loaded {
                match policy {
                    Ok(policy) => level.policies.push(policy),
                    Err(why) => {
                        level.unread = true;
                        missing.push(why.to_string());
                    }
                }
            }
            level
        });
        let levels: Vec<Level<'_>> = levels.collect();
        (levels, missing)
    }
}
