//! EKS Pod Identity.
//!
//! Sources: Amazon EKS User Guide, *Create IAM role with trust policy required by EKS Pod Identity*, *Grant Pods access to
//! AWS resources based on tags* and *Access AWS Resources using EKS Pod Identity Target IAM Roles*; Amazon EKS API
//! Reference, *PodIdentityAssociation* and *UpdatePodIdentityAssociation*.

use std::sync::Arc;

use ringwall_model::{Cluster, ComputeType, Decision, PodIdentityAssociation, Proof, Reason, Ring, Verdict};

use super::irsa::route;
use super::proof::both;
use super::trust::{Attempt, attempt};
use super::{Account, Pods, Route, RouteKind, Who};
use crate::context::Context;
use crate::key::Key;
use crate::policy::{Policy, PolicyKind};
use crate::principal::{AwsPrincipal, Principal};

/// The service that assumes the roles.
pub(super) const SERVICE: &str = "pods.eks.amazonaws.com";

/// The tags that EKS gives its sessions, all of them transitive.
const TAGS: [&str; 6] = [
    "eks-cluster-arn",
    "eks-cluster-name",
    "kubernetes-namespace",
    "kubernetes-service-account",
    "kubernetes-pod-name",
    "kubernetes-pod-uid",
];

/// Keys of EKS's request that are there though a snapshot may not tell their values.
const OPEN: [&str; 8] = [
    "aws:requesttag/eks-cluster-arn",
    "aws:requesttag/eks-cluster-name",
    "aws:requesttag/kubernetes-pod-name",
    "aws:requesttag/kubernetes-pod-uid",
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:tagkeys",
    "sts:transitivetagkeys",
];

/// The same without session tags.
const OPEN_UNTAGGED: [&str; 2] = ["aws:sourcearn", "aws:sourceaccount"];

/// Keys of the first role's request for the target role.
const OPEN_CHAINED: [&str; 15] = [
    "aws:requesttag/eks-cluster-arn",
    "aws:requesttag/eks-cluster-name",
    "aws:requesttag/kubernetes-pod-name",
    "aws:requesttag/kubernetes-pod-uid",
    "aws:principaltag/eks-cluster-arn",
    "aws:principaltag/eks-cluster-name",
    "aws:principaltag/kubernetes-pod-name",
    "aws:principaltag/kubernetes-pod-uid",
    "aws:tagkeys",
    "sts:transitivetagkeys",
    "sts:externalid",
    "aws:userid",
    "aws:tokenissuetime",
    "aws:principalorgid",
    "aws:principalorgpaths",
];

/// Whether an association is one of the snapshot's cluster: an export may hold those of others.
pub(super) fn is_of(cluster: &Cluster, association: &PodIdentityAssociation) -> bool {
    let Some((name, own)) = cluster_in(association).zip(cluster.info.name.as_deref()) else { return true };
    name == own
}

/// The cluster that an association's ARN names, `…:podidentityassociation/CLUSTER/ID`.
fn cluster_in(association: &PodIdentityAssociation) -> Option<&str> {
    let (_, rest) = association.association_arn.as_deref()?.split_once(":podidentityassociation/")?;
    rest.split('/').next()
}

/// What is known of the cluster that an association belongs to.
struct Home {
    arn: Option<String>,
    name: Option<Arc<str>>,
    account: Option<Arc<str>>,
    region: Option<Arc<str>>,
}

impl Home {
    fn of(cluster: &Cluster, association: &PodIdentityAssociation) -> Self {
        let info = &cluster.info;
        let parts: Vec<&str> =
            association.association_arn.as_deref().unwrap_or_default().split(':').collect();
        let part =
            |at: usize| parts.get(at).filter(|part| !part.is_empty()).map(|part| Arc::<str>::from(*part));
        let partition = info.partition.clone().or_else(|| part(1)).unwrap_or_else(|| "aws".into());
        let (region, account) =
            (info.region.clone().or_else(|| part(3)), info.account.clone().or_else(|| part(4)));
        let name = info.name.clone().or_else(|| cluster_in(association).map(Arc::from));
        let arn = match (&region, &account, &name) {
            (Some(region), Some(account), Some(name)) => {
                Some(format!("arn:{partition}:eks:{region}:{account}:cluster/{name}"))
            }
            _ => None,
        };
        Self { arn, name, account, region }
    }
}

