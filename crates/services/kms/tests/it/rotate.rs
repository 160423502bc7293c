use std::sync::Mutex;
use std::time::Duration;

use ringwall_kms::rotate::{Failure, Outcome, Progress, RotateError, Settings, Source, rotate};
use ringwall_kms::verify::{Scope, Verdict};
use tokio::sync::watch;

use crate::world::{World, status};

/// What is told on the way, and who stops after how much.
#[derive(Default)]
pub(crate) struct Told {
    counted: Mutex<Vec<(u64, Option<u64>)>>,
    waited: Mutex<Vec<Option<String>>>,
    failed: Mutex<Vec<Failure>>,
    done: Mutex<u64>,
    stop: Option<(u64, watch::Sender<bool>)>,
}

impl Progress for Told {
    fn counted(&self, pending: u64, total: Option<u64>) {
        self.counted.lock().unwrap().push((pending, total));
    }

    fn waiting(&self, under: Option<&str>) {
        self.waited.lock().unwrap().push(under.map(str::to_owned));
    }

    fn advanced(&self, objects: u64) {
        let mut done = self.done.lock().unwrap();
        *done += objects;
        if let Some((after, stop)) = &self.stop
            && *done >= *after
        {
            stop.send_replace(true);
        }
    }

    fn failed(&self, failure: &Failure) {
        self.failed.lock().unwrap().push(failure.clone());
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        scope: Scope::Resources(vec!["secrets".parse().unwrap()]),
        registry: "/registry".to_owned(),
        provider: None,
        key: Some("key2".to_owned()),
        concurrency: 3,
        per_second: 100_000,
        wait: Duration::from_secs(20),
        poll: Duration::from_millis(10),
        patience: Duration::from_secs(20),
    }
}

pub(crate) async fn run(
    world: &World,
    source: &Source,
    settings: &Settings,
    told: &Told,
) -> Result<Outcome, RotateError> {
    let (stop, stopped) = watch::channel(false);
    let stopped = told.stop.as_ref().map_or(stopped, |(_, stop)| stop.subscribe());
    let outcome = rotate(&world.api.cluster().await, source, settings, told, stopped).await;
    drop(stop);
    outcome
}

async fn by_etcd(world: &World) -> Outcome {
    run(world, &Source::Etcd(world.etcd()), &settings(), &Told::default()).await.unwrap()
}

fn stop_after(objects: u64) -> Told {
    Told { stop: Some((objects, watch::channel(false).0)), ..Told::default() }
}

#[tokio::test]
async fn what_is_not_under_the_key_comes_under_it_and_nothing_else_is_touched() {
    let world = World::new(1_200).await;
    world.state.lock().unwrap().secrets.get_mut("ns/secret-0007").unwrap().under = "key2".to_owned();
    world.state.lock().unwrap().secrets.get_mut("ns/secret-0009").unwrap().under = String::new();
    let told = Told::default();
    let outcome = run(&world, &Source::Etcd(world.etcd()), &settings(), &told).await.unwrap();
    assert_eq!((outcome.resealed, outcome.unchanged, outcome.gone), (1_199, 0, 0));
    assert_eq!(outcome.report.unwrap().verdict(), Verdict::Sealed);
    assert_eq!(*told.counted.lock().unwrap(), [(1_199, Some(1_200))]);
    assert_eq!(*told.done.lock().unwrap(), 1_199);
    let touched = world.api.count(|asked| asked.target.ends_with("secret-0007"));
    assert_eq!((touched, world.written().len()), (0, 1_199));
    // Once more, nothing is left.
    assert_eq!(by_etcd(&world).await.resealed, 0);
}

#[tokio::test]
async fn the_key_is_waited_for() {
    let world = World::new(5).await;
    let mut puts = 0;
    world.state.lock().unwrap().key = "key1".to_owned();
    world.before(move |asked, inner| {
        puts += usize::from(asked.method == "PUT");
        if puts == 4 {
            *inner.key = "key2".to_owned();
        }
        None
    });
    let told = Told::default();
    let outcome = run(&world, &Source::Etcd(world.etcd()), &settings(), &told).await.unwrap();
    assert_eq!(outcome.resealed, 5);
    assert_eq!(*told.waited.lock().unwrap(), vec![Some("key1".to_owned()); 3]);
    // One object was tried meanwhile, not all.
    assert_eq!(world.api.count(|asked| asked.method == "PUT"), 3 + 5);
}

