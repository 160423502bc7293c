//! Services, endpoints, ingresses; addresses and ports of pods, nodes and workloads; the VPC CNI.

use ringwall_model::network::{Backend, EnforcingMode, ProbeHandler, TargetPort};

use crate::folder::{clean, kubernetes, told};

#[test]
fn a_pods_addresses_ports_and_probes() {
    let pod = r#"apiVersion: v1
kind: Pod
metadata:
  name: p
  namespace: shop
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: r, controller: true}]
  annotations:
    vpc.amazonaws.com/pod-eni: '[{"eniId":"eni-1","ifAddress":"0a:00","privateIp":"10.0.0.9","ipv6Addr":"fd00::9","vlanId":1}]'
spec:
  dnsPolicy: Default
  initContainers:
  - {name: once, ports: [{containerPort: 1}]}
  - {name: sidecar, restartPolicy: Always, ports: [{containerPort: 15001, name: mesh}]}
  containers:
  - name: c
    ports:
    - {containerPort: 8080, name: http}
    - {containerPort: 53, name: dns, protocol: UDP, hostPort: 5353}
    readinessProbe: {httpGet: {path: /, port: http}}
    livenessProbe: {tcpSocket: {port: 9}}
    startupProbe: {exec: {command: [x]}}
  - name: d
    readinessProbe: {grpc: {port: 7}}
    livenessProbe: {httpGet: {port: http}}
status:
  podIP: 10.0.0.9
  podIPs: [{ip: 10.0.0.9}, {ip: 'fd00::0009'}]
  hostIP: 10.0.0.1
  hostIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]
"#;
    let snapshot = clean(&[("kubernetes/p.yaml", pod)]);
    let parts = &snapshot.cluster.pods[0].network;
    assert_eq!(format!("{:?}", parts.addresses), "[10.0.0.9, fd00::9]");
    assert_eq!(format!("{:?}", parts.host_addresses), "[10.0.0.1, fd00::1]");
    let ports: Vec<_> = parts
        .ports
        .iter()
        .map(|port| {
            let name = port.name.as_deref().unwrap_or("-");
            format!("{} {name} {} {} {:?}", port.container, port.protocol.name(), port.port, port.host_port)
        })
        .collect();
    assert_eq!(ports, ["c http TCP 8080 None", "c dns UDP 53 Some(5353)", "sidecar mesh TCP 15001 None"]);
    let probes: Vec<_> = parts
        .probes
        .iter()
        .map(|probe| (&*probe.container, probe.kind, probe.handler.clone(), probe.source.line))
        .collect();
    assert_eq!(
        probes,
        [
            ("c", "liveness", ProbeHandler::Network { how: "tcp", port: Some(9) }, 20),
            ("c", "readiness", ProbeHandler::Network { how: "http", port: Some(8080) }, 19),
            ("c", "startup", ProbeHandler::Exec, 21),
            ("d", "liveness", ProbeHandler::Network { how: "http", port: None }, 24),
            ("d", "readiness", ProbeHandler::Network { how: "grpc", port: Some(7) }, 23),
        ]
    );
    assert_eq!(parts.dns_policy.as_deref(), Some("Default"));
    assert_eq!(parts.owner.as_ref().unwrap().to_string(), "ReplicaSet shop/r");
    assert_eq!(&*parts.branch_interfaces[0].id, "eni-1");
    assert_eq!(format!("{:?}", parts.branch_interfaces[0].addresses), "[10.0.0.9, fd00::9]");
    assert!(parts.unreadable.is_empty());
}

#[test]
fn what_cant_be_read_of_a_pod_is_told_and_kept_in_mind() {
    for (what, message) in [
        ("status: {podIP: 10.0.0.300}", "its address is `10.0.0.300`"),
        ("spec: {containers: [{ports: [{containerPort: 70000}]}]}", "`containerPort` is 70000"),
        ("spec: {containers: [{ports: [{containerPort: 1, protocol: tcp}]}]}", "`protocol` is `tcp`"),
        ("spec: {containers: {}}", "`containers` is a mapping"),
    ] {
        let snapshot = kubernetes(&format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\n{what}\n"));
        let parts = &snapshot.cluster.pods[0].network;
        assert!(parts.unreadable[0].contains(message), "{what}: {:?}", parts.unreadable);
        assert!(parts.ports.is_empty() && parts.addresses.is_empty(), "{what}");
        assert!(told(&snapshot)[0].contains(message), "{what}");
    }
    for annotation in ["x", "[{}]", "[]", r#"[{"eniId": "eni-1", "privateIp": "x"}]"#] {
        let snapshot = kubernetes(&format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, annotations: {{vpc.amazonaws.com/pod-eni: '{annotation}'}}}}\n"
        ));
        assert!(told(&snapshot)[0].contains("is no list of interfaces"), "{annotation}");
        assert_eq!(snapshot.cluster.pods[0].network.unreadable.len(), 1, "{annotation}");
    }
}

