//! The node's role, which the instance metadata service hands to whoever reaches it.
//!
//! Sources: Amazon EKS User Guide, *Restrict access to the instance profile assigned to the worker node* (both ways for
//! pods to have roles of their own leave it reachable); Amazon EC2 User Guide, *IAM roles for Amazon EC2*.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_model::{Decision, ObjectRef, Pod, Reason, Source, Verdict};

use super::irsa::route;
use super::metadata::{Reach, metadata_reach};
use super::place::Place;
use super::proof::{self, bare, both, unknown};
use super::trust::{Attempt, attempt};
use super::{Account, Pods, Route, RouteKind, Who, egress, rank};
use crate::context::Context;
use crate::key::Key;
use crate::principal::{AwsPrincipal, Principal};

/// The service that instances have their roles by; in China AWS takes either name.
const EC2: [&str; 2] = ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"];

/// Keys that requests of EC2 for an instance carry, of which no export tells.
const OPEN: [&str; 3] = ["aws:sourcearn", "aws:sourceaccount", "ec2:sourceinstancearn"];

/// What runs as a service account: a pod, or what makes pods.
struct Runner<'w> {
    reference: &'w ObjectRef,
    source: &'w Source,
    labels: &'w [(Arc<str>, Arc<str>)],
    host_network: bool,
    node: Option<&'w str>,
}

impl<'w> Runner<'w> {
    fn of(pod: &'w Pod) -> Self {
        Self {
            reference: &pod.reference,
            source: &pod.source,
            labels: &pod.labels,
            host_network: pod.host_network,
            node: pod.node_name.as_deref(),
        }
    }
}

/// What is known of a way to one role over all pods and nodes.
struct Way<'w, 'i> {
    decision: Decision,
    hows: Vec<String>,
    places: Vec<&'w Place<'i>>,
}

impl<'i> Pods<'i> {
    /// The roles of the nodes that the service account's pods run on.
    pub(super) fn node_roles(&self, who: &Who<'_, 'i>) -> Vec<Route> {
        let mut ways: BTreeMap<Arc<str>, Way<'_, 'i>> = BTreeMap::new();
        for runner in runners(who.account, who.pod) {
            for (place, sure) in self.places_of(&runner) {
                let Some(role) = place.role.clone().filter(|_| place.is_instance()) else { continue };
                let (decision, how) = self.reach(&runner, place, sure, who.namespace);
                let way = ways.entry(role).or_insert_with(|| Way {
                    decision: Decision::denied(),
                    hows: Vec::new(),
                    places: Vec::new(),
                });
                // The first of each verdict is proof enough; a denial counts only where nothing is open.
                if rank(decision.verdict) > rank(way.decision.verdict) || way.hows.is_empty() {
                    way.decision = decision;
                    way.hows = vec![how];
                }
                if !way.places.iter().any(|known| std::ptr::eq(*known, place)) {
                    way.places.push(place);
                }
            }
        }
        ways.into_iter().filter_map(|(role, way)| self.node_role(&role, way)).collect()
    }

    fn node_role(&self, role: &Arc<str>, way: Way<'_, 'i>) -> Option<Route> {
        let parsed = AwsPrincipal::parse(role).ok()?;
        let mut how = way.hows.join("; ");
        let mut decision = way.decision;
        if decision.verdict != Verdict::Denied {
            let (trusted, why) = self.trusts_ec2(role);
            decision = both(decision, trusted);
            if !why.is_empty() {
                how = format!("{how}; but instances get no credentials of it: {why}");
            }
        }
        let mut context = Context::default();
        let mut session = parsed;
        if let [Place { instance: Some(instance), .. }] = way.places.as_slice() {
            // The instance's id is the session's name.
            let arn = format!(
                "arn:{}:sts::{}:assumed-role/{}/{}",
                role.split(':').nth(1).unwrap_or("aws"),
                session.account(),
                session.role().unwrap_or_default(),
                instance.id
            );
            session = AwsPrincipal::parse(&arn.into()).unwrap_or(session);
            if let Some(arn) = self.instance_arn(&instance.id) {
                context.set(Key::new(&"ec2:SourceInstanceARN".into()), [arn.into()]);
            }
        }
        Some(route(RouteKind::NodeRole, role, session, decision, context, how))
    }

    fn trusts_ec2(&self, role: &Arc<str>) -> (Decision, String) {
        let in_china = role.starts_with("arn:aws-cn:");
        let names = EC2.iter().take(if in_china { 2 } else { 1 });
        let mut refusal = String::new();
        let mut decision = Decision::denied();
        for name in names {
            let principal = Principal::Service((*name).into());
            let context = Context::default();
            let outcome = attempt(
                self.inventory,
                Attempt { principal, action: "sts:AssumeRole", role_arn: role, context, open: &OPEN },
            );
            if outcome.decision.verdict != Verdict::Denied {
                return (outcome.decision, String::new());
            }
            refusal = outcome.why;
            decision = outcome.decision;
        }
        (decision, refusal)
    }

