use serde_json::json;

use super::*;

fn review(object: Value, old: Value) -> Vec<u8> {
    json!({
        "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
        "request": { "uid": "u", "kind": { "kind": "Pod" }, "namespace": "shop", "object": object, "oldObject": old },
    })
    .to_string()
    .into_bytes()
}

#[test]
fn every_kind_of_container_counts() {
    let pod = json!({ "metadata": { "generateName": "web-" }, "spec": {
        "initContainers": [{ "image": "init" }], "containers": [{ "image": "web" }, { "image": "web" }],
        "ephemeralContainers": [{ "image": "debug" }], "volumes": [{ "image": { "reference": "data" } }],
    }});
    let read = PodImages::parse(&review(pod, Value::Null)).unwrap();
    assert_eq!(read.images, ["data", "debug", "init", "web"]);
    assert_eq!((read.namespace.as_str(), read.pod.as_str()), ("shop", "web-"));
}

#[test]
fn what_a_pod_has_already_is_not_asked_about_again() {
    let old = json!({ "spec": { "containers": [{ "image": "web" }] } });
    let new = json!({ "spec": { "containers": [{ "image": "web" }], "ephemeralContainers": [{ "image": "debug" }] } });
    assert_eq!(PodImages::parse(&review(new, old)).unwrap().images, ["debug"]);
}

#[test]
fn what_can_not_be_judged_is_no_review() {
    for object in [
        json!({}),
        json!({ "spec": { "containers": {} } }),
        json!({ "spec": { "containers": [{ "name": "web" }] } }),
        json!({ "spec": { "containers": [{ "image": 7 }] } }),
        json!({ "spec": { "containers": (0..65).map(|n| json!({ "image": format!("i{n}") })).collect::<Vec<_>>() } }),
    ] {
        assert!(PodImages::parse(&review(object.clone(), Value::Null)).is_err(), "{object}");
    }
    assert!(PodImages::parse(b"{}").is_err());
}
