//! The account as a whole.

use serde_json::json;

use super::{arn, decoded, iam, names};
use crate::harness::{Harness, policy, trust};

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_is_of_one_account() {
    let harness = Harness::new().await;
    let (admin, other) = (harness.admin(), harness.other());
    let alias = json!({ "AccountAlias": "wall" });
    iam(&admin, "CreateAccountAlias", alias.clone()).await.ok();
    assert_eq!(iam(&other, "CreateAccountAlias", alias.clone()).await.code(), "EntityAlreadyExists");
    let listed = iam(&admin, "ListAccountAliases", json!({})).await;
    assert_eq!(listed.ok()["AccountAliases"], json!(["wall"]));
    assert_eq!(iam(&other, "DeleteAccountAlias", alias.clone()).await.code(), "NoSuchEntity");
    iam(&admin, "DeleteAccountAlias", alias.clone()).await.ok();
    iam(&other, "CreateAccountAlias", alias).await.ok();
    let bob = admin.user("bob", None).await;
    iam(&bob, "CreateAccountAlias", json!({ "AccountAlias": "bob" })).await.denied("iam:CreateAccountAlias");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_account_is_told() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    admin.user("bob", Some(policy("Allow", "s3:*", "*"))).await;
    iam(&admin, "CreateGroup", json!({ "GroupName": "team" })).await.ok();
    iam(&admin, "AddUserToGroup", json!({ "GroupName": "team", "UserName": "bob" })).await.ok();
    let input = json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust(&arn("user/bob")).to_string() });
    iam(&admin, "CreateRole", input).await.ok();
    let input = json!({ "PolicyName": "p", "PolicyDocument": policy("Deny", "*", "*").to_string() });
    iam(&admin, "CreatePolicy", input).await.ok();

    let summary = iam(&admin, "GetAccountSummary", json!({})).await;
    let text = &summary.text;
    for (name, count) in [("Users", 2), ("Groups", 1), ("Roles", 1), ("Policies", 1), ("UsersQuota", 5000)] {
        let entry = format!("<key>{name}</key><value>{count}</value>");
        assert!(text.contains(&entry), "{name}: {text}");
    }

    let details = iam(&admin, "GetAccountAuthorizationDetails", json!({})).await;
    let details = details.ok();
    assert_eq!(names(&details["UserDetailList"], "UserName"), ["administrator", "bob"]);
    let bob = &details["UserDetailList"][1];
    assert_eq!(bob["GroupList"], json!(["team"]));
    assert_eq!(decoded(&bob["UserPolicyList"][0]["PolicyDocument"]), policy("Allow", "s3:*", "*"));
    assert_eq!(names(&details["RoleDetailList"], "RoleName"), ["r"]);
    assert_eq!(names(&details["GroupDetailList"], "GroupName"), ["team"]);
    assert_eq!(names(&details["Policies"], "PolicyName"), ["AdministratorAccess", "p"]);

    let mut found = Vec::new();
    let mut input = json!({ "Filter": ["User", "Role"], "MaxItems": 1 });
    for _ in 0..10 {
        let page = iam(&admin, "GetAccountAuthorizationDetails", input.clone()).await;
        found.extend(names(&page.ok()["RoleDetailList"], "RoleName"));
        found.extend(names(&page.ok()["UserDetailList"], "UserName"));
        match page.ok().get("Marker") {
            Some(marker) => input["Marker"] = marker.clone(),
            None => break,
        }
    }
    assert_eq!(found, ["r", "administrator", "bob"]);
}
