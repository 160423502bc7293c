//! A service that gives back what it gets, on a socket in a folder of its own.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use ringwall_grpc::kms_v2::key_management_service_client::KeyManagementServiceClient;
use ringwall_grpc::kms_v2::key_management_service_server::{
    KeyManagementService, KeyManagementServiceServer,
};
use ringwall_grpc::kms_v2::{
    DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse, StatusRequest, StatusResponse,
};
use ringwall_grpc::{Access, Channel, Drained, Limits, Listener, Metrics, Peer, connect, serve};
use tempfile::TempDir;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tonic::{Request, Response, Status};

/// Decrypt waits until the semaphore lets it; what it gets, each gives back.
#[derive(Debug)]
pub(crate) struct Echo {
    pub(crate) gate: Semaphore,
    pub(crate) waiting: Semaphore,
}

#[tonic::async_trait]
impl KeyManagementService for Echo {
    async fn status(&self, request: Request<StatusRequest>) -> Result<Response<StatusResponse>, Status> {
        let peer = request.extensions().get::<Peer>().unwrap();
        let (version, healthz) = ("v2".to_owned(), "ok".to_owned());
        Ok(Response::new(StatusResponse { version, healthz, key_id: peer.user.to_string() }))
    }

    async fn encrypt(&self, request: Request<EncryptRequest>) -> Result<Response<EncryptResponse>, Status> {
        let ciphertext = request.into_inner().plaintext;
        Ok(Response::new(EncryptResponse { ciphertext, ..EncryptResponse::default() }))
    }

    async fn decrypt(&self, request: Request<DecryptRequest>) -> Result<Response<DecryptResponse>, Status> {
        self.waiting.add_permits(1);
        self.gate.acquire().await.unwrap().forget();
        Ok(Response::new(DecryptResponse { plaintext: request.into_inner().ciphertext }))
    }
}

pub(crate) struct Served {
    _folder: TempDir,
    pub(crate) path: PathBuf,
    pub(crate) echo: Arc<Echo>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<Drained>,
}

impl Served {
    pub(crate) fn start(limits: Limits, access: Access) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kms.sock");
        let listener = Listener::bind(&path, access).unwrap();
        let echo = Arc::new(Echo { gate: Semaphore::new(0), waiting: Semaphore::new(0) });
        let service = KeyManagementServiceServer::from_arc(Arc::clone(&echo));
        let (stop, stopped) = oneshot::channel();
        let stopped = async move { drop(stopped.await) };
        let serving = tokio::spawn(serve(listener, service, limits, Metrics::default(), stopped));
        Self { _folder: folder, path, echo, stop: Some(stop), serving }
    }

    pub(crate) async fn client(&self) -> KeyManagementServiceClient<Channel> {
        KeyManagementServiceClient::new(connect(&self.path).await.unwrap())
    }

    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
    }

    pub(crate) async fn drained(mut self) -> Drained {
        self.stop();
        self.serving.await.unwrap()
    }

    /// Starts a call that waits at the gate.
    pub(crate) async fn held(&self) -> JoinHandle<Result<Bytes, Status>> {
        let mut client = self.client().await;
        let call = tokio::spawn(async move {
            let request =
                DecryptRequest { ciphertext: Bytes::from_static(b"held"), ..DecryptRequest::default() };
            Ok(client.decrypt(request).await?.into_inner().plaintext)
        });
        self.echo.waiting.acquire().await.unwrap().forget();
        call
    }
}

pub(crate) fn encrypt(bytes: usize) -> EncryptRequest {
    EncryptRequest { plaintext: vec![7; bytes].into(), uid: String::new() }
}

pub(crate) fn client(channel: Channel) -> KeyManagementServiceClient<Channel> {
    KeyManagementServiceClient::new(channel)
}
