//! HPACK's Huffman code. Source: RFC 7541, 5.2 and Appendix B.

use std::sync::LazyLock;

use super::HeaderError;

/// The symbol that ends a string and never stands in one.
const EOS: u16 = 256;

/// Bits of each symbol's code. The code is canonical: codes of one length follow each other in the order of their
/// symbols, and the first of a length follows the last of the length before.
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28,
    28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6,
    6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7,
    8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7,
    15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24,
    23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23,
    23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26,
    26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20,
    21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27,
    27, 27, 26, 30,
];

/// The codes of one length.
#[derive(Debug, Default)]
struct Codes {
    first: u32,
    symbols: Vec<u16>,
}

/// By length, from one bit on.
static CODES: LazyLock<Vec<Codes>> = LazyLock::new(|| {
    let longest = LENGTHS.iter().copied().max().unwrap_or_default();
    let mut first = 0_u32;
    (1..=longest)
        .map(|length| {
            let symbols: Vec<u16> = (0_u16..)
                .zip(LENGTHS)
                .filter(|(_, bits)| *bits == length)
                .map(|(symbol, _)| symbol)
                .collect();
            first <<= 1;
            let codes = Codes { first, symbols };
            first += u32::try_from(codes.symbols.len()).unwrap_or_default();
            codes
        })
        .collect()
});

/// Decodes a string, of which at most `limit` bytes may come.
pub(crate) fn decode(bytes: &[u8], limit: usize) -> Result<Vec<u8>, HeaderError> {
    let mut text = Vec::new();
    let mut code = 0_u32;
    let mut ahead = CODES.iter();
    let mut since_symbol = 0_u32;
    for byte in bytes {
        for shift in (0..8).rev() {
            code = (code << 1) | u32::from(byte >> shift & 1);
            since_symbol += 1;
            let codes = ahead.next().ok_or(HeaderError::Huffman)?;
            let symbol = code
                .checked_sub(codes.first)
                .and_then(|at| codes.symbols.get(usize::try_from(at).unwrap_or(usize::MAX)));
            match symbol {
                None => {}
                Some(&EOS) => return Err(HeaderError::Huffman),
                Some(&symbol) => {
                    if text.len() >= limit {
                        return Err(HeaderError::TooLarge);
                    }
                    text.push(u8::try_from(symbol).unwrap_or_default());
                    code = 0;
                    ahead = CODES.iter();
                    since_symbol = 0;
                }
            }
        }
    }
    // What is left is padding: fewer than eight bits, all set, as EOS begins.
    if since_symbol > 7 || code.wrapping_add(1) != 1 << since_symbol {
        return Err(HeaderError::Huffman);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER_PERMISSIVE;

    use super::*;

    fn decoded(hex: &str) -> Result<String, HeaderError> {
        let bytes = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).unwrap();
        decode(&bytes, 1000).map(|text| String::from_utf8_lossy(&text).into_owned())
    }

    /// Source: RFC 7541, C.4 and C.6.
    #[test]
    fn strings_of_the_rfc() {
        for (hex, text) in [
            ("f1e3c2e5f23a6ba0ab90f4ff", "www.example.com"),
            ("a8eb10649cbf", "no-cache"),
            ("25a849e95ba97d7f", "custom-key"),
            ("25a849e95bb8e8b4bf", "custom-value"),
            ("d07abe941054d444a8200595040b8166e082a62d1bff", "Mon, 21 Oct 2013 20:13:21 GMT"),
            (
                "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
                "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
            ),
            ("", ""),
        ] {
            assert_eq!(decoded(hex).as_deref(), Ok(text));
        }
    }

    #[test]
    fn padding_is_less_than_a_byte_of_ones() {
        for hex in ["ff", "f1e3c2e5f23a6ba0ab90f4ffff", "00", "fffffffc", "ffffffff"] {
            // `00` is a whole `0` and three zero bits.
            assert_eq!(decoded(hex), Err(HeaderError::Huffman), "{hex}");
        }
        assert_eq!(decode(&[0x07; 100], 3), Err(HeaderError::TooLarge));
    }

    /// A complete code leaves no sequence of bits without a meaning.
    #[test]
    fn the_code_is_complete() {
        let kraft: u64 = LENGTHS.iter().map(|length| 1 << (30 - u64::from(*length))).sum();
        assert_eq!(kraft, 1 << 30);
    }
}
