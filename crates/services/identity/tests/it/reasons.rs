//! "Why has my pod no credentials?", and what is refused.

use ringwall_identity::mutate::{
    ConfigMapRoles, Facts, MAX_REVIEW_BYTES, Membership, Method, Mutation, Review, ReviewError, Settings,
    mutate,
};
use serde_json::{Value, json};

use crate::mutations::{annotations, review};

const ROLE: &str = "arn:aws:iam::111122223333:role/checkout";

fn pod() -> Value {
    json!({
        "metadata": { "name": "web" },
        "spec": { "serviceAccountName": "checkout", "containers": [{ "name": "app" }] },
    })
}

fn with(pod: &Value, own: Option<&[(&str, &str)]>) -> Mutation {
    let own = own.map(annotations);
    mutate(&review(pod), &Facts { annotations: own.as_ref(), ..Facts::default() }, &Settings::default())
        .unwrap()
}

fn told(mutation: &Mutation) -> String {
    mutation.reasons.iter().map(|reason| format!("{reason}\n")).collect()
}

fn refused(review: &Value) -> String {
    Review::parse(&serde_json::to_vec(review).unwrap()).unwrap_err().to_string()
}

#[test]
fn a_pod_without_credentials_is_told_why() {
    let role = [("role-arn", ROLE)];
    let nothing = |mutation: Mutation, why: &str| {
        assert_eq!(mutation.patch, Vec::<Value>::new());
        assert_eq!(mutation.method, None);
        assert!(told(&mutation).contains(why), "{}", told(&mutation));
    };
    nothing(with(&pod(), None), "there is no service account `shop/checkout`");
    nothing(with(&pod(), Some(&[])), "`shop/checkout` has no role");
    nothing(
        with(&pod(), Some(&[("role_arn", ROLE)])),
        "an annotation `eks.amazonaws.com/role_arn`, but none",
    );
    let mut kept = pod();
    kept["metadata"]["labels"] = json!({ "eks.amazonaws.com/skip-pod-identity-webhook": "" });
    nothing(with(&kept, Some(&role)), "skip-pod-identity-webhook` keeps the webhook away");
    let mut mirror = pod();
    mirror["metadata"]["annotations"] = json!({ "kubernetes.io/config.mirror": "x" });
    nothing(with(&mirror, Some(&role)), "mirrors a static pod");
    nothing(with(&json!({ "metadata": {} }), Some(&role)), "no `spec`");
}

