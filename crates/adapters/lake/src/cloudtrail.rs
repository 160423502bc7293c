//! Records of CloudTrail to rows.

use ringwall_detect::Field;
use ringwall_detect::cloudtrail::{Identity, Record};
use ringwall_model::time;
use serde_json::{Map, Value};

use crate::bodies;
use crate::event::{Common, activity, members, source, unmapped};
use crate::node::{Node, int, list, object, text};
use crate::row::{Class, Origin, Row};

/// Members of parameters and answers that are kept: whom and what a call is about. CloudTrail hides passwords itself, but not the
/// session tokens that STS gives.
const MEMBERS: [&str; 45] = [
    "accessConfig",
    "accessEntry",
    "accessKey",
    "accessKeyId",
    "accessScope",
    "alias",
    "arn",
    "assumedRoleId",
    "assumedRoleUser",
    "associatedAccessPolicy",
    "authenticationMode",
    "bucketName",
    "clusterLogging",
    "clusterName",
    "credentials",
    "durationSeconds",
    "enabled",
    "endpointPrivateAccess",
    "endpointPublicAccess",
    "expiration",
    "groupName",
    "instanceId",
    "key",
    "keyId",
    "kubernetesGroups",
    "logging",
    "name",
    "namespace",
    "namespaces",
    "policyArn",
    "policyName",
    "principalArn",
    "publicAccessCidrs",
    "resourcesVpcConfig",
    "role",
    "roleArn",
    "roleName",
    "roleSessionName",
    "secretId",
    "serviceAccount",
    "trailName",
    "type",
    "types",
    "userName",
    "username",
];

/// Parameters that say what a call is about, the most telling first.
const OBJECTS: [&str; 14] = [
    "principalArn",
    "roleArn",
    "roleName",
    "userName",
    "groupName",
    "policyArn",
    "secretId",
    "keyId",
    "bucketName",
    "clusterName",
    "instanceId",
    "trailName",
    "name",
    "key",
];

/// How names of actions begin that make, change, end and read. What begins otherwise is none of these.
const CREATE: [&str; 5] = ["Create", "Run", "Register", "Allocate", "Import"];
const READ: [&str; 8] = ["Get", "List", "Describe", "Head", "Lookup", "BatchGet", "Search", "Assume"];
const UPDATE: [&str; 15] = [
    "Update",
    "Put",
    "Modify",
    "Attach",
    "Associate",
    "Authorize",
    "Set",
    "Add",
    "Tag",
    "Untag",
    "Enable",
    "Change",
    "Reset",
    "Start",
    "Restore",
];
const DELETE: [&str; 12] = [
    "Delete",
    "Remove",
    "Deregister",
    "Terminate",
    "Detach",
    "Disassociate",
    "Revoke",
    "Disable",
    "Stop",
    "Release",
    "Schedule",
    "Cancel",
];

/// Deepest that parameters are looked into.
const MAX_DEPTH: usize = 6;

pub(crate) fn row(record: &Record<'_>, origin: &Origin) -> Row {
    let time = time::milliseconds(record.time.text()).unwrap_or(origin.now);
    let no_identity = Identity::default();
    let identity = record.identity.get().unwrap_or(&no_identity);
    let account = first([record.recipient.text(), identity.account.text(), &origin.account]);
    let region = first([record.region.text(), &origin.region]);
    let (service, name) = (record.source.text(), record.name.text());
    let who = first([
        identity.arn.text(),
        identity.user_name.text(),
        identity.principal_id.text(),
        identity.invoked_by.text(),
        "unknown",
    ]);
    let error = record.error_code.text();
    let outcome = match error {
        "" => "succeeded",
        error if is_denial(error) => "denied",
        _ => "failed",
    };
    let request = kept(record.request.json());
    let on_what = about(record, request.as_ref());
    let host = record.tls.get().map_or("", |tls| tls.host.text());
    let common = Common {
        activity: activity(number(name, record.read_only.is_set()), name),
        time,
        outcome,
        log_name: "CloudTrail",
        level: "",
        log_version: "",
        original_time: record.time.text(),
        id: record.id.text(),
        region,
        account,
    };
    let mut all = members([
        ("what", text(&format!("{}:{name}", service.trim_end_matches(".amazonaws.com")))),
        ("when_at", int(time)),
        ("who", text(who)),
        ("on_what", text(&on_what)),
        ("where_seen", text(&format!("cloudtrail/{account}"))),
        ("from_where", text(record.source_ip.text())),
        ("to_where", text(first([host, service]))),
        ("log", text("cloudtrail")),
        ("event_id", text(record.id.text())),
        ("verb", text(name)),
        ("api_group", text(service)),
        ("name", text(&on_what)),
        ("outcome", text(outcome)),
        ("user_agent", text(record.user_agent.text())),
    ]);
    all.extend(common.members());
    all.extend(details(record, identity, who, &on_what, request));
    Row::new(Class::Events, account, region, time, Some(Node::Object(all)))
}

