//! Security groups, interfaces, prefix lists, subnets and addresses of instances, as the AWS CLI prints them.

use ringwall_model::network::{GroupPeer, InterfaceKind};

use crate::folder::{Folder, clean, told};

#[test]
fn security_groups_keep_rules_peers_and_lines() {
    let text = r#"{"SecurityGroups": [{"GroupId": "sg-1", "GroupName": "a", "VpcId": "vpc-1",
"IpPermissions": [
  {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 90,
   "IpRanges": [{"CidrIp": "10.0.0.1/8"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
   "UserIdGroupPairs": [{"GroupId": "sg-2", "UserId": "111122223333"}],
   "PrefixListIds": [{"PrefixListId": "pl-1"}]},
  {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
  {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1},
  {"IpProtocol": "132"}
], "IpPermissionsEgress": []}]}"#;
    let snapshot = clean(&[("aws/sg.json", text)]);
    let group = &snapshot.cluster.aws.security_groups[0];
    assert_eq!(
        (group.name.as_deref(), group.vpc.as_deref(), group.egress.len()),
        (Some("a"), Some("vpc-1"), 0)
    );
    let rules: Vec<_> = group
        .ingress
        .iter()
        .map(|rule| format!("{:?} {:?} {}", rule.protocol, rule.ports, rule.source.line))
        .collect();
    assert_eq!(rules, ["Tcp Some((80, 90)) 3", "All None 7", "Icmp Some((-1, -1)) 8", "Number(132) None 9"]);
    let peers: Vec<_> = group.ingress[0]
        .peers
        .iter()
        .map(|(peer, source)| match peer {
            GroupPeer::Block(block) => format!("{block} {}", source.line),
            GroupPeer::Group { id, account } => format!("{id} {account:?} {}", source.line),
            GroupPeer::PrefixList(id) => format!("{id} {}", source.line),
            GroupPeer::Unreadable(why) => format!("? {why}"),
        })
        .collect();
    assert_eq!(peers, ["10.0.0.0/8 4", "::/0 4", r#"sg-2 Some("111122223333") 5"#, "pl-1 6"]);
}

#[test]
fn rules_that_cant_be_read_allow_nothing_and_are_told() {
    for (rule, message) in [
        (r#"{"IpProtocol": "tcp", "FromPort": 80}"#, "one is missing"),
        (r#"{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 70000}"#, "`ToPort` is no port"),
        (r#"{"IpProtocol": "x", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}"#, "which is no protocol"),
        (r#"{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/40"}]}"#, "not a block"),
        (r#"{"IpProtocol": "-1", "UserIdGroupPairs": [{}]}"#, "no `GroupId`"),
    ] {
        let text = format!(r#"{{"SecurityGroups": [{{"GroupId": "sg-1", "IpPermissions": [{rule}]}}]}}"#);
        let snapshot = Folder::with(&[("aws/sg.json", &text)]).read();
        let peers = &snapshot.cluster.aws.security_groups[0].ingress[0].peers;
        assert!(peers.iter().all(|(peer, _)| matches!(peer, GroupPeer::Unreadable(_))), "{rule}: {peers:?}");
        assert!(told(&snapshot)[0].contains(message), "{rule}: {:?}", told(&snapshot));
    }
}

#[test]
fn interfaces_are_known_from_either_export() {
    let interfaces = r#"{"NetworkInterfaces": [
{"NetworkInterfaceId": "eni-1", "InterfaceType": "branch", "PrivateIpAddress": "10.0.0.1",
 "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.1"}, {"PrivateIpAddress": "10.0.0.2"}],
 "Ipv6Addresses": [{"Ipv6Address": "fd00::1"}], "Ipv4Prefixes": [{"Ipv4Prefix": "10.0.1.0/28"}],
 "Groups": [{"GroupId": "sg-1"}], "SubnetId": "subnet-1", "Description": "d",
 "Association": {"PublicIp": "203.0.113.9"},
 "Attachment": {"InstanceId": "i-1", "DeviceIndex": 1}},
{"NetworkInterfaceId": "eni-3", "InterfaceType": "vpc_endpoint"}]}"#;
    let instances = r#"{"Reservations": [{"Instances": [{"InstanceId": "i-1", "InstanceType": "m5.large", "PrivateIpAddress": "10.0.0.9",
"NetworkInterfaces": [{"NetworkInterfaceId": "eni-1"}, {"NetworkInterfaceId": "eni-2", "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.9"}],
 "Attachment": {"DeviceIndex": 0}}]}]}]}"#;
    let snapshot = clean(&[("aws/a-instances.json", instances), ("aws/interfaces.json", interfaces)]);
    let aws = &snapshot.cluster.aws;
    let shown: Vec<_> = aws
        .network_interfaces
        .iter()
        .map(|one| format!("{} {:?} {:?} {:?}", one.id, one.addresses, one.instance, one.device_index))
        .collect();
    assert_eq!(
        shown,
        [
            r#"eni-1 [10.0.0.1, 10.0.0.2, fd00::1] Some("i-1") Some(1)"#,
            "eni-3 [] None None",
            r#"eni-2 [10.0.0.9] Some("i-1") Some(0)"#
        ]
    );
    let first = &aws.network_interfaces[0];
    assert_eq!(
        (&first.kind, &aws.network_interfaces[1].kind),
        (&InterfaceKind::Branch, &InterfaceKind::Other("vpc_endpoint".into()))
    );
    assert_eq!(format!("{:?} {:?}", first.prefixes, first.groups), r#"[10.0.1.0/28] ["sg-1"]"#);
    assert_eq!(first.public_address.unwrap().to_string(), "203.0.113.9");
    assert_eq!(aws.instances[0].instance_type.as_deref(), Some("m5.large"));
    assert_eq!(format!("{:?}", aws.instances[0].addresses), "[10.0.0.9]");
}

