//! The ClusterRole of a rotation, judged by the project's own engine: it allows every call that is made, and no rule or verb
//! of it goes unused.

use std::collections::BTreeSet;
use std::path::Path;

use ringwall_kms::rotate::Source;
use ringwall_model::User;
use ringwall_rbac::{Authorizer, Question, Target};

use crate::fake::Asked;
use crate::rotate::{Told, run, settings};
use crate::world::World;

const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../deploy/manifests/kms/rotate.yaml");

/// Verb, resource, namespace and name of a call; none for discovery, which Kubernetes allows every user.
fn call(asked: &Asked) -> Option<(&'static str, String, String, String)> {
    let path = asked.target.split('?').next()?.strip_prefix("/api/v1/")?;
    let parts: Vec<_> = path.split('/').collect();
    let verb = match (asked.method.as_str(), parts.len() % 2) {
        ("PUT", _) => "update",
        (_, 0) => "get",
        _ => "list",
    };
    let text = str::to_owned;
    Some(match parts[..] {
        ["namespaces", name] => (verb, text("namespaces"), text(name), text(name)),
        ["namespaces", namespace, resource, name] => (verb, text(resource), text(namespace), text(name)),
        [resource] => (verb, text(resource), String::new(), String::new()),
        _ => panic!("{path}"),
    })
}

#[tokio::test]
async fn the_role_allows_what_is_called_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let manifests = folder.path().join("kubernetes");
    std::fs::create_dir(&manifests).unwrap();
    std::fs::copy(Path::new(MANIFEST), manifests.join("rotate.yaml")).unwrap();
    let snapshot = ringwall_snapshot::read(folder.path(), &ringwall_snapshot::Options::default()).unwrap();
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);

    let world = World::new(3).await;
    let by_list = Source::State(world.folder.path().join("state.json"));
    for source in [Source::Etcd(world.etcd()), by_list] {
        let settings = ringwall_kms::rotate::Settings { wait: std::time::Duration::ZERO, ..settings() };
        run(&world, &source, &settings, &Told::default()).await.unwrap();
    }
    let calls: BTreeSet<_> = world.api.asked.lock().unwrap().iter().filter_map(call).collect();
    let authorizer = Authorizer::new(&snapshot.cluster);
    let user = User::service_account("kube-system", "ringwall-kms-rotate");
    for (verb, resource, namespace, name) in &calls {
        let target = Target::resource("", resource).in_namespace(namespace).named(name);
        let allowed = authorizer.decide(&Question { user: &user, verb, target }).is_allowed();
        assert!(allowed, "{verb} {resource} {namespace}/{name}");
    }
    let used: BTreeSet<_> = calls.iter().map(|(verb, resource, ..)| (*verb, resource.as_str())).collect();
    let given: BTreeSet<_> = snapshot
        .cluster
        .roles
        .iter()
        .flat_map(|role| &role.rules)
        .flat_map(|rule| {
            rule.resources
                .iter()
                .flat_map(|resource| rule.verbs.iter().map(|verb| (verb.as_ref(), resource.as_ref())))
        })
        .collect();
    assert_eq!(used, given);
}
