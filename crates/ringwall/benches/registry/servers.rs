//! The registries that are measured, each a process of its own.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use ringwall_sigv4::{Parts, Signer};

use crate::client::Target;
use crate::home::Home;
use crate::process::{Process, serve, wait_for};

/// A server that runs until it is dropped.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) target: Target,
    pub(crate) process: Process,
    /// What it keeps, gone after it.
    pub(crate) folder: Option<tempfile::TempDir>,
}

impl Server {
    /// `ringwall serve` with a repository `bench`, and its password.
    pub(crate) fn ringwall(home: &Home) -> Self {
        let [endpoint, registry] = [free(), free()];
        let (process, _) = serve(
            home,
            &[
                "--services=aws,registry",
                "--tls-mode=off",
                &format!("--listen={endpoint}"),
                &format!("--registry-listen={registry}"),
            ],
        );
        call(home, endpoint, "CreateRepository", r#"{"repositoryName":"bench"}"#);
        let told = call(home, endpoint, "GetAuthorizationToken", "{}");
        let token =
            told.split_once("\"authorizationToken\":\"").unwrap().1.split_once('"').unwrap().0.to_owned();
        let target = Target { address: registry, authorization: format!("Authorization: Basic {token}\r\n") };
        Self { name: "ringwall", target, process, folder: None }
    }

    /// Debian's docker-registry, if it is installed.
    pub(crate) fn debian() -> Option<Self> {
        let (address, folder) = (free(), tempfile::tempdir().unwrap());
        let file = folder.path().join("config.yml");
        let root = folder.path().join("content");
        fs::write(
            &file,
            format!(
                "version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\nstorage:\n  cache:\n    blobdescriptor: inmemory\n  \
                 filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n",
                root.display()
            ),
        )
        .unwrap();
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let process = Process(process);
        wait_for(address, String::new);
        let target = Target { address, authorization: String::new() };
        Some(Self { name: "docker-registry", target, process, folder: Some(folder) })
    }

    /// The most memory that its process had in use, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.process.peak_memory()
    }
}

fn free() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

/// Calls ECR's API, which must succeed.
fn call(home: &Home, address: SocketAddr, operation: &str, body: &str) -> String {
    let (id, secret) = home.credentials();
    let host = address.to_string();
    let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
    let headers =
        [("host", host.as_str()), ("content-type", "application/x-amz-json-1.1"), ("x-amz-target", &target)];
    let parts = Parts { method: "POST", path: "/", query: None, headers: &headers, authority: None };
    let signer = Signer {
        access_key_id: &id,
        secret: &secret,
        session_token: None,
        region: "us-east-1",
        service: "ecr",
        time: SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap(),
    };
    let added = signer.headers(&parts, body.as_bytes()).unwrap();
    let mut request = String::from("POST / HTTP/1.1\r\nconnection: close\r\n");
    let added = added.iter().map(|(name, value)| (*name, value.as_str()));
    for (name, value) in headers.into_iter().chain(added) {
        request += &format!("{name}: {value}\r\n");
    }
    request += &format!("content-length: {}\r\n\r\n{body}", body.len());
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).unwrap();
    assert!(told.starts_with("HTTP/1.1 200"), "{operation}: {told}");
    told
}
