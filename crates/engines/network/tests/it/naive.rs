//! What the documentation of policies says, read aloud over the model's values: no index, one packet at a time, deliberately slow.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ringwall_model::network::{
    ContainerPort, NamespaceScope, NetworkPolicy, NetworkRule, Peer, PodScope, PortMatch, Protocol,
    RuleAction, Service, TargetPort, Tier,
};
use ringwall_model::{Cluster, LabelSelector, Pod, SelectorOperator, Workload};

/// What can become of a packet: more than one thing where something is not known.
pub(crate) type Fates = BTreeSet<bool>;

/// Somebody, found by looking through the lists.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Somebody<'c> {
    Pod(&'c Pod),
    Template(&'c Workload),
    /// By name.
    Node(&'c str),
    Address(IpAddr),
}

type Pairs = [(std::sync::Arc<str>, std::sync::Arc<str>)];

pub(crate) struct Naive<'c>(pub(crate) &'c Cluster);

impl<'c> Naive<'c> {
    /// "An address that a live pod holds is that pod, a node's is the node, any other the outside."
    pub(crate) fn at(&self, address: IpAddr) -> Somebody<'c> {
        for pod in &self.0.pods {
            let own = !pod.host_network || pod.node_name.is_none();
            if !pod.is_over() && own && pod.network.addresses.contains(&address) {
                return Somebody::Pod(pod);
            }
        }
        for name in self.nodes() {
            let addresses = self.node_addresses(name);
            if addresses.contains(&address) {
                let known_by = addresses.iter().find(|known| known.is_ipv4() == address.is_ipv4());
                let is_first = known_by == Some(&address);
                return if is_first { Somebody::Node(name) } else { Somebody::Address(address) };
            }
        }
        Somebody::Address(address)
    }

    pub(crate) fn nodes(&self) -> Vec<&'c str> {
        let mut names: Vec<&str> = self.0.nodes.iter().map(|node| &*node.name).collect();
        for pod in self.0.pods.iter().filter(|pod| !pod.is_over()) {
            if let Some(name) = pod.node_name.as_deref()
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
        names
    }

    fn node_addresses(&self, name: &str) -> Vec<IpAddr> {
        let object = self.0.nodes.iter().find(|node| &*node.name == name);
        let mut addresses = object.map_or_else(Vec::new, |node| node.addresses.clone());
        // Of pods that tell different things, the first by namespace counts, as everywhere.
        let mut pods: Vec<&Pod> = self.0.pods.iter().collect();
        pods.sort_by_key(|pod| &pod.reference.namespace);
        for pod in pods {
            if !pod.is_over() && pod.node_name.as_deref() == Some(name) {
                addresses.extend(&pod.network.host_addresses);
                if pod.host_network {
                    addresses.extend(&pod.network.addresses);
                }
            }
        }
        addresses
    }

    /// A pod on its node's network is its node.
    pub(crate) fn pod(&self, pod: &'c Pod) -> Somebody<'c> {
        match (&pod.node_name, pod.host_network) {
            (Some(name), true) => Somebody::Node(name),
            _ => Somebody::Pod(pod),
        }
    }

    fn node_of(&self, who: Somebody<'c>) -> Option<&'c str> {
        match who {
            Somebody::Pod(pod) => pod.node_name.as_deref(),
            Somebody::Template(_) => None,
            Somebody::Node(name) => Some(name),
            Somebody::Address(address) => {
                self.nodes().into_iter().find(|name| self.node_addresses(name).contains(&address))
            }
        }
    }

    fn addresses(&self, who: Somebody<'c>) -> Vec<IpAddr> {
        match who {
            Somebody::Pod(pod) => pod.network.addresses.clone(),
            Somebody::Template(workload) => workload.network.addresses.clone(),
            Somebody::Node(name) => self.node_addresses(name),
            Somebody::Address(address) => vec![address],
        }
    }

    /// What can become of a packet to the destination's own port.
    pub(crate) fn connects(
        &self,
        from: Somebody<'c>,
        to: Somebody<'c>,
        protocol: Protocol,
        port: u16,
        by_service: bool,
    ) -> Fates {
        let same = match (from, to) {
            (Somebody::Pod(from), Somebody::Pod(to)) => std::ptr::eq(from, to),
            (Somebody::Template(from), Somebody::Template(to)) => std::ptr::eq(from, to),
            (Somebody::Node(from), Somebody::Node(to)) => from == to,
            (Somebody::Address(from), Somebody::Address(to)) => from == to,
            _ => false,
        };
        let is_pod = |who| matches!(who, Somebody::Pod(_) | Somebody::Template(_));
        if same && !(by_service && is_pod(from)) {
            return Fates::from([true]);
        }
        // "A pod and its own node always reach each other."
        let neighbours = self.node_of(from).is_some() && self.node_of(from) == self.node_of(to);
        if neighbours && !(is_pod(from) && is_pod(to)) {
            return Fates::from([true]);
        }
        let (mine, theirs) = (self.addresses(from), self.addresses(to));
        let outside = |who| matches!(who, Somebody::Address(_)) && self.node_of(who).is_none();
        let mut pairs: Vec<(Option<IpAddr>, Option<IpAddr>)> = Vec::new();
        for ipv4 in [true, false] {
            let first = |of: &[IpAddr]| of.iter().copied().find(|address| address.is_ipv4() == ipv4);
            let (a, b) = (first(&mine), first(&theirs));
            let shared = match (outside(from), outside(to)) {
                (_, true) => b.is_some(),
                (true, _) => a.is_some(),
                _ => (a.is_some() || mine.is_empty()) && (b.is_some() || theirs.is_empty()),
            };
            if shared && (a.is_some() || b.is_some()) {
                pairs.push((a, b));
            }
        }
        if pairs.is_empty() {
            pairs.push((mine.first().copied(), theirs.first().copied()));
        }
        let mut fates = Fates::from([true]);
        for (a, b) in pairs {
            let packet = Packet { protocol, port, destination: to };
            fates = and(&fates, &self.one_way(from, (to, b), packet, false));
            fates = and(&fates, &self.one_way(to, (from, a), packet, true));
        }
        fates
    }

    fn one_way(
        &self,
        subject: Somebody<'c>,
        peer: (Somebody<'c>, Option<IpAddr>),
        packet: Packet<'c>,
        ingress: bool,
    ) -> Fates {
        if !matches!(subject, Somebody::Pod(_) | Somebody::Template(_)) {
            return Fates::from([true]);
        }
        let about: Vec<(&NetworkPolicy, &[NetworkRule])> = (self.0.network.policies.iter())
            .filter(|policy| self.in_scope(&policy.subject, subject))
            .filter_map(|policy| {
                let rules = if ingress { &policy.ingress } else { &policy.egress };
                Some((policy, rules.as_deref()?))
            })
            .collect();
        let admin = |tier| matches!(tier, Tier::Admin(_));
        let baseline = |tier| matches!(tier, Tier::Baseline(_));
        let mut fates = Fates::new();
        let mut open = self.tier(&about, admin, peer, packet, &mut fates);
        let isolating: Vec<_> =
            about.iter().filter(|(policy, _)| policy.tier == Tier::NetworkPolicy).collect();
        if open && !isolating.is_empty() {
            let (mut surely, mut maybe) = (false, false);
            for (policy, rules) in isolating {
                maybe |= !policy.unreadable.is_empty();
                for rule in *rules {
                    let matched = self.rule_of(policy, rule, peer, packet);
                    surely |= !matched.contains(&false);
                    maybe |= matched.contains(&true);
                }
            }
            fates.extend((surely || maybe).then_some(true));
            fates.extend((!surely).then_some(false));
            open = false;
        }
        if open && self.tier(&about, baseline, peer, packet, &mut fates) {
            fates.insert(true);
        }
        fates
    }

    /// One tier of the cluster's policies; whether the packet may still be open after it.
    fn tier(
        &self,
        about: &[(&NetworkPolicy, &[NetworkRule])],
        is_of: impl Fn(Tier) -> bool,
        peer: (Somebody<'c>, Option<IpAddr>),
        packet: Packet<'c>,
        fates: &mut Fates,
    ) -> bool {
        let mut passed = false;
        let places: BTreeSet<Tier> =
            about.iter().map(|(policy, _)| policy.tier).filter(|tier| is_of(*tier)).collect();
        for place in places {
            let mut unmatched = true;
            for (policy, rules) in about.iter().filter(|(policy, _)| policy.tier == place) {
                let mut here = true;
                for rule in *rules {
                    let matched = self.rule_of(policy, rule, peer, packet);
                    if here && matched.contains(&true) {
                        match rule.action {
                            RuleAction::Accept => fates.extend([true]),
                            RuleAction::Deny => fates.extend([false]),
                            RuleAction::Pass => {
                                passed = true;
                                // To fail closed is to deny what a rule of this kind may have meant.
                                fates.extend(matched.contains(&false).then_some(false));
                            }
                        }
                    }
                    here &= matched.contains(&false);
                }
                if here && !policy.unreadable.is_empty() {
                    fates.extend([true, false]);
                }
                unmatched &= here;
            }
            if !unmatched {
                return passed;
            }
        }
        true
    }

    /// Of a policy that could not be read as a whole nobody knows whether its rules hold.
    fn rule_of(
        &self,
        policy: &NetworkPolicy,
        rule: &NetworkRule,
        peer: (Somebody<'c>, Option<IpAddr>),
        packet: Packet<'c>,
    ) -> Fates {
        let mut matched = self.rule(rule, peer, packet);
        matched.extend((!policy.unreadable.is_empty()).then_some(false));
        matched
    }

    fn rule(&self, rule: &NetworkRule, peer: (Somebody<'c>, Option<IpAddr>), packet: Packet<'c>) -> Fates {
        let peers = match &rule.peers {
            None => Fates::from([true]),
            Some(peers) => or(peers.iter().map(|one| self.peer(one, peer))),
        };
        let ports = match &rule.ports {
            None => Fates::from([true]),
            Some(ports) => or(ports.iter().map(|one| self.port(one, packet))),
        };
        and(&peers, &ports)
    }

    fn peer(&self, peer: &Peer, (who, address): (Somebody<'c>, Option<IpAddr>)) -> Fates {
        let is_node = match who {
            Somebody::Pod(pod) => pod.host_network,
            Somebody::Template(workload) => workload.host_network,
            Somebody::Node(_) => true,
            Somebody::Address(_) => self.node_of(who).is_some(),
        };
        let known = |yes: bool| Fates::from([yes]);
        match peer {
            Peer::Pods(scope) => known(self.in_scope(scope, who)),
            Peer::Block { cidr, except } => known(address.is_some_and(|address| {
                cidr.contains(&address) && except.iter().all(|taken| !taken.contains(&address))
            })),
            Peer::Nodes(selector) if is_node => {
                let name = match who {
                    Somebody::Pod(_) | Somebody::Template(_) => None,
                    Somebody::Node(_) | Somebody::Address(_) => self.node_of(who),
                };
                let object = self.0.nodes.iter().find(|node| Some(&*node.name) == name);
                match object {
                    Some(node) => known(selects(selector, &node.labels)),
                    None if selector.requirements.is_empty() => known(true),
                    None => Fates::from([true, false]),
                }
            }
            Peer::Nodes(_) => known(false),
            Peer::DomainName(_) if matches!(who, Somebody::Address(_)) && !is_node => {
                Fates::from([true, false])
            }
            Peer::DomainName(_) => known(false),
            Peer::Unreadable(_) => Fates::from([true, false]),
        }
    }

    fn port(&self, port: &PortMatch, packet: Packet<'c>) -> Fates {
        match port {
            PortMatch::Protocol(protocol) => Fates::from([*protocol == packet.protocol]),
            PortMatch::Range { protocol, first, last } => {
                Fates::from([*protocol == packet.protocol && (*first..=*last).contains(&packet.port)])
            }
            PortMatch::Named { protocol, name } => {
                let named = container_ports(packet.destination).iter().any(|has| {
                    has.name.as_ref() == Some(name)
                        && protocol.is_none_or(|protocol| protocol == has.protocol)
                        && (has.protocol, has.port) == (packet.protocol, packet.port)
                });
                Fates::from([named])
            }
            PortMatch::Unreadable(_) => Fates::from([true, false]),
        }
    }

    fn in_scope(&self, scope: &PodScope, who: Somebody<'c>) -> bool {
        let (namespace, labels) = match who {
            Somebody::Pod(pod) if !pod.host_network => (&pod.reference.namespace, &pod.labels),
            Somebody::Template(workload) if !workload.host_network => {
                (&workload.reference.namespace, &workload.labels)
            }
            _ => return false,
        };
        let namespace = namespace.as_ref().unwrap();
        let of_namespace = match &scope.namespaces {
            NamespaceScope::Named(name) => name == namespace,
            NamespaceScope::Selected(selector) => {
                let object = self.0.namespaces.iter().find(|object| object.name == *namespace);
                let mut has = object.map_or_else(Vec::new, |object| object.labels.clone());
                has.retain(|(key, _)| &**key != "kubernetes.io/metadata.name");
                has.push(("kubernetes.io/metadata.name".into(), namespace.clone()));
                selects(selector, &has)
            }
        };
        of_namespace && scope.pods.as_ref().is_none_or(|selector| selects(selector, labels))
    }

    /// A port of a service's virtual address: every pod behind it has to be reached.
    pub(crate) fn connects_to_service(
        &self,
        from: Somebody<'c>,
        service: &Service,
        protocol: Protocol,
        port: u16,
    ) -> Fates {
        let port = service.ports.iter().find(|has| has.protocol == protocol && has.port == port);
        let selector = service.selector.as_ref().unwrap();
        let namespace = &service.reference.namespace;
        let mut behind: Vec<(Somebody<'c>, &[ContainerPort])> = Vec::new();
        for pod in self.0.pods.iter().filter(|pod| !pod.is_over() && pod.reference.namespace == *namespace) {
            if selects(selector, &pod.labels) {
                behind.push((self.pod(pod), &pod.network.ports));
            }
        }
        if behind.is_empty() {
            for workload in
                self.0.workloads.iter().filter(|workload| workload.reference.namespace == *namespace)
            {
                if selects(selector, &workload.labels) {
                    behind.push((Somebody::Template(workload), &workload.network.ports));
                }
            }
        }
        let Some(port) = port.filter(|_| !behind.is_empty()) else { return Fates::from([false]) };
        let mut fates = Fates::from([true]);
        for (pod, ports) in behind {
            let own = match &port.target {
                TargetPort::Number(number) => Some(*number),
                TargetPort::Name(name) => {
                    let named =
                        ports.iter().find(|has| has.name.as_ref() == Some(name) && has.protocol == protocol);
                    named.map(|has| has.port)
                }
            };
            let reached = own.map(|own| self.connects(from, pod, protocol, own, true));
            fates = and(&fates, &reached.unwrap_or_else(|| Fates::from([false])));
        }
        fates
    }
}

#[derive(Clone, Copy)]
struct Packet<'c> {
    protocol: Protocol,
    port: u16,
    destination: Somebody<'c>,
}

fn container_ports<'c>(who: Somebody<'c>) -> &'c [ContainerPort] {
    match who {
        Somebody::Pod(pod) if !pod.host_network => &pod.network.ports,
        Somebody::Template(workload) if !workload.host_network => &workload.network.ports,
        _ => &[],
    }
}

/// "The requirements are ANDed"; `NotIn` and `DoesNotExist` hold where the key is missing.
fn selects(selector: &LabelSelector, labels: &Pairs) -> bool {
    let mut all = true;
    for requirement in &selector.requirements {
        let has = labels.iter().find(|(key, _)| *key == requirement.key);
        let listed = has.is_some_and(|(_, value)| requirement.values.contains(value));
        all &= match requirement.operator {
            SelectorOperator::In => listed,
            SelectorOperator::NotIn => !listed,
            SelectorOperator::Exists => has.is_some(),
            SelectorOperator::DoesNotExist => has.is_none(),
        };
    }
    all
}

fn and(a: &Fates, b: &Fates) -> Fates {
    a.iter().flat_map(|a| b.iter().map(move |b| *a && *b)).collect()
}

fn or(all: impl Iterator<Item = Fates>) -> Fates {
    all.fold(Fates::from([false]), |a, b| a.iter().flat_map(|a| b.iter().map(move |b| *a || *b)).collect())
}
