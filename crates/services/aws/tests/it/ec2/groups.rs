//! VPCs and groups.

use ringwall_store::{Batch, Expect, Place};
use serde_json::json;

use super::{ec2, from_group, group_input, list, new_group, new_vpc, permissions, shown, text, with};
use crate::harness::{ACCOUNT, Harness, REGION};

#[tokio::test]
async fn a_vpc_has_a_default_group_that_stays() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let vpc = new_vpc(&admin).await;
    let reply = ec2(&admin, "DescribeVpcs", json!({ "VpcId": [vpc] })).await;
    let known = &reply.ok()["vpcSet"][0];
    assert_eq!(known["cidrBlock"], "10.0.0.0/16");
    assert_eq!(known["cidrBlockAssociationSet"][0]["cidrBlock"], "10.0.0.0/16");
    assert_eq!((&known["state"], &known["isDefault"]), (&json!("available"), &json!("false")));

    let filter = json!({ "Filter": [{ "Name": "vpc-id", "Value": [vpc] }, { "Name": "group-name", "Value": ["def*"] }] });
    let reply = ec2(&admin, "DescribeSecurityGroups", filter).await;
    let group = &reply.ok()["securityGroupInfo"][0];
    let id = text(&group["groupId"]);
    assert_eq!(group["groupDescription"], "default VPC security group");
    assert_eq!(group["ipPermissions"][0]["groups"][0]["groupId"], id.as_str());
    assert_eq!(group["ipPermissionsEgress"][0]["ipRanges"][0]["cidrIp"], "0.0.0.0/0");
    assert_eq!(ec2(&admin, "DeleteSecurityGroup", json!({ "GroupId": id })).await.code(), "CannotDelete");
    // But its rules may change, and it goes with its VPC.
    ec2(&admin, "RevokeSecurityGroupIngress", permissions(&id, &[from_group(&id)])).await.ok();
    ec2(&admin, "DeleteVpc", json!({ "VpcId": vpc })).await.ok();
    assert_eq!(ec2(&admin, "DescribeVpcs", json!({ "VpcId": [vpc] })).await.code(), "InvalidVpcID.NotFound");
    let reply = ec2(&admin, "DescribeSecurityGroups", json!({ "GroupId": [id] })).await;
    assert_eq!(reply.code(), "InvalidGroup.NotFound");
}

#[tokio::test]
async fn a_group_is_made_found_and_deleted_and_outlives_a_restart() {
    let harness = Harness::new().await;
    let (vpc, id) = {
        let admin = harness.admin();
        let vpc = new_vpc(&admin).await;
        let id = new_group(&admin, &vpc, "web  ").await;
        (vpc, id)
    };
    let harness = harness.restart().await;
    let admin = harness.admin();
    let group = shown(&admin, &id).await;
    assert_eq!((&group["groupName"], &group["vpcId"]), (&json!("web"), &json!(vpc)));
    assert_eq!(
        group["securityGroupArn"],
        format!("arn:aws:ec2:eu-central-1:111122223333:security-group/{id}")
    );
    assert_eq!(list(&group["ipPermissions"]), Vec::<serde_json::Value>::new());
    assert_eq!(group["ipPermissionsEgress"][0]["ipProtocol"], "-1");

    assert_eq!(ec2(&admin, "DeleteVpc", json!({ "VpcId": vpc })).await.code(), "DependencyViolation");
    // Another account and another region have none of it.
    for stranger in [harness.other(), harness.admin().in_region("us-east-1")] {
        let reply = ec2(&stranger, "DescribeSecurityGroups", json!({ "GroupId": [id] })).await;
        assert_eq!(reply.code(), "InvalidGroup.NotFound");
        assert_eq!(list(&ec2(&stranger, "DescribeVpcs", json!({})).await.ok()["vpcSet"]).len(), 0);
        assert_eq!(
            ec2(&stranger, "DeleteSecurityGroup", json!({ "GroupId": id })).await.code(),
            "InvalidGroup.NotFound"
        );
    }
    assert_eq!(
        ec2(&admin, "DeleteSecurityGroup", json!({ "GroupId": id })).await.ok()["groupId"],
        id.as_str()
    );
    assert_eq!(
        ec2(&admin, "DeleteSecurityGroup", json!({ "GroupId": id })).await.code(),
        "InvalidGroup.NotFound"
    );
    let harness = harness.restart().await;
    let reply = ec2(&harness.admin(), "DescribeSecurityGroups", json!({ "GroupId": [id] })).await;
    assert_eq!(reply.code(), "InvalidGroup.NotFound");
}

