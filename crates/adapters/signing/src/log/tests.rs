use super::*;

/// The head of a tree, as RFC 9162, 2.1.1 defines it.
fn head(leaves: &[Vec<u8>]) -> Vec<u8> {
    match leaves {
        [one] => one.clone(),
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            hash(&[&[1], &head(left), &head(right)])
        }
    }
}

/// The path of one, as RFC 9162, 2.1.3.1 defines it.
fn path(at: usize, leaves: &[Vec<u8>]) -> Vec<Vec<u8>> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let half = split(leaves.len());
    let (left, right) = leaves.split_at(half);
    let (mut path, beside) =
        if at < half { (path(at, left), head(right)) } else { (path(at - half, right), head(left)) };
    path.push(beside);
    path
}

fn split(count: usize) -> usize {
    count.next_power_of_two() / 2
}

#[test]
fn every_entry_of_every_small_tree_is_in_it_and_nothing_else() {
    for size in 1..40_usize {
        let leaves: Vec<Vec<u8>> = (0..size).map(|n| leaf(&n.to_be_bytes())).collect();
        let root_of = |at: usize, size: usize, path: &[Vec<u8>]| {
            root(&leaves[at], at.try_into().unwrap(), size.try_into().unwrap(), path)
        };
        for at in 0..size {
            let mut path = path(at, &leaves);
            assert_eq!(root_of(at, size, &path), Some(head(&leaves)), "{at} of {size}");
            let other = (at + 1) % size;
            assert!(size == 1 || root(&leaves[at], other as u64, size as u64, &path) != Some(head(&leaves)));
            path.push(leaf(b"more"));
            assert_ne!(root_of(at, size, &path), Some(head(&leaves)));
            path.pop();
            if path.pop().is_some() {
                assert_ne!(root_of(at, size, &path), Some(head(&leaves)));
            }
        }
    }
}
