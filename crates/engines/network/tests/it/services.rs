//! Services, ports of nodes, workloads, the metadata service: who is behind a name or an address.

use ringwall_model::network::{
    Backend, EndpointSlice, Ingress, IngressBackend, Protocol, Service, ServicePort, TargetPort,
};
use ringwall_model::{Cluster, Ec2Instance, LabelSelector, Source, Workload};
use ringwall_network::{Network, Port, QuestionError};
use serde_json::{Value, json};

use crate::ask::{allowed, denied, unknown, who, why};
use crate::build;

/// Two `web` pods, on `n1` and `n2`, whose port `http` is 8080 and 8081; a client `c` on `n1`; the policies given, of namespace `shop`.
fn world(policies: &[Value]) -> Cluster {
    let mut cluster = Cluster {
        nodes: vec![
            build::node("n1", &["10.9.0.1"], Vec::new()),
            build::node("n2", &["10.9.0.2"], Vec::new()),
        ],
        ..Cluster::default()
    };
    for (name, at) in [("w1", 1), ("w2", 2), ("c", 3)] {
        cluster.pods.push(build::pod(&json!({
            "namespace": "shop", "name": name, "labels": {"app": if name == "c" { "client" } else { "web" }},
            "ip": format!("10.0.0.{at}"), "node": if at == 2 { "n2" } else { "n1" },
            "ports": [{"name": "http", "containerPort": 8079 + at}],
        })));
    }
    for spec in policies {
        let policy = json!({"metadata": {"name": "p", "namespace": "shop"}, "spec": spec});
        cluster.network.policies.push(build::network_policy(&policy));
    }
    cluster
}

fn service(kind: &str, target: TargetPort) -> Service {
    let selector: LabelSelector = build::selector(&json!({"matchLabels": {"app": "web"}}));
    let port = ServicePort {
        name: Some("main".into()),
        protocol: Protocol::Tcp,
        port: 80,
        target,
        node_port: (kind != "ClusterIP").then_some(30080),
        source: Source::new("services.yaml", 9),
    };
    Service {
        reference: build::reference("v1", "Service", Some("shop"), "web"),
        source: Source::new("services.yaml", 1),
        kind: kind.into(),
        selector: Some(selector),
        cluster_ips: vec!["172.20.0.5".parse().unwrap()],
        headless: false,
        external_ips: Vec::new(),
        load_balancer_ips: Vec::new(),
        source_ranges: Vec::new(),
        external_traffic_local: false,
        annotations: Vec::new(),
        ports: vec![port],
    }
}

fn with(mut cluster: Cluster, service: Service) -> Cluster {
    cluster.network.services.push(service);
    cluster
}

