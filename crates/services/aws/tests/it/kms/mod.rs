//! KMS: keys, who may use them, and what they seal.

mod access;
mod aliases;
mod grants;
mod keys;
mod lifecycle;
mod sealing;
mod twin;

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::harness::{Client, Reply, blob};

/// Makes a key; its ARN.
pub(crate) async fn create(client: &Client<'_>, input: Value) -> String {
    let reply = client.call("kms", "CreateKey", input).await;
    reply.ok()["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
}

/// Encrypts under a key and a context; the ciphertext as the protocol carries it.
pub(crate) async fn encrypt(client: &Client<'_>, key: &str, context: Value, text: &str) -> Reply {
    let input = json!({ "KeyId": key, "Plaintext": blob(text.as_bytes()), "EncryptionContext": context });
    client.call("kms", "Encrypt", input).await
}

/// Encrypts what has to work.
pub(crate) async fn sealed(client: &Client<'_>, key: &str, context: Value, text: &str) -> String {
    encrypt(client, key, context, text).await.ok()["CiphertextBlob"].as_str().unwrap().to_owned()
}

/// Decrypts by the key that the ciphertext names.
pub(crate) async fn decrypt(client: &Client<'_>, ciphertext: &str, context: Value) -> Reply {
    client.call("kms", "Decrypt", json!({ "CiphertextBlob": ciphertext, "EncryptionContext": context })).await
}

/// The plaintext of an answer.
pub(crate) fn text(reply: &Reply) -> String {
    let plaintext = reply.ok()["Plaintext"].as_str().unwrap();
    String::from_utf8(BASE64.decode(plaintext.as_bytes()).unwrap()).unwrap()
}

/// The id at the end of a key's ARN.
pub(crate) fn id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap()
}

/// Calls an operation that takes a key and nothing else.
pub(crate) async fn on(client: &Client<'_>, operation: &str, key: &str) -> Reply {
    client.call("kms", operation, json!({ "KeyId": key })).await
}
