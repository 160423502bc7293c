//! Security groups made up at random.

use serde_json::{Value, json};

use super::PORTS;
use super::policies::block;
use crate::random::Random;
use crate::world::{Vpc, World};

const IDS: [&str; 4] = ["sg-nodes", "sg-web", "sg-db", "sg-all"];

/// Gives a cluster a VPC that judges by groups: nodes have some, and pods may have their own.
pub(super) fn add(random: &mut Random, world: &mut World) {
    for node in &mut world.nodes {
        node.groups = random.some(1, 2, |random| (*random.pick(&IDS)).to_owned());
        node.groups.sort();
        node.groups.dedup();
    }
    let strict = random.percent(60);
    let groups = IDS
        .iter()
        .map(|id| {
            // A new group lets out everything and nothing in; one of the four is wide open, or little would pass.
            let everything = json!([{
                "IpProtocol": "-1",
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
                "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
            }]);
            let ingress = if *id == "sg-all" { everything.clone() } else { rules(random, world) };
            let egress = if random.percent(60) { everything } else { rules(random, world) };
            json!({
                "GroupId": id,
                "GroupName": id,
                "VpcId": "vpc-1",
                "IpPermissions": ingress,
                "IpPermissionsEgress": egress,
            })
        })
        .collect();
    world.vpc = Some(Vpc { strict, groups });
}

/// Groups of a pod's own interface, if it gets one.
pub(super) fn of_pod(random: &mut Random, world: &World) -> Vec<String> {
    if world.vpc.is_none() || random.percent(50) {
        return Vec::new();
    }
    let mut groups = random.some(1, 2, |random| (*random.pick(&IDS)).to_owned());
    groups.sort();
    groups.dedup();
    groups
}

fn rules(random: &mut Random, world: &World) -> Value {
    json!(random.some(0, 3, |random| {
        let mut rule = match random.below(6) {
            0 => json!({"IpProtocol": "-1"}),
            1 => json!({"IpProtocol": "132"}),
            2 => json!({"IpProtocol": random.pick(&["icmp", "icmpv6"]), "FromPort": -1, "ToPort": -1}),
            other => {
                let (one, two) = (*random.pick(&PORTS), *random.pick(&PORTS));
                let protocol = if other == 3 { "udp" } else { "tcp" };
                json!({"IpProtocol": protocol, "FromPort": one.min(two), "ToPort": one.max(two)})
            }
        };
        for _ in 0..=random.below(2) {
            if random.percent(50) {
                rule["UserIdGroupPairs"] = json!([{"GroupId": random.pick(&IDS), "UserId": "111122223333"}]);
            } else {
                let block = block(random, world);
                let (list, key) =
                    if block.addr().is_ipv4() { ("IpRanges", "CidrIp") } else { ("Ipv6Ranges", "CidrIpv6") };
                rule[list] = json!([{key: block.to_string()}]);
            }
        }
        rule
    }))
}
