//! `ringwall reach` of a small cluster with two policies, and of the examples.

use serde_json::{Value, json};

use crate::snapshot::{Asked, run};

/// A frontend that reaches an API of which one port is open to it, and a database that nobody reaches.
const CLUSTER: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, namespace: shop, labels: {app: web}}
spec: {nodeName: node-1, containers: [{name: web, image: web, ports: [{name: http, containerPort: 8080}]}]}
status: {phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: api, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, clusterIP: 172.20.0.10, clusterIPs: [172.20.0.10], ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db-0, namespace: shop, labels: {app: db}}
spec: {nodeName: node-1, containers: [{name: db, image: db}]}
status: {phase: Running, podIP: 10.0.0.3, podIPs: [{ip: 10.0.0.3}]}
---
apiVersion: v1
kind: Pod
metadata: {name: old, namespace: shop}
spec: {containers: [{name: db, image: db}]}
status: {phase: Succeeded, podIP: 10.0.0.9}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: http}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}
"#;

fn shop() -> Asked {
    Asked::about(&[("cluster.yaml", "name: shop\n"), ("kubernetes/shop.yaml", CLUSTER)])
}

fn check(question: &str, status: i32, first: &str) {
    let said = shop().run("reach", question);
    assert_eq!((said.status, said.stdout.lines().next()), (status, Some(first)), "{question}: {said:?}");
}

#[test]
fn yes_and_no_with_the_proof() {
    check(
        "shop/web-1 shop/Deployment/api:8080",
        0,
        "yes  pod shop/web-1 reaches Deployment shop/api at TCP 8080",
    );
    check(
        "shop/web-1 shop/deploy/api:http",
        0,
        "yes  pod shop/web-1 reaches Deployment shop/api at TCP `http`",
    );
    check("shop/web-1 shop/svc/api:80", 0, "yes  pod shop/web-1 reaches Service shop/api at TCP 80");
    check("shop/web-1 172.20.0.10:80", 0, "yes  pod shop/web-1 reaches 172.20.0.10 at TCP 80");
    check(
        "shop/web-1 shop/deploy/api:9090",
        1,
        "no  pod shop/web-1 does not reach Deployment shop/api at TCP 9090",
    );
    check("shop/web-1 shop/db-0:5432", 1, "no  pod shop/web-1 does not reach pod shop/db-0 at TCP 5432");
    check(
        "outside shop/deploy/api:8080",
        1,
        "no  the outside (203.0.113.1) does not reach Deployment shop/api at TCP 8080",
    );
    check("shop/db-0 8.8.8.8:53/udp", 0, "yes  pod shop/db-0 reaches 8.8.8.8 at UDP 53");
    check("shop/web-1 shop/db-0:icmp", 1, "no  pod shop/web-1 does not reach pod shop/db-0 by ping");
    let said = shop().run("reach", "shop/web-1 shop/db-0:5432");
    assert!(
        said.stdout.contains("NetworkPolicy shop/db") && said.stdout.contains("kubernetes/shop.yaml:"),
        "{said:?}"
    );
}

#[test]
fn without_a_port_the_answer_is_which() {
    check("shop/web-1 shop/deploy/api", 0, "yes  pod shop/web-1 reaches Deployment shop/api at TCP 8080");
    check("shop/web-1 shop/db-0", 1, "no  pod shop/web-1 does not reach pod shop/db-0 at any port");
    check("shop/db-0 shop/web-1", 0, "yes  pod shop/db-0 reaches pod shop/web-1 at all ports");
    check("shop/web-1 shop/svc/api", 0, "yes  pod shop/web-1 reaches Service shop/api at TCP 80");
    let said = shop().run("reach", "shop/web-1 shop/deploy/api --output json");
    let expected = json!({"version": 1, "decision": "allowed", "allowed": [{"protocol": "TCP", "first": 8080, "last": 8080}], "possible": []});
    assert_eq!(said.json(), expected);
}

