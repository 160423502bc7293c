//! The plugin over a backend that fails and rotates when told. Time stands still but for what the tests let pass.

mod fake;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prometheus_client::registry::Registry;
use proptest::prelude::*;
use ringwall_grpc::kms_v2::key_management_service_server::KeyManagementService as _;
use ringwall_grpc::kms_v2::{DecryptRequest, EncryptRequest, EncryptResponse, StatusRequest};
use tonic::{Code, Request, Status};

use self::fake::Fake;
use super::{ANNOTATION, KeyIdParts, Plugin, Service, Settings};
use crate::{Backend, Class};

const PROBE: Duration = Duration::from_secs(60);
const GRACE: Duration = Duration::from_secs(90);

struct Running {
    plugin: Plugin,
    service: Service,
}

impl Running {
    fn start(backends: &[&Arc<Fake>]) -> Self {
        let backends = backends.iter().map(|fake| Arc::clone(fake) as Arc<dyn Backend>).collect();
        let settings = Settings { backends, probe: PROBE, grace: GRACE };
        let plugin = Plugin::start(settings, &mut Registry::default()).unwrap();
        let service = Service::new(Arc::clone(&plugin.shared));
        Self { plugin, service }
    }

    async fn ready(backends: &[&Arc<Fake>]) -> Self {
        let running = Self::start(backends);
        running.until(|usable| usable).await;
        running
    }

