//! HPACK, as much as it takes to read blocks of headers and write them again. Source: RFC 7541.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{HeaderError, huffman};

/// Bytes of the dynamic table. It is the protocol's default, and `hyper` does not ask for another.
const TABLE_BYTES: usize = 4096;

/// What an entry counts for beyond its name and value. Source: RFC 7541, 4.1.
const ENTRY_BYTES: usize = 32;

/// Bytes of a block's names and values. HTTP/2 behind has a lower limit of its own and answers what exceeds it; this one
/// keeps a few bytes of references from becoming megabytes.
const MAX_LIST_BYTES: usize = 64 * 1024;

/// Source: RFC 7541, Appendix A.
const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

/// A name and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) name: Arc<[u8]>,
    pub(crate) value: Arc<[u8]>,
}

impl Header {
    fn bytes(&self) -> usize {
        self.name.len() + self.value.len() + ENTRY_BYTES
    }
}

/// Reads the blocks of one direction of a connection, all of them, in their order.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// Newest first.
    entries: VecDeque<Header>,
    bytes: usize,
    max_bytes: usize,
}

impl Decoder {
    pub(crate) fn new() -> Self {
        Self { entries: VecDeque::new(), bytes: 0, max_bytes: TABLE_BYTES }
    }

    /// Reads a block. After an error the connection is of no more use.
    pub(crate) fn decode(&mut self, block: &[u8]) -> Result<Vec<Header>, HeaderError> {
        let mut input = Input(block);
        let mut headers = Vec::new();
        let mut bytes = 0;
        while let Some(first) = input.0.first().copied() {
            let header = match first {
                0x80.. => self.entry(input.integer(7)?)?,
                0x40.. => {
                    let header = self.literal(&mut input, 6)?;
                    self.insert(header.clone());
                    header
                }
                0x20.. => {
                    // Source: RFC 7541, 4.2: at the beginning of a block alone.
                    let max_bytes = input.integer(5)?;
                    if !headers.is_empty() || max_bytes > TABLE_BYTES {
                        return Err(HeaderError::TableSize);
                    }
                    self.max_bytes = max_bytes;
                    self.evict(0);
                    continue;
                }
                _ => self.literal(&mut input, 4)?,
            };
            bytes += header.bytes();
            if bytes > MAX_LIST_BYTES {
                return Err(HeaderError::TooLarge);
            }
            headers.push(header);
        }
        Ok(headers)
    }

    fn literal(&self, input: &mut Input<'_>, prefix: u32) -> Result<Header, HeaderError> {
        let name = match input.integer(prefix)? {
            0 => input.string()?.into(),
            index => self.entry(index)?.name,
        };
        Ok(Header { name, value: input.string()?.into() })
    }

    /// An entry of the static table and behind it the dynamic one, counted from 1.
    fn entry(&self, index: usize) -> Result<Header, HeaderError> {
        let index = index.checked_sub(1).ok_or(HeaderError::Index)?;
        match STATIC.get(index) {
            Some((name, value)) => {
                Ok(Header { name: name.as_bytes().into(), value: value.as_bytes().into() })
            }
            None => self.entries.get(index - STATIC.len()).cloned().ok_or(HeaderError::Index),
        }
    }

    fn insert(&mut self, header: Header) {
        let bytes = header.bytes();
        self.evict(bytes);
        if bytes <= self.max_bytes {
            self.bytes += bytes;
            self.entries.push_front(header);
        }
    }

    /// Makes room for so many bytes.
    fn evict(&mut self, bytes: usize) {
        while self.bytes + bytes > self.max_bytes {
            let Some(oldest) = self.entries.pop_back() else { return };
            self.bytes -= oldest.bytes();
        }
    }
}

/// What is left of a block.
struct Input<'b>(&'b [u8]);

impl<'b> Input<'b> {
    fn byte(&mut self) -> Result<u8, HeaderError> {
        let (first, rest) = self.0.split_first().ok_or(HeaderError::Truncated)?;
        self.0 = rest;
        Ok(*first)
    }

