//! Baselines as bytes, and several as one.

use std::sync::LazyLock;

use super::days::{self, Chance};
use super::{learn, taught};
use crate::baseline::{Baseline, MAX_BYTES, NotABaseline, with_checksum};

static PARTS: LazyLock<[Baseline; 3]> = LazyLock::new(|| [taught(1, 60), taught(2, 90), taught(3, 30)]);

fn merged(parts: &[&Baseline]) -> Baseline {
    let mut all = Baseline::new();
    parts.iter().for_each(|part| all.merge(part));
    all
}

/// Whether two are the same up to rounding.
fn assert_alike(one: &Baseline, other: &Baseline) {
    assert_eq!(one.clock, other.clock);
    let actors = one.actors.cells().iter().zip(other.actors.cells()).map(|(one, other)| {
        assert_eq!((one.epoch(), one.counted()), (other.epoch(), other.counted()));
        (one.before, other.before)
    });
    let peers = one.peers.cells().iter().zip(other.peers.cells()).map(|(one, other)| {
        assert_eq!((one.epoch(), one.counted(), one.seen), (other.epoch(), other.counted(), other.seen));
        (one.before, other.before)
    });
    for (one, other) in actors.chain(peers) {
        assert!((one - other).abs() <= one.abs() * 1e-5, "{one} and {other}");
    }
}

#[test]
fn in_whatever_order_and_grouping_they_are_merged_the_result_is_the_same() {
    let [one, two, three] = &*PARTS;
    let straight = merged(&[one, two, three]);
    for order in [[three, two, one], [two, one, three], [one, three, two]] {
        assert_alike(&straight, &merged(&order));
    }
    let mut grouped = one.clone();
    grouped.merge(&merged(&[two, three]));
    assert_alike(&straight, &grouped);
    assert!(straight.is_learned() == one.is_learned());
}

#[test]
fn nothing_merged_changes_nothing() {
    let [one, ..] = &*PARTS;
    assert_alike(one, &merged(&[one]));
    let mut same = one.clone();
    same.merge(&Baseline::new());
    assert_alike(one, &same);
}

/// Two replicas that share a stream by actor know together what one would know. What was new to each alone was not new to both,
/// which differs for the first hours; so the whole is compared by what it says of an act.
#[test]
fn a_stream_split_by_actor_is_learned_as_if_it_were_one() {
    let mut chance = Chance(8);
    let (mut whole, mut one, mut other) = (Baseline::new(), Baseline::new(), Baseline::new());
    for number in 0..200 {
        for request in days::hour(&mut chance, number) {
            learn(&mut whole, &request);
            let half = if request.user.len() % 2 == 0 { &mut one } else { &mut other };
            learn(half, &request);
        }
    }
    one.merge(&other);
    assert_eq!(one.clock, whole.clock);
    let request = days::Request {
        resource: "secrets",
        namespace: "billing".into(),
        agent: "curl/8.0",
        hour: days::FIRST_HOUR + 200,
        ..days::developer("ann")
    };
    let judged = [&whole, &one].map(|baseline| {
        let mut judgement = None;
        crate::audit::read(&request.json(), &mut |event| {
            let act = crate::act::Act::of(event);
            judgement = Some(baseline.judge(&crate::baseline::Features::of(&act), act.time));
        })
        .unwrap();
        judgement.unwrap()
    });
    let [whole, merged] = judged;
    let of = |terms: &[crate::finding::Term]| {
        let mut all: Vec<_> =
            terms.iter().map(|term| (term.feature.clone(), term.seen_of_actor, term.seen_of_all)).collect();
        all.sort_unstable();
        all
    };
    assert!(whole.is_unusual() && merged.is_unusual());
    assert_eq!(of(&whole.terms), of(&merged.terms));
    assert!((whole.bits - merged.bits).abs() < 1.0, "{} and {}", whole.bits, merged.bits);
}

