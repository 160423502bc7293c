//! What the fuzz targets call: each parser of what others have written.

use crate::bundle::Bundle;
use crate::certificate::Certificate;
use crate::claim::Envelope;
use crate::log::Entry;
use crate::timestamp::Token;

/// Reads a bundle.
pub fn bundle(text: &[u8]) {
    let _ = Bundle::parse(text);
}

/// Reads an answer of a timestamp authority.
pub fn timestamp(answer: &[u8]) {
    let _ = Token::parse(answer);
}

/// Reads a certificate.
pub fn certificate(der: &[u8]) {
    let _ = Certificate::read(der);
}

/// Reads an envelope.
pub fn envelope(text: &[u8]) {
    let _ = Envelope::parse(text);
}

/// Reads a log's entry as an annotation has it.
pub fn entry(text: &str) {
    let _ = Entry::from_annotation(text);
}
