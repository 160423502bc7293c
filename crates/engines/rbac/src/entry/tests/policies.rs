use ringwall_model::{AccessPolicyAssociation, AccessScope, Proof, Ring, Source, Verdict};
use serde_json::{Value as Json, json};

use super::input::cluster;
use crate::Target;
use crate::entry::{AccessPolicies, GrantedPolicy, Mappings, decide_by_policies};

const DATA: &str = include_str!("../../../data/access-policies.json");

fn granted(policy: &str, scope: AccessScope) -> GrantedPolicy {
    GrantedPolicy::new(&AccessPolicyAssociation {
        principal_arn: "arn:aws:iam::111122223333:role/ops".into(),
        policy_arn: format!("arn:aws:eks::aws:cluster-access-policy/{policy}").into(),
        scope,
        source: Source::new("aws/policies.json", 7),
    })
}

fn namespaces(patterns: &[&str]) -> AccessScope {
    AccessScope::Namespaces(patterns.iter().map(|pattern| (*pattern).into()).collect())
}

fn decide(policy: &str, scope: AccessScope, verb: &str, target: Target<'_>) -> Verdict {
    let decision = decide_by_policies(&[granted(policy, scope)], verb, &target);
    match decision.verdict {
        Verdict::Allowed => assert_eq!(decision.reasons.len(), 1),
        Verdict::Denied => assert!(decision.reasons.is_empty() && decision.not_evaluated.is_empty()),
        Verdict::Unknown => assert!(!decision.not_evaluated.is_empty()),
    }
    decision.verdict
}

#[test]
fn the_data_can_be_read() {
    let parsed = AccessPolicies::parse(DATA).unwrap();
    let raw: Json = serde_json::from_str(DATA).unwrap();
    assert_eq!(parsed.all().len(), raw["policies"].as_array().unwrap().len());
    assert_eq!(AccessPolicies::built_in().all().len(), parsed.all().len());
    for policy in parsed.all() {
        assert_eq!(policy.arn(), format!("arn:aws:eks::aws:cluster-access-policy/{}", policy.name()));
        assert!(AccessPolicies::built_in().get(policy.arn()).is_some(), "{}", policy.name());
        for rule in policy.rules().into_iter().flatten() {
            assert!(!rule.verbs.is_empty(), "{}", policy.name());
            assert!(!rule.resources.is_empty() || !rule.non_resource_urls.is_empty(), "{}", policy.name());
        }
    }
    assert!(AccessPolicies::parse("{").is_err());
}

#[test]
fn policies_are_found_in_every_partition_and_nowhere_else() {
    let policies = AccessPolicies::built_in();
    assert!(policies.get("arn:aws-cn:eks::aws:cluster-access-policy/AmazonEKSViewPolicy").is_some());
    for arn in [
        "",
        "AmazonEKSViewPolicy",
        "arn:aws:eks::111122223333:cluster-access-policy/AmazonEKSViewPolicy",
        "arn:aws:iam::aws:policy/AmazonEKSViewPolicy",
        "arn:aws:eks::aws:cluster-access-policy/",
        "arn:aws:eks::aws:cluster-access-policy/amazoneksviewpolicy",
    ] {
        assert!(policies.get(arn).is_none(), "{arn}");
    }
}

#[test]
fn cluster_scope_covers_everything() {
    let admin = |verb, target| decide("AmazonEKSClusterAdminPolicy", AccessScope::Cluster, verb, target);
    assert_eq!(admin("get", Target::NonResource { path: "/metrics" }), Verdict::Allowed);
    assert_eq!(admin("delete", Target::resource("", "nodes")), Verdict::Allowed);
    assert_eq!(
        admin("create", Target::resource("", "pods").subresource("exec").in_namespace("shop")),
        Verdict::Allowed
    );
}

