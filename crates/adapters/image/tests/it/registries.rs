//! A registry of a few lines on loopback, which asks for a token and sends blobs elsewhere.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use ringwall_http::{HttpClient, HttpSettings};
use ringwall_image::registry::{Credentials, Keychain, RegistryClient, RegistryError};
use ringwall_image::{ImageError, ScanOptions, scan};
use ringwall_model::{Secret, error_chain};
use tokio::runtime::Runtime;

use crate::made::{Layout, lock, told};
use crate::tarball::Tarball;

/// How the registry behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    Basic,
    Token,
    /// Blobs lie elsewhere, where no credentials may be sent.
    Elsewhere,
    Circles,
}

struct Served {
    port: u16,
    /// Request lines, each with the authorization that came along.
    asked: Arc<Mutex<Vec<String>>>,
}

fn serve(layout: PathBuf, way: Way) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&asked);
    // Ends with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (layout, told) = (layout.clone(), Arc::clone(&told));
            std::thread::spawn(move || answer(stream, &layout, port, way, &told));
        }
    });
    Served { port, asked }
}

fn answer(stream: TcpStream, layout: &std::path::Path, port: u16, way: Way, asked: &Mutex<Vec<String>>) {
    let mut input = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut first = [0];
        if input.read_exact(&mut first).is_err() || first[0] != b'G' {
            // TLS is not spoken here.
            return;
        }
        let (mut line, mut authorization) = (String::new(), String::new());
        input.read_line(&mut line).unwrap();
        loop {
            let mut header = String::new();
            input.read_line(&mut header).unwrap();
            if header.trim().is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("authorization: ") {
                authorization = value.trim().to_owned();
            }
        }
        let path = line.split(' ').nth(1).unwrap().to_owned();
        asked.lock().unwrap().push(format!("{path} {authorization}"));
        let (status, headers, body) = respond(layout, port, way, &path, &authorization);
        let mut output = &stream;
        write!(output, "HTTP/1.1 {status} x\r\n{headers}content-length: {}\r\n\r\n", body.len()).unwrap();
        output.write_all(&body).unwrap();
    }
}

fn respond(
    layout: &std::path::Path,
    port: u16,
    way: Way,
    path: &str,
    authorization: &str,
) -> (u16, String, Vec<u8>) {
    if path.starts_with("/token?") {
        let right = path.ends_with("scope=repository:shop/web:pull") && authorization == "Basic QVdTOnB3";
        return if right {
            (200, String::new(), b"{\"token\": \"t0\"}".to_vec())
        } else {
            (401, String::new(), vec![])
        };
    }
    let blob = |digest: &str| fs::read(layout.join("blobs").join(digest.replace(':', "/")));
    if let Some(digest) = path.strip_prefix("/elsewhere/") {
        return (200, String::new(), blob(digest).unwrap());
    }
    let right = match way {
        Way::Open | Way::Elsewhere | Way::Circles => true,
        Way::Basic => authorization == "Basic QVdTOnB3",
        Way::Token => authorization == "Bearer t0",
    };
    if !right {
        let challenge = match way {
            Way::Basic => "Basic realm=\"here\"".to_owned(),
            _ => format!("Bearer realm=\"http://127.0.0.1:{port}/token\",service=\"here\""),
        };
        return (401, format!("www-authenticate: {challenge}\r\n"), vec![]);
    }
    let Some(path) = path.strip_prefix("/v2/shop/web/") else { return (404, String::new(), vec![]) };
    if let Some(what) = path.strip_prefix("manifests/") {
        let digest = if what == "v1" {
            let index: serde_json::Value =
                serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap();
            index["manifests"][0]["digest"].as_str().unwrap().to_owned()
        } else {
            what.to_owned()
        };
        return blob(&digest).map_or((404, String::new(), vec![]), |bytes| (200, String::new(), bytes));
    }
    let digest = path.strip_prefix("blobs/").unwrap();
    match way {
        Way::Elsewhere => (307, format!("location: http://127.0.0.1:{port}/elsewhere/{digest}\r\n"), vec![]),
        Way::Circles => (307, format!("location: /v2/shop/web/{path}\r\n"), vec![]),
        _ => blob(digest).map_or((404, String::new(), vec![]), |bytes| (200, String::new(), bytes)),
    }
}

