use http::{Method, StatusCode};
use ringwall_audit::control::{self, Answer, Ask};
use ringwall_detect::finding::Rating;
use ringwall_server::{Handler as _, TlsInfo, issue_client};
use serde_json::json;

use crate::{Home, Running, cluster, count, exec, list, read, request, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_becomes_findings_that_lead_back_to_it() {
    let home = Home::new();
    let running = Running::start(&home.settings()).await;
    running.send(&[read(1), exec(2), read(3), exec(4)]).await;
    running.send(&[exec(4), exec(5)]).await;
    let findings = running.until(|findings| count(findings) == 3).await;
    assert_eq!(findings.len(), 1);
    let finding = &findings[0];
    assert_eq!(finding["type"], "Execution:Kubernetes/ExecInKubeSystemPod");
    assert_eq!(finding["resource"]["eksClusterDetails"]["name"], "shop");
    let evidence: Vec<_> = finding["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| (of["auditID"].clone(), of["line"].clone()))
        .collect();
    let id = |number: u64| json!(format!("00000000-0000-4000-8000-{number:012}"));
    assert_eq!(evidence, [(id(2), json!(2)), (id(4), json!(4)), (id(5), json!(2))]);
    assert!(finding["evidence"].as_array().unwrap().iter().all(|of| of["file"] == "webhook:shop"));
    let cluster = "{cluster=\"shop\",outcome=\"";
    assert_eq!(running.counted(&format!("ringwall_audit_batches_total{cluster}taken\"}}")), 2);
    assert_eq!(running.counted(&format!("ringwall_audit_events_total{cluster}judged\"}}")), 5);
    assert_eq!(running.counted(&format!("ringwall_audit_events_total{cluster}repeated\"}}")), 1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_sends_its_own_events_alone() {
    let home = Home::new();
    let mut settings = home.settings();
    settings.clusters = vec![cluster("shop"), cluster("till")];
    for of in &mut settings.clusters {
        of.client_names = vec![format!("cluster:{}", of.name)];
    }
    let running = Running::start(&settings).await;
    let shown = |name: &str| {
        let issued = issue_client(&home.path("tls"), name).unwrap();
        let der = rustls_pki_types::pem::PemObject::from_pem_slice(issued.certificate.as_bytes()).unwrap();
        TlsInfo { version: "TLSv1.3", cipher_suite: "TLS_AES_128_GCM_SHA256", client: Some(der) }
    };
    let post = async |path: &str, tls: Option<TlsInfo>| {
        running.audit.handle(request(path, &list(&[exec(1)]), tls)).await.status
    };
    assert_eq!(post("/audit/shop", Some(shown("cluster:shop"))).await, StatusCode::OK);
    assert_eq!(post("/audit/till", Some(shown("cluster:till"))).await, StatusCode::OK);
    for (path, name) in [
        ("/audit/till", "cluster:shop"),
        ("/audit/shop", "shop"),
        ("/audit/shop/", "cluster:shop"),
        ("/audit/", "cluster:shop"),
        ("/audit/other", "cluster:other"),
        ("/audit/SHOP", "cluster:shop"),
    ] {
        assert_eq!(post(path, Some(shown(name))).await, StatusCode::FORBIDDEN, "{path} as {name}");
    }
    assert_eq!(post("/audit/shop", None).await, StatusCode::FORBIDDEN);
    assert_eq!(post("/", Some(shown("cluster:shop"))).await, StatusCode::NOT_FOUND);
    let mut get = request("/audit/shop", "", Some(shown("cluster:shop")));
    std::sync::Arc::get_mut(&mut get.head).unwrap().method = Method::GET;
    assert_eq!(running.audit.handle(get).await.status, StatusCode::METHOD_NOT_ALLOWED);
    running.until(|findings| findings.len() == 2).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_says_so_and_recovers() {
    let home = Home::new();
    let mut settings = home.settings();
    settings.queue_bytes = 4000;
    let running = Running::start(&settings).await;
    let large: Vec<_> = (0..100).map(read).collect();
    let answer = running.post("/audit/shop", &list(&large)).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.headers["retry-after"], "5");
    assert_eq!(running.counted("ringwall_audit_batches_total{cluster=\"shop\",outcome=\"full\"}"), 1);
    running.send(&[exec(1)]).await;
    running.until(|findings| count(findings) == 1).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_costs_itself_alone_and_is_kept() {
    let home = Home::new();
    let running = Running::start(&home.settings()).await;
    for body in ["{\"kind\":\"EventList\",\"items\":[{\"a\":1},", "no JSON", "[1, 2]", "\u{fffd}{{{{", "{}"] {
        assert_eq!(running.post("/audit/shop", body).await.status, StatusCode::OK, "{body}");
    }
    assert_eq!(running.post("/audit/shop", " \n").await.status, StatusCode::BAD_REQUEST);
    let mut odd = exec(1);
    odd["stage"] = json!(["ResponseComplete"]);
    odd["sourceIPs"] = json!("10.0.0.1");
    let mut old = exec(2);
    old["apiVersion"] = json!("audit.k8s.io/v1beta1");
    let mut bare = exec(3);
    bare.as_object_mut().unwrap().remove("apiVersion");
    bare.as_object_mut().unwrap().remove("kind");
    running.post("/audit/shop", &list(&[json!(1), odd, old, json!({"x": []}), bare])).await;
    running.post("/audit/shop", &exec(4).to_string()).await;
    let cut = list(&[exec(5), read(6)]);
    running.post("/audit/shop", &cut[..cut.len() - 40]).await;
    running.until(|findings| count(findings) == 5).await;
    let unread = text(&home.path("audit/shop/unread"));
    assert!(unread.contains("no JSON") && unread.lines().count() >= 5, "{unread}");
    assert!(running.counted("ringwall_audit_events_total{cluster=\"shop\",outcome=\"unreadable\"}") >= 3);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_archive_and_rate_and_it_stays_so() {
    let home = Home::new();
    let settings = home.settings();
    let running = Running::start(&settings).await;
    running.send(&[exec(1)]).await;
    let findings = running.until(|findings| findings.len() == 1).await;
    let id = findings[0]["id"].as_str().unwrap().to_owned();
    let ask = |ask: Ask| control::ask(&settings.folder, &ask);
    let ids = vec![id.clone()];
    assert_eq!(ask(Ask::Archive { ids: ids.clone(), archived: true }).unwrap(), Answer::Marked(1));
    let rated = Ask::Rate { ids: ids.clone(), rating: Rating::NotUseful, comment: "ours".to_owned() };
    assert_eq!(ask(rated).unwrap(), Answer::Marked(1));
    let unknown = vec![id.clone(), "0".repeat(32)];
    let refused = ask(Ask::Archive { ids: unknown, archived: false }).unwrap_err().to_string();
    assert!(refused.contains("nothing was marked"), "{refused}");
    assert!(running.findings(false).is_empty());
    running.stop().await;

    let running = Running::start(&settings).await;
    running.send(&[exec(2)]).await;
    while count(&running.findings(true)) < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(running.findings(false).is_empty(), "it happened again, and stays archived");
    let kept = running.findings(true);
    assert_eq!(kept[0]["service"]["archived"], true);
    assert_eq!(kept[0]["service"]["userFeedback"], "NOT_USEFUL");
    assert_eq!(ask(Ask::Archive { ids, archived: false }).unwrap(), Answer::Marked(1));
    assert_eq!(running.findings(false).len(), 1);
    running.stop().await;
    assert!(
        control::ask(&settings.folder, &Ask::List { cluster: None, archived: false, ids: vec![] }).is_err()
    );
}