#[test]
fn who_is_misspelled_gets_a_hint() {
    let said = shop().run("reach", "shop/web-2 shop/svc/api:80");
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("the snapshot has no pod, workload or service `shop/web-2`"), "{said:?}");
    assert!(said.stderr.contains("did you mean `shop/web-1`"), "{said:?}");
    let said = shop().run("reach", "shop/web-1 shopp/api:80");
    assert!(said.stderr.contains("did you mean `shop`?"), "{said:?}");
    let said = shop().run("reach", "shop/old shop/svc/api:80");
    assert!(said.status == 2 && said.stderr.contains("is over"), "{said:?}");
    let said = shop().run("reach", "shop/web-1");
    assert_eq!(said.status, 2, "{said:?}");
    let said = shop().run("reach", "shop/web-1 shop/svc/api:80 --output svg");
    assert!(said.status == 2 && said.stderr.contains("no answer as svg"), "{said:?}");
}

#[test]
fn a_batch_answers_line_by_line() {
    let lines = r#"{"from": {"pod": "shop/web-1"}, "to": {"workload": "shop/Deployment/api"}, "port": 8080, "protocol": "TCP"}
{"from": {"pod": "shop/web-1"}, "to": {"pod": "shop/db-0"}, "port": "http"}
{"from": {"ip": "203.0.113.1"}, "to": {"ip": "10.0.0.3"}, "port": 5432, "protocol": "UDP"}
"#;
    let batch = |lines: &str| {
        let said = shop().run_with_input("reach", "--batch -", lines);
        let answers: Vec<Value> =
            said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (said.status, answers)
    };
    let (status, answers) = batch(lines);
    let decisions: Vec<&Value> = answers.iter().map(|answer| &answer["decision"]).collect();
    assert_eq!((status, decisions), (0, vec![&json!("allowed"), &json!("denied"), &json!("denied")]));
    for answer in &answers {
        let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["decision", "reasons", "not_evaluated"]);
        assert!(!answer["reasons"].as_array().unwrap().is_empty(), "{answer}");
    }
    let broken =
        "{\"from\": {\"pod\": \"shop/web-9\"}, \"to\": {\"pod\": \"shop/db-0\"}, \"port\": 1}\nnonsense\n";
    let (status, answers) = batch(&format!("{broken}{lines}"));
    assert_eq!((status, answers.len()), (2, 5));
    assert_eq!(
        answers[0],
        json!({"decision": null, "error": "there is no pod `shop/web-9` in the snapshot"})
    );
    assert!(answers[1]["error"].as_str().unwrap().starts_with("not a question"));
    assert_eq!(answers[2]["decision"], "allowed");
}

#[test]
fn what_is_unknown_is_denied_in_a_batch_and_said() {
    let domain = "
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: names}
spec:
  tier: Admin
  priority: 10
  subject: {namespaces: {}}
  egress:
  - {name: updates, action: Accept, to: [{domainNames: [updates.example.com]}]}
  - {name: rest, action: Deny, to: [{networks: [0.0.0.0/0]}]}
";
    let asked = Asked::about(&[("kubernetes/shop.yaml", CLUSTER), ("kubernetes/names.yaml", domain)]);
    let line = r#"{"from": {"pod": "shop/web-1"}, "to": {"ip": "203.0.113.1"}, "port": 443}"#;
    let said = asked.run_with_input("reach", "--batch -", line);
    assert_eq!((said.status, &said.json()["decision"]), (0, &json!("denied")), "{said:?}");
    assert!(!said.json()["not_evaluated"].as_array().unwrap().is_empty(), "{said:?}");
    let said = asked.run("reach", "shop/web-1 203.0.113.1:443");
    assert_eq!(said.status, 3, "{said:?}");
    assert!(
        said.stdout.starts_with("unknown  pod shop/web-1 may or may not reach 203.0.113.1 at TCP 443"),
        "{said:?}"
    );
}