    /// Where a runner runs, and whether surely: a pod that is not bound may come to any node.
    fn places_of<'s>(&'s self, runner: &Runner<'_>) -> Vec<(&'s Place<'i>, bool)> {
        match runner.node {
            Some(node) => {
                let place = self.by_node.get(node).and_then(|at| self.places.get(*at));
                place.map(|place| (place, true)).into_iter().collect()
            }
            None => {
                let one_role = self.places.iter().all(|place| {
                    place.is_instance() && Some(&place.role) == self.places.first().map(|first| &first.role)
                });
                self.places.iter().map(|place| (place, one_role)).collect()
            }
        }
    }

    /// Whether one runner gets the role at one place.
    fn reach(
        &self,
        runner: &Runner<'_>,
        place: &Place<'_>,
        sure: bool,
        namespace: &str,
    ) -> (Decision, String) {
        let who = runner.reference;
        let at = place.name();
        let reach = metadata_reach(place.instance, place.compute(), runner.host_network);
        let mut reasons = vec![proof::object(who.clone(), runner.source.clone(), runner.in_words())];
        reasons.extend(self.place_reasons(place));
        let mut decision = match reach {
            Reach::Yes(_) => bare(Verdict::Allowed),
            Reach::No(_) => bare(Verdict::Denied),
            Reach::Unknown(why) => unknown(why),
        };
        let mut how = match decision.verdict {
            Verdict::Denied => format!("{who} on {at} does not reach the metadata service: {}", reach.why()),
            Verdict::Allowed => format!("{who} on {at} reaches the metadata service: {}", reach.why()),
            Verdict::Unknown => format!("{who} on {at} may reach the metadata service: {}", reach.why()),
        };
        if decision.verdict != Verdict::Denied && !runner.host_network {
            let closed = egress::closed(&self.cluster.objects, namespace, runner.labels);
            if let Some(first) = closed.first() {
                let gap = format!(
                    "whether the network plugin enforces {}, which lets the pod reach no 169.254.169.254",
                    first.reference
                );
                decision = both(decision, unknown(&*gap));
                how = format!("{how}; it depends on {gap}");
                reasons.extend(closed.into_iter().map(|policy| {
                    let text = "selects the pod, and allows no egress to 169.254.169.254";
                    proof::object(policy.reference.clone(), policy.source.clone(), text)
                }));
            }
        }
        if decision.verdict == Verdict::Allowed && !sure {
            decision = unknown(format!("on which node {who} runs"));
            how = format!("{how}, if it runs there");
        }
        decision.reasons = reasons;
        (decision, how)
    }

    pub(super) fn place_reasons(&self, place: &Place<'_>) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if let Some(node) = place.node {
            let reference = ObjectRef {
                api_version: "v1".into(),
                kind: "Node".into(),
                namespace: None,
                name: Arc::clone(&node.name),
            };
            let text = node.provider_id.as_ref().map(|id| format!("is {id}"));
            reasons.push(proof::object(
                reference,
                node.source.clone(),
                text.unwrap_or_else(|| "runs it".into()),
            ));
        }
        if let Some(instance) = place.instance {
            let arn = self.instance_arn(&instance.id).map_or_else(|| Arc::clone(&instance.id), Arc::from);
            let tokens = instance.http_tokens.as_deref().unwrap_or("not known");
            let hops = instance.hop_limit.map_or_else(|| "not known".to_owned(), |hops| hops.to_string());
            let text = format!("HttpTokens {tokens}, HttpPutResponseHopLimit {hops}");
            reasons.push(proof::resource(&arn, &instance.source, text));
        } else if let Some(group) = place.group {
            let name: Arc<str> = format!("node group {}", group.name).into();
            let role = group.node_role.as_deref().unwrap_or("not known");
            reasons.push(proof::resource(&name, &group.source, format!("its nodes' role is {role}")));
        }
        reasons
    }

    fn instance_arn(&self, id: &str) -> Option<String> {
        let info = &self.cluster.info;
        let (region, account) = (info.region.as_deref()?, info.account.as_deref()?);
        let partition = info.partition.as_deref().unwrap_or("aws");
        Some(format!("arn:{partition}:ec2:{region}:{account}:instance/{id}"))
    }

    /// Nodes of the service account's pods whose role is not known.
    pub(super) fn node_gap(&self, account: &Account<'_>) -> Option<String> {
        let runners = runners(account, None);
        if runners.is_empty() {
            return None;
        }
        if self.places.is_empty() {
            return Some("the nodes' roles: the snapshot has neither nodes nor node groups".to_owned());
        }
        let mut places = runners.iter().flat_map(|runner| self.places_of(runner));
        let (place, _) = places.find(|(place, _)| {
            let without = place.instance.is_some_and(|instance| instance.instance_profile_arn.is_none());
            place.is_instance() && place.role.is_none() && !without
        })?;
        Some(format!(
            "the role of {}: neither its instance's profile nor its node group tells (hint: `aws ec2 describe-instances`, \
             `aws eks describe-nodegroup`)",
            place.name()
        ))
    }
}

impl Runner<'_> {
    fn in_words(&self) -> String {
        let network = if self.host_network { ", on the host's network" } else { "" };
        match self.node {
            Some(node) => format!("runs on {node}{network}"),
            None => format!("may run on any node{network}"),
        }
    }
}

/// One pod, or all of a service account; where it has none, what makes its pods.
fn runners<'w>(account: &'w Account<'_>, pod: Option<&'w Pod>) -> Vec<Runner<'w>> {
    if let Some(pod) = pod {
        return vec![Runner::of(pod)];
    }
    if !account.pods.is_empty() {
        return account.pods.iter().map(|pod| Runner::of(pod)).collect();
    }
    let workloads = account.workloads.iter().map(|workload| Runner {
        reference: &workload.reference,
        source: &workload.source,
        labels: &workload.labels,
        host_network: workload.host_network,
        node: None,
    });
    workloads.collect()
}
