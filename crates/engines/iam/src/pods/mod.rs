//! How pods get AWS credentials: by IRSA, by EKS Pod Identity, by the node's role, or by a token that somebody asks for.
//!
//! Each way is a [`Route`] with its proof: the Kubernetes objects and AWS resources it goes through, and the statements of
//! the trust policy that let it in. What a route leads to is asked with [`Pods::ask`].
//!
//! Sources: Amazon EKS User Guide, *IAM roles for service accounts*, *Learn how EKS Pod Identity grants pods access to AWS
//! services* and its subpages; Amazon EC2 User Guide, *Configure the Instance Metadata Service options*.

mod ask;
mod association;
mod checks;
mod egress;
mod irsa;
mod metadata;
mod node;
mod place;
mod proof;
mod trust;
mod trusting;

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::{Cluster, Decision, Pod, PodIdentityAssociation, ServiceAccount, Verdict, Workload};

use crate::context::Context;
use crate::inventory::Inventory;
use crate::policy::Policy;
use crate::principal::AwsPrincipal;

pub use ask::ask_session;
pub use checks::{check_ids, results};
pub use metadata::{Reach, metadata_reach};
use place::Place;
pub(crate) use proof::resource as resource_reason;
use trusting::Trusting;

/// A way to AWS credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RouteKind {
    /// The service account's annotation names the role, and the pod's token is exchanged for it.
    Irsa,
    /// An association of EKS Pod Identity.
    PodIdentity,
    /// The node's role, which the instance metadata service hands out.
    NodeRole,
    /// The role's trust policy lets the service account in, though nothing names the role in the cluster.
    TokenRequest,
}

impl RouteKind {
    /// What it is called in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Irsa => "irsa",
            Self::PodIdentity => "pod-identity",
            Self::NodeRole => "node-role",
            Self::TokenRequest => "token-request",
        }
    }
}

/// A way of a service account, or of one pod, to an AWS role.
#[derive(Clone, Debug)]
pub struct Route {
    /// Which way.
    pub kind: RouteKind,
    /// The role whose credentials come out; with a target role, that one.
    pub role_arn: Arc<str>,
    /// Whether it is open, because of what.
    pub decision: Decision,
    /// Who AWS sees: the role, or its session where the session's name is known.
    pub session: AwsPrincipal,
    /// What requests of the session carry: tags, claims of the token. An empty value means that the key is absent.
    pub context: Context,
    /// The session policy that comes with it.
    pub session_policy: Option<Policy>,
    /// Why the session policy cannot be evaluated, if there is one that cannot.
    pub session_policy_unread: Option<String>,
    /// How it goes, in words; for a route that is closed, why it is.
    pub how: String,
}

/// Namespace and name of a service account, and its way to a role.
pub type Taking = (Arc<str>, Arc<str>, Route);

/// What a snapshot says about pods and their ways to AWS, indexed once.
#[derive(Debug)]
pub struct Pods<'i> {
    inventory: &'i Inventory<'i>,
    cluster: &'i Cluster,
    trusting: Trusting<'i>,
    accounts: HashMap<(&'i str, &'i str), Account<'i>>,
    places: Vec<Place<'i>>,
    /// Places by the name of their node.
    by_node: HashMap<&'i str, usize>,
}

/// What the snapshot knows of one service account, whether or not it exists.
#[derive(Debug, Default)]
struct Account<'i> {
    object: Option<&'i ServiceAccount>,
    association: Option<&'i PodIdentityAssociation>,
    pods: Vec<&'i Pod>,
    workloads: Vec<&'i Workload>,
}

impl<'i> Pods<'i> {
    /// Indexes a snapshot.
    pub fn of(inventory: &'i Inventory<'_>) -> Self {
        let inventory: &'i Inventory<'i> = inventory;
        let cluster = inventory.cluster();
        let mut accounts: HashMap<(&'i str, &'i str), Account<'i>> = HashMap::new();
        for object in &cluster.service_accounts {
            let account = accounts.entry((&*object.namespace, &*object.name)).or_default();
            account.object.get_or_insert(object);
        }
        for association in cluster.aws.pod_identities.iter().filter(|of| association::is_of(cluster, of)) {
            let key = (&*association.namespace, &*association.service_account);
            accounts.entry(key).or_default().association.get_or_insert(association);
        }
        for pod in cluster.pods.iter().filter(|pod| !is_over(pod)) {
            let Some(namespace) = &pod.reference.namespace else { continue };
            accounts.entry((&**namespace, &*pod.service_account)).or_default().pods.push(pod);
        }
        for workload in cluster.workloads.iter().filter(|workload| !workload.owned) {
            let Some(namespace) = &workload.reference.namespace else { continue };
            accounts.entry((&**namespace, &*workload.service_account)).or_default().workloads.push(workload);
        }
        let places = place::places(inventory);
        let by_node = (0..).zip(&places).filter_map(|(at, place)| Some((&*place.node?.name, at))).collect();
        Self { inventory, cluster, trusting: Trusting::of(inventory), accounts, places, by_node }
    }

    /// Every way of a service account to an AWS role, open or closed: first those that its pods are set up for.
    pub fn routes(&self, namespace: &str, name: &str) -> Vec<Route> {
        self.search(namespace, name, None)
    }

    /// Every way of one pod to an AWS role. More is known than of its service account: its name, and where it runs.
    pub fn routes_of_pod(&self, pod: &Pod) -> Vec<Route> {
        let namespace = pod.reference.namespace.as_deref().unwrap_or_default();
        self.search(namespace, &pod.service_account, Some(pod))
    }