#[test]
fn ports_on_the_nodes_network_are_the_nodes() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {hostNetwork: true, containers: [{name: c, ports: [{containerPort: 80}]}]}\n";
    let port = &clean(&[("kubernetes/p.yaml", text)]).cluster.pods[0].network.ports[0];
    assert_eq!(port.host_port, Some(80));
}

#[test]
fn workloads_tell_what_their_pods_will_have() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: 3, template: {spec: {containers: [{name: c, ports: [{containerPort: 80}]}]}}}\n---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: r, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: d, controller: true}]}\n";
    let workloads = clean(&[("kubernetes/w.yaml", text)]).cluster.workloads;
    assert_eq!((workloads[0].replicas, workloads[0].network.ports[0].port), (Some(3), 80));
    assert_eq!(workloads[0].network.owner, None);
    assert_eq!(workloads[1].network.owner.as_ref().unwrap().to_string(), "Deployment default/d");
}

#[test]
fn nodes_have_addresses_blocks_and_types() {
    let text = "apiVersion: v1\nkind: Node\nmetadata: {name: node-1, labels: {node.kubernetes.io/instance-type: m5.large}}\nspec: {podCIDR: 10.244.1.0/24, podCIDRs: [10.244.1.0/24, 'fd00:1::/64']}\nstatus: {addresses: [{type: InternalIP, address: 10.0.0.1}, {type: ExternalIP, address: 203.0.113.9}, {type: Hostname, address: node-1}, {type: InternalDNS, address: 10.0.0.7}]}\n";
    let node = &clean(&[("kubernetes/n.yaml", text)]).cluster.nodes[0];
    assert_eq!(format!("{:?}", node.addresses), "[10.0.0.1, 203.0.113.9]");
    assert_eq!(format!("{:?}", node.pod_cidrs), "[10.244.1.0/24, fd00:1::/64]");
    assert_eq!(node.instance_type.as_deref(), Some("m5.large"));
}

#[test]
fn services_are_defaulted_as_the_apiserver_does() {
    let text = r"apiVersion: v1
kind: Service
metadata: {name: s, annotations: {service.beta.kubernetes.io/aws-load-balancer-scheme: internal, other: x}}
spec:
  type: LoadBalancer
  selector: {app: a}
  clusterIP: 172.20.0.9
  clusterIPs: [172.20.0.9, 'fd00::9']
  externalIPs: [203.0.113.9]
  externalTrafficPolicy: Local
  loadBalancerSourceRanges: [' 203.0.113.0/24 ']
  ports:
  - {port: 80}
  - {name: b, port: 443, targetPort: https, nodePort: 30443}
  - {name: c, protocol: UDP, port: 53, targetPort: 5353}
status: {loadBalancer: {ingress: [{ip: 203.0.113.10}, {hostname: x.example.com}]}}
---
apiVersion: v1
kind: Service
metadata: {name: headless}
spec: {clusterIP: None, clusterIPs: [None], ports: [{port: 80, targetPort: 0}]}
";
    let services = clean(&[("kubernetes/s.yaml", text)]).cluster.network.services;
    let service = &services[0];
    assert_eq!(
        (&*service.kind, service.headless, service.external_traffic_local),
        ("LoadBalancer", false, true)
    );
    assert_eq!(service.selector.as_ref().unwrap().requirements[0].key, "app".into());
    assert_eq!(format!("{:?}", service.cluster_ips), "[172.20.0.9, fd00::9]");
    assert_eq!(
        format!("{:?} {:?}", service.external_ips, service.load_balancer_ips),
        "[203.0.113.9] [203.0.113.10]"
    );
    assert_eq!(format!("{:?}", service.source_ranges), "[203.0.113.0/24]");
    assert_eq!(service.annotations.len(), 1);
    let ports: Vec<_> = service
        .ports
        .iter()
        .map(|port| (port.protocol.name(), port.port, port.target.clone(), port.node_port, port.source.line))
        .collect();
    assert_eq!(
        ports,
        [
            ("TCP", 80, TargetPort::Number(80), None, 13),
            ("TCP", 443, TargetPort::Name("https".into()), Some(30443), 14),
            ("UDP", 53, TargetPort::Number(5353), None, 15),
        ]
    );
    let headless = &services[1];
    assert_eq!((&*headless.kind, headless.headless, headless.selector.is_none()), ("ClusterIP", true, true));
    assert!(headless.cluster_ips.is_empty());
    assert_eq!(headless.ports[0].target, TargetPort::Number(80));
}

