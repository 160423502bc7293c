use ringwall_model::Secret;
use serde::Deserialize;

use super::{Credentials, CredentialsError};
use crate::Element;

/// What agents, metadata services and programs answer.
///
/// Source: AWS, *AWS SDKs and Tools Reference Guide*, "Container credential provider", "Process credential provider"; *EC2
/// User Guide*, "Retrieve security credentials from instance metadata".
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Document {
    /// Of programs: 1.
    pub(super) version: Option<u64>,
    /// Of the metadata service: `Success`.
    pub(super) code: Option<String>,
    access_key_id: String,
    secret_access_key: String,
    #[serde(alias = "SessionToken")]
    token: Option<String>,
    expiration: Option<String>,
    account_id: Option<String>,
}

impl Document {
    pub(super) fn parse(origin: &str, bytes: &[u8]) -> Result<Self, CredentialsError> {
        // The message of a parser can show a part of what it reads, so the place is all that is told.
        serde_json::from_slice(bytes).map_err(|error| {
            CredentialsError::invalid(
                origin,
                format!(
                    "the answer is not credentials in JSON (line {}, column {})",
                    error.line(),
                    error.column()
                ),
            )
        })
    }

    pub(super) fn credentials(self, origin: &str) -> Result<Credentials, CredentialsError> {
        let expires = self.expiration.as_deref().map(|text| time(origin, text)).transpose()?;
        if self.access_key_id.is_empty() || self.secret_access_key.is_empty() {
            return Err(CredentialsError::invalid(origin, "the answer has no access key"));
        }
        Ok(Credentials {
            access_key_id: self.access_key_id,
            secret: Secret::from(self.secret_access_key),
            session_token: self.token.filter(|token| !token.is_empty()).map(Secret::from),
            expires,
            account: self.account_id.filter(|account| !account.is_empty()),
        })
    }
}

/// The credentials in an answer of STS.
///
/// Source: AWS, *STS API Reference*, AssumeRole and AssumeRoleWithWebIdentity.
pub(super) fn of_sts(origin: &str, answer: &Element, result: &str) -> Result<Credentials, CredentialsError> {
    let text = |name: &str| {
        answer
            .text_at(&[result, "Credentials", name])
            .filter(|text| !text.is_empty())
            .ok_or_else(|| CredentialsError::invalid(origin, format!("the answer of STS has no {name}")))
    };
    let account = answer
        .text_at(&[result, "AssumedRoleUser", "Arn"])
        .and_then(|arn| arn.split(':').nth(4))
        .map(str::to_owned);
    Ok(Credentials {
        access_key_id: text("AccessKeyId")?.to_owned(),
        secret: Secret::from(text("SecretAccessKey")?.to_owned()),
        session_token: Some(Secret::from(text("SessionToken")?.to_owned())),
        expires: Some(time(origin, text("Expiration")?)?),
        account,
    })
}

fn time(origin: &str, text: &str) -> Result<i64, CredentialsError> {
    let time: Result<jiff::Timestamp, _> = text.parse();
    time.map(|time| time.as_second())
        .map_err(|_| CredentialsError::invalid(origin, "the answer's `Expiration` is no time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read() {
        let text = br#"{"AccessKeyId":"ASIA1","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-02T03:04:05.123456789Z","AccountId":"111122223333"}"#;
        let credentials = Document::parse("x", text).unwrap().credentials("x").unwrap();
        assert_eq!(credentials.access_key_id, "ASIA1");
        assert_eq!(credentials.expires, Some(1_767_323_045));
        assert_eq!(credentials.account.as_deref(), Some("111122223333"));
    }

    #[test]
    fn what_is_none_is_told_without_showing_it() {
        for text in [
            "",
            "planted",
            r#"{"AccessKeyId":"planted"}"#,
            r#"{"AccessKeyId":"a","SecretAccessKey":["planted"]}"#,
            r#"{"AccessKeyId":"a","SecretAccessKey":"planted","Expiration":"planted"}"#,
            r#"{"AccessKeyId":"","SecretAccessKey":"planted"}"#,
        ] {
            let read = Document::parse("x", text.as_bytes()).and_then(|document| document.credentials("x"));
            let error = read.unwrap_err().to_string();
            assert!(!error.contains("planted"), "{error}");
        }
    }

    #[test]
    fn an_answer_of_sts_is_read() {
        let answer = b"<R><AssumeRoleResult><AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn></AssumedRoleUser>\
            <Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
            <Expiration>2026-01-02T03:04:05Z</Expiration></Credentials></AssumeRoleResult></R>";
        let answer = Element::parse(answer).unwrap();
        let credentials = of_sts("x", &answer, "AssumeRoleResult").unwrap();
        assert_eq!(
            (credentials.access_key_id.as_str(), credentials.account.as_deref()),
            ("ASIA1", Some("111122223333"))
        );
        assert!(of_sts("x", &answer, "AssumeRoleWithWebIdentityResult").is_err());
    }
}
