use std::fmt;
use std::sync::Arc;

use kube::Resource;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::KubeError;

/// What is left as it is in a segment of a path or a value of a query: unreserved characters (RFC 3986), and `:`, which
/// names of roles have.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');

/// Longest name of an object or namespace. Source: Kubernetes, *Object Names and IDs*: 253 characters.
const MAX_NAME_BYTES: usize = 253;

/// A resource of the API.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind {
    /// Its group; empty for core.
    pub group: String,
    /// A version of it that is served.
    pub version: String,
    /// The name in paths, such as `serviceaccounts`.
    pub plural: String,
}

impl Kind {
    /// A resource by its parts.
    pub fn new(group: &str, version: &str, plural: &str) -> Self {
        Self { group: group.to_owned(), version: version.to_owned(), plural: plural.to_owned() }
    }

    /// That of a type.
    pub fn of<T: Resource<DynamicType = ()>>() -> Self {
        Self::new(&T::group(&()), &T::version(&()), &T::plural(&()))
    }

    /// The path of its objects, in a namespace or in all.
    pub(crate) fn path(&self, namespace: Option<&str>) -> Result<String, KubeError> {
        let Self { group, version, plural } = self;
        let mut path = if group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", escape(group)) };
        path.push('/');
        path.push_str(&escape(version));
        if let Some(namespace) = namespace {
            path.push_str("/namespaces/");
            path.push_str(&segment(namespace)?);
        }
        path.push('/');
        path.push_str(&escape(plural));
        Ok(path)
    }

    /// The path of one object.
    pub(crate) fn object_path(&self, namespace: Option<&str>, name: &str) -> Result<String, KubeError> {
        Ok(format!("{}/{}", self.path(namespace)?, segment(name)?))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.plural)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        Ok(())
    }
}

/// Namespace and name of an object; the namespace is empty where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Its namespace, or nothing.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

impl Key {
    /// A key of its parts.
    pub fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            f.write_str(&self.name)
        } else {
            write!(f, "{}/{}", self.namespace, self.name)
        }
    }
}

/// A path of parameters that have a value.
pub(crate) fn with_query(path: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let mut text = path.to_owned();
    let mut separator = '?';
    for (name, value) in parameters {
        if let Some(value) = value {
            text.push(separator);
            text.push_str(name);
            text.push('=');
            text.push_str(&escape(value));
            separator = '&';
        }
    }
    text
}

/// A name as a segment of a path. Source: Kubernetes, *Object Names and IDs*, path segment names: not `.` or `..`, without
/// `/` and `%`; nor is any name empty or longer than 253 characters.
fn segment(name: &str) -> Result<String, KubeError> {
    let refused = name.is_empty() || name == "." || name == ".." || name.len() > MAX_NAME_BYTES;
    if refused || name.contains(['/', '%']) {
        return Err(KubeError::Name(crate::error::cut(name)));
    }
    Ok(escape(name))
}

fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_api() {
        let mappings = Kind::new("iamauthenticator.k8s.aws", "v1alpha1", "iamidentitymappings");
        assert_eq!(
            mappings.path(None).unwrap(),
            "/apis/iamauthenticator.k8s.aws/v1alpha1/iamidentitymappings"
        );
        let secrets = Kind::of::<k8s_openapi::api::core::v1::Secret>();
        assert_eq!(secrets.object_path(Some("shop"), "db").unwrap(), "/api/v1/namespaces/shop/secrets/db");
    }

    #[test]
    fn a_name_stays_in_its_segment() {
        let secrets = Kind::new("", "v1", "secrets");
        for name in ["", ".", "..", "a/b", "a%2fb", &"a".repeat(254)] {
            assert!(matches!(secrets.object_path(Some("shop"), name), Err(KubeError::Name(_))), "{name}");
            assert!(matches!(secrets.object_path(Some(name), "db"), Err(KubeError::Name(_))), "{name}");
        }
        let odd = secrets.object_path(Some("shop"), "a?b#c d").unwrap();
        assert_eq!(odd, "/api/v1/namespaces/shop/secrets/a%3Fb%23c%20d");
        let role = Kind::new("rbac.authorization.k8s.io", "v1", "clusterroles");
        assert!(role.object_path(None, "system:node").unwrap().ends_with("/clusterroles/system:node"));
    }

    #[test]
    fn a_query_has_what_is_given() {
        let query =
            with_query("/a", &[("limit", Some("5")), ("continue", None), ("labelSelector", Some("a=b,c"))]);
        assert_eq!(query, "/a?limit=5&labelSelector=a%3Db%2Cc");
    }
}
