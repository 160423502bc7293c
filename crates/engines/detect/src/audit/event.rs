//! Audit events as the apiserver writes them.
//!
//! Source: Kubernetes v1.37, *kube-apiserver Audit Configuration (v1)*, `Event`; `audit.k8s.io/v1beta1`, which older logs have, has
//! the same members.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::field::{Field, Members, Text};
use crate::object::object;

/// A part of an event that is read when somebody asks for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Body<'a>(Option<&'a RawValue>);

impl<'a> Body<'a> {
    /// The JSON text.
    pub fn json(&self) -> Option<&'a str> {
        self.0.map(RawValue::get).filter(|json| *json != "null")
    }

    /// What it holds; `None` if it is not there or is another kind of value.
    pub fn read<T: crate::field::Read<'a>>(&self) -> Option<T> {
        crate::body::read(self.json()?)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Body<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| Self(Some(raw)))
    }
}

object! {
    /// One stage of one request.
    pub struct Event {
        /// `audit.k8s.io/v1`; some exports leave it out.
        "apiVersion" => api_version: Field<Text<'a>>,
        /// `Event`.
        "kind" => kind: Field<Text<'a>>,
        /// How much is recorded: `Metadata`, `Request`, `RequestResponse`.
        "level" => level: Field<Text<'a>>,
        /// The request's id, the same in all its stages.
        "auditID" => audit_id: Field<Text<'a>>,
        /// `RequestReceived`, `ResponseStarted`, `ResponseComplete` or `Panic`.
        "stage" => stage: Field<Text<'a>>,
        /// Path and query, as the client sent them.
        "requestURI" => request_uri: Field<Text<'a>>,
        /// Kubernetes' verb, or for what is no resource the HTTP method in lower case.
        "verb" => verb: Field<Text<'a>>,
        /// Who asked.
        "user" => user: Field<User<'a>>,
        /// In whose name, if in another's.
        "impersonatedUser" => impersonated_user: Field<User<'a>>,
        /// From where: the client first, proxies after it.
        "sourceIPs" => source_ips: Field<Vec<Text<'a>>>,
        /// What the client calls itself.
        "userAgent" => user_agent: Field<Text<'a>>,
        /// On what.
        "objectRef" => object_ref: Field<ObjectRef<'a>>,
        /// How it ended.
        "responseStatus" => response_status: Field<Status<'a>>,
        /// What was sent: of a patch the patch itself. From the level `Request` on.
        "requestObject" => request_object: Body<'a>,
        /// What was answered. At the level `RequestResponse`.
        "responseObject" => response_object: Body<'a>,
        /// When the request came.
        "requestReceivedTimestamp" => received: Field<Text<'a>>,
        /// When this stage was reached.
        "stageTimestamp" => reached: Field<Text<'a>>,
        /// What the apiserver's own steps say of it, as `authorization.k8s.io/decision`.
        "annotations" => annotations: Field<Members<'a, Text<'a>>>,
    }

    /// Somebody as the apiserver knows them.
    pub struct User {
        /// The user name.
        "username" => username: Field<Text<'a>>,
        /// The id, if the authenticator gives one.
        "uid" => uid: Field<Text<'a>>,
        /// The groups.
        "groups" => groups: Field<Vec<Text<'a>>>,
        /// What else the authenticator gives.
        "extra" => extra: Field<Members<'a, Vec<Text<'a>>>>,
    }

    /// What a request is about.
    pub struct ObjectRef {
        /// The resource, in the plural.
        "resource" => resource: Field<Text<'a>>,
        /// The namespace, of what is in one.
        "namespace" => namespace: Field<Text<'a>>,
        /// The name; not there in lists, nor where the server makes the name.
        "name" => name: Field<Text<'a>>,
        /// The object's id.
        "uid" => uid: Field<Text<'a>>,
        /// The API group, nothing for the core.
        "apiGroup" => api_group: Field<Text<'a>>,
        /// The version of the API.
        "apiVersion" => api_version: Field<Text<'a>>,
        /// A part of the resource: `exec`, `status`.
        "subresource" => subresource: Field<Text<'a>>,
    }

    /// How a request ended.
    pub struct Status {
        /// HTTP's status code.
        "code" => code: Field<i64>,
        /// `Success` or `Failure`.
        "status" => status: Field<Text<'a>>,
        /// Why not, in one word: `Forbidden`.
        "reason" => reason: Field<Text<'a>>,
        /// Why not, in words.
        "message" => message: Field<Text<'a>>,
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was carried out, or its connection was handed over.
    Succeeded,
    /// It was not let through.
    Denied,
    /// It was let through and failed.
    Failed,
    /// It was let through, and how it ended is not recorded.
    NotTold,
}

impl Event<'_> {
    /// What became of the request.
    ///
    /// An exec by WebSocket or SPDY ends with 101, "Switching Protocols": it was let in. A status is missing at the stage
    /// `RequestReceived`, and in lines that were cut.
    pub fn outcome(&self) -> Outcome {
        let decision = self.annotations.get().and_then(|all| all.get("authorization.k8s.io/decision"));
        let code = self.response_status.get().and_then(|status| status.code.get()).copied();
        match (code, decision.map(|decision| &**decision)) {
            (Some(101 | 200..=299), _) => Outcome::Succeeded,
            (Some(401 | 403), _) | (None, Some("forbid")) => Outcome::Denied,
            (Some(_), _) => Outcome::Failed,
            (None, _) => Outcome::NotTold,
        }
    }
}
