//! What a role is for, told by how the snapshot uses it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_model::{Arn, AwsExport, Cluster, IamPrincipalKind, ObjectRef, Proof, Reason, Source};

use super::mapped::{self, As};
use super::probe::{Answer, Prober};
use crate::inventory::{Inventory, Known};
use crate::policy::{AwsPrincipalPattern, Effect, PrincipalPattern, Statement};

/// What a role is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// The cluster's own role, with which its control plane acts in the account.
    Cluster,
    /// The role of nodes: whoever reaches their metadata service has it.
    Node,
    /// The role with which AWS Fargate starts pods.
    FargatePodExecution,
    /// The role of pods, by their service account.
    ServiceAccount,
    /// The role of an EKS add-on.
    AddOn,
    /// A role that people take.
    Person,
    /// A role of automation outside the cluster, such as CI.
    Automation,
    /// A role that may create clusters, and is administrator of those that it creates.
    ClusterCreator,
    /// A role that an AWS service takes.
    AwsService,
}

impl Purpose {
    /// The purpose in one word, as JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Node => "node",
            Self::FargatePodExecution => "fargate-pod-execution",
            Self::ServiceAccount => "service-account",
            Self::AddOn => "add-on",
            Self::Person => "person",
            Self::Automation => "automation",
            Self::ClusterCreator => "cluster-creator",
            Self::AwsService => "aws-service",
        }
    }

    /// The purpose in words: a role "of …".
    pub fn of_what(self) -> &'static str {
        match self {
            Self::Cluster => "the cluster",
            Self::Node => "nodes",
            Self::FargatePodExecution => "Fargate",
            Self::ServiceAccount => "a service account",
            Self::AddOn => "an add-on",
            Self::Person => "people",
            Self::Automation => "automation",
            Self::ClusterCreator => "creating clusters",
            Self::AwsService => "an AWS service",
        }
    }
}

/// A role with what it is for.
#[derive(Clone, Debug)]
pub struct RolePurposes {
    /// ARN of the role.
    pub arn: Arc<str>,
    /// Where the role is written, or what names it if it is in no export.
    pub source: Source,
    /// What it is for, each time with what tells so; empty if nothing in the snapshot uses it.
    pub purposes: Vec<(Purpose, Reason)>,
}

impl RolePurposes {
    /// Whether AWS made the role for one of its services and alone can change it.
    pub fn is_of_aws(&self) -> bool {
        super::is_of_aws(&self.arn)
    }
}

/// What each role of the snapshot is for: those of the export in its order, then those that something else names.
pub fn purposes(inventory: &Inventory<'_>) -> Vec<RolePurposes> {
    let strip = |used: Used| RolePurposes {
        arn: used.arn,
        source: used.source,
        purposes: used.uses.into_iter().map(|one| (one.purpose, one.reason)).collect(),
    };
    uses(inventory).into_iter().map(strip).collect()
}

/// A role with its uses.
#[derive(Clone, Debug)]
pub(super) struct Used {
    pub(super) arn: Arc<str>,
    pub(super) source: Source,
    pub(super) uses: Vec<Use>,
}

impl Used {
    pub(super) fn is(&self, purpose: Purpose) -> bool {
        self.uses.iter().any(|one| one.purpose == purpose)
    }

    /// The service accounts that have the role.
    pub(super) fn accounts(&self) -> impl Iterator<Item = &(Arc<str>, Arc<str>)> {
        self.uses.iter().filter_map(|one| one.account.as_ref())
    }
}

/// One use of a role.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) purpose: Purpose,
    pub(super) reason: Reason,
    /// Namespace and name of the service account that has it.
    pub(super) account: Option<(Arc<str>, Arc<str>)>,
    /// The add-on that has it.
    pub(super) add_on: Option<Arc<str>>,
}

