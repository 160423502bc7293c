//! Whether a signature is that of the request.

use aws_lc_rs::constant_time::verify_slices_are_equal;

use crate::canonical::{PathForm, sha256_hex};
use crate::key::SigningKey;
use crate::time::Stamp;
use crate::{Presented, SignatureError};

/// Seconds by which the clocks of caller and service may differ, and for which a signature in a header is valid: 15 minutes.
///
/// Source: AWS, *IAM User Guide*, "Troubleshoot Signature Version 4 request signing", "Timestamp".
pub const MAX_SKEW: i64 = 15 * 60;

/// For how long a signature is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// 15 minutes in a header; as a presigned request's `X-Amz-Expires` says, or 15 minutes if that isn't there.
    Stated,
    /// 15 minutes whatever `X-Amz-Expires` says: `GetCallerIdentity`, since the tokens for EKS say 60 seconds and are used for 14 minutes.
    ///
    /// Source: aws-iam-authenticator, `pkg/token`: "Presigned URLs for STS are always valid for 15 minutes".
    QuarterHour,
}

impl Presented<'_> {
    /// Passes if the signature is the one that the key gives for the request with this body, and of a time that is valid now
    /// (in Unix seconds). The key is that of [`scope`](Presented::scope), [`access_key_id`](Presented::access_key_id) and
    /// [`session_token`](Presented::session_token).
    ///
    /// The same request passes again until its signature expires, as on AWS.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Expired`], [`SignatureError::NotYetCurrent`], [`SignatureError::ContentSha256`] and
    /// [`SignatureError::DoesNotMatch`].
    pub fn verify(
        &self,
        body: &[u8],
        key: &SigningKey,
        now: i64,
        lifetime: Lifetime,
    ) -> Result<(), SignatureError> {
        self.check_time(now, lifetime)?;
        let payload = sha256_hex(body);
        if self.content_sha256.as_ref().is_some_and(|said| **said != payload) {
            return Err(SignatureError::ContentSha256);
        }
        let expected = self.mac(PathForm::Normalised, &payload, key)?;
        verify_slices_are_equal(&expected, &self.signature).map_err(|_| SignatureError::DoesNotMatch)
    }

    fn check_time(&self, now: i64, lifetime: Lifetime) -> Result<(), SignatureError> {
        let valid = match (lifetime, self.expires) {
            (Lifetime::Stated, Some(expires)) => i64::from(expires),
            (Lifetime::QuarterHour, _) | (_, None) => MAX_SKEW,
        };
        let stamp = |seconds: Option<i64>| seconds.and_then(Stamp::of_seconds).ok_or(SignatureError::Clock);
        let signed = self.stamp;
        let (earliest, latest) = (stamp(now.checked_sub(valid))?, stamp(now.checked_add(MAX_SKEW))?);
        let now = stamp(Some(now))?;
        if signed.seconds() < earliest.seconds() {
            let lifetime =
                if valid % 60 == 0 { format!("{} min.", valid / 60) } else { format!("{valid} sec.") };
            return Err(SignatureError::Expired { signed, earliest, now, lifetime });
        }
        if signed.seconds() > latest.seconds() {
            return Err(SignatureError::NotYetCurrent { signed, latest, now });
        }
        Ok(())
    }
}
