//! CloudTrail records of calls.

use std::collections::BTreeMap;

use ringwall_trail::{
    EventCategory, EventTime, EventType, Record, Resource, SessionAttributes, SessionContext, SessionIssuer,
    TlsDetails, UserIdentity, WebIdFederationData,
};
use serde_json::{Map, Value, json};

use crate::call::{Call, Notes};
use crate::caller::{Caller, Identity};
use crate::error::{ApiError, Result};
use crate::id;

/// What a call asked and what came of it, with what must not be shown left out.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    /// Input by the model's names, redacted.
    pub(crate) input: Option<Value>,
    /// Answer by the model's names, redacted; left out for what only reads.
    pub(crate) answer: Option<Value>,
    /// Why there is no answer: code as the caller got it, and message.
    pub(crate) error: Option<(&'a str, &'a str)>,
}

/// The records of a call: one for the caller's account, and one for each other account that has a part in it.
///
/// Source: AWS, *CloudTrail User Guide*, "CloudTrail record contents"; *Sharing CloudTrail events across accounts*
/// (`sharedEventID`).
fn records(call: &Call<'_>, outcome: Outcome<'_>) -> Result<Vec<Record>> {
    let notes = call.take_notes();
    let origin = &*call.origin;
    let own = if call.account().is_empty() { None } else { Some(call.account().to_owned()) };
    let mut accounts: Vec<String> = own.into_iter().collect();
    for account in &notes.shared_with {
        if !accounts.contains(account) {
            accounts.push(account.clone());
        }
    }
    let shared = if accounts.len() > 1 { Some(id::uuid()?) } else { None };
    let time = EventTime::from_unix(call.seconds())
        .ok_or_else(|| ApiError::internal(&"the clock is outside of every calendar"))?;
    let source = call.via().unwrap_or_else(|| origin.address.to_string());
    let (error_code, error_message) = outcome.error.unzip();
    let mut records = Vec::with_capacity(accounts.len());
    for account in accounts {
        let caller = notes.subject.as_ref().map_or_else(|| call.caller(), |(subject, _)| subject);
        let mut identity = identity(caller)?;
        if account != call.account() && !call.account().is_empty() {
            // The owner of what was touched learns who did it, but not by which session.
            identity = UserIdentity::aws_account(&call.caller().user_id, call.account());
        }
        identity.invoked_by = identity.invoked_by.or_else(|| call.via());
        records.push(Record {
            event_version: ringwall_trail::EVENT_VERSION.to_owned(),
            user_identity: identity,
            event_time: time,
            event_source: format!("{}.amazonaws.com", origin.service),
            event_name: origin.operation.to_owned(),
            aws_region: if origin.service == "iam" { "us-east-1".to_owned() } else { origin.region.clone() },
            source_ip_address: source.clone(),
            user_agent: Some(call.via().unwrap_or_else(|| origin.user_agent.clone())),
            error_code: error_code.map(|code| recorded(origin.service, code)),
            error_message: error_message.map(str::to_owned),
            request_parameters: outcome.input.as_ref().map(lower_camel),
            response_elements: outcome.answer.as_ref().map(lower_camel),
            additional_event_data: additional(&notes),
            request_id: origin.request_id.clone(),
            event_id: id::uuid()?,
            read_only: is_read_only(origin.service, origin.operation),
            resources: notes
                .resources
                .iter()
                .map(|(arn, account, kind)| Resource {
                    account_id: Some(account.clone()),
                    kind: Some((*kind).to_owned()),
                    arn: Some(arn.clone()),
                })
                .collect(),
            event_type: EventType::AwsApiCall,
            management_event: true,
            recipient_account_id: account,
            shared_event_id: shared.clone(),
            event_category: EventCategory::Management,
            tls_details: origin.tls.as_ref().map(|(version, suite)| TlsDetails {
                tls_version: Some(version.clone()),
                cipher_suite: Some(suite.clone()),
                client_provided_host_header: Some(origin.host.clone()),
            }),
        });
    }
    Ok(records)
}

