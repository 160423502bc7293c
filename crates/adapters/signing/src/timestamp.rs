//! Timestamps by RFC 3161: that something existed at a time, by an authority whose certificates are given.

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512, digest};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::certificate::{Certificate, Use};
use crate::der::{Element, Elements, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, SEQUENCE, SET};
use crate::error::Refusal;
use crate::key::Hash;

/// Longest answer of an authority: with a chain of RSA certificates it has about 6 KiB.
pub(crate) const MAX_TIMESTAMP_BYTES: usize = 64 << 10;
/// Most certificates that are looked at in one.
const MAX_CERTIFICATES: usize = 10;

// Sources: RFC 5652, 5.1 and 11; RFC 3161, 2.4.2; RFC 5816, 3.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
const SIGNING_CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0c];
const SIGNING_CERTIFICATE_V2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f];
const ID_SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const ID_SHA384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
const ID_SHA512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];

/// What of a token is needed, none of it believed yet.
#[derive(Clone, Debug)]
pub(crate) struct Token<'a> {
    info: Info<'a>,
    /// The `TSTInfo` as it is signed.
    content: &'a [u8],
    certificates: Vec<Certificate>,
    signer: Signer<'a>,
}

#[derive(Clone, Debug)]
struct Info<'a> {
    hash: Hash,
    imprint: &'a [u8],
    time: Timestamp,
}

#[derive(Clone, Debug)]
struct Signer<'a> {
    id: SignerId<'a>,
    hash: Hash,
    attributes: &'a [u8],
    signature: &'a [u8],
}

#[derive(Clone, Debug)]
enum SignerId<'a> {
    IssuerAndSerial { issuer: &'a [u8], serial: &'a [u8] },
    KeyIdentifier(&'a [u8]),
}

/// The time at which an authority saw these bytes.
///
/// The authority's certificate leads to one of `trusted`'s roots at that time, by those of `trusted` and of the token.
///
/// Source: RFC 3161, 2.4.2 and 2.3; RFC 5652, 5.4.
pub(crate) fn verify(answer: &[u8], stamped: &[u8], trusted: &[Certificate]) -> Result<Timestamp, Refusal> {
    if trusted.is_empty() {
        return Err(refuse("no authority is given"));
    }
    let token = Token::parse(answer)?;
    token.verify(stamped, trusted)
}

impl<'a> Token<'a> {
    /// Reads a `TimeStampResp`.
    pub(crate) fn parse(answer: &'a [u8]) -> Result<Self, Refusal> {
        if answer.len() > MAX_TIMESTAMP_BYTES {
            return Err(Refusal::TooLarge { what: "timestamp", limit: MAX_TIMESTAMP_BYTES });
        }
        Self::read(answer).ok_or_else(|| refuse("it is no answer of a timestamp authority"))
    }

    fn read(answer: &'a [u8]) -> Option<Self> {
        let mut all = Elements::of(answer);
        let mut response = all.take(SEQUENCE).filter(|_| all.is_empty())?.inside();
        let status = response.take(SEQUENCE)?.inside().take(INTEGER)?;
        // Granted, or granted with changes.
        if !matches!(status.content, [0 | 1]) {
            return None;
        }
        let mut info = response.take(SEQUENCE)?.inside();
        if info.take(OID)?.content != SIGNED_DATA {
            return None;
        }
        let mut data = info.take(0xa0)?.only(SEQUENCE)?.inside();
        data.take(INTEGER)?;
        data.take(SET)?;
        let mut encapsulated = data.take(SEQUENCE)?.inside();
        if encapsulated.take(OID)?.content != TST_INFO {
            return None;
        }
        let content = encapsulated.take(0xa0)?.only(OCTET_STRING)?.content;
        let mut certificates = Vec::new();
        if let Some(given) = data.take(0xa0) {
            let mut given = given.inside();
            while let Some(one) = given.next() {
                // Those that can't be read can't be the signer's.
                if let Ok(read) = Certificate::read(one.whole) {
                    certificates.push(read);
                }
                if certificates.len() > MAX_CERTIFICATES {
                    return None;
                }
            }
        }
        data.take(0xa1);
        let signer = Signer::read(data.take(SET)?.only(SEQUENCE)?)?;
        Some(Self { info: Info::read(content)?, content, certificates, signer })
    }

    fn verify(&self, stamped: &[u8], trusted: &[Certificate]) -> Result<Timestamp, Refusal> {
        let Self { info, content, certificates, signer } = self;
        if digest(algorithm(info.hash), stamped).as_ref() != info.imprint {
            return Err(refuse("it is of something else"));
        }
        let attributes =
            Attributes::read(signer.attributes).ok_or_else(|| refuse("its attributes can't be read"))?;
        if attributes.content_type != TST_INFO
            || digest(algorithm(signer.hash), content).as_ref() != attributes.message_digest
        {
            return Err(refuse("its attributes are of something else"));
        }
        let known = || certificates.iter().chain(trusted);
        let leaf = known()
            .find(|one| signer.id.is(one))
            .ok_or_else(|| refuse("its signer's certificate is missing"))?;
        if !attributes.names(leaf) {
            return Err(refuse("it names another certificate than its signer's"));
        }
        // RFC 5652, 5.4: the attributes are signed as a SET, whatever they are tagged with.
        let mut signed = vec![SET];
        signed.extend(signer.attributes.get(1..).unwrap_or_default());
        if !leaf.key.verifies_hash(signer.hash, &signed, signer.signature) {
            return Err(refuse("it is not by its signer's key"));
        }
        let (roots, mut between): (Vec<Certificate>, Vec<Certificate>) =
            trusted.iter().cloned().partition(|one| one.is_root);
        between.extend(certificates.iter().filter(|one| !one.is_root).cloned());
        leaf.verify(&between, &roots, info.time, Use::Timestamps).map_err(|why| refuse(why.to_string()))?;
        Ok(info.time)
    }
}

