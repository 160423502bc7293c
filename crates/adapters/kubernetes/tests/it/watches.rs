use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, ServiceAccount};
use ringwall_kubernetes::{Key, Kind, Selector, State, Watched};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::fake::{Asked, Fake, Reply, cluster};

/// Long enough for a loaded machine; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(30);

fn object(name: &str, version: u32, value: &str) -> Value {
    json!({
        "metadata": {
            "namespace": "kube-system", "name": name, "resourceVersion": version.to_string(),
            "managedFields": [{"manager": "kubectl", "operation": "Apply"}],
        },
        "data": {"key": value},
    })
}

fn list(objects: &[Value], version: u32, next: Option<&str>) -> Reply {
    let metadata = json!({"resourceVersion": version.to_string(), "continue": next});
    Reply::Json(200, json!({"metadata": metadata, "items": objects}).to_string())
}

fn event(kind: &str, object: &Value) -> String {
    format!("{}\n", json!({"type": kind, "object": object}))
}

fn is_watch(asked: &Asked) -> bool {
    asked.parameter("watch").is_some()
}

/// Waits until the state is as wanted.
async fn until<V>(watched: &mut Watched<V>, wanted: impl Fn(&State<V>) -> bool) -> Arc<State<V>> {
    let wait = async {
        loop {
            let state = watched.get();
            if wanted(&state) {
                return state;
            }
            watched.changed().await;
        }
    };
    timeout(PATIENCE, wait).await.expect("the state comes to be as wanted")
}

/// A watch whose events a test sends; the second and later ones say nothing.
fn by_hand() -> (mpsc::UnboundedSender<String>, impl Fn() -> Reply) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let receiver = Mutex::new(Some(receiver));
    (sender, move || receiver.lock().unwrap().take().map_or(Reply::Silence, Reply::Watch))
}

fn value(state: &State<std::collections::BTreeMap<Key, Arc<ConfigMap>>>, name: &str) -> Option<String> {
    let objects = state.value.as_ref()?;
    Some(objects.get(&Key::new("kube-system", name))?.data.as_ref()?["key"].clone())
}

#[tokio::test]
async fn objects_are_listed_page_by_page_and_followed() {
    let (events, watch) = by_hand();
    let fake = Fake::start(move |asked| match asked.parameter("continue") {
        _ if is_watch(asked) => watch(),
        None => list(&[object("a", 1, "one")], 5, Some("more")),
        Some(_) => list(&[object("b", 2, "two")], 5, None),
    })
    .await;
    let cluster = fake.cluster().await;
    let selector = Selector { labels: Some("app=x,tier!=y".to_owned()), fields: None };
    let mut watched = cluster.watch_all::<ConfigMap>(Some("kube-system"), &selector);
    assert!(watched.get().value.is_none() && !watched.get().synced);
    let state = until(&mut watched, |state| state.synced).await;
    assert_eq!(state.value.as_ref().unwrap().len(), 2);
    assert!(state.value.as_ref().unwrap().values().all(|object| object.metadata.managed_fields.is_none()));

    events.send(event("ADDED", &object("c", 6, "three"))).unwrap();
    events.send(event("MODIFIED", &object("a", 7, "uno"))).unwrap();
    let bookmark = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"resourceVersion": "8", "creationTimestamp": null}});
    events.send(event("BOOKMARK", &bookmark)).unwrap();
    events.send(event("DELETED", &object("b", 9, "two"))).unwrap();
    let state = until(&mut watched, |state| value(state, "b").is_none()).await;
    assert_eq!(value(&state, "a").as_deref(), Some("uno"));
    assert_eq!(value(&state, "c").as_deref(), Some("three"));

    let asked = fake.asked.lock().unwrap();
    assert!(asked.iter().all(|asked| asked.parameter("labelSelector") == Some("app%3Dx%2Ctier%21%3Dy")));
    assert_eq!(asked.iter().find(|asked| is_watch(asked)).unwrap().parameter("resourceVersion"), Some("5"));
}

