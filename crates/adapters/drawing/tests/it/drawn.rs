use ringwall_drawing::{Graph, Link, MAX_BOXES, MAX_FOLDED, SCRIPT, SCRIPT_HASH, csv, dot, html, svg};
use ringwall_network::Traffic;

use crate::shop::{graph, pods, shop, tcp};

#[test]
fn the_same_graph_gives_the_same_bytes() {
    assert_eq!(svg(&shop()), svg(&shop()));
    assert_eq!(html(&shop()), html(&shop()));
    assert_eq!(dot(&shop()), dot(&shop()));
    // What is drawn of the shop: each workload once, prometheus' way to the database, and what could not be judged.
    let drawn = svg(&shop());
    for party in &shop().parties {
        assert!(drawn.contains(&format!(">{}</text>", party.name)), "{}", party.name);
    }
    assert!(drawn.contains("monitoring/StatefulSet/prometheus → data/StatefulSet/postgres&#10;TCP 9187"));
    assert!(
        drawn.contains("ci/Deployment/runner → data/StatefulSet/postgres&#10;TCP 5432")
            && drawn.contains("? TCP 5432")
    );
    assert!(drawn.contains("→ only as drawn") && drawn.contains("← all pods: all ports"));
}

/// For whoever wants to look: the forms as files in the folder that `RINGWALL_DRAWINGS` names.
#[test]
fn forms_can_be_looked_at() {
    let graph = shop();
    let page = html(&graph);
    if let Some(folder) = std::env::var_os("RINGWALL_DRAWINGS") {
        let folder = std::path::PathBuf::from(folder);
        std::fs::write(folder.join("shop.svg"), svg(&graph)).unwrap();
        std::fs::write(folder.join("shop.html"), &page).unwrap();
        std::fs::write(folder.join("shop.dot"), dot(&graph)).unwrap();
    }
    // Every workload is in the drawing, the table and the matrix.
    for party in &graph.parties {
        assert!(page.matches(&*party.name).count() > 3, "{}", party.name);
    }
}

#[test]
fn a_page_asks_nobody_and_runs_its_own_script_alone() {
    let page = html(&shop());
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, SCRIPT.as_bytes());
    assert_eq!(SCRIPT_HASH.trim(), data_encoding::BASE64.encode(digest.as_ref()));
    assert!(page.contains("default-src 'none'"));
    for loaded in ["src=", "href=\"http", "@import", "url(http", "<link", "<iframe", "<img"] {
        assert!(!page.contains(loaded), "{loaded}");
    }
    // The one address in it is the name of SVG.
    assert_eq!(
        page.matches("http").count(),
        page.matches("http-equiv").count() + page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count()
    );
}

#[test]
fn a_table_has_a_line_for_each_range() {
    let graph =
        graph(vec![pods("a", "Deployment", "web"), pods("b", "Deployment", "=cmd,\"x\"")], |from, _| {
            if from.name == "web" { tcp(80).or(&tcp(443)) } else { Traffic::all() }
        });
    let mut out = Vec::new();
    csv(&graph, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines[1], "a,Deployment,web,b,Deployment,\"'=cmd,\"\"x\"\"\",allowed,TCP,80,80");
    assert_eq!(lines[2], "a,Deployment,web,b,Deployment,\"'=cmd,\"\"x\"\"\",allowed,TCP,443,443");
    assert_eq!(lines[3], "b,Deployment,\"'=cmd,\"\"x\"\"\",a,Deployment,web,allowed,all,,");
    assert_eq!(lines.len(), 5);
}

#[test]
fn what_is_large_is_drawn_by_namespaces() {
    let parties: Vec<_> =
        (0..1000).map(|at| pods(&format!("ns{:02}", at % 50), "Deployment", &format!("w{at}"))).collect();
    let graph =
        graph(parties, |from, to| if from.namespace == to.namespace { tcp(80) } else { Traffic::none() });
    let drawn = svg(&graph);
    assert!(drawn.contains("namespaces are drawn whole"));
    assert!(drawn.len() < 200_000, "{}", drawn.len());
    assert!(!drawn.contains(">w17<"));
    let parties: Vec<_> =
        (0..MAX_BOXES + 7).map(|at| pods(&format!("ns{at}"), "Deployment", "one")).collect();
    let graph = crate::shop::graph(parties, |_, _| Traffic::none());
    assert!(svg(&graph).contains("7 more boxes are not drawn"));
}

#[test]
fn nobody_is_drawn_too() {
    let graph = graph(Vec::new(), |_, _| Traffic::none());
    assert!(svg(&graph).ends_with("</svg>\n"));
    assert!(html(&graph).ends_with("</html>\n"));
    assert!(dot(&graph).ends_with("}\n"));
}

#[test]
fn what_is_huge_is_told_by_namespaces() {
    let parties: Vec<_> =
        (0..8000).map(|at| pods(&format!("ns{:02}", at % 40), "Pod", &format!("p{at}"))).collect();
    let (web, rest) = (0..8000).partition(|at| at % 2 == 0);
    let classes = vec![web, rest];
    let link = |from, to| Link { from, to, allowed: tcp(80), possible: Traffic::none() };
    let graph = Graph { parties, classes, links: vec![link(0, 1), link(1, 0)], ..Graph::default() };
    assert!(graph.count() > MAX_FOLDED);
    let drawn = svg(&graph);
    assert!(drawn.contains("holds of some of its workloads"), "{drawn}");
    assert!(html(&graph).len() < 2_000_000 && dot(&graph).len() < 100_000);
}