    /// Source: RFC 7541, 5.1. None that is needed has more than three bytes behind its prefix.
    fn integer(&mut self, prefix: u32) -> Result<usize, HeaderError> {
        let most = (1_usize << prefix) - 1;
        let mut value = usize::from(self.byte()?) & most;
        if value < most {
            return Ok(value);
        }
        for shift in [0, 7, 14] {
            let byte = usize::from(self.byte()?);
            value += (byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(HeaderError::TooLarge)
    }

    fn string(&mut self) -> Result<Vec<u8>, HeaderError> {
        let huffman = self.0.first().is_some_and(|byte| byte & 0x80 != 0);
        let length = self.integer(7)?;
        let (text, rest) = self.0.split_at_checked(length).ok_or(HeaderError::Truncated)?;
        self.0 = rest;
        if huffman { huffman::decode(text, MAX_LIST_BYTES) } else { Ok(text.to_vec()) }
    }
}

/// Adds a header to a block, in the form that no table has a part in: literal, with its name, without Huffman's code.
/// Source: RFC 7541, 6.2.2.
pub(crate) fn encode(name: &[u8], value: &[u8], block: &mut Vec<u8>) {
    block.push(0);
    for text in [name, value] {
        integer(text.len(), block);
        block.extend_from_slice(text);
    }
}

/// An integer behind a prefix of seven bits.
fn integer(value: usize, block: &mut Vec<u8>) {
    const MOST: usize = 127;
    let low = |value: usize| u8::try_from(value & 0x7f).unwrap_or_default();
    let Some(mut rest) = value.checked_sub(MOST) else {
        block.push(low(value));
        return;
    };
    block.push(0x7f);
    while rest > MOST {
        block.push(low(rest) | 0x80);
        rest >>= 7;
    }
    block.push(low(rest));
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    use super::*;

    fn shown(headers: &[Header]) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        headers.iter().map(|header| format!("{}={}", text(&header.name), text(&header.value))).collect()
    }

    fn decode(decoder: &mut Decoder, hex: &str) -> Result<Vec<String>, HeaderError> {
        decoder.decode(&HEXLOWER.decode(hex.as_bytes()).unwrap()).map(|headers| shown(&headers))
    }

    /// Source: RFC 7541, C.3 and C.4: three requests of one connection, without and with Huffman's code.
    #[test]
    fn requests_of_the_rfc() {
        for blocks in [
            [
                "828684410f7777772e6578616d706c652e636f6d",
                "828684be58086e6f2d6361636865",
                "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
            ],
            [
                "828684418cf1e3c2e5f23a6ba0ab90f4ff",
                "828684be5886a8eb10649cbf",
                "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
            ],
        ] {
            let mut decoder = Decoder::new();
            let mut read = |at: usize| decode(&mut decoder, blocks[at]).unwrap();
            let first = [":method=GET", ":scheme=http", ":path=/", ":authority=www.example.com"];
            assert_eq!(read(0), first);
            assert_eq!(read(1), [&first[..], &["cache-control=no-cache"]].concat());
            assert_eq!(
                read(2),
                [":method=GET", ":scheme=https", ":path=/index.html", first[3], "custom-key=custom-value"]
            );
            assert_eq!(decoder.bytes, 164);
        }
    }

    /// Source: RFC 7541, C.5: responses with a table of 256 bytes, from which entries fall out.
    #[test]
    fn old_entries_fall_out() {
        let mut decoder = Decoder::new();
        let sized = decode(&mut decoder, "3fe101").unwrap();
        assert!(sized.is_empty() && decoder.max_bytes == 256);
        let first = "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d";
        assert_eq!(decode(&mut decoder, first).unwrap()[0], ":status=302");
        assert_eq!(decoder.bytes, 222);
        assert_eq!(
            decode(&mut decoder, "4803333037c1c0bf").unwrap()[..2],
            [":status=307", "cache-control=private"]
        );
        assert_eq!(decoder.bytes, 222);
        assert_eq!(decoder.entries.len(), 4);
    }

    #[test]
    fn what_is_no_block_is_refused() {
        for (hex, error) in [
            ("80", HeaderError::Index),
            ("be", HeaderError::Index),
            ("ffffffffff7f", HeaderError::TooLarge),
            ("41", HeaderError::Truncated),
            ("410f77", HeaderError::Truncated),
            ("3fe23f", HeaderError::TableSize),
            ("8220", HeaderError::TableSize),
            ("4181ff", HeaderError::Huffman),
        ] {
            assert_eq!(decode(&mut Decoder::new(), hex), Err(error), "{hex}");
        }
        // An entry of four kilobytes, and a byte for each time it is meant.
        let mut decoder = Decoder::new();
        let mut block = Vec::new();
        encode(b"a", &[b'b'; 4000], &mut block);
        block[0] = 0x40;
        decoder.decode(&block).unwrap();
        assert_eq!(decoder.decode(&[0xbe; 100]), Err(HeaderError::TooLarge));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_read(headers in proptest::collection::vec((".{0,200}", ".{0,400}"), 0..8)) {
            let mut block = Vec::new();
            for (name, value) in &headers {
                encode(name.as_bytes(), value.as_bytes(), &mut block);
            }
            let mut decoder = Decoder::new();
            let read = decoder.decode(&block).unwrap();
            let written: Vec<String> = headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
            prop_assert_eq!(shown(&read), written);
            prop_assert_eq!(decoder.entries.len(), 0);
        }

        #[test]
        fn any_bytes_are_answered(blocks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..5)) {
            let mut decoder = Decoder::new();
            for block in blocks {
                let _ = decoder.decode(&block);
                prop_assert!(decoder.bytes <= decoder.max_bytes);
                prop_assert_eq!(decoder.bytes, decoder.entries.iter().map(Header::bytes).sum::<usize>());
            }
        }
    }
}
