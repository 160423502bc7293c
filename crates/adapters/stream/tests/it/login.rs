use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use ringwall_model::Secret;
use ringwall_stream::{Login, Settings, Stream, StreamError, Tls};

use crate::server::Server;

async fn try_connect(server: &Server, login: Login, tls: Option<Tls>) -> Result<Stream, StreamError> {
    Stream::connect(&Settings { login, tls, ..server.settings() }).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: cargo xtask test"]
async fn a_password_lets_in_and_shows_nowhere() {
    let server = Server::with("authorization { user: ringwall, password: hunter2 }\n");
    let login = |password: &str| Login::User {
        name: "ringwall".to_owned(),
        password: Secret::new(password.as_bytes().to_vec()),
    };
    assert!(!format!("{:?}", Settings { login: login("hunter2"), ..server.settings() }).contains("hunter2"));
    try_connect(&server, login("hunter2"), None).await.unwrap();
    let refusal = try_connect(&server, login("hunter3"), None).await.unwrap_err();
    assert!(matches!(refusal, StreamError::Connect { .. }), "{refusal}");
    assert!(try_connect(&server, Login::None, None).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: cargo xtask test"]
async fn an_nkey_lets_in() {
    // A user's seed and its public key, made for this test by `nk -gen user`.
    let (seed, public) = (
        "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY",
        "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4",
    );
    let server = Server::with(&format!("authorization {{ users: [{{ nkey: {public} }}] }}\n"));
    try_connect(&server, Login::Nkey(Secret::new(seed.as_bytes().to_vec())), None).await.unwrap();
    assert!(try_connect(&server, Login::None, None).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: cargo xtask test"]
async fn tls_goes_both_ways() {
    let folder = tempfile::tempdir().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "test authority");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, authority.pem()).unwrap();
    let certificate = |name: &str| issue(folder.path(), &authority, name);
    let (server_cert, server_key) = certificate("localhost");
    let (client_cert, client_key) = certificate("ringwall");
    let server = Server::with(&format!(
        "tls {{ cert_file: {server_cert:?}, key_file: {server_key:?}, ca_file: {ca:?}, verify: true }}\n",
    ));

    let tls = Tls { authorities: Some(ca), certificate: Some((client_cert, client_key)) };
    try_connect(&server, Login::None, Some(tls.clone())).await.unwrap();
    // Without a certificate of ours, without the authority, and without TLS.
    for wrong in
        [Some(Tls { certificate: None, ..tls.clone() }), Some(Tls { authorities: None, ..tls }), None]
    {
        assert!(matches!(try_connect(&server, Login::None, wrong).await, Err(StreamError::Connect { .. })));
    }
}

fn issue(folder: &Path, authority: &CertifiedIssuer<'_, KeyPair>, name: &str) -> (PathBuf, PathBuf) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    let paths = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
    std::fs::write(&paths.0, certificate.pem()).unwrap();
    std::fs::write(&paths.1, key.serialize_pem()).unwrap();
    paths
}
