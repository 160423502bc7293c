//! Tags of VPCs, groups and rules.

use serde_json::{Value, json};

use super::{
    ec2, group_input, list, new_group, new_vpc, pairs, permissions, rule_ids, rules_of, shown, tagged, tcp,
    text, with,
};
use crate::harness::{Client, Harness};

/// The tags of something, `KEY=VALUE`.
async fn tags_of(client: &Client<'_>, id: &str) -> Vec<String> {
    let input = json!({ "Filter": [{ "Name": "resource-id", "Value": [id] }] });
    let reply = ec2(client, "DescribeTags", input).await;
    let one = |tag: &Value| format!("{}={}", text(&tag["key"]), tag["value"].as_str().unwrap_or_default());
    list(&reply.ok()["tagSet"]).iter().map(one).collect()
}

#[tokio::test]
async fn tags_are_given_shown_and_taken_away() {
    let harness = Harness::new().await;
    let (vpc, group, rule) = {
        let admin = harness.admin();
        let input =
            json!({ "CidrBlock": "10.0.0.0/16", "TagSpecification": tagged("vpc", &[("name", "main")]) });
        let vpc = text(&ec2(&admin, "CreateVpc", input).await.ok()["vpc"]["vpcId"]);
        let input =
            with(group_input(&vpc, "web"), "TagSpecification", tagged("security-group", &[("team", "a")]));
        let reply = ec2(&admin, "CreateSecurityGroup", input).await;
        assert_eq!(reply.ok()["tagSet"][0], json!({ "key": "team", "value": "a" }));
        let group = text(&reply.value["groupId"]);
        let input = with(
            permissions(&group, &[tcp(80, "10.0.0.0/8")]),
            "TagSpecification",
            tagged("security-group-rule", &[("why", "http")]),
        );
        let reply = ec2(&admin, "AuthorizeSecurityGroupIngress", input).await;
        assert_eq!(reply.ok()["securityGroupRuleSet"][0]["tagSet"][0]["value"], "http");
        let rule = rule_ids(&reply).remove(0);
        // One call for all three.
        let all =
            json!({ "ResourceId": [vpc, group, rule], "Tag": pairs(&[("env", "test"), ("team", "b")]) });
        ec2(&admin, "CreateTags", all).await.ok();
        (vpc, group, rule)
    };
    let harness = harness.restart().await;
    let admin = harness.admin();
    assert_eq!(tags_of(&admin, &vpc).await, ["env=test", "name=main", "team=b"]);
    assert_eq!(tags_of(&admin, &group).await, ["env=test", "team=b"]);
    assert_eq!(tags_of(&admin, &rule).await, ["env=test", "team=b", "why=http"]);
    assert_eq!(list(&shown(&admin, &group).await["tagSet"]).len(), 2);
    let rules = rules_of(&admin, &group).await;
    assert_eq!(rules.iter().filter(|rule| list(&rule["tagSet"]).len() == 3).count(), 1);
    for (operation, answer, filter, expected) in [
        ("DescribeVpcs", "vpcSet", json!({ "Name": "tag:team", "Value": ["b"] }), 1),
        ("DescribeVpcs", "vpcSet", json!({ "Name": "tag:team", "Value": ["a"] }), 0),
        ("DescribeSecurityGroups", "securityGroupInfo", json!({ "Name": "tag-key", "Value": ["e?v"] }), 1),
        (
            "DescribeSecurityGroupRules",
            "securityGroupRuleSet",
            json!({ "Name": "tag:why", "Value": ["*"] }),
            1,
        ),
        ("DescribeTags", "tagSet", json!({ "Name": "resource-type", "Value": ["security-group"] }), 2),
        ("DescribeTags", "tagSet", json!({ "Name": "key", "Value": ["env"] }), 3),
        ("DescribeTags", "tagSet", json!({ "Name": "value", "Value": ["b", "http"] }), 4),
    ] {
        let reply = ec2(&admin, operation, json!({ "Filter": [filter] })).await;
        assert_eq!(list(&reply.ok()[answer]).len(), expected, "{operation} {filter}");
    }
    let reply = ec2(&admin, "DescribeTags", json!({ "MaxResults": 5 })).await;
    let next = text(&reply.ok()["nextToken"]);
    let reply = ec2(&admin, "DescribeTags", json!({ "MaxResults": 5, "NextToken": next })).await;
    assert_eq!(list(&reply.ok()["tagSet"]).len(), 3);

    let delete = async |id: &str, tags: Value| {
        ec2(&admin, "DeleteTags", json!({ "ResourceId": [id], "Tag": tags })).await
    };
    // With a value, only where the tag has it; an empty one is a value.
    delete(&vpc, pairs(&[("env", "other"), ("name", "")])).await.ok();
    assert_eq!(tags_of(&admin, &vpc).await.len(), 3);
    delete(&vpc, json!([{ "Key": "env" }, { "Key": "name", "Value": "main" }, { "Key": "none" }])).await.ok();
    assert_eq!(tags_of(&admin, &vpc).await, ["team=b"]);
    // Without any tag named, all go.
    delete(&rule, json!([])).await.ok();
    assert_eq!(tags_of(&admin, &rule).await, [""; 0]);
    assert_eq!(tags_of(&admin, &group).await.len(), 2);
}

