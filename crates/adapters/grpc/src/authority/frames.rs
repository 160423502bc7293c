//! HTTP/2's frames, as far as blocks of headers go. Source: RFC 9113, 4.1, 6.2 and 6.10.

use http::uri::Authority;

use super::HeaderError;
use super::hpack::{self, Decoder};

/// What a client's side of a connection begins with.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const HEAD_BYTES: usize = 9;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;
const PRIORITY_BYTES: usize = 5;

/// Bytes of one frame's payload: the protocol's default, which `hyper` keeps to.
const MAX_FRAME_BYTES: usize = 16_384;

/// Bytes of a block as it comes: as many as may come of it, and more than any gRPC client sends.
const MAX_BLOCK_BYTES: usize = 64 * 1024;

/// Output at which no further input is taken, so that little input can't become much memory.
const ENOUGH_BYTES: usize = 64 * 1024;

/// Reads what a client sends, in pieces of any size, and writes it with valid authorities.
#[derive(Debug)]
pub(super) struct Rewriter {
    state: State,
    decoder: Decoder,
    /// The block of headers that is not at its end.
    open: Option<Block>,
}

#[derive(Debug)]
enum State {
    /// So many bytes of the preface were there.
    Preface(usize),
    /// A frame's head, as far as it is there.
    Head(Vec<u8>),
    /// So many bytes of a frame that stays as it is.
    Pass(usize),
    /// A frame of a block, as far as its payload is there.
    Payload(Head, Vec<u8>),
    /// It is no HTTP/2, and whoever reads will say so.
    Foreign,
}

#[derive(Clone, Copy, Debug)]
struct Head {
    length: usize,
    kind: u8,
    flags: u8,
    stream: [u8; 4],
}

#[derive(Debug)]
struct Block {
    stream: [u8; 4],
    /// The flag of the stream's end, or none.
    end_stream: u8,
    bytes: Vec<u8>,
}

impl Rewriter {
    pub(super) fn new() -> Self {
        Self { state: State::Preface(0), decoder: Decoder::new(), open: None }
    }

