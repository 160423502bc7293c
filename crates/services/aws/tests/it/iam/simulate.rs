//! Simulations: what they tell is what happens.

use serde_json::{Value, json};

use super::{arn, iam};
use crate::harness::{ACCOUNT, Harness, OTHER, policy, trust};

/// Decision, source of the first statement that matched, and missing keys of the first answer.
fn first(reply: &crate::harness::Reply) -> (String, String, Vec<String>) {
    let result = &reply.ok()["EvaluationResults"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let missing = result["MissingContextValues"].as_array().into_iter().flatten().map(text).collect();
    (text(&result["EvalDecision"]), text(&result["MatchedStatements"][0]["SourcePolicyId"]), missing)
}

#[tokio::test(flavor = "multi_thread")]
async fn custom_policies_are_judged_with_their_conditions() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${aws:username}/*" },
        { "Effect": "Deny", "Action": "s3:GetObject", "Resource": "*",
          "Condition": { "Bool": { "aws:SecureTransport": "false" } } },
    ] });
    let ask = |resource: &str, context: Value| {
        json!({ "PolicyInputList": [document.to_string()], "ActionNames": ["s3:GetObject"], "ResourceArns": [resource],
                "ContextEntries": context })
    };
    let entry = |key: &str, value: &str| json!({ "ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string" });
    let bob = entry("aws:username", "bob");
    let with = async |resource: &str, context: Value| {
        first(&iam(&admin, "SimulateCustomPolicy", ask(resource, context)).await)
    };

    let (decision, source, missing) =
        with("arn:aws:s3:::b/bob/x", json!([bob, entry("aws:SecureTransport", "true")])).await;
    assert_eq!((decision.as_str(), source.as_str(), missing.len()), ("allowed", "PolicyInputList.1", 0));
    let (decision, _, missing) = with("arn:aws:s3:::b/bob/x", json!([])).await;
    assert_eq!(decision, "implicitDeny");
    assert!(
        missing.contains(&"aws:username".to_owned()) && missing.contains(&"aws:SecureTransport".to_owned()),
        "{missing:?}"
    );
    let (decision, ..) =
        with("arn:aws:s3:::b/bob/x", json!([bob, entry("aws:SecureTransport", "false")])).await;
    assert_eq!(decision, "explicitDeny");
    // A wildcard that is asked for is a letter like others.
    let (decision, ..) = with("arn:aws:s3:::b/bob/*", json!([bob])).await;
    assert_eq!(decision, "allowed");
    let (decision, ..) = with("arn:aws:s3:::b/*", json!([bob])).await;
    assert_eq!(decision, "implicitDeny");
    let (decision, ..) = with("*", json!([bob])).await;
    assert_eq!(decision, "implicitDeny");

    let keys =
        iam(&admin, "GetContextKeysForCustomPolicy", json!({ "PolicyInputList": [document.to_string()] }))
            .await;
    assert_eq!(keys.ok()["ContextKeyNames"], json!(["aws:SecureTransport", "aws:username"]));
    for bad in [
        json!({ "PolicyInputList": ["{}"], "ActionNames": ["s3:GetObject"] }),
        json!({ "PolicyInputList": [document.to_string()], "ActionNames": ["GetObject"] }),
        json!({ "PolicyInputList": [document.to_string()], "ActionNames": ["s3:GetObject"], "ResourceArns": ["bucket"] }),
        json!({ "PolicyInputList": [document.to_string()], "ActionNames": ["s3:GetObject"], "ResourcePolicy": document.to_string() }),
    ] {
        assert_eq!(iam(&admin, "SimulateCustomPolicy", bad.clone()).await.code(), "InvalidInput", "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_told_with_their_place() {
    let harness = Harness::new().await;
    let text = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"}\n  ]\n}";
    let input = json!({ "PolicyInputList": [text], "ActionNames": ["s3:GetObject"] });
    let reply = iam(&harness.admin(), "SimulateCustomPolicy", input).await;
    let matched = &reply.ok()["EvaluationResults"][0]["MatchedStatements"][0];
    assert_eq!(matched["StartPosition"], json!({ "Line": "4", "Column": "5" }));
    assert_eq!(matched["EndPosition"], json!({ "Line": "4", "Column": "59" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn boundaries_and_organizations_are_told_apart() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let result = async |extra: Value| {
        let mut input = json!({
            "PolicyInputList": [policy("Allow", "*", "*").to_string()], "ActionNames": ["s3:GetObject", "ec2:RunInstances"],
        });
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        iam(&admin, "SimulateCustomPolicy", input).await.ok()["EvaluationResults"].clone()
    };
    let only_s3 = policy("Allow", "s3:*", "*").to_string();
    let results = result(json!({ "PermissionsBoundaryPolicyInputList": [only_s3] })).await;
    assert_eq!(
        (&results[0]["EvalDecision"], &results[1]["EvalDecision"]),
        (&json!("allowed"), &json!("implicitDeny"))
    );
    let detail =
        |at: usize| results[at]["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"].clone();
    assert_eq!((detail(0), detail(1)), (json!("true"), json!("false")));
    let levels = json!({ "OrderedOrganizationPolicyInputList": [
        { "ServiceControlPolicyInputList": [policy("Allow", "*", "*").to_string()] },
        { "ServiceControlPolicyInputList": [only_s3] },
    ] });
    let results = result(levels).await;
    assert_eq!(
        (&results[0]["EvalDecision"], &results[1]["EvalDecision"]),
        (&json!("allowed"), &json!("implicitDeny"))
    );
    assert_eq!(results[1]["OrganizationsDecisionDetail"]["AllowedByOrganizations"], "false");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_principal_is_simulated_with_all_its_policies() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let bob = admin.user("bob", Some(policy("Allow", "iam:ListUsers", "*"))).await;
    iam(&admin, "CreateGroup", json!({ "GroupName": "team" })).await.ok();
    let input = json!({ "GroupName": "team", "PolicyName": "roles", "PolicyDocument": policy("Allow", "iam:ListRoles", "*").to_string() });
    iam(&admin, "PutGroupPolicy", input).await.ok();
    iam(&admin, "AddUserToGroup", json!({ "GroupName": "team", "UserName": "bob" })).await.ok();
    let input = json!({ "PolicySourceArn": arn("user/bob"), "ActionNames": ["iam:ListUsers", "iam:ListRoles", "iam:ListGroups"] });
    let results = iam(&admin, "SimulatePrincipalPolicy", input.clone()).await;
    let results = results.ok()["EvaluationResults"].clone();
    for (at, operation) in ["ListUsers", "ListRoles", "ListGroups"].into_iter().enumerate() {
        let allowed = iam(&bob, operation, json!({})).await.status == 200;
        assert_eq!(results[at]["EvalDecision"] == "allowed", allowed, "{operation}");
    }
    assert_eq!(results[0]["MatchedStatements"][0]["SourcePolicyType"], "user");
    assert_eq!(results[1]["MatchedStatements"][0]["SourcePolicyId"], "group_team_roles");
    for exclusion in [
        json!({ "PolicyType": "inline" }),
        json!({ "InlinePolicyIdentifier": { "PolicyName": "inline", "AttachmentType": "user", "AttachmentName": "bob" } }),
    ] {
        let mut without = input.clone();
        without["PolicyExclusionList"] = json!([exclusion]);
        assert_eq!(first(&iam(&admin, "SimulatePrincipalPolicy", without).await).0, "implicitDeny");
    }
    iam(&bob, "SimulatePrincipalPolicy", input).await.denied("iam:SimulatePrincipalPolicy");
    let input = json!({ "PolicyName": "keyed", "PolicyDocument": json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": { "Bool": { "aws:SecureTransport": true } },
    }] }).to_string(), "UserName": "bob" });
    iam(&admin, "PutUserPolicy", input).await.ok();
    let keys =
        iam(&admin, "GetContextKeysForPrincipalPolicy", json!({ "PolicySourceArn": arn("user/bob") })).await;
    assert_eq!(keys.ok()["ContextKeyNames"], json!(["aws:SecureTransport"]));
    // Pages go on where they ended.
    let mut paged = json!({ "PolicySourceArn": arn("user/bob"), "ActionNames": ["iam:ListUsers", "iam:ListRoles"], "MaxItems": 1 });
    let page = iam(&admin, "SimulatePrincipalPolicy", paged.clone()).await;
    paged["Marker"] = page.ok()["Marker"].clone();
    let page = iam(&admin, "SimulatePrincipalPolicy", paged).await;
    assert_eq!(page.ok()["EvaluationResults"][0]["EvalActionName"], "iam:ListRoles");
    assert_eq!(page.ok()["IsTruncated"], "false");
}

#[tokio::test(flavor = "multi_thread")]
async fn trust_policies_are_part_of_the_answer() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let bob = admin.user("bob", None).await;
    let ann = admin.user("ann", Some(policy("Allow", "sts:AssumeRole", "*"))).await;
    let input = json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust(&arn("user/bob")).to_string() });
    iam(&admin, "CreateRole", input).await.ok();
    for (name, client) in [("bob", &bob), ("ann", &ann)] {
        let input = json!({ "PolicySourceArn": arn(&format!("user/{name}")), "ActionNames": ["sts:AssumeRole"], "ResourceArns": [arn("role/r")] });
        let simulated = first(&iam(&admin, "SimulatePrincipalPolicy", input).await);
        let assume = json!({ "RoleArn": arn("role/r"), "RoleSessionName": "test" });
        let happened = client.call("sts", "AssumeRole", assume).await.status == 200;
        assert_eq!(simulated.0 == "allowed", happened, "{name}");
        assert_eq!(simulated.1, if name == "bob" { "role_r_trust" } else { "" });
    }
    // A resource policy that is given: another account needs both sides.
    let open = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": arn("user/bob") }, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*" },
    ] });
    let input = |owner: &str| {
        json!({
            "PolicySourceArn": arn("user/bob"), "ActionNames": ["s3:GetObject"], "ResourceArns": ["arn:aws:s3:::b/x"],
            "ResourcePolicy": open.to_string(), "ResourceOwner": format!("arn:aws:iam::{owner}:root"),
        })
    };
    assert_eq!(first(&iam(&admin, "SimulatePrincipalPolicy", input(ACCOUNT)).await).0, "allowed");
    assert_eq!(first(&iam(&admin, "SimulatePrincipalPolicy", input(OTHER)).await).0, "implicitDeny");
}
