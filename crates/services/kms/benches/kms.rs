//! How many seeds are sealed and opened a second through the real socket, and how long one takes, next to a service that
//! does nothing, in the same run: `cargo bench -p ringwall-kms`.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use prometheus_client::registry::Registry;
use ringwall_grpc::kms_v2::key_management_service_client::KeyManagementServiceClient;
use ringwall_grpc::kms_v2::key_management_service_server::{
    KeyManagementService, KeyManagementServiceServer,
};
use ringwall_grpc::kms_v2::{
    DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse, StatusRequest, StatusResponse,
};
use ringwall_grpc::{Access, Channel, Limits, Listener, Metrics, connect, serve};
use ringwall_kms::{KeyringFile, Plugin, Settings, Source};
use tonic::{Request, Response, Status};

/// How long each rate is measured.
const ROUND: Duration = Duration::from_secs(2);
/// Callers at once: one, and more than a kube-apiserver has.
const CALLERS: [usize; 2] = [1, 16];

/// Takes what it is given and gives it back.
struct Nothing;

#[tonic::async_trait]
impl KeyManagementService for Nothing {
    async fn status(&self, _: Request<StatusRequest>) -> Result<Response<StatusResponse>, Status> {
        let (version, healthz, key_id) = ("v2".to_owned(), "ok".to_owned(), "none".to_owned());
        Ok(Response::new(StatusResponse { version, healthz, key_id }))
    }

    async fn encrypt(&self, request: Request<EncryptRequest>) -> Result<Response<EncryptResponse>, Status> {
        let ciphertext = request.into_inner().plaintext;
        Ok(Response::new(EncryptResponse { ciphertext, key_id: "none".to_owned(), annotations: [].into() }))
    }

    async fn decrypt(&self, request: Request<DecryptRequest>) -> Result<Response<DecryptResponse>, Status> {
        Ok(Response::new(DecryptResponse { plaintext: request.into_inner().ciphertext }))
    }
}

#[derive(Clone, Copy, PartialEq)]
enum What {
    Status,
    Encrypt,
    Decrypt,
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let (idle, own) = (folder.path().join("nothing.sock"), folder.path().join("kms.sock"));
    let listener = Listener::bind(&idle, Access::default()).unwrap();
    let nothing = KeyManagementServiceServer::new(Nothing);
    tokio::spawn(serve(listener, nothing, Limits::default(), Metrics::default(), std::future::pending()));

    let source = keyring(folder.path());
    let settings = Settings::new(vec![source.open(None).unwrap()]);
    let plugin = Plugin::start(settings, &mut Registry::default()).unwrap();
    let listener = Listener::bind(&own, Access::default()).unwrap();
    tokio::spawn(async move { plugin.serve(listener, Metrics::default(), std::future::pending()).await });
    while client(&own).await.status(StatusRequest {}).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    println!("call      callers  service    calls/s      p50 µs      p99 µs");
    for (what, name) in [(What::Status, "Status"), (What::Encrypt, "Encrypt"), (What::Decrypt, "Decrypt")] {
        for callers in CALLERS {
            for (service, path) in [("nothing", &idle), ("plugin", &own)] {
                let times = measure(path, what, callers).await;
                let at = |part: f64| {
                    let place = (times.len() as f64 * part) as usize;
                    times.get(place).copied().unwrap_or_default().as_secs_f64() * 1e6
                };
                let rate = times.len() as f64 / ROUND.as_secs_f64();
                println!(
                    "{name:<9} {callers:>7}  {service:<8} {rate:>9.0} {:>11.0} {:>11.0}",
                    at(0.5),
                    at(0.99)
                );
            }
        }
    }
    println!("peak memory, callers and the service that does nothing included: {} MiB", peak() / 1024);
}

fn keyring(folder: &Path) -> Source {
    for name in ["data", "root"] {
        std::fs::create_dir(folder.join(name)).unwrap();
    }
    let (file, root) = (folder.join("data/keyring"), format!("file:{}", folder.join("root/key").display()));
    KeyringFile::new(file.clone(), root.parse().unwrap()).create().unwrap();
    format!("keyring:{}?root-key={root}", file.display()).parse().unwrap()
}

async fn client(path: &Path) -> KeyManagementServiceClient<Channel> {
    KeyManagementServiceClient::new(connect(path).await.unwrap())
}

/// How long each call took, in order; all callers share a connection, as an apiserver's do.
async fn measure(path: &Path, what: What, callers: usize) -> Vec<Duration> {
    let client = client(path).await;
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let mut client = client.clone();
            tokio::spawn(async move {
                let request =
                    EncryptRequest { plaintext: Bytes::from_static(&[7; 32]), uid: "bench".to_owned() };
                let sealed = client.encrypt(request.clone()).await.unwrap().into_inner();
                let EncryptResponse { ciphertext, key_id, annotations } = sealed;
                let open = DecryptRequest { ciphertext, key_id, annotations, uid: "bench".to_owned() };
                let (mut times, end) = (Vec::new(), Instant::now() + ROUND);
                while Instant::now() < end {
                    let begun = Instant::now();
                    match what {
                        What::Status => drop(client.status(StatusRequest {}).await.unwrap()),
                        What::Encrypt => drop(client.encrypt(request.clone()).await.unwrap()),
                        What::Decrypt => drop(client.decrypt(open.clone()).await.unwrap()),
                    }
                    times.push(begun.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    times.sort_unstable();
    times
}

/// The most memory that this process had, in KiB.
fn peak() -> u64 {
    let status = String::from_utf8(std::fs::read("/proc/self/status").unwrap()).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