impl<'a> Info<'a> {
    fn read(content: &'a [u8]) -> Option<Self> {
        let mut all = Elements::of(content);
        let mut info = all.take(SEQUENCE).filter(|_| all.is_empty())?.inside();
        if info.take(INTEGER)?.content != [1] {
            return None;
        }
        info.take(OID)?;
        let mut imprint = info.take(SEQUENCE)?.inside();
        let hash = hash_of(imprint.take(SEQUENCE)?)?;
        let imprint = imprint.take(OCTET_STRING)?.content;
        info.take(INTEGER)?;
        Some(Self { hash, imprint, time: time(info.take(GENERALIZED_TIME)?.content)? })
    }
}

impl<'a> Signer<'a> {
    fn read(info: Element<'a>) -> Option<Self> {
        let mut info = info.inside();
        info.take(INTEGER)?;
        let id = match info.take(0x80) {
            Some(identifier) => SignerId::KeyIdentifier(identifier.content),
            None => {
                let mut both = info.take(SEQUENCE)?.inside();
                let issuer = both.take(SEQUENCE)?.whole;
                SignerId::IssuerAndSerial { issuer, serial: both.take(INTEGER)?.content }
            }
        };
        let hash = hash_of(info.take(SEQUENCE)?)?;
        let attributes = info.take(0xa0)?.whole;
        info.take(SEQUENCE)?;
        Some(Self { id, hash, attributes, signature: info.take(OCTET_STRING)?.content })
    }
}

impl SignerId<'_> {
    fn is(&self, certificate: &Certificate) -> bool {
        match self {
            Self::IssuerAndSerial { issuer, serial } => {
                certificate.issuer_name == *issuer && certificate.serial == *serial
            }
            Self::KeyIdentifier(id) => certificate.key_identifier.as_deref() == Some(*id),
        }
    }
}

/// The signed attributes that are looked at.
#[derive(Clone, Debug, Default)]
struct Attributes<'a> {
    content_type: &'a [u8],
    message_digest: &'a [u8],
    /// The digests that name the signer's certificate, each with what it is made by.
    signers: Vec<(Option<&'static Algorithm>, &'a [u8])>,
}

impl<'a> Attributes<'a> {
    fn read(whole: &'a [u8]) -> Option<Self> {
        let mut read = Self::default();
        let mut attributes = Elements::of(whole).next()?.inside();
        while !attributes.is_empty() {
            let mut attribute = attributes.take(SEQUENCE)?.inside();
            let id = attribute.take(OID)?.content;
            let mut values = attribute.take(SET)?.inside();
            match id {
                CONTENT_TYPE => read.content_type = values.take(OID)?.content,
                MESSAGE_DIGEST => read.message_digest = values.take(OCTET_STRING)?.content,
                SIGNING_CERTIFICATE => {
                    let mut named = first_id(values)?;
                    read.signers.push((Some(&SHA1_FOR_LEGACY_USE_ONLY), named.take(OCTET_STRING)?.content));
                }
                SIGNING_CERTIFICATE_V2 => {
                    let mut named = first_id(values)?;
                    // SHA-256 if nothing is said.
                    let by = match named.take(SEQUENCE) {
                        Some(id) => hash_of(id).map(algorithm),
                        None => Some(&SHA256),
                    };
                    read.signers.push((by, named.take(OCTET_STRING)?.content));
                }
                _ => {}
            }
        }
        Some(read)
    }

    /// Whether the signer's certificate is named, and by nothing else than its digests. Source: RFC 3161, 2.4.2: it has to be.
    fn names(&self, signer: &Certificate) -> bool {
        let is = |(by, named): &(Option<&'static Algorithm>, &[u8])| {
            by.is_some_and(|by| digest(by, &signer.der).as_ref() == *named)
        };
        !self.signers.is_empty() && self.signers.iter().all(is)
    }
}

/// The first of the named certificates, which is the signer's.
fn first_id(mut values: Elements<'_>) -> Option<Elements<'_>> {
    Some(values.take(SEQUENCE)?.inside().take(SEQUENCE)?.inside().take(SEQUENCE)?.inside())
}

fn hash_of(algorithm: Element<'_>) -> Option<Hash> {
    match algorithm.inside().take(OID)?.content {
        ID_SHA256 => Some(Hash::Sha256),
        ID_SHA384 => Some(Hash::Sha384),
        ID_SHA512 => Some(Hash::Sha512),
        _ => None,
    }
}

fn algorithm(hash: Hash) -> &'static Algorithm {
    match hash {
        Hash::Sha256 => &SHA256,
        Hash::Sha384 => &SHA384,
        Hash::Sha512 => &SHA512,
    }
}

/// `YYYYMMDDHHMMSS[.fff]Z`. Source: RFC 3161, 2.4.2.
fn time(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    if whole.len() != 14 || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let time = DateTime::strptime("%Y%m%d%H%M%S", whole).ok()?;
    time.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp())
}

fn refuse(why: impl Into<String>) -> Refusal {
    Refusal::Timestamp(why.into())
}
