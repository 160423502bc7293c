//! Rules: added, taken away, changed, described, and told as they were written.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::slice;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::{ec2, from_group, list, new_group, new_vpc, permissions, rule_ids, rules_of, shown, tcp, text};
use crate::harness::{Client, Harness};

/// The rules of a group without their ids and what all have alike.
async fn summary(client: &Client<'_>, group: &str) -> Vec<String> {
    let mut rules: Vec<String> = rules_of(client, group).await.iter().map(line).collect();
    rules.sort();
    rules
}

fn line(rule: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let peers = [&rule["cidrIpv4"], &rule["cidrIpv6"], &rule["referencedGroupInfo"]["groupId"]];
    format!(
        "{} {} {} {} {} {:?}",
        if rule["isEgress"] == "true" { "out" } else { "in" },
        text(&rule["ipProtocol"]),
        text(&rule["fromPort"]),
        text(&rule["toPort"]),
        peers.map(text).concat(),
        text(&rule["description"]),
    )
}

/// What issue 6 needs of rules: every kind of them comes back as it went in, in both lists and after a restart.
#[tokio::test]
async fn rules_come_back_as_they_went_in() {
    let harness = Harness::new().await;
    let (web, db) = {
        let admin = harness.admin();
        let vpc = new_vpc(&admin).await;
        let (web, db) = (new_group(&admin, &vpc, "web").await, new_group(&admin, &vpc, "db").await);
        let ingress = [
            json!({ "IpProtocol": "tcp", "FromPort": 443, "ToPort": 8443, "IpRanges": [
                { "CidrIp": "10.9.8.7/16", "Description": "from inside" }, { "CidrIp": "0.0.0.0/0" }],
                "Ipv6Ranges": [{ "CidrIpv6": "2001:DB8::1/32", "Description": "v6" }] }),
            json!({ "IpProtocol": "17", "FromPort": 53, "ToPort": 53, "Groups": [
                { "GroupId": db, "UserId": "111122223333", "Description": "dns" }] }),
            json!({ "IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{ "CidrIp": "10.0.0.0/8" }] }),
            json!({ "IpProtocol": "icmpv6", "Ipv6Ranges": [{ "CidrIpv6": "::/0" }] }),
            json!({ "IpProtocol": "50", "FromPort": 1, "ToPort": 2, "IpRanges": [{ "CidrIp": "192.0.2.1/32" }] }),
            json!({ "IpProtocol": "-1", "Groups": [{ "GroupId": web }] }),
        ];
        ec2(&admin, "AuthorizeSecurityGroupIngress", permissions(&web, &ingress)).await.ok();
        let egress = [tcp(5432, "10.0.0.0/24"), from_group(&db)];
        ec2(&admin, "AuthorizeSecurityGroupEgress", permissions(&web, &egress)).await.ok();
        (web, db)
    };
    let harness = harness.restart().await;
    let admin = harness.admin();
    let mut expected = vec![
        r#"in -1 -1 -1 WEB """#,
        r#"in 50 -1 -1 192.0.2.1/32 """#,
        r#"in icmp 8 -1 10.0.0.0/8 """#,
        r#"in icmpv6 -1 -1 ::/0 """#,
        r#"in tcp 443 8443 0.0.0.0/0 """#,
        r#"in tcp 443 8443 10.9.0.0/16 "from inside""#,
        r#"in tcp 443 8443 2001:db8::/32 "v6""#,
        r#"in udp 53 53 DB "dns""#,
        r#"out -1 -1 -1 0.0.0.0/0 """#,
        r#"out -1 -1 -1 DB """#,
        r#"out tcp 5432 5432 10.0.0.0/24 """#,
    ];
    let named = |line: String| line.replace(&web, "WEB").replace(&db, "DB");
    let mut found: Vec<String> = summary(&admin, &web).await.into_iter().map(named).collect();
    expected.sort_unstable();
    found.sort();
    assert_eq!(found, expected);

    let group = shown(&admin, &web).await;
    let ingress = list(&group["ipPermissions"]);
    let of = |protocol: &str| ingress.iter().find(|found| found["ipProtocol"] == protocol).unwrap();
    assert_eq!(ingress.len(), 6);
    assert_eq!((&of("tcp")["fromPort"], &of("tcp")["toPort"]), (&json!("443"), &json!("8443")));
    assert_eq!(list(&of("tcp")["ipRanges"]).len(), 2);
    assert_eq!(of("tcp")["ipv6Ranges"][0], json!({ "cidrIpv6": "2001:db8::/32", "description": "v6" }));
    assert_eq!(of("-1")["fromPort"], Value::Null);
    let pair = json!({ "groupId": db, "userId": "111122223333", "description": "dns" });
    assert_eq!(of("udp")["groups"][0], pair);

    // What was described can be taken away as it is.
    let again = Value::Array(ingress.iter().map(capital).collect());
    ec2(&admin, "RevokeSecurityGroupIngress", json!({ "GroupId": web, "IpPermissions": again })).await.ok();
    assert_eq!(list(&shown(&admin, &web).await["ipPermissions"]).len(), 0);
    assert_eq!(summary(&admin, &web).await.len(), 3);
}

/// Members of an answer as a request has them.
fn capital(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (upper_first(name), capital(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(capital).collect(),
        other => other.clone(),
    }
}

fn upper_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().iter().map(char::to_ascii_uppercase).chain(letters).collect()
}

#[tokio::test]
async fn rules_are_taken_away_changed_and_described() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let vpc = new_vpc(&admin).await;
    let group = new_group(&admin, &vpc, "web").await;
    let all = [tcp(80, "10.0.0.0/8"), tcp(443, "10.0.0.0/8"), tcp(22, "10.0.0.0/8")];
    let ids = rule_ids(&ec2(&admin, "AuthorizeSecurityGroupIngress", permissions(&group, &all)).await);

    // A rule that is not there fails the call, and nothing is taken away.
    let some = [tcp(80, "10.0.0.0/8"), tcp(81, "10.0.0.0/8")];
    let reply = ec2(&admin, "RevokeSecurityGroupIngress", permissions(&group, &some)).await;
    assert_eq!(reply.code(), "InvalidPermission.NotFound");
    let reply = ec2(&admin, "RevokeSecurityGroupEgress", permissions(&group, &some[..1])).await;
    assert_eq!(reply.code(), "InvalidPermission.NotFound");
    let by_id = json!({ "GroupId": group, "SecurityGroupRuleId": [ids[0]] });
    let reply = ec2(&admin, "RevokeSecurityGroupEgress", by_id.clone()).await;
    assert_eq!(reply.code(), "InvalidSecurityGroupRuleId.NotFound");
    assert_eq!(rules_of(&admin, &group).await.len(), 4);

    let reply = ec2(&admin, "RevokeSecurityGroupIngress", by_id.clone()).await;
    let revoked = &reply.ok()["revokedSecurityGroupRuleSet"][0];
    assert_eq!((&revoked["fromPort"], &revoked["cidrIpv4"]), (&json!("80"), &json!("10.0.0.0/8")));
    let reply = ec2(&admin, "RevokeSecurityGroupIngress", by_id).await;
    assert_eq!(reply.code(), "InvalidSecurityGroupRuleId.NotFound");
    // The older form, of single parameters.
    let old = json!({ "GroupId": group, "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "10.0.0.0/8" });
    ec2(&admin, "RevokeSecurityGroupIngress", old).await.ok();

    let change = |rule: Value| {
        json!({ "GroupId": group, "SecurityGroupRule": [
        { "SecurityGroupRuleId": ids[1], "SecurityGroupRule": rule }] })
    };
    let udp = json!({ "IpProtocol": "udp", "FromPort": 53, "ToPort": 54, "CidrIpv6": "::/0", "Description": "dns" });
    ec2(&admin, "ModifySecurityGroupRules", change(udp.clone())).await.ok();
    let everything = r#"out -1 -1 -1 0.0.0.0/0 """#;
    assert_eq!(summary(&admin, &group).await, [r#"in udp 53 54 ::/0 "dns""#, everything]);
    assert_eq!(
        text(
            &rules_of(&admin, &group).await.iter().find(|rule| rule["isEgress"] == "false").unwrap()["securityGroupRuleId"]
        ),
        ids[1]
    );

    let described = json!({ "GroupId": group, "SecurityGroupRuleDescription": [
        { "SecurityGroupRuleId": ids[1], "Description": "names" }] });
    ec2(&admin, "UpdateSecurityGroupRuleDescriptionsIngress", described.clone()).await.ok();
    assert_eq!(summary(&admin, &group).await, [r#"in udp 53 54 ::/0 "names""#, everything]);
    let reply = ec2(&admin, "UpdateSecurityGroupRuleDescriptionsEgress", described).await;
    assert_eq!(reply.code(), "InvalidSecurityGroupRuleId.NotFound");
    let out =
        json!({ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "0.0.0.0/0", "Description": "all out" }] });
    ec2(&admin, "UpdateSecurityGroupRuleDescriptionsEgress", permissions(&group, &[out])).await.ok();
    assert_eq!(summary(&admin, &group).await[1], r#"out -1 -1 -1 0.0.0.0/0 "all out""#);
    // Without a description there is none.
    let bare = json!({ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] });
    ec2(&admin, "UpdateSecurityGroupRuleDescriptionsEgress", permissions(&group, &[bare])).await.ok();
    assert_eq!(summary(&admin, &group).await[1], everything);

    ec2(&admin, "AuthorizeSecurityGroupIngress", permissions(&group, &[tcp(80, "10.0.0.0/8")])).await.ok();
    let taken = json!({ "IpProtocol": "6", "FromPort": 80, "ToPort": 80, "CidrIpv4": "10.255.0.0/8" });
    let reply = ec2(&admin, "ModifySecurityGroupRules", change(taken)).await;
    assert_eq!(reply.code(), "InvalidPermission.Duplicate");
    assert!(
        reply.message().contains("peer: 10.0.0.0/8, TCP, from port: 80, to port: 80, ALLOW"),
        "{}",
        reply.text
    );
}

#[tokio::test]
async fn malformed_and_duplicate_rules_are_refused() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let (vpc, elsewhere) = (new_vpc(&admin).await, new_vpc(&admin).await);
    let (group, far) = (new_group(&admin, &vpc, "web").await, new_group(&admin, &elsewhere, "far").await);
    let good = tcp(80, "10.0.0.0/8");
    ec2(&admin, "AuthorizeSecurityGroupIngress", permissions(&group, slice::from_ref(&good))).await.ok();
    let range = |protocol: &str, from: i64, to: i64| json!({ "IpProtocol": protocol, "FromPort": from, "ToPort": to, "IpRanges": [{ "CidrIp": "10.0.0.0/8" }] });
    let cidr = |cidr: &str| json!({ "IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{ "CidrIp": cidr }] });
    let described = |text: &str| json!({ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "10.0.0.0/8", "Description": text }] });
    for (permission, code) in [
        (good.clone(), "InvalidPermission.Duplicate"),
        (tcp(80, "10.1.2.3/8"), "InvalidPermission.Duplicate"),
        (range("6", 80, 80), "InvalidPermission.Duplicate"),
        (range("tcp", 81, 80), "InvalidPermission.Malformed"),
        (range("tcp", -1, -1), "InvalidPermission.Malformed"),
        (range("udp", 0, 65_536), "InvalidPermission.Malformed"),
        (range("icmp", 256, -1), "InvalidPermission.Malformed"),
        (range("tcpx", 1, 1), "InvalidParameterValue"),
        (range("256", 1, 1), "InvalidParameterValue"),
        (range("tcp", 4_294_967_376, 80), "InvalidParameterValue"),
        (json!({ "IpProtocol": "tcp", "IpRanges": [{ "CidrIp": "10.0.0.0/8" }] }), "InvalidParameterValue"),
        (json!({ "IpRanges": [{ "CidrIp": "10.0.0.0/8" }] }), "MissingParameter"),
        (json!({ "IpProtocol": "-1" }), "MissingParameter"),
        (json!({ "IpProtocol": "-1", "IpRanges": [{ "Description": "x" }] }), "MissingParameter"),
        (cidr("10.0.0.0/33"), "InvalidParameterValue"),
        (cidr("10.0.0.0"), "InvalidParameterValue"),
        (cidr("::/0"), "InvalidParameterValue"),
        (cidr(" 10.0.0.0/8"), "InvalidParameterValue"),
        (cidr("010.0.0.0/8"), "InvalidParameterValue"),
        (described("<b>"), "InvalidParameterValue"),
        (described(&"x".repeat(256)), "InvalidParameterValue"),
        (from_group("sg-00000000000000000"), "InvalidGroup.NotFound"),
        (from_group("*"), "InvalidGroupId.Malformed"),
        (from_group(&far), "InvalidGroup.NotFound"),
        (json!({ "IpProtocol": "-1", "Groups": [{ "GroupName": "web" }] }), "InvalidParameterCombination"),
        (
            json!({ "IpProtocol": "-1", "Groups": [{ "GroupId": group, "UserId": "444455556666" }] }),
            "InvalidGroup.NotFound",
        ),
        (
            json!({ "IpProtocol": "-1", "PrefixListIds": [{ "PrefixListId": "pl-1" }] }),
            "InvalidPrefixListId.NotFound",
        ),
    ] {
        let reply =
            ec2(&admin, "AuthorizeSecurityGroupIngress", permissions(&group, slice::from_ref(&permission)))
                .await;
        assert_eq!(reply.code(), code, "{permission}: {}", reply.text);
    }
    let other = tcp(81, "10.0.0.0/8");
    for (operation, input, code) in [
        (
            "AuthorizeSecurityGroupIngress",
            permissions(&group, &[other.clone(), other.clone()]),
            "InvalidParameterValue",
        ),
        (
            "AuthorizeSecurityGroupIngress",
            permissions(&group, &[other.clone(), good.clone()]),
            "InvalidPermission.Duplicate",
        ),
        ("AuthorizeSecurityGroupIngress", json!({ "GroupId": group }), "MissingParameter"),
        ("AuthorizeSecurityGroupIngress", json!({ "IpPermissions": [other] }), "MissingParameter"),
        (
            "AuthorizeSecurityGroupIngress",
            permissions("sg-x", slice::from_ref(&other)),
            "InvalidGroupId.Malformed",
        ),
        (
            "AuthorizeSecurityGroupIngress",
            json!({ "GroupId": group, "IpProtocol": "-1", "CidrIp": "10.0.0.0/8",
            "IpPermissions": [other] }),
            "InvalidParameterCombination",
        ),
        (
            "AuthorizeSecurityGroupIngress",
            json!({ "GroupId": group, "SourceSecurityGroupName": "web" }),
            "InvalidParameterCombination",
        ),
        ("RevokeSecurityGroupIngress", json!({ "GroupId": group }), "MissingParameter"),
        (
            "RevokeSecurityGroupIngress",
            json!({ "GroupId": group, "SecurityGroupRuleId": ["x"] }),
            "InvalidSecurityGroupRuleId.Malformed",
        ),
        ("UpdateSecurityGroupRuleDescriptionsIngress", json!({ "GroupId": group }), "MissingParameter"),
        ("ModifySecurityGroupRules", json!({ "GroupId": group }), "MissingParameter"),
        (
            "ModifySecurityGroupRules",
            json!({ "GroupId": group, "SecurityGroupRule": [
            { "SecurityGroupRuleId": "sgr-00000000000000000", "SecurityGroupRule": { "IpProtocol": "-1", "CidrIpv4": "10.0.0.0/8" } }] }),
            "InvalidSecurityGroupRuleId.NotFound",
        ),
        (
            "DescribeSecurityGroupRules",
            json!({ "SecurityGroupRuleId": ["sgr-00000000000000000"] }),
            "InvalidSecurityGroupRuleId.NotFound",
        ),
        (
            "DescribeSecurityGroupRules",
            json!({ "Filter": [{ "Name": "vpc-id", "Value": ["x"] }] }),
            "InvalidParameterValue",
        ),
    ] {
        let reply = ec2(&admin, operation, input.clone()).await;
        assert_eq!(reply.code(), code, "{operation} {input}: {}", reply.text);
    }
    assert_eq!(
        summary(&admin, &group).await,
        [r#"in tcp 80 80 10.0.0.0/8 """#, r#"out -1 -1 -1 0.0.0.0/0 """#]
    );
}

/// IPv4 and IPv6 have 60 rules each in a direction; a rule that names a group counts for both.
#[tokio::test]
async fn a_group_has_sixty_rules_in_a_direction() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let vpc = new_vpc(&admin).await;
    let group = new_group(&admin, &vpc, "web").await;
    let ipv4: Vec<Value> = (1..=60).map(|port| tcp(port, "10.0.0.0/8")).collect();
    let ipv6 = |count: u16| -> Vec<Value> {
        (1..=count)
            .map(|port| {
                json!({ "IpProtocol": "tcp", "FromPort": port, "ToPort": port,
            "Ipv6Ranges": [{ "CidrIpv6": "::/0" }] })
            })
            .collect()
    };
    let add = async |rules: &[Value]| {
        ec2(&admin, "AuthorizeSecurityGroupIngress", permissions(&group, rules)).await
    };
    add(&ipv4).await.ok();
    assert_eq!(add(&[tcp(61, "10.0.0.0/8")]).await.code(), "RulesPerSecurityGroupLimitExceeded");
    assert_eq!(add(&[from_group(&group)]).await.code(), "RulesPerSecurityGroupLimitExceeded");
    assert_eq!(add(&ipv6(61)).await.code(), "RulesPerSecurityGroupLimitExceeded");
    add(&ipv6(60)).await.ok();
    let reply = ec2(&admin, "AuthorizeSecurityGroupEgress", permissions(&group, &ipv4[..59])).await;
    reply.ok();
    assert_eq!(rules_of(&admin, &group).await.len(), 180);
    let many: Vec<Value> = (1..=1001).map(|port| tcp(port, "10.0.0.0/8")).collect();
    assert_eq!(add(&many).await.status, 400);
}

/// A permission with one peer, and the line that its rule is shown as.
fn any_permission(group: String) -> impl Strategy<Value = (Value, String)> {
    let ports = prop_oneof![
        (prop_oneof![Just("tcp"), Just("udp")], any::<(u16, u16)>()).prop_map(|(name, (a, b))| (
            name.to_owned(),
            i32::from(a.min(b)),
            i32::from(a.max(b))
        )),
        (prop_oneof![Just("icmp"), Just("icmpv6")], 0..=255, -1..=255).prop_map(|(name, kind, code)| (
            name.to_owned(),
            kind,
            code
        )),
        prop_oneof![Just(-1), 59..=255_i32, 18..=57_i32].prop_map(|number| (number.to_string(), -1, -1)),
    ];
    // The host part is cut off bit by bit.
    let ipv4 = (any::<u32>(), 0..=32_u32).prop_map(|(bits, length)| {
        let network = (0..32 - length).fold(bits, |bits, at| bits & !(1 << at));
        let peer = json!({ "IpRanges": [{ "CidrIp": format!("{}/{length}", Ipv4Addr::from(bits)) }] });
        (peer, format!("{}/{length}", Ipv4Addr::from(network)))
    });
    let ipv6 = (any::<u128>(), 0..=128_u32).prop_map(|(bits, length)| {
        let network = (0..128 - length).fold(bits, |bits, at| bits & !(1 << at));
        let peer = json!({ "Ipv6Ranges": [{ "CidrIpv6": format!("{}/{length}", Ipv6Addr::from(bits)) }] });
        (peer, format!("{}/{length}", Ipv6Addr::from(network)))
    });
    let peer = prop_oneof![ipv4, ipv6, Just((json!({ "Groups": [{ "GroupId": group }] }), group))];
    (ports, peer).prop_map(|((protocol, from, to), (mut permission, peer))| {
        permission["IpProtocol"] = protocol.clone().into();
        permission["FromPort"] = from.into();
        permission["ToPort"] = to.into();
        (permission, format!("in {protocol} {from} {to} {peer} \"\""))
    })
}

/// Whatever rules a group has, they are told as they were written, and what is told of them takes them away.
#[test]
fn any_rules_come_back_as_they_went_in() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let harness = runtime.block_on(Harness::new());
    let admin = harness.admin();
    let (group, other) = runtime.block_on(async {
        let vpc = new_vpc(&admin).await;
        let group = new_group(&admin, &vpc, "web").await;
        let everything = json!({ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] });
        ec2(&admin, "RevokeSecurityGroupEgress", permissions(&group, &[everything])).await.ok();
        (group, new_group(&admin, &vpc, "other").await)
    });
    let config = ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() };
    let wanted = proptest::collection::vec(any_permission(other), 1..20);
    let outcome = TestRunner::new(config).run(&wanted, |wanted| {
        let by_line: std::collections::BTreeMap<String, Value> =
            wanted.into_iter().map(|(permission, line)| (line, permission)).collect();
        let all: Vec<Value> = by_line.values().cloned().collect();
        let (found, left) = runtime.block_on(async {
            ec2(&admin, "AuthorizeSecurityGroupIngress", permissions(&group, &all)).await.ok();
            let found = summary(&admin, &group).await;
            let shown = capital(&shown(&admin, &group).await["ipPermissions"]);
            let input = json!({ "GroupId": group, "IpPermissions": shown });
            ec2(&admin, "RevokeSecurityGroupIngress", input).await.ok();
            (found, summary(&admin, &group).await)
        });
        prop_assert_eq!(found, by_line.into_keys().collect::<Vec<_>>());
        prop_assert!(left.is_empty());
        Ok(())
    });
    outcome.unwrap();
}
