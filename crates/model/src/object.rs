use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::{Source, Tree};

/// A Kubernetes object's name in full.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// Group and version, as `apps/v1`; `v1` for the core group.
    pub api_version: Arc<str>,
    /// Kind, as `Deployment`.
    pub kind: Arc<str>,
    /// Namespace; `None` for what has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Arc<str>>,
    /// Name.
    pub name: Arc<str>,
}

impl ObjectRef {
    /// The API group: the part of `apiVersion` before the slash, empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Whether this is the given kind of the given API group, in any version.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        &*self.kind == kind && self.group() == group
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// A Kubernetes object as it was read, whatever its kind.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its name in full.
    pub reference: ObjectRef,
    /// The line at which its document, or its item in a list, begins.
    pub source: Source,
    /// Everything it says.
    pub tree: Tree,
}
