//! Whether a text matches a pattern.

use crate::pattern::{Part, Reach};

/// A pattern's part with its variable replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'p> {
    Text(&'p str),
    One(Reach),
    Many(Reach),
}

impl<'p> Piece<'p> {
    /// A part without a variable; one with a variable is no piece before the request is known.
    pub(crate) fn of(part: &'p Part) -> Option<Self> {
        match part {
            Part::Text(text) => Some(Piece::Text(text)),
            Part::One(reach) => Some(Piece::One(*reach)),
            Part::Many(reach) => Some(Piece::Many(*reach)),
            Part::Variable(_) => None,
        }
    }
}

/// How the pieces of a pattern are got at, one by one.
pub(crate) trait Pieces {
    fn piece(&self, at: usize) -> Option<Piece<'_>>;
}

impl Pieces for [Part] {
    fn piece(&self, at: usize) -> Option<Piece<'_>> {
        self.get(at).and_then(Piece::of)
    }
}

impl Pieces for [Piece<'_>] {
    fn piece(&self, at: usize) -> Option<Piece<'_>> {
        self.get(at).copied()
    }
}

/// Pieces of a pattern whose variables are replaced. Few patterns have more than some pieces, so that most need no memory
/// of their own.
pub(crate) enum PieceList<'p> {
    Few([Piece<'p>; FEW], usize),
    Many(Vec<Piece<'p>>),
}

/// Pieces that are kept without memory of their own.
const FEW: usize = 8;

impl<'p> PieceList<'p> {
    /// Collects so many pieces; `None` if one is none.
    pub(crate) fn collect(count: usize, pieces: impl Iterator<Item = Option<Piece<'p>>>) -> Option<Self> {
        if count > FEW {
            return pieces.collect::<Option<Vec<_>>>().map(Self::Many);
        }
        let mut few = [Piece::Text(""); FEW];
        for (slot, piece) in few.iter_mut().zip(pieces) {
            *slot = piece?;
        }
        Some(Self::Few(few, count))
    }

    pub(crate) fn as_slice(&self) -> &[Piece<'p>] {
        match self {
            Self::Few(pieces, count) => pieces.get(..*count).unwrap_or_default(),
            Self::Many(pieces) => pieces,
        }
    }
}

/// Whether the whole text matches.
///
/// A star takes as little as it can; where the rest then fails, the last star takes one character more. That is enough:
/// a star that reaches anywhere needs no earlier star to take more, and one that stops at a colon cannot be helped by
/// an earlier one of its kind, since the colons between them are fixed. Only a star that stops at a colon behind one
/// that does not needs both, and those rare patterns are tried position by position ([`matches_slowly`]).
pub(crate) fn matches<P: Pieces + ?Sized>(pieces: &P, text: &str) -> bool {
    let (mut at, mut rest) = (0, text);
    let mut star: Option<(usize, &str, Reach)> = None;
    loop {
        let advanced = match pieces.piece(at) {
            Some(Piece::Text(expected)) => rest.strip_prefix(expected),
            Some(Piece::One(reach)) => skip_one(rest, reach),
            Some(Piece::Many(reach)) => {
                if matches!(star, Some((_, _, Reach::Anything))) && reach == Reach::Segment {
                    return matches_slowly(pieces, text);
                }
                if reach == Reach::Anything && pieces.piece(at + 1).is_none() {
                    return true;
                }
                star = Some((at, rest, reach));
                Some(rest)
            }
            None if rest.is_empty() => return true,
            None => None,
        };
        match (advanced, star) {
            (Some(left), _) => {
                rest = left;
                at += 1;
            }
            (None, Some((from, begun, reach))) => {
                let Some(mut next) = skip_one(begun, reach) else { return false };
                if let Some(Piece::Text(expected)) = pieces.piece(from + 1)
                    && reach == Reach::Anything
                {
                    // Nothing before the next place where the text behind the star stands can match.
                    let Some(found) = next.find(expected) else { return false };
                    next = next.get(found..).unwrap_or_default();
                }
                star = Some((from, next, reach));
                rest = next;
                at = from + 1;
            }
            (None, None) => return false,
        }
    }
}

fn skip_one(text: &str, reach: Reach) -> Option<&str> {
    let c = text.chars().next()?;
    (reach == Reach::Anything || c != ':').then(|| text.get(c.len_utf8()..))?
}

/// The same by following every way at once: time in the order of pieces times characters, and no more pieces than the
/// text has room for.
fn matches_slowly<P: Pieces + ?Sized>(pieces: &P, text: &str) -> bool {
    if !has_room_for(pieces, text) {
        return false;
    }
    // The byte offsets at which the next piece may begin, in order.
    let mut starts = vec![0];
    let mut ends = Vec::new();
    for piece in (0..).map_while(|at| pieces.piece(at)) {
        ends.clear();
        for start in &starts {
            let Some(rest) = text.get(*start..) else { continue };
            match piece {
                Piece::Text(expected) if rest.starts_with(expected) => ends.push(start + expected.len()),
                Piece::Text(_) => {}
                Piece::One(reach) => ends.extend(skip_one(rest, reach).map(|left| text.len() - left.len())),
                // What an earlier start reached leads to all that this one does.
                Piece::Many(_) if ends.last().is_some_and(|last| last >= start) => {}
                Piece::Many(reach) => {
                    let mut left = Some(rest);
                    while let Some(rest) = left {
                        ends.push(text.len() - rest.len());
                        left = skip_one(rest, reach);
                    }
                }
            }
        }
        std::mem::swap(&mut starts, &mut ends);
        if starts.is_empty() {
            return false;
        }
    }
    starts.last() == Some(&text.len())
}

/// Whether a text is long enough for all pieces that take a character.
fn has_room_for<P: Pieces + ?Sized>(pieces: &P, text: &str) -> bool {
    let mut room = text.len();
    (0..).map_while(|at| pieces.piece(at)).all(|piece| {
        let least = match piece {
            Piece::Text(expected) => expected.len(),
            Piece::One(_) => 1,
            Piece::Many(_) => 0,
        };
        room.checked_sub(least).inspect(|left| room = *left).is_some()
    })
}

#[cfg(test)]
mod tests;