#[tokio::test]
async fn malformed_tags_are_refused_and_change_nothing() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let vpc = new_vpc(&admin).await;
    let group = new_group(&admin, &vpc, "web").await;
    let many: Vec<Value> = (0..51).map(|at| json!({ "Key": format!("key-{at}"), "Value": "x" })).collect();
    let good = pairs(&[("a", "b")]);
    for (ids, tags, code) in [
        (json!([group]), pairs(&[("aws:x", "y")]), "InvalidParameterValue"),
        (json!([group]), pairs(&[("AWS:x", "y")]), "InvalidParameterValue"),
        (json!([group]), pairs(&[("", "y")]), "InvalidParameterValue"),
        (json!([group]), json!([{ "Value": "y" }]), "InvalidParameterValue"),
        (json!([group]), pairs(&[(&"k".repeat(129), "y")]), "InvalidParameterValue"),
        (json!([group]), pairs(&[("k", &"y".repeat(257))]), "InvalidParameterValue"),
        (json!([group]), pairs(&[("k", "1"), ("k", "2")]), "InvalidParameterValue"),
        (json!([group]), pairs(&[("k", "1"), ("K", "2")]), "InvalidParameterValue"),
        (json!([group]), Value::Array(many.clone()), "TagLimitExceeded"),
        (json!([group]), json!([]), "MissingParameter"),
        (json!([]), good.clone(), "MissingParameter"),
        (json!(["i-0123456789abcdef0"]), good.clone(), "InvalidID"),
        (json!([group, "vpc-00000000000000000"]), good.clone(), "InvalidVpcID.NotFound"),
        (json!([group, "sgr-00000000000000000"]), good.clone(), "InvalidSecurityGroupRuleId.NotFound"),
    ] {
        let input = json!({ "ResourceId": ids, "Tag": tags });
        let reply = ec2(&admin, "CreateTags", input.clone()).await;
        assert_eq!(reply.code(), code, "{input}: {}", reply.text);
    }
    assert_eq!(tags_of(&admin, &group).await, [""; 0]);
    let most = json!({ "ResourceId": [group], "Tag": many[..50] });
    ec2(&admin, "CreateTags", most.clone()).await.ok();
    ec2(&admin, "CreateTags", most).await.ok();
    let one_more = json!({ "ResourceId": [group], "Tag": many[50..] });
    assert_eq!(ec2(&admin, "CreateTags", one_more).await.code(), "TagLimitExceeded");
    let wrong_kind = with(group_input(&vpc, "other"), "TagSpecification", tagged("vpc", &[("a", "b")]));
    assert_eq!(ec2(&admin, "CreateSecurityGroup", wrong_kind).await.code(), "InvalidParameterValue");
}
