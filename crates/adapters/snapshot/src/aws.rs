mod cluster;
mod ec2;
mod iam;
mod key;
mod oidc;
mod organization;
mod policy;
mod resource;
mod security_groups;
mod vpc;

pub use policy::percent_decoded;

use std::sync::Arc;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use ringwall_document::Reader;
use ringwall_model::{
    AccessEntry, AccessPolicyAssociation, AccessScope, AwsDocument, AwsExport, Cluster, FargateProfile,
    NodeGroup, PodIdentityAssociation, Problem, Source, Tree,
};

use self::policy::{Exported, is_empty};
use crate::aws_export::{classify, is_incomplete};
use crate::fields::{same, text, text_at, text_or_number, texts};

/// Name of a Pod Identity association's policy, which has none of its own.
const SESSION_POLICY: &str = "session policy";

/// Makes the AWS side from the exports, and completes what `cluster.yaml` says of the cluster.
pub(crate) fn fill(cluster: &mut Cluster, documents: Vec<(Source, Tree)>, problems: &mut Vec<Problem>) {
    let documents: Vec<_> = documents
        .into_iter()
        .map(|(source, tree)| AwsDocument { export: classify(&tree), source, tree })
        .collect();
    let of = |export| documents.iter().filter(move |document: &&AwsDocument| document.export == export);
    for document in of(AwsExport::EksCluster) {
        cluster::cluster_info(cluster, document, problems);
    }
    let listed = oidc::listed(of(AwsExport::IamOidcProviderList));
    let mut filler = Filler { cluster, problems, reader: Reader::default(), first: HashMap::new() };
    for document in &documents {
        filler.document(document);
    }
    // A list comes after the entries that are described: it adds only those that are not.
    for document in of(AwsExport::EksAccessEntryList) {
        filler.access_entry_list(document);
    }
    for document in of(AwsExport::Ec2Instances) {
        filler.interfaces_of_instances(document);
    }
    for document in of(AwsExport::Ec2PrefixListEntries) {
        filler.prefix_list_entries(document, &documents);
    }
    for document in of(AwsExport::EksPodIdentityAssociationList) {
        filler.pod_identity_list(document);
    }
    for document in of(AwsExport::IamOidcProvider) {
        filler.oidc_provider(document, &listed);
    }
    for document in of(AwsExport::IamOidcProviderList) {
        filler.oidc_provider_list(document);
    }
    let has_roots = |document: &&AwsDocument| document.tree.get("Roots").is_some();
    let organizations = || of(AwsExport::Organization);
    for document in organizations().filter(has_roots).chain(organizations().filter(|one| !has_roots(one))) {
        filler.organization(document);
    }
    filler.resource_policies(&documents);
    drop(filler);
    cluster.aws.documents = documents;
}

struct Filler<'f, 'd> {
    cluster: &'f mut Cluster,
    problems: &'f mut Vec<Problem>,
    reader: Reader,
    /// Where each thing was first met, and what was said of it there.
    first: HashMap<(&'static str, Arc<str>), (Source, &'d Tree)>,
}

