//! Who may: every operation, denied by each kind of policy, and allowed by its own action alone.

use ringwall_iam::catalog;
use serde_json::{Value, json};

use super::{
    ec2, from_group, group_input, new_group, new_vpc, pairs, permissions, rule_ids, rules_of, tcp, with,
};
use crate::harness::{ACCOUNT, Client, Harness, policy, trust};

/// Every operation with an input that an administrator could make.
async fn operations(admin: &Client<'_>) -> Vec<(&'static str, Value)> {
    let vpc = new_vpc(admin).await;
    let group = new_group(admin, &vpc, "web").await;
    let rule = rule_ids(
        &ec2(admin, "AuthorizeSecurityGroupIngress", permissions(&group, &[tcp(80, "10.0.0.0/8")])).await,
    )
    .remove(0);
    let tags = json!({ "ResourceId": [group], "Tag": pairs(&[("a", "b")]) });
    let described =
        json!({ "GroupId": group, "SecurityGroupRuleDescription": [{ "SecurityGroupRuleId": rule }] });
    vec![
        ("AuthorizeSecurityGroupEgress", permissions(&group, &[from_group(&group)])),
        ("AuthorizeSecurityGroupIngress", permissions(&group, &[from_group(&group)])),
        ("CreateSecurityGroup", group_input(&vpc, "new")),
        ("CreateTags", tags.clone()),
        ("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" })),
        ("DeleteSecurityGroup", json!({ "GroupId": group })),
        ("DeleteTags", tags),
        ("DeleteVpc", json!({ "VpcId": vpc })),
        ("DescribeSecurityGroupRules", json!({})),
        ("DescribeSecurityGroups", json!({})),
        ("DescribeTags", json!({})),
        ("DescribeVpcs", json!({})),
        (
            "ModifySecurityGroupRules",
            json!({ "GroupId": group, "SecurityGroupRule": [{ "SecurityGroupRuleId": rule,
            "SecurityGroupRule": { "IpProtocol": "-1", "CidrIpv4": "10.0.0.0/8" } }] }),
        ),
        (
            "RevokeSecurityGroupEgress",
            permissions(&group, &[json!({ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] })]),
        ),
        ("RevokeSecurityGroupIngress", json!({ "GroupId": group, "SecurityGroupRuleId": [rule] })),
        ("UpdateSecurityGroupRuleDescriptionsEgress", described.clone()),
        ("UpdateSecurityGroupRuleDescriptionsIngress", described),
    ]
}