#[test]
fn ports_of_a_service_that_cant_be_read_are_left_out() {
    for (port, message) in [
        ("{}", "without `port`"),
        ("{port: 0}", "`port` is 0"),
        ("{port: 80, protocol: HTTP}", "`protocol` is `HTTP`"),
        ("{port: 80, targetPort: '80'}", "`targetPort` is `80`"),
    ] {
        let snapshot = kubernetes(&format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: s}}\nspec: {{ports: [{port}, {{port: 1}}]}}\n"
        ));
        assert_eq!(snapshot.cluster.network.services[0].ports.len(), 1, "{port}");
        assert!(told(&snapshot)[0].contains(message), "{port}: {:?}", told(&snapshot));
    }
}

#[test]
fn endpoints_count_where_no_slice_tells_of_the_service() {
    let slice = "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s-x, labels: {kubernetes.io/service-name: s}}\naddressType: IPv4\nendpoints: [{addresses: [10.0.0.1]}, {addresses: [10.0.0.2], conditions: {ready: false}}, {addresses: [10.0.0.3], conditions: {ready: true}}]\nports: [{name: http, port: 80}, {protocol: UDP}]\n";
    let endpoints = |name: &str| {
        format!(
            "---\napiVersion: v1\nkind: Endpoints\nmetadata: {{name: {name}}}\nsubsets: [{{addresses: [{{ip: 10.0.0.9}}], notReadyAddresses: [{{ip: 10.0.0.8}}], ports: [{{port: 5432}}]}}]\n"
        )
    };
    let text = [slice.to_owned(), endpoints("s"), endpoints("db")].concat();
    let slices = clean(&[("kubernetes/e.yaml", &text)]).cluster.network.endpoint_slices;
    let shown: Vec<_> = slices
        .iter()
        .map(|slice| {
            let ports: Vec<_> =
                slice.ports.iter().map(|(_, protocol, port)| (protocol.name(), *port)).collect();
            format!("{} {:?} {ports:?}", slice.service, slice.addresses)
        })
        .collect();
    assert_eq!(
        shown,
        [
            r#"s [10.0.0.1, 10.0.0.3] [("TCP", Some(80)), ("UDP", None)]"#,
            r#"db [10.0.0.9] [("TCP", Some(5432))]"#
        ]
    );
}

#[test]
fn ingresses_lead_to_services_in_both_forms() {
    let text = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\nspec:\n  ingressClassName: alb\n  defaultBackend: {service: {name: d, port: {number: 80}}}\n  rules:\n  - host: a.example.com\n    http: {paths: [{path: /, backend: {service: {name: a, port: {name: http}}}}, {path: /r, backend: {resource: {kind: X}}}]}\n---\napiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: old, annotations: {kubernetes.io/ingress.class: nginx}}\nspec: {backend: {serviceName: b, servicePort: web}, rules: [{http: {paths: [{backend: {serviceName: c, servicePort: 8080}}]}}]}\n";
    let ingresses = clean(&[("kubernetes/i.yaml", text)]).cluster.network.ingresses;
    let backends = |at: usize| {
        let backends = ingresses[at].backends.iter();
        backends.map(|way| (way.host.as_deref(), &*way.service, way.port.clone())).collect::<Vec<_>>()
    };
    assert_eq!(
        backends(0),
        [(None, "d", Backend::Number(80)), (Some("a.example.com"), "a", Backend::Name("http".into()))]
    );
    assert_eq!(backends(1), [(None, "b", Backend::Name("web".into())), (None, "c", Backend::Number(8080))]);
    assert_eq!((ingresses[0].class.as_deref(), ingresses[1].class.as_deref()), (Some("alb"), Some("nginx")));
}