fn web_allows(rule: &Value) -> Value {
    json!({"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [rule]})
}

#[test]
fn f13_policies_see_the_pods_port_and_not_the_services() {
    let by_pod_port = web_allows(&json!({"ports": [{"port": 8080}]}));
    let cluster = with(world(&[by_pod_port]), service("ClusterIP", TargetPort::Number(8080)));
    allowed(&cluster, "shop/c", "svc:shop/web", "80");
    allowed(&cluster, "shop/c", "svc:shop/web", "main");
    allowed(&cluster, "shop/c", "172.20.0.5", "80");
    denied(&cluster, "shop/c", "172.20.0.5", "8080");
    let by_service_port = web_allows(&json!({"ports": [{"port": 80}]}));
    let cluster = with(world(&[by_service_port]), service("ClusterIP", TargetPort::Number(8080)));
    denied(&cluster, "shop/c", "svc:shop/web", "80");
    let egress = json!({"podSelector": {"matchLabels": {"app": "client"}}, "policyTypes": ["Egress"],
                        "egress": [{"ports": [{"port": 8080}]}]});
    let cluster = with(world(&[egress]), service("ClusterIP", TargetPort::Number(8080)));
    allowed(&cluster, "shop/c", "svc:shop/web", "80");
}

#[test]
fn a_named_target_port_is_each_pods_own_and_who_is_left_out_is_told() {
    let cluster = with(world(&[]), service("ClusterIP", TargetPort::Name("http".into())));
    allowed(&cluster, "shop/c", "svc:shop/web", "80");
    let only_8080 = web_allows(&json!({"ports": [{"port": 8080}]}));
    let cluster = with(world(&[only_8080]), service("ClusterIP", TargetPort::Name("http".into())));
    denied(&cluster, "shop/c", "svc:shop/web", "80");
    let text = why(&cluster, "shop/c", "svc:shop/web", "80");
    assert!(text.contains("services.yaml:9 its TCP port 80 leads to 2 endpoints"), "{text}");
    assert!(
        text.contains(
            "isolates Pod shop/w2 for ingress, and none of its rules allows TCP 8081 from Pod shop/c"
        ),
        "{text}"
    );
    assert!(!text.contains("Pod shop/w1"), "{text}");
    let mut nameless = with(world(&[]), service("ClusterIP", TargetPort::Name("http".into())));
    nameless.pods[1].network.ports.clear();
    denied(&nameless, "shop/c", "svc:shop/web", "80");
}

#[test]
fn nothing_behind_a_service_is_denied_and_said() {
    let mut nobody = with(world(&[]), service("ClusterIP", TargetPort::Number(8080)));
    nobody.pods.truncate(0);
    nobody.pods.push(build::pod(&json!({"namespace": "shop", "name": "c", "labels": {}, "ip": "10.0.0.3"})));
    denied(&nobody, "shop/c", "svc:shop/web", "80");
    let text = why(&nobody, "shop/c", "svc:shop/web", "80");
    assert!(text.contains("no endpoints are behind its TCP port 80"), "{text}");
    denied(&nobody, "shop/c", "svc:shop/web", "81");
    let external = Service { kind: "ExternalName".into(), ..service("ClusterIP", TargetPort::Number(1)) };
    let text = unknown(&with(world(&[]), external), "shop/c", "svc:shop/web", "80");
    assert!(text.contains("a name of the outside"), "{text}");
}

#[test]
fn a_headless_service_is_its_pods() {
    let headless =
        Service { headless: true, cluster_ips: Vec::new(), ..service("ClusterIP", TargetPort::Number(8080)) };
    let cluster = with(world(&[web_allows(&json!({"ports": [{"port": 8080}, {"port": 9}]}))]), headless);
    allowed(&cluster, "shop/c", "svc:shop/web", "8080");
    allowed(&cluster, "shop/c", "svc:shop/web", "9");
    allowed(&cluster, "shop/c", "svc:shop/web", "main");
    denied(&cluster, "shop/c", "svc:shop/web", "80");
}

#[test]
fn endpoints_that_somebody_wrote_are_listed_by_slices() {
    let without = Service { selector: None, ..service("ClusterIP", TargetPort::Number(1)) };
    let egress = json!({"podSelector": {}, "policyTypes": ["Egress"],
                        "egress": [{"to": [{"ipBlock": {"cidr": "198.51.100.0/24"}}], "ports": [{"port": 5432}]}]});
    let mut cluster = with(world(&[egress]), without);
    denied(&cluster, "shop/c", "svc:shop/web", "80");
    let slice = |addresses: &[&str]| EndpointSlice {
        reference: build::reference("discovery.k8s.io/v1", "EndpointSlice", Some("shop"), "web-1"),
        source: Source::new("services.yaml", 20),
        service: "web".into(),
        addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        ports: vec![(Some("main".into()), Protocol::Tcp, Some(5432))],
    };
    cluster.network.endpoint_slices = vec![slice(&["198.51.100.7"])];
    allowed(&cluster, "shop/c", "svc:shop/web", "80");
    cluster.network.endpoint_slices.push(slice(&["203.0.113.1"]));
    denied(&cluster, "shop/c", "svc:shop/web", "80");
}

/// Its own address is exempt, the service's is not.
#[test]
fn f13_a_pod_that_reaches_itself_by_a_service_is_subject_to_policies() {
    let closed = json!({"podSelector": {"matchLabels": {"app": "web"}}, "ingress": []});
    let mut cluster = with(world(&[closed]), service("ClusterIP", TargetPort::Number(8080)));
    cluster.pods.remove(1);
    allowed(&cluster, "shop/w1", "shop/w1", "8080");
    allowed(&cluster, "shop/w1", "10.0.0.1", "8080");
    denied(&cluster, "shop/w1", "svc:shop/web", "80");
}

#[test]
fn a_port_of_a_node_leads_to_the_pods() {
    let node_port = || service("NodePort", TargetPort::Number(8080));
    let open = with(world(&[]), node_port());
    allowed(&open, "8.8.8.8", "node:n1", "30080");
    allowed(&open, "8.8.8.8", "10.9.0.2", "30080");
    let closed = json!({"podSelector": {"matchLabels": {"app": "web"}}, "ingress": []});
    let cluster = with(world(&[closed]), node_port());
    denied(&cluster, "8.8.8.8", "node:n1", "30080");
    allowed(&cluster, "8.8.8.8", "node:n1", "22");
    let clients = web_allows(&json!({"from": [{"ipBlock": {"cidr": "8.8.8.0/24"}}]}));
    let cluster = with(world(std::slice::from_ref(&clients)), node_port());
    let text = unknown(&cluster, "8.8.8.8", "node:n1", "30080");
    assert!(text.contains("whether policies see 8.8.8.8 or a node"), "{text}");
    let local = Service { external_traffic_local: true, ..node_port() };
    let mut cluster = with(world(&[clients]), local);
    allowed(&cluster, "8.8.8.8", "node:n1", "30080");
    denied(&cluster, "9.9.9.9", "node:n1", "30080");
    cluster.pods.remove(1);
    denied(&cluster, "8.8.8.8", "node:n2", "30080");
}

#[test]
fn a_load_balancer_lets_in_whom_its_ranges_name() {
    let balancer = Service {
        load_balancer_ips: vec!["203.0.113.50".parse().unwrap()],
        source_ranges: vec!["198.51.100.0/24".parse().unwrap()],
        ..service("LoadBalancer", TargetPort::Number(8080))
    };
    let cluster = with(world(&[]), balancer.clone());
    allowed(&cluster, "198.51.100.9", "203.0.113.50", "80");
    allowed(&cluster, "198.51.100.9", "svc:shop/web", "80");
    denied(&cluster, "8.8.8.8", "203.0.113.50", "80");
    allowed(&cluster, "shop/c", "203.0.113.50", "80");
    let text = why(&cluster, "8.8.8.8", "203.0.113.50", "80");
    assert!(text.contains("loadBalancerSourceRanges"), "{text}");
    let clients = web_allows(&json!({"from": [{"ipBlock": {"cidr": "198.51.100.0/24"}}]}));
    unknown(
        &with(world(std::slice::from_ref(&clients)), balancer.clone()),
        "198.51.100.9",
        "203.0.113.50",
        "80",
    );
    let local = Service { external_traffic_local: true, ..balancer };
    allowed(&with(world(&[clients]), local), "198.51.100.9", "203.0.113.50", "80");
}

#[test]
fn an_ingress_to_a_service_is_told_to_who_asks_from_outside() {
    let mut cluster = with(world(&[]), service("ClusterIP", TargetPort::Number(8080)));
    cluster.network.ingresses.push(Ingress {
        reference: build::reference("networking.k8s.io/v1", "Ingress", Some("shop"), "front"),
        source: Source::new("ingress.yaml", 1),
        class: Some("alb".into()),
        annotations: Vec::new(),
        backends: vec![IngressBackend {
            host: Some("shop.example.com".into()),
            path: None,
            service: "web".into(),
            port: Backend::Name("main".into()),
            source: Source::new("ingress.yaml", 12),
        }],
    });
    let text = why(&cluster, "8.8.8.8", "svc:shop/web", "80");
    assert!(
        text.contains(
            "ingress.yaml:12 `shop.example.com/` leads there as well, by a controller of class `alb`"
        ),
        "{text}"
    );
    assert!(!why(&cluster, "shop/c", "svc:shop/web", "80").contains("ingress.yaml"));
}

#[test]
fn a_host_port_leads_to_its_pod() {
    let mut cluster = world(&[web_allows(&json!({"ports": [{"port": 8080}]}))]);
    cluster.pods[0].network.ports[0].host_port = Some(9090);
    allowed(&cluster, "shop/c", "node:n1", "9090");
    cluster.network.policies[0].ingress = Some(Vec::new());
    denied(&cluster, "8.8.8.8", "node:n1", "9090");
    allowed(&cluster, "8.8.8.8", "node:n2", "9090");
}

fn workload(kind: &str, name: &str, owner: Option<(&str, &str)>) -> Workload {
    let group = if kind == "CronJob" || kind == "Job" { "batch/v1" } else { "apps/v1" };
    let mut workload = Workload {
        reference: build::reference(group, kind, Some("shop"), name),
        source: Source::new("workloads.yaml", 1),
        service_account: "default".into(),
        labels: build::labels(&json!({"app": "web"})),
        host_network: false,
        owned: owner.is_some(),
        network: Default::default(),
        replicas: Some(1),
    };
    workload.network.owner = owner.map(|(kind, name)| build::reference(group, kind, Some("shop"), name));
    workload
}

#[test]
fn a_workload_is_its_pods_or_else_its_template() {
    let only_w1 = json!({"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.1/32"}}]}]});
    let mut cluster = world(&[only_w1]);
    cluster.workloads = vec![
        workload("Deployment", "web", None),
        workload("ReplicaSet", "web-5d8", Some(("Deployment", "web"))),
    ];
    let owner = build::reference("apps/v1", "ReplicaSet", Some("shop"), "web-5d8");
    cluster.pods[0].network.owner = Some(owner.clone());
    allowed(&cluster, "shop/Deployment/web", "shop/c", "80");
    cluster.pods[1].network.owner = Some(owner);
    denied(&cluster, "shop/Deployment/web", "shop/c", "80");
    denied(&cluster, "shop/ReplicaSet/web-5d8", "shop/c", "80");
    let text = why(&cluster, "shop/Deployment/web", "shop/c", "80");
    assert!(text.contains("from Pod shop/w2") && !text.contains("from Pod shop/w1"), "{text}");
    // Without the ReplicaSet's object its name leads on to the Deployment.
    cluster.workloads.truncate(1);
    allowed(&cluster, "shop/ReplicaSet/web-5d8", "8.8.8.8", "80");
    for pod in &mut cluster.pods[..2] {
        pod.labels.push(("pod-template-hash".into(), "5d8".into()));
    }
    denied(&cluster, "shop/Deployment/web", "shop/c", "80");
    cluster.pods.drain(..2);
    denied(&cluster, "shop/Deployment/web", "shop/c", "80");
    let by_labels =
        json!({"podSelector": {}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}]});
    cluster.network.policies = world(&[by_labels]).network.policies;
    allowed(&cluster, "shop/Deployment/web", "shop/c", "80");
}

