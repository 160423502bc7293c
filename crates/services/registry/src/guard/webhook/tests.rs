use std::fs;

use ringwall_registry::guard::Severity;
use ringwall_signing::{ImageDigest, Trust};
use serde_json::{Value, json};

use super::*;
use crate::guard::images::{Known, ScanKnown};

/// A registry in which the repository's name says what is known.
struct Fixed;

impl Images for Fixed {
    async fn image(&self, image: &Reference, _: Option<&Trust>) -> Result<Known, String> {
        match image.repository.as_str() {
            "shop/gone" => Err("there is no such image".to_owned()),
            _ => Ok(Known { digest: ImageDigest::of(image.repository.as_bytes()), signatures: None }),
        }
    }

    async fn scan(&self, image: &Reference, _: &ImageDigest) -> ScanKnown {
        match image.repository.as_str() {
            "shop/unscanned" => ScanKnown::None,
            "shop/bad" => ScanKnown::Complete {
                advisories_of: Some(0),
                worst: Some(Severity::Critical),
                worst_fixable: None,
            },
            _ => ScanKnown::Complete { advisories_of: Some(0), worst: None, worst_fixable: None },
        }
    }

    fn now(&self) -> i64 {
        0
    }
}

fn webhook(mode: &str) -> Webhook<Fixed> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guard.toml");
    let text = format!(
        "mode = \"{mode}\"\n[[rule]]\nname = \"r\"\nmax-severity = \"HIGH\"\nexcept-namespaces = [\"kube-system\"]\n"
    );
    fs::write(&path, text).unwrap();
    Webhook::new(Configuration::load(&path).unwrap(), Fixed, Vec::new(), &mut Registry::default())
}

async fn ask(mode: &str, namespace: &str, images: &[&str]) -> Value {
    let containers: Vec<Value> = images.iter().map(|image| json!({ "image": image })).collect();
    let review = json!({
        "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
        "request": { "uid": "u-1", "kind": { "kind": "Pod" }, "namespace": namespace,
            "object": { "spec": { "containers": [{ "image": "r.test/shop/good" }], "initContainers": containers } } },
    });
    let answer = webhook(mode).review(review.to_string().as_bytes()).await;
    assert_eq!(answer.status, StatusCode::OK);
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer["response"]["uid"], "u-1");
    answer["response"].clone()
}

#[tokio::test]
async fn enforced_rules_refuse_with_their_reasons() {
    assert_eq!(ask("enforce", "shop", &[]).await["allowed"], true);
    for (image, why) in [
        ("r.test/shop/bad:1", "a finding of severity CRITICAL"),
        ("r.test/shop/unscanned", "has not been scanned"),
        ("r.test/shop/gone", "there is no such image"),
        ("R.test/SHOP/x", "no reference of an image"),
    ] {
        let response = ask("enforce", "shop", &[image]).await;
        assert_eq!(response["allowed"], false, "{image}");
        let message = response["status"]["message"].as_str().unwrap();
        assert!(message.contains(why) && message.contains("rule `r`"), "{message}");
    }
    assert_eq!(ask("enforce", "kube-system", &["r.test/shop/bad"]).await["allowed"], true);
}

#[tokio::test]
async fn rules_in_audit_warn_and_admit() {
    for image in ["r.test/shop/bad:1", "r.test/shop/gone"] {
        let response = ask("audit", "shop", &[image]).await;
        assert_eq!(response["allowed"], true, "{image}");
        assert!(response["warnings"][0].as_str().unwrap().starts_with("would be refused: "), "{response}");
    }
    assert_eq!(ask("audit", "shop", &[]).await.get("warnings"), None);
}

#[tokio::test]
async fn digests_are_told_for_the_audit_log() {
    let response = ask("enforce", "shop", &[]).await;
    let told = response["auditAnnotations"]["digests"].as_str().unwrap();
    assert!(told.starts_with("r.test/shop/good=sha256:"), "{told}");
}