#[tokio::test]
async fn a_group_that_another_refers_to_stays() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let vpc = new_vpc(&admin).await;
    let (web, db) = (new_group(&admin, &vpc, "web").await, new_group(&admin, &vpc, "db").await);
    ec2(&admin, "AuthorizeSecurityGroupIngress", permissions(&db, &[from_group(&web)])).await.ok();
    ec2(&admin, "AuthorizeSecurityGroupIngress", permissions(&db, &[from_group(&db)])).await.ok();
    let delete = async |id: &str| ec2(&admin, "DeleteSecurityGroup", json!({ "GroupId": id })).await;
    assert_eq!(delete(&web).await.code(), "DependencyViolation");
    // A group that refers to itself alone can go, and with it what it said of others.
    delete(&db).await.ok();
    delete(&web).await.ok();
}

#[tokio::test]
async fn malformed_and_duplicate_groups_are_refused() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let vpc = new_vpc(&admin).await;
    new_group(&admin, &vpc, "web").await;
    let good = group_input(&vpc, "other");
    let unknown = "vpc-00000000000000000";
    for (input, code) in [
        (group_input(&vpc, "web"), "InvalidGroup.Duplicate"),
        (group_input(&vpc, "WEB "), "InvalidGroup.Duplicate"),
        (group_input(&vpc, "Default"), "InvalidParameterValue"),
        (group_input(&vpc, "sg-x"), "InvalidParameterValue"),
        (group_input(&vpc, "Ünicode"), "InvalidParameterValue"),
        (group_input(&vpc, "a<b"), "InvalidParameterValue"),
        (group_input(&vpc, "   "), "InvalidParameterValue"),
        (group_input(&vpc, &"x".repeat(256)), "InvalidParameterValue"),
        (with(good.clone(), "GroupDescription", "ä"), "InvalidParameterValue"),
        (group_input(unknown, "x"), "InvalidVpcID.NotFound"),
        (group_input("*", "x"), "InvalidVpcID.Malformed"),
        (json!({ "GroupName": "x", "GroupDescription": "x" }), "VPCIdNotSpecified"),
        (json!({ "GroupDescription": "x", "VpcId": vpc }), "MissingParameter"),
        (with(good.clone(), "DryRun", true), "DryRunOperation"),
    ] {
        let reply = ec2(&admin, "CreateSecurityGroup", input.clone()).await;
        assert_eq!(reply.code(), code, "{input}: {}", reply.text);
    }
    // The same name is free in another VPC; and a dry run made nothing.
    let second = new_vpc(&admin).await;
    new_group(&admin, &second, "web").await;
    new_group(&admin, &vpc, "other").await;
    for (operation, input, code) in [
        ("CreateVpc", json!({}), "MissingParameter"),
        ("CreateVpc", json!({ "CidrBlock": "10.0.0.0/15" }), "InvalidVpc.Range"),
        ("CreateVpc", json!({ "CidrBlock": "10.0.0.0/29" }), "InvalidVpc.Range"),
        ("CreateVpc", json!({ "CidrBlock": "10.0.0" }), "InvalidParameterValue"),
        (
            "CreateVpc",
            json!({ "CidrBlock": "10.0.0.0/16", "InstanceTenancy": "dedicated" }),
            "UnsupportedOperation",
        ),
        ("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16", "Ipv6Pool": "x" }), "UnsupportedOperation"),
        ("DeleteVpc", json!({ "VpcId": "vpc-x" }), "InvalidVpcID.Malformed"),
        ("DeleteVpc", json!({ "VpcId": unknown }), "InvalidVpcID.NotFound"),
        ("DeleteSecurityGroup", json!({}), "MissingParameter"),
        ("DeleteSecurityGroup", json!({ "GroupName": "web" }), "InvalidGroup.NotFound"),
        ("DeleteSecurityGroup", json!({ "GroupId": "sg-*" }), "InvalidGroupId.Malformed"),
        ("DescribeSecurityGroups", json!({ "GroupName": ["web"] }), "InvalidGroup.NotFound"),
        (
            "DescribeSecurityGroups",
            json!({ "Filter": [{ "Name": "x", "Value": ["y"] }] }),
            "InvalidParameterValue",
        ),
        ("DescribeSecurityGroups", json!({ "NextToken": "***" }), "InvalidNextToken"),
        ("DescribeTags", json!({ "MaxResults": -1 }), "InvalidParameterValue"),
        ("DescribeTags", json!({ "MaxResults": 1001 }), "InvalidParameterValue"),
        ("DescribeSubnets", json!({}), "InvalidAction"),
        ("CreateSubnet", json!({ "VpcId": vpc, "CidrBlock": "10.0.0.0/24" }), "InvalidAction"),
    ] {
        let reply = ec2(&admin, operation, input.clone()).await;
        assert_eq!(reply.code(), code, "{operation} {input}: {}", reply.text);
    }
}

