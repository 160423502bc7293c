use std::fmt;
use std::sync::Arc;

/// Prefix of every service account's user name.
const SERVICE_ACCOUNT_PREFIX: &str = "system:serviceaccount:";

/// Someone a binding can name, and someone an answer can name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A user by exact name.
    User(Arc<str>),
    /// Every member of a group.
    Group(Arc<str>),
    /// A service account.
    ServiceAccount {
        /// Its namespace.
        namespace: Arc<str>,
        /// Its name.
        name: Arc<str>,
    },
}

impl Subject {
    /// A user.
    pub fn user(name: &str) -> Self {
        Self::User(name.into())
    }

    /// A group.
    pub fn group(name: &str) -> Self {
        Self::Group(name.into())
    }

    /// A service account.
    pub fn service_account(namespace: &str, name: &str) -> Self {
        Self::ServiceAccount { namespace: namespace.into(), name: name.into() }
    }

    /// The user name that requests of this subject carry; `None` for a group.
    pub fn user_name(&self) -> Option<String> {
        match self {
            Self::User(name) => Some(name.to_string()),
            Self::Group(_) => None,
            Self::ServiceAccount { namespace, name } => {
                Some(format!("{SERVICE_ACCOUNT_PREFIX}{namespace}:{name}"))
            }
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "user {name}"),
            Self::Group(name) => write!(f, "group {name}"),
            Self::ServiceAccount { namespace, name } => write!(f, "serviceaccount {namespace}/{name}"),
        }
    }
}

/// A subject as a binding writes it, before the binding's namespace is applied.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BindingSubject {
    /// `User`, `Group` or `ServiceAccount`; anything else matches nobody.
    pub kind: Arc<str>,
    /// Name, byte for byte.
    pub name: Arc<str>,
    /// Namespace of a service account; may be left out in a RoleBinding.
    pub namespace: Option<Arc<str>>,
    /// Line at which the subject is written.
    pub line: u32,
}

/// Who asks: what the authenticator hands to the authorizer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct User {
    /// User name.
    pub name: String,
    /// Groups, no more than these.
    pub groups: Vec<String>,
}

impl User {
    /// A user with exactly these groups.
    pub fn new(name: impl Into<String>, groups: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { name: name.into(), groups: groups.into_iter().map(Into::into).collect() }
    }

    /// An authenticated user: adds `system:authenticated`, as the apiserver does.
    pub fn authenticated(name: &str, groups: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut user = Self::new(name, groups);
        if name == "system:anonymous" {
            user.groups.push("system:unauthenticated".into());
        } else {
            user.groups.push("system:authenticated".into());
        }
        user
    }

    /// A service account with its implicit groups `system:serviceaccounts`,
    /// `system:serviceaccounts:<namespace>` and `system:authenticated`.
    ///
    /// Source: Kubernetes, *Configure Service Accounts*, and `apiserver/pkg/authentication/serviceaccount`.
    pub fn service_account(namespace: &str, name: &str) -> Self {
        Self::authenticated(
            &format!("{SERVICE_ACCOUNT_PREFIX}{namespace}:{name}"),
            ["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")],
        )
    }

    /// Namespace and name, if this is a service account's user name.
    pub fn as_service_account(&self) -> Option<(&str, &str)> {
        self.name
            .strip_prefix(SERVICE_ACCOUNT_PREFIX)?
            .split_once(':')
            .filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty() && !name.contains(':'))
    }
}
