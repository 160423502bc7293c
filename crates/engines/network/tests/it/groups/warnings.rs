//! What breaks is told before it does; where nothing is wrong nothing is told.

use ringwall_model::network::NamespaceScope;
use ringwall_model::network::{
    EnforcingMode, NetworkPolicy, PodScope, Probe, ProbeHandler, Protocol, Service, ServicePort, TargetPort,
    Tier,
};
use ringwall_model::{Cluster, Entry, LabelSelector, Number, Object, ObjectRef, Source, Tree, Value};
use ringwall_network::{Network, Warning, WarningKind};

use super::build::{arc, cluster, group, ip, pod, policy, selector, workload};

const OPEN: [&str; 2] = ["-1 from 0.0.0.0/0", "-1 to 0.0.0.0/0"];

/// `web` with groups of its own on node one, CoreDNS on node two, all of it well.
fn world() -> Cluster {
    let mut cluster = cluster(EnforcingMode::Strict);
    cluster.network.vpc_cni.as_mut().unwrap().disable_tcp_early_demux = true;
    let mut web = pod("web", "one", &["10.0.1.100"], "app=web");
    web.network.probes = vec![Probe {
        kind: "readiness",
        container: arc("web"),
        handler: ProbeHandler::Network { how: "http", port: Some(8080) },
        source: Source::new("pods.yaml", 7),
    }];
    let mut dns = pod("coredns", "two", &["10.0.1.21"], "k8s-app=kube-dns");
    dns.reference.namespace = Some(arc("kube-system"));
    cluster.pods = vec![web, dns];
    cluster.network.services = vec![resolver()];
    cluster.network.security_group_policies = vec![policy("web", Some("app=web"), None, &["sg-web"])];
    cluster.aws.security_groups = vec![group("sg-web", &OPEN), group("sg-node", &OPEN)];
    cluster
}

fn service(namespace: &str, name: &str, with: &str, kind: &str, ports: &[(Protocol, u16)]) -> Service {
    Service {
        reference: ObjectRef {
            api_version: arc("v1"),
            kind: arc("Service"),
            namespace: Some(arc(namespace)),
            name: arc(name),
        },
        source: Source::new("services.yaml", 1),
        kind: arc(kind),
        selector: Some(selector(with)),
        cluster_ips: vec![ip("172.20.0.10")],
        headless: false,
        external_ips: Vec::new(),
        load_balancer_ips: Vec::new(),
        source_ranges: Vec::new(),
        external_traffic_local: false,
        annotations: Vec::new(),
        ports: ports
            .iter()
            .map(|(protocol, port)| ServicePort {
                name: Some(arc(protocol.name())),
                protocol: *protocol,
                port: *port,
                target: TargetPort::Number(*port),
                node_port: None,
                source: Source::new("services.yaml", 9),
            })
            .collect(),
    }
}

fn resolver() -> Service {
    let ports = [(Protocol::Udp, 53), (Protocol::Tcp, 53), (Protocol::Tcp, 9153)];
    service("kube-system", "kube-dns", "k8s-app=kube-dns", "ClusterIP", &ports)
}

/// The only warning that a change makes.
fn only(change: impl FnOnce(&mut Cluster)) -> Warning {
    let mut cluster = world();
    change(&mut cluster);
    let warnings = Network::new(&cluster).warnings();
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    warnings.into_iter().next().unwrap()
}

fn kinds(cluster: &Cluster) -> Vec<WarningKind> {
    Network::new(cluster).warnings().into_iter().map(|warning| warning.kind).collect()
}

#[test]
fn where_all_is_well_nothing_is_told() {
    assert_eq!(Network::new(&world()).warnings(), []);
    assert_eq!(Network::new(&Cluster::default()).warnings(), []);
}

