use hashbrown::HashMap;
use ringwall_model::{
    AccessEntry, AccessPolicyAssociation, AuthenticationMode, AwsAuthConfigMap, AwsExport, Cluster,
    IamPrincipal,
};

use super::context::Context;
use super::identify::Lookup;
use super::{Bound, Mappings, Reading, access_entry, aws_auth, inspect, overlap};

/// What mappings are made from, for callers that have no whole [`Cluster`].
#[derive(Clone, Debug, Default)]
pub struct Parts<'a> {
    /// The authentication mode; `None` takes both lists as being read, and says so.
    pub mode: Option<AuthenticationMode>,
    /// The cluster's name, for the commands that a hint names.
    pub cluster: Option<&'a str>,
    /// The cluster's account.
    pub account: Option<&'a str>,
    /// The cluster's partition.
    pub partition: Option<&'a str>,
    /// The ConfigMap aws-auth.
    pub aws_auth: Option<&'a AwsAuthConfigMap>,
    /// Whether it would be here if there was one.
    pub aws_auth_exported: bool,
    /// The access entries.
    pub access_entries: &'a [AccessEntry],
    /// Whether they would be here if there were any.
    pub access_entries_exported: bool,
    /// Access policies of access entries.
    pub access_policies: &'a [AccessPolicyAssociation],
    /// Principals whose access policies would be here if they had any.
    pub access_policies_exported: Vec<&'a str>,
    /// Users and roles of the account, if they were exported.
    pub principals: &'a [IamPrincipal],
    /// Nodes: `spec.providerID` and name, by which an instance's DNS name is known.
    pub nodes: Vec<(&'a str, &'a str)>,
    /// How the lists are read.
    pub reading: Reading,
    /// Which unique ids access entries are bound to, by the ARNs of their principals, where that is known.
    pub bound: HashMap<&'a str, Bound<'a>>,
}

impl<'a> Parts<'a> {
    /// The parts of a cluster.
    pub fn of(cluster: &'a Cluster) -> Self {
        let Cluster { info, aws, objects, nodes, .. } = cluster;
        let associated =
            aws.documents.iter().filter(|it| it.export == AwsExport::EksAssociatedAccessPolicies);
        let in_kube_system = |object: &ringwall_model::Object| {
            object.reference.is("", "ConfigMap")
                && object.reference.namespace.as_deref() == Some("kube-system")
        };
        Self {
            mode: info.authentication_mode,
            cluster: info.name.as_deref(),
            account: info.account.as_deref(),
            partition: info.partition.as_deref(),
            aws_auth: cluster.aws_auth.as_ref(),
            aws_auth_exported: objects.iter().any(in_kube_system),
            access_entries: &aws.access_entries,
            access_entries_exported: aws.access_entries_exported,
            access_policies: &aws.access_policies,
            access_policies_exported: associated.filter_map(|it| it.tree.str("principalArn")).collect(),
            principals: &aws.principals,
            nodes: nodes
                .iter()
                .filter_map(|node| Some((node.provider_id.as_deref()?, &*node.name)))
                .collect(),
            ..Self::default()
        }
    }

    /// The cluster's name, or a stand-in for it in commands.
    pub(super) fn name(&self) -> &'a str {
        self.cluster.unwrap_or("NAME")
    }

    /// Whether anything says that AWS principals get in at all; a cluster elsewhere has none of it.
    fn is_eks(&self) -> bool {
        self.mode.is_some()
            || self.aws_auth.is_some()
            || self.access_entries_exported
            || !self.access_entries.is_empty()
            || !self.access_policies.is_empty()
    }

    fn reads_access_entries(&self) -> bool {
        self.mode != Some(AuthenticationMode::ConfigMap)
    }

    fn reads_aws_auth(&self) -> bool {
        self.mode != Some(AuthenticationMode::Api)
    }

    /// What is missing that could let somebody in.
    pub(super) fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        // A webhook is given what there is.
        if self.reading != Reading::Eks {
            return gaps;
        }
        if self.mode.is_none() {
            gaps.push(format!(
                "the authentication mode is not in the snapshot, so aws-auth and access entries are both taken to \
                 count: `aws eks describe-cluster --name {}`",
                self.name()
            ));
        }
        if self.reads_access_entries() && !self.access_entries_exported {
            gaps.push(format!(
                "access entries are not in the snapshot: `aws eks list-access-entries --cluster-name {0}`, then `aws \
                 eks describe-access-entry --cluster-name {0} --principal-arn ARN` for each",
                self.name()
            ));
        }
        if self.reads_aws_auth() && self.aws_auth.is_none() && !self.aws_auth_exported {
            gaps.push(
                "the ConfigMap aws-auth is not in the snapshot: `kubectl get configmap aws-auth --namespace kube-system \
                 --output yaml`"
                    .to_owned(),
            );
        }
        if self.mode == Some(AuthenticationMode::ConfigMap) {
            gaps.push(
                "the principal that created the cluster is in the group `system:masters`, which nothing shows in the \
                 mode CONFIG_MAP"
                    .to_owned(),
            );
        }
        gaps
    }
}

impl Mappings {
    /// The mappings that these parts make.
    pub fn from_parts(parts: &Parts<'_>) -> Self {
        let context = Context::new(parts);
        let decoded = parts.aws_auth.map(|it| aws_auth::decode(it, &parts.reading)).unwrap_or_default();
        let mut all = access_entry::mappings(parts);
        all.extend(decoded.mappings);
        // Stable: within a list the order stays that of the file.
        all.sort_by_key(|mapping| mapping.origin);
        let cluster_admins = all.iter().filter(|mapping| inspect::is_cluster_admin(mapping)).count();
        let mut gaps = parts.gaps();
        gaps.extend(decoded.not_evaluated);
        let mut not_evaluated = if parts.is_eks() { gaps.clone() } else { Vec::new() };
        for mapping in &mut all {
            inspect::inspect(mapping, &context, cluster_admins);
        }
        let flaws = decoded.flaws;
        overlap::mark(&mut all, parts.mode, &parts.reading);
        not_evaluated.extend(
            all.iter().filter(|it| it.takes_effect()).flat_map(|it| it.not_evaluated.iter().cloned()),
        );
        not_evaluated.extend(inspect::unjudged(&all, &context, !parts.principals.is_empty()));
        let lookup = Lookup::new(&all, parts, gaps);
        Self { mode: parts.mode, all, flaws, not_evaluated, reading: parts.reading.clone(), lookup }
    }
}
