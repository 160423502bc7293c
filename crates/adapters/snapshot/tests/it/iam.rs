//! What IAM says: principals and groups with their policies, identity providers, access keys, instances.

use ringwall_model::{Aws, IamPrincipal, PolicyDocument};

use crate::folder::{Folder, clean, kubernetes, told};

const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": []}"#;

/// What `get-account-authorization-details` says of one role with these further keys, and of nothing else.
fn role(keys: &str) -> String {
    format!(
        r#"{{"RoleDetailList": [{{"RoleName": "r", "Arn": "arn:aws:iam::111122223333:role/r", {keys}}}]}}"#
    )
}

/// The role and the problems that these keys of it make.
fn read_role(keys: &str) -> (IamPrincipal, Vec<String>) {
    let snapshot = Folder::with(&[("aws/iam.json", &role(keys))]).read();
    let told = told(&snapshot);
    (snapshot.cluster.aws.principals.into_iter().next().unwrap(), told)
}

fn aws(files: &[(&str, &str)]) -> Aws {
    clean(files).cluster.aws
}

fn statements(policy: &PolicyDocument) -> (u32, usize) {
    let tree = policy.document.as_ref().unwrap();
    (tree.line, tree.list("Statement").len())
}

#[test]
fn a_principal_has_all_that_its_details_say() {
    let iam = r#"{"UserDetailList": [
  {"UserName": "u", "Arn": "arn:aws:iam::111122223333:user/ops/u", "GroupList": ["g"],
   "Tags": [{"Key": "team", "Value": "shop"}],
   "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/b"}}],
"GroupDetailList": [
  {"GroupName": "g", "Arn": "arn:aws:iam::111122223333:group/g",
   "GroupPolicyList": [{"PolicyName": "inline", "PolicyDocument": {
      "Statement": [{"Effect": "Allow"}]}}],
   "AttachedManagedPolicies": [{"PolicyName": "m", "PolicyArn": "arn:aws:iam::111122223333:policy/m"}]}],
"RoleDetailList": [
  {"RoleName": "r", "Arn": "arn:aws:iam::111122223333:role/r",
   "AssumeRolePolicyDocument": {"Statement": [{}, {}]},
   "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": {"Statement": []}}],
   "InstanceProfileList": [{"Arn": "arn:aws:iam::111122223333:instance-profile/i"}],
   "RoleLastUsed": {"LastUsedDate": "2026-01-01T00:00:00+00:00", "Region": "eu-west-1"}}],
"Policies": [
  {"PolicyName": "m", "Arn": "arn:aws:iam::111122223333:policy/m", "DefaultVersionId": "v2", "PolicyVersionList": [
    {"VersionId": "v1", "IsDefaultVersion": false, "Document": {"Statement": []}},
    {"VersionId": "v2", "IsDefaultVersion": true, "Document": {"Statement": [{}]}}]}]}"#;
    let aws = aws(&[("aws/iam.json", iam)]);
    assert!(aws.iam_exported);
    let [user, role] = aws.principals.as_slice() else { panic!("{:?}", aws.principals) };
    assert_eq!(user.groups, ["g".into()]);
    assert_eq!(user.tags, [("team".into(), "shop".into())]);
    assert_eq!(&*user.boundary.as_ref().unwrap().arn, "arn:aws:iam::111122223333:policy/b");
    assert_eq!(user.boundary.as_ref().unwrap().source.line, 4);
    assert!(user.trust.is_none());
    assert_eq!(statements(role.trust.as_ref().unwrap()), (12, 2));
    assert_eq!((&*role.inline[0].name, statements(&role.inline[0])), ("p", (13, 0)));
    assert_eq!(role.instance_profiles, ["arn:aws:iam::111122223333:instance-profile/i".into()]);
    assert_eq!(role.last_used.as_deref(), Some("2026-01-01T00:00:00+00:00"));
    let [group] = aws.groups.as_slice() else { panic!("{:?}", aws.groups) };
    assert_eq!((&*group.inline[0].name, statements(&group.inline[0])), ("inline", (7, 1)));
    assert_eq!(group.inline[0].document.as_ref().unwrap().list("Statement")[0].line, 8);
    assert_eq!((&*group.attached[0].name, group.attached[0].source.line), ("m", 9));
    let [managed] = aws.managed_policies.as_slice() else { panic!("{:?}", aws.managed_policies) };
    assert_eq!(managed.arn.as_deref(), Some("arn:aws:iam::111122223333:policy/m"));
    assert_eq!(statements(managed), (19, 1));
}

