//! What AWS's models say of services, operations and shapes.

mod load;

use std::collections::HashMap;
use std::fmt;
use std::sync::{LazyLock, OnceLock};

use regex::Regex;

/// The services, each with its data; read when it is first asked for.
static SERVICES: [(&str, LazyLock<Option<&'static Service>>); 9] = [
    ("ec2", LazyLock::new(|| load::load(include_str!("../../data/ec2.json")).ok())),
    ("ecr", LazyLock::new(|| load::load(include_str!("../../data/ecr.json")).ok())),
    ("eks", LazyLock::new(|| load::load(include_str!("../../data/eks.json")).ok())),
    ("eks-auth", LazyLock::new(|| load::load(include_str!("../../data/eks-auth.json")).ok())),
    ("iam", LazyLock::new(|| load::load(include_str!("../../data/iam.json")).ok())),
    ("kms", LazyLock::new(|| load::load(include_str!("../../data/kms.json")).ok())),
    ("secretsmanager", LazyLock::new(|| load::load(include_str!("../../data/secretsmanager.json")).ok())),
    ("ssm", LazyLock::new(|| load::load(include_str!("../../data/ssm.json")).ok())),
    ("sts", LazyLock::new(|| load::load(include_str!("../../data/sts.json")).ok())),
];

/// The service of a name as it stands in a signature's scope: `kms`, `eks-auth`.
#[must_use]
pub fn service(name: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|(other, _)| *other == name).and_then(|(_, service)| **service)
}

/// Every service.
pub fn services() -> impl Iterator<Item = &'static Service> {
    SERVICES.iter().filter_map(|(_, service)| **service)
}

/// How a service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Parameters as a form, answers in XML.
    Query,
    /// EC2's own kind of [`Protocol::Query`].
    Ec2,
    /// JSON, the operation in a header.
    Json,
    /// JSON, the operation in method and path.
    RestJson,
}

/// A service.
pub struct Service {
    pub(crate) name: &'static str,
    signing_name: &'static str,
    pub(crate) api_version: &'static str,
    pub(crate) protocol: Protocol,
    /// What `X-Amz-Target` begins with, before the dot.
    pub(crate) target_prefix: Option<&'static str>,
    pub(crate) json_version: &'static str,
    pub(crate) xml_namespace: Option<&'static str>,
    /// Set once, right after the service is there for them to point to.
    operations: OnceLock<HashMap<&'static str, Operation>>,
    /// The shapes of errors by their codes.
    pub(crate) errors: HashMap<&'static str, (&'static Shape, u16)>,
}

impl Service {
    /// Its name in signatures and ARNs' policies, such as `kms`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What the scope of a signature has to name.
    #[must_use]
    pub fn signing_name(&self) -> &'static str {
        self.signing_name
    }

    /// The version of its API, a date.
    #[must_use]
    pub fn api_version(&self) -> &'static str {
        self.api_version
    }

    /// How it speaks.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The operation of a name, which is compared with case.
    #[must_use]
    pub fn operation(&'static self, name: &str) -> Option<&'static Operation> {
        self.operations.get()?.get(name)
    }

    /// Every operation that the model data has, in no order.
    pub fn operations(&'static self) -> impl Iterator<Item = &'static Operation> {
        self.operations.get().into_iter().flat_map(HashMap::values)
    }
}

/// An operation of a service.
pub struct Operation {
    name: &'static str,
    service: &'static Service,
    pub(crate) method: &'static str,
    /// The parts of the path, for REST-JSON.
    pub(crate) path: Vec<Segment>,
    /// HTTP status of an answer that is no error.
    pub(crate) status: u16,
    pub(crate) input: Option<&'static Shape>,
    pub(crate) output: Option<&'static Shape>,
    /// The element around an output in XML.
    pub(crate) result_wrapper: Option<&'static str>,
    is_unsigned: bool,
}

/// By name: a service and its operations know each other, so that all of one would never end.
impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Service").field(&self.name).finish()
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Operation").field(&self.service.name).field(&self.name).finish()
    }
}

/// A part of a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(&'static str),
    /// The wire name of the member that stands there.
    Label(&'static str),
}

impl Operation {
    /// Its name, such as `CreateKey`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The service that it belongs to.
    #[must_use]
    pub fn service(&self) -> &'static Service {
        self.service
    }

    /// Whether AWS takes it without a signature.
    #[must_use]
    pub fn is_unsigned(&self) -> bool {
        self.is_unsigned
    }

    /// The member of the input that makes a repeated request the same request, if it has one.
    #[must_use]
    pub fn idempotency_token(&self) -> Option<&'static str> {
        let members = self.input?.kind.members();
        members.iter().find(|member| member.is_idempotency_token).map(|member| member.name)
    }
}

/// A type of values with its constraints.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) kind: Kind,
    /// Characters of a string, bytes of a blob, elements of a list, entries of a map, or the value of a number.
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
    pub(crate) pattern: Option<Pattern>,
    pub(crate) values: Vec<&'static str>,
    pub(crate) is_sensitive: bool,
    /// It or something inside it is sensitive, so that no message may show a value of it.
    pub(crate) hides: bool,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Structure {
        members: Vec<Member>,
        /// Exactly one member is set.
        is_union: bool,
    },
    List {
        element: &'static Shape,
        /// The element's name in XML, and in the names of Query parameters.
        name: &'static str,
    },
    Map {
        key: &'static Shape,
        value: &'static Shape,
    },
    String,
    Integer,
    Long,
    /// A number with a fraction; answers alone have them.
    Double,
    Boolean,
    Blob,
    Timestamp,
}

impl Kind {
    pub(crate) fn members(&self) -> &[Member] {
        match self {
            Self::Structure { members, .. } => members,
            _ => &[],
        }
    }
}

/// A member of a structure.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    /// Its name in a request.
    pub(crate) request_name: String,
    /// Its name in an answer.
    pub(crate) answer_name: &'static str,
    pub(crate) place: Place,
    pub(crate) shape: &'static Shape,
    pub(crate) is_required: bool,
    is_idempotency_token: bool,
}

/// Where a member stands in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Body,
    Path,
    QueryString,
}

/// A regular expression that a whole text has to match.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// As the model has it, for messages.
    pub(crate) shown: String,
    rust: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Whether the whole text matches. One that cannot be compiled matches nothing; the tests compile all.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| Regex::new(&format!(r"\A(?:{})\z", self.rust)).ok());
        compiled.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

#[cfg(test)]
mod tests;