#[tokio::test]
async fn a_key_that_does_not_come_is_told_with_the_one_in_use() {
    let world = World::new(5).await;
    world.state.lock().unwrap().key = "key1".to_owned();
    let settings = Settings { wait: Duration::from_millis(30), ..settings() };
    let error = run(&world, &Source::Etcd(world.etcd()), &settings, &Told::default()).await.unwrap_err();
    assert!(matches!(&error, RotateError::NotInUse { under: Some(under), .. } if under == "key1"), "{error}");
    assert!(world.written().is_empty());
}

#[tokio::test]
async fn another_api_server_that_has_the_key_later_is_waited_for() {
    let world = World::new(30).await;
    let mut puts = 0;
    // After the first object, requests go to one that still writes under an old key, for a while.
    world.before(move |asked, inner| {
        puts += usize::from(asked.method == "PUT");
        *inner.key = if (2..50).contains(&puts) { "key0" } else { "key2" }.to_owned();
        None
    });
    let outcome = by_etcd(&world).await;
    assert_eq!(outcome.report.unwrap().verdict(), Verdict::Sealed);
}

#[tokio::test]
async fn what_others_write_meanwhile_is_read_again() {
    let world = World::new(3).await;
    let mut conflicts = 0;
    world.before(move |asked, inner| {
        if asked.method == "PUT" && asked.target.ends_with("secret-0002") && conflicts < 3 {
            conflicts += 1;
            inner.secrets.get_mut("ns/secret-0002").unwrap().version += 1;
        }
        None
    });
    let outcome = by_etcd(&world).await;
    assert_eq!((outcome.resealed, outcome.failures.len()), (3, 0));
}

#[tokio::test]
async fn what_is_deleted_meanwhile_is_fine() {
    let world = World::new(4).await;
    world.before(|asked, inner| {
        if asked.method == "GET" && asked.target.ends_with("secret-0002")
            || asked.method == "PUT" && asked.target.ends_with("secret-0003")
        {
            inner.secrets.remove(&format!("ns/{}", asked.target.rsplit('/').next()?));
        }
        None
    });
    let outcome = by_etcd(&world).await;
    assert_eq!((outcome.resealed, outcome.gone), (2, 2));
    assert_eq!(outcome.report.unwrap().verdict(), Verdict::Sealed);
}

#[tokio::test]
async fn an_apiserver_that_is_busy_is_asked_again() {
    let world = World::new(4).await;
    let mut answers = 0;
    world.before(move |asked, _| {
        answers += usize::from(asked.target.contains("/secrets/"));
        (answers % 3 == 1)
            .then(|| status(if answers % 2 == 0 { 429 } else { 503 }, "TooManyRequests"))
            .filter(|_| asked.target.contains("/secrets/"))
    });
    let outcome = by_etcd(&world).await;
    assert_eq!((outcome.resealed, outcome.failures.len()), (4, 0));
}

#[tokio::test]
async fn an_apiserver_that_stays_away_ends_it() {
    let world = World::new(50).await;
    let mut puts = 0;
    world.before(move |asked, _| {
        puts += usize::from(asked.method == "PUT");
        (puts > 10 && asked.method == "PUT").then(|| status(503, "ServiceUnavailable"))
    });
    let settings = Settings { patience: Duration::from_millis(50), ..settings() };
    let error = run(&world, &Source::Etcd(world.etcd()), &settings, &Told::default()).await.unwrap_err();
    assert!(matches!(error, RotateError::Cluster(_)), "{error}");
    assert!(world.api.count(|asked| asked.method == "PUT") < 30, "not one object after the other is tried");
}

#[tokio::test]
async fn an_object_that_no_key_opens_is_named() {
    let world = World::new(3).await;
    world.before(|asked, _| asked.target.ends_with("secret-0001").then(|| status(500, "InternalError")));
    let settings = Settings { patience: Duration::from_millis(300), ..settings() };
    let outcome = run(&world, &Source::Etcd(world.etcd()), &settings, &Told::default()).await.unwrap();
    assert_eq!((outcome.resealed, outcome.failures.len()), (2, 1));
}