#[test]
fn all_pairs_in_every_form() {
    let asked = shop();
    let said = asked.run("reach", "--output json");
    assert_eq!(said.status, 0, "{said:?}");
    let answer = said.json();
    let class = |name: &str| {
        let classes = answer["classes"].as_array().unwrap();
        let is =
            |class: &&Value| class["members"].as_array().unwrap().iter().any(|member| member["name"] == name);
        classes.iter().find(is).unwrap()["class"].clone()
    };
    let link = |from: &str, to: &str| {
        let (from, to) = (class(from), class(to));
        let results = answer["results"].as_array().unwrap();
        results
            .iter()
            .find(|link| link["from"] == from && link["to"] == to)
            .map(|link| link["allowed"].clone())
    };
    assert_eq!(link("web-1", "api"), Some(json!([{"protocol": "TCP", "first": 8080, "last": 8080}])));
    assert_eq!(link("web-1", "db-0"), None);
    assert_eq!(link("anywhere else", "db-0"), None);
    let csv = asked.run("reach", "--output csv");
    assert!(csv.stdout.contains("shop,Pod,web-1,shop,Deployment,api,allowed,TCP,8080,8080\r\n"), "{csv:?}");
    for (form, begin) in [("svg", "<svg"), ("html", "<!doctype html>"), ("dot", "digraph")] {
        let drawn = asked.run("reach", &format!("--output {form}"));
        assert!(drawn.status == 0 && drawn.stdout.starts_with(begin), "{drawn:?}");
    }
    let text = asked.run("reach", "").stdout;
    assert!(
        text.starts_with(
            "shop
judged by 2 NetworkPolicies; security groups are not judged"
        ),
        "{text}"
    );
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(rows.contains(&vec!["Deployment/api", "TCP", "8080", "shop/Pod/web-1"]), "{text}");
}

#[test]
fn what_new_pods_could_do() {
    let asked = shop();
    let answer = asked.run("reach", "--exposure --output json").json();
    let results = answer["results"].as_array().unwrap();
    let could_send = |pods: &str, workload: &str| -> Value {
        let found = results.iter().find(|row| {
            let names = row["workloads"].as_array().unwrap();
            row["pods"] == pods && names.iter().any(|name| name["name"] == workload)
        });
        found.map_or(Value::Null, |row| row["couldSend"].clone())
    };
    // Nobody isolates it.
    assert_eq!(could_send("any pod in any namespace", "web-1").as_array().map(Vec::len), Some(5));
    // Whoever has the label that the policy asks for, and nobody else.
    assert_eq!(could_send("any pod in any namespace", "api"), json!([]));
    let web = json!([{"protocol": "TCP", "first": 8080, "last": 8080}]);
    assert_eq!(could_send("any pod with app=web in namespace shop", "api"), web);
    assert_eq!(could_send("any pod in any namespace", "db-0"), json!([]));
    let text = asked.run("reach", "--exposure");
    let (anybody, web) =
        (text.stdout.find("any pod in any namespace"), text.stdout.find("any pod with app=web"));
    assert!(text.status == 0 && anybody.is_some() && anybody < web, "{text:?}");
    let drawn = asked.run("reach", "--exposure --output svg");
    assert!(drawn.status == 2 && drawn.stderr.contains("--output text or json"), "{drawn:?}");
}

#[test]
fn pairs_can_be_chosen() {
    let asked = shop();
    let said = asked.run("reach", "--to shop/api --output csv");
    let to_others =
        said.stdout.lines().skip(1).filter(|line| !line.contains(",shop,Deployment,api,")).count();
    assert!(to_others == 0 && said.stdout.lines().count() > 1, "{said:?}");
    let said = asked.run("reach", "--from outside --output csv");
    assert!(said.stdout.lines().skip(1).all(|line| line.starts_with(",,")), "{said:?}");
    let said = asked.run("reach", "--to shop/apl");
    assert!(said.status == 2 && said.stderr.contains("did you mean `shop/api`?"), "{said:?}");
}

fn example(name: &str, question: &str) -> i32 {
    let mut words = vec!["reach".to_owned(), format!("examples/{name}")];
    words.extend(question.split_whitespace().map(str::to_owned));
    run(&words, "").status
}

/// Questions that show the planted mistakes of the network ring: yes in the storefront, no in the cluster put right.
#[test]
fn the_storefront_has_its_mistakes_and_its_twin_has_not() {
    let planted = [
        // No policy for what comes in, none for what goes out, and so the metadata service.
        "sandbox/Deployment/load-test platform/Deployment/portal:8080",
        "web/Deployment/newsletter 93.184.216.34:443",
        "ci/Deployment/runner 169.254.169.254:80",
        // An `except` that misses the metadata service.
        "catalog/CronJob/price-import 169.254.169.254:80",
        // A label of namespaces that another one has as well.
        "sandbox/Deployment/load-test search/StatefulSet/opensearch:9200",
        // Node ports, and the database, by their security groups.
        "outside node/ip-10-0-12-34.eu-west-1.compute.internal:30080",
        "web/Deployment/newsletter 10.0.112.20:5432",
    ];
    for question in planted {
        assert_eq!((example("storefront", question), example("hardened", question)), (0, 1), "{question}");
    }
    // A port that the container has not: there it is the mistake that nothing gets through.
    let scrape = "monitoring/StatefulSet/prometheus monitoring/Deployment/kube-state-metrics:8080";
    assert_eq!((example("storefront", scrape), example("hardened", scrape)), (1, 0));
}

