use ringwall_model::{Decision, Outcome, Proof, Responsible, Ring, Subject, Verdict};
use serde_json::json;

use super::input::cluster;
use crate::entry::{Caller, Identity, Mappings};

const ROLE: &str = "arn:aws:iam::111122223333:role/";

fn role(name: &str, user: &str, groups: &[&str]) -> serde_json::Value {
    json!({"rolearn": format!("{ROLE}{name}"), "username": user, "groups": groups})
}

fn aws_auth(roles: &[serde_json::Value]) -> Mappings {
    Mappings::of(&cluster(
        &json!({"mode": "API_AND_CONFIG_MAP", "accessEntries": [], "awsAuth": {"mapRoles": roles}}),
    ))
}

fn identity(mappings: &Mappings, arn: &str) -> Identity {
    mappings.identify(&Caller::new(arn.parse().unwrap())).identity().unwrap().clone()
}

#[test]
fn each_flaw_fails_and_each_flawless_mapping_passes() {
    let mappings =
        aws_auth(&[role("good", "good", &["team:a"]), role("team/bad", "bad", &["system:masters"])]);
    let results = mappings.results();
    let summary: Vec<_> =
        results.iter().map(|result| (result.check, result.outcome, result.source.line)).collect();
    assert_eq!(
        summary,
        [
            ("mapping-takes-effect", Outcome::Pass, 11),
            ("mapping-role-path", Outcome::Fail, 12),
            ("mapping-masters", Outcome::Fail, 12),
        ]
    );
    for result in &results {
        assert_eq!(result.ring, Ring::Identity);
        assert_eq!(result.responsible, Responsible::Customer);
        assert_eq!(result.object.as_ref().unwrap().to_string(), "ConfigMap kube-system/aws-auth");
        assert!(!result.remedy.is_empty() && !result.why.is_empty());
        assert_eq!(result.reasons.len(), 1);
    }
}

#[test]
fn entries_of_eks_are_for_aws_to_answer() {
    let arn = format!("{ROLE}aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS");
    let entry = json!({"principalArn": arn, "type": "STANDARD", "username": "eks:managed"});
    let listed = json!({"principalArn": format!("{ROLE}ops"), "listedOnly": true});
    let mappings = Mappings::of(&cluster(&json!({"mode": "API", "accessEntries": [entry, listed]})));
    let results = mappings.results();
    assert_eq!((results[0].outcome, results[0].responsible), (Outcome::Pass, Responsible::Aws));
    assert_eq!(results[0].arn.as_deref(), Some(&*arn));
    assert_eq!((results[1].outcome, results[1].responsible), (Outcome::Unknown, Responsible::Customer));
}

#[test]
fn reasons_point_at_the_entry() {
    let mappings = aws_auth(&[role("ops", "ops", &["team:a", "team:b"])]);
    let reason = &identity(&mappings, "arn:aws:sts::111122223333:assumed-role/ops/x").reasons[0];
    assert!(matches!(&reason.proof, Proof::Object(object) if &*object.name == "aws-auth"));
    assert_eq!((reason.ring, reason.rule), (Ring::Identity, Some(0)));
    assert_eq!(reason.source.to_string(), "kubernetes/aws-auth.yaml:11");
    assert_eq!(
        &*reason.text,
        "mapRoles makes `arn:aws:iam::111122223333:role/ops` user `ops` in groups `team:a`, `team:b`"
    );
}

#[test]
fn the_way_back_tells_sure_from_possible() {
    let mappings = aws_auth(&[
        role("a", "team:{{SessionName}}", &["g:{{AccountID}}"]),
        role("b", "team:bob", &["{{SessionName}}"]),
        role("c", "system:serviceaccount:shop:cart", &[]),
        role("path/d", "team:bob", &[]),
    ]);
    let found = |subject: Subject| -> Vec<(usize, bool)> {
        mappings.principals_of(&subject).iter().map(|entrant| (entrant.place, entrant.possible)).collect()
    };
    assert_eq!(found(Subject::user("team:bob")), [(0, true), (1, false)]);
    assert_eq!(found(Subject::user("team:b:c")), []);
    assert_eq!(found(Subject::user("other")), []);
    assert_eq!(found(Subject::group("g:111122223333")), [(0, false)]);
    assert_eq!(found(Subject::group("devs")), [(1, true)]);
    assert_eq!(found(Subject::group("system:masters")), []);
    assert_eq!(found(Subject::group("system:authenticated")), [(0, false), (1, false), (2, false)]);
    assert_eq!(found(Subject::service_account("shop", "cart")), [(2, false)]);
}

#[test]
fn a_name_that_is_open_makes_a_denial_unknown_where_it_matters() {
    let mappings =
        aws_auth(&[role("a", "team:{{SessionName}}", &["x-{{SessionName}}"]), role("b", "bob", &[])]);
    let open = identity(&mappings, &format!("{ROLE}a"));
    let settle = |users: &[&str], groups: &[&str]| {
        open.settle(Decision::denied(), users.iter().copied(), groups.iter().copied())
    };
    assert_eq!(settle(&["team:ann"], &[]).verdict, Verdict::Unknown);
    assert!(!settle(&["team:ann"], &[]).not_evaluated.is_empty());
    assert_eq!(settle(&[], &["x-devs"]).verdict, Verdict::Unknown);
    assert_eq!(settle(&["ann", "other:ann"], &["devs"]).verdict, Verdict::Denied);
    assert_eq!(open.settle(Decision::allowed(vec![]), [], []).verdict, Verdict::Allowed);
    let known = identity(&mappings, &format!("{ROLE}b"));
    assert_eq!(known.settle(Decision::denied(), ["bob"], ["team"]).verdict, Verdict::Denied);
}

#[test]
fn what_is_not_certain_is_not_allowed() {
    let sso = json!({"sso": {"permissionSetName": "Admin", "accountID": "111122223333"}, "username": "a"});
    let mappings = aws_auth(&[sso]);
    let maybe = identity(&mappings, "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123/ann");
    let decision = maybe.settle(Decision::allowed(vec![]), [], []);
    assert_eq!(decision.verdict, Verdict::Unknown);
    assert!(decision.not_evaluated.iter().any(|line| line.contains("SSORoleMatch")));
}

#[test]
fn a_cluster_elsewhere_lacks_nothing() {
    let mappings = Mappings::of(&ringwall_model::Cluster::default());
    assert!(mappings.all().is_empty() && mappings.results().is_empty());
    assert_eq!(mappings.not_evaluated(), [] as [String; 0]);
}