#[tokio::test]
async fn every_operation_is_denied_by_each_kind_of_policy() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let operations = operations(&admin).await;
    let all = policy("Allow", "*", "*");
    let nobody = admin.user("nobody", None).await;
    let denied = admin
        .user(
            "denied",
            Some(json!({ "Version": "2012-10-17", "Statement": [
                { "Effect": "Allow", "Action": "*", "Resource": "*" },
                { "Effect": "Deny", "Action": "ec2:*", "Resource": "*" }] })),
        )
        .await;
    let bounded = admin.user("bounded", Some(all.clone())).await;
    let input =
        json!({ "PolicyName": "boundary", "PolicyDocument": policy("Allow", "iam:*", "*").to_string() });
    let boundary = admin.call("iam", "CreatePolicy", input).await.ok()["Policy"]["Arn"].clone();
    let input = json!({ "UserName": "bounded", "PermissionsBoundary": boundary });
    admin.call("iam", "PutUserPermissionsBoundary", input).await.ok();
    let input = json!({ "RoleName": "role", "AssumeRolePolicyDocument": trust(ACCOUNT).to_string() });
    let role = admin.call("iam", "CreateRole", input).await.ok()["Role"]["Arn"].clone();
    let input = json!({ "RoleName": "role", "PolicyName": "all", "PolicyDocument": all.to_string() });
    admin.call("iam", "PutRolePolicy", input).await.ok();
    let input = json!({ "RoleArn": role, "RoleSessionName": "session", "Policy": policy("Allow", "iam:*", "*").to_string() });
    let session = admin.session(&admin.call("sts", "AssumeRole", input).await.ok()["Credentials"]);

    for (operation, input) in &operations {
        let action = format!("ec2:{operation}");
        for (client, because) in [
            (&nobody, format!("because no identity-based policy allows the {action} action")),
            (&denied, "with an explicit deny in an identity-based policy".to_owned()),
            (&bounded, format!("because no permissions boundary allows the {action} action")),
            (&session, format!("because no session policy allows the {action} action")),
        ] {
            // A dry run tells the same, and a refusal comes before it.
            for input in [input.clone(), with(input.clone(), "DryRun", true)] {
                let reply = ec2(client, operation, input).await;
                assert_eq!((reply.status, reply.code()), (403, "UnauthorizedOperation"), "{}", reply.text);
                assert!(
                    reply
                        .message()
                        .starts_with("You are not authorized to perform this operation. User: arn:aws:")
                );
                assert!(
                    reply.message().contains(&format!("is not authorized to perform: {action} ")),
                    "{}",
                    reply.text
                );
                reply.denied(&because);
            }
        }
    }
    // Each action that was asked for is AWS's, on a resource of a type that it takes.
    let records = harness.records(ACCOUNT).await;
    let decisions: Vec<&Value> = records
        .iter()
        .filter(|record| record["errorCode"] == "Client.UnauthorizedOperation")
        .map(|record| &record["additionalEventData"]["decision"])
        .collect();
    assert_eq!(decisions.len(), operations.len() * 8);
    decisions.into_iter().for_each(fits);
}

fn fits(decision: &Value) {
    let (action, resource) = (decision["action"].as_str().unwrap(), decision["resource"].as_str().unwrap());
    let known = catalog().action(action).unwrap_or_else(|| panic!("{action} is not in the catalog"));
    let service = catalog().service("ec2").unwrap();
    let of_type =
        known.resources().iter().any(|kind| service.resource_type(kind.name).unwrap().matches(resource));
    assert!(if known.takes_only_star() { resource == "*" } else { of_type }, "{action} on {resource}");
}

#[tokio::test]
async fn every_operation_is_allowed_by_its_own_action_alone() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let operations = operations(&admin).await;
    let client = admin.user("one", None).await;
    for (operation, input) in &operations {
        let document = policy("Allow", &format!("ec2:{operation}"), "*").to_string();
        let put = json!({ "UserName": "one", "PolicyName": "inline", "PolicyDocument": document });
        admin.call("iam", "PutUserPolicy", put).await.ok();
        let reply = ec2(&client, operation, with(input.clone(), "DryRun", true)).await;
        assert_eq!((reply.status, reply.code()), (412, "DryRunOperation"), "{operation}: {}", reply.text);
    }
    // Nothing was done.
    let group = operations[0].1["GroupId"].as_str().unwrap();
    assert_eq!(rules_of(&admin, group).await.len(), 2);
}

/// Who may not ask is told nothing of what there is.
#[tokio::test]
async fn what_is_there_is_told_only_to_who_may_ask() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let vpc = new_vpc(&admin).await;
    let group = new_group(&admin, &vpc, "web").await;
    let nobody = admin.user("nobody", None).await;
    for id in [group.as_str(), "sg-00000000000000000"] {
        let reply = ec2(&nobody, "DeleteSecurityGroup", json!({ "GroupId": id })).await;
        reply.denied(&format!(
            "on resource: arn:aws:ec2:eu-central-1:{ACCOUNT}:security-group/{id} because no identity-based"
        ));
    }
    for (id, known) in [(&group, true), (&"sg-00000000000000000".to_owned(), false)] {
        let tags = json!({ "ResourceId": [id], "Tag": pairs(&[("a", "b")]) });
        ec2(&nobody, "CreateTags", tags.clone()).await.denied("no identity-based policy");
        assert_eq!(ec2(&admin, "CreateTags", tags).await.status == 200, known);
    }
}
