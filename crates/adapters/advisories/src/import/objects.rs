//! Text to the objects in it: one, many after each other, a line each, or in a list.
//!
//! Objects are told apart by their braces alone, so that one that is no JSON loses none of the others, and no more of the text is
//! held than one.

use std::io::{self, BufRead};

use ringwall_scan::advisory::MAX_RECORD;

use super::Sink;

/// Where a reader is in the text.
#[derive(Default)]
struct State {
    object: Vec<u8>,
    depth: u64,
    in_text: bool,
    escaped: bool,
    /// Bytes of the object, also those that were not kept.
    length: usize,
}

/// Gives each object to the sink; false if it wants no more.
pub(super) fn read(name: &str, mut input: impl BufRead, sink: &mut dyn Sink) -> io::Result<bool> {
    let mut state = State::default();
    let mut count = 0_u64;
    let mut stray = false;
    loop {
        let chunk = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            chunk => chunk?,
        };
        if chunk.is_empty() {
            break;
        }
        let read = chunk.len();
        let mut rest = chunk;
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            if state.depth == 0 && *byte != b'{' {
                // Between objects stands what lists and lines need; a byte order mark is harmless.
                stray |=
                    !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b'[' | b']' | 0xef | 0xbb | 0xbf);
                continue;
            }
            if !state.take(*byte) {
                continue;
            }
            count += 1;
            let object = std::mem::take(&mut state);
            if object.length > MAX_RECORD {
                sink.problem(format!("{name}: object {count}"), format!("it has {} bytes", object.length));
            } else if !sink.object(&place(name, count), &object.object) {
                return Ok(false);
            }
        }
        input.consume(read);
    }
    if state.depth > 0 {
        sink.problem(place(name, count + 1), "it is cut off".to_owned());
    } else if count == 0 || stray {
        sink.problem(name.to_owned(), "it has something that is no JSON object".to_owned());
    }
    Ok(true)
}

fn place(name: &str, count: u64) -> String {
    if count > 1 { format!("{name}: object {count}") } else { name.to_owned() }
}

impl State {
    /// Takes a byte of an object; true if it is its last.
    fn take(&mut self, byte: u8) -> bool {
        self.length += 1;
        if self.length <= MAX_RECORD {
            self.object.push(byte);
        }
        if self.in_text {
            let escaped = std::mem::take(&mut self.escaped);
            match byte {
                b'\\' if !escaped => self.escaped = true,
                b'"' if !escaped => self.in_text = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' => self.depth += 1,
            b'}' => self.depth -= 1,
            _ => {}
        }
        self.depth == 0
    }
}