#[test]
fn a_document_in_a_string_has_the_line_of_the_string() {
    let plain = r#""{\n\"Statement\": [\n{\"Sid\": \"\ud83d\ude00 50%41\"}]}""#;
    let encoded = r#""%7B%0A%22Statement%22%3A%20%5B%7b%22Sid%22%3A%22%F0%9F%98%80%2050%2541%22%7d%5D%7D""#;
    for text in [plain, encoded] {
        let (role, told) = read_role(&format!("\n\n\"AssumeRolePolicyDocument\": {text}"));
        assert_eq!(told, [""; 0]);
        let trust = role.trust.unwrap();
        let tree = trust.document.unwrap();
        let entry = tree.entry("Statement").unwrap();
        let statement = &entry.value.items()[0];
        assert_eq!(statement.str("Sid"), Some("😀 50%41"));
        let lines = [trust.source.line, tree.line, entry.line, entry.value.line, statement.line];
        assert_eq!(lines, [3; 5]);
    }
}

#[test]
fn a_policy_that_can_not_be_read_is_told_and_kept() {
    let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
    let many = format!("{{\\\"a\\\": [{}0]}}", "0,".repeat(1 << 19));
    for (document, why) in [
        ("7", "it is a number, not a policy"),
        ("[]", "it is a list, not a policy"),
        ("\"\"", "it is empty"),
        ("\"  \"", "it is empty"),
        ("\"[]\"", "it is a list, not a policy"),
        ("\"Allow\"", "not valid JSON"),
        ("\"{\\\"Statement\\\": [\"", "ends while parsing"),
        ("\"{} {}\"", "more than one value"),
        ("\"{\\\"a\\\": 1, \\\"a\\\": 2}\"", "twice"),
        ("\"%7B%2\"", "a `%` in it is not followed by two hexadecimal digits"),
        ("\"%7B%+1\"", "a `%` in it is not followed by two hexadecimal digits"),
        ("\"%FF\"", "decoded it is not UTF-8"),
        (&format!("\"{{\\\"a\\\": {deep}}}\""), "deep"),
        (&format!("\"{many}\""), "it has more than 1024 KiB"),
    ] {
        let (role, told) = read_role(&format!("\n\"AssumeRolePolicyDocument\": {document}"));
        let kept = role.trust.unwrap().document.unwrap_err();
        assert!(kept.contains(why), "{kept}");
        let owner = "`trust policy` of `arn:aws:iam::111122223333:role/r`";
        assert_eq!(told, [format!("E aws/iam.json:2: policy {owner} can't be read: {kept}")]);
    }
    assert!(read_role(r#""AssumeRolePolicyDocument": null"#).0.trust.is_none());
}

#[test]
fn wrong_types_never_make_a_policy_vanish() {
    let (role, told) = read_role(
        "\"RolePolicyList\": {}, \"AttachedManagedPolicies\": [\n7, {\"PolicyArn\": 7}],\n\"GroupList\": [1],\n\"PermissionsBoundary\": \"b\",\n\"Tags\": 7, \"InstanceProfileList\": \"i\"",
    );
    assert_eq!(role.inline.len(), 1);
    assert!(role.inline[0].document.is_err());
    assert_eq!(role.attached.iter().map(|policy| &*policy.arn).collect::<Vec<_>>(), ["", ""]);
    assert_eq!(role.boundary.map(|boundary| boundary.arn).as_deref(), Some(""));
    assert_eq!(
        told,
        [
            "E aws/iam.json:1: `RolePolicyList` is a mapping, not a list",
            "E aws/iam.json:2: an attached policy without `PolicyArn` was not read",
            "E aws/iam.json:3: a name in `GroupList` is a number, not a string",
            "E aws/iam.json:4: a permissions boundary without `PermissionsBoundaryArn` was not read",
            "E aws/iam.json:5: `InstanceProfileList` is a string, not a list",
            "E aws/iam.json:5: `Tags` is a number, not a list",
        ]
    );
    let (role, told) = read_role("\"RolePolicyList\": [7, {}, {\"PolicyName\": \"p\"}]");
    assert_eq!(role.inline.iter().map(|one| &*one.name).collect::<Vec<_>>(), ["unnamed", "unnamed", "p"]);
    assert!(role.inline.iter().all(|policy| policy.document.is_err()));
    assert_eq!(told.len(), 2, "the two unnamed ones stand in one place: {told:#?}");
}

#[test]
fn a_managed_policy_without_its_default_version_is_kept_unread() {
    let iam = r#"{"RoleDetailList": [], "Policies": [{"PolicyName": "m", "Arn": "arn:aws:iam::111122223333:policy/m", "DefaultVersionId": "v2", "PolicyVersionList": [{"VersionId": "v1", "Document": {}}]}, {"PolicyName": "x"}]}"#;
    let snapshot = Folder::with(&[("aws/iam.json", iam)]).read();
    let managed = &snapshot.cluster.aws.managed_policies;
    assert_eq!((managed.len(), managed[0].document.is_err()), (1, true));
    assert_eq!(
        told(&snapshot),
        [
            "E aws/iam.json:1: a managed policy without `Arn` was not read",
            "E aws/iam.json:1: policy `m` of `arn:aws:iam::111122223333:policy/m` can't be read: it has no document",
        ]
    );
}

#[test]
fn one_page_of_the_details_is_not_the_account() {
    let page = r#"{"RoleDetailList": [], "IsTruncated": true, "Marker": "x"}"#;
    assert!(!Folder::with(&[("aws/iam.json", page)]).read().cluster.aws.iam_exported);
    assert!(!Folder::with(&[("aws/x.json", "{\"accessEntries\": []}")]).read().cluster.aws.iam_exported);
}

#[test]
fn of_two_exports_of_one_principal_the_first_counts() {
    let one = role(r#""AssumeRolePolicyDocument": {}, "RoleLastUsed": {"LastUsedDate": "1"}"#);
    let used = role(r#""AssumeRolePolicyDocument": {}, "RoleLastUsed": {"LastUsedDate": "2"}"#);
    let other = role(r#""AssumeRolePolicyDocument": {"Statement": []}"#);
    assert_eq!(clean(&[("aws/a.json", &one), ("aws/b.json", &used)]).cluster.aws.principals.len(), 1);
    let snapshot = Folder::with(&[("aws/a.json", &one), ("aws/b.json", &other)]).read();
    assert_eq!(snapshot.cluster.aws.principals.len(), 1);
    assert_eq!(
        told(&snapshot),
        [
            "W aws/b.json:1: IAM principal `arn:aws:iam::111122223333:role/r` is exported twice with different content; aws/a.json:1 counts"
        ]
    );
}

#[test]
fn identity_providers_are_joined_from_list_and_details() {
    let list = "{\"OpenIDConnectProviderList\": [\n{\"Arn\": \"arn:aws-cn:iam::444455556666:oidc-provider/a.example/id/1\"},\n{\"Arn\": \"arn:aws-cn:iam::444455556666:oidc-provider/b.example\"}]}";
    let a = r#"{"Url": "a.example/id/1", "ClientIDList": ["sts.amazonaws.com"], "ThumbprintList": []}"#;
    let c = r#"{"Url": "https://c.example", "ThumbprintList": []}"#;
    let cluster = "account: \"111122223333\"\n";
    let files = [("aws/a.json", a), ("aws/c.json", c), ("aws/list.json", list), ("cluster.yaml", cluster)];
    let aws = aws(&files);
    assert!(aws.oidc_providers_exported);
    let found: Vec<_> = aws
        .oidc_providers
        .iter()
        .map(|one| (&*one.arn, &*one.url, one.client_ids.as_ref().map(Vec::len)))
        .collect();
    assert_eq!(
        found,
        [
            ("arn:aws-cn:iam::444455556666:oidc-provider/a.example/id/1", "a.example/id/1", Some(1)),
            ("arn:aws:iam::111122223333:oidc-provider/c.example", "c.example", Some(0)),
            ("arn:aws-cn:iam::444455556666:oidc-provider/b.example", "b.example", None),
        ]
    );
    let snapshot = Folder::with(&[
        ("aws/c.json", c),
        ("aws/list.json", "{\"OpenIDConnectProviderList\": [7, {\"Arn\": \"x\"}]}"),
    ])
    .read();
    assert!(snapshot.cluster.aws.oidc_providers.is_empty());
    assert_eq!(
        told(&snapshot),
        [
            "W aws/c.json:1: the account of identity provider `c.example` can't be told; it was not used",
            "W aws/list.json:1: `x` is not the ARN of an identity provider",
            "E aws/list.json:1: an identity provider without `Arn` was not read",
        ]
    );
}

#[test]
fn the_cluster_tells_its_issuer_and_role() {
    let export = "{\"cluster\": {\"name\": \"shop\", \"roleArn\": \"arn:aws:iam::111122223333:role/c\",\n\"identity\": {\"oidc\": {\"issuer\": \"https://a.example\"}}}}";
    let info = clean(&[("aws/c.json", export)]).cluster.info;
    assert_eq!(info.oidc_issuer.as_deref(), Some("https://a.example"));
    assert_eq!(info.oidc_issuer_source.unwrap().to_string(), "aws/c.json:2");
    assert_eq!(info.role_arn.as_deref(), Some("arn:aws:iam::111122223333:role/c"));

    let info = clean(&[("cluster.yaml", "name: shop\noidcIssuer: https://b.example\n")]).cluster.info;
    assert_eq!(info.oidc_issuer.as_deref(), Some("https://b.example"));
    assert_eq!(info.oidc_issuer_source.unwrap().to_string(), "cluster.yaml:2");

    let snapshot =
        Folder::with(&[("cluster.yaml", "oidcIssuer: https://b.example\n"), ("aws/c.json", export)]).read();
    assert_eq!(snapshot.cluster.info.oidc_issuer.as_deref(), Some("https://a.example"));
    assert_eq!(told(&snapshot).len(), 1);
    let snapshot = Folder::with(&[("cluster.yaml", "oidcIssuer: b.example\n")]).read();
    assert_eq!(told(&snapshot), ["E cluster.yaml:1: `b.example` is not an issuer's URL"]);
}

#[test]
fn of_an_access_key_only_the_ending_is_kept() {
    let keys = r#"{"AccessKeyMetadata": [
{"UserName": "u", "AccessKeyId": "AKIAEXAMPLE000001234", "Status": "Active", "CreateDate": "2024-11-02T15:30:00+00:00"},
{"UserName": "u", "AccessKeyId": "AKIAEXAMPLE000001234", "Status": "Inactive"},
{"UserName": "u", "AccessKeyId": "ké"},
{"UserName": "u"}]}"#;
    let snapshot = Folder::with(&[("aws/keys.json", keys)]).read();
    let aws = &snapshot.cluster.aws;
    assert!(aws.access_keys_exported);
    let found: Vec<_> = aws.access_keys.iter().map(|key| (&*key.id, key.status.as_deref())).collect();
    assert_eq!(found, [("1234", Some("Active")), ("ké", None)]);
    assert_eq!(
        told(&snapshot),
        [
            "W aws/keys.json:3: access key `…1234` is exported twice with different content; aws/keys.json:2 counts",
            "E aws/keys.json:5: an access key without `UserName` or `AccessKeyId` was not read",
        ]
    );
}

#[test]
fn instances_tell_their_profile_and_metadata_service() {
    let instances = r#"{"Reservations": [{"Instances": [
{"InstanceId": "i-1", "State": {"Name": "running"}, "PrivateDnsName": "ip-10-0-0-1.ec2.internal",
 "IamInstanceProfile": {"Arn": "arn:aws:iam::111122223333:instance-profile/n"},
 "MetadataOptions": {"HttpEndpoint": "enabled", "HttpTokens": "required", "HttpPutResponseHopLimit": 2}},
{"InstanceId": "i-1"}, {"InstanceId": "i-2", "MetadataOptions": 7}, 7]}, {"Instances": 7}, 7]}"#;
    let snapshot = Folder::with(&[("aws/i.json", instances)]).read();
    let [one, two] = snapshot.cluster.aws.instances.as_slice() else { panic!("not two") };
    assert_eq!((&*one.id, one.source.line, one.hop_limit), ("i-1", 2, Some(2)));
    assert_eq!(one.instance_profile_arn.as_deref(), Some("arn:aws:iam::111122223333:instance-profile/n"));
    assert_eq!(
        (one.http_endpoint.as_deref(), one.http_tokens.as_deref()),
        (Some("enabled"), Some("required"))
    );
    assert_eq!((&*two.id, two.hop_limit), ("i-2", None));
    assert_eq!(
        told(&snapshot),
        [
            "W aws/i.json:5: instance `i-1` is exported twice with different content; aws/i.json:2 counts",
            "E aws/i.json:5: `Instances` is a number, not a list",
            "E aws/i.json:5: an instance without `InstanceId` was not read",
        ]
    );
}

