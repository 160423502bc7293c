//! What a signature says about an image: a simple-signing payload, or a statement in a DSSE envelope.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::digest::ImageDigest;
use crate::error::Refusal;

/// Longest payload of a simple signature: cosign's have about 250 bytes, and what people add.
pub(crate) const MAX_PAYLOAD_BYTES: usize = 1 << 20;
/// Longest envelope or bundle: SBOMs of large images are attested, in base64.
pub const MAX_ENVELOPE_BYTES: usize = 32 << 20;
/// Most signatures of an envelope that are tried: each costs a check by each key.
const MAX_SIGNATURES: usize = 16;
/// Most subjects of a statement that are looked at: a release with all its files has some hundreds.
const MAX_SUBJECTS: usize = 10_000;

/// Source: containers-signature(5), `critical.type`, in cosign's form: sigstore, `pkg/signature/payload`.
const SIMPLE_TYPE: &str = "cosign container image signature";
/// Source: in-toto Attestation Framework, `spec/v1/envelope.md`.
const STATEMENT_TYPE: &str = "application/vnd.in-toto+json";
/// Source: in-toto Attestation Framework, `spec/v1/statement.md` and `spec/v0.1.0/README.md`.
const STATEMENTS: [&str; 2] = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];
/// What a signature in a bundle states. Source: cosign, `pkg/types/predicate.go`.
const SIGNATURE_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";

/// What a valid signature says of the image.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Claim {
    /// That it is the signer's, with what else the signer said.
    Signature {
        /// The annotations in the payload.
        annotations: Map<String, Value>,
    },
    /// A statement of some kind about it.
    Attestation {
        /// The kind, a URI.
        predicate_type: String,
        /// What is stated.
        predicate: Value,
    },
}

/// An envelope: source: secure-systems-lab, *DSSE: Dead Simple Signing Envelope*, `envelope.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) payload_type: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) signatures: Vec<Vec<u8>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEnvelope {
    payload_type: String,
    payload: String,
    signatures: Vec<WireSignature>,
}

#[derive(Deserialize)]
struct WireSignature {
    sig: String,
}

impl Envelope {
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Refusal> {
        let refuse = |why: &str| Refusal::form("envelope", why);
        if text.len() > MAX_ENVELOPE_BYTES {
            return Err(Refusal::TooLarge { what: "envelope", limit: MAX_ENVELOPE_BYTES });
        }
        let wire: WireEnvelope =
            serde_json::from_slice(text).map_err(|error| Refusal::form("envelope", error))?;
        if wire.signatures.is_empty() || wire.signatures.len() > MAX_SIGNATURES {
            return Err(refuse("it has no signature, or too many"));
        }
        let signatures = wire.signatures.iter().map(|one| either_base64(&one.sig)).collect::<Option<_>>();
        Ok(Self {
            payload_type: wire.payload_type,
            payload: either_base64(&wire.payload).ok_or_else(|| refuse("its payload is no base64"))?,
            signatures: signatures.ok_or_else(|| refuse("a signature is no base64"))?,
        })
    }

    /// What is signed. Source: DSSE, `protocol.md`, "Signature Definition" (PAE).
    pub(crate) fn signed(&self) -> Vec<u8> {
        let Self { payload_type, payload, .. } = self;
        let mut signed =
            format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
        signed.extend_from_slice(payload);
        signed
    }

    /// The claim, if the statement is about the image.
    pub(crate) fn claim(&self, image: &ImageDigest) -> Result<Claim, Refusal> {
        if self.payload_type != STATEMENT_TYPE {
            return Err(Refusal::form(
                "envelope",
                format!("`{}` is no statement", shown(&self.payload_type)),
            ));
        }
        statement(&self.payload, image)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    predicate_type: String,
    #[serde(default)]
    predicate: Value,
}

#[derive(Deserialize)]
struct Subject {
    #[serde(default)]
    digest: Map<String, Value>,
}

fn statement(text: &[u8], image: &ImageDigest) -> Result<Claim, Refusal> {
    let statement: Statement =
        serde_json::from_slice(text).map_err(|error| Refusal::form("statement", error))?;
    if !STATEMENTS.contains(&statement.kind.as_str()) {
        return Err(Refusal::form(
            "statement",
            format!("`{}` is none that is known", shown(&statement.kind)),
        ));
    }
    let digest =
        |subject: &Subject| subject.digest.get(image.algorithm()).and_then(Value::as_str).map(str::to_owned);
    let subjects = statement.subject.iter().take(MAX_SUBJECTS);
    if !subjects.clone().any(|subject| digest(subject).as_deref() == Some(image.hex())) {
        let other = subjects.filter_map(digest).next().unwrap_or_else(|| "nothing that it names".to_owned());
        return Err(Refusal::OtherImage(shown(&other)));
    }
    let Statement { predicate_type, predicate, .. } = statement;
    if predicate_type != SIGNATURE_PREDICATE {
        return Ok(Claim::Attestation { predicate_type, predicate });
    }
    let annotations = match predicate {
        Value::Object(annotations) => annotations,
        _ => Map::new(),
    };
    Ok(Claim::Signature { annotations })
}

#[derive(Deserialize)]
struct Simple {
    critical: Critical,
    #[serde(default)]
    optional: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Critical {
    image: CriticalImage,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct CriticalImage {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

/// The claim of a simple-signing payload, if it is about the image. The name that it gives to the image is no claim: an image
/// that is copied elsewhere stays what it is.
///
/// Source: containers-signature(5), "JSON data format"; cosign, `specs/SIGNATURE_SPEC.md`, "Payload".
pub(crate) fn simple(payload: &[u8], image: &ImageDigest) -> Result<Claim, Refusal> {
    let simple: Simple = serde_json::from_slice(payload).map_err(|error| Refusal::form("payload", error))?;
    if simple.critical.kind != SIMPLE_TYPE {
        return Err(Refusal::form(
            "payload",
            format!("`{}` is no signature of an image", shown(&simple.critical.kind)),
        ));
    }
    if simple.critical.image.digest != image.as_str() {
        return Err(Refusal::OtherImage(shown(&simple.critical.image.digest)));
    }
    Ok(Claim::Signature { annotations: simple.optional.unwrap_or_default() })
}

/// The payload of a simple signature, as cosign writes it.
pub fn simple_payload(reference: &str, image: &ImageDigest) -> Vec<u8> {
    let critical = serde_json::json!({
        "identity": { "docker-reference": reference },
        "image": { "docker-manifest-digest": image.as_str() },
        "type": SIMPLE_TYPE,
    });
    serde_json::json!({ "critical": critical, "optional": null }).to_string().into_bytes()
}

/// DSSE takes either alphabet of base64.
fn either_base64(text: &str) -> Option<Vec<u8>> {
    [BASE64, BASE64URL, BASE64_NOPAD, BASE64URL_NOPAD]
        .iter()
        .find_map(|encoding| encoding.decode(text.as_bytes()).ok())
}

/// Somebody else's word, cut to what fits into a line.
pub(crate) fn shown(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(100).collect()
}
