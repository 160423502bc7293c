use ringwall_model::{AwsExport, Tree, Value};

/// Tells which command printed a document. Of several keys the most telling one decides.
///
/// Source: the output shapes of botocore 1.44's service models.
pub(crate) fn classify(tree: &Tree) -> AwsExport {
    use AwsExport as E;
    let is_list = |key: &str| matches!(tree.get(key).map(|tree| &tree.value), Some(Value::Sequence(_)));
    let is_object = |key: &str| matches!(tree.get(key).map(|tree| &tree.value), Some(Value::Mapping(_)));
    let objects = [
        ("cluster", E::EksCluster),
        ("accessEntry", E::EksAccessEntry),
        ("association", E::EksPodIdentityAssociation),
        ("addon", E::EksAddon),
        ("nodegroup", E::EksNodeGroup),
        ("fargateProfile", E::EksFargateProfile),
        ("KeyMetadata", E::KmsKey),
        ("Organization", E::Organization),
    ];
    let lists = [
        ("RoleDetailList", E::IamAccountAuthorizationDetails),
        ("UserDetailList", E::IamAccountAuthorizationDetails),
        ("accessEntries", E::EksAccessEntryList),
        ("associatedAccessPolicies", E::EksAssociatedAccessPolicies),
        ("associations", E::EksPodIdentityAssociationList),
        ("addons", E::EksAddonList),
        ("SecurityGroups", E::Ec2SecurityGroups),
        ("NetworkInterfaces", E::Ec2NetworkInterfaces),
        ("Reservations", E::Ec2Instances),
        ("Subnets", E::Ec2Subnets),
        ("PrefixLists", E::Ec2PrefixLists),
        ("repositories", E::EcrRepositories),
        ("ResourcePolicies", E::ResourcePolicies),
        ("OpenIDConnectProviderList", E::IamOidcProviderList),
        ("AccessKeyMetadata", E::IamAccessKeyList),
    ];
    let texts = [
        ("policyText", E::EcrRepositoryPolicy),
        ("lifecyclePolicyText", E::EcrLifecyclePolicy),
        ("ResourcePolicy", E::SecretsManagerResourcePolicy),
    ];
    let attributes = [("QueueArn", E::SqsQueueAttributes), ("TopicArn", E::SnsTopicAttributes)];
    let has_attribute = |key: &str| tree.at(&["Attributes", key]).and_then(Tree::as_str).is_some();
    let told_by_several = [
        // The only keys of a secret without a policy.
        (
            tree.str("ARN").is_some_and(|arn| arn.contains(":secretsmanager:"))
                && tree.str("Name").is_some()
                && tree.entries().len() == 2,
            E::SecretsManagerResourcePolicy,
        ),
        (
            is_list("Entries") && tree.list("Entries").iter().all(|entry| entry.str("Cidr").is_some()),
            E::Ec2PrefixListEntries,
        ),
        (
            tree.str("Url").is_some() && (is_list("ClientIDList") || is_list("ThumbprintList")),
            E::IamOidcProvider,
        ),
        (
            tree.str("Policy").is_some() && (tree.entries().len() == 1 || tree.str("PolicyName").is_some()),
            E::KmsKeyPolicy,
        ),
    ];
    objects
        .into_iter()
        .find(|(key, _)| is_object(key))
        .or_else(|| lists.into_iter().find(|(key, _)| is_list(key)))
        .or_else(|| texts.into_iter().find(|(key, _)| tree.str(key).is_some()))
        .map(|(_, export)| export)
        .or_else(|| attributes.into_iter().find(|(key, _)| has_attribute(key)).map(|(_, export)| export))
        .or_else(|| told_by_several.into_iter().find(|(is_it, _)| *is_it).map(|(_, export)| export))
        .unwrap_or(E::Unknown)
}

/// Whether a document says that there is more which it does not hold.
pub(crate) fn is_incomplete(tree: &Tree) -> bool {
    ["nextToken", "NextToken"].iter().any(|key| tree.get(key).is_some_and(|token| !token.is_null()))
        || tree.get("IsTruncated").and_then(Tree::as_bool) == Some(true)
}
