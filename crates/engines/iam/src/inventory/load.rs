//! From documents to policies.

use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::{
    Arn, AttachedPolicy, Cluster, IamPrincipal, IamPrincipalKind, PolicyDocument, Problem, Source,
};

use super::organization::Chart;
use super::{Attached, Inventory, Known, Loaded};
use crate::policy::{Policy, PolicyKind};

pub(super) fn inventory(cluster: &Cluster) -> Inventory<'_> {
    let aws = &cluster.aws;
    let mut loader = Loader { problems: Vec::new(), managed: HashMap::new(), cluster };
    let mut principals = Vec::with_capacity(aws.principals.len());
    let mut by_name = HashMap::new();
    for principal in &aws.principals {
        let account: Arc<str> =
            principal.arn.parse().map(|arn: Arn| Arc::from(arn.account)).unwrap_or_default();
        by_name.entry((account, principal.kind, Arc::clone(&principal.name))).or_insert(principals.len());
        principals.push(loader.known(principal));
    }
    let mut resources = HashMap::new();
    for resource in &aws.resource_policies {
        let name = format!("policy of {}", resource.resource_arn);
        let policy = resource.policy.as_ref().map(|document| {
            let is_role = resource.resource_arn.split(':').nth(2) == Some("iam");
            let kind = if is_role { PolicyKind::Trust } else { PolicyKind::Resource };
            loader.document(kind, &name, document, Some(&resource.resource_arn))
        });
        let attached = Attached { account: resource.account.clone(), policy };
        resources.entry(Arc::clone(&resource.resource_arn)).or_insert(attached);
    }
    let organization = aws.organization.as_ref().map(|organization| Chart::new(organization, &mut loader));
    Inventory { cluster, principals, by_name, resources, organization, problems: loader.problems }
}

/// Whether a managed policy is one of AWS's own.
pub(super) fn is_of_aws(arn: &str) -> bool {
    arn.contains(":iam::aws:policy/")
}

pub(super) struct Loader<'c> {
    problems: Vec<Problem>,
    /// Managed policies that were read, by what they are used as and their ARN.
    managed: HashMap<(PolicyKind, Arc<str>), Loaded>,
    cluster: &'c Cluster,
}

impl Loader<'_> {
    fn known<'c>(&mut self, principal: &'c IamPrincipal) -> Known<'c> {
        let owner = (principal.kind, &principal.name);
        let mut identity = Vec::new();
        self.add(&principal.inline, &principal.attached, &principal.arn, &mut identity);
        for name in &principal.groups {
            let cluster = self.cluster;
            match cluster.aws.groups.iter().find(|group| group.name == *name) {
                Some(group) => self.add(&group.inline, &group.attached, &group.arn, &mut identity),
                None => {
                    let why = format!("the group `{name}` of {} is not in the export", in_words(owner));
                    identity.push((Err(why.into()), true));
                }
            }
        }
        let boundary =
            principal.boundary.as_ref().map(|attached| self.managed(PolicyKind::Boundary, attached).0);
        let trust = principal
            .trust
            .as_ref()
            .map(|document| self.document(PolicyKind::Trust, "trust policy", document, Some(&principal.arn)));
        Known { principal, identity, boundary, trust }
    }

    fn add(
        &mut self,
        inline: &[PolicyDocument],
        attached: &[AttachedPolicy],
        owner: &Arc<str>,
        identity: &mut Vec<(Loaded, bool)>,
    ) {
        for document in inline {
            identity.push((self.document(PolicyKind::Identity, &document.name, document, Some(owner)), true));
        }
        for attached in attached {
            identity.push(self.managed(PolicyKind::Identity, attached));
        }
    }

    /// A managed policy, and whether it might deny if it is not known.
    fn managed(&mut self, kind: PolicyKind, attached: &AttachedPolicy) -> (Loaded, bool) {
        let may_deny = !is_of_aws(&attached.arn);
        let key = (kind, Arc::clone(&attached.arn));
        if let Some(loaded) = self.managed.get(&key) {
            return (loaded.clone(), may_deny);
        }
        let written = self
            .cluster
            .aws
            .managed_policies
            .iter()
            .find(|policy| policy.arn.as_ref() == Some(&attached.arn));
        let loaded = match written {
            Some(document) => self.document(kind, &document.name, document, Some(&attached.arn)),
            None => Err(format!("the policy `{}` is not in the export", attached.arn).into()),
        };
        self.managed.insert(key, loaded.clone());
        (loaded, may_deny)
    }

    /// A policy by its document; what AWS would refuse is told once.
    pub(super) fn document(
        &mut self,
        kind: PolicyKind,
        name: &str,
        document: &PolicyDocument,
        arn: Option<&Arc<str>>,
    ) -> Loaded {
        let unreadable = |at: &Source| Arc::from(format!("the policy `{name}` at {at} cannot be evaluated"));
        let tree = document.document.as_ref().map_err(|_| unreadable(&document.source))?;
        match Policy::parse(kind, name, tree, &document.source) {
            Ok(policy) => Ok(Arc::new(policy.with_arn(arn.cloned()))),
            Err(problems) => {
                let first =
                    problems.first().map_or_else(|| document.source.clone(), |first| first.source.clone());
                self.problems.extend(problems.into_iter().map(|problem| Problem {
                    message: format!("policy `{name}` cannot be evaluated: {}", problem.message),
                    ..problem
                }));
                Err(unreadable(&first))
            }
        }
    }
}

fn in_words((kind, name): (IamPrincipalKind, &Arc<str>)) -> String {
    match kind {
        IamPrincipalKind::User => format!("user `{name}`"),
        IamPrincipalKind::Role => format!("role `{name}`"),
    }
}