#[test]
fn dns_is_lost_by_the_pods_groups_or_the_resolvers() {
    let own = only(|cluster| {
        cluster.aws.security_groups[0] = group("sg-web", &["-1 from 0.0.0.0/0", "tcp 443 to 0.0.0.0/0"])
    });
    assert_eq!(own.kind, WarningKind::LosesDns);
    assert_eq!(own.text, "Pod shop/web can't ask any of 1 pods of the cluster's resolver by UDP 53");
    assert!(
        own.reasons.iter().any(|reason| reason.text.contains("has no outbound rule that allows UDP 53")),
        "{own:?}"
    );

    let theirs = only(|cluster| {
        cluster.aws.security_groups[1] = group("sg-node", &["tcp 53 from sg-web", "-1 to 0.0.0.0/0"]);
    });
    assert!(
        theirs
            .reasons
            .iter()
            .any(|reason| reason.text.contains("sg-node, which Pod kube-system/coredns has")),
        "{theirs:?}"
    );

    let tcp = only(|cluster| {
        cluster.aws.security_groups[0] = group("sg-web", &["-1 from 0.0.0.0/0", "udp 53 to 0.0.0.0/0"]);
    });
    assert!(tcp.text.ends_with("by TCP 53"), "{tcp:?}");

    let mut asks_others = world();
    asks_others.aws.security_groups[0] = group("sg-web", &["-1 from 0.0.0.0/0"]);
    asks_others.pods[0].network.dns_policy = Some(arc("Default"));
    assert_eq!(kinds(&asks_others), []);
}

#[test]
fn dns_is_lost_by_a_policy() {
    let warning = only(|cluster| {
        cluster.network.policies = vec![NetworkPolicy {
            reference: ObjectRef {
                api_version: arc("networking.k8s.io/v1"),
                kind: arc("NetworkPolicy"),
                namespace: Some(arc("shop")),
                name: arc("default-deny"),
            },
            source: Source::new("policies.yaml", 1),
            tier: Tier::NetworkPolicy,
            subject: PodScope {
                namespaces: NamespaceScope::Named(arc("shop")),
                pods: Some(LabelSelector::default()),
            },
            ingress: None,
            egress: Some(Vec::new()),
            unreadable: Vec::new(),
        }];
    });
    assert_eq!(warning.kind, WarningKind::LosesDns);
    assert!(
        warning.reasons.iter().any(|reason| reason.source.file.as_ref() == "policies.yaml"),
        "{warning:?}"
    );
}

#[test]
fn dns_that_may_work_is_not_told_of() {
    let mut cluster = world();
    cluster.aws.security_groups[0] = group("sg-web", &["-1 from 0.0.0.0/0", "-1 to pl-lost"]);
    assert_eq!(kinds(&cluster), []);
}

#[test]
fn probes_need_a_rule_for_the_node() {
    let change = |cluster: &mut Cluster| {
        cluster.aws.security_groups[0] = group("sg-web", &["tcp 80 from 0.0.0.0/0", "-1 to 0.0.0.0/0"]);
    };
    let warning = only(change);
    assert_eq!(warning.kind, WarningKind::LosesProbes);
    assert_eq!(
        warning.text,
        "the readiness probe (http) of container web can't reach TCP 8080 from Node one: security groups deny it"
    );
    assert_eq!(warning.source, Source::new("pods.yaml", 7));
    assert!(!warning.reasons.is_empty());
    let mut standard = world();
    change(&mut standard);
    standard.network.vpc_cni.as_mut().unwrap().enforcing_mode = Some(EnforcingMode::Standard);
    assert_eq!(kinds(&standard), [], "in standard mode kubelets are not judged");
}

#[test]
fn probes_need_early_demux_off() {
    let warning = only(|cluster| cluster.network.vpc_cni.as_mut().unwrap().disable_tcp_early_demux = false);
    assert_eq!(warning.kind, WarningKind::LosesProbes);
    assert!(warning.remedy.contains("DISABLE_TCP_EARLY_DEMUX=true"));
    let mut exec = world();
    exec.network.vpc_cni.as_mut().unwrap().disable_tcp_early_demux = false;
    exec.pods[0].network.probes[0].handler = ProbeHandler::Exec;
    assert_eq!(kinds(&exec), []);
}

