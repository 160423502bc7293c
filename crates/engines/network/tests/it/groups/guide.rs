//! The tables of the Amazon EC2 User Guide, *Security group rules for different use cases*, and of the Amazon VPC User Guide,
//! *Security groups for your VPC*, asked packet by packet.

use ringwall_model::network::{EnforcingMode, InterfaceKind, Protocol};
use ringwall_model::{Cluster, Proof};
use ringwall_network::groups::SecurityGroups;
use ringwall_network::{Network, Party, Traffic};

use super::build::{cluster, group, interface, ip};

/// A server with one group, a client of the VPC with another, each by an interface of its own.
fn world(server: &[&str], client: &[&str]) -> Cluster {
    let mut cluster = cluster(EnforcingMode::Strict);
    let instance = || InterfaceKind::Interface;
    cluster.aws.network_interfaces.extend([
        interface("eni-server", instance(), "", None, &["10.0.1.100", "2001:db8:1::100"], &["sg-server"]),
        interface("eni-client", instance(), "", None, &["10.0.1.101"], &["sg-client"]),
    ]);
    cluster.aws.security_groups =
        vec![group("sg-server", server), group("sg-client", client), group("sg-node", &[])];
    cluster
}

fn traffic(cluster: &Cluster, from: &str, to: &str) -> Traffic {
    let network = Network::new(cluster);
    let groups = SecurityGroups::new(&network).unwrap();
    let allowed = groups.traffic(&network, Party::Address(ip(from)), Party::Address(ip(to)));
    assert!(allowed.uncertain.is_none(), "{allowed:?}");
    allowed.traffic
}

const OUT: &str = "-1 to 0.0.0.0/0";

#[test]
fn a_web_server() {
    let rules = ["tcp 80 from 0.0.0.0/0", "tcp 443 from 0.0.0.0/0", "tcp 80 from ::/0"];
    let cluster = world(&rules, &[]);
    assert_eq!(traffic(&cluster, "203.0.113.9", "10.0.1.100").to_string(), "TCP 80, 443");
    assert_eq!(traffic(&cluster, "2001:db8:9::9", "2001:db8:1::100").to_string(), "TCP 80");
}

#[test]
fn a_new_group_lets_nothing_in_and_everything_out() {
    let cluster = world(&[OUT], &[]);
    assert_eq!(traffic(&cluster, "203.0.113.9", "10.0.1.100"), Traffic::none());
    assert_eq!(traffic(&cluster, "10.0.1.100", "203.0.113.9"), Traffic::all());
    assert_eq!(
        traffic(&cluster, "2001:db8:1::100", "2001:db8:9::9"),
        Traffic::none(),
        "IPv6 needs a rule of its own"
    );
}

#[test]
fn a_database_reached_by_a_group() {
    let cluster = world(&["tcp 3306 from sg-client"], &[OUT, "tcp 22 from sg-server"]);
    assert_eq!(traffic(&cluster, "10.0.1.101", "10.0.1.100").to_string(), "TCP 3306");
    assert_eq!(traffic(&cluster, "10.0.1.102", "10.0.1.100"), Traffic::none(), "nobody's interface");
    // The rules of a group that a rule names are not added.
    assert_eq!(traffic(&cluster, "10.0.1.100", "10.0.1.101"), Traffic::none());
}

#[test]
fn instances_of_one_group_need_a_rule_that_names_it() {
    for (rules, expected) in
        [([OUT, "-1 from sg-server"], Traffic::all()), ([OUT, "-1 from sg-client"], Traffic::none())]
    {
        let mut cluster = world(&rules, &[]);
        cluster.aws.network_interfaces.last_mut().unwrap().groups = vec!["sg-server".into()];
        assert_eq!(traffic(&cluster, "10.0.1.101", "10.0.1.100"), expected);
    }
}

#[test]
fn public_addresses_of_members_are_not_meant() {
    let mut cluster = world(&["tcp 80 from sg-client"], &[OUT]);
    cluster.aws.network_interfaces.last_mut().unwrap().public_address = Some(ip("203.0.113.50"));
    assert_eq!(traffic(&cluster, "203.0.113.50", "10.0.1.100"), Traffic::none());
}

#[test]
fn the_most_permissive_rule_counts() {
    let cluster = world(&["tcp 22 from 203.0.113.1/32", "tcp 22 from 0.0.0.0/0"], &[]);
    assert_eq!(traffic(&cluster, "198.51.100.1", "10.0.1.100").to_string(), "TCP 22");
}

#[test]
fn pings() {
    let cluster = world(&["icmp 8,-1 from 203.0.113.9/32", "icmpv6 128,0 from ::/0"], &[]);
    let v4 = traffic(&cluster, "203.0.113.9", "10.0.1.100");
    assert!(v4.contains(Protocol::Icmp, 8 << 8) && !v4.contains(Protocol::Icmp, 0));
    assert_eq!(traffic(&cluster, "203.0.113.8", "10.0.1.100"), Traffic::none());
    let v6 = traffic(&cluster, "2001:db8:9::9", "2001:db8:1::100");
    assert_eq!(v6.to_string(), format!("ICMP {}", 128 << 8));
}

#[test]
fn both_ends_are_judged() {
    let server = ["tcp 80-90 from 0.0.0.0/0"];
    let cluster = world(&server, &["tcp 85-95 to sg-server", "tcp 80 to 10.0.1.99/32"]);
    assert_eq!(traffic(&cluster, "10.0.1.101", "10.0.1.100").to_string(), "TCP 85-90");
}

#[test]
fn other_protocols_have_no_ports() {
    let cluster = world(&["50 from 0.0.0.0/0", "132 1-2 from 0.0.0.0/0"], &[]);
    let all = traffic(&cluster, "203.0.113.9", "10.0.1.100");
    assert_eq!(all, Traffic::numbers(50, 50).or(&Traffic::of(Protocol::Sctp)));
}

#[test]
fn a_reason_names_the_groups_rule_with_its_line() {
    let mut cluster = world(&["tcp 22 from 0.0.0.0/0", "tcp 3306 from sg-client"], &[OUT]);
    cluster.info.region = Some("eu-west-1".into());
    cluster.info.account = Some("111122223333".into());
    let network = Network::new(&cluster);
    let groups = SecurityGroups::new(&network).unwrap();
    let ends = [Party::Address(ip("10.0.1.101")), Party::Address(ip("10.0.1.100"))];
    let decision = groups.explain(&network, ends[0], ends[1], Protocol::Tcp, 3306);
    let told: Vec<_> = decision
        .reasons
        .iter()
        .map(|reason| (&*reason.text, reason.rule, reason.source.to_string()))
        .collect();
    assert_eq!(
        told,
        [
            (
                "outbound rule 0 of sg-client allows TCP 3306 to 0.0.0.0/0",
                Some(0),
                "aws/groups.json:20".to_owned()
            ),
            (
                "inbound rule 1 of sg-server allows TCP 3306 from interfaces with sg-client",
                Some(1),
                "aws/groups.json:21".to_owned()
            ),
        ]
    );
    let arn = "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-client";
    assert_eq!(decision.reasons[0].proof, Proof::Arn(arn.into()));

    let denied = groups.explain(&network, ends[0], ends[1], Protocol::Udp, 3306);
    let texts: Vec<_> = denied.reasons.iter().map(|reason| &*reason.text).collect();
    assert_eq!(
        texts,
        [
            "sg-server, which 10.0.1.100 has, has no inbound rule that allows UDP 3306 from 10.0.1.101",
            "the interface of 10.0.1.100 carries these groups",
        ]
    );
}