#[test]
fn what_is_kept_is_what_was() {
    for baseline in PARTS.iter().chain([&Baseline::new()]) {
        let bytes = baseline.to_bytes();
        let mut again = Baseline::from_bytes(&bytes).unwrap();
        assert_eq!(again.clock, baseline.clock);
        assert!(again.actors.cells() == baseline.actors.cells());
        assert!(again.peers.cells() == baseline.peers.cells());
        assert!(again.habits.cells() == baseline.habits.cells());
        assert!(again.to_bytes() == bytes);
        assert!(bytes.len() <= MAX_BYTES);
        again.merge(baseline);
    }
    assert_eq!(Baseline::new().to_bytes().len(), 51);
}

#[test]
fn version_1_is_read_which_knew_nothing_of_calls_to_aws() {
    for baseline in PARTS.iter() {
        let mut bytes = baseline.to_bytes();
        bytes.truncate(bytes.len() - 8);
        (bytes[8], bytes[9]) = (1, 0);
        assert_eq!(bytes.remove(10), 0);
        let again = Baseline::from_bytes(&with_checksum(bytes)).unwrap();
        assert!(again.to_bytes() == baseline.to_bytes());
    }
}

#[test]
fn whatever_damages_it_is_told() {
    let bytes = PARTS[2].to_bytes();
    let error = |bytes: &[u8]| Baseline::from_bytes(bytes).unwrap_err();
    assert_eq!(error(b""), NotABaseline::Other);
    assert_eq!(error(b"PK\x03\x04 and so on"), NotABaseline::Other);
    assert_eq!(error(&vec![0; MAX_BYTES + 1]), NotABaseline::TooLong(MAX_BYTES + 1));
    let mut newer = bytes.clone();
    newer[8] = 3;
    assert_eq!(error(&newer), NotABaseline::Version(3));
    for at in (10..bytes.len()).step_by(101) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        assert_eq!(error(&changed), NotABaseline::Checksum, "byte {at}");
    }
    for end in (8..bytes.len()).step_by(997) {
        assert!(Baseline::from_bytes(&bytes[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn a_checksum_that_holds_does_not_make_it_one() {
    let empty = Baseline::new().to_bytes();
    let body = &empty[..empty.len() - 8];
    let changed = |at: usize, with: &[u8]| {
        let mut body = body.to_vec();
        body[at..at + with.len()].copy_from_slice(with);
        with_checksum(body)
    };
    let longer = |more: &[u8]| with_checksum([body, more].concat());
    // The actors' sketch says that it has one cell, which follows.
    let cell = |cell: &[u8]| {
        let mut body = body.to_vec();
        body[29..33].copy_from_slice(&1_u32.to_le_bytes());
        body.splice(33..33, cell.iter().copied());
        with_checksum(body)
    };
    for (bytes, what) in [
        (with_checksum(body[..20].to_vec()), "it ends too soon"),
        (longer(b"x"), "more than three sketches"),
        (changed(10, &[2]), "calls that are neither known nor not"),
        (changed(10, &[1]), "it ends too soon"),
        (changed(19, &[0; 4]), "an epoch that never comes"),
        (changed(19, &[0xff; 4]), "an epoch that never comes"),
        (changed(28, &[16]), "a sketch of another size"),
        (changed(29, &[0xff; 4]), "it ends too soon"),
        (cell(&[0, 1, 1, 0, 0, 0, 0]), "counted before the first epoch"),
        (cell(&[0, 0, 1, 0, 0, 0xc0, 0x7f]), "a count that can't be"),
        (cell(&[0, 0, 1, 0, 0, 0x80, 0xbf]), "a count that can't be"),
        (cell(&[0xff, 0xff, 0xff, 0x7f, 0, 1, 0, 0, 0, 0]), "a cell beyond the last"),
        (cell(&[0x80, 0, 0, 1, 0, 0, 0, 0]), "a number with zeros before it"),
        (cell(&[0xff, 0xff, 0xff, 0xff, 1, 0, 1, 0, 0, 0, 0]), "a number that is too long"),
    ] {
        match Baseline::from_bytes(&bytes) {
            Err(NotABaseline::Impossible { what: told, .. }) => assert_eq!(told, what),
            other => panic!("{what}: {other:?}"),
        }
    }
}
