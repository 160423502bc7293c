//! AWS KMS, or what speaks like it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use data_encoding::BASE64;
use ringwall_awsclient::{Client, ErrorKind};
use ringwall_model::Secret;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::{Backend, BackendError, BoxFuture, Class, Sealed};

/// The longest ciphertext that Decrypt takes. Source: AWS, *KMS API Reference*, Decrypt, `CiphertextBlob`.
const MAX_CIPHERTEXT_BYTES: usize = 6144;

/// What the encryption context has beside the operator's own pairs, so that nothing sealed for another purpose opens here.
const PURPOSE: (&str, &str) = ("ringwall:purpose", "kubernetes-kms-local-kek");

/// What aws-encryption-provider writes before the `CiphertextBlob`. Source: its pkg/kmsplugin, `StorageVersion`.
const FOREIGN_VERSION: u8 = b'1';

/// How many pages of rotations are read. KMS has 1000 to a page, and a key rotates on demand 25 times in all.
const MAX_PAGES: usize = 8;

/// A symmetric key of AWS KMS.
#[derive(Debug)]
pub struct Aws {
    client: Client,
    /// As configured: ARN, id, or alias.
    key: String,
    context: BTreeMap<String, String>,
    /// The ARN that KMS gave for it.
    resolved: Mutex<Option<String>>,
}

impl Aws {
    /// A key by its ARN, its id, or an alias, and the encryption context that all calls are to have.
    ///
    /// By ARN or id no other key is ever called. An alias stands for whatever it points to: as it may be moved, keys of the
    /// same account and region that were sealed with before are asked to open.
    pub fn new(client: Client, key: impl Into<String>, context: BTreeMap<String, String>) -> Self {
        Self { client, key: key.into(), context, resolved: Mutex::default() }
    }

    async fn call(&self, action: &str, body: &Value) -> Result<Value, BackendError> {
        Ok(self.client.json("kms", &format!("TrentService.{action}"), body).await?)
    }

    fn context(&self) -> Value {
        let mut pairs: Map<String, Value> = self.foreign_context();
        pairs.insert(PURPOSE.0.to_owned(), PURPOSE.1.into());
        pairs.into()
    }

    fn foreign_context(&self) -> Map<String, Value> {
        self.context.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect()
    }

    async fn encrypt(&self, secret: &Secret) -> Result<(String, Vec<u8>), BackendError> {
        let plaintext = Zeroizing::new(BASE64.encode(secret.expose()));
        let mut body =
            json!({"KeyId": self.key, "Plaintext": &*plaintext, "EncryptionContext": self.context()});
        let answer = self.call("Encrypt", &body).await;
        wipe(&mut body);
        let answer = answer?;
        let arn = text(&answer, "KeyId")?.to_owned();
        let blob = BASE64.decode(text(&answer, "CiphertextBlob")?.as_bytes()).map_err(|_| unreadable())?;
        if blob.is_empty() || blob.len() > MAX_CIPHERTEXT_BYTES {
            return Err(unreadable());
        }
        *self.resolved.lock().unwrap_or_else(PoisonError::into_inner) = Some(arn.clone());
        Ok((arn, blob))
    }

    /// The plaintext and, if KMS tells, the id of the material that opened it. The key is named, so that no other one is
    /// asked, whatever the ciphertext says. Source: AWS, *KMS API Reference*, Decrypt, `KeyId`, `KeyMaterialId`.
    async fn decrypt(
        &self,
        key: &str,
        blob: &[u8],
        context: Value,
    ) -> Result<(Secret, Option<String>), BackendError> {
        if blob.is_empty() || blob.len() > MAX_CIPHERTEXT_BYTES {
            let why =
                format!("a ciphertext of KMS has 1 to {MAX_CIPHERTEXT_BYTES} bytes, not {}", blob.len());
            return Err(BackendError::new(Class::Corruption, why));
        }
        let body = json!({"KeyId": key, "CiphertextBlob": BASE64.encode(blob), "EncryptionContext": context});
        let mut answer = self.call("Decrypt", &body).await?;
        let plaintext = match answer.get_mut("Plaintext").map(Value::take) {
            Some(Value::String(text)) => Zeroizing::new(text),
            _ => return Err(unreadable()),
        };
        let secret = Secret::new(BASE64.decode(plaintext.as_bytes()).map_err(|_| unreadable())?);
        let material = answer.get("KeyMaterialId").and_then(Value::as_str).map(str::to_owned);
        Ok((secret, material))
    }

