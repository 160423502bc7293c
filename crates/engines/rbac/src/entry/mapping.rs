use std::sync::Arc;

use ringwall_model::{ObjectRef, Proof, Reason, Ring, Source};

use super::principal::Matcher;
use super::{Flaw, FlawKind, GrantedPolicy};

/// Which list a mapping stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// An access entry of the EKS API.
    AccessEntry,
    /// `mapRoles` of aws-auth.
    MapRoles,
    /// `mapUsers` of aws-auth.
    MapUsers,
    /// `mapAccounts` of aws-auth.
    MapAccounts,
}

impl Origin {
    /// The list's name, as AWS writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessEntry => "access entry",
            Self::MapRoles => "mapRoles",
            Self::MapUsers => "mapUsers",
            Self::MapAccounts => "mapAccounts",
        }
    }

    /// Whether it stands in the ConfigMap aws-auth.
    pub fn is_aws_auth(self) -> bool {
        self != Self::AccessEntry
    }
}

/// One way in: an AWS principal, and the Kubernetes subject that it becomes.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// Which list it stands in.
    pub origin: Origin,
    /// Its place in that list, counted from 0.
    pub index: usize,
    /// The principal as it is written: an ARN, an account id, or the pattern that `sso` stands for.
    pub principal: Arc<str>,
    /// Type of an access entry: `STANDARD`, `EC2_LINUX` …; `None` in aws-auth or if not told.
    pub kind: Option<Arc<str>>,
    /// User name with its placeholders; `None` if the export does not tell it.
    pub username: Option<Arc<str>>,
    /// Groups with their placeholders, without those that the apiserver adds.
    pub groups: Vec<Arc<str>>,
    /// Access policies with their scopes.
    pub policies: Vec<GrantedPolicy>,
    /// Whether the export tells which access policies it holds.
    pub policies_known: bool,
    /// What the export does not tell of this mapping, in words; empty if all is known.
    pub not_evaluated: Vec<String>,
    /// Where it is written.
    pub source: Source,
    /// What is wrong with it.
    pub flaws: Vec<Flaw>,
    /// When an access entry was made, as the export prints it.
    pub(super) created_at: Option<Arc<str>>,
    /// The unique id that a caller needs; `None` if the ARN alone counts.
    pub(super) unique_id: Option<Arc<str>>,
    pub(super) matcher: Matcher,
}

impl Mapping {
    /// Whether it can let anybody in.
    pub fn takes_effect(&self) -> bool {
        !self.flaws.iter().any(|flaw| flaw.never)
    }

    /// Whether the authenticator finds it: what it finds and can't use ends the login, and nothing else is asked
    /// (aws-iam-authenticator 81b1daba, `pkg/server/server.go`, `doMapping`).
    pub(super) fn is_found(&self) -> bool {
        let ends_login = |flaw: &Flaw| matches!(flaw.kind, FlawKind::NodeTemplate | FlawKind::ReservedName);
        self.flaws.iter().all(|flaw| !flaw.never || ends_login(flaw))
    }

    /// Whether EKS made it and looks after it: service-linked roles, and user names that begin with `eks:`.
    pub fn is_owned_by_eks(&self) -> bool {
        self.origin == Origin::AccessEntry
            && (self.is_of_service_linked_role()
                || self.username.as_deref().is_some_and(|name| name.starts_with("eks:")))
    }

    /// Whether it is an access entry of a service-linked role, which EKS alone can make: IAM keeps the path for AWS.
    pub(super) fn is_of_service_linked_role(&self) -> bool {
        self.origin == Origin::AccessEntry && self.principal.contains(":role/aws-service-role/")
    }

    /// Whether it is an access entry of a type for nodes.
    pub(super) fn is_for_nodes(&self) -> bool {
        self.kind.as_deref().is_some_and(|kind| kind != "STANDARD")
    }

    /// What says so: the ConfigMap, or the access entry by its principal's ARN.
    pub fn proof(&self) -> Proof {
        if self.origin.is_aws_auth() {
            Proof::Object(aws_auth())
        } else {
            Proof::Arn(Arc::clone(&self.principal))
        }
    }

    /// The mapping as the reason of an answer.
    pub fn reason(&self) -> Reason {
        Reason {
            ring: Ring::Identity,
            proof: self.proof(),
            rule: self.origin.is_aws_auth().then_some(self.index),
            statement: None,
            source: self.source.clone(),
            text: self.text().into(),
        }
    }

    fn text(&self) -> String {
        let who = match self.origin {
            Origin::AccessEntry => format!("the access entry makes `{}`", self.principal),
            Origin::MapAccounts => {
                return format!(
                    "mapAccounts lets in every principal of account `{}` under its ARN",
                    self.principal
                );
            }
            Origin::MapRoles | Origin::MapUsers => {
                format!("{} makes `{}`", self.origin.name(), self.principal)
            }
        };
        let user = match self.username.as_deref() {
            Some("") => "a user without a name".to_owned(),
            Some(name) => format!("user `{name}`"),
            None => "a user of unknown name".to_owned(),
        };
        if self.groups.is_empty() {
            return format!("{who} {user}");
        }
        let groups: Vec<_> = self.groups.iter().map(|group| format!("`{group}`")).collect();
        let noun = if groups.len() == 1 { "group" } else { "groups" };
        format!("{who} {user} in {noun} {}", groups.join(", "))
    }
}

/// The ConfigMap's name in full.
pub(super) fn aws_auth() -> ObjectRef {
    ObjectRef {
        api_version: "v1".into(),
        kind: "ConfigMap".into(),
        namespace: Some("kube-system".into()),
        name: "aws-auth".into(),
    }
}
