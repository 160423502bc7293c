//! The calls of the system, as strace shows them: whether what is acknowledged is on the disk.

use std::fs;

use bytes::Bytes;

use crate::eventually;
use crate::server::{Server, can_sync};

const BATCHES: usize = 20;

/// A server that can sync has synced each batch before it acknowledges it; one that can't, as Debian's, has not: what it
/// acknowledged outlives the process, and not a power cut.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server and strace: cargo xtask test"]
async fn what_is_acknowledged_is_on_the_disk_if_the_server_syncs() {
    let server = Server::traced();
    let stream = server.connect().await;
    for number in 0..BATCHES {
        stream.push("one", Bytes::from(format!("BATCH {number}"))).await.unwrap();
    }
    let acknowledgement = |line: &str| {
        line.contains("write") && line.contains("RINGWALL_EVENTS\\\"") && line.contains("MSG _INBOX")
    };
    let trace = || String::from_utf8_lossy(&fs::read(server.folder().join("trace")).unwrap()).into_owned();
    eventually("strace shows all acknowledgements", || async {
        trace().lines().filter(|line| acknowledgement(line)).count() >= BATCHES
    })
    .await;
    let text = trace();
    let from = text.find("BATCH 0").unwrap();
    let (mut acknowledged, mut synced_all, mut is_synced) = (0, true, false);
    for line in text[from..].lines() {
        let is_sync = line.contains("sync(") || line.contains("sync resumed>");
        if is_sync && line.trim_end().ends_with("= 0") {
            is_synced = true;
        } else if acknowledgement(line) {
            acknowledged += 1;
            synced_all &= is_synced;
            is_synced = false;
        }
    }
    assert_eq!(acknowledged, BATCHES);
    assert_eq!(synced_all, can_sync());
}