#[test]
fn only_the_creation_of_a_pod_is_injected() {
    for (field, value, why) in [
        ("operation", json!("UPDATE"), "operation is `UPDATE`"),
        ("kind", json!({ "kind": "Deployment" }), "about a `Deployment`"),
        ("subResource", json!("ephemeralcontainers"), "about a pod's `ephemeralcontainers`"),
    ] {
        let mut request = json!({ "uid": "1", "namespace": "shop", "object": pod() });
        request[field] = value;
        let review =
            json!({ "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request });
        let review = Review::parse(&serde_json::to_vec(&review).unwrap()).unwrap();
        let own = annotations(&[("role-arn", ROLE)]);
        let facts = Facts { annotations: Some(&own), ..Facts::default() };
        let mutation = mutate(&review, &facts, &Settings::default()).unwrap();
        assert!(mutation.patch.is_empty() && told(&mutation).contains(why), "{}", told(&mutation));
    }
}

#[test]
fn what_is_likely_wrong_is_told_and_injected() {
    for (own, why) in [
        (
            &[("role-arn", "arn:aws:iam::111122223333:user/x")][..],
            "is no role's ARN; it is injected as it is",
        ),
        (
            &[("role-arn", ROLE), ("token-expiration", "1h")],
            "`eks.amazonaws.com/token-expiration: 1h` can't be read",
        ),
        (
            &[("role-arn", ROLE), ("token-expiration", "60")],
            "asks for 60 seconds; Kubernetes takes 600 at least",
        ),
        (&[("role-arn", ROLE), ("sts-regional-endpoints", "yes")], "can't be read, so that `false` counts"),
    ] {
        let mutation = with(&pod(), Some(own));
        assert_eq!(mutation.method, Some(Method::WebIdentity));
        assert!(told(&mutation).contains(why), "{}", told(&mutation));
        assert!(mutation.reasons.iter().any(|reason| reason.is_warning()));
    }
    let mut skipping = pod();
    skipping["metadata"]["annotations"] = json!({ "eks.amazonaws.com/skip-containers": "side, app" });
    let mutation = with(&skipping, Some(&[("role-arn", ROLE)]));
    assert!(told(&mutation).contains("names ` app`, which is no container"), "{}", told(&mutation));
}

#[test]
fn what_a_container_keeps_is_told() {
    let mut own = pod();
    own["spec"]["containers"][0]["env"] = json!([{ "name": "AWS_ROLE_ARN", "value": "x" }]);
    own["spec"]["containers"][0]["volumeMounts"] = json!([{ "name": "aws-iam-token" }]);
    own["spec"]["volumes"] = json!([{ "name": "aws-iam-token" }]);
    let told = told(&with(&own, Some(&[("role-arn", ROLE)])));
    assert!(told.contains("`app` sets AWS_ROLE_ARN itself"), "{told}");
    assert!(told.contains("`app` mounts a volume `aws-iam-token` itself"), "{told}");
    assert!(told.contains("the pod has a volume `aws-iam-token` itself"), "{told}");
}

#[test]
fn a_service_account_that_is_not_named_is_default() {
    let review = review(&json!({ "metadata": {}, "spec": { "containers": [] } }));
    assert_eq!(review.service_account, "default");
    let older = json!({ "metadata": {}, "spec": { "serviceAccount": "old", "containers": [] } });
    assert_eq!(crate::mutations::review(&older).service_account, "old");
}

#[test]
fn a_config_map_without_an_audience_makes_tokens_for_sts() {
    let config_map = ConfigMapRoles::parse(
        r#"{"shop/checkout": {"RoleARN": "arn:aws:iam::111122223333:role/a", "TokenExpiration": 60}}"#,
    )
    .unwrap();
    let facts = Facts { config_map: &config_map, ..Facts::default() };
    let mutation = mutate(&review(&pod()), &facts, &Settings::default()).unwrap();
    let token = &mutation.patch[0]["value"][0]["projected"]["sources"][0]["serviceAccountToken"];
    assert_eq!(*token, json!({ "audience": "sts.amazonaws.com", "expirationSeconds": 600, "path": "token" }));
    for broken in
        ["[]", "{", r#"{"checkout": {}}"#, r#"{"a/b/c": {}}"#, r#"{"a/b": []}"#, r#"{"a/b": {"RoleARN": 1}}"#]
    {
        assert!(ConfigMapRoles::parse(broken).is_err(), "{broken}");
    }
}

#[test]
fn a_list_of_identities_is_read_or_refused_whole() {
    let list = Membership::parse(br#"{"identities": [{"namespace": "shop", "serviceAccount": "checkout"}]}"#)
        .unwrap();
    assert!(list.contains("shop", "checkout") && !list.contains("shop", "other") && list.len() == 1);
    assert!(Membership::parse(b"").unwrap().is_empty());
    assert!(Membership::parse(b"{}").unwrap().is_empty());
    for broken in [&b"["[..], b"[]", br#"{"identities": {}}"#, br#"{"identities": [{"namespace": 1}]}"#] {
        assert!(Membership::parse(broken).is_err());
    }
}

#[test]
fn a_pod_of_another_form_is_refused() {
    let refuse = |field: &str, value: Value| {
        let mut pod = pod();
        pod["spec"][field] = value;
        let own = annotations(&[("role-arn", ROLE)]);
        let facts = Facts { annotations: Some(&own), ..Facts::default() };
        mutate(&review(&pod), &facts, &Settings::default()).unwrap_err().to_string()
    };
    assert_eq!(refuse("containers", json!({})), "`request.object.spec.containers` is not a list");
    assert_eq!(refuse("containers", json!([1])), "`request.object.spec.containers[0]` is not an object");
    assert_eq!(refuse("volumes", json!("x")), "`request.object.spec.volumes` is not a list");
    let env = json!([{ "name": "a" }, { "name": "b", "env": 1 }]);
    assert_eq!(refuse("containers", env), "`request.object.spec.containers[1].env` is not a list");
}

#[test]
fn a_review_of_another_form_is_refused() {
    let request = json!({ "uid": "1", "namespace": "shop", "object": pod() });
    let review =
        |version: &str| json!({ "kind": "AdmissionReview", "apiVersion": version, "request": request });
    let parsed = Review::parse(&serde_json::to_vec(&review("admission.k8s.io/v1beta1")).unwrap()).unwrap();
    assert_eq!(parsed.api_version, "admission.k8s.io/v1beta1");
    assert!(refused(&review("admission.k8s.io/v2")).contains("no AdmissionReview"));
    assert!(refused(&json!({ "kind": "Pod", "apiVersion": "v1" })).contains("`Pod` of `v1`"));
    assert_eq!(refused(&json!([])), "`the review` is not an object");
    let mut no_object = review("admission.k8s.io/v1");
    no_object["request"]["object"] = Value::Null;
    assert_eq!(refused(&no_object), "`request.object` is not an object");
    let mut names = review("admission.k8s.io/v1");
    names["request"]["namespace"] = json!("../secrets");
    assert_eq!(refused(&names), "`request.namespace` is not a namespace's name");
    names["request"]["namespace"] = json!("shop");
    names["request"]["object"]["spec"]["serviceAccountName"] = json!("a/b");
    assert_eq!(refused(&names), "`request.object.spec.serviceAccountName` is not a service account's name");
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(matches!(Review::parse(deep.as_bytes()), Err(ReviewError::Json(_))));
    let large = vec![b' '; MAX_REVIEW_BYTES + 1];
    assert!(matches!(Review::parse(&large), Err(ReviewError::TooLarge)));
}

#[test]
fn hostile_words_do_not_reach_a_terminal() {
    let mutation = with(&pod(), Some(&[("role-arn", "\u{1b}[2J\u{7}x")]));
    assert!(!told(&mutation).contains(['\u{1b}', '\u{7}']), "{}", told(&mutation));
    let many: Vec<Value> = (0..1000).map(|_| json!({ "name": "a" })).collect();
    let mut pod = pod();
    pod["spec"]["containers"] = Value::from(many);
    let mutation = with(&pod, Some(&[("role-arn", ROLE)]));
    assert!(mutation.reasons.len() < 300, "{}", mutation.reasons.len());
    assert_eq!(mutation.patch[1]["value"].as_array().unwrap().len(), 1000);
}
