use std::net::IpAddr;
use std::sync::Arc;

use crate::network::{Ec2Subnet, NetworkInterface, PrefixList, SecurityGroup};
use crate::{
    AccessKey, IamGroup, IamPrincipal, OidcProvider, Organization, PolicyDocument, ResourcePolicy, Source,
    Tree,
};

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
    /// IAM groups.
    pub groups: Vec<IamGroup>,
    /// Managed policies, each with its default version.
    pub managed_policies: Vec<PolicyDocument>,
    /// Whether `get-account-authorization-details` was exported, so that what is not there does not exist.
    pub iam_exported: bool,
    /// Policies of resources, and resources known to have none.
    pub resource_policies: Vec<ResourcePolicy>,
    /// The organization with its service and resource control policies.
    pub organization: Option<Organization>,
    /// Identity providers for OpenID Connect.
    pub oidc_providers: Vec<OidcProvider>,
    /// Whether `list-open-id-connect-providers` was exported, so that what is not there does not exist.
    pub oidc_providers_exported: bool,
    /// Access keys of users.
    pub access_keys: Vec<AccessKey>,
    /// Whether a `list-access-keys` was exported at all; each tells of one user.
    pub access_keys_exported: bool,
    /// EC2 instances.
    pub instances: Vec<Ec2Instance>,
    /// Security groups.
    pub security_groups: Vec<SecurityGroup>,
    /// Network interfaces, those that `describe-instances` tells of too.
    pub network_interfaces: Vec<NetworkInterface>,
    /// Prefix lists.
    pub prefix_lists: Vec<PrefixList>,
    /// Subnets.
    pub subnets: Vec<Ec2Subnet>,
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
    /// `ec2 get-managed-prefix-list-entries`
    Ec2PrefixListEntries,
    /// `ecr describe-repositories`
    EcrRepositories,
    /// `ecr get-repository-policy`
    EcrRepositoryPolicy,
    /// `ecr get-lifecycle-policy`
    EcrLifecyclePolicy,
    /// `kms describe-key`
    KmsKey,
    /// `kms get-key-policy`, and `s3api get-bucket-policy`, which looks the same
    KmsKeyPolicy,
    /// `secretsmanager get-resource-policy`
    SecretsManagerResourcePolicy,
    /// `sqs get-queue-attributes`
    SqsQueueAttributes,
    /// `sns get-topic-attributes`
    SnsTopicAttributes,
    /// `iam list-open-id-connect-providers`
    IamOidcProviderList,
    /// `iam get-open-id-connect-provider`
    IamOidcProvider,
    /// `iam list-access-keys`
    IamAccessKeyList,
    /// Policies of resources in Ringwall's own shape, `{"ResourcePolicies": […]}`
    ResourcePolicies,
    /// An organization in Ringwall's own shape, `{"Organization": {…}, "Roots": […]}`
    Organization,
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

/// A managed node group.
#[derive(Clone, Debug)]
pub struct NodeGroup {
    /// Its name.
    pub name: Arc<str>,
    /// ARN of its nodes' role.
    pub node_role: Option<Arc<str>>,
    /// `AL2023_x86_64_STANDARD`, `CUSTOM` …
    pub ami_type: Option<Arc<str>>,
    /// Instance types, unless its launch template names them.
    pub instance_types: Vec<Arc<str>>,
    /// Id of the launch template that its owner gave it.
    pub launch_template: Option<Arc<str>>,
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
    /// ARN of the role that EKS assumes from the first one, often in another account.
    pub target_role_arn: Option<Arc<str>>,
    /// External id with which the target role is assumed.
    pub external_id: Option<Arc<str>>,
    /// Whether EKS leaves out the session tags (`kubernetes-namespace` and others).
    pub disable_session_tags: Option<bool>,
    /// ARN of the association.
    pub association_arn: Option<Arc<str>>,
    /// Session policy that narrows what the role may do.
    pub policy: Option<PolicyDocument>,
    /// Where it is written.
    pub source: Source,
}

/// An EC2 instance: what it hands to whoever reaches its metadata service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ec2Instance {
    /// `i-…`
    pub id: Arc<str>,
    /// `running`, `terminated` …
    pub state: Option<Arc<str>>,
    /// Its private DNS name, which a node may be named by.
    pub private_dns_name: Option<Arc<str>>,
    /// `m5.large` …
    pub instance_type: Option<Arc<str>>,
    /// Its private addresses.
    pub addresses: Vec<IpAddr>,
    /// ARN of its instance profile.
    pub instance_profile_arn: Option<Arc<str>>,
    /// `MetadataOptions.HttpEndpoint`: `enabled` or `disabled`.
    pub http_endpoint: Option<Arc<str>>,
    /// `MetadataOptions.HttpTokens`: `required` (IMDSv2 alone) or `optional`.
    pub http_tokens: Option<Arc<str>>,
    /// `MetadataOptions.HttpPutResponseHopLimit`: above 1 a token reaches into pods.
    pub hop_limit: Option<i64>,
    /// Where it is written.
    pub source: Source,
}
