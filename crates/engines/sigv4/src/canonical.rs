//! What a signature is of: the canonical request, and the string to sign.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

use crate::key::{MAC, SigningKey};
use crate::parts::trim;
use crate::presented::{ALGORITHM, Scope, TERMINATOR};
use crate::query::Pair;
use crate::time::Stamp;
use crate::{Parts, SignatureError, path, query};

/// Bytes that the canonical request of an SDK takes, so that its buffer is made once.
const USUAL: usize = 1024;

/// The parts of a request of which a signature is made.
pub(crate) struct Canonical<'c> {
    pub(crate) parts: &'c Parts<'c>,
    /// All parameters but the signature.
    pub(crate) pairs: &'c [&'c Pair<'c>],
    /// Sorted by name.
    pub(crate) signed: &'c [(&'c str, &'c str)],
    /// SHA-256 of the body, in hexadecimal.
    pub(crate) payload: &'c str,
}

impl Canonical<'_> {
    /// The canonical request.
    ///
    /// Source: AWS, *IAM User Guide*, "Create a signed AWS API request", step 1.
    pub(crate) fn request(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(USUAL);
        out.extend(self.parts.method.as_bytes());
        out.push(b'\n');
        path::write_canonical(self.parts.path, &mut out);
        out.push(b'\n');
        query::write_canonical(self.pairs, &mut out);
        out.push(b'\n');
        for (name, value) in self.signed {
            out.extend(name.as_bytes());
            out.push(b':');
            write_value(value, &mut out);
            out.push(b'\n');
        }
        out.push(b'\n');
        for (at, (name, _)) in self.signed.iter().enumerate() {
            if at > 0 {
                out.push(b';');
            }
            out.extend(name.as_bytes());
        }
        out.push(b'\n');
        out.extend(self.payload.as_bytes());
        out
    }

    /// The signature.
    ///
    /// Source: AWS, *IAM User Guide*, "Create a signed AWS API request", steps 2, 3 and 5.
    pub(crate) fn sign(
        &self,
        stamp: &Stamp,
        scope: &Scope<'_>,
        key: &SigningKey,
    ) -> Result<[u8; MAC], SignatureError> {
        let hash = sha256_hex(&self.request());
        let Scope { date, region, service } = scope;
        key.sign(format!("{ALGORITHM}\n{stamp}\n{date}/{region}/{service}/{TERMINATOR}\n{hash}").as_bytes())
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}

/// Writes a header's value: without blanks around it, several spaces as one.
fn write_value(value: &str, out: &mut Vec<u8>) {
    let mut last = b' ';
    for byte in trim(value).bytes() {
        if byte != b' ' || last != b' ' {
            out.push(byte);
        }
        last = byte;
    }
}