#[test]
fn a_pod_identity_association_is_read_whole() {
    let association = format!(
        r#"{{"association": {{"namespace": "n", "serviceAccount": "a", "roleArn": "r", "targetRoleArn": "t", "externalId": "e",
"associationArn": "x", "disableSessionTags": true, "policy": {TRUST:?}}}}}"#
    );
    let aws = aws(&[("aws/a.json", &association)]);
    let [one] = aws.pod_identities.as_slice() else { panic!("not one") };
    assert_eq!(one.target_role_arn.as_deref(), Some("t"));
    assert_eq!(one.external_id.as_deref(), Some("e"));
    assert_eq!((one.association_arn.as_deref(), one.disable_session_tags), (Some("x"), Some(true)));
    assert_eq!(statements(one.policy.as_ref().unwrap()), (2, 0));
}

#[test]
fn service_accounts_pods_and_workloads_tell_what_irsa_needs() {
    let cluster = kubernetes(
        "apiVersion: v1
kind: ServiceAccount
metadata:
  name: a
  annotations:
    eks.amazonaws.com/audience: other
    eks.amazonaws.com/sts-regional-endpoints: \"true\"
    eks.amazonaws.com/role-arn: arn:aws:iam::111122223333:role/r
---
apiVersion: v1
kind: Pod
metadata: {name: p, labels: {app: p}}
spec: {hostNetwork: true}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: c}
spec: {jobTemplate: {spec: {template: {metadata: {labels: {app: c}}, spec: {hostNetwork: true}}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, labels: {app: not-the-pods}}
spec: {template: {spec: {hostNetwork: \"true\"}}}
",
    )
    .cluster;
    let account = &cluster.service_accounts[0];
    assert_eq!((account.role_arn_line, account.audience.as_deref()), (8, Some("other")));
    assert_eq!(account.sts_regional_endpoints.as_deref(), Some("true"));
    let pod = &cluster.pods[0];
    assert_eq!((pod.host_network, pod.labels.len()), (true, 1));
    let workloads: Vec<_> =
        cluster.workloads.iter().map(|workload| (workload.host_network, workload.labels.len())).collect();
    assert_eq!(workloads, [(true, 1), (false, 0)]);
}