#[test]
fn nodes_take_so_many() {
    let more = |cluster: &mut Cluster, count: u8| {
        for at in 0..count {
            let address = format!("10.0.1.{}", 101 + at);
            cluster.pods.push(pod(&format!("web-{at}"), "one", &[&address], "app=web"));
        }
    };
    let mut full = world();
    more(&mut full, 8);
    assert_eq!(kinds(&full), [], "an m5.large takes 9");
    let over = only(|cluster| more(cluster, 9));
    assert_eq!(over.kind, WarningKind::NodeCapacity);
    assert_eq!(
        over.text,
        "10 pods of one have security groups of their own, and it takes 9 branch interfaces"
    );
}

#[test]
fn nodes_that_take_none() {
    let on = |change: fn(&mut ringwall_model::Node)| only(|cluster| change(&mut cluster.nodes[0])).text;
    assert!(
        on(|node| node.instance_type = Some(arc("t3.large")))
            .ends_with("a t3.large takes no trunk interface")
    );
    assert!(
        on(|node| node.instance_type = Some(arc("m4.large")))
            .ends_with("a m4.large is not of the Nitro system")
    );
    assert!(
        on(|node| node.labels.push((arc("kubernetes.io/os"), arc("windows")))).ends_with("it runs Windows")
    );
    assert!(
        on(|node| node.labels.push((arc("vpc.amazonaws.com/has-trunk-attached"), arc("false"))))
            .contains("no trunk interface")
    );
    let mut unknown = world();
    unknown.nodes[0].instance_type = Some(arc("z99.large"));
    assert_eq!(kinds(&unknown), []);
}

#[test]
fn workloads_to_come_need_room() {
    let with = |replicas| {
        move |cluster: &mut Cluster| {
            let mut more = workload("more", "app=web");
            more.replicas = Some(replicas);
            cluster.workloads = vec![more];
        }
    };
    let mut fits = world();
    with(17)(&mut fits);
    assert_eq!(kinds(&fits), [], "two m5.large take 18, one is taken");
    let warning = only(with(18));
    assert_eq!(warning.kind, WarningKind::PendingCapacity);
    assert_eq!(
        warning.text,
        "18 pods of Deployment shop/more wait for branch interfaces; 18 are waited for, and the nodes have 17 left"
    );
}

#[test]
fn policies_without_effect() {
    let text = |added: ringwall_model::network::SecurityGroupPolicy| {
        let warning = only(|cluster| cluster.network.security_group_policies.push(added));
        assert_eq!(warning.kind, WarningKind::PolicyWithoutEffect);
        warning.text
    };
    assert_eq!(text(policy("p", Some("app=nobody"), None, &["sg-web"])), "it selects no pod");
    assert!(text(policy("p", None, None, &["sg-web"])).contains("neither"));
    assert!(text(policy("p", Some("app=web"), None, &[])).contains("names no security groups"));
    let off = only(|cluster| cluster.network.vpc_cni.as_mut().unwrap().pod_eni = false);
    assert!(off.text.contains("ENABLE_POD_ENI"), "{off:?}");
}

#[test]
fn too_many_groups() {
    let ids = ["sg-1", "sg-2", "sg-3", "sg-4", "sg-5", "sg-6"];
    let exported =
        |cluster: &mut Cluster| cluster.aws.security_groups.extend(ids.iter().map(|id| group(id, &OPEN)));
    let mut six = world();
    exported(&mut six);
    six.network.security_group_policies[0] = policy("web", Some("app=web"), None, &ids);
    assert_eq!(
        kinds(&six),
        [WarningKind::TooManyGroups, WarningKind::TooManyGroups],
        "the policy and the pod"
    );
    let joined = only(|cluster| {
        exported(cluster);
        cluster.network.security_group_policies.push(policy("more", Some("app=web"), None, &ids[..5]));
    });
    assert!(
        joined.text.starts_with("SecurityGroupPolicy shop/web and SecurityGroupPolicy shop/more give it 6"),
        "{joined:?}"
    );
}