    /// For where Decrypt doesn't tell the material: how often the key was rotated, if that may be asked.
    async fn rotations(&self, arn: &str) -> Result<Option<String>, BackendError> {
        let (mut count, mut marker) = (0, None::<String>);
        for _ in 0..MAX_PAGES {
            let mut body = json!({"KeyId": arn});
            if let (Some(marker), Some(body)) = (&marker, body.as_object_mut()) {
                body.insert("Marker".to_owned(), marker.as_str().into());
            }
            let answer = match self.client.json("kms", "TrentService.ListKeyRotations", &body).await {
                Ok(answer) => answer,
                // Not granted, or not there: then the key has one version, as far as can be told.
                Err(error)
                    if matches!(error.kind, ErrorKind::Denied | ErrorKind::NotFound | ErrorKind::Invalid) =>
                {
                    tracing::debug!(%error, "rotations can't be seen");
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            };
            count += answer.get("Rotations").and_then(Value::as_array).map_or(0, Vec::len);
            marker = answer.get("NextMarker").and_then(Value::as_str).map(str::to_owned);
            if marker.is_none() {
                break;
            }
        }
        Ok(Some(format!("rotation-{count}")))
    }

    fn is_alias(&self) -> bool {
        self.key.starts_with("alias/") || self.key.contains(":alias/")
    }
}

impl Backend for Aws {
    fn describe(&self) -> String {
        format!("the key `{}` of AWS KMS in {}", self.key, self.client.region())
    }

    fn has(&self, key: &str) -> bool {
        if key == self.key {
            return true;
        }
        let resolved = self.resolved.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if resolved.as_deref() == Some(key) {
            return true;
        }
        if self.is_alias() {
            // Before the first answer the account is not known; then KMS's own policies say no.
            return is_key_arn(key, self.client.region())
                && resolved.is_none_or(|known| account(&known) == account(key));
        }
        // An id: the rest of the ARN is the caller's account and region.
        !self.key.starts_with("arn:")
            && is_key_arn(key, self.client.region())
            && key.split(':').nth(5).and_then(|key| key.strip_prefix("key/")) == Some(&self.key)
    }

    fn seal<'a>(&'a self, secret: &'a Secret) -> BoxFuture<'a, Result<Sealed, BackendError>> {
        Box::pin(async move {
            let (key, blob) = self.encrypt(secret).await?;
            let (opened, material) = self.decrypt(&key, &blob, self.context()).await?;
            if verify_slices_are_equal(opened.expose(), secret.expose()).is_err() {
                let why = format!("{} does not open what it sealed", self.describe());
                return Err(BackendError::new(Class::Internal, why));
            }
            let version = match material {
                Some(material) => Some(material),
                None => self.rotations(&key).await?,
            };
            Ok(Sealed { key, version, blob })
        })
    }

    fn open<'a>(&'a self, key: &'a str, blob: &'a [u8]) -> BoxFuture<'a, Result<Secret, BackendError>> {
        Box::pin(async move { Ok(self.decrypt(key, blob, self.context()).await?.0) })
    }

    /// Those of aws-encryption-provider: `1`, then the `CiphertextBlob`; the key id is the key as it was configured there.
    fn open_foreign<'a>(
        &'a self,
        key_id: &'a str,
        ciphertext: &'a [u8],
    ) -> Option<BoxFuture<'a, Result<Secret, BackendError>>> {
        let (&FOREIGN_VERSION, blob) = ciphertext.split_first()? else { return None };
        self.has(key_id).then(|| -> BoxFuture<'a, _> {
            Box::pin(async move {
                let context = self.foreign_context().into();
                Ok(self.decrypt(key_id, blob, context).await?.0)
            })
        })
    }
}