impl<'d> Filler<'_, 'd> {
    /// Where a thing was met before, and whether the same was said of it there; `None` at the first time.
    fn seen(
        &mut self,
        what: &'static str,
        id: &Arc<str>,
        tree: &'d Tree,
        source: &Source,
    ) -> Option<(Source, bool)> {
        match self.first.entry((what, Arc::clone(id))) {
            Entry::Vacant(entry) => {
                entry.insert((source.clone(), tree));
                None
            }
            Entry::Occupied(entry) => {
                let (source, known) = entry.get();
                // When a role was last used changes between two exports and is no contradiction.
                Some((source.clone(), same(known, tree, &|key| key == "RoleLastUsed")))
            }
        }
    }

    /// Whether a thing is met for the first time; that something else is said of it later is told.
    fn is_first(&mut self, what: &'static str, id: &Arc<str>, tree: &'d Tree, source: &Source) -> bool {
        match self.seen(what, id, tree, source) {
            None => true,
            Some((known, same)) => {
                if !same {
                    let message =
                        format!("{what} `{id}` is exported twice with different content; {known} counts");
                    self.warn(source.clone(), message, "remove the one that is out of date");
                }
                false
            }
        }
    }

    /// Whether a thing was met before.
    fn is_known(&self, what: &'static str, id: &Arc<str>) -> bool {
        self.first.contains_key(&(what, Arc::clone(id)))
    }

    fn warn(&mut self, source: Source, message: impl Into<String>, hint: &str) {
        self.problems.push(Problem::warning(source, message).hint(hint));
    }

    fn incomplete(&mut self, source: Source, what: &str, field: &str) {
        let message = format!("{what} without `{field}` was not read");
        self.problems.push(Problem::error(source, message).hint("export it again with the AWS CLI, as JSON"));
    }

    /// Whether a document or item is of this cluster.
    fn is_ours(&mut self, tree: &Tree, source: &Source) -> bool {
        let (Some(known), Some(name)) = (self.cluster.info.name.clone(), tree.str("clusterName")) else {
            return true;
        };
        if *known == *name {
            return true;
        }
        let message = format!("this is of cluster `{name}`, not `{known}`; it was not used");
        self.warn(source.clone(), message, "one snapshot is one cluster: remove it");
        false
    }

    fn document(&mut self, document: &'d AwsDocument) {
        let AwsDocument { export, source, tree } = document;
        if is_incomplete(tree) {
            let hint = "export it again without --max-items and --no-paginate";
            self.warn(source.clone(), "the export is one page of several; the rest is missing", hint);
        }
        match export {
            AwsExport::EksAccessEntry => self.access_entry(document),
            AwsExport::EksAssociatedAccessPolicies => self.access_policies(document),
            AwsExport::IamAccountAuthorizationDetails => self.account_details(document),
            AwsExport::IamAccessKeyList => self.access_keys(document),
            AwsExport::Ec2Instances => self.instances(document),
            AwsExport::Ec2SecurityGroups => self.security_groups(document),
            AwsExport::Ec2NetworkInterfaces => self.network_interfaces(document),
            AwsExport::Ec2Subnets => self.subnets(document),
            AwsExport::Ec2PrefixLists => self.prefix_lists(document),
            AwsExport::EksNodeGroup => self.node_group(document),
            AwsExport::EksFargateProfile => self.fargate_profile(document),
            AwsExport::EksPodIdentityAssociation => {
                if let Some(association) = tree.get("association") {
                    self.pod_identity(association, source);
                }
            }
            AwsExport::Unknown => {
                let hint = "docs/reference/snapshot.md lists the commands whose output is understood";
                self.warn(source.clone(), "no known export of the AWS CLI; it was not used", hint);
            }
            _ => {}
        }
    }

    fn access_entry(&mut self, document: &AwsDocument) {
        let Some(tree) = document.tree.get("accessEntry") else { return };
        let source = document.source.at(tree.line);
        if !self.is_ours(tree, &source) {
            return;
        }
        let Some(principal_arn) = text(tree, "principalArn") else {
            return self.incomplete(source, "an access entry", "principalArn");
        };
        self.cluster.aws.access_entries_exported = true;
        let entry = AccessEntry {
            principal_arn,
            kind: text(tree, "type").unwrap_or_else(|| "STANDARD".into()),
            username: text(tree, "username"),
            groups: texts(tree.list("kubernetesGroups")),
            created_at: text_or_number(tree, "createdAt"),
            listed_only: false,
            source: source.clone(),
        };
        match self.cluster.aws.access_entries.iter().find(|known| known.principal_arn == entry.principal_arn)
        {
            None => self.cluster.aws.access_entries.push(entry),
            Some(known) => {
                let same = known.groups == entry.groups
                    && known.username == entry.username
                    && known.kind == entry.kind;
                if !same {
                    let message = format!(
                        "access entry of `{}` is exported twice with different content; {} counts",
                        entry.principal_arn, known.source
                    );
                    self.warn(source, message, "remove the one that is out of date");
                }
            }
        }
    }

    fn access_entry_list(&mut self, document: &AwsDocument) {
        self.cluster.aws.access_entries_exported = true;
        for item in document.tree.list("accessEntries") {
            let Some(principal_arn) = item.as_shared() else { continue };
            let entries = &mut self.cluster.aws.access_entries;
            if entries.iter().any(|known| known.principal_arn == *principal_arn) {
                continue;
            }
            entries.push(AccessEntry {
                principal_arn: Arc::clone(principal_arn),
                kind: Arc::from(""),
                username: None,
                groups: Vec::new(),
                created_at: None,
                listed_only: true,
                source: document.source.at(item.line),
            });
        }
    }

    fn access_policies(&mut self, document: &AwsDocument) {
        let AwsDocument { source, tree, .. } = document;
        if !self.is_ours(tree, source) {
            return;
        }
        let Some(principal_arn) = text(tree, "principalArn") else {
            if !tree.list("associatedAccessPolicies").is_empty() {
                self.incomplete(source.clone(), "associated access policies", "principalArn");
            }
            return;
        };
        for item in tree.list("associatedAccessPolicies") {
            let source = source.at(item.line);
            let Some(policy_arn) = text(item, "policyArn") else {
                self.incomplete(source, "an associated access policy", "policyArn");
                continue;
            };
            let scope = match text_at(item, &["accessScope", "type"]) {
                Some(kind) if &*kind == "cluster" => AccessScope::Cluster,
                Some(kind) if &*kind == "namespace" => AccessScope::Namespaces(texts(
                    item.get("accessScope").map(|scope| scope.list("namespaces")).unwrap_or_default(),
                )),
                kind => AccessScope::Unknown(kind.unwrap_or_default()),
            };
            let known = self.cluster.aws.access_policies.iter().any(|known| {
                known.principal_arn == principal_arn && known.policy_arn == policy_arn && known.scope == scope
            });
            if !known {
                let principal_arn = Arc::clone(&principal_arn);
                self.cluster.aws.access_policies.push(AccessPolicyAssociation {
                    principal_arn,
                    policy_arn,
                    scope,
                    source,
                });
            }
        }
    }

    fn node_group(&mut self, document: &AwsDocument) {
        let Some(tree) = document.tree.get("nodegroup") else { return };
        let source = document.source.at(tree.line);
        if !self.is_ours(tree, &source) {
            return;
        }
        let Some(name) = text(tree, "nodegroupName") else {
            return self.incomplete(source, "a node group", "nodegroupName");
        };
        if self.cluster.aws.node_groups.iter().any(|known| known.name == name) {
            return;
        }
        self.cluster.aws.node_groups.push(NodeGroup {
            name,
            node_role: text(tree, "nodeRole"),
            ami_type: text(tree, "amiType"),
            instance_types: texts(tree.list("instanceTypes")),
            launch_template: text_at(tree, &["launchTemplate", "id"]),
            source,
        });
    }

    fn fargate_profile(&mut self, document: &AwsDocument) {
        let Some(tree) = document.tree.get("fargateProfile") else { return };
        let source = document.source.at(tree.line);
        if !self.is_ours(tree, &source) {
            return;
        }
        let Some(name) = text(tree, "fargateProfileName") else {
            return self.incomplete(source, "a Fargate profile", "fargateProfileName");
        };
        if self.cluster.aws.fargate_profiles.iter().any(|known| known.name == name) {
            return;
        }
        let pod_execution_role = text(tree, "podExecutionRoleArn");
        self.cluster.aws.fargate_profiles.push(FargateProfile { name, pod_execution_role, source });
    }

    fn pod_identity_list(&mut self, document: &AwsDocument) {
        for item in document.tree.list("associations") {
            self.pod_identity(item, &document.source);
        }
    }

    /// One association. An account has at most one, so a described one comes before a listed one.
    fn pod_identity(&mut self, tree: &Tree, document: &Source) {
        let source = document.at(tree.line);
        if !self.is_ours(tree, &source) {
            return;
        }
        let (Some(namespace), Some(service_account)) =
            (text(tree, "namespace"), text(tree, "serviceAccount"))
        else {
            return self.incomplete(source, "a Pod Identity association", "namespace` or `serviceAccount");
        };
        let known = self
            .cluster
            .aws
            .pod_identities
            .iter()
            .any(|known| known.namespace == namespace && known.service_account == service_account);
        if !known {
            let policy = tree.get("policy").filter(|policy| !is_empty(policy)).map(|document| {
                self.policy(Exported {
                    owner: &format!("{namespace}/{service_account}"),
                    name: SESSION_POLICY.into(),
                    arn: None,
                    document: Some(document),
                    source: source.clone(),
                })
            });
            self.cluster.aws.pod_identities.push(PodIdentityAssociation {
                namespace,
                service_account,
                role_arn: text(tree, "roleArn"),
                target_role_arn: text(tree, "targetRoleArn"),
                external_id: text(tree, "externalId"),
                disable_session_tags: tree.get("disableSessionTags").and_then(Tree::as_bool),
                association_arn: text(tree, "associationArn"),
                policy,
                source,
            });
        }
    }
}