impl Pods<'_> {
    /// The role that an association gives the service account.
    pub(super) fn pod_identity(&self, who: &Who<'_, '_>) -> Option<Route> {
        let association = who.account.association?;
        let first_arn = association.role_arn.as_ref()?;
        let first = AwsPrincipal::parse(first_arn).ok()?;
        let home = Home::of(self.cluster, association);
        let tagged = association.disable_session_tags != Some(true);
        let tags = self.tags(who, &home);
        let request = requested(&tags, tagged, &home);
        let open: &[&str] = if tagged { &OPEN } else { &OPEN_UNTAGGED };
        let mut decision = Decision::allowed(vec![reason(association)]);
        let mut why = Vec::new();
        let actions = if tagged { &["sts:AssumeRole", "sts:TagSession"][..] } else { &["sts:AssumeRole"] };
        for action in actions {
            let principal = Principal::Service(SERVICE.into());
            let context = request.clone();
            let outcome =
                attempt(self.inventory, Attempt { principal, action, role_arn: first_arn, context, open });
            why.extend(Some(outcome.why).filter(|why| !why.is_empty()));
            decision = both(decision, outcome.decision);
        }
        let context = principal_tags(&tags, tagged);
        let (role_arn, session) = match &association.target_role_arn {
            None => (first_arn, first),
            Some(target) => {
                let session = AwsPrincipal::parse(target).ok()?;
                for action in actions {
                    let principal = Principal::Aws(first.clone());
                    let context = chained(&context, &request, association, &home, tagged);
                    let open = &OPEN_CHAINED;
                    let outcome = attempt(
                        self.inventory,
                        Attempt { principal, action, role_arn: target, context, open },
                    );
                    why.extend(Some(outcome.why).filter(|why| !why.is_empty()));
                    decision = both(decision, outcome.decision);
                }
                (target, session)
            }
        };
        if self.runs_on_fargate(who) {
            decision.verdict = Verdict::Denied;
            why.push("EKS Pod Identity does not serve pods on Fargate".to_owned());
        }
        let via = if role_arn == first_arn { String::new() } else { format!(" by way of {first_arn}") };
        let mut how = match decision.verdict {
            Verdict::Denied => {
                format!("associated with {role_arn}{via}, but it gets no credentials: {}", why.join("; "))
            }
            _ => format!("the Pod Identity agent hands its pods credentials of {role_arn}{via}"),
        };
        if who.account.object.is_some_and(|object| object.role_arn.is_some()) {
            how.push_str(
                "; comes before the role of the annotation for new pods, since the webhook then sets up this alone; where \
                 both are set up, SDKs take the web identity before container credentials",
            );
        }
        if who.account.object.is_none() {
            how.push_str("; the service account is not in the snapshot: whoever creates it has the role");
        }
        let mut route = route(RouteKind::PodIdentity, role_arn, session, decision, context, how);
        self.add_session_policy(association, &mut route);
        Some(route)
    }

    /// What could not be told of an association.
    pub(super) fn association_gap(&self, account: &Account<'_>) -> Option<String> {
        let association = account.association.filter(|association| association.role_arn.is_none())?;
        Some(format!(
            "the role of the Pod Identity association at {}: it is only listed (hint: `aws eks describe-pod-identity-association`)",
            association.source
        ))
    }

    /// The session policy, which holds for the target role alone where there is one.
    fn add_session_policy(&self, association: &PodIdentityAssociation, route: &mut Route) {
        let Some(document) = &association.policy else { return };
        let unreadable = || Some(format!("the session policy at {} cannot be evaluated", document.source));
        let Ok(tree) = &document.document else {
            route.session_policy_unread = unreadable();
            return;
        };
        match Policy::parse(PolicyKind::Session, &document.name, tree, &document.source) {
            Ok(policy) => route.session_policy = Some(policy.with_arn(association.association_arn.clone())),
            Err(_) => route.session_policy_unread = unreadable(),
        }
    }

    fn runs_on_fargate(&self, who: &Who<'_, '_>) -> bool {
        let node = who.pod.and_then(|pod| pod.node_name.as_deref());
        let place = node.and_then(|node| self.places.get(*self.by_node.get(node)?));
        place.is_some_and(|place| place.compute() == Some(ComputeType::Fargate))
    }

    /// The six tags, as far as they are known.
    fn tags(&self, who: &Who<'_, '_>, home: &Home) -> Vec<(&'static str, Option<String>)> {
        let pod_name = who.pod.map(|pod| pod.reference.name.to_string());
        let pod_uid = who.pod.and_then(|pod| pod.uid.as_deref()).map(str::to_owned);
        let values = [
            home.arn.clone(),
            home.name.as_deref().map(str::to_owned),
            Some(who.namespace.to_owned()),
            Some(who.name.to_owned()),
            pod_name,
            pod_uid,
        ];
        TAGS.into_iter().zip(values).collect()
    }
}

