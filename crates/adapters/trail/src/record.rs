use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{EventTime, TrailError, UserIdentity};

/// The version of CloudTrail's record format that is written.
pub const EVENT_VERSION: &str = "1.11";

/// Most bytes of `userAgent`, `errorCode` and `errorMessage`; what is beyond is cut.
/// Source: AWS, *CloudTrail User Guide*, "CloudTrail record contents".
pub const MAX_TEXT_BYTES: usize = 1024;

/// Most bytes of `requestParameters` and of `responseElements` as JSON; more is left out.
/// Source: AWS, *CloudTrail User Guide*, "CloudTrail record contents".
pub const MAX_ELEMENTS_BYTES: usize = 100 * 1024;

/// Most bytes of `additionalEventData` as JSON; more is left out.
/// Source: AWS, *CloudTrail User Guide*, "CloudTrail record contents".
pub const MAX_ADDITIONAL_BYTES: usize = 28 * 1024;

/// Most bytes of a record: what CloudTrail allows an event.
/// Source: AWS, *CloudTrail User Guide*, "Quotas in AWS CloudTrail": event size 256 KB.
pub const MAX_RECORD_BYTES: usize = 256 * 1024;

/// One call, with CloudTrail's own field names, in the order in which CloudTrail writes them.
///
/// Secrets do not belong in here: the caller redacts `request_parameters` and `response_elements` first, as AWS does
/// (`HIDDEN_DUE_TO_SECURITY_REASONS`).
///
/// Source: AWS, *CloudTrail User Guide*, "CloudTrail record contents for management, data, and network activity
/// events".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// [`EVENT_VERSION`].
    pub event_version: String,
    /// Who called.
    pub user_identity: UserIdentity,
    /// When the call was completed.
    pub event_time: EventTime,
    /// The service, as `kms.amazonaws.com`.
    pub event_source: String,
    /// The operation, as `Decrypt`.
    pub event_name: String,
    /// The region that was called; `us-east-1` for global services.
    pub aws_region: String,
    /// Where the call came from: an address, or the name of an AWS service.
    #[serde(rename = "sourceIPAddress")]
    pub source_ip_address: String,
    /// The client's `User-Agent`.
    #[serde(default)]
    pub user_agent: Option<String>,
    /// The error's code, if the call was refused or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// The error's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// What was asked, redacted; `null` if nothing.
    #[serde(default)]
    pub request_parameters: Option<Value>,
    /// What a call that changes something answered, redacted; `null` for one that reads.
    #[serde(default)]
    pub response_elements: Option<Value>,
    /// What is not part of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_event_data: Option<Value>,
    /// The request's id, which the caller got too.
    #[serde(rename = "requestID")]
    pub request_id: String,
    /// A UUID: what is written twice is told by it.
    #[serde(rename = "eventID")]
    pub event_id: String,
    /// Whether the operation changes nothing.
    pub read_only: bool,
    /// What was touched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Resource>,
    /// What kind of event it is.
    pub event_type: EventType,
    /// Whether it is a management event.
    pub management_event: bool,
    /// The account that keeps the record: the one that owns what was touched.
    pub recipient_account_id: String,
    /// A UUID that records of one call in several accounts share.
    #[serde(rename = "sharedEventID", default, skip_serializing_if = "Option::is_none")]
    pub shared_event_id: Option<String>,
    /// Management or data.
    pub event_category: EventCategory,
    /// How the connection was secured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_details: Option<TlsDetails>,
}

/// Something that a call touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// The account that owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// Its type, as `AWS::KMS::Key`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its ARN.
    #[serde(rename = "ARN", default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
}

/// What kind of event it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EventType {
    /// A call of the API.
    AwsApiCall,
    /// Something that a service did by itself, as the rotation of a key.
    AwsServiceEvent,
}

/// Which kind of trail has the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EventCategory {
    /// Operations on resources; all that is served here.
    Management,
    /// Operations in resources, as reading an object.
    Data,
}

/// How the connection was secured. Source: AWS, *CloudTrail User Guide*, `tlsDetails`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsDetails {
    /// `TLSv1.2` or `TLSv1.3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_version: Option<String>,
    /// The suite's name, as `TLS_AES_128_GCM_SHA256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cipher_suite: Option<String>,
    /// The host that the client asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_provided_host_header: Option<String>,
}

impl Record {
    /// The record as one line with its line end, with the fields cut to CloudTrail's sizes.
    ///
    /// # Errors
    ///
    /// The account or region can't name a folder, or the record is too long even so.
    pub(crate) fn line(&self) -> Result<Vec<u8>, TrailError> {
        if self.recipient_account_id.len() != 12
            || !self.recipient_account_id.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Err(TrailError::Account(self.recipient_account_id.clone()));
        }
        if !is_region(&self.aws_region) {
            return Err(TrailError::Region(self.aws_region.clone()));
        }
        let mut line = if self.fits() { serde_json::to_vec(self) } else { serde_json::to_vec(&self.cut()) }
            .map_err(|error| TrailError::Form(error.into()))?;
        line.push(b'\n');
        if line.len() > MAX_RECORD_BYTES {
            return Err(TrailError::TooLong { bytes: line.len() });
        }
        Ok(line)
    }

    fn fits(&self) -> bool {
        let text = |text: &Option<String>| text.as_ref().is_none_or(|text| text.len() <= MAX_TEXT_BYTES);
        let value = |value: &Option<Value>, most| value.as_ref().is_none_or(|value| fits(value, most));
        text(&self.user_agent)
            && text(&self.error_code)
            && text(&self.error_message)
            && value(&self.request_parameters, MAX_ELEMENTS_BYTES)
            && value(&self.response_elements, MAX_ELEMENTS_BYTES)
            && value(&self.additional_event_data, MAX_ADDITIONAL_BYTES)
    }

    fn cut(&self) -> Self {
        let text = |text: &Option<String>| {
            let text = text.as_ref()?;
            Some(text.get(..text.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or_default().to_owned())
        };
        let value = |value: &Option<Value>, most| {
            let value = value.as_ref()?;
            Some(if fits(value, most) { value.clone() } else { json!({ "omitted": true }) })
        };
        Self {
            user_agent: text(&self.user_agent),
            error_code: text(&self.error_code),
            error_message: text(&self.error_message),
            request_parameters: value(&self.request_parameters, MAX_ELEMENTS_BYTES),
            response_elements: value(&self.response_elements, MAX_ELEMENTS_BYTES),
            additional_event_data: value(&self.additional_event_data, MAX_ADDITIONAL_BYTES),
            ..self.clone()
        }
    }
}

/// Region names become folder names: lower-case letters, digits and hyphens, as AWS's all are.
fn is_region(region: &str) -> bool {
    /// The longest today has 14 bytes (`ap-southeast-1`); room for what AWS may add.
    const MAX_REGION_BYTES: usize = 32;
    (1..=MAX_REGION_BYTES).contains(&region.len())
        && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Whether a value has at most so many bytes as JSON; counts without building the text.
fn fits(value: &Value, most: usize) -> bool {
    struct Budget(usize);
    impl std::io::Write for Budget {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    serde_json::to_writer(Budget(most), value).is_ok()
}