#[test]
fn security_group_policies_keep_their_groups_with_lines() {
    let text = "apiVersion: vpcresources.k8s.aws/v1beta1\nkind: SecurityGroupPolicy\nmetadata: {name: p}\nspec:\n  podSelector: {matchLabels: {a: b}}\n  serviceAccountSelector: {}\n  securityGroups:\n    groupIds:\n    - sg-1\n    - sg-2\n";
    let policy = &clean(&[("kubernetes/p.yaml", text)]).cluster.network.security_group_policies[0];
    assert_eq!(policy.reference.namespace.as_deref(), Some("default"), "its kind lives in a namespace");
    let groups: Vec<_> = policy.groups.iter().map(|(id, source)| (&**id, source.line)).collect();
    assert_eq!(groups, [("sg-1", 9), ("sg-2", 10)]);
    assert_eq!(policy.pods.as_ref().unwrap().requirements.len(), 1);
    assert!(policy.service_accounts.as_ref().unwrap().requirements.is_empty());
    for (spec, unreadable, message) in [
        ("{podSelector: {}}", false, "has no effect"),
        ("{securityGroups: {groupIds: [sg-1]}}", false, "has no effect"),
        ("{podSelector: {}, securityGroups: {groupIds: [1]}}", true, "a group's id is a number"),
        ("{podSelector: {}, securityGroups: {groupIds: [a, b, c, d, e, f]}}", true, "more than 5 groups"),
        (
            "{podSelector: {matchLabels: {a: 1}}, securityGroups: {groupIds: [a]}}",
            true,
            "label `a` is a number",
        ),
    ] {
        let snapshot = kubernetes(&format!(
            "apiVersion: vpcresources.k8s.aws/v1beta1\nkind: SecurityGroupPolicy\nmetadata: {{name: p}}\nspec: {spec}\n"
        ));
        let policy = &snapshot.cluster.network.security_group_policies[0];
        assert_eq!(!policy.unreadable.is_empty(), unreadable, "{spec}");
        assert!(told(&snapshot)[0].contains(message), "{spec}: {:?}", told(&snapshot));
    }
}

#[test]
fn the_vpc_cnis_settings_are_those_of_its_daemon_set() {
    let cni = |env: &str, init: &str, args: &str| {
        let text = format!(
            "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{name: aws-node, namespace: kube-system}}\nspec: {{template: {{spec: {{initContainers: [{{name: aws-vpc-cni-init, env: [{init}]}}], containers: [{{name: aws-node, env: [{env}]}}, {{name: aws-eks-nodeagent, args: [{args}]}}]}}}}}}\n"
        );
        clean(&[("kubernetes/a.yaml", &text)]).cluster.network.vpc_cni.unwrap()
    };
    let bare = cni("", "", "");
    assert_eq!(bare.enforcing_mode, Some(EnforcingMode::Strict));
    assert!(!bare.pod_eni && !bare.network_policy && !bare.external_snat && !bare.disable_tcp_early_demux);
    let full = cni(
        "{name: ENABLE_POD_ENI, value: 'true'}, {name: POD_SECURITY_GROUP_ENFORCING_MODE, value: standard}, {name: AWS_VPC_K8S_CNI_EXTERNALSNAT, value: '1'}, {name: NETWORK_POLICY_ENFORCING_MODE, value: strict}",
        "{name: DISABLE_TCP_EARLY_DEMUX, value: 'true'}",
        "'--enable-network-policy=true'",
    );
    assert_eq!(full.enforcing_mode, Some(EnforcingMode::Standard));
    assert!(full.pod_eni && full.network_policy && full.external_snat && full.disable_tcp_early_demux);
    assert_eq!(full.network_policy_mode.as_deref(), Some("strict"));
    let odd = cni(
        "{name: POD_SECURITY_GROUP_ENFORCING_MODE, valueFrom: {}}",
        "",
        "'--enable-network-policy=false'",
    );
    assert_eq!((odd.enforcing_mode, odd.network_policy), (None, false));
    assert!(
        clean(&[("kubernetes/n.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n")])
            .cluster
            .network
            .vpc_cni
            .is_none()
    );
}
