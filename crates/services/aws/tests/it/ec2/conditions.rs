//! Condition keys: of the group, its VPC and tags, of the request's tags, of the region.

use serde_json::{Value, json};

use super::{ec2, group_input, new_group, new_vpc, pairs, permissions, rule_ids, tagged, tcp, text, with};
use crate::harness::{ACCOUNT, Client, Harness, REGION};

fn statements(statements: Value) -> Option<Value> {
    Some(json!({ "Version": "2012-10-17", "Statement": statements }))
}

fn allow(action: &str, resource: &str, condition: Value) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition })
}

fn arn(of: &str) -> String {
    format!("arn:aws:ec2:{REGION}:{ACCOUNT}:{of}")
}

/// Adds a rule that was not there before.
async fn add(client: &Client<'_>, group: &str, port: u16) -> u16 {
    ec2(client, "AuthorizeSecurityGroupIngress", permissions(group, &[tcp(port, "10.0.0.0/8")])).await.status
}

#[tokio::test]
async fn a_group_is_told_apart_by_id_vpc_and_tags() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let (home, away) = (new_vpc(&admin).await, new_vpc(&admin).await);
    let input =
        with(group_input(&home, "web"), "TagSpecification", tagged("security-group", &[("Team", "a")]));
    let mine = text(&ec2(&admin, "CreateSecurityGroup", input).await.ok()["groupId"]);
    let other = new_group(&admin, &away, "web").await;
    let action = "ec2:AuthorizeSecurityGroupIngress";
    let conditions = [
        json!({ "ArnEquals": { "ec2:Vpc": arn(&format!("vpc/{home}")) } }),
        json!({ "StringEquals": { "ec2:SecurityGroupID": mine } }),
        json!({ "StringEquals": { "ec2:ResourceTag/Team": "a" } }),
        json!({ "StringEquals": { "aws:ResourceTag/team": "a" } }),
    ];
    for (at, condition) in (1..).zip(conditions) {
        let name = format!("user-{at}");
        let user = admin.user(&name, statements(json!([allow(action, "*", condition.clone())]))).await;
        assert_eq!(add(&user, &mine, at).await, 200, "{condition}");
        assert_eq!(add(&user, &other, at).await, 403, "{condition}");
        assert_eq!(add(&user, "sg-00000000000000000", at).await, 403, "{condition}");
    }
    let by_arn = arn(&format!("security-group/{mine}"));
    let user = admin.user("by-arn", statements(json!([allow(action, &by_arn, json!({}))]))).await;
    assert_eq!((add(&user, &mine, 10).await, add(&user, &other, 10).await), (200, 403));

    // A tag that is gone allows nothing any more; a Deny on what is not so tagged denies.
    let user = admin
        .user(
            "tagged",
            statements(json!([
        allow(action, "*", json!({})),
        { "Effect": "Deny", "Action": "ec2:*", "Resource": "*",
            "Condition": { "StringNotEquals": { "ec2:ResourceTag/Team": "a" } } }])),
        )
        .await;
    assert_eq!(add(&user, &mine, 11).await, 200);
    ec2(&admin, "DeleteTags", json!({ "ResourceId": [mine], "Tag": [{ "Key": "Team" }] })).await.ok();
    assert_eq!(add(&user, &mine, 12).await, 403);
}

#[tokio::test]
async fn a_region_is_told_apart() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let condition = json!({ "StringEquals": { "ec2:Region": REGION } });
    let user = admin.user("here", statements(json!([allow("ec2:DescribeVpcs", "*", condition)]))).await;
    ec2(&user, "DescribeVpcs", json!({})).await.ok();
    ec2(&user.in_region("us-east-1"), "DescribeVpcs", json!({})).await.denied("no identity-based policy");
}

#[tokio::test]
async fn groups_are_made_in_the_vpc_and_with_the_tags_that_are_allowed() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let (home, away) = (new_vpc(&admin).await, new_vpc(&admin).await);
    let tags = json!({ "StringEquals": { "aws:RequestTag/team": "a" }, "ForAllValues:StringEquals": { "aws:TagKeys": ["team", "env"] } });
    let user = admin
        .user(
            "maker",
            statements(json!([
                allow("ec2:CreateSecurityGroup", &arn("security-group/*"), tags.clone()),
                allow("ec2:CreateSecurityGroup", &arn(&format!("vpc/{home}")), json!({})),
                allow(
                    "ec2:CreateTags",
                    "*",
                    json!({ "StringEquals": { "ec2:CreateAction": "CreateSecurityGroup" } })
                ),
            ])),
        )
        .await;
    let mut at = 0;
    let mut input = |vpc: &str, tags: &[(&str, &str)]| {
        at += 1;
        with(group_input(vpc, &format!("group-{at}")), "TagSpecification", tagged("security-group", tags))
    };
    let good = [("team", "a"), ("env", "x")];
    let made = ec2(&user, "CreateSecurityGroup", input(&home, &good)).await;
    let made = text(&made.ok()["groupId"]);
    for (input, resource) in [
        (input(&away, &good), format!("vpc/{away}")),
        (input(&home, &[("team", "b")]), "security-group/*".to_owned()),
        (input(&home, &[("team", "a"), ("other", "x")]), "security-group/*".to_owned()),
        (group_input(&home, "untagged"), "security-group/*".to_owned()),
    ] {
        let reply = ec2(&user, "CreateSecurityGroup", input).await;
        reply.denied(&format!("ec2:CreateSecurityGroup on resource: {} because", arn(&resource)));
    }
    // Tags may be given to what is made, and to nothing else.
    let direct = json!({ "ResourceId": [made], "Tag": pairs(&good) });
    ec2(&user, "CreateTags", direct)
        .await
        .denied("no identity-based policy allows the ec2:CreateTags action");

    // Whoever may make, but not tag, makes without tags.
    let user =
        admin.user("untagging", statements(json!([allow("ec2:CreateSecurityGroup", "*", json!({}))]))).await;
    let reply = ec2(&user, "CreateSecurityGroup", input(&home, &good)).await;
    reply.denied(&format!("ec2:CreateTags on resource: {} because", arn("security-group/*")));
    ec2(&user, "CreateSecurityGroup", group_input(&home, "plain")).await.ok();
    let input = json!({ "CidrBlock": "10.0.0.0/16", "TagSpecification": tagged("vpc", &good) });
    let user = admin
        .user(
            "vpcs",
            statements(json!([
                allow("ec2:CreateVpc", "*", json!({})),
                allow(
                    "ec2:CreateTags",
                    "*",
                    json!({ "StringEquals": { "ec2:CreateAction": "CreateSecurityGroup" } })
                )
            ])),
        )
        .await;
    ec2(&user, "CreateVpc", input).await.denied(&format!("ec2:CreateTags on resource: {}", arn("vpc/*")));
}

