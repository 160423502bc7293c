//! Requests, short enough to stand in a table.

use std::borrow::Cow;

use ringwall_protocol::{Operation, RequestHead, WireError, read, route, service};
use serde_json::Value;

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const JSON: &str = "application/x-amz-json-1.1";

/// A request before it is taken apart.
#[derive(Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) signed_for: Option<&'static str>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A form as clients post it.
    pub(crate) fn form(body: &str) -> Self {
        let headers = vec![("content-type", format!("{FORM}; charset=utf-8"))];
        Self { method: "POST", headers, body: body.into(), ..Self::default() }
    }

    /// A form for an operation of IAM.
    pub(crate) fn iam(action: &str, rest: &str) -> Self {
        Self::form(&format!("Action={action}&Version=2010-05-08{rest}"))
    }

    /// A form for an operation of EC2.
    pub(crate) fn ec2(action: &str, rest: &str) -> Self {
        Self::form(&format!("Action={action}&Version=2016-11-15{rest}"))
    }

    /// JSON 1.1.
    pub(crate) fn json(target: &str, body: &str) -> Self {
        let headers = vec![("content-type", JSON.to_owned()), ("x-amz-target", target.to_owned())];
        Self { method: "POST", headers, body: body.into(), ..Self::default() }
    }

    /// REST-JSON, the path already taken apart.
    pub(crate) fn rest(method: &'static str, segments: &[&str], body: &str) -> Self {
        let segments = segments.iter().map(|part| (*part).to_owned()).collect();
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { method, segments, headers, body: body.into(), ..Self::default() }
    }

    pub(crate) fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        self.query.extend(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self
    }

    /// With another media type.
    pub(crate) fn typed(mut self, media_type: &str) -> Self {
        self.headers.retain(|(name, _)| *name != "content-type");
        self.headers.push(("content-type", media_type.to_owned()));
        self
    }

    pub(crate) fn signed_for(mut self, service: &'static str) -> Self {
        self.signed_for = Some(service);
        self
    }

    fn with_head<T>(&self, f: impl FnOnce(&RequestHead<'_>) -> T) -> T {
        let segments: Vec<Cow<'_, str>> = self.segments.iter().map(|part| part.as_str().into()).collect();
        let query: Vec<(Cow<'_, str>, Cow<'_, str>)> =
            self.query.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect();
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        f(&RequestHead {
            method: self.method,
            segments: &segments,
            query: &query,
            headers: &headers,
            signed_for: self.signed_for,
        })
    }

    pub(crate) fn route(&self) -> Result<&'static Operation, WireError> {
        self.with_head(|head| route(head, &self.body))
    }

    pub(crate) fn read(&self) -> Result<Value, WireError> {
        self.with_head(|head| read(route(head, &self.body)?, head, &self.body))
    }

    /// The error's code and message; the request has to be refused.
    pub(crate) fn refusal(&self) -> (&'static str, String) {
        let error = self.read().unwrap_err();
        (error.code, error.message)
    }
}

pub(crate) fn operation(of: &str, name: &str) -> &'static Operation {
    service(of).unwrap().operation(name).unwrap()
}
