//! Signatures of webhooks.
//!
//! Source: *Standard Webhooks* 1.0.0, "Webhook headers (sending metadata to consumers)", "Symmetric signature":
//! HMAC-SHA256 over `ID.TIMESTAMP.BODY`, in base64, behind `v1,`; several of them with blanks between, while keys are changed.

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use ringwall_model::Secret;

/// Fewest bytes of a key: 128 bits can't be guessed. The specification recommends 24 to 64 bytes, but its makers' own have fewer.
const MIN_KEY: usize = 16;
/// What a key in base64 may begin with.
const PREFIX: &str = "whsec_";

/// The keys of a file: one a line, in base64, `whsec_` before it or not.
pub(crate) struct Keys(Vec<hmac::Key>);

impl Keys {
    pub(crate) fn parse(secret: &Secret) -> Result<Self, String> {
        let text = secret.expose_text().ok_or("the keys are no text")?;
        let mut keys = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let encoded = line.strip_prefix(PREFIX).unwrap_or(line);
            let wrong = || "a key is not base64, as of `openssl rand -base64 32`".to_owned();
            let key = Secret::new(BASE64.decode(encoded.as_bytes()).map_err(|_| wrong())?);
            if key.len() < MIN_KEY {
                return Err(format!("a key has {} bytes; {MIN_KEY} are needed", key.len()));
            }
            keys.push(hmac::Key::new(hmac::HMAC_SHA256, key.expose()));
        }
        if keys.is_empty() { Err("there is no key".to_owned()) } else { Ok(Self(keys)) }
    }

    /// The header `webhook-signature`. `time` is in seconds since 1970.
    pub(crate) fn sign(&self, id: &str, time: i64, body: &[u8]) -> String {
        let signed = |key: &hmac::Key| {
            let mut context = hmac::Context::with_key(key);
            context.update(format!("{id}.{time}.").as_bytes());
            context.update(body);
            format!("v1,{}", BASE64.encode(context.sign().as_ref()))
        };
        self.0.iter().map(signed).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Result<Keys, String> {
        Keys::parse(&Secret::from(text.to_owned()))
    }

    /// The example that Svix, who began the specification, has in its guide *Verifying webhooks manually*.
    #[test]
    fn a_signature_is_that_of_the_specification() {
        let body = br#"{"event_type":"ping","data":{"success":true}}"#;
        let sign = |text| keys(text).unwrap().sign("msg_loFOjxBNrRLzqYUf", 1_731_705_121, body);
        let expected = "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=";
        assert_eq!(sign("whsec_plJ3nmyCDGBKInavdOK15jsl\n"), expected);
        assert_eq!(sign("plJ3nmyCDGBKInavdOK15jsl"), expected);
        let both = sign("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD\n\n whsec_plJ3nmyCDGBKInavdOK15jsl ");
        assert_eq!(both.split(' ').nth(1), Some(expected), "each key signs");
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_shown() {
        for text in ["", "\n \n", "not base64!", "whsec_", "c2hvcnQ="] {
            let refused = keys(text).err().unwrap();
            assert!(text.trim().is_empty() || !refused.contains(text), "{refused}");
        }
    }
}
