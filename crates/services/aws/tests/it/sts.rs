//! STS: who calls, and temporary credentials.

use serde_json::json;

use crate::harness::{ACCOUNT, Harness};

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_is_told_who_it_is() {
    let harness = Harness::new().await;
    let reply = harness.admin().call("sts", "GetCallerIdentity", json!({})).await;
    let value = reply.ok();
    assert_eq!(value["Account"], ACCOUNT);
    assert_eq!(value["Arn"], format!("arn:aws:iam::{ACCOUNT}:user/administrator"));
}
