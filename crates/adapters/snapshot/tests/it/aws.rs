//! Exports of the AWS CLI, told apart by what they hold.

use ringwall_model::{AccessScope, AwsExport, IamPrincipalKind};
use ringwall_snapshot::Snapshot;

use crate::folder::{Folder, clean, told};

const EXPORTS: [(AwsExport, &str); 30] = [
    (
        AwsExport::IamAccountAuthorizationDetails,
        r#"{"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}"#,
    ),
    (AwsExport::EksCluster, r#"{"cluster": {"name": "shop", "status": "ACTIVE"}}"#),
    (AwsExport::EksAccessEntryList, r#"{"accessEntries": ["arn:aws:iam::111122223333:role/a"]}"#),
    (
        AwsExport::EksAccessEntry,
        r#"{"accessEntry": {"clusterName": "shop", "principalArn": "arn:aws:iam::111122223333:role/b"}}"#,
    ),
    (
        AwsExport::EksAssociatedAccessPolicies,
        r#"{"associatedAccessPolicies": [], "clusterName": "shop", "principalArn": "arn:aws:iam::111122223333:role/b"}"#,
    ),
    (
        AwsExport::EksPodIdentityAssociationList,
        r#"{"associations": [{"clusterName": "shop", "namespace": "n", "serviceAccount": "a"}]}"#,
    ),
    (
        AwsExport::EksPodIdentityAssociation,
        r#"{"association": {"clusterName": "shop", "namespace": "n", "serviceAccount": "b", "roleArn": "r"}}"#,
    ),
    (AwsExport::EksAddonList, r#"{"addons": ["coredns"]}"#),
    (AwsExport::EksAddon, r#"{"addon": {"addonName": "coredns", "podIdentityAssociations": []}}"#),
    (
        AwsExport::EksNodeGroup,
        r#"{"nodegroup": {"nodegroupName": "g", "clusterName": "shop", "nodeRole": "r"}}"#,
    ),
    (
        AwsExport::EksFargateProfile,
        r#"{"fargateProfile": {"fargateProfileName": "f", "clusterName": "shop"}}"#,
    ),
    (AwsExport::Ec2SecurityGroups, r#"{"SecurityGroups": [{"GroupId": "sg-1"}]}"#),
    (AwsExport::Ec2NetworkInterfaces, r#"{"NetworkInterfaces": []}"#),
    (AwsExport::Ec2Instances, r#"{"Reservations": [{"Instances": [{"InstanceId": "i-1"}]}]}"#),
    (AwsExport::Ec2Subnets, r#"{"Subnets": []}"#),
    (AwsExport::Ec2PrefixLists, r#"{"PrefixLists": [{"PrefixListId": "pl-1", "Cidrs": []}]}"#),
    (AwsExport::EcrRepositories, r#"{"repositories": []}"#),
    (
        AwsExport::EcrRepositoryPolicy,
        r#"{"registryId": "111122223333", "repositoryName": "r", "policyText": "{}"}"#,
    ),
    (AwsExport::EcrLifecyclePolicy, r#"{"repositoryName": "r", "lifecyclePolicyText": "{}"}"#),
    (AwsExport::KmsKey, r#"{"KeyMetadata": {"KeyId": "k"}}"#),
    (AwsExport::KmsKeyPolicy, r#"{"Policy": "{}", "PolicyName": "default"}"#),
    (AwsExport::KmsKeyPolicy, r#"{"Policy": "{}"}"#),
    (
        AwsExport::SecretsManagerResourcePolicy,
        r#"{"ARN": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-1", "Name": "a", "ResourcePolicy": "{}"}"#,
    ),
    (
        AwsExport::SecretsManagerResourcePolicy,
        r#"{"ARN": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:b-1", "Name": "b"}"#,
    ),
    (
        AwsExport::SqsQueueAttributes,
        r#"{"Attributes": {"QueueArn": "arn:aws:sqs:eu-west-1:111122223333:q", "Policy": "{}"}}"#,
    ),
    (
        AwsExport::SnsTopicAttributes,
        r#"{"Attributes": {"TopicArn": "arn:aws:sns:eu-west-1:111122223333:t", "Policy": "{}"}}"#,
    ),
    (AwsExport::IamOidcProviderList, r#"{"OpenIDConnectProviderList": []}"#),
    (AwsExport::IamAccessKeyList, r#"{"AccessKeyMetadata": []}"#),
    (AwsExport::ResourcePolicies, r#"{"ResourcePolicies": []}"#),
    (AwsExport::Organization, r#"{"Organization": {"Id": "o-1"}, "Roots": []}"#),
];

/// Problems other than that a policy's resource can't be told, which takes more than one export.
fn others(snapshot: &Snapshot) -> Vec<String> {
    told(snapshot).into_iter().filter(|told| !told.contains("can't be told")).collect()
}

#[test]
fn exports_are_told_apart_by_content() {
    for (export, text) in EXPORTS {
        let snapshot = Folder::with(&[("aws/any-name.txt.json", text)]).read();
        assert_eq!(others(&snapshot), [""; 0], "{text}");
        let documents = snapshot.cluster.aws.documents;
        assert_eq!(documents.len(), 1, "{text}");
        assert_eq!(documents[0].export, export, "{text}");
    }
}

#[test]
fn all_may_stand_in_one_file() {
    let text: String = EXPORTS.iter().map(|(_, text)| format!("{text}\n")).collect();
    let snapshot = Folder::with(&[("aws/all.json", &text)]).read();
    assert_eq!(others(&snapshot), [""; 0]);
    let documents = snapshot.cluster.aws.documents;
    for (index, (document, (export, _))) in documents.iter().zip(EXPORTS).enumerate() {
        assert_eq!((document.export, document.source.line as usize), (export, index + 1));
    }
    assert_eq!(documents.len(), EXPORTS.len());
}

#[test]
fn an_unknown_document_is_kept_with_a_warning() {
    let snapshot =
        Folder::with(&[("aws/x.json", "{\"Buckets\": []}\n{\"Policy\": {\"Arn\": \"a\"}}\n[1]\n{\"Policy\": \"{}\", \"RevisionId\": \"1\"}\n")]).read();
    assert_eq!(snapshot.cluster.aws.documents.len(), 4);
    assert!(snapshot.cluster.aws.documents.iter().all(|document| document.export == AwsExport::Unknown));
    assert_eq!(
        told(&snapshot),
        [1, 2, 3, 4]
            .map(|line| format!("W aws/x.json:{line}: no known export of the AWS CLI; it was not used"))
    );
}

#[test]
fn one_page_of_several_is_told() {
    for token in [r#""nextToken": "x""#, r#""NextToken": "x""#, r#""IsTruncated": true"#] {
        let snapshot = Folder::with(&[("aws/x.json", &format!("{{\"accessEntries\": [], {token}}}"))]).read();
        assert_eq!(
            told(&snapshot),
            ["W aws/x.json:1: the export is one page of several; the rest is missing"]
        );
    }
    clean(&[("aws/x.json", r#"{"accessEntries": [], "nextToken": null}"#)]);
}

#[test]
fn access_entries_and_policies_are_joined_from_their_exports() {
    let entry = r#"{"accessEntry": {"clusterName": "shop", "principalArn": "arn:aws:iam::111122223333:role/a",
"kubernetesGroups": ["g"], "createdAt": "2025-04-14T22:45:48.097000-05:00", "username": "u", "type": "STANDARD"}}"#;
    let policies = r#"{"associatedAccessPolicies": [
{"policyArn": "p1", "accessScope": {"type": "cluster", "namespaces": []}},
{"policyArn": "p2", "accessScope": {"type": "namespace", "namespaces": ["n"]}}],
"clusterName": "shop", "principalArn": "arn:aws:iam::111122223333:role/a"}"#;
    let list = "{\"accessEntries\": [\n\"arn:aws:iam::111122223333:role/a\",\n\"arn:aws:iam::111122223333:role/b\"]}";
    let aws = clean(&[("aws/1.json", list), ("aws/2.json", entry), ("aws/3.json", policies)]).cluster.aws;
    assert!(aws.access_entries_exported);
    let found: Vec<_> = aws
        .access_entries
        .iter()
        .map(|entry| {
            (entry.source.to_string(), entry.listed_only, entry.groups.len(), entry.username.as_deref())
        })
        .collect();
    assert_eq!(found, [("aws/2.json:1".into(), false, 1, Some("u")), ("aws/1.json:3".into(), true, 0, None)]);
    let scopes: Vec<_> = aws.access_policies.iter().map(|policy| policy.scope.clone()).collect();
    assert_eq!(scopes, [AccessScope::Cluster, AccessScope::Namespaces(vec!["n".into()])]);
}

#[test]
fn what_is_of_another_cluster_is_left_out() {
    let snapshot = Folder::with(&[
        ("cluster.yaml", "name: shop\n"),
        ("aws/x.json", r#"{"accessEntry": {"clusterName": "other", "principalArn": "a"}}"#),
    ])
    .read();
    assert!(snapshot.cluster.aws.access_entries.is_empty());
    assert_eq!(told(&snapshot), ["W aws/x.json:1: this is of cluster `other`, not `shop`; it was not used"]);
}

#[test]
fn principals_and_pod_identities_are_read() {
    let iam = "{\"UserDetailList\": [\n{\"UserName\": \"u\", \"UserId\": \"AIDA\", \"Arn\": \"arn:aws:iam::111122223333:user/u\"}],\n\"RoleDetailList\": [\n{\"RoleName\": \"r\", \"RoleId\": \"AROA\", \"Arn\": \"arn:aws:iam::111122223333:role/r\", \"CreateDate\": \"2025-01-01T00:00:00+00:00\"},\n{\"RoleName\": \"x\"}]}";
    let list = r#"{"associations": [{"namespace": "n", "serviceAccount": "a"}, {"namespace": "n", "serviceAccount": "b"}]}"#;
    let described = r#"{"association": {"namespace": "n", "serviceAccount": "b", "roleArn": "r"}}"#;
    let snapshot =
        Folder::with(&[("aws/iam.json", iam), ("aws/a.json", list), ("aws/b.json", described)]).read();
    let aws = &snapshot.cluster.aws;
    let principals: Vec<_> =
        aws.principals.iter().map(|one| (one.kind, &*one.name, one.source.line)).collect();
    assert_eq!(principals, [(IamPrincipalKind::User, "u", 2), (IamPrincipalKind::Role, "r", 4)]);
    let roles: Vec<_> =
        aws.pod_identities.iter().map(|one| (&*one.service_account, one.role_arn.as_deref())).collect();
    assert_eq!(roles, [("b", Some("r")), ("a", None)]);
    assert_eq!(told(&snapshot), ["E aws/iam.json:5: an IAM principal without `Arn` or `Name` was not read"]);
}
