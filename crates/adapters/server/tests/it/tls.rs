use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use ringwall_server::{Limits, Looked, Metrics, ServerError, Source, Tls, client_verifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::harness::{SHORT, Serving, rest};

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn own(folder: &Path, names: &[&str]) -> Result<Tls, ServerError> {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Tls::open(Source::Own { folder: folder.to_owned(), names }, None, Metrics::default())
}

fn client(root: &CertificateDer<'static>, identity: Option<Identity>) -> ClientConfig {
    let mut store = RootCertStore::empty();
    store.add(root.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(store);
    match identity {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).unwrap(),
        None => builder.with_no_client_auth(),
    }
}

async fn connect(
    serving: &Serving,
    config: ClientConfig,
    name: &str,
) -> std::io::Result<TlsStream<tokio::net::TcpStream>> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, serving.connect().await).await
}

async fn get(mut stream: TlsStream<tokio::net::TcpStream>) -> std::io::Result<String> {
    stream.write_all(b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await?;
    let mut said = String::new();
    stream.read_to_string(&mut said).await?;
    Ok(said)
}

fn authority_of(folder: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(&fs::read(folder.join("ca.pem")).unwrap()).unwrap()
}

#[tokio::test]
async fn the_installations_own_authority_is_made_once_and_vouches_for_its_names() {
    let folder = tempfile::tempdir().unwrap();
    let tls_folder = folder.path().join("tls");
    let tls = own(&tls_folder, &["ringwall.example.com", "*.internal.example.com", "10.1.2.3"]).unwrap();
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(tls_folder.clone()), 0o700);
    assert_eq!(mode(tls_folder.join("ca.key")), 0o600);
    let left: Vec<_> = fs::read_dir(&tls_folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");

    let serving = Serving::over(Limits::default(), Some(Arc::new(tls)));
    let root = authority_of(&tls_folder);
    for name in
        ["localhost", "127.0.0.1", "::1", "ringwall.example.com", "a.internal.example.com", "10.1.2.3"]
    {
        let stream = connect(&serving, client(&root, None), name).await.unwrap();
        let said = get(stream).await.unwrap();
        assert!(said.contains("Some((\"TLSv1.3\", \"TLS_AES_256_GCM_SHA384\", false))"), "{said}");
    }
    assert!(connect(&serving, client(&root, None), "other.example.com").await.is_err());

    // A restart has the same authority.
    own(&tls_folder, &[]).unwrap();
    assert_eq!(authority_of(&tls_folder), root);
}

#[tokio::test]
async fn both_versions_of_http_and_of_tls_are_spoken() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::over(Limits::default(), Some(Arc::new(own(folder.path(), &[]).unwrap())));
    let root = authority_of(folder.path());
    let mut config = client(&root, None);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = connect(&serving, config.clone(), "localhost").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    config.alpn_protocols.remove(0);
    let stream = connect(&serving, config, "localhost").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));

    let mut store = RootCertStore::empty();
    store.add(root).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let older = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(store)
        .with_no_client_auth();
    let said = get(connect(&serving, older, "localhost").await.unwrap()).await.unwrap();
    assert!(said.contains("Some((\"TLSv1.2\", \"ECDHE-ECDSA-AES256-GCM-SHA384\", false))"), "{said}");
}

#[test]
fn an_authoritys_files_are_guarded() {
    let folder = tempfile::tempdir().unwrap();
    own(folder.path(), &[]).unwrap();
    let key = folder.path().join("ca.key");
    let says = |expected: &str| {
        let error = own(folder.path(), &[]).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(error.hint().is_some() || expected.contains("can't be read"), "{error}");
    };
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    says("can be read by others (mode 0640)");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();

    let other = tempfile::tempdir().unwrap();
    own(other.path(), &[]).unwrap();
    fs::copy(other.path().join("ca.key"), &key).unwrap();
    says("is not the key of ca.pem");
    fs::remove_file(&key).unwrap();
    says("can't be read");

    let error = own(other.path(), &["no name"]).unwrap_err();
    assert_eq!(error.to_string(), "`no name` is neither a DNS name nor an IP address");
}

/// A certificate of a made-up authority, as files.
fn write_pair(folder: &Path, name: &str) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    certificate.der().clone()
}

