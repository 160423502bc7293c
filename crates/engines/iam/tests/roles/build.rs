//! Snapshots from code.

use std::sync::Arc;

use ringwall_iam::inventory::Inventory;
use ringwall_iam::roles;
use ringwall_model::network::NetworkParts;
use ringwall_model::{
    AttachedPolicy, CheckResult, Cluster, Entry, IamPrincipal, IamPrincipalKind, Object, ObjectRef, Outcome,
    PodIdentityAssociation, PolicyDocument, Severity, Source, Tree, Value, Workload,
};
use serde_json::{Value as Json, json};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE";

pub(crate) fn tree(json: &Json) -> Tree {
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(_) => panic!("no numbers here"),
        Json::String(text) => Value::String(text.as_str().into()),
        Json::Array(items) => Value::Sequence(items.iter().map(tree).collect()),
        Json::Object(object) => {
            let entry = |(key, value): (&String, &Json)| Entry {
                key: key.as_str().into(),
                line: 1,
                value: tree(value),
            };
            Value::Mapping(object.iter().map(entry).collect())
        }
    };
    Tree::new(1, value)
}

pub(crate) fn document(name: &str, json: &Json) -> PolicyDocument {
    PolicyDocument {
        name: name.into(),
        arn: None,
        document: Ok(tree(json)),
        source: Source::new("aws/iam.json", 1),
    }
}

/// One statement as a whole policy.
pub(crate) fn policy(statement: Json) -> Json {
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

pub(crate) fn allow(actions: &[&str], resources: &[&str]) -> Json {
    policy(json!({"Effect": "Allow", "Action": actions, "Resource": resources}))
}

/// AWS's own resource control policy.
pub(crate) fn everybody() -> Json {
    policy(json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}))
}

pub(crate) fn arn(name: &str) -> Arc<str> {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}").into()
}

pub(crate) fn role(name: &str, trust: Json, policies: &[Json]) -> IamPrincipal {
    let source = Source::new("aws/iam.json", 7);
    let mut role = IamPrincipal::new(IamPrincipalKind::Role, arn(name), name, source);
    role.trust = Some(document("trust", &policy(trust)));
    role.inline = policies.iter().map(|json| document("inline", json)).collect();
    role.last_used = Some("2026-10-12T08:00:00+00:00".into());
    role
}

pub(crate) fn by_service(service: &str) -> Json {
    json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})
}

pub(crate) fn by_pods() -> Json {
    json!({"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": ["sts:AssumeRole", "sts:TagSession"]})
}

pub(crate) fn by_people() -> Json {
    json!({
        "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")}, "Action": "sts:AssumeRole",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    })
}

pub(crate) const GITHUB: &str = "token.actions.githubusercontent.com";

pub(crate) fn by_github(conditions: Json) -> Json {
    json!({
        "Effect": "Allow", "Principal": {"Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}")},
        "Action": "sts:AssumeRoleWithWebIdentity", "Condition": conditions
    })
}

pub(crate) fn cluster(principals: Vec<IamPrincipal>) -> Cluster {
    let mut cluster = Cluster::default();
    cluster.info.name = Some("c".into());
    cluster.info.account = Some(ACCOUNT.into());
    cluster.info.region = Some("eu-west-1".into());
    cluster.info.oidc_issuer = Some(format!("https://{ISSUER}").into());
    cluster.aws.iam_exported = true;
    cluster.aws.principals = principals;
    cluster
}

pub(crate) fn attach(principal: &mut IamPrincipal, arn: &str) {
    let name = arn.rsplit('/').next().unwrap();
    let source = Source::new("aws/iam.json", 9);
    principal.attached.push(AttachedPolicy { name: name.into(), arn: arn.into(), source });
}

pub(crate) fn managed(cluster: &mut Cluster, arn: &str, json: &Json) {
    let named = document(arn.rsplit('/').next().unwrap(), json);
    cluster.aws.managed_policies.push(PolicyDocument { arn: Some(arn.into()), ..named });
}

pub(crate) fn associate(cluster: &mut Cluster, namespace: &str, name: &str, role: &str) {
    cluster.aws.pod_identities.push(PodIdentityAssociation {
        namespace: namespace.into(),
        service_account: name.into(),
        role_arn: Some(arn(role)),
        target_role_arn: None,
        external_id: None,
        disable_session_tags: None,
        association_arn: Some(format!("association-of-{role}").into()),
        policy: None,
        source: Source::new("aws/association.json", 2),
    });
}

/// A Deployment of a service account with one variable.
pub(crate) fn deploy(cluster: &mut Cluster, namespace: &str, account: &str, variable: (&str, &str)) {
    let reference = ObjectRef {
        api_version: "apps/v1".into(),
        kind: "Deployment".into(),
        namespace: Some(namespace.into()),
        name: account.into(),
    };
    let source = Source::new("kubernetes/workloads.yaml", 1);
    let (name, value) = variable;
    cluster.objects.push(Object {
        reference: reference.clone(),
        source: source.clone(),
        tree: tree(&json!({"spec": {"containers": [{"env": [{"name": name, "value": value}]}]}})),
    });
    cluster.workloads.push(Workload {
        reference,
        source,
        service_account: account.into(),
        labels: Vec::new(),
        host_network: false,
        owned: false,
        network: NetworkParts::default(),
        replicas: None,
    });
}

/// All results of a check that did not pass.
pub(crate) fn of(cluster: &Cluster, check: &str) -> Vec<CheckResult> {
    assert!(roles::check_ids().any(|id| id == check), "{check} is one of the checks");
    let results: Vec<CheckResult> =
        roles::results(&Inventory::of(cluster)).into_iter().filter(|result| result.check == check).collect();
    assert!(!results.is_empty(), "{check} was judged");
    let passes = results.iter().filter(|result| result.outcome == Outcome::Pass).count();
    assert!(passes == 0 || results.len() == 1, "a check that fails does not pass: {results:#?}");
    results.into_iter().filter(|result| result.outcome != Outcome::Pass).collect()
}

/// The one result of a check that did not pass.
pub(crate) fn one(cluster: &Cluster, check: &str) -> CheckResult {
    let results = of(cluster, check);
    assert_eq!(results.len(), 1, "{results:#?}");
    results.into_iter().next().unwrap()
}

pub(crate) fn failure(cluster: &Cluster, check: &str) -> (Severity, String) {
    let result = one(cluster, check);
    assert_eq!(result.outcome, Outcome::Fail, "{result:#?}");
    assert!(
        !result.reasons.is_empty() && !result.source.is_built_in(),
        "a failure has its proof: {result:#?}"
    );
    (result.severity, result.why)
}
