//! Audit events to rows.

use std::borrow::Cow;

use ringwall_detect::audit::{Event, ObjectRef, Outcome, User};
use ringwall_detect::{Field, Text};
use ringwall_model::time;
use serde_json::{Map, Value, json};

use crate::bodies;
use crate::node::{Node, int, list, object, text};
use crate::row::{Class, Origin, Row};
use crate::schema::VERSION;

/// API Activity's number, that of its category, and its name.
pub(crate) const CLASS: i64 = 6003;

/// Annotations of admission webhooks that hold patches of objects: what a Secret's patch sets is in them.
/// Source: Kubernetes, *Audit Annotations*, `patch.webhook.admission.k8s.io/round_0_index_0`.
const PATCHES: &str = "patch.webhook.admission.k8s.io/";

/// Resources that hold what is secret: of requests for them not even messages are kept, which repeat values that are refused.
const SECRET: [&str; 3] = ["configmaps", "secrets", "serviceaccounts"];

/// Subresources at which a connection goes on to the object itself.
const PASSED_ON: [&str; 4] = ["attach", "exec", "portforward", "proxy"];

/// An activity of API Activity, by its number, with its name; of others the name is the call's.
pub(crate) fn activity(number: i64, name: &str) -> (i64, &str) {
    match number {
        1 => (1, "Create"),
        2 => (2, "Read"),
        3 => (3, "Update"),
        4 => (4, "Delete"),
        _ => (99, name),
    }
}

/// What the parts of the class say that every row has.
pub(crate) struct Common<'c> {
    pub(crate) activity: (i64, &'c str),
    pub(crate) time: i64,
    pub(crate) outcome: &'c str,
    pub(crate) log_name: &'c str,
    pub(crate) level: &'c str,
    pub(crate) log_version: &'c str,
    pub(crate) original_time: &'c str,
    pub(crate) id: &'c str,
    pub(crate) region: &'c str,
    pub(crate) account: &'c str,
}

impl Common<'_> {
    /// Its members, before those of the log that it is of.
    pub(crate) fn members(&self) -> Vec<(Cow<'static, str>, Node)> {
        let (number, name) = self.activity;
        let (status_id, status) = match self.outcome {
            "succeeded" => (1, "Success"),
            "denied" | "failed" => (2, "Failure"),
            _ => (0, "Unknown"),
        };
        let product = object([("name", text("Ringwall")), ("vendor_name", text("Ringwall"))]);
        members([
            ("activity_id", int(number)),
            ("activity_name", text(name)),
            ("category_uid", int(6)),
            ("category_name", text("Application Activity")),
            ("class_uid", int(CLASS)),
            ("class_name", text("API Activity")),
            ("type_uid", int(CLASS.saturating_mul(100).saturating_add(number))),
            ("type_name", text(&format!("API Activity: {}", if number == 99 { "Other" } else { name }))),
            ("time", int(self.time)),
            ("severity_id", int(1)),
            ("severity", text("Informational")),
            ("status_id", int(status_id)),
            ("status", text(status)),
            (
                "metadata",
                object([
                    ("version", text(VERSION)),
                    ("uid", text(self.id)),
                    ("log_name", text(self.log_name)),
                    ("log_level", text(self.level)),
                    ("log_version", text(self.log_version)),
                    ("original_time", text(self.original_time)),
                    ("product", product),
                    ("profiles", list(["cloud"].into_iter().map(text))),
                ]),
            ),
            (
                "cloud",
                object([
                    ("provider", text("AWS")),
                    ("region", text(self.region)),
                    ("account", object([("uid", text(self.account))])),
                ]),
            ),
        ])
    }
}

