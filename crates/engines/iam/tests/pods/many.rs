//! A large account: every role is told by an index, not by deciding all roles for all service accounts.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use ringwall_iam::inventory::Inventory;
use ringwall_iam::pods::Pods;
use serde_json::{Value, json};

use crate::snapshot::cluster;

const ACCOUNTS: usize = 5_000;
const ROLES: usize = 2_000;
/// Far above what it takes even unoptimised and on a busy machine; deciding each pair takes minutes.
const LIMIT: Duration = Duration::from_secs(30);
const ISSUER: &str = "oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF";

fn trust(at: usize) -> Value {
    let provider = format!("arn:aws:iam::111122223333:oidc-provider/{ISSUER}");
    let mut subject = String::new();
    write!(subject, "system:serviceaccount:team-{}:app-{at}", at % 50).unwrap();
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {format!("{ISSUER}:sub"): subject, format!("{ISSUER}:aud"): "sts.amazonaws.com"}}
    }]})
}

#[test]
fn five_thousand_accounts_and_two_thousand_roles_are_quick() {
    let role = |at: usize| format!("arn:aws:iam::111122223333:role/app-{at}");
    let accounts = (0..ACCOUNTS).map(
        |at| json!({"namespace": format!("team-{}", at % 50), "name": format!("app-{at}"), "role": role(at)}),
    );
    let roles = (0..ROLES).map(|at| json!({"arn": role(at), "trust": trust(at)}));
    let case = json!({
        "cluster": {"name": "shop", "account": "111122223333", "region": "eu-central-1", "partition": "aws",
                    "issuer": format!("https://{ISSUER}")},
        "serviceAccounts": accounts.collect::<Vec<_>>(),
        "roles": roles.collect::<Vec<_>>(),
    });
    let cluster = cluster(&case);
    let inventory = Inventory::of(&cluster);
    let begun = Instant::now();
    let pods = Pods::of(&inventory);
    let routes = pods.accounts().into_iter().flat_map(|(namespace, name)| pods.routes(namespace, name));
    assert_eq!(routes.filter(|route| route.decision.is_allowed()).count(), ROLES);
    for at in 0..20 {
        let found = pods.accounts_that_can_assume(&role(at));
        assert_eq!(found.iter().map(|(_, name, _)| &**name).collect::<Vec<_>>(), [format!("app-{at}")]);
    }
    assert!(begun.elapsed() < LIMIT, "{:?}", begun.elapsed());
}
