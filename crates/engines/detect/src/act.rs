//! An audit event as rules look at it.

use std::net::IpAddr;

use ringwall_model::time;

use crate::audit::{Event, ObjectRef, Outcome, User};
use crate::field::Text;

/// Whose request it is, as far as that says how much it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller<'e> {
    /// Nobody: the request was not authenticated.
    Anonymous,
    /// A kubelet.
    Node,
    /// What a control plane consists of: the apiserver, its scheduler, its controllers.
    ControlPlane,
    /// A service account.
    ServiceAccount {
        /// Its namespace.
        namespace: &'e str,
        /// Its name.
        name: &'e str,
    },
    /// Anybody else: people, and machines that come as people do.
    User,
}

/// The user name of whoever was not authenticated. Source: Kubernetes, *Authenticating*, "Anonymous requests".
pub const ANONYMOUS: &str = "system:anonymous";
/// The group of whoever was not authenticated.
pub const UNAUTHENTICATED: &str = "system:unauthenticated";

/// User names of the parts of a control plane.
///
/// Sources: Kubernetes, *PKI certificates and requirements*, "User accounts"; *Using RBAC Authorization*, "Controller roles"; AWS
/// EKS User Guide, *Default Amazon EKS created Kubernetes roles and users*, whose own users begin with `eks:`.
const CONTROL_PLANE: [&str; 4] =
    ["system:apiserver", "system:kube-controller-manager", "system:kube-scheduler", "system:kube-proxy"];

/// The service accounts of kube-controller-manager's controllers, in `kube-system`.
///
/// Source: Kubernetes v1.37, `plugin/pkg/auth/authorizer/rbac/bootstrappolicy/controller_policy.go`: each controller has a role
/// of the name `system:controller:NAME` and an account NAME.
const CONTROLLERS: [&str; 40] = [
    "attachdetach-controller",
    "bootstrap-signer",
    "certificate-controller",
    "clusterrole-aggregation-controller",
    "cronjob-controller",
    "daemon-set-controller",
    "deployment-controller",
    "device-taint-eviction-controller",
    "disruption-controller",
    "endpoint-controller",
    "endpointslice-controller",
    "endpointslicemirroring-controller",
    "ephemeral-volume-controller",
    "expand-controller",
    "generic-garbage-collector",
    "horizontal-pod-autoscaler",
    "job-controller",
    "legacy-service-account-token-cleaner",
    "namespace-controller",
    "node-controller",
    "node-ipam-controller",
    "persistent-volume-binder",
    "pod-garbage-collector",
    "pv-protection-controller",
    "pvc-protection-controller",
    "replicaset-controller",
    "replication-controller",
    "resource-claim-controller",
    "resourcequota-controller",
    "root-ca-cert-publisher",
    "route-controller",
    "selinux-warning-controller",
    "service-account-controller",
    "service-cidrs-controller",
    "service-controller",
    "statefulset-controller",
    "storage-version-migrator-controller",
    "taint-eviction-controller",
    "token-cleaner",
    "ttl-after-finished-controller",
];

impl<'e> Caller<'e> {
    /// Whose a user name is. A name alone is no proof of anything, but the apiserver lets nobody have these by accident.
    pub fn of(username: &'e str) -> Self {
        if username == ANONYMOUS || username == UNAUTHENTICATED {
            return Self::Anonymous;
        }
        if CONTROL_PLANE.contains(&username) || username.starts_with("eks:") {
            return Self::ControlPlane;
        }
        if username.starts_with("system:node:") {
            return Self::Node;
        }
        let account = username.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
        match account {
            Some(("kube-system", name)) if CONTROLLERS.binary_search(&name).is_ok() => Self::ControlPlane,
            Some((namespace, name)) => Self::ServiceAccount { namespace, name },
            None => Self::User,
        }
    }

    /// Whether it is a part of Kubernetes itself, which does what others asked for.
    pub fn is_system(self) -> bool {
        matches!(self, Self::Node | Self::ControlPlane)
    }
}

/// What is done with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Read one.
    Get,
    /// Read many.
    List,
    /// Read many and go on.
    Watch,
    /// Make one.
    Create,
    /// Replace one.
    Update,
    /// Change a part of one.
    Patch,
    /// Remove one.
    Delete,
    /// Remove many.
    DeleteCollection,
    /// Anything else: HTTP's methods of what is no resource, and verbs that are asked for in permissions.
    Other,
}

impl Verb {
    pub(crate) fn of(text: &str) -> Self {
        match text {
            "get" => Self::Get,
            "list" => Self::List,
            "watch" => Self::Watch,
            "create" => Self::Create,
            "update" => Self::Update,
            "patch" => Self::Patch,
            "delete" => Self::Delete,
            "deletecollection" => Self::DeleteCollection,
            _ => Self::Other,
        }
    }

    /// Whether it reads.
    pub fn reads(self) -> bool {
        matches!(self, Self::Get | Self::List | Self::Watch)
    }

    /// Whether what is stored is another afterwards, and not less: an object is made or changed.
    pub fn makes(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Patch)
    }
}