/// The uses of each role.
pub(super) fn uses(inventory: &Inventory<'_>) -> Vec<Used> {
    let mut found = Found { inventory, at: BTreeMap::new(), all: Vec::new() };
    let roles =
        || inventory.principals().iter().filter(|known| known.principal.kind == IamPrincipalKind::Role);
    for Known { principal, .. } in roles() {
        found.place(&principal.arn, &principal.source);
    }
    let cluster = inventory.cluster();
    found.of_cluster(cluster);
    found.of_nodes(cluster);
    found.of_pods(cluster);
    found.of_add_ons(cluster);
    for known in roles() {
        for one in of_trust(known, cluster) {
            found.add_use(&known.principal.arn, one);
        }
    }
    found.of_mappings(cluster);
    let prober = Prober::new(inventory);
    for known in roles().filter(|known| !super::is_of_aws(&known.principal.arn)) {
        if let Answer { allowed: true, reasons, .. } =
            prober.may(known, "eks:CreateCluster", "arn:{p}:eks:{r}:{a}:cluster/{canary}")
            && let Some(reason) = reasons.into_iter().next()
        {
            found.add(&known.principal.arn, Purpose::ClusterCreator, reason);
        }
    }
    found.all
}

struct Found<'f> {
    inventory: &'f Inventory<'f>,
    /// Where each role is in `all`.
    at: BTreeMap<Arc<str>, usize>,
    all: Vec<Used>,
}