fn details(
    record: &Record<'_>,
    identity: &Identity<'_>,
    who: &str,
    on_what: &str,
    request: Option<Value>,
) -> Vec<(std::borrow::Cow<'static, str>, Node)> {
    let error = record.error_code.text();
    let session = identity.session.get();
    let issuer = session.and_then(|session| session.issuer.get());
    let attributes = session.and_then(|session| session.attributes.get());
    let created = attributes.and_then(|attributes| time::milliseconds(attributes.created.text()));
    members([
        ("message", text(&format!("{who}: {} on {on_what}", record.name.text()))),
        ("status_code", text(error)),
        (
            "actor",
            object([
                (
                    "user",
                    object([
                        ("name", text(first([identity.user_name.text(), who]))),
                        ("uid", text(first([identity.principal_id.text(), identity.arn.text()]))),
                        ("type", text(identity.kind.text())),
                        ("credential_uid", text(identity.access_key.text())),
                        ("account", object([("uid", text(identity.account.text()))])),
                    ]),
                ),
                (
                    "session",
                    object([
                        ("credential_uid", text(identity.access_key.text())),
                        ("issuer", text(issuer.map_or("", |issuer| issuer.arn.text()))),
                        ("is_mfa", attributes.map(|attributes| Node::Truth(attributes.mfa.is_set()))),
                        ("created_time", created.and_then(int)),
                    ]),
                ),
                ("idp", object([("name", text(identity.provider.text()))])),
                ("invoked_by", text(identity.invoked_by.text())),
            ]),
        ),
        (
            "api",
            object([
                ("operation", text(first([record.name.text(), "unknown"]))),
                ("service", object([("name", text(record.source.text()))])),
                ("request", object([("uid", text(record.request_id.text()))])),
                ("response", object([("error", text(error))])),
            ]),
        ),
        ("src_endpoint", source(record.source_ip.text(), &[])),
        (
            "dst_endpoint",
            object([
                ("svc_name", text(record.source.text())),
                ("hostname", text(record.tls.get().map_or("", |tls| tls.host.text()))),
            ]),
        ),
        ("http_request", object([("user_agent", text(record.user_agent.text()))])),
        (
            "resources",
            list(record.resources.items().iter().map(|resource| {
                object([("name", text(resource.arn.text())), ("type", text(resource.kind.text()))])
            })),
        ),
        ("unmapped", unmapped(rest(record, request))),
    ])
}

fn rest(record: &Record<'_>, request: Option<Value>) -> Map<String, Value> {
    let mut all = Map::new();
    let texts = [
        ("eventType", &record.event_type),
        ("eventCategory", &record.category),
        ("sharedEventID", &record.shared_id),
        ("vpcEndpointId", &record.vpc_endpoint),
    ];
    for (name, value) in texts {
        if let Some(value) = Field::get(value) {
            all.insert(name.to_owned(), Value::from(&**value));
        }
    }
    for (name, value) in [("requestParameters", request), ("responseElements", kept(record.response.json()))]
    {
        if let Some(value) = value {
            all.insert(name.to_owned(), value);
        }
    }
    all
}

fn first<const N: usize>(texts: [&str; N]) -> &str {
    texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}

fn kept(json: Option<&str>) -> Option<Value> {
    let json = json.filter(|json| json.len() <= crate::limits::MAX_BODY)?;
    bodies::pick(serde_json::from_str(json).ok()?, &MEMBERS, MAX_DEPTH).filter(bodies::fits)
}

/// What a call is about: the first resource that the record names, else the most telling parameter.
fn about(record: &Record<'_>, request: Option<&Value>) -> String {
    let named =
        record.resources.items().iter().map(|resource| resource.arn.text()).find(|arn| !arn.is_empty());
    let asked = || OBJECTS.iter().find_map(|name| request?.get(name)?.as_str());
    named.or_else(asked).unwrap_or_default().to_owned()
}

/// Source: AWS, *CloudTrail User Guide*, "CloudTrail record contents", `errorCode`; EC2 has a code of its own.
fn is_denial(error: &str) -> bool {
    error.contains("AccessDenied")
        || error.ends_with("UnauthorizedOperation")
        || error.contains("NotAuthorized")
}

fn number(name: &str, is_read: bool) -> i64 {
    let begins = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    if begins(&CREATE) {
        1
    } else if begins(&DELETE) {
        4
    } else if begins(&UPDATE) {
        3
    } else if is_read || begins(&READ) {
        2
    } else {
        99
    }
}