/// What EKS's request to STS carries.
///
/// That it tells on behalf of which cluster it comes is AWS's general practice (IAM User Guide, *The confused deputy
/// problem*); the page on the trust policy of Pod Identity names the tags alone.
fn requested(tags: &[(&'static str, Option<String>)], tagged: bool, home: &Home) -> Context {
    let mut context = Context::default();
    let mut set = |key: &str, value: &str| context.set(Key::new(&key.into()), [value.into()]);
    if let Some(arn) = &home.arn {
        set("aws:SourceArn", arn);
    }
    if let Some(account) = &home.account {
        set("aws:SourceAccount", account);
    }
    if tagged {
        for (tag, value) in tags {
            if let Some(value) = value {
                set(&format!("aws:RequestTag/{tag}"), value);
            }
        }
        let keys = || TAGS.into_iter().map(Arc::from).collect::<Box<[Arc<str>]>>();
        context.set(Key::new(&"aws:TagKeys".into()), keys());
        context.set(Key::new(&"sts:TransitiveTagKeys".into()), keys());
    }
    context
}

/// What requests of the session carry: its tags, which win over those of the role.
fn principal_tags(tags: &[(&'static str, Option<String>)], tagged: bool) -> Context {
    let known = tags.iter().filter(|_| tagged);
    Context::from_iter(
        known.filter_map(|(tag, value)| Some((format!("aws:PrincipalTag/{tag}"), value.as_deref()?))),
    )
}

/// What the first role's request for the target role carries: its own tags, the same ones passed on, the external id.
fn chained(
    session: &Context,
    request: &Context,
    association: &PodIdentityAssociation,
    home: &Home,
    tagged: bool,
) -> Context {
    let mut context = session.clone();
    for (key, values) in request.iter().filter(|(key, _)| !key.lower().starts_with("aws:source")) {
        context.set(key.clone(), values);
    }
    let of_pods = || {
        let Home { region: Some(region), account: Some(account), name: Some(name), .. } = home else {
            return None;
        };
        let PodIdentityAssociation { namespace, service_account, .. } = association;
        (!tagged).then(|| format!("{region}/{account}/{name}/{namespace}/{service_account}").into())
    };
    if let Some(id) = association.external_id.clone().or_else(of_pods) {
        context.set(Key::new(&"sts:ExternalId".into()), [id]);
    }
    context
}

/// The association as a reason.
pub(super) fn reason(association: &PodIdentityAssociation) -> Reason {
    let PodIdentityAssociation { namespace, service_account, role_arn, target_role_arn, source, .. } =
        association;
    let proof = association.association_arn.clone().unwrap_or_else(|| "Pod Identity association".into());
    let role = role_arn.as_deref().unwrap_or("a role that the export does not tell");
    let target = target_role_arn.as_ref().map(|target| format!(", and from it {target}")).unwrap_or_default();
    Reason {
        ring: Ring::Identity,
        proof: Proof::Arn(proof),
        rule: None,
        statement: None,
        source: source.clone(),
        text: format!("gives {namespace}/{service_account} the role {role}{target}").into(),
    }
}