fn from_files(folder: &Path) -> Result<Tls, ServerError> {
    let source = Source::Files { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
    Tls::open(source, None, Metrics::default())
}

#[tokio::test]
async fn files_are_read_again_and_bad_ones_refused_whole() {
    let folder = tempfile::tempdir().unwrap();
    let first = write_pair(folder.path(), "one.example.com");
    let tls = Arc::new(from_files(folder.path()).unwrap());
    let serving = Serving::over(Limits::default(), Some(Arc::clone(&tls)));
    let shown = async |root: &CertificateDer<'static>, name: &str| {
        connect(&serving, client(root, None), name).await.is_ok()
    };
    assert!(shown(&first, "one.example.com").await);
    assert_eq!(tls.look().unwrap(), Looked::Same);

    // A certificate whose key has not come yet, then garbage: both refused once, and the first stays.
    let kept_key = fs::read(folder.path().join("key.pem")).unwrap();
    let second = write_pair(folder.path(), "two.example.com");
    let second_key = fs::read(folder.path().join("key.pem")).unwrap();
    fs::write(folder.path().join("key.pem"), &kept_key).unwrap();
    let error = tls.look().unwrap_err();
    assert!(error.to_string().ends_with("key.pem` is not the key of the certificate"), "{error}");
    assert_eq!(tls.look().unwrap(), Looked::Same);
    fs::write(folder.path().join("key.pem"), "-----BEGIN").unwrap();
    assert!(tls.look().unwrap_err().to_string().contains("has no private key in it"));
    assert!(shown(&first, "one.example.com").await);

    fs::write(folder.path().join("key.pem"), second_key).unwrap();
    assert_eq!(tls.look().unwrap(), Looked::Replaced);
    assert!(shown(&second, "two.example.com").await);
    assert!(!shown(&first, "one.example.com").await);
}

#[test]
fn certificates_that_nobody_would_accept_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let write = |from: i32, to: i32| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["a.example.com".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(to, 1, 1);
        fs::write(folder.path().join("cert.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
        from_files(folder.path()).map(|_| ()).map_err(|error| error.to_string())
    };
    assert!(write(2000, 2001).unwrap_err().ends_with("has ended"));
    assert!(write(2900, 2901).unwrap_err().ends_with("is not valid yet"));
    assert!(write(2000, 2900).is_ok());
    fs::write(folder.path().join("cert.pem"), "no certificate").unwrap();
    assert!(from_files(folder.path()).unwrap_err().to_string().ends_with("has no certificate in it"));
}

#[tokio::test]
async fn clients_can_be_made_to_show_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let authority = |name: &str| {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    };
    let identity = |issuer: &CertifiedIssuer<'_, KeyPair>| -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["apiserver".to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, issuer).unwrap();
        (vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
    };
    let (trusted, other) = (authority("cluster"), authority("other"));
    for required in [true, false] {
        let verifier = client_verifier([trusted.der().clone()], required).unwrap();
        let source = Source::Own { folder: folder.path().to_owned(), names: Vec::new() };
        let tls = Tls::open(source, Some(verifier), Metrics::default()).unwrap();
        let serving = Serving::over(Limits::default(), Some(Arc::new(tls)));
        let root = authority_of(folder.path());
        let asked = async |identity: Option<Identity>| {
            get(connect(&serving, client(&root, identity), "localhost").await?).await
        };
        let said = asked(Some(identity(&trusted))).await.unwrap();
        assert!(said.contains(", true))"), "{said}");
        assert!(asked(Some(identity(&other))).await.is_err());
        let anonymous = asked(None).await;
        assert_eq!(anonymous.is_err(), required, "{anonymous:?}");
    }
    assert!(client_verifier([], true).is_err());
}

#[tokio::test]
async fn handshakes_that_come_to_nothing_end() {
    let folder = tempfile::tempdir().unwrap();
    let tls = Arc::new(own(folder.path(), &[]).unwrap());
    let limits = Limits { tls_handshake: SHORT, ..Limits::default() };
    let serving = Serving::over(limits, Some(tls));
    // Silence, and plain HTTP.
    assert_eq!(rest(&mut serving.connect().await).await, "");
    let mut stream = serving.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said).await;
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
}
