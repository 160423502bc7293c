//! What holds for any bytes that the pod webhook and the issuer read beside reviews. Fuzz targets call it, and a test that
//! replays their corpora.
#![allow(dead_code, reason = "each fuzz target calls one of these")]

use ringwall_identity::fuzz;
use ringwall_identity::issuer::{Documents, Keys, MAX_KEYS};
use ringwall_identity::mutate::{ConfigMapRoles, Facts, Manifests, Membership, Review, Settings, mutate};

/// Bytes as manifests of service accounts, by which a pod is injected. Tells how many there are.
pub(crate) fn manifests(bytes: &[u8]) -> usize {
    let (manifests, problems) = Manifests::read("fuzz.yaml", bytes);
    assert!(problems.iter().all(|problem| !problem.message.is_empty()));
    let review = br#"{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {"uid": "1", "namespace": "shop",
        "operation": "CREATE", "object": {"spec": {"serviceAccountName": "checkout", "containers": [{"name": "app"}]}}}}"#;
    let review = Review::parse(review).unwrap();
    let none = ConfigMapRoles::default();
    let facts = Facts {
        annotations: manifests.annotations_for(&review),
        config_map: manifests.config_map().unwrap_or(&none),
        ..Facts::default()
    };
    let mutation = mutate(&review, &facts, &Settings::default()).unwrap();
    assert!(mutation.patch.iter().all(|operation| operation["op"] == "add"));
    manifests.accounts().count()
}

/// Bytes as a list of identities, and as roles of the ConfigMap. Tells how many each has.
pub(crate) fn lists(bytes: &[u8]) -> [Option<usize>; 2] {
    let members = Membership::parse(bytes).map_err(|error| assert!(!error.to_string().is_empty())).ok();
    let text = std::str::from_utf8(bytes).ok();
    let roles = text.and_then(|text| {
        ConfigMapRoles::parse(text).map_err(|error| assert!(!error.to_string().is_empty())).ok()
    });
    [members.map(|members| members.len()), roles.map(|roles| roles.len())]
}

/// Bytes as a key set, as PEM, as a token, and as what was kept of an issuer's keys. Tells how many keys there are; what is
/// published of them is read as the same keys.
pub(crate) fn issuer(bytes: &[u8]) -> usize {
    let mut count = 0;
    for keys in [Keys::from_jwks(bytes, "fuzz"), Keys::from_pem(bytes, "fuzz")] {
        let keys = match keys {
            Ok(keys) => keys,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                continue;
            }
        };
        assert!(keys.iter().count() <= MAX_KEYS);
        let documents = Documents::new("https://issuer.example.com", &keys);
        assert_eq!(Keys::from_jwks(&documents.keys, "published").ok().as_ref(), Some(&keys));
        count += keys.iter().count();
    }
    if let Some((key, issuer)) = fuzz::issuer_token(bytes) {
        assert!(key.len() + issuer.len() <= bytes.len());
    }
    let kept = fuzz::issuer_state(bytes, &Keys::default(), 1_700_000_000);
    count
        + kept.map_or_else(
            |why| {
                assert!(!why.is_empty());
                0
            },
            |keys| keys.iter().count(),
        )
}
