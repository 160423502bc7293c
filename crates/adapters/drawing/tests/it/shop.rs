//! A shop's cluster: some namespaces without policies, some that let in whom they name, one that sends to few.

use ringwall_drawing::{Graph, Link, Party, Side};
use ringwall_model::network::Protocol;
use ringwall_network::Traffic;

pub(crate) fn tcp(port: u16) -> Traffic {
    Traffic::ports(Protocol::Tcp, port, port)
}

pub(crate) fn pods(namespace: &str, kind: &str, name: &str) -> Party {
    Party {
        side: Side::Pods,
        namespace: namespace.into(),
        kind: kind.into(),
        name: name.into(),
        detail: String::new(),
    }
}

/// A graph of which every party is a class of its own, linked as a function says.
pub(crate) fn graph(parties: Vec<Party>, link: impl Fn(&Party, &Party) -> Traffic) -> Graph {
    let mut links = Vec::new();
    for (from, a) in parties.iter().enumerate() {
        for (to, b) in parties.iter().enumerate() {
            let allowed = link(a, b);
            if from != to && !allowed.is_none() {
                links.push(Link { from, to, allowed, possible: Traffic::none() });
            }
        }
    }
    let classes = (0..parties.len()).map(|at| vec![at]).collect();
    Graph { title: "storefront".into(), parties, classes, links, ..Graph::default() }
}

pub(crate) fn shop() -> Graph {
    let names = [
        ("web", "Deployment", &["storefront", "assets", "search"][..]),
        ("shop", "Deployment", &["api", "cart", "checkout", "catalog", "recommend"]),
        ("shop", "StatefulSet", &["redis"]),
        ("payments", "Deployment", &["payments-api", "fraud", "ledger"]),
        ("payments", "CronJob", &["settlement"]),
        ("data", "StatefulSet", &["postgres", "kafka"]),
        ("data", "CronJob", &["backup"]),
        ("monitoring", "StatefulSet", &["prometheus"]),
        ("monitoring", "Deployment", &["grafana", "alertmanager"]),
        ("monitoring", "DaemonSet", &["node-exporter"]),
        ("kube-system", "Deployment", &["coredns", "metrics-server", "aws-load-balancer-controller"]),
        ("kube-system", "DaemonSet", &["aws-node", "kube-proxy"]),
        ("ci", "Deployment", &["runner"]),
        ("newsletter", "Deployment", &["newsletter", "theme"]),
    ];
    let mut parties: Vec<Party> = names
        .iter()
        .flat_map(|(namespace, kind, names)| names.iter().map(move |name| pods(namespace, kind, name)))
        .collect();
    let outside = |name: &str| Party {
        side: Side::Outside,
        namespace: String::new(),
        kind: String::new(),
        name: name.into(),
        detail: String::new(),
    };
    parties.extend([outside("anywhere else"), outside("203.0.113.0/24")]);
    let mut graph = graph(parties, |from, to| {
        let dns = Traffic::ports(Protocol::Udp, 53, 53).or(&tcp(53));
        let out = match (&*from.namespace, &*from.name) {
            ("payments", _) => match (&*to.namespace, &*to.name) {
                ("payments", _) => Traffic::all(),
                ("kube-system", "coredns") => dns.clone(),
                ("data", "postgres") => tcp(5432),
                (_, "203.0.113.0/24") => tcp(443),
                _ => Traffic::none(),
            },
            ("ci", _) if to.side == Side::Outside => tcp(443).or(&tcp(22)),
            _ => Traffic::all(),
        };
        let into = match (&*to.namespace, &*to.name) {
            ("data", "postgres") => match (&*from.namespace, &*from.name) {
                ("shop", "api" | "checkout" | "catalog") => tcp(5432),
                ("payments", "ledger" | "settlement") => tcp(5432),
                ("monitoring", "prometheus") => tcp(9187),
                _ => Traffic::none(),
            },
            ("data", "kafka") if from.namespace == "shop" => tcp(9092),
            ("data", _) => Traffic::none(),
            ("payments", "payments-api") => match &*from.namespace {
                "shop" => tcp(8443),
                "payments" => Traffic::all(),
                "monitoring" => tcp(9090),
                _ => Traffic::none(),
            },
            ("payments", _) if from.namespace == "payments" => Traffic::all(),
            ("payments", _) => Traffic::none(),
            ("shop", "redis") if from.namespace == "shop" => tcp(6379),
            ("shop", "redis") => Traffic::none(),
            ("shop", _) if from.namespace == "web" || from.namespace == "shop" => tcp(8080),
            ("shop", _) if from.name == "prometheus" => tcp(9090),
            ("shop", _) => Traffic::none(),
            ("web", _) => tcp(8080).or(&tcp(8443)),
            _ => Traffic::all(),
        };
        out.and(&into)
    });
    graph.notes = vec![
        "storefront  EKS 1.34  judged: 14 network policies; security groups for pods, mode strict".into(),
        "not judged: what routes there are; packets that a service mesh refuses".into(),
    ];
    // What could not be judged.
    let runner = graph.parties.iter().position(|party| party.name == "runner").unwrap();
    let postgres = graph.parties.iter().position(|party| party.name == "postgres").unwrap();
    graph.links.push(Link { from: runner, to: postgres, allowed: Traffic::none(), possible: tcp(5432) });
    graph
}
