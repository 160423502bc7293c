//! The form of a record: CloudTrail's.

use ringwall_trail::{
    IdentityType, MAX_ADDITIONAL_BYTES, MAX_ELEMENTS_BYTES, MAX_TEXT_BYTES, Record, SessionAttributes,
    SessionContext, Trail, TrailError, UserIdentity,
};
use serde_json::{Value, json};

use crate::folder::{at, example, records};

/// Names, forms and order of every field.
#[test]
fn a_record_is_written_as_cloudtrail_writes_it() {
    let text = include_str!("../record.json");
    assert_eq!(serde_json::to_string_pretty(&example()).unwrap(), text.trim_end());
}

#[test]
fn what_may_be_absent_is_absent_and_what_is_null_is_null() {
    let record = Record {
        user_agent: None,
        error_code: None,
        error_message: None,
        request_parameters: None,
        additional_event_data: None,
        resources: Vec::new(),
        shared_event_id: None,
        tls_details: None,
        user_identity: UserIdentity::unknown(),
        ..example()
    };
    let written = serde_json::to_value(&record).unwrap();
    let names: Vec<&str> = written.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "eventVersion",
            "userIdentity",
            "eventTime",
            "eventSource",
            "eventName",
            "awsRegion",
            "sourceIPAddress",
            "userAgent",
            "requestParameters",
            "responseElements",
            "requestID",
            "eventID",
            "readOnly",
            "eventType",
            "managementEvent",
            "recipientAccountId",
            "eventCategory",
        ]
    );
    assert_eq!((&written["requestParameters"], &written["responseElements"]), (&Value::Null, &Value::Null));
    assert_eq!(serde_json::from_value::<Record>(written).unwrap(), record);
}

/// Fields of later versions are no reason not to read a record.
#[test]
fn unknown_fields_are_left_alone() {
    let mut value = serde_json::to_value(example()).unwrap();
    value["vpcEndpointId"] = "vpce-1".into();
    value["userIdentity"]["onBehalfOf"] = json!({ "userId": "a" });
    assert_eq!(serde_json::from_value::<Record>(value).unwrap(), example());
}

/// Source: AWS, *CloudTrail User Guide*, "CloudTrail userIdentity element", its examples.
#[test]
fn each_kind_of_caller_has_its_own_fields() {
    let session = SessionContext {
        session_issuer: None,
        web_id_federation_data: None,
        attributes: SessionAttributes { creation_date: at(1_795_766_400), mfa_authenticated: true },
        source_identity: None,
    };
    for (identity, expected) in [
        (
            UserIdentity::root("aws", "111122223333", Some("AKIAEXAMPLE")),
            json!({
                "type": "Root", "principalId": "111122223333", "arn": "arn:aws:iam::111122223333:root",
                "accountId": "111122223333", "accessKeyId": "AKIAEXAMPLE",
            }),
        ),
        (
            UserIdentity::iam_user(
                "AIDAEXAMPLE",
                "arn:aws:iam::111122223333:user/alice",
                "111122223333",
                "alice",
                "AKIAEXAMPLE",
            ),
            json!({
                "type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": "arn:aws:iam::111122223333:user/alice",
                "accountId": "111122223333", "accessKeyId": "AKIAEXAMPLE", "userName": "alice",
            }),
        ),
        (
            UserIdentity::assumed_role(
                "AROAEXAMPLE:one",
                "arn:aws:sts::111122223333:assumed-role/r/one",
                "111122223333",
                "ASIAEXAMPLE",
                session,
            ),
            json!({
                "type": "AssumedRole", "principalId": "AROAEXAMPLE:one",
                "arn": "arn:aws:sts::111122223333:assumed-role/r/one", "accountId": "111122223333",
                "accessKeyId": "ASIAEXAMPLE",
                "sessionContext": {
                    "attributes": { "creationDate": "2026-11-27T08:00:00Z", "mfaAuthenticated": "true" },
                },
            }),
        ),
        (
            UserIdentity::web_identity(
                "arn:aws:iam::111122223333:oidc-provider/oidc.example.com",
                "sts.amazonaws.com",
                "system:serviceaccount:shop:checkout",
            ),
            json!({
                "type": "WebIdentityUser",
                "principalId": "arn:aws:iam::111122223333:oidc-provider/oidc.example.com:sts.amazonaws.com:system:serviceaccount:shop:checkout",
                "userName": "system:serviceaccount:shop:checkout",
                "identityProvider": "arn:aws:iam::111122223333:oidc-provider/oidc.example.com",
            }),
        ),
        (
            UserIdentity::aws_account("AIDAEXAMPLE", "444455556666"),
            json!({ "type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": "444455556666" }),
        ),
        (
            UserIdentity::aws_service("eks.amazonaws.com"),
            json!({ "type": "AWSService", "invokedBy": "eks.amazonaws.com" }),
        ),
    ] {
        let written = serde_json::to_value(&identity).unwrap();
        assert_eq!(written, expected);
        assert_eq!(serde_json::from_value::<UserIdentity>(written).unwrap(), identity);
    }
    assert_eq!(UserIdentity::unknown().kind, IdentityType::Unknown);
}

