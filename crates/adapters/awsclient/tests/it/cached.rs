use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use ringwall_awsclient::{
    BoxFuture, Cached, Clock, Credentials, CredentialsError, ProvideCredentials, REFRESH_BEFORE_SECONDS,
};

/// Sessions of an hour, each by its number, as long as it is up.
#[derive(Debug, Default)]
struct Source {
    asked: AtomicUsize,
    down: AtomicBool,
    now: AtomicI64,
}

impl ProvideCredentials for Source {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialsError>> {
        Box::pin(async {
            let number = self.asked.fetch_add(1, Ordering::Relaxed);
            // Others get their turn to ask.
            tokio::task::yield_now().await;
            if self.down.load(Ordering::Relaxed) {
                return Err(CredentialsError::None);
            }
            Ok(Credentials {
                access_key_id: format!("ASIA{number}"),
                secret: String::from("s").into(),
                session_token: None,
                expires: Some(self.now.load(Ordering::Relaxed) + 3600),
                account: None,
            })
        })
    }
}

fn cached(source: &Arc<Source>) -> Arc<Cached<Arc<Source>>> {
    let clock = Arc::clone(source);
    Arc::new(Cached::new(Arc::clone(source), Clock::new(move || clock.now.load(Ordering::Relaxed))))
}

async fn id(cached: &Cached<Arc<Source>>) -> Option<String> {
    cached.credentials().await.ok().map(|credentials| credentials.access_key_id)
}

/// Asks from many sides at once.
async fn ids(cached: &Arc<Cached<Arc<Source>>>) -> Vec<Option<String>> {
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let cached = Arc::clone(cached);
            tokio::spawn(async move { id(&cached).await })
        })
        .collect();
    let mut found = Vec::new();
    for task in tasks {
        found.push(task.await.unwrap());
    }
    found
}

#[tokio::test]
async fn a_session_is_asked_for_once_and_before_its_end() {
    let source = Arc::new(Source::default());
    let cached = cached(&source);
    assert!(ids(&cached).await.iter().all(|id| id.as_deref() == Some("ASIA0")));
    let at = |now: i64| source.now.store(now, Ordering::Relaxed);
    at(3600 - REFRESH_BEFORE_SECONDS - 1);
    assert_eq!(id(&cached).await.as_deref(), Some("ASIA0"));
    at(3600 - REFRESH_BEFORE_SECONDS);
    // One asks; the others have what still holds.
    let found = ids(&cached).await;
    assert!(found.iter().all(Option::is_some));
    assert_eq!(source.asked.load(Ordering::Relaxed), 2);
    assert_eq!(id(&cached).await.as_deref(), Some("ASIA1"));
}

#[tokio::test]
async fn what_holds_is_given_while_the_source_is_down() {
    let source = Arc::new(Source::default());
    let cached = cached(&source);
    assert_eq!(id(&cached).await.as_deref(), Some("ASIA0"));
    source.down.store(true, Ordering::Relaxed);
    source.now.store(3500, Ordering::Relaxed);
    for _ in 0..5 {
        assert_eq!(id(&cached).await.as_deref(), Some("ASIA0"));
    }
    // It was asked once, not at each call.
    assert_eq!(source.asked.load(Ordering::Relaxed), 2);
    source.now.store(3600, Ordering::Relaxed);
    assert_eq!(id(&cached).await, None);
    source.down.store(false, Ordering::Relaxed);
    assert_eq!(id(&cached).await.as_deref(), Some("ASIA3"));
}

#[tokio::test]
async fn a_failure_is_shared_by_those_who_wait_and_by_no_others() {
    let source = Arc::new(Source::default());
    let cached = cached(&source);
    source.down.store(true, Ordering::Relaxed);
    assert!(ids(&cached).await.iter().all(Option::is_none));
    assert_eq!(source.asked.load(Ordering::Relaxed), 1);
    assert_eq!(id(&cached).await, None);
    assert_eq!(source.asked.load(Ordering::Relaxed), 2);
}
