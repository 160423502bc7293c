//! What a signature is of: the canonical request, and the string to sign.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

use crate::key::{MAC, SigningKey};
use crate::parts::AuthParameter;
use crate::presented::{ALGORITHM, Scope, TERMINATOR};
use crate::{Presented, SignatureError, path, query};

/// Bytes that the canonical request of an SDK takes, so that its buffer is made once.
const USUAL: usize = 1024;

/// How a path is signed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathForm {
    /// Normalised and encoded once more than it was sent: by every service but S3, and the one form that is verified.
    Normalised,
    /// As it was sent: by S3, whose keys may have any parts. It is signed for, and never verified here.
    AsSent,
}

impl Presented<'_> {
    /// The canonical request, given the hash of the body in hexadecimal.
    ///
    /// Source: AWS, *IAM User Guide*, "Create a signed AWS API request", step 1.
    fn canonical_request(&self, path: PathForm, payload: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(USUAL);
        out.extend(self.parts.method.as_bytes());
        out.push(b'\n');
        match path {
            PathForm::Normalised => path::write_canonical(self.parts.path, &mut out),
            PathForm::AsSent => out.extend(self.parts.path.as_bytes()),
        }
        out.push(b'\n');
        let pairs = self.pairs.iter().filter(|(name, _)| name != AuthParameter::Signature.name());
        query::write_canonical(pairs, &mut out);
        out.push(b'\n');
        for (name, value) in &self.signed {
            out.extend(name.as_bytes());
            out.push(b':');
            out.extend(value.as_bytes());
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
        out.extend(payload.as_bytes());
        out
    }

    /// The signature that the request should have, given the hash of its body in hexadecimal.
    ///
    /// Source: AWS, *IAM User Guide*, "Create a signed AWS API request", steps 2, 3 and 5.
    pub(crate) fn mac(
        &self,
        path: PathForm,
        payload: &str,
        key: &SigningKey,
    ) -> Result<[u8; MAC], SignatureError> {
        let hash = sha256_hex(&self.canonical_request(path, payload));
        let (Scope { date, region, service }, time) = (&self.scope, &self.stamp);
        key.sign(format!("{ALGORITHM}\n{time}\n{date}/{region}/{service}/{TERMINATOR}\n{hash}").as_bytes())
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}
