//! The documents of detection say what the code does.

use ringwall_detect::{cloudtrail, sequence};

fn document(name: &str) -> String {
    let path = format!("{}/../../../docs/detection/{name}", env!("CARGO_MANIFEST_DIR"));
    String::from_utf8(std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn each_type_is_in_its_document() {
    let (trail, sequences) = (document("cloudtrail.md"), document("sequences.md"));
    for kind in cloudtrail::KINDS.into_iter().flatten() {
        assert!(
            trail.contains(&format!("| `{}` | {}", kind.name, format!("{:?}", kind.severity).to_lowercase())),
            "{}",
            kind.name
        );
    }
    for kind in sequence::kinds() {
        assert!(sequences.contains(&format!("| `{}` |", kind.name)), "{}", kind.name);
    }
}

#[test]
fn the_table_of_weights_is_published() {
    let text = document("sequences.md");
    for weak in sequence::WEAK_CALLS.iter().chain(&sequence::WEAK_REQUESTS) {
        let row = format!("| `{}` | `{}` | {} | {} |", weak.on, weak.call, weak.stage.name(), weak.weight);
        assert!(text.contains(&row), "{row}");
    }
    assert!(text.contains(&format!("add up to {}", sequence::THRESHOLD)));
    assert_eq!((sequence::STEPS, sequence::FINDINGS, sequence::WINDOW / 3_600_000), (3, 2, 24), "as it says");
}
