//! A detector that was kept and goes on elsewhere tells what one tells that was never stopped.

use std::fs;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;
use ringwall_detect::baseline::with_checksum;
use ringwall_detect::finding::{Finding, Place};
use ringwall_detect::{Detector, audit, cloudtrail};
use serde_json::Value;

use crate::days::{self, Chance};
use crate::detect::set;
use crate::{cases, cloudtrail as trail, sequences, story};

/// A line of one of the logs.
struct Line {
    of_trail: bool,
    text: String,
    place: Place,
}

fn line(file: &str, number: usize, text: impl ToString) -> Line {
    let of_trail = file.ends_with(".trail");
    Line { of_trail, text: text.to_string(), place: Place { file: file.into(), line: number as u64 } }
}

fn numbered(file: &str, texts: impl IntoIterator<Item = impl ToString>) -> Vec<Line> {
    texts.into_iter().enumerate().map(|(number, text)| line(file, number + 1, text)).collect()
}

/// What belongs together, of each case that there is.
static ALL: LazyLock<Vec<Vec<Line>>> = LazyLock::new(|| {
    let mut all: Vec<Vec<Line>> = Vec::new();
    for (place, case) in cases::all() {
        all.push(numbered(&place, case.events.iter().map(|event| event.get())));
    }
    each_file("cloudtrail", |name, file| {
        for case in file["cases"].as_array().unwrap() {
            all.push(numbered(&format!("{name}.trail"), trail::records(&file["base"], case)));
        }
    });
    each_file("sequences", |name, file| {
        for case in file["cases"].as_array().unwrap() {
            let events =
                sequences::lines(&file["event"], &case["audit"], "auditID", "requestReceivedTimestamp");
            let records = sequences::lines(&file["record"], &case["cloudtrail"], "eventID", "eventTime");
            let mut lines = numbered(name, events);
            lines.extend(numbered(&format!("{name}.trail"), records));
            all.push(lines);
        }
    });
    let (events, records) = story::logs();
    let mut lines = numbered("story", events.iter().map(|(event, _)| event));
    lines.push(line("story.trail", 1, records));
    all.push(lines);
    all
});

fn each_file(folder: &str, mut each: impl FnMut(&str, &Value)) {
    let files = fs::read_dir(trail::cases(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|kind| kind == "json")).collect();
    files.sort();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy();
        each(&name, &serde_json::from_slice(&fs::read(&file).unwrap()).unwrap());
    }
}

fn run<'l>(detector: &mut Detector, lines: impl IntoIterator<Item = &'l Line>) {
    for Line { of_trail, text, place } in lines {
        if *of_trail {
            cloudtrail::read(text, &mut |record| detector.cloudtrail(record, place)).unwrap();
        } else {
            audit::read(text, &mut |event| detector.audit(event, place)).unwrap();
        }
    }
}

fn again(detector: &Detector) -> Detector {
    set(Detector::from_state(&detector.state()).unwrap())
}

fn findings(detector: &Detector) -> Vec<Finding> {
    detector.findings().into_iter().cloned().collect()
}

/// Cuts a stream, and compares with it whole. `overlap` is how many lines before the cut come again.
fn check(lines: &[&Line], cut: usize, overlap: usize) {
    let mut whole = set(Detector::new());
    run(&mut whole, lines.iter().copied());

    let (before, after) = lines.split_at(cut);
    let mut first = set(Detector::new());
    run(&mut first, before.iter().copied());
    assert_eq!(first.state(), first.state());
    let mut second = again(&first);
    assert_eq!(findings(&second), findings(&first));
    run(&mut second, after.iter().copied());
    assert_eq!((findings(&second), second.counts()), (findings(&whole), whole.counts()));
    assert!(second.state() == whole.state(), "all that is remembered is the same");

    // What changed is told once, whether it was taken before or after.
    let taken = first.take_changed();
    assert_eq!((&taken, first.take_changed()), (&findings(&first), Vec::new()));
    let mut third = again(&first);
    let back = cut.saturating_sub(overlap);
    run(&mut third, lines.iter().skip(back).copied());
    assert_eq!(findings(&third), findings(&whole), "some lines come again");
    assert_eq!(third.counts().judged, whole.counts().judged);
    let mut told: Vec<Finding> = third.take_changed();
    for finding in taken {
        if !told.iter().any(|later| (later.kind, &later.cause) == (finding.kind, &finding.cause)) {
            told.push(finding);
        }
    }
    told.sort_by(|one, other| {
        (one.first_seen, one.kind.name, &one.cause).cmp(&(other.first_seen, other.kind.name, &other.cause))
    });
    assert_eq!(told, findings(&whole), "none is lost");
    assert_eq!(second.take_changed(), findings(&whole), "nobody took them before");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn wherever_it_is_stopped_it_goes_on_as_if_it_were_not(
        chosen in prop::collection::vec(any::<Index>(), 1..60),
        cut: Index,
        overlap in 0_usize..40,
    ) {
        let lines: Vec<&Line> = chosen.iter().flat_map(|index| index.get(&ALL)).collect();
        check(&lines, cut.index(lines.len() + 1), overlap);
    }
}

