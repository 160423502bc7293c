//! `kms serve` and `kms keyring`: the real plugin, over its socket, with each of its backends.

mod aws;
mod keyring;
mod moto;
mod process;
mod proxy;
mod token;

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ringwall_grpc::kms_v2::key_management_service_client::KeyManagementServiceClient;
use ringwall_grpc::kms_v2::{DecryptRequest, EncryptRequest, EncryptResponse, StatusRequest};
use ringwall_grpc::{Channel, connect};
use tonic::{Code, Status};

/// What no test waits longer for: reached only by a bug.
const FOREVER: Duration = Duration::from_secs(120);

/// The kube-apiserver's side of the socket.
struct Apiserver(KeyManagementServiceClient<Channel>);

impl Apiserver {
    /// Connects as soon as somebody serves.
    async fn connect(socket: &Path) -> Self {
        let begun = Instant::now();
        loop {
            match connect(socket).await {
                Ok(channel) => return Self(KeyManagementServiceClient::new(channel)),
                Err(error) => assert!(begun.elapsed() < FOREVER, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn status(&mut self) -> Result<String, Status> {
        let status = self.0.status(StatusRequest {}).await?.into_inner();
        assert_eq!((status.version.as_str(), status.healthz.as_str()), ("v2", "ok"));
        Ok(status.key_id)
    }

    /// Asks until the answer is what is wanted.
    async fn until(&mut self, wanted: impl Fn(&Result<String, Status>) -> bool) -> Result<String, Status> {
        let begun = Instant::now();
        loop {
            let status = self.status().await;
            if wanted(&status) {
                return status;
            }
            assert!(begun.elapsed() < FOREVER, "{status:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The key id, as soon as there is one.
    async fn key_id(&mut self) -> String {
        self.until(Result::is_ok).await.unwrap()
    }

    async fn fails_with(&mut self, code: Code) -> Status {
        self.until(|status| status.as_ref().is_err_and(|status| status.code() == code)).await.unwrap_err()
    }

    async fn encrypt(&mut self, seed: &[u8]) -> Result<EncryptResponse, Status> {
        let request = EncryptRequest { plaintext: Bytes::copy_from_slice(seed), uid: "test".to_owned() };
        Ok(self.0.encrypt(request).await?.into_inner())
    }

    async fn decrypt(&mut self, sealed: &EncryptResponse) -> Result<Bytes, Status> {
        let EncryptResponse { ciphertext, key_id, annotations } = sealed.clone();
        let request = DecryptRequest { ciphertext, key_id, annotations, uid: "test".to_owned() };
        Ok(self.0.decrypt(request).await?.into_inner().plaintext)
    }
}
