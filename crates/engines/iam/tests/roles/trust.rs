use ringwall_model::{Cluster, OidcProvider, OrgNode, OrgNodeKind, Organization, Outcome, Severity, Source};
use serde_json::{Value as Json, json};

use crate::build::{
    ACCOUNT, GITHUB, allow, by_github, by_people, by_pods, by_service, cluster, document, everybody, failure,
    of, one, role,
};

const CHECK: &str = "iam-trust-too-wide";

fn trusts(statement: Json) -> Cluster {
    cluster(vec![role("r", statement, &[])])
}

fn by_aws(principal: &str, conditions: Json) -> Json {
    json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole", "Condition": conditions})
}

#[test]
fn anybody_is_too_many() {
    let (severity, why) = failure(&trusts(by_aws("*", json!({}))), CHECK);
    assert_eq!(severity, Severity::Critical);
    assert!(why.contains("anybody with an AWS account"), "{why}");
    for narrowed in [
        json!({"StringEquals": {"aws:PrincipalOrgID": "o-example"}}),
        json!({"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}),
        json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/teams/*"}}),
    ] {
        assert_eq!(of(&trusts(by_aws("*", narrowed)), CHECK), []);
    }
    let if_exists = json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-example"}});
    assert_eq!(failure(&trusts(by_aws("*", if_exists)), CHECK).0, Severity::Critical, "absent, it holds");
}

#[test]
fn another_account_needs_an_external_id_or_the_organization() {
    let other = "arn:aws:iam::444455556666:root";
    assert_eq!(failure(&trusts(by_aws(other, json!({}))), CHECK).0, Severity::Medium);
    let external = json!({"StringEquals": {"sts:ExternalId": "f3a1"}});
    assert_eq!(of(&trusts(by_aws(other, external)), CHECK), []);
    let named = "arn:aws:iam::444455556666:role/deployer";
    assert_eq!(failure(&trusts(by_aws(named, json!({}))), CHECK).0, Severity::Low);
    let organization = |account: &str| {
        let node = |kind, id: &str, children| OrgNode {
            kind,
            id: id.into(),
            name: id.into(),
            service_control_policies: Some(vec![document("scp", &allow(&["*"], &["*"]))]),
            resource_control_policies: Some(vec![document("rcp", &everybody())]),
            children,
            source: Source::new("aws/organization.json", 1),
        };
        let accounts = vec![node(OrgNodeKind::Account, account, Vec::new())];
        Some(Organization {
            id: "o-example".into(),
            management_account: None,
            roots: vec![node(OrgNodeKind::Root, "r-ab12", accounts)],
            source: Source::new("aws/organization.json", 1),
        })
    };
    let mut kin = trusts(by_aws(other, json!({})));
    kin.aws.organization = organization("444455556666");
    assert_eq!(of(&kin, CHECK), []);
    kin.aws.organization = organization(ACCOUNT);
    let (severity, why) = failure(&kin, CHECK);
    assert_eq!(severity, Severity::High);
    assert!(why.contains("not of the organization"), "{why}");
    if let Some(organization) = &mut kin.aws.organization {
        organization.roots[0].resource_control_policies = None;
    }
    assert_eq!(one(&kin, CHECK).outcome, Outcome::Unknown, "what is not exported might deny");
}

#[test]
fn people_give_a_second_factor() {
    let own = format!("arn:aws:iam::{ACCOUNT}:root");
    assert_eq!(of(&trusts(by_people()), CHECK), []);
    let (severity, why) = failure(&trusts(by_aws(&own, json!({}))), CHECK);
    assert_eq!(severity, Severity::Medium);
    assert!(why.contains("second factor"), "{why}");
    let if_exists = json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}});
    assert_eq!(of(&trusts(by_aws(&own, if_exists)), CHECK).len(), 1, "a request by key lacks the key");
    let user = format!("arn:aws:iam::{ACCOUNT}:user/jane");
    assert_eq!(of(&trusts(by_aws(&user, json!({}))), CHECK), [], "the account is not let in");
}

#[test]
fn services_and_pods_are_judged_elsewhere() {
    for service in ["ec2.amazonaws.com", "eks.amazonaws.com", "lambda.amazonaws.com"] {
        assert_eq!(of(&trusts(by_service(service)), CHECK), []);
    }
    assert_eq!(of(&trusts(by_pods()), CHECK), []);
    let irsa = json!({
        "Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/OTHER"},
        "Action": "sts:AssumeRoleWithWebIdentity"
    });
    assert_eq!(of(&trusts(irsa), CHECK), []);
}

fn github(equals: &[(&str, &str)], like: &[(&str, &str)]) -> Cluster {
    let claims = |pairs: &[(&str, &str)]| -> Json {
        pairs
            .iter()
            .map(|(claim, value)| (format!("{GITHUB}:{claim}"), json!(value)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    trusts(by_github(json!({"StringEquals": claims(equals), "StringLike": claims(like)})))
}

#[test]
fn a_pipeline_names_its_repository() {
    let aud = ("aud", "sts.amazonaws.com");
    for fine in [
        github(&[aud, ("sub", "repo:example/shop:environment:production")], &[]),
        github(&[aud], &[("sub", "repo:example/shop:*")]),
    ] {
        assert_eq!(of(&fine, CHECK), []);
    }
    let (severity, why) = failure(&github(&[aud], &[]), CHECK);
    assert_eq!(severity, Severity::Critical);
    assert!(why.contains("compares no `sub`"), "{why}");
    assert_eq!(failure(&github(&[aud], &[("sub", "repo:*")]), CHECK).0, Severity::Critical);
    let (severity, why) = failure(&github(&[aud], &[("sub", "repo:example/*")]), CHECK);
    assert_eq!(severity, Severity::High);
    assert!(why.contains("every repository of `example`"), "{why}");
    assert_eq!(failure(&github(&[aud, ("repository_owner", "example")], &[]), CHECK).0, Severity::High);
}

#[test]
fn a_pipeline_names_its_audience() {
    let mut cluster = github(&[("sub", "repo:example/shop:ref:refs/heads/main")], &[]);
    let (severity, why) = failure(&cluster, CHECK);
    assert_eq!(severity, Severity::Low);
    assert!(why.contains("compares no `aud`"), "{why}");
    cluster.aws.oidc_providers.push(OidcProvider {
        arn: format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}").into(),
        url: GITHUB.into(),
        client_ids: Some(vec!["sts.amazonaws.com".into()]),
        source: Source::new("aws/oidc.json", 1),
    });
    assert_eq!(of(&cluster, CHECK), [], "IAM itself takes no other audience");
}

#[test]
fn a_trust_that_cannot_be_read_is_unknown() {
    let result = one(&trusts(json!({"Effect": "Allow", "Action": "sts:AssumeRole"})), CHECK);
    assert_eq!(result.outcome, Outcome::Unknown);
}