#[tokio::test]
async fn a_watch_that_ends_goes_on_from_where_it_was() {
    let (events, watch) = by_hand();
    let fake = Fake::start(
        move |asked| if is_watch(asked) { watch() } else { list(&[object("a", 1, "one")], 5, None) },
    )
    .await;
    let mut watched = fake.cluster().await.watch_all::<ConfigMap>(None, &Selector::default());
    until(&mut watched, |state| state.synced).await;
    events.send(event("MODIFIED", &object("a", 6, "uno"))).unwrap();
    // A line that is cut off is not taken for an event.
    events.send(r#"{"type":"DELETED","object":{"metadata":{"name":"a""#.to_owned()).unwrap();
    drop(events);
    timeout(PATIENCE, async {
        while fake.count(is_watch) < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
    let state = watched.get();
    assert_eq!((state.synced, value(&state, "a").as_deref()), (true, Some("uno")));
    let asked = fake.asked.lock().unwrap();
    assert_eq!(asked.iter().filter(|asked| !is_watch(asked)).count(), 1, "listed once");
    assert_eq!(asked.last().unwrap().parameter("resourceVersion"), Some("6"));
}

#[tokio::test]
async fn a_version_that_is_too_old_is_listed_anew() {
    let lists = AtomicUsize::new(0);
    let (events, watch) = by_hand();
    let fake = Fake::start(move |asked| match is_watch(asked) {
        true => watch(),
        false if lists.fetch_add(1, Ordering::Relaxed) == 0 => {
            list(&[object("a", 1, "one"), object("b", 1, "one")], 5, None)
        }
        false => list(&[object("a", 9, "nine")], 9, None),
    })
    .await;
    let mut watched = fake.cluster().await.watch_all::<ConfigMap>(None, &Selector::default());
    until(&mut watched, |state| state.synced).await;
    let gone = json!({"kind": "Status", "status": "Failure", "reason": "Expired", "message": "too old resource version", "code": 410});
    events.send(event("ERROR", &gone)).unwrap();
    let state =
        until(&mut watched, |state| state.synced && value(state, "a").as_deref() == Some("nine")).await;
    assert_eq!(state.value.as_ref().unwrap().len(), 1, "what is gone is forgotten");
}

#[tokio::test]
async fn an_apiserver_that_is_not_there_yet_is_waited_for_and_one_that_goes_away_missed() {
    let port = { Fake::start(|_| Reply::Silence).await.port };
    let mut watched = cluster(port).await.watch_all::<ConfigMap>(None, &Selector::default());
    let state = until(&mut watched, |state| state.error.is_some()).await;
    assert!(state.value.is_none() && !state.synced);

    let up = |text: &'static str| {
        move |asked: &Asked| {
            if is_watch(asked) {
                Reply::Watch(mpsc::unbounded_channel().1)
            } else {
                list(&[object("a", 1, text)], 5, None)
            }
        }
    };
    let (events, watch) = by_hand();
    let first = up("one");
    let fake = Fake::on(port, move |asked| if is_watch(asked) { watch() } else { first(asked) }).await;
    let state = until(&mut watched, |state| state.synced).await;
    assert_eq!((value(&state, "a").as_deref(), state.error.as_deref()), (Some("one"), None));

    drop((fake, events));
    let state = until(&mut watched, |state| !state.synced).await;
    assert_eq!(value(&state, "a").as_deref(), Some("one"), "what was known stays");
    assert!(state.error.is_some());

    let _back = Fake::on(port, up("two")).await;
    let state = until(&mut watched, |state| state.synced).await;
    assert_eq!(value(&state, "a").as_deref(), Some("one"), "no change is missed, so nothing was listed anew");
}

#[tokio::test]
async fn one_object_comes_and_goes() {
    let (events, watch) = by_hand();
    let fake = Fake::start(move |asked| if is_watch(asked) { watch() } else { list(&[], 5, None) }).await;
    let mut watched = fake.cluster().await.watch_one::<ConfigMap>(Some("kube-system"), "aws-auth");
    assert!(timeout(PATIENCE, watched.known()).await.unwrap().is_none(), "known not to be there");
    events.send(event("ADDED", &object("aws-auth", 6, "one"))).unwrap();
    until(&mut watched, |state| state.value.as_ref().is_some_and(|value| value.is_some())).await;
    events.send(event("DELETED", &object("aws-auth", 7, "one"))).unwrap();
    until(&mut watched, |state| state.value.as_ref().is_some_and(|value| value.is_none())).await;
    let asked = fake.asked.lock().unwrap();
    assert!(asked.iter().all(|asked| asked.parameter("fieldSelector") == Some("metadata.name%3Daws-auth")));
    assert!(asked.iter().all(|asked| asked.target.starts_with("/api/v1/namespaces/kube-system/configmaps?")));
}

#[tokio::test]
async fn a_name_that_is_none_is_an_error_and_no_request() {
    let fake = Fake::start(|_| list(&[], 5, None)).await;
    let mut watched = fake.cluster().await.watch_one::<ConfigMap>(Some("kube-system/secrets"), "x");
    let state = until(&mut watched, |state| state.error.is_some()).await;
    assert!(state.error.as_ref().unwrap().contains("kube-system/secrets"));
    assert_eq!(fake.count(|_| true), 0);
}

#[tokio::test]
async fn objects_are_kept_pruned() {
    let (_events, watch) = by_hand();
    let fake = Fake::start(
        move |asked| if is_watch(asked) { watch() } else { list(&[object("a", 1, "one")], 5, None) },
    )
    .await;
    let mut watched =
        fake.cluster()
            .await
            .watch_all_pruned::<ConfigMap>(None, &Selector::default(), |object| object.data = None);
    let known = timeout(PATIENCE, watched.known()).await.unwrap();
    assert!(known.values().all(|object| object.data.is_none()));
}

#[tokio::test]
async fn a_kind_that_no_type_has_is_watched() {
    let (_events, watch) = by_hand();
    let mapping = json!({"metadata": {"name": "m"}, "spec": {"arn": "arn:aws:iam::111122223333:role/r", "groups": [1, null]}});
    let fake =
        Fake::start(
            move |asked| {
                if is_watch(asked) { watch() } else { list(std::slice::from_ref(&mapping), 5, None) }
            },
        )
        .await;
    let kind = Kind::new("iamauthenticator.k8s.aws", "v1alpha1", "iamidentitymappings");
    let mut watched = fake.cluster().await.watch_dynamic(&kind, None, &Selector::default());
    let known = timeout(PATIENCE, watched.known()).await.unwrap();
    let mapping = &known[&Key::new("", "m")];
    assert_eq!(mapping.data["spec"]["arn"], "arn:aws:iam::111122223333:role/r");
}

#[tokio::test]
async fn an_event_without_end_is_given_up_and_what_was_known_stays() {
    let watches = AtomicUsize::new(0);
    let fake = Fake::start(move |asked| match is_watch(asked) {
        true if watches.fetch_add(1, Ordering::Relaxed) == 0 => Reply::Endless("x"),
        true => Reply::Silence,
        false => list(&[object("a", 1, "one")], 5, None),
    })
    .await;
    let mut watched = fake.cluster().await.watch_all::<ConfigMap>(None, &Selector::default());
    let state =
        until(&mut watched, |state| state.error.as_ref().is_some_and(|error| error.contains("longer than")))
            .await;
    assert_eq!(value(&state, "a").as_deref(), Some("one"));
}

#[tokio::test]
async fn the_watch_ends_with_its_last_owner() {
    let (events, watch) = by_hand();
    let fake = Fake::start(move |asked| if is_watch(asked) { watch() } else { list(&[], 5, None) }).await;
    let mut watched = fake.cluster().await.watch_all::<ServiceAccount>(None, &Selector::default());
    until(&mut watched, |state| state.synced).await;
    let clone = watched.clone();
    drop(watched);
    assert!(clone.get().synced);
    drop(clone);
    // The connection is gone, so that at some time what is sent to it can't be.
    timeout(PATIENCE, async {
        while events.send(" \n".to_owned()).is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("the connection ends");
}

#[tokio::test]
async fn a_resource_that_may_not_be_read_is_told() {
    let fake =
        Fake::start(|_| Reply::Json(403, r#"{"reason":"Forbidden","message":"not you"}"#.to_owned())).await;
    let mut watched = fake.cluster().await.watch_all::<ConfigMap>(None, &Selector::default());
    let state = until(&mut watched, |state| state.error.is_some()).await;
    assert!(state.error.as_ref().unwrap().contains("not you"));
}
