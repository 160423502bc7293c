use std::fs::{self, OpenOptions};
use std::io::Write as _;

use crate::{Home, Running, count, exec, read};

#[tokio::test(flavor = "multi_thread")]
async fn files_are_followed_over_rotation_and_restarts() {
    let home = Home::new();
    let mut settings = home.settings();
    let folder = home.path("log");
    fs::create_dir(&folder).unwrap();
    let path = folder.join("audit.log");
    settings.clusters[0].files = vec![folder.clone()];
    let append = |event: &serde_json::Value| {
        let mut file = OpenOptions::new().append(true).create(true).open(&path).unwrap();
        writeln!(file, "{event}").unwrap();
    };
    append(&exec(1));
    let running = Running::start(&settings).await;
    let findings = running.until(|findings| count(findings) == 1).await;
    assert_eq!(findings[0]["evidence"][0]["file"], path.display().to_string());
    append(&exec(2));
    running.until(|findings| count(findings) == 2).await;
    running.stop().await;

    append(&exec(3));
    fs::rename(&path, folder.join("audit-1.log")).unwrap();
    append(&read(4));
    append(&exec(5));
    let running = Running::start(&settings).await;
    let findings = running.until(|findings| count(findings) == 4).await;
    let lines: Vec<_> =
        findings[0]["evidence"].as_array().unwrap().iter().map(|of| of["line"].clone()).collect();
    assert_eq!(lines, [1, 2, 3, 2]);
    assert_eq!(running.counted("ringwall_audit_events_total{cluster=\"shop\",outcome=\"judged\"}"), 3);
    running.stop().await;
}
