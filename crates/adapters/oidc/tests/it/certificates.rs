//! Whose certificates are taken: by an authority, by a thumbprint, and nobody else's.

use std::io::Write;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
use ringwall_model::error_chain;
use ringwall_oidc::{FetchError, Settings, SetupError, Thumbprint, TokenError};

use crate::server::{Authority, Identity, Server, issuers, localhost, thumbprint, verify};
use crate::signer::{NOW, RSA, claims};

/// What comes of a good token at a server with this identity, trusting one authority, with these thumbprints.
async fn outcome(
    identity: &Identity,
    trusted: &Authority,
    thumbprints: &[Thumbprint],
) -> Result<(), FetchError> {
    let server = Server::new(identity);
    let (_folder, issuers) = issuers(&trusted.pem, &[&server]);
    let token = RSA.sign(&claims(&server.url));
    match verify(&issuers, &server.url, thumbprints, &token, NOW).await {
        Ok(_) => Ok(()),
        Err(TokenError::Keys { source, .. }) => Err(source),
        Err(other) => panic!("{other}"),
    }
}

fn chained(mut identity: Identity, above: &[&Authority]) -> Identity {
    identity.chain.extend(above.iter().map(|authority| authority.certificate.clone()));
    identity
}

fn expired() -> CertificateParams {
    let mut params = localhost();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
    params
}

fn of_another_host() -> CertificateParams {
    CertificateParams::new(vec!["elsewhere.example".to_owned()]).unwrap()
}

fn self_signed(params: &CertificateParams) -> Identity {
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Identity { chain: vec![certificate.der().clone()], key: key.serialize_der() }
}

fn is_refused(outcome: &Result<(), FetchError>) -> bool {
    matches!(outcome, Err(FetchError::Certificate { .. }))
}

#[tokio::test]
async fn an_authority_vouches_for_names_and_dates() {
    let (root, other) = (Authority::root("root"), Authority::root("other"));
    let below = root.below("below");
    outcome(&root.server(&localhost()), &root, &[]).await.unwrap();
    outcome(&chained(below.server(&localhost()), &[&below]), &root, &[]).await.unwrap();
    outcome(&chained(below.server(&localhost()), &[&below, &root]), &root, &[]).await.unwrap();
    for (name, identity) in [("expired", root.server(&expired())), ("host", root.server(&of_another_host()))]
    {
        // Not even its thumbprint makes it good.
        for thumbprints in [vec![], vec![root.thumbprint(), thumbprint(&identity.chain[0])]] {
            let outcome = outcome(&identity, &root, &thumbprints).await;
            assert!(is_refused(&outcome), "{name}: {outcome:?}");
        }
    }
    let outcome = outcome(&root.server(&localhost()), &other, &[]).await;
    assert!(matches!(outcome, Err(FetchError::Thumbprint)), "{outcome:?}");
}

#[tokio::test]
async fn a_thumbprint_stands_in_for_an_authority() {
    let (root, stranger) = (Authority::root("root"), Authority::root("stranger"));
    let below = root.below("below");
    let pins = [stranger.thumbprint(), root.thumbprint()];
    // The server sends its root, and that is registered.
    outcome(&chained(root.server(&localhost()), &[&root]), &stranger, &pins).await.unwrap();
    outcome(&chained(below.server(&localhost()), &[&below, &root]), &stranger, &pins).await.unwrap();
    // The server sends what is below its root, and the topmost of that is registered: AWS's "top intermediate".
    let top = [below.thumbprint()];
    outcome(&chained(below.server(&localhost()), &[&below]), &stranger, &top).await.unwrap();
    // An issuer that signed its own certificate.
    let own = self_signed(&localhost());
    outcome(&own, &stranger, &[thumbprint(&own.chain[0])]).await.unwrap();
}

#[tokio::test]
async fn a_thumbprint_vouches_for_nothing_else() {
    let (root, stranger) = (Authority::root("root"), Authority::root("stranger"));
    let (below, evil) = (root.below("below"), Authority::root("evil"));
    let evil_below = evil.below("below");
    let pin = [root.thumbprint()];
    let leaf = |authority: &Authority| authority.server(&localhost());
    let unvouched = [
        ("another's thumbprint", chained(leaf(&evil), &[&evil])),
        ("it is not the last", chained(leaf(&root), &[&root, &stranger])),
        ("its chain lacks it", leaf(&root)),
        ("a stranger's chain with it at the end", chained(leaf(&evil), &[&evil, &root])),
        ("a stranger's longer chain", chained(leaf(&evil_below), &[&evil_below, &evil, &root])),
        ("a stranger's leaf with it at the end", chained(self_signed(&localhost()), &[&root])),
        ("a chain with a link missing", chained(leaf(&below), &[&root])),
    ];
    for (name, identity) in unvouched {
        let outcome = outcome(&identity, &stranger, &pin).await;
        assert!(matches!(outcome, Err(FetchError::Thumbprint)), "{name}: {outcome:?}");
    }
    // The leaf's own thumbprint is none of the chain's last certificate.
    let identity = chained(leaf(&root), &[&root]);
    let found = outcome(&identity, &stranger, &[thumbprint(&identity.chain[0])]).await;
    assert!(matches!(found, Err(FetchError::Thumbprint)), "{found:?}");
    // Names and dates count all the same.
    for (name, params) in [("expired", expired()), ("host", of_another_host())] {
        let outcome_below = outcome(&chained(root.server(&params), &[&root]), &stranger, &pin).await;
        assert!(is_refused(&outcome_below), "{name}: {outcome_below:?}");
        let own = self_signed(&params);
        let outcome_own = outcome(&own, &stranger, &[thumbprint(&own.chain[0])]).await;
        assert!(is_refused(&outcome_own), "{name}: {outcome_own:?}");
    }
    // An authority's certificate is no server's.
    let mut params = localhost();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let own = self_signed(&params);
    let found = outcome(&own, &stranger, &[thumbprint(&own.chain[0])]).await;
    assert!(is_refused(&found), "{found:?}");
    // What is not signed by the registered certificate's key is not by it, whatever names it bears.
    let twin = Authority::root("root");
    let found = outcome(&chained(leaf(&twin), &[&root]), &stranger, &pin).await;
    assert!(found.is_err(), "{found:?}");
}

