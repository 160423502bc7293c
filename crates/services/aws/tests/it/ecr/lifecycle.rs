//! Lifecycle policies and their previews.

use serde_json::{Value, json};

use super::{ecr, image, repository};
use crate::harness::Harness;

const DAY: i64 = 24 * 60 * 60;

fn text(rules: &Value) -> String {
    json!({ "rules": rules }).to_string()
}

fn expire(count: i64) -> Value {
    json!([{
        "rulePriority": 1, "description": "keep the youngest",
        "selection": { "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": count },
        "action": { "type": "expire" },
    }])
}

#[tokio::test]
async fn policies_are_kept_and_previewed() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    repository(&admin, "app").await;
    let oldest = image(&admin, "app", "one", Some("v1")).await;
    harness.pass(DAY);
    image(&admin, "app", "two", Some("v2")).await;
    harness.pass(DAY);
    image(&admin, "app", "three", None).await;
    let of = json!({ "repositoryName": "app" });
    let none = ecr(&admin, "GetLifecyclePolicy", of.clone()).await;
    assert_eq!(none.code(), "LifecyclePolicyNotFoundException");
    let none = ecr(&admin, "StartLifecyclePolicyPreview", of.clone()).await;
    assert_eq!(none.code(), "LifecyclePolicyNotFoundException");
    let put = json!({ "repositoryName": "app", "lifecyclePolicyText": text(&expire(2)) });
    ecr(&admin, "PutLifecyclePolicy", put).await.ok();

    let harness = harness.restart().await;
    let admin = harness.admin();
    let kept = ecr(&admin, "GetLifecyclePolicy", of.clone()).await;
    assert_eq!(kept.ok()["lifecyclePolicyText"], json!(text(&expire(2))));
    let none = ecr(&admin, "GetLifecyclePolicyPreview", of.clone()).await;
    assert_eq!(none.code(), "LifecyclePolicyPreviewNotFoundException");
    ecr(&admin, "StartLifecyclePolicyPreview", of.clone()).await.ok();
    let preview = ecr(&admin, "GetLifecyclePolicyPreview", of.clone()).await;
    assert_eq!(preview.ok()["status"], json!("COMPLETE"));
    assert_eq!(preview.ok()["summary"]["expiringImageTotalCount"], json!(1));
    let result = &preview.ok()["previewResults"][0];
    assert_eq!((&result["imageDigest"], &result["appliedRulePriority"]), (&json!(oldest), &json!(1)));
    assert_eq!(result["action"], json!({ "type": "EXPIRE" }));
    // Another text, and one page after the other.
    let other = json!({ "repositoryName": "app", "lifecyclePolicyText": text(&expire(1)) });
    ecr(&admin, "StartLifecyclePolicyPreview", other).await.ok();
    let mut input = json!({ "repositoryName": "app", "maxResults": 1 });
    let first = ecr(&admin, "GetLifecyclePolicyPreview", input.clone()).await;
    input["nextToken"] = first.ok()["nextToken"].clone();
    let second = ecr(&admin, "GetLifecyclePolicyPreview", input).await;
    assert_eq!(first.ok()["previewResults"].as_array().unwrap().len(), 1);
    assert_eq!(second.ok()["previewResults"][0]["imageTags"], json!(["v2"]));
    let untagged = json!({ "repositoryName": "app", "filter": { "tagStatus": "UNTAGGED" } });
    let untagged = ecr(&admin, "GetLifecyclePolicyPreview", untagged).await;
    assert_eq!(untagged.ok()["previewResults"], json!([]));
    ecr(&admin, "DeleteLifecyclePolicy", of.clone()).await.ok();
    assert_eq!(ecr(&admin, "GetLifecyclePolicy", of).await.code(), "LifecyclePolicyNotFoundException");
    let bad = text(&json!([{ "rulePriority": 0, "selection": {}, "action": {}, "x": "y".repeat(100) }]));
    let bad = json!({ "repositoryName": "app", "lifecyclePolicyText": bad });
    assert_eq!(ecr(&admin, "PutLifecyclePolicy", bad).await.code(), "InvalidParameterException");
}