    fn search(&self, namespace: &str, name: &str, pod: Option<&Pod>) -> Vec<Route> {
        let own = Account::default();
        let account = self.accounts.get(&(namespace, name)).unwrap_or(&own);
        let who = Who { namespace, name, account, pod };
        let mut routes = Vec::new();
        routes.extend(self.irsa(&who));
        routes.extend(self.pod_identity(&who));
        routes.extend(self.node_roles(&who));
        let irsa = routes.iter().find(|route| route.kind == RouteKind::Irsa);
        let annotated = irsa.map(|route| (Arc::clone(&route.role_arn), route.decision.verdict));
        let possible = self.token_requests(&who).into_iter();
        routes.extend(possible.filter(|route| match &annotated {
            // A token of the pod's own that opens as much is told of already.
            Some((role, verdict)) => *role != route.role_arn || rank(route.decision.verdict) > rank(*verdict),
            None => true,
        }));
        routes
    }

    /// What could not be told of a service account's ways, since an export is missing.
    pub fn gaps(&self, namespace: &str, name: &str) -> Vec<String> {
        let own = Account::default();
        let account = self.accounts.get(&(namespace, name)).unwrap_or(&own);
        let mut gaps = Vec::new();
        if self.cluster.info.oidc_issuer.is_none() {
            gaps.push(
                "roles that trust the service account's tokens: the cluster's issuer is not known (hint: `aws eks describe-cluster`)"
                    .to_owned(),
            );
        }
        if !self.cluster.aws.iam_exported {
            gaps.push("trust policies: `aws iam get-account-authorization-details` is missing".to_owned());
        }
        gaps.extend(self.association_gap(account));
        gaps.extend(self.node_gap(account));
        gaps
    }

    /// Every service account of the snapshot: those that exist, and those that only associations and pods name.
    pub fn accounts(&self) -> Vec<(&'i str, &'i str)> {
        let mut all: Vec<(&str, &str)> = self.accounts.keys().copied().collect();
        all.sort_unstable();
        all
    }

    /// Every service account that has an open way to a role, or possibly has one.
    pub fn accounts_that_can_assume(&self, role_arn: &str) -> Vec<Taking> {
        let mut found = Vec::new();
        for (namespace, name) in self.accounts() {
            if !self.may_reach(namespace, name, role_arn) {
                continue;
            }
            let routes = self.routes(namespace, name).into_iter();
            let open = routes
                .filter(|route| *route.role_arn == *role_arn && route.decision.verdict != Verdict::Denied);
            found.extend(open.map(|route| (Arc::from(namespace), Arc::from(name), route)));
        }
        found
    }

    /// The same for every role at once, by its ARN: each service account's ways are looked for once.
    ///
    /// Whoever takes over one of a role's service accounts has the role: by a token that `create serviceaccounts/token`
    /// mints, or by a pod that runs as it.
    pub fn accounts_by_role(&self) -> BTreeMap<Arc<str>, Vec<Taking>> {
        let mut found: BTreeMap<Arc<str>, Vec<Taking>> = BTreeMap::new();
        for (namespace, name) in self.accounts() {
            let routes = self.routes(namespace, name).into_iter();
            for route in routes.filter(|route| route.decision.verdict != Verdict::Denied) {
                let of_role = found.entry(Arc::clone(&route.role_arn)).or_default();
                of_role.push((Arc::from(namespace), Arc::from(name), route));
            }
        }
        found
    }

    /// Whether anything at all links a service account and a role: what has none need not be decided.
    fn may_reach(&self, namespace: &str, name: &str, role_arn: &str) -> bool {
        let Some(account) = self.accounts.get(&(namespace, name)) else { return false };
        let is_role = |arn: &Option<Arc<str>>| arn.as_deref() == Some(role_arn);
        account.object.is_some_and(|object| is_role(&object.role_arn))
            || account.association.is_some_and(|of| is_role(&of.role_arn) || is_role(&of.target_role_arn))
            || self.trusting.names(role_arn, &subject(namespace, name))
            || (!(account.pods.is_empty() && account.workloads.is_empty())
                && self.places.iter().any(|place| is_role(&place.role)))
    }
}

/// Every way of a service account to an AWS role. For many questions, keep a [`Pods`].
pub fn routes(inventory: &Inventory<'_>, namespace: &str, name: &str) -> Vec<Route> {
    Pods::of(inventory).routes(namespace, name)
}

/// Every service account of the snapshot that has an open way to a role, or possibly has one.
pub fn accounts_that_can_assume(inventory: &Inventory<'_>, role_arn: &str) -> Vec<Taking> {
    Pods::of(inventory).accounts_that_can_assume(role_arn)
}

/// The service account, and for a question about one pod, the pod, whose ways are looked for.
struct Who<'w, 'i> {
    namespace: &'w str,
    name: &'w str,
    account: &'w Account<'i>,
    pod: Option<&'w Pod>,
}

/// How open a way is.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Denied => 0,
        Verdict::Unknown => 1,
        Verdict::Allowed => 2,
    }
}

/// A pod that has come to its end has no way to anything.
fn is_over(pod: &Pod) -> bool {
    matches!(pod.phase.as_deref(), Some("Succeeded" | "Failed"))
}

/// The claim `sub` of a service account's tokens.
///
/// Source: Kubernetes, *Managing Service Accounts*.
fn subject(namespace: &str, name: &str) -> String {
    format!("system:serviceaccount:{namespace}:{name}")
}