/// One request, taken apart as far as all rules need it.
#[derive(Debug)]
pub struct Act<'e> {
    /// All that is recorded.
    pub event: &'e Event<'e>,
    /// When the request came, in Unix milliseconds; of this stage, if that is all that is known.
    pub time: Option<i64>,
    /// Who asked.
    pub user: Option<&'e User<'e>>,
    /// Who asked, by kind.
    pub caller: Caller<'e>,
    /// What is done.
    pub verb: Verb,
    /// The API group; nothing for the core.
    pub group: &'e str,
    /// The resource, empty if the request is for none.
    pub resource: &'e str,
    /// A part of it, or empty.
    pub subresource: &'e str,
    /// The namespace, or empty.
    pub namespace: &'e str,
    /// The object's name, or empty.
    pub name: &'e str,
    /// The request's path, without its query.
    pub path: &'e str,
    /// The query, or empty.
    pub query: &'e str,
    /// What became of it.
    pub outcome: Outcome,
    /// Where it came from: the client, not the proxies after it.
    pub source: Option<IpAddr>,
}

impl<'e> Act<'e> {
    /// Takes an event apart.
    pub fn of(event: &'e Event<'e>) -> Self {
        let user = event.user.get();
        let (path, query) = {
            let uri = event.request_uri.text();
            uri.split_once('?').unwrap_or((uri, ""))
        };
        let object = event.object_ref.get();
        let part = |of: fn(&'e ObjectRef<'e>) -> &'e str| object.map_or("", of);
        Self {
            event,
            time: time::milliseconds(event.received.text())
                .or_else(|| time::milliseconds(event.reached.text())),
            user,
            caller: user.map_or(Caller::User, caller),
            verb: Verb::of(event.verb.text()),
            group: part(|object| object.api_group.text()),
            resource: part(|object| object.resource.text()),
            subresource: part(|object| object.subresource.text()),
            namespace: part(|object| object.namespace.text()),
            name: part(|object| object.name.text()),
            path,
            query,
            outcome: event.outcome(),
            source: event.source_ips.items().first().and_then(address),
        }
    }

    /// The user name of whoever asked, or nothing.
    pub fn username(&self) -> &'e str {
        self.user.map_or("", |user| user.username.text())
    }

    /// In whose name it counts: the impersonated user's, if there is one.
    pub fn subject(&self) -> Option<&'e User<'e>> {
        self.event.impersonated_user.get().or(self.user)
    }

    /// Whether it was carried out, or nothing says that it was not: a line that was cut has lost how it ended.
    ///
    /// The stage `RequestReceived` is before anything was decided.
    pub fn took_place(&self) -> bool {
        match self.outcome {
            Outcome::Succeeded => true,
            Outcome::Denied | Outcome::Failed => false,
            Outcome::NotTold => self.event.stage.text() != "RequestReceived",
        }
    }

    /// Whether it was only tried: checked by admission and answered as if it had been carried out, and nothing stored.
    ///
    /// What stores nothing does all the same what it does: who reads, runs a command or has a token made may put `dryRun` in the
    /// query as well, and it means nothing there.
    ///
    /// Source: Kubernetes, *API concepts*, "Dry-run". The one value is `All`; the apiserver refuses others.
    pub fn is_dry_run(&self) -> bool {
        let stores = self.verb.makes() || matches!(self.verb, Verb::Delete | Verb::DeleteCollection);
        stores
            && !matches!(self.subresource, "exec" | "attach" | "portforward" | "proxy" | "token")
            && !self.resource.ends_with("reviews")
            && self.query.split('&').any(|pair| pair == "dryRun=All")
    }
}

/// Whose request it is. A name is given to nobody by accident, but whoever writes `aws-auth` gives any: a node without the group of
/// nodes is none, and neither is one that is an administrator.
fn caller<'e>(user: &'e User<'e>) -> Caller<'e> {
    let groups = user.groups.items();
    let has = |name: &str| groups.iter().any(|group| &**group == name);
    match Caller::of(user.username.text()) {
        Caller::Node if !groups.is_empty() && (!has("system:nodes") || has("system:masters")) => Caller::User,
        caller => caller,
    }
}

/// An address as it is recorded; an IPv4 address within IPv6 is the former.
fn address(text: &Text<'_>) -> Option<IpAddr> {
    text.parse().ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_told_apart_by_name() {
        let mut sorted = CONTROLLERS;
        sorted.sort_unstable();
        assert_eq!(sorted, CONTROLLERS, "it is searched by halves");
        let account = Caller::ServiceAccount { namespace: "shop", name: "deployment-controller" };
        for (name, caller) in [
            ("system:anonymous", Caller::Anonymous),
            ("system:node:ip-10-0-1-2.eu-west-1.compute.internal", Caller::Node),
            ("system:kube-scheduler", Caller::ControlPlane),
            ("system:serviceaccount:kube-system:deployment-controller", Caller::ControlPlane),
            ("system:serviceaccount:shop:deployment-controller", account),
            ("eks:node-manager", Caller::ControlPlane),
            ("system:admin", Caller::User),
            ("ann", Caller::User),
            ("", Caller::User),
        ] {
            assert_eq!(Caller::of(name), caller, "{name}");
        }
    }
}
