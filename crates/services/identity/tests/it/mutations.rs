//! What holds of every patch: nothing of the pod is lost, and injecting twice adds nothing.

use std::collections::BTreeMap;

use json_patch::Patch;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use ringwall_identity::mutate::{Facts, Method, Mutation, Review, Settings, mutate};
use serde_json::{Map, Value, json};

const ROLE: &str = "arn:aws:iam::111122223333:role/checkout";

pub(crate) fn review(pod: &Value) -> Review {
    let request = json!({ "uid": "1", "namespace": "shop", "operation": "CREATE", "object": pod });
    let review =
        json!({ "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request });
    Review::parse(&serde_json::to_vec(&review).unwrap()).unwrap()
}

pub(crate) fn annotations(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| (format!("eks.amazonaws.com/{key}"), (*value).to_owned())).collect()
}

fn injected(pod: &Value, pod_identity: bool, settings: &Settings) -> (Value, Mutation) {
    let own = annotations(&[("role-arn", ROLE)]);
    let facts = Facts { annotations: Some(&own), pod_identity, ..Facts::default() };
    let mutation = mutate(&review(pod), &facts, settings).unwrap();
    let patch: Patch = serde_json::from_value(Value::from(mutation.patch.clone())).unwrap();
    let mut patched = pod.clone();
    json_patch::patch(&mut patched, &patch).unwrap();
    (patched, mutation)
}

/// A JSON value of any form, for fields that nobody knows.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~]{0,8}".prop_map(Value::from),
        Just(json!("AWS_ROLE_ARN")),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec(("[a-z]{1,6}", inner), 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn named(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let item = (prop::sample::select(names), anything())
        .prop_map(|(name, more)| json!({ "name": name, "value": "own", "more": more }));
    prop_oneof![
        1 => Just(Value::Null),
        3 => prop::collection::vec(item, 0..4).prop_map(Value::from),
    ]
}

fn container() -> impl Strategy<Value = Value> {
    let env = named(&[
        "AWS_ROLE_ARN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_STS_REGIONAL_ENDPOINTS",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "PATH",
    ]);
    let mounts = named(&["aws-iam-token", "eks-pod-identity-token", "data"]);
    let known =
        (prop::sample::select(&["app", "side", "init"][..]), prop::option::of(env), prop::option::of(mounts));
    (known, prop::option::of(anything()), prop::collection::vec(("future[A-Z][a-z]{0,4}", anything()), 0..3))
        .prop_map(|((name, env, mounts), resources, future)| {
            let mut container = Map::new();
            container.insert("name".into(), name.into());
            let fields = [("env", env), ("volumeMounts", mounts), ("resources", resources)];
            let fields = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
            container.extend(fields.chain(future));
            Value::Object(container)
        })
}

fn pod() -> impl Strategy<Value = Value> {
    let list = || {
        prop::option::of(prop_oneof![
            1 => Just(Value::Null),
            4 => prop::collection::vec(container(), 0..3).prop_map(Value::from),
        ])
    };
    let volumes = named(&["aws-iam-token", "eks-pod-identity-token", "data"]);
    let skip = prop::option::of(prop::sample::select(&["app", "side,init", "\"", ""][..]));
    let labels = prop::option::of(prop::sample::select(&["{}", r#"{"app": "web"}"#, "null"][..]));
    ((list(), list(), list(), prop::option::of(volumes)), skip, labels, anything()).prop_map(
        |((containers, init, ephemeral, volumes), skip, labels, more)| {
            let mut spec = Map::new();
            let fields = [
                ("containers", containers),
                ("initContainers", init),
                ("ephemeralContainers", ephemeral),
                ("volumes", volumes),
            ];
            spec.extend(fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
            spec.insert("more".into(), more);
            let mut metadata = json!({ "name": "web" });
            if let Some(skip) = skip {
                metadata["annotations"] = json!({ "eks.amazonaws.com/skip-containers": skip });
            }
            if let Some(labels) = labels {
                metadata["labels"] = serde_json::from_str(labels).unwrap();
            }
            json!({ "metadata": metadata, "spec": spec, "status": {} })
        },
    )
}

/// Whether `after` has all that `before` has: every field, and every item of a list, in order.
fn keeps(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Null, _) => true,
        (Value::Object(before), Value::Object(after)) => {
            before.iter().all(|(key, value)| after.get(key).is_some_and(|after| keeps(value, after)))
        }
        (Value::Array(before), Value::Array(after)) => {
            let mut rest = after.iter();
            before.iter().all(|item| rest.any(|after| keeps(item, after)))
        }
        _ => before == after,
    }
}

fn items<'a>(pod: &'a Value, field: &str) -> &'a [Value] {
    pod["spec"].get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn has(container: &Value, list: &str, name: &str) -> bool {
    container
        .get(list)
        .and_then(Value::as_array)
        .is_some_and(|list| list.iter().any(|item| item["name"] == name))
}

#[test]
fn a_patch_adds_and_takes_nothing_away() {
    let config = Config { failure_persistence: None, ..Config::default() };
    let strategy = (pod(), any::<bool>(), any::<bool>());
    let run = |(pod, pod_identity, flags): (Value, bool, bool)| {
        let region = flags.then(|| "eu-central-1".to_owned());
        let settings =
            Settings { aws_default_region: region, sts_regional_endpoint: flags, ..Settings::default() };
        let (once, mutation) = injected(&pod, pod_identity, &settings);
        prop_assert!(keeps(&pod, &once), "{pod}\n{once}");
        prop_assert_eq!(items(&pod, "ephemeralContainers"), items(&once, "ephemeralContainers"));
        let (method, volume, key) = match pod_identity {
            true => {
                (Method::ContainerCredentials, "eks-pod-identity-token", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
            }
            false => (Method::WebIdentity, "aws-iam-token", "AWS_ROLE_ARN"),
        };
        prop_assert_eq!(mutation.method, Some(method));
        prop_assert!(items(&once, "volumes").iter().any(|own| own["name"] == volume));
        let skip = pod["metadata"].pointer("/annotations/eks.amazonaws.com~1skip-containers");
        let skip: Vec<&str> = skip.and_then(Value::as_str).unwrap_or_default().split(',').collect();
        for field in ["containers", "initContainers"] {
            prop_assert_eq!(items(&pod, field).len(), items(&once, field).len());
            for (before, after) in items(&pod, field).iter().zip(items(&once, field)) {
                let skipped = skip.contains(&after["name"].as_str().unwrap());
                let own = |name: &str| has(before, "env", name);
                let complete = (own("AWS_REGION") || own("AWS_DEFAULT_REGION"))
                    && own("AWS_STS_REGIONAL_ENDPOINTS")
                    && match pod_identity {
                        true => own(key),
                        false => own(key) || own("AWS_WEB_IDENTITY_TOKEN_FILE"),
                    };
                let mounted = has(after, "volumeMounts", volume);
                prop_assert!(mounted || skipped || complete, "{after}");
                let other = !pod_identity && own("AWS_WEB_IDENTITY_TOKEN_FILE");
                prop_assert!(has(after, "env", key) || skipped || other, "{after}");
                if skipped {
                    prop_assert_eq!(after.get("env"), before.get("env"));
                    prop_assert_eq!(after.get("volumeMounts"), before.get("volumeMounts"));
                }
            }
        }
        let (twice, _) = injected(&once, pod_identity, &settings);
        prop_assert_eq!(&once, &twice);
        Ok(())
    };
    TestRunner::new(config).run(&strategy, run).unwrap();
}
