//! Pods without a resolver, kubelets without their pods.

use ringwall_model::Verdict;
use ringwall_model::network::{EnforcingMode, ProbeHandler, Protocol};

use super::{Once, Warning, WarningKind};
use crate::groups::SecurityGroups;
use crate::network::Network;
use crate::party::{Party, PodEntry};

/// The service of the cluster's resolver. Source: Kubernetes, *Customizing DNS Service*: it is called so whatever serves it.
const RESOLVER: (&str, &str) = ("kube-system", "kube-dns");

/// The port that resolvers are asked at.
const DNS: u16 = 53;

/// Pods that the cluster's resolver can't be reached from, policies and security groups counted together.
///
/// Source: Amazon EKS User Guide, *Use a security group policy for an Amazon EKS Pod*: pods need TCP and UDP 53 to CoreDNS, and the
/// groups of CoreDNS' pods must let them in.
pub(super) fn dns(network: &Network<'_>, warnings: &mut Vec<Warning>) {
    let Some(service) = network.service_named(RESOLVER.0, RESOLVER.1) else { return };
    let asked = service.ports.iter().filter(|port| port.port == DNS).map(|port| {
        let endpoints = network.endpoints(service, port).into_iter();
        let resolvers = endpoints.filter_map(|endpoint| Some((endpoint.party, endpoint.port?)));
        (port.protocol, resolvers.collect::<Vec<(Party<'_>, u16)>>())
    });
    let asked: Vec<_> = asked.collect();
    let mut once = Once::default();
    for pod in network.wanted().filter(|pod| asks_resolver(pod)) {
        let (object, source) = network.edited(pod);
        for (protocol, resolvers) in &asked {
            let from = Party::Pod(pod);
            let denied: Vec<_> = resolvers
                .iter()
                .filter(|(to, at)| {
                    let allowed = network.traffic(from, *to);
                    let possible = allowed.traffic.or(&allowed.uncertain);
                    let Some(groups) = &network.groups else { return !possible.contains(*protocol, *at) };
                    let by_groups = groups.traffic(network, from, *to);
                    let both = possible.and(&by_groups.traffic.or(&by_groups.uncertain));
                    !both.contains(*protocol, *at)
                })
                .collect();
            let Some((to, at)) = denied.first() else { continue };
            if !once.is_new(object, WarningKind::LosesDns) {
                break;
            }
            let text = format!(
                "{} can't ask {} of {} pods of the cluster's resolver by {} {at}",
                pod.reference(),
                if denied.len() == resolvers.len() { "any".to_owned() } else { denied.len().to_string() },
                resolvers.len(),
                protocol.name(),
            );
            let remedy = "let the pod's security groups and policies send UDP and TCP 53 to CoreDNS, and CoreDNS' get them";
            let decision = network.decide(from, *to, *protocol, *at);
            let reasons = if decision.verdict == Verdict::Denied { decision.reasons } else { Vec::new() };
            let warning = Warning::object(WarningKind::LosesDns, object, source, text, remedy);
            warnings.push(Warning { reasons, ..warning });
        }
    }
}

/// Whether a pod asks the cluster's resolver. Source: Kubernetes, *DNS for Services and Pods*, "Pod's DNS Policy": `ClusterFirst` if
/// nothing is said; `Default` asks the node's resolver, `None` whom the pod names.
fn asks_resolver(pod: &PodEntry<'_>) -> bool {
    !matches!(pod.parts().dns_policy.as_deref(), Some("Default" | "None"))
}

/// Pods whose kubelet can't reach what it probes, since in strict mode its packets pass the pod's interface.
///
/// Sources: Amazon EKS User Guide, *Use a security group policy for an Amazon EKS Pod*: the groups must let the node's in on every port
/// that is probed; amazon-vpc-cni-k8s, README, `DISABLE_TCP_EARLY_DEMUX`.
pub(super) fn probes(network: &Network<'_>, groups: &SecurityGroups<'_>, warnings: &mut Vec<Warning>) {
    if groups.mode() != Some(EnforcingMode::Strict) {
        return;
    }
    let cni = network.cluster().network.vpc_cni.as_ref();
    let demux = cni.is_some_and(|cni| !cni.disable_tcp_early_demux);
    let (mut once, mut of_demux) = (Once::default(), Once::default());
    for pod in network.wanted().filter(|pod| groups.has_branch(pod)) {
        let (object, _) = network.edited(pod);
        let probed: Vec<_> = pod
            .parts()
            .probes
            .iter()
            .filter_map(|probe| match probe.handler {
                ProbeHandler::Network { how, port: Some(port) } => Some((probe, how, port)),
                ProbeHandler::Network { port: None, .. } | ProbeHandler::Exec => None,
            })
            .collect();
        if let Some((probe, how, _)) = probed.first().filter(|_| demux)
            && of_demux.is_new(object, WarningKind::LosesProbes)
        {
            let text = format!(
                "the {} probe ({how}) of container {} fails: kubelets don't get answers of pods with interfaces of their own while \
                 `DISABLE_TCP_EARLY_DEMUX` is off",
                probe.kind, probe.container
            );
            let remedy = "set DISABLE_TCP_EARLY_DEMUX=true in the init container of the DaemonSet aws-node, or use standard mode";
            warnings.push(Warning::object(WarningKind::LosesProbes, object, &probe.source, text, remedy));
        }
        if network.groups.is_none() {
            continue;
        }
        // A template may come to run on any node.
        let nodes = network.nodes().iter().filter(|node| pod.node.is_none_or(|on| on == node.id));
        for (node, (probe, how, port)) in
            nodes.flat_map(|node| probed.iter().map(move |probe| (node, *probe)))
        {
            let allowed = groups.traffic(network, Party::Node(node), Party::Pod(pod));
            if allowed.traffic.or(&allowed.uncertain).contains(Protocol::Tcp, port) {
                continue;
            }
            if !once.is_new(object, WarningKind::LosesProbes) {
                break;
            }
            let text = format!(
                "the {} probe ({how}) of container {} can't reach TCP {port} from Node {}: security groups deny it",
                probe.kind, probe.container, node.name
            );
            let remedy = "let the nodes' security group in on the ports that are probed, in a security group of the pod";
            let reasons =
                groups.explain(network, Party::Node(node), Party::Pod(pod), Protocol::Tcp, port).reasons;
            let warning = Warning::object(WarningKind::LosesProbes, object, &probe.source, text, remedy);
            warnings.push(Warning { reasons, ..warning });
        }
    }
}
