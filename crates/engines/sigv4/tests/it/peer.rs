//! The signer of AWS's SDK for Rust.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningError, SigningSettings,
    sign,
};
use aws_sigv4::sign::v4;

use crate::request::{KEY_ID, Request, SECRET, TIME};

/// A request as the SDK signs it for a service in `us-east-1`; with seconds to expire in, in the query string.
pub(crate) fn signed(
    request: &Request,
    service: &str,
    token: Option<&str>,
    expires: Option<u64>,
) -> Result<Request, SigningError> {
    let identity = Credentials::new(KEY_ID, SECRET, token.map(str::to_owned), None, "test").into();
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Double;
    if let Some(seconds) = expires {
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(seconds));
    }
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name(service)
        .time(UNIX_EPOCH + Duration::from_secs(TIME.unsigned_abs()))
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let host = request
        .authority
        .as_deref()
        .or_else(|| request.headers.iter().find(|(name, _)| name == "host").map(|(_, value)| value.as_str()));
    let query = request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let url = format!("https://{}{}{query}", host.unwrap(), request.path);
    let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let signable = SignableRequest::new(&request.method, url, headers, SignableBody::Bytes(&request.body))?;
    let (headers, params) = sign(signable, &params)?.into_parts().0.into_parts();
    let mut signed = request.clone();
    signed.headers.extend(headers.iter().map(|header| (header.name().to_owned(), header.value().to_owned())));
    for (name, value) in params {
        let query = signed.query.get_or_insert_default();
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(&format!("{name}={}", crate::naive::uri_encode(value.as_bytes())));
    }
    Ok(signed)
}