    /// Takes some of the input, at least a byte of any, and adds what comes of it to the output.
    pub(super) fn push(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<usize, HeaderError> {
        let mut rest = input;
        while !rest.is_empty() && output.len() < ENOUGH_BYTES {
            self.step(&mut rest, output)?;
        }
        Ok(input.len() - rest.len())
    }

    fn step(&mut self, rest: &mut &[u8], output: &mut Vec<u8>) -> Result<(), HeaderError> {
        match &mut self.state {
            State::Foreign => output.extend_from_slice(take(rest, usize::MAX)),
            State::Preface(seen) => {
                let expected = PREFACE.get(*seen..).unwrap_or_default();
                let piece = take(rest, expected.len());
                output.extend_from_slice(piece);
                *seen += piece.len();
                if !expected.starts_with(piece) {
                    self.state = State::Foreign;
                } else if *seen == PREFACE.len() {
                    self.state = State::Head(Vec::new());
                }
            }
            State::Pass(left) => {
                let piece = take(rest, *left);
                output.extend_from_slice(piece);
                *left -= piece.len();
                if *left == 0 {
                    self.state = State::Head(Vec::new());
                }
            }
            State::Head(bytes) => {
                let missing = HEAD_BYTES.saturating_sub(bytes.len());
                bytes.extend_from_slice(take(rest, missing));
                if let Some(head) = Head::read(bytes) {
                    let bytes = std::mem::take(bytes);
                    self.state = self.begin(head, &bytes, output)?;
                }
            }
            State::Payload(head, payload) => {
                let missing = head.length.saturating_sub(payload.len());
                payload.extend_from_slice(take(rest, missing));
                if payload.len() == head.length {
                    let (head, payload) = (*head, std::mem::take(payload));
                    self.state = State::Head(Vec::new());
                    self.payload(head, &payload, output)?;
                }
            }
        }
        Ok(())
    }

    /// What follows a frame's head.
    fn begin(&mut self, head: Head, bytes: &[u8], output: &mut Vec<u8>) -> Result<State, HeaderError> {
        // A block's frames follow each other without any other in between.
        if (head.kind == CONTINUATION) != self.open.is_some() {
            return Err(HeaderError::Frame);
        }
        if !matches!(head.kind, HEADERS | CONTINUATION) {
            output.extend_from_slice(bytes);
            return Ok(if head.length == 0 { State::Head(Vec::new()) } else { State::Pass(head.length) });
        }
        if head.length > MAX_FRAME_BYTES {
            return Err(HeaderError::TooLarge);
        }
        if head.length == 0 {
            self.payload(head, &[], output)?;
            return Ok(State::Head(Vec::new()));
        }
        Ok(State::Payload(head, Vec::with_capacity(head.length)))
    }

    /// A whole frame of a block.
    fn payload(&mut self, head: Head, payload: &[u8], output: &mut Vec<u8>) -> Result<(), HeaderError> {
        let mut block = match self.open.take() {
            None => {
                let fragment = fragment(head.flags, payload).ok_or(HeaderError::Frame)?;
                Block { stream: head.stream, end_stream: head.flags & END_STREAM, bytes: fragment.to_vec() }
            }
            Some(block) if block.stream != head.stream => return Err(HeaderError::Frame),
            Some(mut block) => {
                block.bytes.extend_from_slice(payload);
                block
            }
        };
        if block.bytes.len() > MAX_BLOCK_BYTES {
            return Err(HeaderError::TooLarge);
        }
        if head.flags & END_HEADERS == 0 {
            self.open = Some(block);
            return Ok(());
        }
        block.bytes = self.rewritten(&block.bytes)?;
        block.write(output);
        Ok(())
    }

    fn rewritten(&mut self, block: &[u8]) -> Result<Vec<u8>, HeaderError> {
        let mut written = Vec::with_capacity(block.len().saturating_mul(2));
        for header in self.decoder.decode(block)? {
            let value = if &*header.name == b":authority" { authority(&header.value) } else { &header.value };
            hpack::encode(&header.name, value, &mut written);
        }
        Ok(written)
    }
}

impl Head {
    fn read(bytes: &[u8]) -> Option<Self> {
        let [a, b, c, kind, flags, s0, s1, s2, s3] = *<&[u8; HEAD_BYTES]>::try_from(bytes).ok()?;
        let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?;
        Some(Self { length, kind, flags, stream: [s0, s1, s2, s3] })
    }
}

impl Block {
    /// Writes the block as frames, without padding and priority.
    fn write(&self, output: &mut Vec<u8>) {
        let mut pieces = self.bytes.chunks(MAX_FRAME_BYTES).peekable();
        // A block without a header has a frame all the same.
        let mut next = Some(pieces.next().unwrap_or_default());
        let (mut kind, mut flags) = (HEADERS, self.end_stream);
        while let Some(piece) = next {
            next = pieces.next();
            if next.is_none() {
                flags |= END_HEADERS;
            }
            let [_, length @ ..] = u32::try_from(piece.len()).unwrap_or_default().to_be_bytes();
            output.extend_from_slice(&length);
            output.extend_from_slice(&[kind, flags]);
            output.extend_from_slice(&self.stream);
            output.extend_from_slice(piece);
            (kind, flags) = (CONTINUATION, 0);
        }
    }
}

/// A HEADERS frame's part of the block, without padding and priority.
fn fragment(flags: u8, payload: &[u8]) -> Option<&[u8]> {
    let mut rest = payload;
    let mut padding = 0;
    if flags & PADDED != 0 {
        let (length, after) = rest.split_first()?;
        padding = usize::from(*length);
        rest = after;
    }
    if flags & PRIORITY != 0 {
        rest = rest.get(PRIORITY_BYTES..)?;
    }
    rest.get(..rest.len().checked_sub(padding)?)
}

/// The authority, if it is one, else one that everybody takes.
fn authority(value: &[u8]) -> &[u8] {
    if Authority::try_from(value).is_ok() { value } else { b"localhost" }
}

/// Takes the first bytes, at most so many.
fn take<'b>(rest: &mut &'b [u8], count: usize) -> &'b [u8] {
    let (taken, left) = rest.split_at(count.min(rest.len()));
    *rest = left;
    taken
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::authority::rewrite;

    fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let [_, length @ ..] = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[..], &[kind, flags, 0, 0, 0, stream], payload].concat()
    }

    /// As Go's client: what it says for the first time goes into the table, and is an index from then on.
    fn go_block(authority: &str, first: bool) -> Vec<u8> {
        if first {
            let length = u8::try_from(authority.len()).unwrap();
            [&[0x83, 0x86, 0x44, 2], b"/a".as_slice(), &[0x41, length], authority.as_bytes()].concat()
        } else {
            vec![0x83, 0x86, 0xbf, 0xbe]
        }
    }

    fn sent(frames: &[Vec<u8>]) -> Vec<u8> {
        [PREFACE, &frames.concat()].concat()
    }

    /// The headers of each block that comes out, and all other frames' kinds.
    fn headers(output: &[u8]) -> Vec<String> {
        let mut rest = output.strip_prefix(PREFACE).unwrap();
        let mut shown = Vec::new();
        let mut block = Vec::new();
        while !rest.is_empty() {
            let head = Head::read(take(&mut rest, HEAD_BYTES)).unwrap();
            let payload = take(&mut rest, head.length);
            if matches!(head.kind, HEADERS | CONTINUATION) {
                assert!(payload.len() <= MAX_FRAME_BYTES);
                block.extend_from_slice(payload);
                if head.flags & END_HEADERS != 0 {
                    // Any reader will do: no table has a part in it.
                    for header in Decoder::new().decode(&std::mem::take(&mut block)).unwrap() {
                        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                        shown.push(format!("{}={}", text(&header.name), text(&header.value)));
                    }
                }
            } else {
                shown.push(format!("frame {} of {}", head.kind, payload.len()));
            }
        }
        shown
    }

    #[test]
    fn a_path_becomes_localhost_each_time() {
        for (given, expected) in [
            ("/provider/aws.sock", "localhost"),
            ("%2Fprovider%2Faws.sock", "localhost"),
            ("", "localhost"),
            ("a b", "localhost"),
            ("localhost", "localhost"),
            ("[::1]:50051", "[::1]:50051"),
        ] {
            let input = sent(&[
                frame(4, 0, 0, &[]),
                frame(HEADERS, END_HEADERS, 1, &go_block(given, true)),
                frame(0, END_STREAM, 1, b"\0\0\0\0\0"),
                frame(HEADERS, END_HEADERS | END_STREAM, 3, &go_block(given, false)),
            ]);
            let expected = format!(":authority={expected}");
            let fixed = [":method=POST", ":scheme=http"];
            assert_eq!(
                headers(&rewrite(&input).unwrap()),
                [
                    "frame 4 of 0",
                    fixed[0],
                    fixed[1],
                    ":path=/a",
                    &expected,
                    "frame 0 of 5",
                    fixed[0],
                    fixed[1],
                    ":path=/a",
                    &expected,
                ],
                "{given}"
            );
        }
    }

    #[test]
    fn padding_priority_and_continuations_are_read() {
        let block = go_block("/a", true);
        let padded = [&[2], &[0, 0, 0, 0, 9][..], &block[..3], &[0, 0]].concat();
        let input = sent(&[
            frame(HEADERS, PADDED | PRIORITY | END_STREAM, 1, &padded),
            frame(CONTINUATION, 0, 1, &[]),
            frame(CONTINUATION, END_HEADERS, 1, &block[3..]),
        ]);
        let output = rewrite(&input).unwrap();
        assert_eq!(headers(&output).last().unwrap(), ":authority=localhost");
        assert_eq!(output[PREFACE.len() + 4], END_STREAM | END_HEADERS);
    }

    #[test]
    fn a_long_block_is_written_as_several_frames() {
        let mut block = go_block("/a", true);
        hpack::encode(b"x", &[b'y'; 16_000], &mut block);
        hpack::encode(b"z", &[b'y'; 3_000], &mut block);
        let input = sent(&[
            frame(HEADERS, 0, 1, &block[..10_000]),
            frame(CONTINUATION, END_HEADERS, 1, &block[10_000..]),
        ]);
        let output = rewrite(&input).unwrap();
        assert_eq!(headers(&output).len(), 6);
    }

    #[test]
    fn what_is_no_http2_is_refused_or_left_alone() {
        let block = go_block("/a", true);
        for frames in [
            vec![frame(CONTINUATION, END_HEADERS, 1, &block)],
            vec![frame(HEADERS, 0, 1, &block), frame(0, 0, 1, b"x")],
            vec![frame(HEADERS, 0, 1, &block), frame(CONTINUATION, END_HEADERS, 3, b"")],
            vec![frame(HEADERS, PADDED | END_HEADERS, 1, &[9, 0x83])],
            vec![frame(HEADERS, PADDED | END_HEADERS, 1, &[])],
            vec![frame(HEADERS, PRIORITY | END_HEADERS, 1, &[0, 0, 0, 0])],
        ] {
            assert_eq!(rewrite(&sent(&frames)), Err(HeaderError::Frame), "{frames:?}");
        }
        let flood = std::iter::once(frame(HEADERS, 0, 1, &block))
            .chain((0..5).map(|_| frame(CONTINUATION, 0, 1, &[0; 16_000])));
        assert_eq!(rewrite(&sent(&flood.collect::<Vec<_>>())), Err(HeaderError::TooLarge));
        let foreign = b"GET / HTTP/1.1\r\n\r\n";
        assert_eq!(rewrite(foreign).unwrap(), foreign);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// In which pieces it comes makes no difference.
        #[test]
        fn pieces_make_no_difference(sizes in proptest::collection::vec(1_usize..20, 1..60), empty in any::<bool>()) {
            let authority = if empty { "" } else { "/run/aws.sock" };
            let input = sent(&[
                frame(4, 0, 0, &[0; 12]),
                frame(HEADERS, END_HEADERS, 1, &go_block(authority, true)),
                frame(0, 0, 1, &[7; 40]),
                frame(HEADERS, END_HEADERS, 3, &go_block(authority, false)),
            ]);
            let whole = rewrite(&input).unwrap();
            let (mut rewriter, mut output, mut rest) = (Rewriter::new(), Vec::new(), &input[..]);
            let mut sizes = sizes.iter().cycle();
            while !rest.is_empty() {
                let mut piece = take(&mut rest, *sizes.next().unwrap());
                while !piece.is_empty() {
                    let taken = rewriter.push(piece, &mut output).unwrap();
                    prop_assert!(taken > 0);
                    piece = &piece[taken..];
                }
            }
            prop_assert_eq!(output, whole);
        }

        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = rewrite(&[PREFACE, &bytes].concat());
        }
    }
}