    async fn until(&self, wanted: impl Fn(bool) -> bool) {
        for _ in 0..1000 {
            if wanted(self.plugin.waits_for().is_none()) {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        panic!("it never came to that");
    }

    async fn key_id(&self) -> Result<String, Status> {
        let status = self.service.status(Request::new(StatusRequest {})).await?.into_inner();
        assert_eq!((status.version.as_str(), status.healthz.as_str()), ("v2", "ok"));
        Ok(status.key_id)
    }

    async fn encrypt(&self, plaintext: &[u8]) -> Result<EncryptResponse, Status> {
        let plaintext = Bytes::copy_from_slice(plaintext);
        let request = EncryptRequest { plaintext, uid: "uid".to_owned() };
        Ok(self.service.encrypt(Request::new(request)).await?.into_inner())
    }

    async fn decrypt(&self, sealed: &EncryptResponse) -> Result<Bytes, Status> {
        let EncryptResponse { ciphertext, key_id, annotations } = sealed.clone();
        let request = DecryptRequest { ciphertext, key_id, annotations, uid: "uid".to_owned() };
        Ok(self.service.decrypt(Request::new(request)).await?.into_inner().plaintext)
    }

    async fn refusal(&self, sealed: &EncryptResponse) -> Status {
        self.decrypt(sealed).await.unwrap_err()
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_sealed_opens_and_names_its_key() {
    let fake = Arc::new(Fake::new("key"));
    let running = Running::start(&[&fake]);
    assert_eq!(running.key_id().await.unwrap_err().code(), Code::Unavailable, "the probe has not run yet");
    assert!(running.encrypt(b"seed").await.is_err());
    running.until(|usable| usable).await;
    let sealed = running.encrypt(b"seed").await.unwrap();
    assert_eq!(sealed.key_id, "key#v1");
    assert_eq!(running.key_id().await.unwrap(), sealed.key_id);
    assert_eq!(KeyIdParts::of(&sealed.key_id), KeyIdParts { key: "key", version: Some("v1") });
    assert_eq!(running.decrypt(&sealed).await.unwrap(), "seed");
    assert_eq!(sealed.annotations.keys().collect::<Vec<_>>(), [ANNOTATION]);
    let domain =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    assert!(ANNOTATION.split('.').all(domain) && ANNOTATION.contains('.'), "what Kubernetes takes");
}

/// Each bit of what comes back from etcd counts.
#[tokio::test(start_paused = true)]
async fn any_bit_that_was_changed_is_found() {
    let (fake, former) = (Arc::new(Fake::new("key")), Arc::new(Fake::new("former")));
    let running = Running::ready(&[&fake, &former]).await;
    let sealed = running.encrypt(&[9; 32]).await.unwrap();
    let flip = |bytes: &[u8], bit: usize| {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    };
    for bit in 0..sealed.ciphertext.len() * 8 {
        let ciphertext = flip(&sealed.ciphertext, bit).into();
        let refusal = running.refusal(&EncryptResponse { ciphertext, ..sealed.clone() }).await;
        assert_eq!(refusal.code(), Code::InvalidArgument, "bit {bit}: {refusal}");
    }
    for bit in 0..sealed.annotations[ANNOTATION].len() * 8 {
        let mut changed = sealed.clone();
        changed.annotations.insert(ANNOTATION.to_owned(), flip(&sealed.annotations[ANNOTATION], bit).into());
        let refusal = running.refusal(&changed).await;
        assert_eq!(refusal.code(), Code::InvalidArgument, "bit {bit}: {refusal}");
    }
    for bit in 0..sealed.key_id.len() * 8 {
        let Ok(key_id) = String::from_utf8(flip(sealed.key_id.as_bytes(), bit)) else { continue };
        let refusal = running.refusal(&EncryptResponse { key_id, ..sealed.clone() }).await;
        let expected = [Code::InvalidArgument, Code::FailedPrecondition];
        assert!(expected.contains(&refusal.code()), "bit {bit}: {refusal}");
    }
    for key_id in ["former#v1", "key#v2", "key", "key#", "key#v1#", ""] {
        let refusal = running.refusal(&EncryptResponse { key_id: key_id.to_owned(), ..sealed.clone() }).await;
        assert_eq!(refusal.code(), Code::InvalidArgument, "`{key_id}`: {refusal}");
    }
    let mut more = sealed.clone();
    more.annotations.insert("other.example.com".to_owned(), Bytes::new());
    assert_eq!(running.refusal(&more).await.code(), Code::InvalidArgument);
    let mut renamed = sealed.clone();
    renamed.annotations = [("other.example.com".to_owned(), sealed.annotations[ANNOTATION].clone())].into();
    assert_eq!(running.refusal(&renamed).await.code(), Code::InvalidArgument);
    let none = EncryptResponse { annotations: [].into(), ..sealed.clone() };
    assert!(running.refusal(&none).await.code() != Code::Ok);
    for bytes in [0, 1025] {
        let ciphertext = vec![1; bytes].into();
        let refusal = running.refusal(&EncryptResponse { ciphertext, ..sealed.clone() }).await;
        assert_eq!(refusal.code(), Code::InvalidArgument);
    }
    // None of it says anything about the backend.
    assert!(running.key_id().await.is_ok());
    assert_eq!(running.decrypt(&sealed).await.unwrap(), &[9; 32][..]);
}

#[tokio::test(start_paused = true)]
async fn another_key_of_the_same_name_opens_nothing() {
    let (one, other) = (Arc::new(Fake::new("key")), Arc::new(Fake::new("key")));
    let sealed = Running::ready(&[&one]).await.encrypt(b"seed").await.unwrap();
    let running = Running::ready(&[&other]).await;
    assert_eq!(running.refusal(&sealed).await.code(), Code::InvalidArgument);
    // And a ciphertext of one KEK does not open with another one's annotation.
    let own = running.encrypt(b"seed").await.unwrap();
    let mixed = EncryptResponse { ciphertext: sealed.ciphertext, ..own };
    assert_eq!(running.refusal(&mixed).await.code(), Code::InvalidArgument);
}

#[tokio::test(start_paused = true)]
async fn a_former_backend_opens_and_a_stranger_is_named() {
    let (old, new) = (Arc::new(Fake::new("old")), Arc::new(Fake::new("new")));
    let sealed = Running::ready(&[&old]).await.encrypt(b"seed").await.unwrap();
    let moved = Running::ready(&[&new, &old]).await;
    assert_eq!(moved.decrypt(&sealed).await.unwrap(), "seed");
    assert_eq!(moved.key_id().await.unwrap(), "new#v1");
    let without = Running::ready(&[&new]).await;
    let refusal = without.refusal(&sealed).await;
    assert_eq!(refusal.code(), Code::FailedPrecondition);
    assert!(refusal.message().contains("`old#v1`"), "{refusal}");
}

#[tokio::test(start_paused = true)]
async fn a_plugin_that_restarts_asks_once_for_each_kek() {
    let fake = Arc::new(Fake::new("key"));
    let mut sealed = Vec::new();
    for _ in 0..3 {
        let running = Running::ready(&[&fake]).await;
        for _ in 0..5 {
            sealed.push(running.encrypt(b"seed").await.unwrap());
        }
    }
    let running = Arc::new(Running::ready(&[&fake]).await);
    let before = fake.opened();
    let all = sealed.iter().cloned().map(|sealed| {
        let running = Arc::clone(&running);
        tokio::spawn(async move { running.decrypt(&sealed).await.unwrap() })
    });
    for opened in all.collect::<Vec<_>>() {
        assert_eq!(opened.await.unwrap(), "seed");
    }
    assert_eq!(fake.opened() - before, 3);
    // Its own are known without asking.
    let own = running.encrypt(b"seed").await.unwrap();
    fake.fail(Some(Class::Unavailable));
    assert_eq!(running.decrypt(&own).await.unwrap(), "seed");
    assert_eq!(fake.opened() - before, 3);
}

#[tokio::test(start_paused = true)]
async fn a_broken_kek_costs_one_call() {
    let fake = Arc::new(Fake::new("key"));
    let running = Running::ready(&[&fake]).await;
    let mut sealed = running.encrypt(b"seed").await.unwrap();
    sealed.annotations.insert(ANNOTATION.to_owned(), Bytes::from_static(&[7; 100]));
    let before = fake.opened();
    for _ in 0..10 {
        assert_eq!(running.refusal(&sealed).await.code(), Code::InvalidArgument);
    }
    assert_eq!(fake.opened() - before, 1);
    assert!(running.key_id().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_rotated_key_is_announced_and_the_old_one_opens() {
    let fake = Arc::new(Fake::new("key"));
    let running = Running::ready(&[&fake]).await;
    let old = running.encrypt(b"seed").await.unwrap();
    fake.rotate();
    assert_eq!(running.key_id().await.unwrap(), "key#v1", "nobody knows yet");
    tokio::time::sleep(PROBE * 2).await;
    assert_eq!(running.key_id().await.unwrap(), "key#v2");
    let new = running.encrypt(b"seed").await.unwrap();
    assert_eq!(new.key_id, "key#v2");
    assert!(new.annotations != old.annotations);
    for sealed in [&old, &new] {
        assert_eq!(running.decrypt(sealed).await.unwrap(), "seed");
    }
    // The version is bound: one can't be taken for the other.
    let mixed = EncryptResponse { key_id: old.key_id.clone(), ..new.clone() };
    assert_eq!(running.refusal(&mixed).await.code(), Code::InvalidArgument);
}

/// What Status told last before and first after an Encrypt: it sealed with one of them.
#[tokio::test(start_paused = true)]
async fn while_it_rotates_encrypt_does_what_status_says() {
    let fake = Arc::new(Fake::new("key"));
    let running = Running::ready(&[&fake]).await;
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..2000 {
        if round % 100 == 0 {
            fake.rotate();
        }
        let before = running.key_id().await.unwrap();
        let sealed = running.encrypt(b"seed").await.unwrap();
        let after = running.key_id().await.unwrap();
        assert!(sealed.key_id == before || sealed.key_id == after);
        assert_eq!(running.decrypt(&sealed).await.unwrap(), "seed");
        seen.insert(sealed.key_id);
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    assert!(seen.len() > 10, "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn an_outage_becomes_an_error_after_the_grace_and_ends_by_itself() {
    for (class, code) in [
        (Class::Unavailable, Code::Unavailable),
        (Class::User, Code::FailedPrecondition),
        (Class::Throttled, Code::ResourceExhausted),
    ] {
        let fake = Arc::new(Fake::new("key"));
        let unknown = Running::ready(&[&fake]).await.encrypt(b"seed").await.unwrap();
        let running = Running::ready(&[&fake]).await;
        let known = running.encrypt(b"seed").await.unwrap();
        fake.fail(Some(class));
        tokio::time::sleep(Duration::from_secs(15)).await;
        assert!(running.key_id().await.is_ok(), "within the grace");
        tokio::time::sleep(GRACE + PROBE).await;
        for refusal in [running.key_id().await.unwrap_err(), running.encrypt(b"seed").await.unwrap_err()] {
            assert_eq!(refusal.code(), code);
            assert!(refusal.message().contains("key is out"), "{refusal}");
        }
        assert!(running.plugin.waits_for().is_some());
        assert_eq!(running.decrypt(&known).await.unwrap(), "seed", "reads go on");
        assert_eq!(running.refusal(&unknown).await.code(), code);
        fake.fail(None);
        tokio::time::sleep(Duration::from_secs(15)).await;
        assert_eq!(running.key_id().await.unwrap(), known.key_id);
        assert_eq!(running.decrypt(&unknown).await.unwrap(), "seed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cold_start_waits_for_the_backend() {
    let fake = Arc::new(Fake::new("key"));
    let sealed = Running::ready(&[&fake]).await.encrypt(b"seed").await.unwrap();
    fake.fail(Some(Class::Unavailable));
    let running = Running::start(&[&fake]);
    tokio::time::sleep(PROBE * 10).await;
    assert_eq!(running.key_id().await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(running.refusal(&sealed).await.code(), Code::Unavailable);
    fake.fail(None);
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert!(running.key_id().await.is_ok());
    assert_eq!(running.decrypt(&sealed).await.unwrap(), "seed");
}

/// If what seals no longer opens its own, nothing more is sealed with it.
#[tokio::test(start_paused = true)]
async fn a_backend_that_lost_its_key_is_not_healthy() {
    let fake = Arc::new(Fake::new("key"));
    let running = Running::ready(&[&fake]).await;
    fake.lose_key();
    tokio::time::sleep(GRACE + PROBE).await;
    assert_eq!(running.key_id().await.unwrap_err().code(), Code::Internal);
    assert!(running.encrypt(b"seed").await.is_err());
    assert!(Running::ready(&[&fake]).await.encrypt(b"seed").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_another_plugin_sealed_opens() {
    let fake = Arc::new(Fake::new("key"));
    let running = Running::ready(&[&fake]).await;
    let foreign = |key_id: &str, ciphertext: &'static [u8]| EncryptResponse {
        ciphertext: Bytes::from_static(ciphertext),
        key_id: key_id.to_owned(),
        annotations: [].into(),
    };
    assert_eq!(running.decrypt(&foreign("key", b"1seed")).await.unwrap(), "seed");
    assert_eq!(running.refusal(&foreign("key", b"2seed")).await.code(), Code::InvalidArgument);
    assert_eq!(running.refusal(&foreign("strange", b"1seed")).await.code(), Code::FailedPrecondition);

    // Another backend for the same key, as by other credentials: what the first is refused, the second is asked.
    let (one, two) = (Arc::new(Fake::labelled("one", "key")), Arc::new(Fake::labelled("two", "key")));
    let running = Running::ready(&[&one, &two]).await;
    one.fail(Some(Class::User));
    assert_eq!(running.decrypt(&foreign("key", b"1seed")).await.unwrap(), "seed");
    one.fail(Some(Class::Unavailable));
    assert_eq!(running.refusal(&foreign("key", b"1seed")).await.code(), Code::Unavailable);
    one.fail(Some(Class::User));
    two.fail(Some(Class::User));
    assert_eq!(running.refusal(&foreign("key", b"1seed")).await.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn without_a_backend_or_with_one_twice_it_does_not_start() {
    let none = Settings::new(Vec::new());
    assert!(Plugin::start(none, &mut Registry::default()).is_err());
    let fake: Arc<dyn Backend> = Arc::new(Fake::new("key"));
    let twice = Settings::new(vec![Arc::clone(&fake), fake]);
    assert!(Plugin::start(twice, &mut Registry::default()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_plaintext_that_fits_comes_back(plaintext in proptest::collection::vec(any::<u8>(), 0..1100)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.unwrap().block_on(async {
            let running = Running::ready(&[&Arc::new(Fake::new("key"))]).await;
            match running.encrypt(&plaintext).await {
                Ok(sealed) => {
                    assert!(sealed.ciphertext.len() <= 1024 && !sealed.ciphertext.is_empty());
                    assert_eq!(running.decrypt(&sealed).await.unwrap(), plaintext);
                }
                Err(refusal) => {
                    assert!(plaintext.len() > 900);
                    assert_eq!(refusal.code(), Code::InvalidArgument);
                }
            }
        });
    }
}
