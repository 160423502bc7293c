use ringwall_model::Cluster;

use super::*;
use crate::stale_aggregations;

#[test]
fn the_file_is_read_whole() {
    let defaults = parse(TEXT).unwrap();
    assert!(defaults.roles.len() > 60 && defaults.bindings.len() > 50);
    assert!(defaults.roles.iter().any(|role| &*role.reference.name == "cluster-admin"));
}

#[test]
fn computed_aggregation_is_what_the_real_controller_stored() {
    let roles = parse(TEXT).unwrap().roles;
    assert!(roles.iter().filter(|role| role.aggregation.is_some() && !role.rules.is_empty()).count() >= 3);
    let cluster = Cluster { roles, ..Cluster::default() };
    assert_eq!(stale_aggregations(&cluster), []);
}