#[test]
fn pairs_that_differ_in_names_alone_are_told_once() {
    let closed = json!({"podSelector": {"matchLabels": {"app": "web"}}, "ingress": []});
    let mut cluster = with(world(&[closed]), service("ClusterIP", TargetPort::Number(8080)));
    let text = why(&cluster, "shop/c", "svc:shop/web", "80");
    assert_eq!(
        text,
        "services.yaml:9 its TCP port 80 leads to 2 endpoints\n\
         policies.yaml:1 isolates Pod shop/w1 for ingress, and none of its rules allows TCP 8080 from Pod shop/c\n\
         built in the same holds from Pod shop/c to Pod shop/w2\n"
    );
    for at in 0..30 {
        let more = json!({"namespace": "shop", "name": format!("more-{at}"), "labels": {"app": "web"}, "ip": format!("10.0.1.{at}")});
        cluster.pods.push(build::pod(&more));
    }
    let text = why(&cluster, "shop/c", "svc:shop/web", "80");
    assert!(text.ends_with("and for 23 more pairs\n"), "{text}");
    assert_eq!(text.lines().count(), 3, "{text}");
}

/// Two StatefulSets of three hundred pods: ninety thousand pairs, of which rules tell few apart.
#[test]
fn large_workloads_are_answered_by_few_of_their_pairs() {
    let rules = json!({"podSelector": {"matchLabels": {"app": "b"}}, "ingress": [
        {"from": [{"podSelector": {"matchLabels": {"app": "a"}}}]},
        {"from": [{"ipBlock": {"cidr": "10.2.0.0/16"}}], "ports": [{"port": 9}]},
    ]});
    let mut cluster = world(&[rules]);
    for (app, net) in [("a", 1), ("b", 2)] {
        for at in 0..300 {
            let mut pod = build::pod(&json!({
                "namespace": "shop", "name": format!("{app}-{at}"), "ip": format!("10.{net}.{}.{}", at / 250, at % 250),
                "labels": {"app": app, "statefulset.kubernetes.io/pod-name": format!("{app}-{at}")},
            }));
            pod.network.owner = Some(build::reference("apps/v1", "StatefulSet", Some("shop"), app));
            cluster.pods.push(pod);
        }
    }
    allowed(&cluster, "shop/StatefulSet/a", "shop/StatefulSet/b", "80");
    denied(&cluster, "shop/StatefulSet/b", "shop/StatefulSet/b", "80");
    allowed(&cluster, "shop/StatefulSet/b", "shop/StatefulSet/b", "9");
    let text = why(&cluster, "shop/StatefulSet/a", "shop/StatefulSet/b", "80");
    assert!(
        text.contains("89999 further pairs differ from one that was judged in nothing that counts"),
        "{text}"
    );
    cluster.pods[150].labels[0].1 = "c".into();
    denied(&cluster, "shop/StatefulSet/a", "shop/StatefulSet/b", "80");
}

