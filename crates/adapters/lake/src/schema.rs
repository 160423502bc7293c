//! The columns of each class.
//!
//! Source: the Open Cybersecurity Schema Framework 1.5.0, `api_activity`, `detection_finding` and the objects that they hold; of
//! these what audit logs, CloudTrail and findings can fill. Beside them each row has the columns of [`NAMED_COLUMNS`].

use std::sync::{Arc, LazyLock};

use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};

use crate::row::Class;

/// The version of OCSF.
pub(crate) const VERSION: &str = "1.5.0";

/// The seven questions about an event, each a column of its own: what, when, who, on what, where observed, from where, to where.
/// None of them is a keyword of SQL.
pub const NAMED_COLUMNS: [&str; 7] =
    ["what", "when_at", "who", "on_what", "where_seen", "from_where", "to_where"];

/// The schema of a class's files, without region, account and day, which are parts of their paths.
pub fn schema(class: Class) -> &'static Arc<Schema> {
    static EVENTS: LazyLock<Arc<Schema>> = LazyLock::new(|| Arc::new(Schema::new(events())));
    static FINDINGS: LazyLock<Arc<Schema>> = LazyLock::new(|| Arc::new(Schema::new(findings())));
    match class {
        Class::Events => &EVENTS,
        Class::Findings => &FINDINGS,
    }
}

fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, true)
}

fn texts<const N: usize>(names: [&str; N]) -> Vec<Field> {
    names.into_iter().map(text).collect()
}

fn int(name: &str) -> Field {
    Field::new(name, DataType::Int32, true)
}

fn long(name: &str) -> Field {
    Field::new(name, DataType::Int64, true)
}

fn truth(name: &str) -> Field {
    Field::new(name, DataType::Boolean, true)
}

fn object(name: &str, fields: Vec<Field>) -> Field {
    Field::new(name, DataType::Struct(fields.into()), true)
}

/// Named `element`, as Parquet's specification and Spark name it.
fn list(name: &str, item: DataType) -> Field {
    Field::new(name, DataType::List(Arc::new(Field::new("element", item, true))), true)
}

fn objects(name: &str, fields: Vec<Field>) -> Field {
    list(name, DataType::Struct(Fields::from(fields)))
}

fn named() -> Vec<Field> {
    let when = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    NAMED_COLUMNS
        .into_iter()
        .map(|name| if name == "when_at" { Field::new(name, when.clone(), false) } else { text(name) })
        .collect()
}

/// What all classes have.
fn base() -> Vec<Field> {
    vec![
        int("activity_id"),
        text("activity_name"),
        int("category_uid"),
        text("category_name"),
        int("class_uid"),
        text("class_name"),
        long("type_uid"),
        text("type_name"),
        long("time"),
        int("severity_id"),
        text("severity"),
        int("status_id"),
        text("status"),
        text("message"),
        object(
            "metadata",
            vec![
                text("version"),
                text("uid"),
                text("log_name"),
                text("log_level"),
                text("log_version"),
                text("original_time"),
                truth("is_truncated"),
                object("product", texts(["name", "vendor_name"])),
                list("profiles", DataType::Utf8),
            ],
        ),
        object(
            "cloud",
            vec![
                text("provider"),
                text("region"),
                text("cloud_partition"),
                object("account", texts(["uid"])),
            ],
        ),
    ]
}

fn user() -> Field {
    object(
        "user",
        vec![
            text("name"),
            text("uid"),
            text("type"),
            text("credential_uid"),
            object("account", texts(["uid"])),
            objects("groups", texts(["name"])),
        ],
    )
}

fn actor() -> Field {
    object(
        "actor",
        vec![
            user(),
            object(
                "session",
                vec![
                    text("uid"),
                    text("credential_uid"),
                    text("issuer"),
                    truth("is_mfa"),
                    long("created_time"),
                ],
            ),
            object("idp", texts(["name"])),
            text("invoked_by"),
        ],
    )
}

fn api() -> Field {
    object(
        "api",
        vec![
            text("operation"),
            text("version"),
            object("group", texts(["name"])),
            object("service", texts(["name"])),
            object("request", texts(["uid"])),
            object("response", vec![int("code"), text("error"), text("error_message"), text("message")]),
        ],
    )
}

fn source() -> Field {
    let mut fields = texts(["ip", "name", "svc_name"]);
    fields.push(list("intermediate_ips", DataType::Utf8));
    object("src_endpoint", fields)
}

fn events() -> Vec<Field> {
    let mut fields = named();
    fields.extend(texts([
        "log",
        "event_id",
        "stage",
        "verb",
        "api_group",
        "resource",
        "subresource",
        "namespace",
        "name",
        "outcome",
        "as_whom",
        "user_agent",
        "cluster",
    ]));
    fields.push(int("response_code"));
    fields.extend(base());
    fields.extend([
        text("status_code"),
        text("status_detail"),
        actor(),
        api(),
        source(),
        object("dst_endpoint", texts(["hostname", "svc_name"])),
        object("http_request", vec![text("user_agent"), object("url", texts(["path", "query_string"]))]),
        objects("resources", texts(["name", "namespace", "type", "uid"])),
        text("unmapped"),
    ]);
    fields
}

fn findings() -> Vec<Field> {
    let mut fields = named();
    fields.extend(texts(["log", "finding_id", "revision", "cluster"]));
    fields.extend(base());
    fields.extend([
        long("start_time"),
        long("end_time"),
        int("count"),
        truth("is_alert"),
        object(
            "finding_info",
            vec![
                text("uid"),
                text("title"),
                text("desc"),
                list("types", DataType::Utf8),
                long("created_time"),
                long("modified_time"),
                long("first_seen_time"),
                long("last_seen_time"),
                list("data_sources", DataType::Utf8),
                object("analytic", vec![int("type_id"), text("type"), text("name")]),
            ],
        ),
        objects(
            "evidences",
            vec![actor(), api(), source(), object("data", vec![text("file"), long("line")])],
        ),
        objects("resources", texts(["type", "name", "uid", "region", "namespace"])),
        objects("observables", vec![int("type_id"), text("name"), text("value")]),
        object("remediation", texts(["desc"])),
        text("unmapped"),
    ]);
    fields
}
