//! Which replica should look at which cluster.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use aws_lc_rs::digest;

/// Spreads clusters over replicas: each has as many as any other, or one more, and few change hands when a replica comes or goes.
///
/// Each cluster has an order of preference among the replicas, made of a hash of both names (rendezvous hashing), and goes to the
/// first that has room. All who know the same names come to the same answer; while they don't, the records of the clusters decide.
pub fn assign<'a>(
    replicas: &'a BTreeSet<String>,
    clusters: &'a BTreeSet<String>,
) -> BTreeMap<&'a str, &'a str> {
    let Some(share) = clusters.len().checked_div(replicas.len()) else {
        return BTreeMap::new();
    };
    // So many replicas have one more than the share.
    let mut extra = clusters.len() - share * replicas.len();
    let mut load: BTreeMap<&str, usize> = BTreeMap::new();
    let mut assigned = BTreeMap::new();
    for cluster in clusters {
        let mut order: Vec<_> = replicas.iter().map(|replica| (score(replica, cluster), replica)).collect();
        order.sort_unstable();
        let found = order.into_iter().find(|(_, replica)| {
            let has = load.get(replica.as_str()).copied().unwrap_or_default();
            has < share || (has == share && extra > 0)
        });
        let Some((_, replica)) = found else { continue };
        let has = load.entry(replica).or_default();
        if *has == share {
            extra -= 1;
        }
        *has += 1;
        assigned.insert(cluster.as_str(), replica.as_str());
    }
    assigned
}

fn score(replica: &str, cluster: &str) -> [u8; 8] {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(replica.as_bytes());
    hash.update(&[0]);
    hash.update(cluster.as_bytes());
    hash.finish().as_ref().first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn everyone_has_its_share(replicas in prop::collection::btree_set("[a-d]{1,3}", 0..9),
                                  clusters in prop::collection::btree_set("[a-z]{1,3}", 0..60)) {
            let assigned = assign(&replicas, &clusters);
            if replicas.is_empty() {
                prop_assert!(assigned.is_empty());
                return Ok(());
            }
            prop_assert_eq!(assigned.len(), clusters.len());
            let loads: Vec<usize> =
                replicas.iter().map(|replica| assigned.values().filter(|owner| *owner == replica).count()).collect();
            prop_assert!(loads.iter().max().unwrap() - loads.iter().min().unwrap() <= 1);
        }
    }

    #[test]
    fn few_change_hands_when_one_goes() {
        let replicas: BTreeSet<String> = (0..5).map(|number| format!("replica-{number}")).collect();
        let clusters: BTreeSet<String> = (0..200).map(|number| format!("cluster-{number}")).collect();
        let before = assign(&replicas, &clusters);
        let mut fewer = replicas.clone();
        fewer.remove("replica-3");
        let after = assign(&fewer, &clusters);
        let moved =
            clusters.iter().filter(|cluster| before[cluster.as_str()] != after[cluster.as_str()]).count();
        // A fifth has to move; without preferences it would be four fifths.
        assert!((40..100).contains(&moved), "{moved}");
    }
}
