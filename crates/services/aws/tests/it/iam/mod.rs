//! IAM: each operation shows through another.

mod account;
mod attach;
mod entities;
mod principals;
mod simulate;

use serde_json::Value;

use crate::harness::{ACCOUNT, Client, Reply};

/// Calls IAM.
pub(crate) async fn iam(client: &Client<'_>, operation: &str, input: Value) -> Reply {
    client.call("iam", operation, input).await
}

pub(crate) fn arn(of: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{of}")
}

/// A document as answers have it.
pub(crate) fn decoded(value: &Value) -> Value {
    let text = value.as_str().unwrap();
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let pair = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&pair).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    serde_json::from_slice(&bytes).unwrap()
}

/// The members of a list, of which each has a name.
pub(crate) fn names(list: &Value, member: &str) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    items.map(|item| item[member].as_str().unwrap().to_owned()).collect()
}
