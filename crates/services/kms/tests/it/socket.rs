//! The plugin as an apiserver meets it.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use prometheus_client::registry::Registry;
use ringwall_grpc::kms_v2::key_management_service_client::KeyManagementServiceClient;
use ringwall_grpc::kms_v2::{DecryptRequest, EncryptRequest, EncryptResponse, StatusRequest};
use ringwall_grpc::{Access, Channel, Drained, Listener, Metrics, connect};
use ringwall_kms::{ANNOTATION, Plugin, Settings};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::{Code, Status};

use crate::keyring::Place;

pub(crate) const SEED: &[u8] = &[5; 32];

pub(crate) struct Served {
    folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<Drained>,
}

impl Served {
    pub(crate) fn start(plugin: Plugin) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = Listener::bind(&folder.path().join("kms.sock"), Access::default()).unwrap();
        let (stop, stopped) = oneshot::channel();
        let stopped = async move { drop::<Result<(), _>>(stopped.await) };
        let serving = tokio::spawn(async move { plugin.serve(listener, Metrics::default(), stopped).await });
        Self { folder, stop: Some(stop), serving }
    }

    pub(crate) async fn client(&self) -> KeyManagementServiceClient<Channel> {
        KeyManagementServiceClient::new(connect(&self.folder.path().join("kms.sock")).await.unwrap())
    }

    /// Waits until there is one.
    pub(crate) async fn key_id(&self) -> String {
        let mut client = self.client().await;
        for _ in 0..1000 {
            match client.status(StatusRequest {}).await {
                Ok(status) => return status.into_inner().key_id,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
        panic!("it never came to a key")
    }

    pub(crate) async fn encrypt(&self) -> EncryptResponse {
        let request = EncryptRequest { plaintext: Bytes::from_static(SEED), uid: "1".to_owned() };
        self.client().await.encrypt(request).await.unwrap().into_inner()
    }

    pub(crate) async fn decrypt(&self, sealed: EncryptResponse) -> Result<Bytes, Status> {
        decrypt(&mut self.client().await, sealed).await
    }

    async fn end(mut self) -> Drained {
        drop(self.stop.take());
        self.serving.await.unwrap()
    }
}

pub(crate) fn plugin(places: &[&Place]) -> Plugin {
    let backends = places.iter().map(|place| place.source().open(None).unwrap()).collect();
    Plugin::start(Settings::new(backends), &mut Registry::default()).unwrap()
}

async fn decrypt(
    client: &mut KeyManagementServiceClient<Channel>,
    sealed: EncryptResponse,
) -> Result<Bytes, Status> {
    let EncryptResponse { ciphertext, key_id, annotations } = sealed;
    let request = DecryptRequest { ciphertext, key_id, annotations, uid: String::new() };
    Ok(client.decrypt(request).await?.into_inner().plaintext)
}

#[tokio::test]
async fn a_seed_goes_out_and_comes_back_and_a_restart_opens_it() {
    let place = Place::new();
    place.file().create().unwrap();
    let served = Served::start(plugin(&[&place]));
    let key_id = served.key_id().await;
    let sealed = served.encrypt().await;
    assert_eq!(sealed.key_id, key_id);
    assert!(!sealed.ciphertext.windows(SEED.len()).any(|window| window == SEED));
    assert_eq!(served.decrypt(sealed.clone()).await.unwrap(), SEED);
    assert!(served.end().await.is_clean());

    let again = Served::start(plugin(&[&place]));
    assert_eq!(again.decrypt(sealed).await.unwrap(), SEED);
    assert_eq!(again.key_id().await, key_id, "a restart is no reason to seal anew");
}

#[tokio::test]
async fn what_is_too_long_is_refused() {
    let place = Place::new();
    place.file().create().unwrap();
    let served = Served::start(plugin(&[&place]));
    let key_id = served.key_id().await;
    let mut client = served.client().await;
    let encrypt = |bytes: usize| EncryptRequest { plaintext: vec![1; bytes].into(), uid: String::new() };
    assert!(client.encrypt(encrypt(900)).await.is_ok());
    assert_eq!(client.encrypt(encrypt(1000)).await.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(client.encrypt(encrypt(100_000)).await.unwrap_err().code(), Code::ResourceExhausted);
    let annotations: HashMap<_, _> = [(ANNOTATION.to_owned(), vec![7; 32 * 1024].into())].into();
    let ciphertext = vec![1; 1024].into();
    let refusal =
        decrypt(&mut client, EncryptResponse { ciphertext, key_id, annotations }).await.unwrap_err();
    assert_eq!(refusal.code(), Code::InvalidArgument, "what an apiserver may send is read: {refusal}");
}
