use ringwall_model::{Decision, User, Verdict};

use crate::authorizer::Authorizer;
use crate::{Question, Target};

/// API group of what is impersonated besides users, groups and service accounts.
const AUTHENTICATION: &str = "authentication.k8s.io";

/// One thing that a request with `Impersonate-…` headers wants to be. Each header is a question of its own, and a
/// request passes if all of them do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impersonation<'q> {
    /// `Impersonate-User`, unless it names a service account.
    User(&'q str),
    /// `Impersonate-Group`.
    Group(&'q str),
    /// `Impersonate-User: system:serviceaccount:<namespace>:<name>`.
    ServiceAccount {
        /// Its namespace.
        namespace: &'q str,
        /// Its name.
        name: &'q str,
    },
    /// `Impersonate-Extra-<key>`.
    Extra {
        /// Its key, in lower case and with percent signs resolved, as the apiserver makes it.
        key: &'q str,
        /// One of its values.
        value: &'q str,
    },
    /// `Impersonate-Uid`.
    Uid(&'q str),
}

impl<'q> Impersonation<'q> {
    /// Reads `Impersonate-User`: a service account's user name asks for the service account.
    pub fn of_user_name(user: &'q User) -> Self {
        match user.as_service_account() {
            Some((namespace, name)) => Self::ServiceAccount { namespace, name },
            None => Self::User(&user.name),
        }
    }

    /// What `impersonate` is asked on.
    fn target(self) -> Target<'q> {
        match self {
            Self::User(name) => Target::resource("", "users").named(name),
            Self::Group(name) => Target::resource("", "groups").named(name),
            Self::ServiceAccount { namespace, name } => {
                Target::resource("", "serviceaccounts").named(name).in_namespace(namespace)
            }
            Self::Extra { key, value } => {
                Target::resource(AUTHENTICATION, "userextras").subresource(key).named(value)
            }
            Self::Uid(uid) => Target::resource(AUTHENTICATION, "uids").named(uid),
        }
    }

    /// What constrained impersonation asks on, and its verb; `None` for what it never allows.
    fn constrained(self) -> Option<(&'static str, Target<'q>)> {
        const USER_INFO: &str = "impersonate:user-info";
        match self {
            Self::User(name) => match name.strip_prefix("system:node:") {
                Some(node) => Some((
                    "impersonate:arbitrary-node",
                    Target::resource(AUTHENTICATION, "nodes").named(node),
                )),
                None => Some((USER_INFO, Target::resource(AUTHENTICATION, "users").named(name))),
            },
            Self::Group("" | "system:masters") => None,
            Self::Group(name) => Some((USER_INFO, Target::resource(AUTHENTICATION, "groups").named(name))),
            Self::ServiceAccount { namespace, name } => Some((
                "impersonate:serviceaccount",
                Target::resource(AUTHENTICATION, "serviceaccounts").named(name).in_namespace(namespace),
            )),
            Self::Extra { .. } | Self::Uid(_) => Some((USER_INFO, self.target())),
        }
    }
}

impl Authorizer<'_> {
    /// Whether a user may impersonate, for every request that she likes.
    ///
    /// That is the verb `impersonate`. Since 1.36 the apiserver also knows constrained impersonation, on by default:
    /// `impersonate:<mode>` on the target together with `impersonate-on:<mode>:<verb>` on what the request is about.
    /// Who has only the former is [`Verdict::Unknown`] here, with a line that says so: it depends on the request.
    ///
    /// Source: `buildImpersonationRequests`, `apiserver/pkg/endpoints/filters/impersonation/{impersonation,mode}.go` v0.37.2.
    pub fn may_impersonate(&self, user: &User, wanted: Impersonation<'_>) -> Decision {
        let decision = self.decide(&Question { user, verb: "impersonate", target: wanted.target() });
        if decision.is_allowed() {
            return decision;
        }
        let constrained = wanted
            .constrained()
            .filter(|(verb, target)| self.decide(&Question { user, verb, target: *target }).is_allowed());
        match constrained {
            Some((verb, _)) => decision.or(Decision {
                verdict: Verdict::Unknown,
                reasons: Vec::new(),
                not_evaluated: vec![format!(
                    "`{verb}` is held: from Kubernetes 1.36 on it is enough for requests that `impersonate-on:` rules name"
                )],
            }),
            None => decision,
        }
    }
}
