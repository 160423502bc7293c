//! A piece of a log as it waits in the queue: some events of one file, webhook or log group, as they came.

use std::sync::Arc;

use bytes::Bytes;
use ringwall_logs::EntryKind;
use serde::{Deserialize, Serialize};

/// Longest head: of a piece with the most parts.
const MAX_HEAD: usize = 1 << 20;

/// Most parts of a piece.
pub(crate) const MAX_PARTS: usize = 4_000;

/// Where a piece is closed and another begun, in bytes of its texts; one text alone may be longer. NATS takes 1 MiB.
pub(crate) const FULL: usize = 256 << 10;

/// What a piece says of itself: a line of JSON before the texts.
#[derive(Debug, Deserialize, Serialize)]
struct Head<'a> {
    /// Where the events were read: see [`ringwall_detect::finding::Place::file`].
    #[serde(borrow)]
    file: std::borrow::Cow<'a, str>,
    /// What each text is, on which line it begins, and how many bytes it has.
    parts: Vec<(Kind, u64, usize)>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
enum Kind {
    #[serde(rename = "a")]
    Audit,
    #[serde(rename = "c")]
    CloudTrail,
}

/// What of a piece can't be read: it was written by another version, or its disk is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a piece in the queue can't be read")]
pub(crate) struct Damaged;

/// Puts texts together to pieces, each of one file.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    file: Option<Arc<str>>,
    parts: Vec<(Kind, u64, usize)>,
    texts: Vec<u8>,
}

impl Builder {
    /// Takes a text, and gives the piece that it has no room in, if there is one.
    pub(crate) fn add(&mut self, file: &Arc<str>, kind: EntryKind, line: u64, text: &[u8]) -> Option<Bytes> {
        let fits = self.file.as_ref().is_none_or(|of| of == file)
            && self.texts.len().saturating_add(text.len()) <= FULL
            && self.parts.len() < MAX_PARTS;
        let full = if fits { None } else { self.close() };
        let kind = match kind {
            EntryKind::Audit => Kind::Audit,
            EntryKind::CloudTrail => Kind::CloudTrail,
        };
        self.file.get_or_insert_with(|| Arc::clone(file));
        self.parts.push((kind, line, text.len()));
        self.texts.extend_from_slice(text);
        full
    }

    /// The piece that is open, if something is in it; another is begun.
    pub(crate) fn close(&mut self) -> Option<Bytes> {
        let Self { file, parts, texts } = std::mem::take(self);
        let file = file?;
        let head = Head { file: (*file).into(), parts };
        // It has neither maps nor values that could fail.
        let mut piece = serde_json::to_vec(&head).unwrap_or_default();
        piece.push(b'\n');
        piece.extend_from_slice(&texts);
        Some(piece.into())
    }
}

/// One text of one kind, as a piece.
pub(crate) fn single(file: &str, kind: EntryKind, text: &[u8]) -> Bytes {
    let mut builder = Builder::default();
    builder.add(&file.into(), kind, 1, text);
    builder.close().unwrap_or_default()
}

/// A text of a piece.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'p> {
    pub(crate) kind: EntryKind,
    /// The line on which it begins, from 1.
    pub(crate) line: u64,
    pub(crate) text: &'p [u8],
}

/// Hands over a piece's texts, and gives the file that they are of.
///
/// # Errors
///
/// [`Damaged`]: it is no piece. Nothing was handed over, or what came before the damage.
pub(crate) fn read(piece: &[u8], each: &mut dyn FnMut(&Arc<str>, Part<'_>)) -> Result<(), Damaged> {
    let end = memchr::memchr(b'\n', piece.get(..MAX_HEAD).unwrap_or(piece)).ok_or(Damaged)?;
    let (head, texts) = piece.split_at_checked(end).ok_or(Damaged)?;
    let head: Head<'_> = serde_json::from_slice(head).map_err(|_| Damaged)?;
    let file: Arc<str> = (&*head.file).into();
    let mut rest = texts.get(1..).ok_or(Damaged)?;
    for (kind, line, length) in head.parts {
        let (text, after) = rest.split_at_checked(length).ok_or(Damaged)?;
        rest = after;
        let kind = match kind {
            Kind::Audit => EntryKind::Audit,
            Kind::CloudTrail => EntryKind::CloudTrail,
        };
        each(&file, Part { kind, line, text });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        let mut builder = Builder::default();
        let file: Arc<str> = "audit \"log\"\n".into();
        assert_eq!(builder.add(&file, EntryKind::Audit, 7, b"{\"a\": \"\n\"}"), None);
        assert_eq!(builder.add(&file, EntryKind::CloudTrail, 9, b"\xff"), None);
        assert_eq!(builder.add(&file, EntryKind::CloudTrail, 10, b""), None);
        let piece = builder.add(&"other".into(), EntryKind::Audit, 1, b"{}").unwrap();
        assert!(builder.close().is_some() && builder.close().is_none());
        let mut seen = Vec::new();
        read(&piece, &mut |file, part| {
            seen.push((file.to_string(), part.kind, part.line, part.text.to_vec()));
        })
        .unwrap();
        let file = "audit \"log\"\n".to_owned();
        assert_eq!(
            seen,
            [
                (file.clone(), EntryKind::Audit, 7, b"{\"a\": \"\n\"}".to_vec()),
                (file.clone(), EntryKind::CloudTrail, 9, b"\xff".to_vec()),
                (file, EntryKind::CloudTrail, 10, Vec::new()),
            ]
        );
        for end in 0..piece.len() {
            assert_eq!(read(&piece[..end], &mut |_, _| {}), Err(Damaged), "cut at {end}");
        }
    }

    #[test]
    fn a_long_text_is_alone() {
        let mut builder = Builder::default();
        let file: Arc<str> = "a".into();
        let mut pieces = Vec::new();
        for length in [10, FULL - 5, 10, FULL * 2, 10] {
            pieces.extend(builder.add(&file, EntryKind::Audit, 1, &vec![b'x'; length]));
        }
        pieces.extend(builder.close());
        let lengths: Vec<Vec<usize>> = pieces
            .iter()
            .map(|piece| {
                let mut lengths = Vec::new();
                read(piece, &mut |_, part| lengths.push(part.text.len())).unwrap();
                lengths
            })
            .collect();
        assert_eq!(lengths, [vec![10], vec![FULL - 5], vec![10], vec![FULL * 2], vec![10]]);
    }
}
