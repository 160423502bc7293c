//! Of a model, what the served operations need, in the form of the data files.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use serde_json::Number;

use super::botocore::{self, Model, Reference};
use super::pattern;

/// The status of an error for which the model gives none. Source: Smithy, AWS JSON 1.1 protocol: 400 for a client's
/// error, 500 for a server's.
const CLIENT_ERROR: u16 = 400;
const SERVER_ERROR: u16 = 500;

/// One service, as the data file has it.
pub(super) struct Selected {
    pub(super) service: Service,
    pub(super) operations: BTreeMap<String, Operation>,
    pub(super) shapes: BTreeMap<String, Shape>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Service {
    name: String,
    signing_name: String,
    api_version: String,
    protocol: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    json_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    xml_namespace: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    method: String,
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result_wrapper: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    unsigned: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shape {
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<Vec<Member>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<Member>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Member>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Member>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<String>,
    /// The pattern in the syntax of Rust's `regex`, if that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    regex: Option<String>,
    #[serde(rename = "enum", skip_serializing_if = "Option::is_none")]
    values: Option<Vec<String>>,
    #[serde(skip_serializing_if = "is_false")]
    sensitive: bool,
    #[serde(skip_serializing_if = "is_false")]
    union: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Member {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    shape: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location_name: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    required: bool,
    #[serde(skip_serializing_if = "is_false")]
    idempotency_token: bool,
}

#[derive(Serialize)]
struct Error {
    code: String,
    status: u16,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes what it skips by reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// The facts of these operations and of every shape that they reach.
pub(super) fn select(model: &Model, name: &str, names: &[String]) -> Result<Selected> {
    let metadata = &model.metadata;
    ensure!(
        matches!(metadata.protocol.as_str(), "query" | "ec2" | "json" | "rest-json"),
        "`{}` is a protocol that `ringwall-protocol` does not speak",
        metadata.protocol
    );
    let service = Service {
        name: name.to_owned(),
        signing_name: metadata.signing_name.as_ref().unwrap_or(&metadata.endpoint_prefix).clone(),
        api_version: metadata.api_version.clone(),
        protocol: metadata.protocol.clone(),
        json_version: (metadata.protocol == "json").then(|| metadata.json_version.clone()).flatten(),
        target_prefix: metadata.target_prefix.clone(),
        xml_namespace: metadata.xml_namespace.clone(),
    };
    let mut selected = Selected { service, operations: BTreeMap::new(), shapes: BTreeMap::new() };
    for name in names {
        let raw = model.operations.get(name).with_context(|| format!("there is no operation `{name}`"))?;
        let operation: botocore::Operation =
            serde_json::from_value(raw.clone()).with_context(|| format!("the operation `{name}`"))?;
        selected.add_operation(model, name, operation)?;
    }
    Ok(selected)
}

impl Selected {
    fn add_operation(&mut self, model: &Model, name: &str, from: botocore::Operation) -> Result<()> {
        let unsigned = match from.authtype.as_deref() {
            None => false,
            Some("none") => true,
            Some(other) => bail!("`{name}` has the authentication `{other}`"),
        };
        let output = from.output.as_ref();
        let errors: Vec<String> = from.errors.iter().map(|error| error.shape.clone()).collect();
        let operation = Operation {
            method: from.http.method,
            uri: from.http.request_uri,
            status: from.http.response_code.filter(|status| *status != 200),
            input: from.input.map(|input| input.shape),
            output: output.map(|output| output.shape.clone()),
            result_wrapper: output.and_then(|output| output.result_wrapper.clone()),
            unsigned,
            errors,
        };
        let reached = operation.input.iter().chain(&operation.output).chain(&operation.errors);
        for shape in reached {
            self.add_shape(model, shape)?;
        }
        self.operations.insert(name.to_owned(), operation);
        Ok(())
    }

    fn add_shape(&mut self, model: &Model, name: &str) -> Result<()> {
        if self.shapes.contains_key(name) {
            return Ok(());
        }
        let raw = model.shapes.get(name).with_context(|| format!("there is no shape `{name}`"))?;
        let from: botocore::Shape =
            serde_json::from_value(raw.clone()).with_context(|| format!("the shape `{name}`"))?;
        let shape = shape(name, from).with_context(|| format!("the shape `{name}`"))?;
        let reached: Vec<String> = shape.references().map(|member| member.shape.clone()).collect();
        // Before what it reaches, which may be itself.
        self.shapes.insert(name.to_owned(), shape);
        reached.iter().try_for_each(|shape| self.add_shape(model, shape))
    }

    /// The data file: one operation, one shape a line.
    pub(super) fn text(&self, from: &str) -> Result<String> {
        let mut text = format!("{{\n\"from\": {},\n", serde_json::to_string(from)?);
        text += &format!("\"service\": {},\n", serde_json::to_string(&self.service)?);
        text += &format!("\"operations\": {{\n{}\n}},\n", lines(&self.operations)?);
        text += &format!("\"shapes\": {{\n{}\n}}\n}}\n", lines(&self.shapes)?);
        Ok(text)
    }
}

impl Shape {
    fn references(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().flatten().chain(&self.member).chain(&self.key).chain(&self.value)
    }
}

fn lines<T: Serialize>(items: &BTreeMap<String, T>) -> Result<String> {
    let lines: Vec<String> = items
        .iter()
        .map(|(name, item)| Ok(format!("{}: {}", serde_json::to_string(name)?, serde_json::to_string(item)?)))
        .collect::<Result<_>>()?;
    Ok(lines.join(",\n"))
}

fn shape(name: &str, from: botocore::Shape) -> Result<Shape> {
    let members = (from.kind == "structure")
        .then(|| {
            from.members
                .into_iter()
                .map(|(name, raw)| {
                    let reference: Reference =
                        serde_json::from_value(raw).with_context(|| format!("the member `{name}`"))?;
                    let required = from.required.contains(&name);
                    member(Some(name), reference, required)
                })
                .collect::<Result<Vec<_>>>()
        })
        .transpose()?;
    let element =
        |reference: Option<Reference>| reference.map(|reference| member(None, reference, false)).transpose();
    let regex = from.pattern.as_deref().map(pattern::to_rust).transpose()?;
    let is_error = from.exception || from.error.is_some();
    let default_status = if from.fault { SERVER_ERROR } else { CLIENT_ERROR };
    let (code, status) = from.error.map_or((None, None), |error| (error.code, error.http_status_code));
    Ok(Shape {
        members,
        member: element(from.member)?,
        key: element(from.key)?,
        value: element(from.value)?,
        min: from.min,
        max: from.max,
        regex: regex.filter(|regex| Some(regex) != from.pattern.as_ref()),
        pattern: from.pattern,
        values: from.values,
        sensitive: from.sensitive,
        union: from.union,
        error: is_error.then(|| Error {
            code: code.unwrap_or_else(|| name.to_owned()),
            status: status.unwrap_or(default_status),
        }),
        kind: from.kind,
    })
}

fn member(name: Option<String>, from: Reference, required: bool) -> Result<Member> {
    if let Some(location) = &from.location {
        ensure!(
            matches!(location.as_str(), "uri" | "querystring"),
            "`{location}` is a place that `ringwall-protocol` reads no member from"
        );
    }
    Ok(Member {
        location_name: from.location_name.filter(|location_name| Some(location_name) != name.as_ref()),
        name,
        shape: from.shape,
        location: from.location,
        required,
        idempotency_token: from.idempotency_token,
    })
}
