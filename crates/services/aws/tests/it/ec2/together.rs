//! Calls at the same time: each takes effect, or is told why not.

use serde_json::{Value, json};

use super::{
    ec2, from_group, group_input, list, new_group, new_vpc, pairs, permissions, rules_of, shown, tcp,
};
use crate::harness::{Client, Harness, Reply};

/// Eight calls of one operation at once, each with an input of its own.
async fn eight(client: &Client<'_>, operation: &str, input: impl Fn(u16) -> Value) -> [Reply; 8] {
    let call = |at| ec2(client, operation, input(at));
    let (a, b, c, d, e, f, g, h) =
        tokio::join!(call(0), call(1), call(2), call(3), call(4), call(5), call(6), call(7));
    [a, b, c, d, e, f, g, h]
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_come_at_once_all_stay() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let vpc = new_vpc(&admin).await;
    let group = new_group(&admin, &vpc, "web").await;
    let input = |at| permissions(&group, &[tcp(80 + at, "10.0.0.0/8")]);
    for reply in eight(&admin, "AuthorizeSecurityGroupIngress", input).await {
        reply.ok();
    }
    assert_eq!(rules_of(&admin, &group).await.len(), 9);
    // The same rule is taken once, whoever comes first.
    let same = |_| permissions(&group, &[tcp(22, "10.0.0.0/8")]);
    let replies = eight(&admin, "AuthorizeSecurityGroupIngress", same).await;
    let (made, told): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert_eq!(made.len(), 1);
    assert!(told.iter().all(|reply| reply.code() == "InvalidPermission.Duplicate"));
    // And taken away once.
    let replies = eight(&admin, "RevokeSecurityGroupIngress", same).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    assert_eq!(rules_of(&admin, &group).await.len(), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_and_tags_that_come_at_once_all_stay() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let vpc = new_vpc(&admin).await;
    for reply in eight(&admin, "CreateSecurityGroup", |at| group_input(&vpc, &format!("group-{at}"))).await {
        reply.ok();
    }
    let replies = eight(&admin, "CreateSecurityGroup", |_| group_input(&vpc, "same")).await;
    let (made, told): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert_eq!(made.len(), 1);
    assert!(told.iter().all(|reply| reply.code() == "InvalidGroup.Duplicate"));
    let group = made[0].value["groupId"].as_str().unwrap();
    let tag = |at| json!({ "ResourceId": [group], "Tag": pairs(&[(&format!("key-{at}"), "x")]) });
    for reply in eight(&admin, "CreateTags", tag).await {
        reply.ok();
    }
    assert_eq!(list(&shown(&admin, group).await["tagSet"]).len(), 8);
}

/// Whoever comes first, no rule names a group that is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_not_deleted_while_another_comes_to_name_it() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let vpc = new_vpc(&admin).await;
    let db = new_group(&admin, &vpc, "db").await;
    for at in 0..12 {
        let web = new_group(&admin, &vpc, &format!("web-{at}")).await;
        let (named, deleted) = tokio::join!(
            ec2(&admin, "AuthorizeSecurityGroupIngress", permissions(&db, &[from_group(&web)])),
            ec2(&admin, "DeleteSecurityGroup", json!({ "GroupId": web })),
        );
        let names = rules_of(&admin, &db).await;
        let is_named = names.iter().any(|rule| rule["referencedGroupInfo"]["groupId"] == web.as_str());
        if is_named {
            named.ok();
            assert_eq!(deleted.code(), "DependencyViolation");
            shown(&admin, &web).await;
        } else {
            deleted.ok();
            assert_eq!(named.code(), "InvalidGroup.NotFound");
        }
    }
}

/// Whoever comes first, no group is left without its VPC.
#[tokio::test(flavor = "multi_thread")]
async fn a_vpc_is_not_deleted_while_it_gets_a_group() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    for _ in 0..8 {
        let vpc = new_vpc(&admin).await;
        let (made, deleted) = tokio::join!(
            ec2(&admin, "CreateSecurityGroup", group_input(&vpc, "web")),
            ec2(&admin, "DeleteVpc", json!({ "VpcId": vpc })),
        );
        if made.status == 200 {
            assert_eq!(deleted.code(), "DependencyViolation");
            ec2(&admin, "DeleteSecurityGroup", json!({ "GroupId": made.value["groupId"] })).await.ok();
            ec2(&admin, "DeleteVpc", json!({ "VpcId": vpc })).await.ok();
        } else {
            assert_eq!(made.code(), "InvalidVpcID.NotFound");
            deleted.ok();
        }
        let left = ec2(&admin, "DescribeSecurityGroups", json!({})).await;
        assert_eq!(list(&left.ok()["securityGroupInfo"]).len(), 0);
    }
}
