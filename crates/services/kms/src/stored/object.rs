use prost::Message as _;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use ringwall_grpc::encrypted_object::{EncryptedDekSourceType, EncryptedObject};

use super::{Digest, Seal, SealKind};

/// Longest key id and sealed data key. Source: k8s.io/apiserver, storage/value/encrypt/envelope/kmsv2: 1 KiB each.
const MAX_KEY_ID_BYTES: usize = 1024;
const MAX_DEK_BYTES: usize = 1024;

/// Most bytes of annotations: 32 KiB of names and values by the same source, and their frames.
const MAX_ANNOTATIONS_BYTES: u64 = 64 << 10;

/// The least that is sealed: nonce and tag of AES-GCM, and before it 32 bytes of which the key is derived from a seed.
const LEAST_BY_KEY: usize = 12 + 16;
const LEAST_BY_SEED: usize = 32 + LEAST_BY_KEY;

/// Reads what kube-apiserver stores of an object that a KMS plugin of version 2 sealed: key id, and data key.
pub(super) fn read(bytes: &[u8]) -> Result<(String, Seal), &'static str> {
    check_size(bytes)?;
    let object = EncryptedObject::decode(bytes).map_err(|_| "it is no EncryptedObject")?;
    if object.key_id.is_empty() || object.key_id.len() > MAX_KEY_ID_BYTES {
        return Err("its key id is empty or too long");
    }
    if object.encrypted_dek_source.is_empty() || object.encrypted_dek_source.len() > MAX_DEK_BYTES {
        return Err("its data key is empty or too long");
    }
    let (kind, least) = match EncryptedDekSourceType::try_from(object.encrypted_dek_source_type) {
        Ok(EncryptedDekSourceType::AesGcmKey) => (SealKind::Key, LEAST_BY_KEY),
        Ok(EncryptedDekSourceType::HkdfSha256XnonceAesGcmSeed) => (SealKind::Seed, LEAST_BY_SEED),
        Err(_) => return Err("its data key is of a kind that is not known"),
    };
    if object.encrypted_data.len() < least {
        return Err("it is too short to be sealed");
    }
    let mut annotations: Vec<String> = object.annotations.into_keys().collect();
    annotations.sort();
    Ok((object.key_id, Seal { kind, digest: Digest::of(&object.encrypted_dek_source), annotations }))
}

/// Refuses more annotations than there can be before a map is made of them: each entry of some bytes takes a hundred of
/// memory.
fn check_size(mut bytes: &[u8]) -> Result<(), &'static str> {
    const BROKEN: &str = "it is no EncryptedObject";
    let mut annotations = 0_u64;
    while !bytes.is_empty() {
        let (tag, wire) = decode_key(&mut bytes).map_err(|_| BROKEN)?;
        if tag == 4 && wire == WireType::LengthDelimited {
            let length = decode_varint(&mut bytes).map_err(|_| BROKEN)?;
            // The frame counts, so that entries of nothing count as well.
            annotations = annotations.saturating_add(length).saturating_add(2);
            if annotations > MAX_ANNOTATIONS_BYTES {
                return Err("it has more annotations than there can be");
            }
            let length = usize::try_from(length).map_err(|_| BROKEN)?;
            bytes = bytes.get(length..).ok_or(BROKEN)?;
        } else {
            skip_field(wire, tag, &mut bytes, DecodeContext::default()).map_err(|_| BROKEN)?;
        }
    }
    Ok(())
}