#[test]
fn a_finished_job_is_its_cron_jobs_template() {
    let mut cluster = world(&[]);
    cluster.workloads = vec![workload("CronJob", "report", None)];
    let mut done =
        build::pod(&json!({"namespace": "shop", "name": "report-29-x", "labels": {}, "phase": "Succeeded"}));
    done.network.owner = Some(build::reference("batch/v1", "Job", Some("shop"), "report-29"));
    cluster.pods.push(done);
    assert!(Network::new(&cluster).workload_pods(&cluster.workloads[0])[0].pod().is_none());
    cluster.pods[3].phase = Some("Running".into());
    let network = Network::new(&cluster);
    assert_eq!(&*network.workload_pods(&cluster.workloads[0])[0].reference().name, "report-29-x");
}

#[test]
fn owners_in_a_circle_end() {
    let mut cluster = world(&[]);
    cluster.workloads = vec![
        workload("ReplicaSet", "a", Some(("ReplicaSet", "b"))),
        workload("ReplicaSet", "b", Some(("ReplicaSet", "a"))),
    ];
    cluster.pods[0].network.owner = Some(build::reference("apps/v1", "ReplicaSet", Some("shop"), "a"));
    let network = Network::new(&cluster);
    assert_eq!(network.workload_pods(&cluster.workloads[1]).len(), 1);
    assert_eq!(&*network.workload_of(network.pod_named("shop", "w1").unwrap()).unwrap().reference.name, "b");
}