/// Members that there are.
pub(crate) fn members<const N: usize>(
    members: [(&'static str, Option<Node>); N],
) -> Vec<(Cow<'static, str>, Node)> {
    members.into_iter().filter_map(|(name, node)| Some((Cow::Borrowed(name), node?))).collect()
}

/// Where a call came from. OCSF demands that one of these be there.
pub(crate) fn source(address: &str, proxies: &[Text<'_>]) -> Option<Node> {
    let is_address = address.parse::<std::net::IpAddr>().is_ok();
    let name = if address.is_empty() { "unknown" } else { "" };
    object([
        ("ip", text(if is_address { address } else { "" })),
        ("svc_name", text(if is_address { "" } else { address })),
        ("name", text(name)),
        ("intermediate_ips", list(proxies.iter().map(|proxy| text(proxy)))),
    ])
}

/// JSON of what has no column; `None` if it is nothing, or more than is kept.
pub(crate) fn unmapped(members: Map<String, Value>) -> Option<Node> {
    let value = Value::Object(members.into_iter().filter(|(_, value)| !value.is_null()).collect());
    let is_empty = value.as_object().is_none_or(Map::is_empty);
    // Not cut as other texts are: it would be JSON no more.
    (!is_empty && bodies::fits(&value)).then(|| Node::Text(value.to_string()))
}

pub(crate) fn row(event: &Event<'_>, origin: &Origin) -> Option<Row> {
    if event.stage.text() == "RequestReceived" {
        return None;
    }
    let received = event.received.text();
    let time =
        [received, event.reached.text()].into_iter().find_map(time::milliseconds).unwrap_or(origin.now);
    let no_user = User::default();
    let no_object = ObjectRef::default();
    let user = event.user.get().unwrap_or(&no_user);
    let reference = event.object_ref.get().unwrap_or(&no_object);
    let (path, query) = event.request_uri.text().split_once('?').unwrap_or((event.request_uri.text(), ""));
    let outcome = match event.outcome() {
        Outcome::Succeeded => "succeeded",
        Outcome::Denied => "denied",
        Outcome::Failed => "failed",
        Outcome::NotTold => "unknown",
    };
    let names = Names { verb: event.verb.text(), reference, path, cluster: &origin.cluster };
    let common = Common {
        activity: activity(number(names.verb), names.verb),
        time,
        outcome,
        log_name: "kube-apiserver audit",
        level: event.level.text(),
        log_version: event.api_version.text(),
        original_time: received,
        id: event.audit_id.text(),
        region: &origin.region,
        account: &origin.account,
    };
    let mut all = names.members(event, user, time, outcome, &origin.cluster);
    all.extend(common.members());
    all.extend(details(event, user, &names, path, query));
    Some(Row::new(Class::Events, &origin.account, &origin.region, time, Some(Node::Object(all))))
}

/// The number of the activity that a verb is. An exec is a create, or by WebSocket a get: it is told by its subresource.
/// Source: OCSF, `api_activity`, `activity_id`; Kubernetes, *Authorization Overview*, "Request Verbs".
fn number(verb: &str) -> i64 {
    match verb {
        "create" | "post" => 1,
        "get" | "list" | "watch" | "head" | "options" => 2,
        "update" | "patch" | "put" => 3,
        "delete" | "deletecollection" => 4,
        _ => 99,
    }
}

/// What things are called.
struct Names<'n> {
    verb: &'n str,
    reference: &'n ObjectRef<'n>,
    path: &'n str,
    cluster: &'n str,
}

impl Names<'_> {
    /// `create pods/exec`, `patch deployments.apps`; of what is no resource `get /version`.
    fn what(&self) -> String {
        let resource = self.reference.resource.text();
        if resource.is_empty() {
            return format!("{} {}", self.verb, self.path);
        }
        let mut what = format!("{} {resource}", self.verb);
        for (mark, part) in [('.', &self.reference.api_group), ('/', &self.reference.subresource)] {
            if !part.text().is_empty() {
                what.push(mark);
                what.push_str(part.text());
            }
        }
        what
    }

    /// `shop/pods/checkout-1`, `nodes/a`, `secrets`.
    fn on_what(&self) -> String {
        let reference = self.reference;
        if reference.resource.text().is_empty() {
            return self.path.to_owned();
        }
        let parts = [&reference.namespace, &reference.resource, &reference.name];
        let parts: Vec<&str> = parts.into_iter().map(Field::text).filter(|part| !part.is_empty()).collect();
        parts.join("/")
    }

    fn is_passed_on(&self) -> bool {
        PASSED_ON.contains(&self.reference.subresource.text())
    }

    fn members(
        &self,
        event: &Event<'_>,
        user: &User<'_>,
        time: i64,
        outcome: &str,
        cluster: &str,
    ) -> Vec<(Cow<'static, str>, Node)> {
        let reference = self.reference;
        let to_where = match self.is_passed_on() {
            true => self.on_what(),
            false => format!("kube-apiserver/{}", self.cluster),
        };
        let impersonated = event.impersonated_user.get().map_or("", |user| user.username.text());
        let code = event.response_status.get().and_then(|status| status.code.get()).copied();
        members([
            ("what", text(&self.what())),
            ("when_at", int(time)),
            ("who", text(user.username.text())),
            ("on_what", text(&self.on_what())),
            ("where_seen", text(&format!("audit/{}", self.cluster))),
            ("from_where", text(event.source_ips.items().first().map_or("", |address| address))),
            ("to_where", text(&to_where)),
            ("log", text("audit")),
            ("event_id", text(event.audit_id.text())),
            ("stage", text(event.stage.text())),
            ("verb", text(self.verb)),
            ("api_group", text(reference.api_group.text())),
            ("resource", text(reference.resource.text())),
            ("subresource", text(reference.subresource.text())),
            ("namespace", text(reference.namespace.text())),
            ("name", text(reference.name.text())),
            ("outcome", text(outcome)),
            ("as_whom", text(impersonated)),
            ("user_agent", text(event.user_agent.text())),
            ("cluster", text(cluster)),
            ("response_code", code.and_then(int)),
        ])
    }
}

fn details(
    event: &Event<'_>,
    user: &User<'_>,
    names: &Names<'_>,
    path: &str,
    query: &str,
) -> Vec<(Cow<'static, str>, Node)> {
    let reference = names.reference;
    let status = event.response_status.get();
    let code = status.and_then(|status| status.code.get()).copied();
    let reason = status.map_or("", |status| status.reason.text());
    let is_secret = SECRET.contains(&reference.resource.text());
    let message = status.filter(|_| !is_secret).map_or("", |status| status.message.text());
    let proxies = event.source_ips.items().get(1..).unwrap_or_default();
    let query = bodies::query(query, reference.subresource.text() == "proxy");
    let who = match user.username.text() {
        "" => "unknown",
        name => name,
    };
    members([
        ("message", text(&format!("{who}: {} on {}", names.what(), names.on_what()))),
        ("status_code", code.and_then(|code| text(&code.to_string()))),
        ("status_detail", text(message)),
        (
            "actor",
            object([
                (
                    "user",
                    object([
                        ("name", text(who)),
                        ("uid", text(user.uid.text())),
                        (
                            "groups",
                            list(user.groups.items().iter().map(|name| object([("name", text(name))]))),
                        ),
                    ]),
                ),
                (
                    "session",
                    object([
                        ("uid", text(extra(user, "sessionName"))),
                        ("credential_uid", text(credential(user))),
                        ("issuer", text(extra(user, "arn"))),
                    ]),
                ),
            ]),
        ),
        (
            "api",
            object([
                ("operation", text(if names.verb.is_empty() { "unknown" } else { names.verb })),
                ("version", text(reference.api_version.text())),
                ("group", object([("name", text(reference.api_group.text()))])),
                ("service", object([("name", text("kube-apiserver"))])),
                ("request", object([("uid", text(event.audit_id.text()))])),
                (
                    "response",
                    object([
                        ("code", code.and_then(int)),
                        ("error", text(if code.is_some_and(|code| code >= 400) { reason } else { "" })),
                        ("message", text(message)),
                    ]),
                ),
            ]),
        ),
        ("src_endpoint", source(event.source_ips.items().first().map_or("", |address| address), proxies)),
        ("dst_endpoint", object([("svc_name", text("kube-apiserver")), ("hostname", text(names.cluster))])),
        (
            "http_request",
            object([
                ("user_agent", text(event.user_agent.text())),
                ("url", object([("path", text(path)), ("query_string", text(&query))])),
            ]),
        ),
        (
            "resources",
            list(
                [object([
                    ("name", text(reference.name.text())),
                    ("namespace", text(reference.namespace.text())),
                    ("type", text(&kind_of(reference))),
                    ("uid", text(reference.uid.text())),
                ])]
                .into_iter(),
            ),
        ),
        ("unmapped", unmapped(rest(event, user, reference))),
    ])
}

fn kind_of(reference: &ObjectRef<'_>) -> String {
    match (reference.resource.text(), reference.subresource.text()) {
        (resource, "") => resource.to_owned(),
        (resource, part) => format!("{resource}/{part}"),
    }
}

fn extra<'u>(user: &'u User<'_>, name: &str) -> &'u str {
    let values = user.extra.get().and_then(|extra| extra.get(name));
    values.and_then(|values| values.first()).map_or("", |value| value)
}

/// The access key by which an IAM principal came, else the token's id.
/// Source: aws-iam-authenticator, `accessKeyId`; Kubernetes, *Authenticating*, `authentication.kubernetes.io/credential-id`.
fn credential<'u>(user: &'u User<'_>) -> &'u str {
    match extra(user, "accessKeyId") {
        "" => extra(user, "authentication.kubernetes.io/credential-id"),
        key => key,
    }
}

fn rest(event: &Event<'_>, user: &User<'_>, reference: &ObjectRef<'_>) -> Map<String, Value> {
    let texts = |texts: &[Text<'_>]| Value::from(texts.iter().map(|text| &**text).collect::<Vec<&str>>());
    let extras = |user: &User<'_>| {
        let members = user.extra.get().into_iter().flat_map(|extra| extra.iter());
        let members: Map<String, Value> =
            members.map(|(name, values)| (name.to_owned(), texts(values))).collect();
        if members.is_empty() { Value::Null } else { Value::Object(members) }
    };
    let annotations = event.annotations.get().into_iter().flat_map(|all| all.iter());
    let annotations: Map<String, Value> = annotations
        .filter(|(name, _)| !name.starts_with(PATCHES))
        .map(|(name, value)| (name.to_owned(), Value::from(&**value)))
        .collect();
    let body = |json: Option<&str>| json.and_then(|json| bodies::kept(reference.resource.text(), json));
    let mut all = Map::new();
    let mut add = |name: &str, value: Value| {
        if !value.is_null() {
            all.insert(name.to_owned(), value);
        }
    };
    add("annotations", if annotations.is_empty() { Value::Null } else { Value::Object(annotations) });
    add("extra", extras(user));
    if let Some(other) = event.impersonated_user.get() {
        let groups = texts(other.groups.items());
        add(
            "impersonatedUser",
            json!({"username": other.username.text(), "groups": groups, "extra": extras(other)}),
        );
    }
    add("requestObject", body(event.request_object.json()).unwrap_or_default());
    // What was made of a request repeats it; what a review answers does not.
    if reference.resource.text().ends_with("reviews") {
        add("responseObject", body(event.response_object.json()).unwrap_or_default());
    }
    all
}
