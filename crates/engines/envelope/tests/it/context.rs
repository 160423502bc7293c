//! Two different contexts, or lists of parts, never encode alike. The naive twin is a decoder: what can be read back is
//! told apart.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::btree_map;
use proptest::prelude::*;
use ringwall_envelope::{Aad, EncryptionContext, EnvelopeError, MAX_CONTEXT_BYTES, MAX_CONTEXT_PAIRS};

/// Texts that are likely to be taken for one another: empty ones, repeated ones, and what a length looks like.
const TEXTS: [&str; 6] = ["", "a", "aa", "\0", "\0\0\0\0\0\0\0\u{1}", "\0\0\0\0\0\0\0\u{1}a"];

fn encode(pairs: BTreeMap<String, String>) -> Vec<u8> {
    EncryptionContext::new(pairs).unwrap().encode()
}

fn decode(mut encoded: &[u8]) -> BTreeMap<String, String> {
    let mut texts = Vec::new();
    while let Some((length, rest)) = encoded.split_first_chunk() {
        let (text, rest) = rest.split_at(usize::try_from(u64::from_be_bytes(*length)).unwrap());
        texts.push(String::from_utf8(text.to_vec()).unwrap());
        encoded = rest;
    }
    assert!(encoded.is_empty() && texts.len().is_multiple_of(2));
    texts.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

#[test]
fn all_contexts_of_confusing_texts_differ() {
    let text = |at: usize| TEXTS[at].to_owned();
    let pairs: Vec<(String, String)> = (0..36).map(|at| (text(at / 6), text(at % 6))).collect();
    let mut contexts = BTreeSet::from([BTreeMap::new()]);
    for one in &pairs {
        for two in &pairs {
            contexts.insert(BTreeMap::from([one.clone(), two.clone()]));
        }
    }
    let encoded: BTreeSet<Vec<u8>> = contexts.iter().cloned().map(encode).collect();
    // None, each pair alone, and two of different keys in either order.
    assert_eq!(contexts.len(), 1 + 36 + 15 * 36);
    assert_eq!(encoded.len(), contexts.len());
}

#[test]
fn all_lists_of_confusing_parts_differ() {
    let mut lists: Vec<Vec<&str>> = vec![Vec::new()];
    for length in 0..3 {
        let shorter: Vec<Vec<&str>> = lists.iter().filter(|list| list.len() == length).cloned().collect();
        lists.extend(shorter.iter().flat_map(|list| TEXTS.map(|text| [list.as_slice(), &[text]].concat())));
    }
    assert_eq!(lists.len(), 1 + 6 + 36 + 216);
    let aads: Vec<Aad> = lists.iter().map(|list| Aad::new("test", list)).collect();
    for (at, aad) in aads.iter().enumerate() {
        assert_eq!(aads.iter().position(|other| other == aad), Some(at), "{:?}", lists[at]);
    }
}

#[test]
fn limits_are_kept() {
    let pairs = |count: usize, length: usize| {
        let pair = |at: usize| (format!("{at:04}"), "v".repeat(length));
        EncryptionContext::new((0..count).map(pair).collect())
    };
    assert_eq!(pairs(MAX_CONTEXT_PAIRS, 0).unwrap().pairs().len(), MAX_CONTEXT_PAIRS);
    assert!(matches!(pairs(MAX_CONTEXT_PAIRS + 1, 0), Err(EnvelopeError::TooMany { .. })));
    assert!(pairs(1, MAX_CONTEXT_BYTES - 4).is_ok());
    assert!(matches!(pairs(1, MAX_CONTEXT_BYTES - 3), Err(EnvelopeError::TooLong { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_encoded_can_be_read_back(pairs in btree_map(any::<String>(), any::<String>(), 0..8)) {
        prop_assert_eq!(decode(&encode(pairs.clone())), pairs);
    }
}