impl Found<'_> {
    /// The place of a role, by the ARN of the export if it is there: others may leave out its path.
    fn place(&mut self, arn: &Arc<str>, source: &Source) -> Option<&mut Used> {
        let arn = self.inventory.role(arn).map_or(arn, |known| &known.principal.arn);
        let at = match self.at.get(arn) {
            Some(at) => *at,
            None => {
                self.at.insert(Arc::clone(arn), self.all.len());
                self.all.push(Used { arn: Arc::clone(arn), source: source.clone(), uses: Vec::new() });
                self.all.len() - 1
            }
        };
        self.all.get_mut(at)
    }

    fn add(&mut self, arn: &Arc<str>, purpose: Purpose, reason: Reason) {
        self.add_use(arn, Use { purpose, reason, account: None, add_on: None });
    }

    fn add_use(&mut self, arn: &Arc<str>, one: Use) {
        let source = one.reason.source.clone();
        if let Some(used) = self.place(arn, &source)
            && !used.uses.iter().any(|known| known.purpose == one.purpose && known.reason == one.reason)
        {
            used.uses.push(one);
        }
    }

    fn of_cluster(&mut self, cluster: &Cluster) {
        let Some(arn) = &cluster.info.role_arn else { return };
        let documents =
            cluster.aws.documents.iter().filter(|document| document.export == AwsExport::EksCluster);
        let written = documents.filter_map(|document| {
            let entry = document.tree.get("cluster")?.entry("roleArn")?;
            (entry.value.as_shared() == Some(arn)).then(|| document.source.at(entry.line))
        });
        let source = written.into_iter().next().unwrap_or_else(Source::built_in);
        self.add(arn, Purpose::Cluster, told(arn, &source, "is the role of the cluster".into()));
    }

    fn of_nodes(&mut self, cluster: &Cluster) {
        let aws = &cluster.aws;
        for group in &aws.node_groups {
            let Some(arn) = &group.node_role else { continue };
            let text = format!("is the role of node group {}", group.name);
            self.add(arn, Purpose::Node, told(arn, &group.source, text));
        }
        for profile in &aws.fargate_profiles {
            let Some(arn) = &profile.pod_execution_role else { continue };
            let text = format!("is the pod execution role of Fargate profile {}", profile.name);
            self.add(arn, Purpose::FargatePodExecution, told(arn, &profile.source, text));
        }
        let is_node = |id: &str| {
            let ids = cluster.nodes.iter().filter_map(|node| node.provider_id.as_deref());
            ids.into_iter().any(|provider| provider.rsplit('/').next() == Some(id))
        };
        for instance in aws.instances.iter().filter(|instance| is_node(&instance.id)) {
            let Some(profile) = &instance.instance_profile_arn else { continue };
            for role in aws.principals.iter().filter(|role| role.instance_profiles.contains(profile)) {
                let text = format!("is in the instance profile of node {}", instance.id);
                self.add(&role.arn, Purpose::Node, told(&role.arn, &instance.source, text));
            }
        }
    }

    fn of_pods(&mut self, cluster: &Cluster) {
        for account in &cluster.service_accounts {
            let Some(arn) = &account.role_arn else { continue };
            let reason = Reason {
                proof: Proof::Object(service_account(&account.namespace, &account.name)),
                ..told(arn, &account.source.at(account.role_arn_line), "is annotated with it".into())
            };
            let account = Some((Arc::clone(&account.namespace), Arc::clone(&account.name)));
            self.add_use(arn, Use { purpose: Purpose::ServiceAccount, reason, account, add_on: None });
        }
        for association in &cluster.aws.pod_identities {
            let (namespace, name) = (&association.namespace, &association.service_account);
            let roles = association.role_arn.iter().chain(&association.target_role_arn);
            for arn in roles {
                let text = format!("is given to service account {namespace}/{name} by Pod Identity");
                let account = Some((Arc::clone(namespace), Arc::clone(name)));
                let reason = told(arn, &association.source, text);
                self.add_use(arn, Use { purpose: Purpose::ServiceAccount, reason, account, add_on: None });
            }
        }
    }

    fn of_add_ons(&mut self, cluster: &Cluster) {
        for document in cluster.aws.documents.iter().filter(|document| document.export == AwsExport::EksAddon)
        {
            let Some(add_on) = document.tree.get("addon") else { continue };
            let (Some(name), of_cluster) = (add_on.shared("addonName"), add_on.str("clusterName")) else {
                continue;
            };
            let other = of_cluster.zip(cluster.info.name.as_deref()).is_some_and(|(its, own)| its != own);
            if other {
                continue;
            }
            let mut give = |arn: &Arc<str>, line: u32| {
                let reason = told(arn, &document.source.at(line), format!("is the role of add-on {name}"));
                let add_on = Some(Arc::clone(&name));
                self.add_use(arn, Use { purpose: Purpose::AddOn, reason, account: None, add_on });
            };
            if let Some(entry) = add_on.entry("serviceAccountRoleArn")
                && let Some(arn) = entry.value.as_shared()
            {
                give(arn, entry.line);
            }
            for item in add_on.list("podIdentityAssociations") {
                let mut associations = cluster.aws.pod_identities.iter();
                let known = associations.find(|known| known.association_arn.as_ref() == item.as_shared());
                if let Some(arn) =
                    known.filter(|_| item.as_str().is_some()).and_then(|known| known.role_arn.as_ref())
                {
                    give(arn, item.line);
                }
            }
        }
    }

    /// Access entries and aws-auth. Whom a mapping lets in as a user is told by who may take the role.
    fn of_mappings(&mut self, cluster: &Cluster) {
        for mapped in mapped::all(cluster) {
            let is_role = mapped.arn.parse().is_ok_and(|arn: Arn| arn.resource.starts_with("role/"));
            if !is_role {
                continue;
            }
            let reason = told(&mapped.arn, &mapped.source, format!("has an entry: {}", mapped.by));
            let purpose = match mapped.what {
                As::Node => Some(Purpose::Node),
                As::Fargate => Some(Purpose::FargatePodExecution),
                As::User => self.user(&mapped.arn, cluster),
            };
            if let Some(purpose) = purpose {
                self.add(&mapped.arn, purpose, reason);
            }
        }
    }

    /// What a role is that the cluster lets in as a user; of one that does not exist nobody knows.
    fn user(&self, arn: &Arc<str>, cluster: &Cluster) -> Option<Purpose> {
        let Some(known) = self.inventory.role(arn) else {
            return (!cluster.aws.iam_exported).then_some(Purpose::Person);
        };
        let takers: Vec<Purpose> = of_trust(known, cluster).into_iter().map(|one| one.purpose).collect();
        let by_machines_alone = known.trust().is_some_and(only_services);
        Some(match takers.as_slice() {
            [] if by_machines_alone => Purpose::Automation,
            [] => Purpose::Person,
            all if all.contains(&Purpose::Person) => Purpose::Person,
            [first, ..] => *first,
        })
    }
}

fn only_services(trust: &crate::policy::Policy) -> bool {
    let elements = trust.statements.iter().filter_map(|statement| statement.principals.as_ref());
    elements.into_iter().all(|element| {
        !element.negated
            && element.patterns.iter().all(|(pattern, _)| matches!(pattern, PrincipalPattern::Service(_)))
    })
}

