//! Signing keys, which are made of secret access keys.

use std::fmt;

use aws_lc_rs::hmac;
use ringwall_model::Secret;
use zeroize::Zeroizing;

use crate::SignatureError;

/// Bytes of an HMAC-SHA256.
pub(crate) const MAC: usize = 32;

/// The key that signs all requests of one access key, day, region and service.
///
/// Making one costs four HMACs, as much as a verification, so callers keep it for the day. It is wiped from memory when it is
/// dropped, and doesn't show.
///
/// Source: AWS, *IAM User Guide*, "Create a signed AWS API request", step 4.
#[derive(Clone)]
pub struct SigningKey(hmac::Key);

impl SigningKey {
    /// The MAC of a text.
    pub(crate) fn sign(&self, text: &[u8]) -> Result<[u8; MAC], SignatureError> {
        let mut mac = [0; MAC];
        hmac::sign_to_buffer(&self.0, text, &mut mac).map_err(|_| SignatureError::Crypto)?;
        Ok(mac)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(redacted)")
    }
}

/// Makes the key of a secret access key for a day (`20240131`), a region and a service.
///
/// # Errors
///
/// [`SignatureError::Crypto`] if there is no memory.
pub fn signing_key(
    secret: &Secret,
    date: &str,
    region: &str,
    service: &str,
) -> Result<SigningKey, SignatureError> {
    let start = Zeroizing::new([b"AWS4", secret.expose()].concat());
    let mut key = hmac::Key::new(hmac::HMAC_SHA256, &start);
    for step in [date, region, service, "aws4_request"] {
        let mut mac = Zeroizing::new([0; MAC]);
        hmac::sign_to_buffer(&key, step.as_bytes(), mac.as_mut()).map_err(|_| SignatureError::Crypto)?;
        key = hmac::Key::new(hmac::HMAC_SHA256, mac.as_ref());
    }
    Ok(SigningKey(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AWS, *Signature Version 4 signing process*, example of deriving a signing key.
    #[test]
    fn the_key_is_that_of_aws_example() {
        let secret = Secret::from(String::from("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
        let key = signing_key(&secret, "20150830", "us-east-1", "iam").unwrap();
        let expected = "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9";
        let bytes = data_encoding::HEXLOWER.decode(expected.as_bytes()).unwrap();
        let same = SigningKey(hmac::Key::new(hmac::HMAC_SHA256, &bytes));
        assert_eq!(key.sign(b"text").unwrap(), same.sign(b"text").unwrap());
    }

    #[test]
    fn it_never_shows() {
        let key =
            signing_key(&Secret::from(String::from("hunter2")), "20150830", "us-east-1", "iam").unwrap();
        assert_eq!(format!("{key:?}"), "SigningKey(redacted)");
    }
}
