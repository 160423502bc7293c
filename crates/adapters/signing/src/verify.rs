//! The verdict about a signature: pure, of what was found beside the image and of what is trusted.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64;
use jiff::Timestamp;

use crate::bundle::{Bundle, Content};
use crate::certificate::{Certificate, Use, read_pem};
use crate::claim::{Claim, Envelope, MAX_PAYLOAD_BYTES, simple};
use crate::digest::ImageDigest;
use crate::error::Refusal;
use crate::key::PublicKey;
use crate::log::{Entry, Logged, Payload};
use crate::timestamp;
use crate::trust::Trust;

/// An image that is asked about: its digest, and the manifest itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// By which it is named.
    pub digest: ImageDigest,
    /// What the digest is of.
    pub manifest: Vec<u8>,
}

/// A signature or attestation as it stands beside an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where: a tag, a referrer's digest.
    pub place: String,
    /// What it is.
    pub form: Form,
}

/// The forms in which signatures are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// A simple signature: a layer of cosign's signature manifest.
    Simple {
        /// The layer.
        payload: Vec<u8>,
        /// Its annotations.
        annotations: Annotations,
    },
    /// An attestation: a layer with a DSSE envelope.
    Envelope {
        /// The layer.
        envelope: Vec<u8>,
        /// Its annotations.
        annotations: Annotations,
    },
    /// A bundle, whole.
    Bundle(Vec<u8>),
}

/// What cosign keeps in the annotations of a layer. Source: cosign, `specs/SIGNATURE_SPEC.md`, "Storage".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotations {
    /// `dev.cosignproject.cosign/signature`.
    pub signature: String,
    /// `dev.sigstore.cosign/certificate`.
    pub certificate: Option<String>,
    /// `dev.sigstore.cosign/chain`.
    pub chain: Option<String>,
    /// `dev.sigstore.cosign/bundle`: the entry of a log.
    pub entry: Option<String>,
    /// `dev.sigstore.cosign/rfc3161timestamp`.
    pub timestamp: Option<String>,
}

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signer {
    /// One of the given keys.
    Key {
        /// The file that it is from.
        name: String,
        /// SHA-256 of the key, in hexadecimal digits.
        id: String,
    },
    /// Somebody whose certificate is one of a given root.
    Identity {
        /// The certificate's email address, URI or user name.
        subject: String,
        /// Who had checked that.
        issuer: String,
    },
}

/// A signature that counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// Who signed.
    pub signer: Signer,
    /// What it says.
    pub claim: Claim,
    /// The times that authorities or logs vouch for, the earliest first; none of a key's signature need have one.
    pub times: Vec<Timestamp>,
    /// Whether one of the given logs has it.
    pub logged: bool,
}

/// One signature, taken apart.
struct Parts<'a> {
    message: Vec<u8>,
    signatures: Vec<Vec<u8>>,
    payload: Payload<'a>,
    claim: Claim,
    certificate: Option<Certificate>,
    chain: Vec<Certificate>,
    entries: Vec<Entry>,
    timestamps: Vec<Vec<u8>>,
    /// What timestamps are of, if it isn't the signature.
    stamped: Option<Vec<u8>>,
}

/// Whether a signature counts for the image.
///
/// Nothing is asked of anybody: certificates count if they were valid when it was made, which a timestamp or the promise of a
/// log has to prove.
///
/// # Errors
///
/// Why it doesn't.
pub fn verify(found: &Found, image: &Image, trust: &Trust) -> Result<Accepted, Refusal> {
    let image_digest = &image.digest;
    match &found.form {
        Form::Simple { payload, annotations } => {
            if payload.len() > MAX_PAYLOAD_BYTES {
                return Err(Refusal::TooLarge { what: "payload", limit: MAX_PAYLOAD_BYTES });
            }
            let signature = BASE64
                .decode(annotations.signature.as_bytes())
                .map_err(|_| Refusal::form("signature", "it is no base64"))?;
            let parts = Parts {
                message: payload.clone(),
                signatures: vec![signature],
                payload: Payload::Plain(payload),
                claim: simple(payload, image_digest)?,
                certificate: None,
                chain: Vec::new(),
                entries: Vec::new(),
                timestamps: Vec::new(),
                stamped: None,
            };
            annotated(parts, annotations)?.judge(trust)
        }
        Form::Envelope { envelope: text, annotations } => {
            let envelope = Envelope::parse(text)?;
            let parts = Parts {
                message: envelope.signed(),
                claim: envelope.claim(image_digest)?,
                payload: Payload::Envelope(&envelope.payload),
                signatures: envelope.signatures.clone(),
                certificate: None,
                chain: Vec::new(),
                entries: Vec::new(),
                timestamps: Vec::new(),
                stamped: Some(text.clone()),
            };
            annotated(parts, annotations)?.judge(trust)
        }
        Form::Bundle(text) => {
            let Bundle { content, certificate, entries, timestamps } = Bundle::parse(text)?;
            let (chain, stamped) = (Vec::new(), None);
            match &content {
                Content::Envelope(envelope) => Parts {
                    message: envelope.signed(),
                    claim: envelope.claim(image_digest)?,
                    payload: Payload::Envelope(&envelope.payload),
                    signatures: envelope.signatures.clone(),
                    certificate,
                    chain,
                    entries,
                    timestamps,
                    stamped,
                }
                .judge(trust),
                Content::Message { digest: named, signature } => {
                    if digest(&SHA256, &image.manifest).as_ref() != named.as_slice()
                        || !image_digest.is_of(&image.manifest)
                    {
                        return Err(Refusal::OtherImage(data_encoding::HEXLOWER.encode(named)));
                    }
                    Parts {
                        message: image.manifest.clone(),
                        claim: Claim::Signature { annotations: serde_json::Map::new() },
                        payload: Payload::Plain(&image.manifest),
                        signatures: vec![signature.clone()],
                        certificate,
                        chain,
                        entries,
                        timestamps,
                        stamped,
                    }
                    .judge(trust)
                }
            }
        }
    }
}