/// Who may take a role by its trust policy, as far as that tells a purpose.
///
/// Sources: Amazon EKS User Guide, *IAM roles for service accounts* and *EKS Pod Identity*; IAM User Guide, *Create a role
/// for OpenID Connect federation*; IAM Identity Center User Guide, *Permission sets* (roles `AWSReservedSSO_…`).
fn of_trust(known: &Known<'_>, cluster: &Cluster) -> Vec<Use> {
    let Some(trust) = known.trust() else { return Vec::new() };
    let role = &known.principal.arn;
    let mut uses = Vec::new();
    for statement in trust.statements.iter().filter(|statement| statement.effect == Effect::Allow) {
        let Some(element) = statement.principals.as_ref().filter(|element| !element.negated) else {
            continue;
        };
        for (pattern, line) in &element.patterns {
            let Some((purpose, who)) = taker(pattern, role, cluster) else { continue };
            let reason = Reason {
                statement: Some(reference(statement)),
                ..told(role, &trust.source.at(*line), format!("its trust policy lets in {who}"))
            };
            uses.push(Use { purpose, reason, account: None, add_on: None });
        }
    }
    uses
}

fn taker(pattern: &PrincipalPattern, role: &str, cluster: &Cluster) -> Option<(Purpose, String)> {
    let own: Arn = role.parse().ok()?;
    match pattern {
        PrincipalPattern::Service(name) => match &**name {
            name if super::is_of_aws(role) => Some((Purpose::AwsService, format!("the service {name}"))),
            "pods.eks.amazonaws.com" => Some((Purpose::ServiceAccount, "EKS Pod Identity".into())),
            // They take the role of whatever the customer gives it to, which tells the purpose.
            "ec2.amazonaws.com" | "ec2.amazonaws.com.cn" | "eks.amazonaws.com" => None,
            "eks-fargate-pods.amazonaws.com" => None,
            name => Some((Purpose::AwsService, format!("the service {name}"))),
        },
        PrincipalPattern::Federated(provider) => federated(provider, cluster),
        PrincipalPattern::Aws(AwsPrincipalPattern::Account(account)) if **account == own.account => {
            Some((Purpose::Person, "the users of its own account".into()))
        }
        PrincipalPattern::Aws(AwsPrincipalPattern::User { account, name }) if **account == own.account => {
            Some((Purpose::Person, format!("user {name}")))
        }
        PrincipalPattern::Aws(
            AwsPrincipalPattern::Role { name, .. } | AwsPrincipalPattern::Session { role: name, .. },
        ) if name.starts_with(IDENTITY_CENTER) => {
            Some((Purpose::Person, format!("a permission set of Identity Center, {name}")))
        }
        _ => None,
    }
}

/// How names of roles begin that IAM Identity Center makes for its permission sets.
pub(super) const IDENTITY_CENTER: &str = "AWSReservedSSO_";

fn federated(provider: &str, cluster: &Cluster) -> Option<(Purpose, String)> {
    if provider.contains(":saml-provider/") {
        return Some((Purpose::Person, "people by SAML".into()));
    }
    let url = oidc_url(provider)?;
    let issuer = cluster.info.oidc_issuer.as_deref().and_then(|issuer| issuer.strip_prefix("https://"));
    Some(if issuer == Some(url) {
        (Purpose::ServiceAccount, "service accounts of the cluster".into())
    } else if is_eks_issuer(url) {
        (Purpose::ServiceAccount, "service accounts of another cluster".into())
    } else {
        (Purpose::Automation, format!("those whom {url} vouches for"))
    })
}

/// The URL of an OpenID Connect provider, without `https://`.
pub(super) fn oidc_url(provider: &str) -> Option<&str> {
    provider.split_once(":oidc-provider/").map(|(_, url)| url)
}

/// Whether it is the issuer of an EKS cluster's service accounts.
pub(super) fn is_eks_issuer(url: &str) -> bool {
    url.starts_with("oidc.eks.") || url.starts_with("oidc-eks.")
}

pub(super) fn reference(statement: &Statement) -> ringwall_model::StatementRef {
    ringwall_model::StatementRef { index: statement.index, sid: statement.sid.clone() }
}

/// A reason about an AWS resource.
pub(super) fn told(arn: &Arc<str>, source: &Source, text: String) -> Reason {
    crate::pods::resource_reason(arn, source, text)
}

fn service_account(namespace: &Arc<str>, name: &Arc<str>) -> ObjectRef {
    ObjectRef {
        api_version: "v1".into(),
        kind: "ServiceAccount".into(),
        namespace: Some(Arc::clone(namespace)),
        name: Arc::clone(name),
    }
}
