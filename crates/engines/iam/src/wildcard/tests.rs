use std::cell::Cell;

use super::*;
use crate::limits::MAX_RESOURCE_BYTES;

/// Counts how often a piece is looked at: each look takes a bounded time but for the text behind a star, which is looked
/// for in one go.
struct Counted<'p> {
    pieces: &'p [Piece<'p>],
    looks: Cell<usize>,
}

impl Pieces for Counted<'_> {
    fn piece(&self, at: usize) -> Option<Piece<'_>> {
        self.looks.set(self.looks.get() + 1);
        self.pieces.piece(at)
    }
}

/// Pieces of a million wildcards, and what stands around them.
fn a_million(unit: &[Piece<'static>], before: &[Piece<'static>]) -> Vec<Piece<'static>> {
    let units = unit.iter().cycle().take(1_000_000).copied();
    before.iter().copied().chain(units).chain([Piece::Text("b")]).collect()
}

fn looks(pieces: &[Piece<'_>], text: &str) -> usize {
    let counted = Counted { pieces, looks: Cell::new(0) };
    assert!(!matches(&counted, text));
    counted.looks.get()
}

#[test]
fn a_million_wildcards_end_with_the_text() {
    let text = "a".repeat(MAX_RESOURCE_BYTES);
    let many = [Piece::Many(Reach::Anything), Piece::Text("a")];
    let slow = [Piece::Many(Reach::Anything), Piece::Many(Reach::Segment)];
    let segments = [Piece::Many(Reach::Segment), Piece::Text("a")];
    for pieces in [a_million(&many, &[]), a_million(&segments, &slow), a_million(&many, &slow)] {
        let looks = looks(&pieces, &text);
        assert!(looks < 8 * MAX_RESOURCE_BYTES, "{looks} looks");
    }
    let ones = a_million(&[Piece::One(Reach::Anything)], &many);
    let looks = looks(&ones, &text);
    assert!(looks <= 2 * MAX_RESOURCE_BYTES * MAX_RESOURCE_BYTES, "{looks} looks");
}

#[test]
fn every_way_is_followed() {
    let star = Piece::Many(Reach::Anything);
    let segment = Piece::Many(Reach::Segment);
    let pieces = [Piece::Text("a"), star, Piece::Text("b"), segment, Piece::Text("c")];
    for (text, expect) in [
        ("abc", true),
        ("a:bxc", true),
        ("ab:c", false),
        ("ab:bxc", true),
        ("ab:bx:c", false),
        ("aébéc", true),
        ("ab", false),
        ("", false),
    ] {
        assert_eq!(matches_slowly(&pieces[..], text), expect, "{text}");
        assert_eq!(matches(&pieces[..], text), expect, "{text}");
    }
}
