//! Documents that are published, and verifiers that read them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jsonwebtoken::Algorithm;
use ringwall_identity::issuer::{
    DISCOVERY_PATH, IssuerError, KEYS_PATH, KeySource, Phase, Publisher, Settings, Target,
};
use ringwall_oidc::{Expected, Issuers, Token, TokenError};
use ringwall_server::{Limits, Metrics, Server, Source, Tls, live};
use serde_json::Value;
use tempfile::TempDir;

use crate::signer::Signer;

const BEGIN: i64 = 1_795_766_400;
const HOUR: i64 = 3600;
const ISSUER: &str = "https://oidc.example.com/blue";

fn write(folder: &Path, name: &str, signers: &[&Signer]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, signers.iter().map(|signer| signer.pem.as_str()).collect::<String>()).unwrap();
    path
}

fn settings(folder: &Path, keys: PathBuf) -> Settings {
    Settings {
        issuer: Some(ISSUER.to_owned()),
        targets: vec![Target::Folder(folder.join("public"))],
        ..Settings::new(KeySource::Files(vec![keys]), folder.join("state.json"))
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn published_ids(folder: &Path) -> Vec<String> {
    let keys = json(&folder.join("public").join(KEYS_PATH));
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_documents_are_those_of_a_cluster() {
    let folder = TempDir::new().unwrap();
    let (rsa, ec) = (Signer::rsa(), Signer::ec(Algorithm::ES256, &rcgen::PKCS_ECDSA_P256_SHA256));
    let keys = write(folder.path(), "sa.pub", &[&rsa, &ec]);
    let mut publisher = Publisher::new(settings(folder.path(), keys), || BEGIN);
    let published = publisher.publish().await.unwrap();
    assert!(published.written);
    assert_eq!(published.keys[0].phase, Phase::New);
    assert_eq!(published.keys[0].may_sign_at, BEGIN + 300);
    let discovery = json(&folder.path().join("public").join(DISCOVERY_PATH));
    assert_eq!(
        discovery,
        serde_json::json!({
            "issuer": ISSUER,
            "jwks_uri": "https://oidc.example.com/blue/openid/v1/jwks",
            "authorization_endpoint": "urn:kubernetes:programmatic_authorization",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256"],
            "claims_supported": ["sub", "iss"],
        })
    );
    assert_eq!(published_ids(folder.path()), [rsa.kid, ec.kid]);
    assert!(!publisher.publish().await.unwrap().written, "nothing changed");
}

/// At every step of a rotation, every token that lives verifies: by a verifier that keeps what it read, and by a new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_has_no_gap() {
    static NOW: AtomicI64 = AtomicI64::new(BEGIN);
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let authority = path.join("tls");
    let tls = Tls::open(Source::Own { folder: authority.clone(), names: vec![] }, None, Metrics::default())
        .unwrap();
    let limits = live(Limits::default());
    let server =
        Server::bind(([127, 0, 0, 1], 0).into(), Some(Arc::new(tls)), limits, Metrics::default()).unwrap();
    let port = server.address().port();
    let issuer = format!("https://localhost:{port}/clusters/blue");
    let (old, new) = (Signer::rsa(), Signer::ec(Algorithm::ES384, &rcgen::PKCS_ECDSA_P384_SHA384));

    let keys = write(path, "sa.pub", &[&old]);
    let settings = Settings { issuer: Some(issuer.clone()), targets: vec![], ..settings(path, keys) };
    let mut publisher = Publisher::new(settings, || NOW.load(Ordering::SeqCst));
    let served = publisher.served();
    assert!(served.waits_for().is_some());
    let serving = tokio::spawn(server.serve(Arc::new(served.clone()), std::future::pending()));

    let verifier = || {
        let allow = vec![format!("localhost:{port}").parse().unwrap()];
        Issuers::new(&ringwall_oidc::Settings { allow, roots: Some(authority.join("ca.pem")) }).unwrap()
    };
    let kept = verifier();
    let check = async |token: &str| -> Result<(), TokenError> {
        let now = NOW.load(Ordering::SeqCst);
        let audiences = ["sts.amazonaws.com".to_owned()];
        let expected = Expected { issuer: &issuer, audiences: &audiences, thumbprints: &[] };
        for verifier in [&kept, &verifier()] {
            let claims = verifier.verify(&Token::parse(token).unwrap(), &expected, now).await?;
            assert_eq!(claims.subject, "system:serviceaccount:shop:checkout");
        }
        Ok(())
    };
    let at = |seconds: i64| NOW.store(BEGIN + seconds, Ordering::SeqCst);

    publisher.publish().await.unwrap();
    assert_eq!(served.waits_for(), None);
    check(&old.token(&issuer, BEGIN)).await.unwrap();

    // The new key is published, and does not sign yet.
    at(HOUR);
    write(path, "sa.pub", &[&old, &new]);
    let report = publisher.publish().await.unwrap().keys;
    assert_eq!([report[0].phase, report[1].phase], [Phase::Current, Phase::New]);
    check(&old.token(&issuer, BEGIN + HOUR)).await.unwrap();

    // It signs once every verifier has it; the old one's last token is of just before.
    let switch = report[1].may_sign_at - BEGIN;
    let last = old.token(&issuer, BEGIN + switch - 1);
    at(switch);
    assert_eq!(publisher.publish().await.unwrap().keys[1].phase, Phase::Current);
    check(&new.token(&issuer, BEGIN + switch)).await.unwrap();
    check(&last).await.unwrap();

    // The old key is taken off the apiserver at once; its tokens verify to their end.
    write(path, "sa.pub", &[&new]);
    let leaves = BEGIN + switch + 25 * HOUR;
    assert_eq!(publisher.publish().await.unwrap().keys[0].phase, Phase::Leaving(leaves));
    for hours in [1, 12, 23] {
        at(switch + hours * HOUR);
        publisher.publish().await.unwrap();
        check(&last).await.unwrap();
        check(&new.token(&issuer, BEGIN + switch + hours * HOUR)).await.unwrap();
    }
    at(switch + 24 * HOUR - 2);
    check(&last).await.unwrap();

    // Then it is gone, and signs nothing that is taken.
    at(switch + 25 * HOUR);
    assert_eq!(publisher.publish().await.unwrap().keys.len(), 1);
    at(switch + 27 * HOUR);
    check(&new.token(&issuer, BEGIN + switch + 27 * HOUR)).await.unwrap();
    let forged = check(&old.token(&issuer, BEGIN + switch + 27 * HOUR)).await.unwrap_err();
    assert!(matches!(forged, TokenError::UnknownKey { .. }), "{forged}");
    serving.abort();
}

#[tokio::test]
async fn what_was_published_outlives_the_process_and_its_state() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let (old, new) = (Signer::rsa(), Signer::rsa());
    let keys = write(path, "sa.pub", &[&old]);
    Publisher::new(settings(path, keys.clone()), || BEGIN).publish().await.unwrap();
    write(path, "sa.pub", &[&new]);
    let both = [old.kid.clone(), new.kid.clone()];
    Publisher::new(settings(path, keys.clone()), || BEGIN + HOUR).publish().await.unwrap();
    assert_eq!(published_ids(path), both);
    // Without the state, what is in the folder counts.
    fs::remove_file(path.join("state.json")).unwrap();
    Publisher::new(settings(path, keys.clone()), || BEGIN + 2 * HOUR).publish().await.unwrap();
    assert_eq!(published_ids(path), both);
    Publisher::new(settings(path, keys.clone()), || BEGIN + 28 * HOUR).publish().await.unwrap();
    assert_eq!(published_ids(path), std::slice::from_ref(&new.kid));
    // A state that can't be read stops everything.
    fs::write(path.join("state.json"), "{").unwrap();
    let error = Publisher::new(settings(path, keys.clone()), || BEGIN).publish().await.unwrap_err();
    assert!(matches!(error, IssuerError::State { .. }) && error.hint().is_some(), "{error}");
    let other = Settings { issuer: Some("https://other.example.com".into()), ..settings(path, keys.clone()) };
    fs::remove_file(path.join("state.json")).unwrap();
    Publisher::new(settings(path, keys), || BEGIN).publish().await.unwrap();
    let error = Publisher::new(other, || BEGIN).publish().await.unwrap_err();
    assert!(error.to_string().contains("it is about the issuer"), "{error}");
}

/// After a restart the documents are there, whether or not the source can be asked.
#[tokio::test]
async fn what_was_served_is_served_again() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let keys = write(path, "sa.pub", &[&Signer::rsa()]);
    let with = |issuer: Option<&str>| {
        let issuer = issuer.map(str::to_owned);
        Publisher::new(Settings { issuer, targets: vec![], ..settings(path, keys.clone()) }, || BEGIN + HOUR)
    };
    let first = with(Some(ISSUER));
    first.recall().await.unwrap();
    assert!(first.served().waits_for().is_some(), "there is nothing to recall");
    Publisher::new(Settings { targets: vec![], ..settings(path, keys.clone()) }, || BEGIN)
        .publish()
        .await
        .unwrap();
    fs::remove_file(&keys).unwrap();
    for issuer in [Some(ISSUER), None] {
        let mut again = with(issuer);
        again.recall().await.unwrap();
        assert_eq!(again.served().waits_for(), None);
        again.publish().await.unwrap_err();
    }
    let error = with(Some("https://other.example.com")).recall().await.unwrap_err();
    assert!(error.to_string().contains("it is about the issuer"), "{error}");
    fs::write(path.join("state.json"), "{").unwrap();
    assert!(matches!(with(None).recall().await.unwrap_err(), IssuerError::State { .. }));
}

