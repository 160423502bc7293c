//! Sigstore bundles: a signature with all that is needed to check it, in one file.
//!
//! Source: sigstore, *protobuf-specs*, `sigstore_bundle.proto` and `sigstore_rekor.proto`, in the JSON form of Protocol Buffers:
//! 64-bit numbers are strings, bytes are base64.

use data_encoding::{BASE64, HEXLOWER};
use serde::Deserialize;
use serde_json::Value;

use crate::certificate::Certificate;
use crate::claim::{Envelope, MAX_ENVELOPE_BYTES, shown};
use crate::error::Refusal;
use crate::log::{Entry, Proof};

/// The media type of version 0.3, also as it was written at first.
pub(crate) const MEDIA_TYPES: [&str; 2] =
    ["application/vnd.dev.sigstore.bundle.v0.3+json", "application/vnd.dev.sigstore.bundle+json;version=0.3"];

/// Most entries of logs, and most timestamps, that are looked at. Source: sigstore, *Client Specification*: clients bound them;
/// sigstore-go takes 32.
const MAX_PROOFS: usize = 32;

/// A bundle, none of it believed yet.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    pub(crate) content: Content,
    pub(crate) certificate: Option<Certificate>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) timestamps: Vec<Vec<u8>>,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// A signature of the manifest itself.
    Message {
        digest: Vec<u8>,
        signature: Vec<u8>,
    },
    Envelope(Envelope),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    media_type: String,
    verification_material: Material,
    message_signature: Option<MessageSignature>,
    dsse_envelope: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    certificate: Option<RawBytes>,
    /// Of the older versions alone: a leaf with those above it.
    x509_certificate_chain: Option<Value>,
    #[serde(default)]
    tlog_entries: Vec<LogEntry>,
    timestamp_verification_data: Option<Timestamps>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawBytes {
    raw_bytes: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageSignature {
    message_digest: MessageDigest,
    signature: String,
}

#[derive(Deserialize)]
struct MessageDigest {
    algorithm: String,
    digest: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Timestamps {
    #[serde(default)]
    rfc3161_timestamps: Vec<SignedTimestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignedTimestamp {
    signed_timestamp: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogEntry {
    #[serde(default)]
    log_index: Number,
    log_id: LogId,
    #[serde(default)]
    integrated_time: Number,
    inclusion_promise: Option<Promise>,
    inclusion_proof: Option<WireProof>,
    canonicalized_body: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogId {
    key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Promise {
    signed_entry_timestamp: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireProof {
    #[serde(default)]
    log_index: Number,
    root_hash: String,
    tree_size: Number,
    #[serde(default)]
    hashes: Vec<String>,
    checkpoint: Checkpoint,
}

#[derive(Deserialize)]
struct Checkpoint {
    envelope: String,
}

/// A 64-bit number, which writers have as a string and readers take as either.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Text(String),
    Plain(i64),
}

impl Default for Number {
    fn default() -> Self {
        Self::Plain(0)
    }
}

impl Number {
    fn signed(&self) -> Result<i64, Refusal> {
        match self {
            Self::Plain(number) => Ok(*number),
            Self::Text(text) => text.parse().map_err(|_| refuse(format!("`{}` is no number", shown(text)))),
        }
    }

    fn unsigned(&self) -> Result<u64, Refusal> {
        self.signed()?.try_into().map_err(|_| refuse("a number is less than nothing"))
    }
}

impl Bundle {
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Refusal> {
        if text.len() > MAX_ENVELOPE_BYTES {
            return Err(Refusal::TooLarge { what: "bundle", limit: MAX_ENVELOPE_BYTES });
        }
        let wire: Wire = serde_json::from_slice(text).map_err(refuse)?;
        if !MEDIA_TYPES.contains(&wire.media_type.as_str()) {
            return Err(refuse(format!("`{}` is no bundle of version 0.3", shown(&wire.media_type))));
        }
        let Material { certificate, x509_certificate_chain, tlog_entries, timestamp_verification_data } =
            wire.verification_material;
        if x509_certificate_chain.is_some() {
            return Err(refuse("version 0.3 has a certificate and no chain"));
        }
        let certificate = match certificate {
            None => None,
            Some(raw) => Some(Certificate::read(&base64(&raw.raw_bytes)?).map_err(refuse)?),
        };
        let timestamps = timestamp_verification_data.map(|data| data.rfc3161_timestamps).unwrap_or_default();
        if tlog_entries.len() > MAX_PROOFS || timestamps.len() > MAX_PROOFS {
            return Err(refuse(format!("it has more than {MAX_PROOFS} proofs")));
        }
        let content = match (wire.message_signature, wire.dsse_envelope) {
            (Some(message), None) => {
                if message.message_digest.algorithm != "SHA2_256" {
                    let by = shown(&message.message_digest.algorithm);
                    return Err(refuse(format!("its message is hashed by `{by}`, and not SHA2_256")));
                }
                let digest = base64(&message.message_digest.digest)?;
                Content::Message { digest, signature: base64(&message.signature)? }
            }
            (None, Some(envelope)) => {
                let envelope = Envelope::parse(envelope.to_string().as_bytes())?;
                // Source: the same, on `dsse_envelope`: exactly one signature.
                if envelope.signatures.len() != 1 {
                    return Err(refuse("its envelope has several signatures"));
                }
                Content::Envelope(envelope)
            }
            _ => return Err(refuse("it has to have either a message's signature or an envelope")),
        };
        Ok(Self {
            content,
            certificate,
            entries: tlog_entries.iter().map(LogEntry::read).collect::<Result<_, _>>()?,
            timestamps: timestamps
                .iter()
                .map(|one| base64(&one.signed_timestamp))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl LogEntry {
    fn read(&self) -> Result<Entry, Refusal> {
        let promise = self.inclusion_promise.as_ref().map(|promise| base64(&promise.signed_entry_timestamp));
        let proof = self.inclusion_proof.as_ref().map(WireProof::read).transpose()?;
        // Source: the same, on versions: from 0.2 on a proof of inclusion has to be there.
        let proof = proof.ok_or_else(|| refuse("an entry of a log has no proof of inclusion"))?;
        Ok(Entry {
            body: base64(&self.canonicalized_body)?,
            index: self.log_index.unsigned()?,
            time: self.integrated_time.signed()?,
            log: HEXLOWER.encode(&base64(&self.log_id.key_id)?),
            promise: promise.transpose()?,
            proof: Some(proof),
        })
    }
}

impl WireProof {
    fn read(&self) -> Result<Proof, Refusal> {
        Ok(Proof {
            index: self.log_index.unsigned()?,
            size: self.tree_size.unsigned()?,
            root: base64(&self.root_hash)?,
            hashes: self.hashes.iter().map(|hash| base64(hash)).collect::<Result<_, _>>()?,
            checkpoint: self.checkpoint.envelope.clone(),
        })
    }
}

fn base64(text: &str) -> Result<Vec<u8>, Refusal> {
    BASE64.decode(text.as_bytes()).map_err(|_| refuse("what should be base64 is none"))
}

fn refuse(why: impl ToString) -> Refusal {
    Refusal::form("bundle", why)
}