#[tokio::test]
async fn rules_are_resources_of_their_own() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let vpc = new_vpc(&admin).await;
    let group = new_group(&admin, &vpc, "web").await;
    let input = with(
        permissions(&group, &[tcp(80, "10.0.0.0/8")]),
        "TagSpecification",
        tagged("security-group-rule", &[("open", "yes")]),
    );
    let open = rule_ids(&ec2(&admin, "AuthorizeSecurityGroupIngress", input).await).remove(0);
    let input = permissions(&group, &[tcp(81, "10.0.0.0/8")]);
    let closed = rule_ids(&ec2(&admin, "AuthorizeSecurityGroupIngress", input).await).remove(0);
    let change = |id: &str, port: u16| {
        json!({ "GroupId": group, "SecurityGroupRule": [{ "SecurityGroupRuleId": id,
        "SecurityGroupRule": { "IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIpv4": "10.0.0.0/8" } }] })
    };
    let user = admin
        .user(
            "changer",
            statements(json!([
                allow("ec2:ModifySecurityGroupRules", &arn("security-group/*"), json!({})),
                allow(
                    "ec2:ModifySecurityGroupRules",
                    &arn("security-group-rule/*"),
                    json!({ "StringEquals": { "aws:ResourceTag/open": "yes" } })
                ),
            ])),
        )
        .await;
    ec2(&user, "ModifySecurityGroupRules", change(&open, 90)).await.ok();
    let reply = ec2(&user, "ModifySecurityGroupRules", change(&closed, 91)).await;
    reply.denied(&format!("on resource: {} because", arn(&format!("security-group-rule/{closed}"))));

    // Rules with tags are asked for as such.
    let user = admin
        .user(
            "adder",
            statements(json!([
                allow("ec2:AuthorizeSecurityGroupIngress", &arn("security-group/*"), json!({})),
                allow("ec2:CreateTags", "*", json!({})),
            ])),
        )
        .await;
    assert_eq!(add(&user, &group, 100).await, 200);
    let input = with(
        permissions(&group, &[tcp(101, "10.0.0.0/8")]),
        "TagSpecification",
        tagged("security-group-rule", &[("open", "yes")]),
    );
    let reply = ec2(&user, "AuthorizeSecurityGroupIngress", input).await;
    reply.denied(&format!("on resource: {} because", arn("security-group-rule/*")));
}

#[tokio::test]
async fn tags_are_given_and_taken_away_by_their_keys() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let vpc = new_vpc(&admin).await;
    let group = new_group(&admin, &vpc, "web").await;
    let keys = json!({ "ForAllValues:StringEquals": { "aws:TagKeys": ["color", "size"] } });
    let user = admin
        .user(
            "tagger",
            statements(json!([
                allow("ec2:CreateTags", "*", keys.clone()),
                allow("ec2:DeleteTags", "*", keys)
            ])),
        )
        .await;
    let tags = |tags: &[(&str, &str)]| json!({ "ResourceId": [group], "Tag": pairs(tags) });
    ec2(&user, "CreateTags", tags(&[("color", "red")])).await.ok();
    ec2(&user, "CreateTags", tags(&[("color", "red"), ("team", "a")]))
        .await
        .denied("no identity-based policy");
    ec2(&admin, "CreateTags", tags(&[("team", "a")])).await.ok();
    ec2(&user, "DeleteTags", tags(&[("team", "a")])).await.denied("no identity-based policy");
    // Naming none names all.
    ec2(&user, "DeleteTags", json!({ "ResourceId": [group] })).await.denied("no identity-based policy");
    ec2(&admin, "DeleteTags", tags(&[("team", "a")])).await.ok();
    ec2(&user, "DeleteTags", json!({ "ResourceId": [group] })).await.ok();
    let user = admin.user("valued", statements(json!([
        allow("ec2:CreateTags", "*", json!({ "StringEquals": { "aws:RequestTag/color": "blue", "ec2:Vpc": arn(&format!("vpc/{vpc}")) } }))]))).await;
    ec2(&user, "CreateTags", tags(&[("Color", "blue")])).await.ok();
    ec2(&user, "CreateTags", tags(&[("color", "green")])).await.denied("no identity-based policy");
    // A key cannot hide behind another that differs in case alone.
    assert_eq!(
        ec2(&user, "CreateTags", tags(&[("color", "green"), ("COLOR", "blue")])).await.code(),
        "InvalidParameterValue"
    );
}