#[test]
fn rules_are_those_of_the_guide() {
    let ask =
        |policy, verb, resource| decide(policy, AccessScope::Cluster, verb, Target::resource("", resource));
    assert_eq!(ask("AmazonEKSViewPolicy", "get", "secrets"), Verdict::Denied);
    assert_eq!(ask("AmazonEKSViewPolicy", "get", "pods"), Verdict::Allowed);
    assert_eq!(ask("AmazonEKSAdminViewPolicy", "get", "secrets"), Verdict::Allowed);
    assert_eq!(ask("AmazonEKSAdminViewPolicy", "update", "secrets"), Verdict::Denied);
    assert_eq!(ask("AmazonEKSEditPolicy", "impersonate", "serviceaccounts"), Verdict::Allowed);
    assert_eq!(ask("AmazonEKSEditPolicy", "create", "secrets"), Verdict::Allowed);
    let roles = Target::resource("rbac.authorization.k8s.io", "roles").in_namespace("shop");
    assert_eq!(decide("AmazonEKSEditPolicy", AccessScope::Cluster, "create", roles), Verdict::Denied);
    assert_eq!(decide("AmazonEKSAdminPolicy", AccessScope::Cluster, "create", roles), Verdict::Allowed);
    let proxy = Target::resource("", "nodes").subresource("proxy");
    assert_eq!(decide("AmazonEKSAdminViewPolicy", AccessScope::Cluster, "get", proxy), Verdict::Allowed);
}

#[test]
fn a_namespace_scope_holds_there_alone() {
    let pods = |namespace| {
        let target = Target::resource("", "pods").in_namespace(namespace);
        decide("AmazonEKSViewPolicy", namespaces(&["dev-*", "shop"]), "list", target)
    };
    assert_eq!(pods("shop"), Verdict::Allowed);
    assert_eq!(pods("dev-a"), Verdict::Allowed);
    assert_eq!(pods("dev"), Verdict::Denied);
    assert_eq!(pods("shops"), Verdict::Denied);
    assert_eq!(pods(""), Verdict::Denied, "across all namespaces");
    let everything = |verb, target| decide("AmazonEKSClusterAdminPolicy", namespaces(&["*"]), verb, target);
    assert_eq!(everything("get", Target::NonResource { path: "/metrics" }), Verdict::Denied);
    assert_eq!(everything("get", Target::resource("", "nodes")), Verdict::Denied);
    assert_eq!(everything("get", Target::resource("", "pods").in_namespace("any")), Verdict::Allowed);
    let own = Target::resource("", "namespaces").named("shop");
    assert_eq!(decide("AmazonEKSAdminPolicy", namespaces(&["shop"]), "get", own), Verdict::Allowed);
    assert_eq!(decide("AmazonEKSAdminPolicy", namespaces(&["dev"]), "get", own), Verdict::Denied);
}

#[test]
fn wildcards_that_aws_does_not_explain_are_unknown_where_they_matter() {
    for (pattern, verdict) in [
        ("*-prod", Verdict::Unknown),
        ("s*p-prod", Verdict::Unknown),
        ("shop-?rod", Verdict::Unknown),
        ("*h*", Verdict::Unknown),
        ("*-test", Verdict::Denied),
        ("shop?prod-", Verdict::Denied),
        ("SHOP-*", Verdict::Denied),
        ("", Verdict::Denied),
    ] {
        let target = Target::resource("", "pods").in_namespace("shop-prod");
        assert_eq!(
            decide("AmazonEKSViewPolicy", namespaces(&[pattern]), "get", target),
            verdict,
            "{pattern}"
        );
        assert_eq!(
            decide("AmazonEKSViewPolicy", namespaces(&[pattern]), "delete", target),
            Verdict::Denied,
            "{pattern}"
        );
    }
    let many = "*a".repeat(2000) + "b";
    let name = "a".repeat(5000);
    let target = Target::resource("", "pods").in_namespace(&name);
    assert_eq!(decide("AmazonEKSViewPolicy", namespaces(&[&many]), "get", target), Verdict::Denied);
}

