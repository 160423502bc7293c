use ringwall_model::User;

/// May this user do that: what the apiserver asks its authorizers.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// Who asks, with exactly the groups that count.
    pub user: &'q User,
    /// Verb, byte for byte.
    pub verb: &'q str,
    /// On what.
    pub target: Target<'q>,
}

/// What a request is about: an API resource or a bare path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target<'q> {
    /// A resource of the Kubernetes API. An empty string stands for "none" in every field.
    Resource {
        /// API group, empty for the core group.
        group: &'q str,
        /// Plural name.
        resource: &'q str,
        /// Subresource, as `exec` of `pods`.
        subresource: &'q str,
        /// Name of the one object; empty for a request that names none, such as most of `list` and `create`.
        name: &'q str,
        /// Namespace; empty for what has none and for requests across all of them.
        namespace: &'q str,
    },
    /// A path outside the resources, as `/metrics`.
    NonResource {
        /// The path.
        path: &'q str,
    },
}

impl<'q> Target<'q> {
    /// A resource without subresource, name and namespace.
    pub fn resource(group: &'q str, resource: &'q str) -> Self {
        Self::Resource { group, resource, subresource: "", name: "", namespace: "" }
    }

    /// The same in a namespace; a path stays what it is.
    #[must_use]
    pub fn in_namespace(self, namespace: &'q str) -> Self {
        match self {
            Self::Resource { group, resource, subresource, name, .. } => {
                Self::Resource { group, resource, subresource, name, namespace }
            }
            path @ Self::NonResource { .. } => path,
        }
    }

    /// The same for one object; a path stays what it is.
    #[must_use]
    pub fn named(self, name: &'q str) -> Self {
        match self {
            Self::Resource { group, resource, subresource, namespace, .. } => {
                Self::Resource { group, resource, subresource, name, namespace }
            }
            path @ Self::NonResource { .. } => path,
        }
    }

    /// The same for a subresource; a path stays what it is.
    #[must_use]
    pub fn subresource(self, subresource: &'q str) -> Self {
        match self {
            Self::Resource { group, resource, name, namespace, .. } => {
                Self::Resource { group, resource, subresource, name, namespace }
            }
            path @ Self::NonResource { .. } => path,
        }
    }

    /// The request's namespace; empty for none.
    pub fn namespace(&self) -> &'q str {
        match *self {
            Self::Resource { namespace, .. } => namespace,
            Self::NonResource { .. } => "",
        }
    }
}