/// What is written of a record, or why it is not.
async fn written(record: &Record) -> Result<Record, TrailError> {
    let folder = tempfile::tempdir().unwrap();
    let trail = Trail::open(folder.path()).unwrap();
    trail.append_durable(record).await?;
    let (_, mut records) = records(folder.path()).remove(0);
    Ok(records.remove(0))
}

#[tokio::test]
async fn fields_are_cut_to_cloudtrails_sizes() {
    // A string in JSON has two quotes.
    let text = |bytes: usize| Value::from("x".repeat(bytes - 2));
    let fits = Record {
        user_agent: Some("a".repeat(MAX_TEXT_BYTES)),
        error_code: Some("b".repeat(MAX_TEXT_BYTES)),
        error_message: Some("c".repeat(MAX_TEXT_BYTES)),
        request_parameters: Some(text(MAX_ELEMENTS_BYTES)),
        response_elements: Some(text(MAX_ELEMENTS_BYTES)),
        additional_event_data: Some(text(MAX_ADDITIONAL_BYTES)),
        ..example()
    };
    assert_eq!(written(&fits).await.unwrap(), fits);
    let longer = Record {
        // Cut between characters.
        user_agent: Some(format!("{}é", "a".repeat(MAX_TEXT_BYTES - 1))),
        error_code: Some("b".repeat(MAX_TEXT_BYTES + 1)),
        error_message: Some("c".repeat(1 << 20)),
        request_parameters: Some(text(MAX_ELEMENTS_BYTES + 1)),
        response_elements: Some(text(1 << 20)),
        additional_event_data: Some(text(MAX_ADDITIONAL_BYTES + 1)),
        ..example()
    };
    let omitted = Some(json!({ "omitted": true }));
    let expected = Record {
        user_agent: Some("a".repeat(MAX_TEXT_BYTES - 1)),
        request_parameters: omitted.clone(),
        response_elements: omitted.clone(),
        additional_event_data: omitted,
        ..fits
    };
    assert_eq!(written(&longer).await.unwrap(), expected);
}

#[tokio::test]
async fn what_can_not_be_a_record_is_refused() {
    let long = Record { event_name: "x".repeat(300 << 10), ..example() };
    assert!(matches!(written(&long).await, Err(TrailError::TooLong { .. })));
    for account in ["", "1", "11112222333", "1111222233334", "11112222333x", "../../../../x", "111122223333/"]
    {
        let record = Record { recipient_account_id: account.to_owned(), ..example() };
        assert!(matches!(written(&record).await, Err(TrailError::Account(_))), "{account}");
    }
    for region in ["", "..", "eu/central", "EU-CENTRAL-1", "eu central", "a\0b", &"a".repeat(33)] {
        let record = Record { aws_region: region.to_owned(), ..example() };
        assert!(matches!(written(&record).await, Err(TrailError::Region(_))), "{region}");
    }
}

/// A line is a record, whatever text is in it.
#[tokio::test]
async fn line_ends_in_text_stay_in_the_text() {
    let record = Record { user_agent: Some("a\nb\r\n\u{2028}\0{\"".to_owned()), ..example() };
    assert_eq!(written(&record).await.unwrap(), record);
}