fn reach(words: &[&str]) -> crate::snapshot::Said {
    let words: Vec<String> =
        std::iter::once("reach").chain(words.iter().copied()).map(str::to_owned).collect();
    run(&words, "")
}

#[test]
fn what_opened_and_closed() {
    let same = reach(&["diff", "examples/storefront", "examples/storefront", "--fail-on", "changed"]);
    assert_eq!(
        (same.status, same.stdout.lines().nth(1)),
        (0, Some("nothing opened, nothing closed")),
        "{same:?}"
    );
    let changed = reach(&["diff", "examples/storefront", "examples/hardened", "--fail-on", "opened"]);
    assert_eq!(changed.status, 1);
    assert!(
        changed.stdout.contains("prometheus → monitoring/Deployment/kube-state-metrics  TCP 8080"),
        "{changed:?}"
    );
    let json = reach(&["diff", "examples/storefront", "examples/hardened", "--output", "json"]).json();
    let results = json["results"].as_array().unwrap();
    let opened: Vec<&Value> = results.iter().filter(|result| result["change"] == "opened").collect();
    assert!(!opened.is_empty() && results.len() > opened.len());
    for result in opened {
        assert_eq!(result["before"]["decision"], "denied", "{result}");
        assert_eq!(result["after"]["decision"], "allowed", "{result}");
        assert!(!result["after"]["reasons"].as_array().unwrap().is_empty());
    }
}

#[test]
fn policies_are_suggested_from_what_was_seen() {
    let asked = shop();
    let elsewhere = tempfile::tempdir().unwrap();
    let flows = elsewhere.path().join("flows.jsonl");
    let lines = r#"{"from":{"pod":"shop/web-1"},"to":{"pod":"shop/db-0"},"protocol":"TCP","port":5432,"verdict":"allowed"}
{"from":{"ip":"203.0.113.9"},"to":{"pod":"shop/web-1"},"protocol":"TCP","port":22,"verdict":"denied"}
2 1 eni-1 10.0.0.1 10.0.0.3 40000 5432 6 1 1 1 1 ACCEPT OK
"#;
    std::fs::write(&flows, lines).unwrap();
    let path = asked.path().display().to_string();
    let flows = flows.display().to_string();
    let said = reach(&["suggest", &path, "--from", &flows]);
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.starts_with("# From 3 flows: 2 got through, 1 did not.\n"), "{said:?}");
    assert!(said.stdout.contains("2 of the flows that got through are allowed"), "{said:?}");
    assert!(
        said.stdout.contains("\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"),
        "{said:?}"
    );
    let json = reach(&["suggest", &path, "--from", &flows, "--output", "json"]).json();
    assert_eq!(json["flows"]["seen"], 3);
    assert_eq!(json["evidence"]["allowed"], 2);
    // What is suggested is what its own questions are answered by.
    let text = String::from_utf8(std::fs::read(asked.path().join("kubernetes/shop.yaml")).unwrap()).unwrap();
    let (without, _) = text.split_once("---\napiVersion: networking.k8s.io/v1").unwrap();
    let applied = Asked::about(&[("kubernetes/a.yaml", without), ("kubernetes/b.yaml", &said.stdout)]);
    assert_eq!(applied.run("reach", "shop/web-1 shop/db-0:5432").status, 0);
    assert_eq!(applied.run("reach", "shop/web-1 shop/db-0:5433").status, 1);
    assert_eq!(applied.run("reach", "203.0.113.9 shop/web-1:22").status, 1);
    let none = reach(&["suggest", &path, "--from", "/dev/null"]);
    assert!(none.status == 2 && none.stderr.contains("there is no flow"), "{none:?}");
}
