//! Passwords for the registry: what `docker login` is given.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::access::on_registry;
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::caller::{Caller, Identity};
use crate::error::{ACCESS_DENIED, ApiError, Result};
use crate::sealed::{Purpose, Sealed};
use crate::shared::Shared;
use crate::sts::session::{Exposed, Of, Session};

/// How long a password is good for, in seconds.
///
/// Source: AWS, *Amazon ECR API Reference*, GetAuthorizationToken: "The authorization token is valid for 12 hours".
const LIFETIME: i64 = 12 * 60 * 60;

/// The name that goes with every password.
pub(crate) const USER: &str = "AWS";

/// What a password is, sealed. It is no session token: nothing but the registry opens it.
#[derive(Debug, Serialize, Deserialize)]
struct Password {
    /// Who it is for, with all that limits his session.
    session: Session,
    /// Seconds since 1970.
    expires: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetAuthorizationToken {
    registry_ids: Option<Vec<String>>,
}

/// A password carries its principal's own session, and lasts for 12 hours though the session may not: so it is on AWS. It
/// ends earlier if the principal goes away, if a user's access key is switched off, or by what a policy says of
/// `aws:TokenIssueTime`.
///
/// Source: AWS, *Amazon ECR API Reference*, GetAuthorizationToken; *User Guide*, "Private registry authentication".
pub(crate) async fn get_authorization_token(call: &Call<'_>, input: GetAuthorizationToken) -> Result<Answer> {
    let (permit, _) = on_registry(call, Ask::new("ecr:GetAuthorizationToken", "*")).await?;
    let expires = call.seconds().saturating_add(LIFETIME);
    let password = Password { session: session(call)?, expires };
    let text = serde_json::to_vec(&password).map(zeroize::Zeroizing::new);
    let text = text.map_err(|error| ApiError::internal(&error))?;
    let sealed = call.shared.seal(Purpose::Registry, "", &text)?;
    let password = BASE64URL_NOPAD.encode(sealed.text().as_bytes());
    let token = BASE64.encode(format!("{USER}:{password}").as_bytes());
    let own = [call.account().to_owned()];
    let registries = input.registry_ids.as_deref().unwrap_or(&own);
    let data: Vec<Value> = registries
        .iter()
        .map(|registry| {
            json!({
                "authorizationToken": token,
                "expiresAt": expires,
                "proxyEndpoint": call.shared.ecr.url(registry, call.region()),
            })
        })
        .collect();
    Ok(permit.answer(json!({ "authorizationData": data })))
}

/// The caller's session; of who has none, one that stands for the access key that signed.
fn session(call: &Call<'_>) -> Result<Session> {
    let caller = call.caller();
    if let Some(session) = &caller.session {
        return Ok(Session { secret: Exposed::new(String::new()), ..(**session).clone() });
    }
    let of = match &caller.identity {
        Identity::User(name) => Of::User { user: name.to_ascii_lowercase(), id: caller.user_id.to_string() },
        Identity::Root => Of::Root,
        _ => return Err(ApiError::new(ACCESS_DENIED, "Only users and roles get a password of the registry")),
    };
    Ok(Session {
        account: caller.account.to_string(),
        of,
        access_key: caller.access_key.to_string(),
        secret: Exposed::new(String::new()),
        issued: call.seconds(),
        expires: call.seconds().saturating_add(LIFETIME),
        policies: Vec::new(),
        policy_arns: Vec::new(),
        tags: Default::default(),
        transitive: Default::default(),
        source_identity: None,
        provider: None,
        subject: None,
    })
}

/// What is no password.
pub(crate) fn none() -> ApiError {
    ApiError::new("UnrecognizedClientException", "Your Authorization Token is invalid.").status(401)
}

/// Whose a password is.
///
/// # Errors
///
/// `UnrecognizedClientException` for what is none, `ExpiredTokenException` for one whose time is over.
pub(crate) async fn bearer(shared: &Shared, user: &str, password: &str, now: i64) -> Result<Caller> {
    if user != USER {
        return Err(none());
    }
    let sealed = BASE64URL_NOPAD.decode(password.as_bytes()).ok();
    let sealed = sealed.and_then(|sealed| String::from_utf8(sealed).ok()).ok_or_else(none)?;
    let opened = Sealed::from_text(&sealed).open_quietly(&shared.keyring, Purpose::Registry, "");
    let password: Option<Password> = opened.and_then(|opened| serde_json::from_slice(opened.expose()).ok());
    let Password { session, expires } = password.ok_or_else(none)?;
    if now.div_euclid(1000) >= expires {
        let message = "Your Authorization Token has expired. Please run 'aws ecr get-login-password' to fetch a new one.";
        return Err(ApiError::new("ExpiredTokenException", message).status(401));
    }
    // A key that was used to get it has to be of use still.
    if session.access_key.starts_with("AKIA") {
        let key = shared.iam.access_keys.get("", "", &session.access_key).await?;
        if !key.is_some_and(|key| key.value.active) {
            return Err(none());
        }
    }
    let is_long_term = session.access_key.starts_with("AKIA");
    let mut caller = shared
        .session_caller(std::sync::Arc::new(session))
        .await
        .map_err(|error| if error.code == crate::error::INTERNAL { error } else { none() })?;
    if is_long_term {
        // Of an access key there is no session, on which conditions could depend.
        caller.session = None;
    }
    Ok(caller)
}