#[test]
fn what_is_not_known_is_never_denied() {
    let pods = Target::resource("", "pods").in_namespace("shop");
    for policy in ["AmazonEKSComputePolicy", "AmazonEKSFuturePolicy"] {
        assert_eq!(decide(policy, AccessScope::Cluster, "get", pods), Verdict::Unknown, "{policy}");
        assert_eq!(decide(policy, namespaces(&["other"]), "get", pods), Verdict::Denied, "{policy}");
    }
    assert_eq!(
        decide("AmazonEKSViewPolicy", AccessScope::Unknown("galaxy".into()), "get", pods),
        Verdict::Unknown
    );
    assert_eq!(
        decide("AmazonEKSViewPolicy", AccessScope::Unknown("galaxy".into()), "delete", pods),
        Verdict::Denied
    );
    let leases = Target::resource("coordination.k8s.io", "leases").in_namespace("shop").named("any");
    assert_eq!(decide("AmazonEKSACKPolicy", AccessScope::Cluster, "delete", leases), Verdict::Unknown);
    assert_eq!(decide("AmazonEKSACKPolicy", AccessScope::Cluster, "get", leases), Verdict::Allowed);
}

#[test]
fn policies_add_up() {
    let pods = Target::resource("", "pods").in_namespace("shop");
    let view = granted("AmazonEKSViewPolicy", namespaces(&["shop"]));
    let unknown = granted("AmazonEKSComputePolicy", AccessScope::Cluster);
    assert_eq!(decide_by_policies(&[], "get", &pods).verdict, Verdict::Denied);
    assert_eq!(decide_by_policies(&[unknown.clone(), view.clone()], "get", &pods).verdict, Verdict::Allowed);
    assert_eq!(decide_by_policies(&[view, unknown], "delete", &pods).verdict, Verdict::Unknown);
}

#[test]
fn a_reason_says_what_and_where() {
    let pods = Target::resource("", "pods").in_namespace("shop");
    let decision =
        decide_by_policies(&[granted("AmazonEKSAdminViewPolicy", namespaces(&["shop"]))], "get", &pods);
    let reason = &decision.reasons[0];
    assert_eq!((reason.ring, reason.rule, reason.source.line), (Ring::Authorization, Some(0), 7));
    assert_eq!(
        reason.proof,
        Proof::Arn("arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminViewPolicy".into())
    );
    assert!(
        reason.text.contains("AmazonEKSAdminViewPolicy") && reason.text.contains("`shop`"),
        "{}",
        reason.text
    );
}

#[test]
fn the_inverse_tells_who_is_allowed_or_may_be() {
    let role = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
    let entry = |name: &str| json!({"principalArn": role(name), "type": "STANDARD", "username": name});
    let policy = |name: &str, policy: &str| {
        json!({"principalArn": role(name), "policyArn": format!("arn:aws:eks::aws:cluster-access-policy/{policy}"),
            "accessScope": {"type": "cluster"}})
    };
    let mappings = Mappings::of(&cluster(&json!({
        "mode": "API",
        "policiesMissing": true,
        "accessEntries": [entry("admin"), entry("view"), entry("compute"), entry("bare"), entry("system:refused")],
        "accessPolicies": [policy("admin", "AmazonEKSClusterAdminPolicy"), policy("view", "AmazonEKSViewPolicy"),
            policy("compute", "AmazonEKSComputePolicy"), policy("system:refused", "AmazonEKSClusterAdminPolicy")],
    })));
    let found = mappings.principals_allowed("get", &Target::resource("", "secrets").in_namespace("shop"));
    let found: Vec<_> = found.into_iter().map(|(place, decision)| (place, decision.verdict)).collect();
    assert_eq!(found, [(0, Verdict::Allowed), (2, Verdict::Unknown), (3, Verdict::Unknown)]);
}
