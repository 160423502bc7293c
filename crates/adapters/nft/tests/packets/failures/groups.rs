//! Security groups as the second layer: pods that share a group are not thereby let through to each other.

use serde_json::{Value, json};

use super::{Scene, from_app, policy, tcp};
use crate::world::Vpc;

fn group(id: &str, ingress: Value) -> Value {
    let everything = json!([{
        "IpProtocol": "-1",
        "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
        "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
    }]);
    json!({
        "GroupId": id,
        "GroupName": id,
        "VpcId": "vpc-1",
        "IpPermissions": ingress,
        "IpPermissionsEgress": everything,
    })
}

#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn pods_of_one_group_on_one_node_are_judged_by_it() {
    let mut scene = Scene::new();
    let (a, b, c) = (scene.v6("a"), scene.v6("b"), scene.v6("c"));
    for node in &mut scene.world.nodes {
        node.groups = vec!["sg-nodes".to_owned()];
    }
    for pod in &mut scene.world.pods[..2] {
        pod.groups = vec!["sg-db".to_owned()];
    }
    let of = |id: &str, port: u16| {
        json!([{
            "IpProtocol": "tcp",
            "FromPort": port,
            "ToPort": port,
            "UserIdGroupPairs": [{"GroupId": id, "UserId": "111122223333"}],
        }])
    };
    let pairs = [tcp(a, b, 80), tcp(b, a, 80), tcp(c, a, 80), tcp(a, c, 80), tcp(a, b, 81)];
    for (ingress, expected) in [
        (json!([]), [false, false, false, true, false]),
        (of("sg-db", 80), [true, true, false, true, false]),
        (of("sg-nodes", 80), [false, false, true, true, false]),
    ] {
        let nodes = group("sg-nodes", of("sg-db", 80));
        scene.world.vpc = Some(Vpc { strict: true, groups: vec![nodes, group("sg-db", ingress)] });
        scene.enforce(&[]);
        assert_eq!(scene.ask(&pairs), expected);
    }
    // Both layers must allow.
    scene.world.vpc = Some(Vpc {
        strict: true,
        groups: vec![group("sg-nodes", json!([])), group("sg-db", of("sg-db", 80))],
    });
    scene.enforce(&[policy("a", Some("a"), json!({"ingress": [{"from": from_app("c")}]}))]);
    assert_eq!(scene.ask(&pairs), [true, false, false, false, false]);
}
