//! The processes that are measured, and the STS that they ask.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use crate::ROLE;
use crate::home::{ACCOUNT, Home};
use crate::inside::HOST;
use crate::process::{Process, serve, wait_for};
use crate::wire::Target;

pub(crate) const CLUSTER: &str = "bench";

/// In the home folder: STS's authority, and who is mapped.
pub(crate) const AUTHORITY: &str = ".local/share/ringwall/tls/ca.pem";
pub(crate) const MAPPINGS: &str = "mappings.yaml";

/// Names the peer's program, if it isn't where `cargo xtask iam-authenticator` puts it.
const PEER_VARIABLE: &str = "RINGWALL_IAM_AUTHENTICATOR";

/// Where the peer listens, which it does unless told otherwise.
const PEER_PORT: u16 = 21362;

/// `ringwall serve` as STS, until it is dropped.
pub(crate) struct Sts {
    admin: SocketAddr,
    /// Ends with it.
    _process: Process,
}

impl Sts {
    pub(crate) fn start(home: &Home) -> Self {
        let (process, serving) = serve(home, &["--listen=127.0.0.1:443", "--tls-names", HOST]);
        Self { admin: serving["admin"].as_str().unwrap().parse().unwrap(), _process: process }
    }

    /// How often it was asked who signed.
    pub(crate) fn calls(&self) -> u64 {
        let mut stream = TcpStream::connect(self.admin).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
        let mut metrics = String::new();
        stream.read_to_string(&mut metrics).unwrap();
        let counted = metrics.lines().filter(|line| {
            line.starts_with("ringwall_requests_total") && line.contains("\"GetCallerIdentity\"")
        });
        counted.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    }
}

/// A token webhook, until it is dropped.
pub(crate) struct Webhook {
    pub(crate) name: &'static str,
    pub(crate) target: Target,
    process: Process,
}

impl Webhook {
    pub(crate) fn ours(home: &Home) -> Self {
        let mappings = format!(
            "mapUsers:\n- userarn: arn:aws:iam::{ACCOUNT}:user/administrator\n  username: admin\n  groups: [admins]\n"
        );
        fs::write(home.path(MAPPINGS), mappings).unwrap();
        let mut process = Command::new(std::env::current_exe().unwrap())
            .current_dir(home.path("."))
            .env_clear()
            .env(ROLE, "webhook")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { name: "ringwall", target: target(line.trim().parse().unwrap()), process: Process(process) }
    }

    /// aws-iam-authenticator, if it is built.
    pub(crate) fn peer(home: &Home) -> Option<Self> {
        let program = std::env::var_os(PEER_VARIABLE).map_or_else(default_peer, PathBuf::from);
        if !program.is_file() {
            return None;
        }
        let folder = home.path("peer");
        fs::create_dir(&folder).unwrap();
        let shown = folder.display();
        let config = format!(
            "clusterID: {CLUSTER}\nserver:\n  stateDir: {shown}\n  generateKubeconfig: {shown}/kubeconfig.yaml\n  mapUsers:\n  - userARN: \
             arn:aws:iam::{ACCOUNT}:user/administrator\n    username: admin\n    groups: [admins]\n"
        );
        fs::write(folder.join("config.yaml"), config).unwrap();
        let process = Command::new(program)
            .args(["server", "--config"])
            .arg(folder.join("config.yaml"))
            .env_clear()
            .env("SSL_CERT_FILE", home.path(AUTHORITY))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_REGION", "us-east-1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        let address = ([127, 0, 0, 1], PEER_PORT).into();
        let process = Process(process);
        wait_for(address, || String::from_utf8_lossy(&fs::read(folder.join("log")).unwrap()).into_owned());
        Some(Self { name: "aws-iam-authenticator", target: target(address), process })
    }

    /// The most memory that its process had in use, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.process.peak_memory()
    }
}

/// Where `cargo xtask iam-authenticator` puts it: beside the folder of the profile that this program was built in.
fn default_peer() -> PathBuf {
    let ringwall = Path::new(env!("CARGO_BIN_EXE_ringwall"));
    ringwall.ancestors().nth(2).unwrap().join("aws-iam-authenticator").join("aws-iam-authenticator")
}

fn target(address: SocketAddr) -> Target {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let known = provider.signature_verification_algorithms;
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(known)));
    Target { address, tls: Some(Arc::new(builder.with_no_client_auth())) }
}

/// Takes any certificate: the peer's signs itself and is an authority at once, which rustls refuses.
#[derive(Debug)]
struct Anybody(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