/// Writes the records of a call; if they are durable, they are on disk afterwards.
pub(crate) async fn write(call: &Call<'_>, outcome: Outcome<'_>, durable: bool) -> Result<()> {
    for record in records(call, outcome)? {
        let trail = &call.shared.trail;
        let written = if durable { trail.append_durable(&record).await } else { trail.append(&record).await };
        written.map_err(|error| ApiError::internal(&error))?;
    }
    Ok(())
}

/// An error's code as CloudTrail records it, which is not always the one that the caller got: a refusal by policy is
/// `AccessDenied` whatever the protocol calls it, and EC2's codes tell that it was the client's fault.
///
/// Source: AWS, *KMS Developer Guide*, "Logging AWS KMS API calls with AWS CloudTrail", examples; *EC2 API Reference*, "Error
/// codes" (`Client.UnauthorizedOperation`).
fn recorded(service: &str, code: &str) -> String {
    match (service, code) {
        ("ec2", code) => format!("Client.{code}"),
        (_, "AccessDeniedException") => "AccessDenied".to_owned(),
        (_, code) => code.to_owned(),
    }
}

/// Whether an operation changes nothing, as CloudTrail tells.
///
/// Source: AWS, *CloudTrail User Guide*, `readOnly`; *KMS Developer Guide*, "Logging AWS KMS API calls" (cryptographic
/// operations are read-only); *IAM User Guide*, "Logging IAM and AWS STS API calls" (so is assuming a role).
fn is_read_only(service: &str, operation: &str) -> bool {
    const READS: [&str; 7] = ["BatchCheck", "BatchGet", "Describe", "Get", "List", "Simulate", "Validate"];
    const CRYPTOGRAPHIC: [&str; 5] =
        ["Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateRandom"];
    READS.iter().any(|prefix| operation.starts_with(prefix))
        || operation.starts_with("AssumeRole")
        || (service == "kms" && CRYPTOGRAPHIC.contains(&operation))
}

/// Whether the answer waits until the record is on disk: what changes something, and what hands out credentials.
pub(crate) fn is_durable(service: &str, operation: &str) -> bool {
    !is_read_only(service, operation)
        || operation.starts_with("AssumeRole")
        || matches!((service, operation), ("sts", "GetSessionToken") | ("ecr", "GetAuthorizationToken"))
}

fn identity(caller: &Caller) -> Result<UserIdentity> {
    Ok(match &caller.identity {
        Identity::Root => UserIdentity {
            session_context: user_session(caller)?,
            ..UserIdentity::root("aws", &caller.account, Some(&caller.access_key))
        },
        Identity::User(name) => UserIdentity {
            session_context: user_session(caller)?,
            ..UserIdentity::iam_user(&caller.user_id, &caller.arn, &caller.account, name, &caller.access_key)
        },
        Identity::Session { role_arn, role_id, role } => {
            let session = caller.session.as_deref();
            let context = SessionContext {
                session_issuer: Some(SessionIssuer {
                    kind: "Role".to_owned(),
                    principal_id: role_id.to_string(),
                    arn: role_arn.to_string(),
                    account_id: caller.account.to_string(),
                    user_name: role.to_string(),
                }),
                web_id_federation_data: session
                    .and_then(|session| federation(session.provider.as_deref()?, session.subject.as_ref())),
                attributes: attributes(session.map(|session| session.issued).unwrap_or_default())?,
                source_identity: session.and_then(|session| session.source_identity.clone()),
            };
            UserIdentity::assumed_role(
                &caller.user_id,
                &caller.arn,
                &caller.account,
                &caller.access_key,
                context,
            )
        }
        Identity::Federated { provider, subject, audience } => {
            UserIdentity::web_identity(provider, audience, subject)
        }
        Identity::Service(name) => UserIdentity::aws_service(name),
        Identity::Nobody => UserIdentity::unknown(),
    })
}

/// The session of a user or of root by `GetSessionToken`.
fn user_session(caller: &Caller) -> Result<Option<SessionContext>> {
    let context = |issued| {
        Ok(SessionContext {
            session_issuer: None,
            web_id_federation_data: None,
            attributes: attributes(issued)?,
            source_identity: None,
        })
    };
    caller.session.as_ref().map(|session| context(session.issued)).transpose()
}