/// `arn:PARTITION:kms:REGION:ACCOUNT:key/ID`, of this region.
fn is_key_arn(arn: &str, region: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", _, "kms", of, _, key] if *of == region && key.starts_with("key/"))
}

fn account(arn: &str) -> Option<&str> {
    arn.split(':').nth(4)
}

fn text<'a>(answer: &'a Value, name: &str) -> Result<&'a str, BackendError> {
    answer.get(name).and_then(Value::as_str).ok_or_else(unreadable)
}

fn unreadable() -> BackendError {
    BackendError::new(Class::Internal, "the answer of KMS can't be read")
}

/// The plaintext in a request that was sent.
fn wipe(body: &mut Value) {
    if let Some(Value::String(text)) = body.get_mut("Plaintext").map(Value::take) {
        drop(Zeroizing::new(text));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ringwall_awsclient::{Config, Static};

    use super::*;

    fn aws(key: &str) -> Aws {
        let config =
            Config::new("eu-central-1", Arc::new(Static::key("AKIAIOSFODNN7EXAMPLE", String::new())));
        Aws::new(Client::new(config).unwrap(), key, BTreeMap::new())
    }

    fn arn(region: &str, account: &str, id: &str) -> String {
        format!("arn:aws:kms:{region}:{account}:key/{id}")
    }

    #[test]
    fn by_arn_it_is_that_key_alone() {
        let own = arn("eu-central-1", "111122223333", "one");
        let aws = aws(&own);
        assert!(aws.has(&own));
        for other in
            ["one", "two", &arn("eu-central-1", "111122223333", "two"), &own.replace("one", "one2"), ""]
        {
            assert!(!aws.has(other), "{other}");
        }
    }

    #[test]
    fn by_id_the_rest_of_the_arn_is_open() {
        let aws = aws("one");
        for own in ["one", &arn("eu-central-1", "111122223333", "one")] {
            assert!(aws.has(own), "{own}");
        }
        for other in [
            arn("eu-central-1", "111122223333", "two"),
            arn("us-east-1", "111122223333", "one"),
            arn("eu-central-1", "111122223333", "x/key/one"),
            "arn:aws:iam:eu-central-1:111122223333:key/one".to_owned(),
        ] {
            assert!(!aws.has(&other), "{other}");
        }
    }

    #[test]
    fn by_alias_it_is_the_keys_of_its_account_and_region() {
        let aws = aws("alias/etcd");
        let (own, other) =
            (arn("eu-central-1", "111122223333", "a"), arn("eu-central-1", "444455556666", "a"));
        assert!(aws.has(&own) && aws.has("alias/etcd"));
        assert!(!aws.has(&arn("us-east-1", "111122223333", "a")) && !aws.has("alias/other") && !aws.has("a"));
        *aws.resolved.lock().unwrap() = Some(arn("eu-central-1", "111122223333", "b"));
        assert!(aws.has(&own) && !aws.has(&other));
    }

    #[test]
    fn only_the_other_plugins_form_is_foreign() {
        let own = arn("eu-central-1", "111122223333", "one");
        let aws = aws(&own);
        assert!(aws.open_foreign(&own, b"1blob").is_some());
        assert!(aws.open_foreign(&own, b"\x01blob").is_none());
        assert!(aws.open_foreign(&own, b"").is_none());
        assert!(aws.open_foreign("another", b"1blob").is_none());
    }

    #[test]
    fn a_plaintext_is_wiped_out_of_what_was_sent() {
        let mut body = json!({"Plaintext": "c2VlZA==", "KeyId": "one"});
        wipe(&mut body);
        assert_eq!(body, json!({"Plaintext": null, "KeyId": "one"}));
    }
}
