//! Entries of a transparency log (Rekor): that it has taken a signature in, and when.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::{BASE64, HEXLOWER};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::certificate::read_pem;
use crate::error::Refusal;
use crate::key::PublicKey;

/// Longest path in a tree: 2^64 entries have one of 64.
const MAX_PATH: usize = 64;
/// Longest entry: one holds a certificate, a signature and digests, in base64 of base64. A DSSE one has some signatures more.
pub(crate) const MAX_ENTRY_BYTES: usize = 256 << 10;

/// What an entry has to be of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Logged<'a> {
    /// What was signed: the payload of a simple signature, or that of an envelope.
    pub(crate) payload: Payload<'a>,
    pub(crate) signature: &'a [u8],
    /// The key of who signed, and the certificate if there is one.
    pub(crate) key: &'a PublicKey,
    pub(crate) certificate: Option<&'a [u8]>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Payload<'a> {
    /// Signed as it is.
    Plain(&'a [u8]),
    /// The payload of a DSSE envelope.
    Envelope(&'a [u8]),
}

/// An entry, as it stands beside a signature; nothing of it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What the log holds, in bytes.
    pub(crate) body: Vec<u8>,
    pub(crate) index: u64,
    /// Seconds since 1970, as the log says.
    pub(crate) time: i64,
    /// SHA-256 of the log's key, in hexadecimal digits.
    pub(crate) log: String,
    /// The log's signature of all of the above.
    pub(crate) promise: Option<Vec<u8>>,
    pub(crate) proof: Option<Proof>,
}

/// That an entry is in the log's tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) index: u64,
    pub(crate) size: u64,
    pub(crate) root: Vec<u8>,
    pub(crate) hashes: Vec<Vec<u8>>,
    /// The log's signed word about its tree.
    pub(crate) checkpoint: String,
}

/// As cosign keeps it in an annotation. Source: cosign, `specs/SIGNATURE_SPEC.md`, `dev.sigstore.cosign/bundle`.
#[derive(Deserialize)]
struct Annotation {
    #[serde(rename = "SignedEntryTimestamp")]
    promise: String,
    #[serde(rename = "Payload")]
    payload: AnnotationPayload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnnotationPayload {
    body: String,
    integrated_time: i64,
    log_index: u64,
    #[serde(rename = "logID")]
    log_id: String,
}

impl Entry {
    /// Reads the annotation of a signature.
    pub(crate) fn from_annotation(text: &str) -> Result<Self, Refusal> {
        let read: Annotation =
            serde_json::from_str(text).map_err(|error| refuse(format!("it can't be read: {error}")))?;
        let AnnotationPayload { body, integrated_time: time, log_index: index, log_id: log } = read.payload;
        Ok(Self {
            body: base64(&body)?,
            index,
            time,
            log,
            promise: Some(base64(&read.promise)?),
            proof: None,
        })
    }

    /// That the entry is of that signature and in one of the logs; its time, if the log vouches for it.
    ///
    /// A proof of inclusion tells that an entry is there, not since when: the tree does not have its time, so that one counts
    /// by the log's promise alone.
    ///
    /// Source: sigstore, *Client Specification*, 4.1.6 "Transparency log entry verification".
    pub(crate) fn verify(&self, of: Logged<'_>, logs: &[PublicKey]) -> Result<Option<Timestamp>, Refusal> {
        if self.body.len() > MAX_ENTRY_BYTES {
            return Err(Refusal::TooLarge { what: "entry of the log", limit: MAX_ENTRY_BYTES });
        }
        let log =
            logs.iter().find(|log| log.id() == self.log).ok_or_else(|| refuse("it is of another log"))?;
        if self.promise.is_none() && self.proof.is_none() {
            return Err(refuse("nothing proves that the log has it"));
        }
        let mut time = None;
        if let Some(promise) = &self.promise {
            if !log.verifies(self.promised().as_bytes(), promise) {
                return Err(refuse("the log's signature of it is not the log's"));
            }
            time = Some(Timestamp::from_second(self.time).map_err(|_| refuse("its time is none"))?);
        }
        if let Some(proof) = &self.proof {
            proof.verify(&self.body, log)?;
        }
        is_of(&self.body, of)?;
        Ok(time)
    }