#[test]
fn all_cases_one_after_the_other_and_stopped_in_between() {
    let lines: Vec<&Line> = ALL.iter().flatten().collect();
    for part in [1, 3] {
        check(&lines, lines.len() * part / 4, 100);
    }
}

/// After more than a week, when what is unusual is told.
#[test]
fn what_is_usual_is_not_forgotten() {
    let mut chance = Chance(7);
    let texts: Vec<String> =
        (0..200).flat_map(|hour| days::hour(&mut chance, hour)).map(|request| request.json()).collect();
    let ordinary = numbered("days", texts);
    let unusual = days::Request {
        resource: "secrets",
        verb: "list",
        namespace: "billing".into(),
        agent: "curl/8.0",
        address: "100.64.9.9".into(),
        hour: days::FIRST_HOUR + 200,
        number: 1,
        ..days::developer("ann")
    };
    let unusual = line("days", 1, unusual.json());
    let lines: Vec<&Line> = ordinary.iter().chain([&unusual]).collect();
    let mut whole = set(Detector::new());
    run(&mut whole, lines.iter().copied());
    assert!(whole.findings().iter().any(|finding| finding.details.terms.len() > 1), "it is told why");
    check(&lines, lines.len() - 1, 10);
}

/// States that hold by their checksum, and are none.
#[test]
fn what_cannot_be_a_state_is_told() {
    let mut detector = set(Detector::new());
    run(&mut detector, ALL.iter().flatten().take(200));
    let bytes = detector.state();
    let error = |bytes: &[u8]| Detector::from_state(bytes).unwrap_err().to_string();
    assert!(error(b"").starts_with("no state"));
    assert!(error(b"RINGBASE").starts_with("no state"));
    let mut newer = bytes.clone();
    newer[8] = 2;
    assert!(error(&newer).starts_with("the state has version 2"));
    for at in (10..bytes.len()).step_by(1009) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(error(&changed).contains("checksum"), "byte {at}");
    }
    let body = &bytes[..bytes.len() - 8];
    for end in (10..body.len()).step_by(4001) {
        assert!(
            error(&with_checksum(body[..end].to_vec())).starts_with("the state is damaged"),
            "cut at {end}"
        );
    }
}

/// Of another version, which had types that this one does not have.
#[test]
fn findings_of_an_unknown_type_are_dropped_and_counted() {
    let mut detector = set(Detector::new());
    run(&mut detector, ALL.iter().flatten().take(200));
    let bytes = detector.state();
    let kind = detector.findings().first().unwrap().kind.name;
    let of_kind = detector.findings().iter().filter(|finding| finding.kind.name == kind).count();
    let mut body = bytes[..bytes.len() - 8].to_vec();
    let places: Vec<usize> = body
        .windows(kind.len())
        .enumerate()
        .filter(|(_, part)| *part == kind.as_bytes())
        .map(|(at, _)| at)
        .collect();
    for at in places {
        body[at] = b'X';
    }
    let restored = Detector::from_state(&with_checksum(body)).unwrap();
    assert_eq!(restored.lost().unknown, of_kind as u64);
    assert_eq!(restored.findings().len() + of_kind, detector.findings().len());
    assert!(again(&restored).state() == restored.state());
}

/// Whoever knows the key of one does not know what counts as a repetition for another.
#[test]
fn a_key_is_part_of_the_state_and_not_of_what_is_told() {
    let keyed = |key| {
        let mut detector = set(Detector::with_key(key));
        run(&mut detector, ALL.iter().flatten().take(400));
        detector
    };
    let (one, other) = (keyed([1; 16]), keyed([2; 16]));
    assert_eq!(findings(&one), findings(&other));
    assert!(one.state() != other.state());
    let mut restored = again(&one);
    run(&mut restored, ALL.iter().flatten().take(400));
    assert_eq!((findings(&restored), restored.counts().judged), (findings(&one), one.counts().judged));
    assert!(!format!("{one:?}").contains("72340172838076673"), "the key is not shown");
}