/// Two accounts may register one URL. What the one's thumbprint vouches for is not the other's.
#[tokio::test]
async fn keys_that_a_thumbprint_vouches_for_are_its_providers_alone() {
    let (root, stranger) = (Authority::root("root"), Authority::root("stranger"));
    let server = Server::new(&chained(root.server(&localhost()), &[&root]));
    let (_folder, issuers) = issuers(&stranger.pem, &[&server]);
    let token = RSA.sign(&claims(&server.url));
    verify(&issuers, &server.url, &[root.thumbprint()], &token, NOW).await.unwrap();
    let error = verify(&issuers, &server.url, &[], &token, NOW).await.unwrap_err();
    assert!(
        matches!(error, TokenError::Keys { source: FetchError::Thumbprint, .. }),
        "{}",
        error_chain(&error)
    );
    assert_eq!(error.code(), "InvalidIdentityToken");
    assert_eq!(
        error.aws_message(),
        "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
    );
    // The order in which thumbprints are written is no matter.
    let fetched = server.connections();
    let both = [root.thumbprint(), stranger.thumbprint()];
    verify(&issuers, &server.url, &both, &token, NOW).await.unwrap();
    verify(&issuers, &server.url, &[both[1], both[0]], &token, NOW).await.unwrap();
    assert_eq!(server.connections(), fetched + 2);
}

#[tokio::test]
async fn the_thumbprint_to_register_is_that_of_the_last_certificate() {
    let (root, stranger) = (Authority::root("root"), Authority::root("stranger"));
    let below = root.below("below");
    let server = Server::new(&chained(below.server(&localhost()), &[&below]));
    let (_folder, issuers) = issuers(&stranger.pem, &[&server]);
    let found = issuers.thumbprint(&server.url).await.unwrap();
    assert_eq!(found, below.thumbprint());
    assert_eq!(found.to_string().len(), 40);
    verify(&issuers, &server.url, &[found], &RSA.sign(&claims(&server.url)), NOW).await.unwrap();
    let unlisted = issuers.thumbprint(&server.url.replace("localhost", "127.0.0.1")).await;
    assert!(matches!(unlisted, Err(FetchError::Address { .. })), "{unlisted:?}");
}

/// openssl, which the user guide has one use, gives the same thumbprint.
#[test]
fn openssl_gives_the_same_thumbprint() {
    let root = Authority::root("root");
    let mut openssl = std::process::Command::new("openssl")
        .args(["x509", "-fingerprint", "-sha1", "-noout"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    openssl.stdin.take().unwrap().write_all(root.pem.as_bytes()).unwrap();
    let output = String::from_utf8(openssl.wait_with_output().unwrap().stdout).unwrap();
    let (_, digits) = output.trim().split_once('=').unwrap();
    assert_eq!(digits.replace(':', "").parse::<Thumbprint>().unwrap(), root.thumbprint());
}

#[test]
fn a_thumbprint_is_forty_digits() {
    let text = "990F4193972F2BECF12DDEDA5237F9C952F20D9E";
    assert_eq!(text.parse::<Thumbprint>().unwrap().to_string(), text.to_lowercase());
    for text in ["", "99", "zz0F4193972F2BECF12DDEDA5237F9C952F20D9E", &text[..39], &format!("{text}00")] {
        assert!(text.parse::<Thumbprint>().is_err(), "{text}");
    }
}

#[test]
fn files_of_authorities_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let told = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let settings = Settings { roots: Some(path), ..Settings::default() };
        error_chain(&ringwall_oidc::Issuers::new(&settings).unwrap_err())
    };
    assert!(told("empty", b"").ends_with("there are none"));
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(told("broken", broken).contains("has no certificates in PEM that can be used"));
    assert!(told("long", &vec![b'\n'; (1 << 20) + 1]).contains("has more than 1048576 bytes"));
    let settings = Settings { roots: Some(folder.path().join("missing")), ..Settings::default() };
    assert!(matches!(ringwall_oidc::Issuers::new(&settings), Err(SetupError::Roots(_))));
}