#[test]
fn prefix_lists_get_their_blocks_from_whatever_tells_them() {
    let named = r#"{"PrefixLists": [{"PrefixListId": "pl-0000000a", "PrefixListName": "s3", "Cidrs": ["3.5.64.0/21"]}]}"#;
    let managed = r#"{"PrefixLists": [{"PrefixListId": "pl-0000000a", "PrefixListName": "s3"}, {"PrefixListId": "pl-0000000b"}, {"PrefixListId": "pl-0000000c"}]}"#;
    let entries = |cidr: &str| format!(r#"{{"Entries": [{{"Cidr": "{cidr}", "Description": "x"}}]}}"#);
    let snapshot = clean(&[
        ("aws/a.json", managed),
        ("aws/b.json", named),
        ("aws/prefix-list-pl-0000000b.json", &entries("10.1.0.0/16")),
        ("aws/prefix-list-pl-0000000d.json", &entries("10.2.0.0/16")),
    ]);
    let shown: Vec<_> = snapshot
        .cluster
        .aws
        .prefix_lists
        .iter()
        .map(|list| format!("{} {:?}", list.id, list.blocks))
        .collect();
    assert_eq!(
        shown,
        [
            "pl-0000000a Some([3.5.64.0/21])",
            "pl-0000000b Some([10.1.0.0/16])",
            "pl-0000000c None",
            "pl-0000000d Some([10.2.0.0/16])"
        ]
    );
    let one = r#"{"PrefixLists": [{"PrefixListId": "pl-0000000a"}]}"#;
    let snapshot = clean(&[("aws/a.json", one), ("aws/entries.json", &entries("10.1.0.0/16"))]);
    assert_eq!(format!("{:?}", snapshot.cluster.aws.prefix_lists[0].blocks), "Some([10.1.0.0/16])");
    let snapshot =
        Folder::with(&[("aws/a.json", managed), ("aws/entries.json", &entries("10.1.0.0/16"))]).read();
    assert_eq!(
        told(&snapshot),
        ["W aws/entries.json:1: entries of a prefix list that nothing names; they were not used"]
    );
}

#[test]
fn subnets_have_blocks_of_both_families() {
    let text = r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/19", "Ipv6CidrBlockAssociationSet": [
{"Ipv6CidrBlock": "fd00::/64", "Ipv6CidrBlockState": {"State": "associated"}}, {"Ipv6CidrBlock": "fd01::/64", "Ipv6CidrBlockState": {"State": "disassociated"}}]}]}"#;
    let subnet = &clean(&[("aws/s.json", text)]).cluster.aws.subnets[0];
    assert_eq!(format!("{:?} {:?}", subnet.vpc, subnet.blocks), r#"Some("vpc-1") [10.0.0.0/19, fd00::/64]"#);
}