    /// What the log signs: canonical JSON (RFC 8785), of which base64, hexadecimal digits and numbers need no escapes.
    fn promised(&self) -> String {
        let Self { body, index, time, log, .. } = self;
        let body = BASE64.encode(body);
        format!(r#"{{"body":"{body}","integratedTime":{time},"logID":"{log}","logIndex":{index}}}"#)
    }
}

impl Proof {
    fn verify(&self, body: &[u8], log: &PublicKey) -> Result<(), Refusal> {
        if self.hashes.len() > MAX_PATH {
            return Err(refuse("its path in the tree is too long"));
        }
        let root = root(&leaf(body), self.index, self.size, &self.hashes);
        if root.as_deref() != Some(self.root.as_slice()) {
            return Err(refuse("its path leads to another tree"));
        }
        let (size, root) = checkpoint(&self.checkpoint, log)?;
        if size != self.size || root != self.root {
            return Err(refuse("the checkpoint is of another tree"));
        }
        Ok(())
    }
}

/// The tree that a checkpoint is of, if it is the log's.
///
/// Source: C2SP, *Transparency Log Checkpoints* and *Signed Notes*: origin, size and root each on a line; a blank line; and
/// signatures of all before it.
fn checkpoint(text: &str, log: &PublicKey) -> Result<(u64, Vec<u8>), Refusal> {
    let broken = || refuse("its checkpoint can't be read");
    if text.len() > MAX_ENTRY_BYTES {
        return Err(broken());
    }
    let end = text.rfind("\n\n").ok_or_else(broken)?;
    let (note, signatures) = text.split_at_checked(end + 1).ok_or_else(broken)?;
    let is_signed = signatures.lines().filter_map(|line| line.strip_prefix("\u{2014} ")).any(|line| {
        let signature = line.rsplit_once(' ').and_then(|(_, text)| BASE64.decode(text.as_bytes()).ok());
        // The first four bytes only hint at the key.
        signature
            .is_some_and(|bytes| bytes.get(4..).is_some_and(|bytes| log.verifies(note.as_bytes(), bytes)))
    });
    if !is_signed {
        return Err(refuse("its checkpoint is not the log's"));
    }
    let mut lines = note.lines().skip(1);
    let size = lines.next().and_then(|line| line.parse().ok()).ok_or_else(broken)?;
    let root = lines.next().and_then(|line| BASE64.decode(line.as_bytes()).ok()).ok_or_else(broken)?;
    Ok((size, root))
}

fn leaf(body: &[u8]) -> Vec<u8> {
    hash(&[&[0], body])
}

fn hash(parts: &[&[u8]]) -> Vec<u8> {
    digest(&SHA256, &parts.concat()).as_ref().to_vec()
}

/// The root to which a path leads; `None` if there can't be one of that length.
///
/// Source: RFC 9162, 2.1.3.2.
fn root(leaf: &[u8], index: u64, size: u64, path: &[Vec<u8>]) -> Option<Vec<u8>> {
    let mut last = size.checked_sub(1).filter(|last| index <= *last)?;
    let (mut at, mut found) = (index, leaf.to_vec());
    for beside in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            found = hash(&[&[1], beside, &found]);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            found = hash(&[&[1], &found, beside]);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(found)
}

/// That the log's entry is of that signature by that key.
///
/// Source: Rekor, `pkg/types/hashedrekord/v0.0.1` and `pkg/types/dsse/v0.0.1`, their schemas.
fn is_of(body: &[u8], of: Logged<'_>) -> Result<(), Refusal> {
    let entry: Value =
        serde_json::from_slice(body).map_err(|error| refuse(format!("it can't be read: {error}")))?;
    let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let decoded = |text: &str| BASE64.decode(text.as_bytes()).unwrap_or_default();
    let hashed = |payload: &[u8]| HEXLOWER.encode(digest(&SHA256, payload).as_ref());
    let fits = match (text("/kind"), text("/apiVersion"), of.payload) {
        ("hashedrekord", "0.0.1", Payload::Plain(payload)) => {
            text("/spec/data/hash/algorithm") == "sha256"
                && text("/spec/data/hash/value") == hashed(payload)
                && decoded(text("/spec/signature/content")) == of.signature
                && is_by(&decoded(text("/spec/signature/publicKey/content")), of)
        }
        ("dsse", "0.0.1", Payload::Envelope(payload)) => {
            let signatures = entry.pointer("/spec/signatures").and_then(Value::as_array);
            let is = |one: &Value| {
                let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
                decoded(text("signature")) == of.signature && is_by(&decoded(text("verifier")), of)
            };
            text("/spec/payloadHash/algorithm") == "sha256"
                && text("/spec/payloadHash/value") == hashed(payload)
                && signatures.is_some_and(|signatures| signatures.iter().any(is))
        }
        (kind, version, _) => {
            let shown: String = format!("{kind} {version}").chars().take(40).collect();
            return Err(refuse(format!("`{shown}` is no kind of entry that such a signature has")));
        }
    };
    if fits { Ok(()) } else { Err(refuse("it is of another signature")) }
}

/// Whether the PEM of an entry is of who signed.
fn is_by(pem: &[u8], of: Logged<'_>) -> bool {
    match of.certificate {
        Some(der) => {
            read_pem(pem).is_ok_and(|read| matches!(read.as_slice(), [one] if one.der.as_ref() == der))
        }
        None => PublicKey::from_pem(pem).is_ok_and(|key| key == *of.key),
    }
}

fn base64(text: &str) -> Result<Vec<u8>, Refusal> {
    if text.len() > 2 * MAX_ENTRY_BYTES {
        return Err(Refusal::TooLarge { what: "entry of the log", limit: MAX_ENTRY_BYTES });
    }
    BASE64.decode(text.as_bytes()).map_err(|_| refuse("it is no base64"))
}

fn refuse(why: impl Into<String>) -> Refusal {
    Refusal::Log(why.into())
}

#[cfg(test)]
mod tests;