#[test]
fn the_metadata_service_is_an_address_with_a_setting_beside_policy() {
    let mut cluster = world(&[]);
    allowed(&cluster, "shop/c", "169.254.169.254", "80");
    assert!(why(&cluster, "shop/c", "169.254.169.254", "80").contains("which the snapshot doesn't tell"));
    cluster.nodes[0].provider_id = Some("aws:///eu-west-1a/i-0abc".into());
    cluster.aws.instances.push(Ec2Instance {
        id: "i-0abc".into(),
        state: None,
        private_dns_name: None,
        instance_type: None,
        addresses: Vec::new(),
        instance_profile_arn: None,
        http_endpoint: Some("enabled".into()),
        http_tokens: Some("required".into()),
        hop_limit: Some(1),
        source: Source::new("instances.json", 7),
    });
    let text = why(&cluster, "shop/c", "fd00:ec2::254", "80");
    assert!(
        text.contains(
            "instances.json:7 `i-0abc` (Node n1) demands tokens, and with a hop limit of 1 none reaches a pod"
        ),
        "{text}"
    );
    let closed = json!({"podSelector": {}, "policyTypes": ["Egress"]});
    let cluster = world(&[closed]);
    denied(&cluster, "shop/c", "169.254.169.254", "80");
}

#[test]
fn who_is_nobody_is_an_error() {
    let mut cluster = world(&[]);
    cluster.pods[1].phase = Some("Failed".into());
    let network = Network::new(&cluster);
    let ask =
        |from: &str, port: Port, protocol| network.connects(&who(from), &who("shop/c"), &port, protocol);
    let error = |from: &str| ask(from, Port::Number(80), Protocol::Tcp).unwrap_err().to_string();
    assert_eq!(error("shop/w2"), "the pod `shop/w2` is over: it has no processes that could send or receive");
    assert_eq!(error("shop/absent"), "there is no pod `shop/absent` in the snapshot");
    assert_eq!(error("shop/Deployment/absent"), "there is no Deployment `shop/absent` in the snapshot");
    assert_eq!(error("node:absent"), "there is no node `absent` in the snapshot");
    assert_eq!(error("svc:shop/absent"), "there is no service `shop/absent` in the snapshot");
    let named = ask("shop/w1", Port::Name("http".into()), Protocol::Icmp);
    assert!(matches!(named, Err(QuestionError::NoPorts { .. })), "{named:?}");
}