fn layout() -> Layout {
    let base = Tarball::default().file("Cargo.lock", lock(&[("a", "1.0.0")])).file("large", vec![7; 3 << 20]);
    Layout::of(&[base.end(), Tarball::default().file("b/Cargo.lock", lock(&[("b", "2.0.0")])).end()])
}

fn pull(port: u16, what: &str, keychain: Keychain) -> Result<Vec<String>, ImageError> {
    let runtime = Runtime::new().unwrap();
    let client = RegistryClient {
        http: HttpClient::new(&HttpSettings::default()).unwrap(),
        keychain,
        runtime: runtime.handle().clone(),
    };
    let reference = format!("127.0.0.1:{port}/shop/web{what}").parse().unwrap();
    let image = client.image(&reference, None)?;
    scan(&image, &ScanOptions::default()).map(|scanned| told(&scanned))
}

fn aws() -> Keychain {
    Keychain::One(Credentials { user: "AWS".to_owned(), password: Secret::from("pw".to_owned()) })
}

const PACKAGES: [&str; 2] = ["a 1.0.0 Cargo.lock@0", "b 2.0.0 b/Cargo.lock@1"];

#[test]
fn images_are_pulled_with_each_kind_of_authentication() {
    let layout = layout();
    for way in [Way::Open, Way::Basic, Way::Token, Way::Elsewhere] {
        let served = serve(layout.path().to_owned(), way);
        assert_eq!(pull(served.port, ":v1", aws()).unwrap(), PACKAGES);
        let asked = served.asked.lock().unwrap().clone();
        let elsewhere: Vec<_> = asked.iter().filter(|line| line.starts_with("/elsewhere/")).collect();
        assert_eq!(elsewhere.is_empty(), way != Way::Elsewhere);
        assert!(elsewhere.iter().all(|line| line.ends_with(' ')), "no credentials go along: {elsewhere:?}");
        if way == Way::Token {
            assert_eq!(asked.iter().filter(|line| line.starts_with("/token?")).count(), 1, "{asked:?}");
        }
        if matches!(way, Way::Basic | Way::Token) {
            let error = pull(served.port, ":v1", Keychain::Nobody).unwrap_err();
            assert!(matches!(error, ImageError::Registry(RegistryError::Denied { .. })), "{error}");
        }
    }
}

#[test]
fn what_a_registry_sends_is_compared_with_its_digest() {
    let layout = layout();
    let served = serve(layout.path().to_owned(), Way::Open);
    let index: serde_json::Value =
        serde_json::from_slice(&fs::read(layout.path().join("index.json")).unwrap()).unwrap();
    let digest = index["manifests"][0]["digest"].as_str().unwrap();
    assert_eq!(pull(served.port, &format!("@{digest}"), Keychain::Nobody).unwrap(), PACKAGES);
    let mut manifest = fs::read(layout.blob_path(digest)).unwrap();
    manifest.push(b' ');
    fs::write(layout.blob_path(digest), manifest).unwrap();
    let error = pull(served.port, &format!("@{digest}"), Keychain::Nobody).unwrap_err();
    assert!(error_chain(&error).contains("has the digest"), "{error}");
    let error = pull(served.port, ":v2", Keychain::Nobody).unwrap_err();
    assert!(matches!(error, ImageError::Registry(RegistryError::NotFound { .. })), "{error}");
}

#[test]
fn redirects_end() {
    let layout = layout();
    let served = serve(layout.path().to_owned(), Way::Circles);
    let error = pull(served.port, ":v1", Keychain::Nobody);
    assert!(error.is_err());
}