#[tokio::test]
async fn an_object_that_is_refused_is_named_and_the_others_are_done() {
    let world = World::new(5).await;
    world.before(|asked, _| {
        (asked.method == "PUT" && asked.target.ends_with("secret-0001")).then(|| status(422, "Invalid"))
    });
    let told = Told::default();
    let outcome = run(&world, &Source::Etcd(world.etcd()), &settings(), &told).await.unwrap();
    assert_eq!((outcome.resealed, outcome.failures.len()), (4, 1));
    assert_eq!(outcome.failures[0].object, "/registry/secrets/ns/secret-0001");
    assert!(
        outcome.failures[0].message.contains("422 Invalid: as the test wants it"),
        "{:?}",
        outcome.failures
    );
    assert_eq!(*told.failed.lock().unwrap(), outcome.failures);
    assert_eq!(outcome.report.unwrap().verdict(), Verdict::NotSealed);
    assert_eq!(world.api.count(|asked| asked.method == "PUT" && asked.target.ends_with("secret-0001")), 1);
}

#[tokio::test]
async fn one_that_is_stopped_goes_on_where_it_was() {
    let world = World::new(40).await;
    let first = run(&world, &Source::Etcd(world.etcd()), &settings(), &stop_after(10)).await.unwrap();
    assert!(first.interrupted && (10..30).contains(&first.resealed), "{}", first.resealed);
    let second = by_etcd(&world).await;
    assert_eq!(first.resealed + second.resealed, 40);
    let mut written = world.written();
    written.sort();
    written.dedup();
    assert_eq!((written.len(), world.written().len()), (40, 40), "each once");
}

#[tokio::test]
async fn a_resource_that_nothing_serves_is_refused() {
    let world = World::new(1).await;
    let settings =
        Settings { scope: Scope::Resources(vec!["widgets.example.org".parse().unwrap()]), ..settings() };
    let error = run(&world, &Source::Etcd(world.etcd()), &settings, &Told::default()).await.unwrap_err();
    assert!(matches!(error, RotateError::NotServed(_)) && world.written().is_empty(), "{error}");
}

#[tokio::test]
async fn without_etcd_a_file_keeps_the_place() {
    let world = World::new(600).await;
    let path = world.folder.path().join("state.json");
    let source = Source::State(path.clone());
    let first = run(&world, &source, &settings(), &stop_after(300)).await.unwrap();
    assert!(first.interrupted && first.report.is_none());
    let kept = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
    assert!(kept.contains("ns/secret-0250"), "{kept}");

    // Another key is another rotation.
    let other = Settings { key: Some("key3".to_owned()), ..settings() };
    let error = run(&world, &source, &other, &Told::default()).await.unwrap_err();
    assert!(error.to_string().contains("another rotation"), "{error}");

    let before = world.api.count(|asked| asked.method == "PUT");
    let second = run(&world, &source, &settings(), &Told::default()).await.unwrap();
    assert!(!second.interrupted);
    // What was begun of the second page is done again, no more.
    assert_eq!(world.api.count(|asked| asked.method == "PUT") - before, 350);
    assert_eq!(world.written().len(), 600);
    assert!(!path.exists());
}

/// An object that is deleted meanwhile, or can't be written, tells nothing of the key that the API server writes under.
#[tokio::test]
async fn without_etcd_the_key_is_waited_for_by_an_object_that_is_written() {
    for first in [404, 422] {
        let world = World::new(5).await;
        world.state.lock().unwrap().key = "key1".to_owned();
        let mut puts = 0;
        world.before(move |asked, inner| {
            if asked.target.ends_with("secret-0001") && (asked.method == "PUT" || first == 404) {
                return Some(status(first, "as the test wants it"));
            }
            puts += usize::from(asked.method == "PUT");
            if puts == 4 {
                *inner.key = "key2".to_owned();
            }
            None
        });
        let source = Source::State(world.folder.path().join("state.json"));
        let outcome = run(&world, &source, &settings(), &Told::default()).await.unwrap();
        assert_eq!((outcome.resealed, outcome.unchanged), (4, 0), "{first}");
    }
}

#[tokio::test]
async fn a_list_that_expires_is_begun_again_without_doing_anything_twice() {
    let world = World::new(600).await;
    let mut expired = false;
    world.before(move |asked, _| {
        let expires = asked.parameter("continue").is_some() && !expired;
        expired |= expires;
        expires.then(|| status(410, "Expired"))
    });
    let source = Source::State(world.folder.path().join("state.json"));
    let outcome = run(&world, &source, &settings(), &Told::default()).await.unwrap();
    assert_eq!(outcome.resealed, 600);
    assert_eq!(world.api.count(|asked| asked.method == "PUT"), 600);
}
