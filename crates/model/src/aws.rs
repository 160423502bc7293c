use std::sync::Arc;

use crate::{Source, Tree};

/// What the exports in `aws/` say.
#[derive(Clone, Debug, Default)]
pub struct Aws {
    /// Access entries of the cluster.
    pub access_entries: Vec<AccessEntry>,
    /// Access policies given to them.
    pub access_policies: Vec<AccessPolicyAssociation>,
    /// Whether `list-access-entries` or a `describe-access-entry` was exported at all.
    pub access_entries_exported: bool,
    /// IAM users and roles; empty if the account's details were not exported.
    pub principals: Vec<IamPrincipal>,
    /// Managed node groups.
    pub node_groups: Vec<NodeGroup>,
    /// Fargate profiles.
    pub fargate_profiles: Vec<FargateProfile>,
    /// Pod Identity associations.
    pub pod_identities: Vec<PodIdentityAssociation>,
    /// Every export as it was read, also those that nothing above was made from.
    pub documents: Vec<AwsDocument>,
}

/// Which AWS CLI command printed a document, told apart by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AwsExport {
    /// `iam get-account-authorization-details`
    IamAccountAuthorizationDetails,
    /// `eks describe-cluster`
    EksCluster,
    /// `eks list-access-entries`
    EksAccessEntryList,
    /// `eks describe-access-entry`
    EksAccessEntry,
    /// `eks list-associated-access-policies`
    EksAssociatedAccessPolicies,
    /// `eks list-pod-identity-associations`
    EksPodIdentityAssociationList,
    /// `eks describe-pod-identity-association`
    EksPodIdentityAssociation,
    /// `eks list-addons`
    EksAddonList,
    /// `eks describe-addon`
    EksAddon,
    /// `eks describe-nodegroup`
    EksNodeGroup,
    /// `eks describe-fargate-profile`
    EksFargateProfile,
    /// `ec2 describe-security-groups`
    Ec2SecurityGroups,
    /// `ec2 describe-network-interfaces`
    Ec2NetworkInterfaces,
    /// `ec2 describe-instances`
    Ec2Instances,
    /// `ec2 describe-subnets`
    Ec2Subnets,
    /// `ec2 describe-prefix-lists` and `describe-managed-prefix-lists`
    Ec2PrefixLists,
    /// `ecr describe-repositories`
    EcrRepositories,
    /// `ecr get-repository-policy`
    EcrRepositoryPolicy,
    /// `ecr get-lifecycle-policy`
    EcrLifecyclePolicy,
    /// `kms describe-key`
    KmsKey,
    /// `kms get-key-policy`
    KmsKeyPolicy,
    /// None of these: kept as it is.
    Unknown,
}

/// One document of `aws/`.
#[derive(Clone, Debug)]
pub struct AwsDocument {
    /// Which command printed it.
    pub export: AwsExport,
    /// Where it begins.
    pub source: Source,
    /// Everything it says.
    pub tree: Tree,
}

/// An access entry: one IAM principal that the EKS API lets in.
#[derive(Clone, Debug)]
pub struct AccessEntry {
    /// ARN of the principal; unlike in aws-auth it may have a path.
    pub principal_arn: Arc<str>,
    /// `STANDARD`, `EC2_LINUX`, `EC2_WINDOWS`, `FARGATE_LINUX`, `HYBRID_LINUX`, `EC2`, `HYPERPOD_LINUX`.
    pub kind: Arc<str>,
    /// User name or template; `None` if the export does not tell (a list names principals alone).
    pub username: Option<Arc<str>>,
    /// Kubernetes groups.
    pub groups: Vec<Arc<str>>,
    /// `createdAt` as it was printed: ISO 8601 text or seconds since 1970.
    pub created_at: Option<Arc<str>>,
    /// Whether this stands in a `list-access-entries` alone, so that nothing but its ARN is known.
    pub listed_only: bool,
    /// Where it is written.
    pub source: Source,
}

/// An access policy given to an access entry.
#[derive(Clone, Debug)]
pub struct AccessPolicyAssociation {
    /// The access entry's principal.
    pub principal_arn: Arc<str>,
    /// `arn:aws:eks::aws:cluster-access-policy/…`
    pub policy_arn: Arc<str>,
    /// Where in the cluster it holds.
    pub scope: AccessScope,
    /// Where it is written.
    pub source: Source,
}

/// Where an access policy holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessScope {
    /// The whole cluster.
    Cluster,
    /// Namespaces, a trailing or inner `*` standing for any text.
    Namespaces(Vec<Arc<str>>),
    /// A scope that this version does not know; it grants nothing and is reported.
    Unknown(Arc<str>),
}

/// Users and roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IamPrincipalKind {
    /// An IAM user.
    User,
    /// An IAM role.
    Role,
}

/// An IAM user or role of the account.
#[derive(Clone, Debug)]
pub struct IamPrincipal {
    /// User or role.
    pub kind: IamPrincipalKind,
    /// ARN, with its path.
    pub arn: Arc<str>,
    /// Name without path.
    pub name: Arc<str>,
    /// Unique id (`AROA…`, `AIDA…`), another one for a re-created principal.
    pub id: Option<Arc<str>>,
    /// `CreateDate` as it was printed.
    pub created_at: Option<Arc<str>>,
    /// Where it is written.
    pub source: Source,
}

/// A managed node group.
#[derive(Clone, Debug)]
pub struct NodeGroup {
    /// Its name.
    pub name: Arc<str>,
    /// ARN of its nodes' role.
    pub node_role: Option<Arc<str>>,
    /// `AL2023_x86_64_STANDARD`, `CUSTOM` …
    pub ami_type: Option<Arc<str>>,
    /// Where it is written.
    pub source: Source,
}

/// A Fargate profile.
#[derive(Clone, Debug)]
pub struct FargateProfile {
    /// Its name.
    pub name: Arc<str>,
    /// ARN of the role with which its pods are started.
    pub pod_execution_role: Option<Arc<str>>,
    /// Where it is written.
    pub source: Source,
}

/// A Pod Identity association.
#[derive(Clone, Debug)]
pub struct PodIdentityAssociation {
    /// Namespace of the service account.
    pub namespace: Arc<str>,
    /// The service account.
    pub service_account: Arc<str>,
    /// ARN of the role; `None` if only listed.
    pub role_arn: Option<Arc<str>>,
    /// Where it is written.
    pub source: Source,
}