/// Adds what the annotations of a layer have.
fn annotated<'a>(mut parts: Parts<'a>, annotations: &Annotations) -> Result<Parts<'a>, Refusal> {
    let Annotations { signature: _, certificate, chain, entry, timestamp } = annotations;
    if let Some(pem) = certificate.as_deref().filter(|pem| !pem.is_empty()) {
        let read = read_pem(pem.as_bytes()).map_err(|why| Refusal::form("certificate", why))?;
        parts.certificate = read.into_iter().next();
        if parts.certificate.is_none() {
            return Err(Refusal::form("certificate", "it is no PEM of a certificate"));
        }
    }
    if let Some(pem) = chain {
        parts.chain = read_pem(pem.as_bytes()).map_err(|why| Refusal::form("chain", why))?;
    }
    if let Some(text) = entry.as_deref().filter(|text| !text.is_empty()) {
        parts.entries.push(Entry::from_annotation(text)?);
    }
    if let Some(text) = timestamp.as_deref().filter(|text| !text.is_empty()) {
        let read: Result<AnnotatedTimestamp, _> = serde_json::from_str(text);
        let read = read.map_err(|error| Refusal::form("timestamp", error))?;
        let der = BASE64.decode(read.signed.as_bytes());
        parts.timestamps.push(der.map_err(|_| Refusal::form("timestamp", "it is no base64"))?);
    }
    Ok(parts)
}

#[derive(serde::Deserialize)]
struct AnnotatedTimestamp {
    #[serde(rename = "SignedRFC3161Timestamp")]
    signed: String,
}

impl Parts<'_> {
    fn judge(&self, trust: &Trust) -> Result<Accepted, Refusal> {
        let by_key = self.signatures.iter().find_map(|signature| {
            let key = trust.keys.iter().find(|(_, key)| key.verifies(&self.message, signature));
            key.map(|(name, key)| (name, key, signature))
        });
        match (by_key, &self.certificate) {
            (Some((name, key, signature)), _) => self.by_key(name, key, signature, trust),
            (None, Some(certificate)) if !trust.identities.is_empty() => {
                self.by_certificate(certificate, trust)
            }
            (None, _) if !trust.keys.is_empty() => Err(Refusal::Key),
            (None, _) => Err(Refusal::NoSigner),
        }
    }

    fn by_key(
        &self,
        name: &str,
        key: &PublicKey,
        signature: &[u8],
        trust: &Trust,
    ) -> Result<Accepted, Refusal> {
        let (times, logged) = self.proofs(key, None, signature, trust)?;
        let signer = Signer::Key { name: name.to_owned(), id: key.id() };
        Ok(Accepted { signer, claim: self.claim.clone(), times, logged })
    }

    fn by_certificate(&self, certificate: &Certificate, trust: &Trust) -> Result<Accepted, Refusal> {
        let mut signatures = self.signatures.iter();
        let signature = signatures.find(|signature| certificate.key.verifies(&self.message, signature));
        let signature = signature.ok_or(Refusal::CertificateKey)?;
        let (times, logged) = self.proofs(&certificate.key, Some(&certificate.der), signature, trust)?;
        if times.is_empty() {
            return Err(Refusal::NoTime);
        }
        // Those that came along connect the certificate to a root, which has to be given.
        let between: Vec<Certificate> = trust.between.iter().chain(&self.chain).cloned().collect();
        for time in &times {
            certificate.verify(&between, &trust.roots, *time, Use::Code)?;
        }
        let subject = trust.identities.iter().find_map(|identity| identity.is(certificate));
        let issuer = certificate.issuer.clone();
        let Some(subject) = subject else {
            let subject = certificate.subjects.first().cloned().unwrap_or_default();
            return Err(Refusal::Identity { subject, issuer });
        };
        let signer = Signer::Identity { subject, issuer };
        Ok(Accepted { signer, claim: self.claim.clone(), times, logged })
    }

    /// The times that are proved, in order, and whether a log has the signature. Of kinds of proof whose trust is given, each
    /// that is there has to hold; others are not looked at.
    fn proofs(
        &self,
        key: &PublicKey,
        certificate: Option<&[u8]>,
        signature: &[u8],
        trust: &Trust,
    ) -> Result<(Vec<Timestamp>, bool), Refusal> {
        let (mut times, mut logged) = (Vec::new(), false);
        if !trust.timestamp_authorities.is_empty() {
            let stamped = self.stamped.as_deref().unwrap_or(signature);
            for answer in &self.timestamps {
                times.push(timestamp::verify(answer, stamped, &trust.timestamp_authorities)?);
            }
        }
        if !trust.logs.is_empty() {
            for entry in &self.entries {
                let of = Logged { payload: self.payload, signature, key, certificate };
                times.extend(entry.verify(of, &trust.logs)?);
                logged = true;
            }
        }
        if trust.require_log && !logged {
            return Err(Refusal::NoLog);
        }
        times.sort();
        Ok((times, logged))
    }
}