#[tokio::test]
async fn lists_are_filtered_and_cut() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let vpc = new_vpc(&admin).await;
    let mut made = Vec::new();
    for at in 0..7 {
        made.push(new_group(&admin, &vpc, &format!("group-{at}")).await);
    }
    made.sort();
    let filter = json!([{ "Name": "group-name", "Value": ["group-*"] }]);
    let (mut seen, mut input) = (Vec::new(), json!({ "Filter": filter, "MaxResults": 5 }));
    loop {
        let reply = ec2(&admin, "DescribeSecurityGroups", input.clone()).await;
        seen.extend(list(&reply.ok()["securityGroupInfo"]).iter().map(|group| text(&group["groupId"])));
        let Some(next) = reply.value["nextToken"].as_str().filter(|next| !next.is_empty()) else { break };
        input["NextToken"] = next.into();
    }
    assert_eq!(seen, made);

    let rule = json!({ "IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5433,
        "IpRanges": [{ "CidrIp": "10.1.0.0/16" }], "Groups": [{ "GroupId": made[1] }] });
    ec2(&admin, "AuthorizeSecurityGroupIngress", permissions(&made[0], &[rule])).await.ok();
    let name = text(&shown(&admin, &made[1]).await["groupName"]);
    for (filter, value, expected) in [
        ("ip-permission.cidr", "10.1.0.0/16", 1),
        ("ip-permission.from-port", "5432", 1),
        ("ip-permission.to-port", "5432", 0),
        ("ip-permission.protocol", "tcp", 1),
        ("ip-permission.group-id", made[1].as_str(), 1),
        ("ip-permission.group-name", name.as_str(), 1),
        ("egress.ip-permission.cidr", "10.1.0.0/16", 0),
        ("egress.ip-permission.cidr", "0.0.0.0/0", 8),
        ("owner-id", "111122223333", 8),
        ("description", "for a ?est", 7),
        ("tag-key", "*", 0),
    ] {
        let input = json!({ "Filter": [{ "Name": filter, "Value": ["nothing", value] }] });
        let reply = ec2(&admin, "DescribeSecurityGroups", input).await;
        assert_eq!(list(&reply.ok()["securityGroupInfo"]).len(), expected, "{filter} {value}");
    }
}

#[tokio::test]
async fn an_account_has_five_vpcs_in_a_region() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let (a, b, c, d) = tokio::join!(new_vpc(&admin), new_vpc(&admin), new_vpc(&admin), new_vpc(&admin));
    let create = || ec2(&admin, "CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" }));
    // Of those that come at the same time, one gets the last place.
    let (left, right) = tokio::join!(create(), create());
    let (won, lost) = if left.status == 200 { (left, right) } else { (right, left) };
    won.ok();
    assert_eq!(lost.code(), "VpcLimitExceeded");
    new_vpc(&harness.admin().in_region("us-east-1")).await;
    for vpc in [a, b, c, d] {
        ec2(&admin, "DeleteVpc", json!({ "VpcId": vpc })).await.ok();
    }
    create().await.ok();
}

#[tokio::test]
async fn an_account_has_2500_groups_in_a_region() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let vpc = new_vpc(&admin).await;
    // One is the VPC's own; of the others all but one are put where the endpoint keeps them.
    for thousand in 0..3 {
        let mut batch = Batch::new();
        for at in thousand * 1000..((thousand + 1) * 1000).min(2498) {
            let group = json!({ "name": format!("group-{at}"), "description": "x", "vpc": vpc });
            let place = Place::new(ACCOUNT, REGION, "ec2/security-group", format!("sg-{at:017x}"));
            batch.put(place, group.to_string().into_bytes(), Expect::Absent);
        }
        harness.store().commit(batch).await.unwrap();
    }
    let last = new_group(&admin, &vpc, "last").await;
    let one_more = || ec2(&admin, "CreateSecurityGroup", group_input(&vpc, "one-more"));
    assert_eq!(one_more().await.code(), "SecurityGroupLimitExceeded");
    ec2(&admin, "DeleteSecurityGroup", json!({ "GroupId": last })).await.ok();
    one_more().await.ok();
}
