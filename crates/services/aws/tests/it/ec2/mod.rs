//! EC2: VPCs, security groups, rules and tags.

mod conditions;
mod denied;
mod groups;
mod rules;
mod tags;
mod together;

use serde_json::{Value, json};

use crate::harness::{Client, Reply};

/// Calls EC2; members by the names that the protocol writes.
async fn ec2(client: &Client<'_>, operation: &str, input: Value) -> Reply {
    client.call("ec2", operation, input).await
}

async fn new_vpc(client: &Client<'_>) -> String {
    let reply = ec2(client, "CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" })).await;
    text(&reply.ok()["vpc"]["vpcId"])
}

async fn new_group(client: &Client<'_>, vpc: &str, name: &str) -> String {
    let reply = ec2(client, "CreateSecurityGroup", group_input(vpc, name)).await;
    text(&reply.ok()["groupId"])
}

fn group_input(vpc: &str, name: &str) -> Value {
    json!({ "GroupName": name, "GroupDescription": "for a test", "VpcId": vpc })
}

/// A group as DescribeSecurityGroups shows it.
async fn shown(client: &Client<'_>, id: &str) -> Value {
    let reply = ec2(client, "DescribeSecurityGroups", json!({ "GroupId": [id] })).await;
    reply.ok()["securityGroupInfo"][0].clone()
}

/// The rules of a group as DescribeSecurityGroupRules shows them.
async fn rules_of(client: &Client<'_>, id: &str) -> Vec<Value> {
    let filter = json!({ "Filter": [{ "Name": "group-id", "Value": [id] }] });
    list(&ec2(client, "DescribeSecurityGroupRules", filter).await.ok()["securityGroupRuleSet"])
}

fn tcp(port: u16, cidr: &str) -> Value {
    json!({ "IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{ "CidrIp": cidr }] })
}

fn from_group(id: &str) -> Value {
    json!({ "IpProtocol": "-1", "Groups": [{ "GroupId": id }] })
}

fn permissions(group: &str, permissions: &[Value]) -> Value {
    json!({ "GroupId": group, "IpPermissions": permissions })
}

/// Ids of the rules of an answer, in its order.
fn rule_ids(reply: &Reply) -> Vec<String> {
    list(&reply.ok()["securityGroupRuleSet"]).iter().map(|rule| text(&rule["securityGroupRuleId"])).collect()
}

/// The tags of one kind for what a call makes.
fn tagged(kind: &str, tags: &[(&str, &str)]) -> Value {
    json!([{ "ResourceType": kind, "Tag": pairs(tags) }])
}

fn pairs(tags: &[(&str, &str)]) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// A list of an answer, in which an empty one has no items.
fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn with(mut input: Value, name: &str, value: impl Into<Value>) -> Value {
    input[name] = value.into();
    input
}