fn federation(provider: &str, subject: Option<&(String, String)>) -> Option<WebIdFederationData> {
    let (subject, audience) = subject?;
    let name = provider.split_once("oidc-provider/").map_or(provider, |(_, name)| name);
    let attributes = BTreeMap::from([
        (format!("{name}:aud"), Value::from(audience.as_str())),
        (format!("{name}:sub"), Value::from(subject.as_str())),
    ]);
    Some(WebIdFederationData { federated_provider: provider.to_owned(), attributes })
}

fn attributes(issued: i64) -> Result<SessionAttributes> {
    let creation_date = EventTime::from_unix(issued)
        .ok_or_else(|| ApiError::internal(&"a session began outside of every calendar"))?;
    Ok(SessionAttributes { creation_date, mfa_authenticated: false })
}

fn additional(notes: &Notes) -> Option<Value> {
    let mut members: Map<String, Value> =
        notes.additional.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    if let Some(denial) = &notes.denial {
        members.insert("decision".to_owned(), denial.clone());
    }
    (!members.is_empty()).then(|| json!(members))
}

/// Members whose values are maps of the caller's own keys, which are not names of the API.
const MAPS: [&str; 6] = [
    "DestinationEncryptionContext",
    "EncryptionContext",
    "EncryptionContextEquals",
    "EncryptionContextSubset",
    "SourceEncryptionContext",
    "tags",
];

/// An answer without session tokens and passwords of the registry, which AWS's models don't mark as sensitive: whoever reads the trail must not get half
/// of somebody's credentials.
pub(crate) fn without_tokens(mut answer: Value) -> Value {
    let credentials =
        answer.get_mut("Credentials").and_then(|credentials| credentials.get_mut("SessionToken"));
    if let Some(token) = credentials {
        *token = ringwall_protocol::HIDDEN.into();
    }
    let registries = answer.get_mut("authorizationData").and_then(Value::as_array_mut);
    for data in registries.into_iter().flatten() {
        if let Some(token) = data.get_mut("authorizationToken") {
            *token = ringwall_protocol::HIDDEN.into();
        }
    }
    answer
}

/// An input without the bytes of layers, which are no part of a record.
pub(crate) fn without_blobs(mut input: Value) -> Value {
    if let Some(members) = input.as_object_mut() {
        members.remove("layerPartBlob");
    }
    input
}

/// Members as CloudTrail names them: the first letter in lower case, at every depth.
fn lower_camel(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let lowered = members.iter().map(|(name, value)| {
                let is_map = MAPS.contains(&name.as_str()) && value.is_object();
                (lower_first(name), if is_map { value.clone() } else { lower_camel(value) })
            });
            Value::Object(lowered.collect())
        }
        Value::Array(items) => items.iter().map(lower_camel).collect(),
        other => other.clone(),
    }
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    // `ARN`, `URL`: what is written in capitals stays.
    if name.chars().nth(1).is_none_or(char::is_uppercase) {
        return name.to_owned();
    }
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_begin_in_lower_case() {
        let value = json!({ "RoleArn": "x", "Tags": [{ "Key": "a" }], "ARN": 1 });
        assert_eq!(lower_camel(&value), json!({ "roleArn": "x", "tags": [{ "key": "a" }], "ARN": 1 }));
        let value = json!({ "EncryptionContext": { "SecretARN": "x" } });
        assert_eq!(lower_camel(&value), json!({ "encryptionContext": { "SecretARN": "x" } }));
    }

    #[test]
    fn what_reads_is_told_from_what_writes() {
        for (service, operation) in [("kms", "Decrypt"), ("iam", "ListRoles"), ("sts", "AssumeRole")] {
            assert!(is_read_only(service, operation), "{operation}");
        }
        for (service, operation) in [("kms", "ReEncrypt"), ("iam", "CreateRole"), ("ssm", "PutParameter")] {
            assert!(!is_read_only(service, operation) && is_durable(service, operation), "{operation}");
        }
        assert!(is_durable("sts", "AssumeRole"));
        assert!(!is_durable("kms", "Decrypt"));
    }
}
