use std::cmp::Ordering::{Equal, Greater, Less};

use super::{Ecosystem, compare};

/// Versions from the oldest to the newest; those that stand in one string are the same.
#[track_caller]
fn ordered(ecosystem: Ecosystem, versions: &[&str]) {
    for (place, group) in versions.iter().enumerate() {
        for (other_place, other) in versions.iter().enumerate() {
            for a in group.split(' ') {
                for b in other.split(' ') {
                    let expected = place.cmp(&other_place);
                    assert_eq!(compare(ecosystem, a, b), Ok(expected), "{a} {b}");
                }
            }
        }
    }
}