#[test]
fn groups_that_a_pod_cannot_have() {
    let lost = only(|cluster| {
        cluster.network.security_group_policies.push(policy("more", Some("app=web"), None, &["sg-lost"]));
    });
    assert_eq!((lost.kind, lost.source.line), (WarningKind::UnusableGroup, 9));
    let elsewhere = only(|cluster| cluster.aws.security_groups[0].vpc = Some(arc("vpc-2")));
    assert_eq!(elsewhere.text, "the security group `sg-web` is of vpc-2, and the cluster is in vpc-1");
}

#[test]
fn what_strict_mode_breaks() {
    let daemon_set = |name: &str| {
        let mut made = workload(name, "app=other");
        made.reference.kind = arc("DaemonSet");
        made.reference.namespace = Some(arc("kube-system"));
        made
    };
    for (name, words) in [("node-local-dns", "NodeLocal DNSCache"), ("calico-node", "Calico skips")] {
        let warning = only(|cluster| cluster.workloads = vec![daemon_set(name)]);
        assert_eq!(warning.kind, WarningKind::StrictMode);
        assert!(warning.text.contains(words), "{warning:?}");
    }
    let local = only(|cluster| {
        let mut service = service("shop", "web", "app=web", "LoadBalancer", &[(Protocol::Tcp, 80)]);
        service.external_traffic_local = true;
        cluster.network.services.push(service);
    });
    assert!(local.text.contains("externalTrafficPolicy: Local"), "{local:?}");
    let agent = only(|cluster| {
        let cni = cluster.network.vpc_cni.as_mut().unwrap();
        cni.network_policy = true;
        let mut aws_node = daemon_set("aws-node");
        aws_node.source = cni.source.clone();
        cluster.workloads = vec![aws_node];
    });
    assert!(agent.text.contains("recommends standard mode"), "{agent:?}");
    let ipvs = only(|cluster| {
        let data = mapping(
            "config",
            Tree::new(3, Value::String(arc("kind: KubeProxyConfiguration\nmode: \"ipvs\"\n"))),
        );
        let reference = ObjectRef {
            api_version: arc("v1"),
            kind: arc("ConfigMap"),
            namespace: Some(arc("kube-system")),
            name: arc("kube-proxy-config"),
        };
        let tree = mapping("data", data);
        cluster.objects.push(Object { reference, source: Source::new("proxy.yaml", 1), tree });
    });
    assert!(ipvs.text.contains("ipvs"), "{ipvs:?}");

    let mut standard = world();
    standard.network.vpc_cni.as_mut().unwrap().enforcing_mode = Some(EnforcingMode::Standard);
    standard.workloads = vec![daemon_set("node-local-dns")];
    assert_eq!(kinds(&standard), []);
}

#[test]
fn pods_without_a_grace_period() {
    let with = |period: i64| {
        move |cluster: &mut Cluster| {
            let tree = mapping(
                "spec",
                mapping(
                    "terminationGracePeriodSeconds",
                    Tree::new(
                        4,
                        Value::Number(Box::new(Number {
                            written: arc(&period.to_string()),
                            integer: Some(period),
                            float: 0.0,
                        })),
                    ),
                ),
            );
            let pod = &cluster.pods[0];
            cluster.objects.push(Object {
                reference: pod.reference.clone(),
                source: pod.source.clone(),
                tree,
            });
        }
    };
    let warning = only(with(0));
    assert_eq!((warning.kind, warning.source.line), (WarningKind::NoGracePeriod, 4));
    let mut well = world();
    with(30)(&mut well);
    assert_eq!(kinds(&well), []);
}

fn mapping(key: &str, value: Tree) -> Tree {
    let line = value.line;
    Tree::new(line, Value::Mapping(Box::new([Entry { key: arc(key), line, value }])))
}
