//! The client of live clusters against a real kube-apiserver.

use std::net::TcpListener;
use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use ringwall_kubernetes::{Cluster, Key, Kind, Selector, Source, State, Watched};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::testbed::Testbed;

/// Long enough for an API server to come back.
const PATIENCE: Duration = Duration::from_secs(120);

/// A port that nobody listens on, so that an API server can come back to it.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn config_map(value: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"namespace": "kube-system", "name": "aws-auth"},
        "data": {"mapRoles": value},
    })
}

/// What aws-iam-authenticator's own definition comes to.
fn mappings() -> [Value; 2] {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let names = json!({"plural": "iamidentitymappings", "singular": "iamidentitymapping", "kind": "IAMIdentityMapping"});
    [
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "iamidentitymappings.iamauthenticator.k8s.aws"},
            "spec": {
                "group": "iamauthenticator.k8s.aws", "scope": "Cluster", "names": names,
                "versions": [{"name": "v1alpha1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
            },
        }),
        json!({
            "apiVersion": "iamauthenticator.k8s.aws/v1alpha1", "kind": "IAMIdentityMapping",
            "metadata": {"name": "ci"},
            "spec": {"arn": "arn:aws:iam::111122223333:role/ci", "username": "ci", "groups": ["builders"]},
        }),
    ]
}

async fn until<V>(watched: &mut Watched<V>, wanted: impl Fn(&State<V>) -> bool) {
    let wait = async {
        while !wanted(&watched.get()) {
            watched.changed().await;
        }
    };
    timeout(PATIENCE, wait).await.expect("the state comes to be as wanted");
}

/// What `mapRoles` says.
fn roles(state: &State<Option<ConfigMap>>) -> Option<String> {
    let found = state.value.as_ref()?.as_ref().as_ref()?;
    found.data.as_ref()?.get("mapRoles").cloned()
}

#[test]
#[ignore = "needs the testbed: cargo xtask test"]
fn a_watch_begins_before_the_apiserver_and_outlives_it() {
    let folder = TempDir::new().unwrap();
    let bed = folder.path().join("bed");
    let secure_port = format!("--secure-port={}", free_port());
    let flags = [secure_port.as_str()];
    // A kubeconfig is needed that names the port; then the API server goes away again.
    let kubeconfig = Testbed::start_with(&bed, &flags).kubeconfig.clone();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _context = runtime.enter();
    let source = Source::Kubeconfig { path: Some(kubeconfig), context: None };
    let cluster = runtime.block_on(Cluster::connect(&source)).unwrap();
    let mut aws_auth = cluster.watch_one::<ConfigMap>(Some("kube-system"), "aws-auth");
    let kind = Kind::new("iamauthenticator.k8s.aws", "v1alpha1", "iamidentitymappings");
    let mut identities = cluster.watch_dynamic(&kind, None, &Selector::default());
    runtime.block_on(until(&mut aws_auth, |state| state.error.is_some()));

    let testbed = Testbed::start_with(&bed, &flags);
    runtime.block_on(until(&mut aws_auth, |state| state.synced));
    assert!(aws_auth.get().value.as_ref().unwrap().is_none());
    testbed.apply(&[config_map("one")]);
    runtime.block_on(until(&mut aws_auth, |state| roles(state).as_deref() == Some("one")));
    // The definition came after the watch of its objects.
    testbed.apply(&mappings());
    runtime.block_on(until(&mut identities, |state| state.value.as_ref().is_some_and(|all| all.len() == 1)));
    let identity = identities.get().value.as_ref().unwrap()[&Key::new("", "ci")].clone();
    assert_eq!(identity.data["spec"]["username"], "ci");
    assert!(identity.metadata.managed_fields.is_none());

    drop(testbed);
    runtime.block_on(until(&mut aws_auth, |state| !state.synced && state.error.is_some()));
    assert_eq!(roles(&aws_auth.get()).as_deref(), Some("one"), "what was known stays");

    let testbed = Testbed::start_with(&bed, &flags);
    testbed.apply(&[config_map("two")]);
    runtime.block_on(until(&mut aws_auth, |state| state.synced && roles(state).as_deref() == Some("two")));
    runtime.block_on(until(&mut identities, |state| state.synced));
}

#[test]
#[ignore = "needs the testbed: cargo xtask test"]
fn what_is_read_can_be_written_back() {
    let folder = TempDir::new().unwrap();
    let testbed = Testbed::start(&folder.path().join("bed"));
    testbed.apply(&[config_map("one")]);
    let source = Source::Kubeconfig { path: Some(testbed.kubeconfig.clone()), context: None };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let cluster = Cluster::connect(&source).await.unwrap();
        let kinds = cluster.list_resources().await.unwrap();
        let config_maps = kinds.iter().find(|kind| kind.resource.plural == "configmaps").unwrap();
        assert!(config_maps.namespaced && config_maps.can("update") && config_maps.kind == "ConfigMap");
        assert!(kinds.iter().any(|kind| kind.resource == Kind::new("apps", "v1", "deployments")));

        let kind = &config_maps.resource;
        let found = cluster.get_object(kind, Some("kube-system"), "aws-auth").await.unwrap().unwrap();
        let written = cluster.replace(kind, Some("kube-system"), "aws-auth", &found).await.unwrap();
        assert_eq!(written.resource_version, found.resource_version, "nothing was to be written");
        testbed.apply(&[config_map("two")]);
        let conflict = cluster.replace(kind, Some("kube-system"), "aws-auth", &found).await.unwrap_err();
        assert!(conflict.is_conflict(), "{conflict}");
        let gone = cluster.replace(kind, Some("kube-system"), "other", &found).await;
        assert!(gone.is_err());
        assert!(cluster.get_object(kind, Some("kube-system"), "other").await.unwrap().is_none());

        let mut names = Vec::new();
        let mut next = None;
        loop {
            let page = cluster.list_page(kind, 2, next.as_deref()).await.unwrap();
            assert!(page.keys.len() <= 2);
            names.extend(page.keys);
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        assert!(names.contains(&Key::new("kube-system", "aws-auth")));

        assert!(cluster.service_account("kube-system", "default").await.unwrap().is_some());
        assert!(cluster.pod("default", "none").await.unwrap().is_none());
        let keys: Value = serde_json::from_slice(&cluster.get_raw("/openid/v1/jwks").await.unwrap()).unwrap();
        assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
    });
}