#[tokio::test]
async fn what_would_break_verifiers_is_not_published() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let (key, stranger) = (Signer::rsa(), Signer::rsa());
    let keys = write(path, "sa.pub", &[&key]);
    let error = async |change: &dyn Fn(&mut Settings)| {
        let mut settings = settings(path, keys.clone());
        change(&mut settings);
        let error = Publisher::new(settings, || BEGIN).publish().await.unwrap_err();
        assert!(!path.join("public").exists() && !path.join("state.json").exists());
        error.to_string()
    };
    let token = |name: &str, text: &str| {
        fs::write(path.join(name), text).unwrap();
        path.join(name)
    };
    let other = token("other", &key.token("https://oidc.example.com/green", BEGIN));
    let told = error(&|settings| settings.token = Some(other.clone())).await;
    assert!(told.contains("`https://oidc.example.com/green`, not `https://oidc.example.com/blue`"), "{told}");
    let unknown = token("unknown", &stranger.token(ISSUER, BEGIN));
    let told = error(&|settings| settings.token = Some(unknown.clone())).await;
    assert!(told.contains(&stranger.kid), "{told}");
    let none = token("none", "x.y.z");
    assert!(error(&|settings| settings.token = Some(none.clone())).await.contains("holds no token"));
    assert_eq!(error(&|settings| settings.issuer = None).await, "the issuer is not named");
    let told = error(&|settings| settings.issuer = Some("http://oidc.example.com".into())).await;
    assert!(told.contains("does not begin with `https://`"), "{told}");
    let absent = path.join("absent");
    let told = error(&|settings| settings.source = KeySource::Files(vec![absent.clone()])).await;
    assert!(told.contains("holds no key"), "{told}");

    let good = token("good", &format!("{}\n", key.token(ISSUER, BEGIN)));
    let settings = Settings { token: Some(good), ..settings(path, keys.clone()) };
    let mut publisher = Publisher::new(settings, || BEGIN);
    publisher.publish().await.unwrap();
    // Keys that are no longer readable leave what is published.
    fs::write(&keys, "").unwrap();
    publisher.publish().await.unwrap_err();
    assert_eq!(published_ids(path), [key.kid]);
}

#[tokio::test]
async fn what_somebody_deleted_comes_back() {
    static NOW: AtomicI64 = AtomicI64::new(BEGIN);
    let folder = TempDir::new().unwrap();
    let keys = write(folder.path(), "sa.pub", &[&Signer::rsa()]);
    let mut publisher = Publisher::new(settings(folder.path(), keys), || NOW.load(Ordering::SeqCst));
    publisher.publish().await.unwrap();
    fs::remove_dir_all(folder.path().join("public")).unwrap();
    NOW.store(BEGIN + HOUR + 1, Ordering::SeqCst);
    assert!(publisher.publish().await.unwrap().written);
    assert_eq!(published_ids(folder.path()).len(), 1);
    let left: Vec<_> = fs::read_dir(folder.path().join("public/openid/v1")).unwrap().collect();
    assert_eq!(left.len(), 1, "no file is left half written");
    assert_eq!(Duration::from_secs(300), ringwall_identity::issuer::DEFAULT_MAX_AGE);
}
