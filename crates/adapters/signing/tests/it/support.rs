use std::fs;
use std::path::PathBuf;

use data_encoding::BASE64;
use ringwall_signing::{
    Accepted, Annotations, Form, Found, Identity, Image, Refusal, Trust, TrustFiles, verify,
};
use serde_json::Value;

pub(crate) fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

pub(crate) fn json(name: &str) -> Value {
    serde_json::from_slice(&fs::read(data(name)).unwrap()).unwrap()
}

pub(crate) fn case(name: &str) -> Value {
    json("simple.json")["cases"][name].clone()
}

pub(crate) fn image() -> Image {
    let digest = json("simple.json")["digest"].as_str().unwrap().parse().unwrap();
    Image { digest, manifest: Vec::new() }
}

pub(crate) fn bytes(case: &Value, field: &str) -> Vec<u8> {
    BASE64.decode(case[field].as_str().unwrap().as_bytes()).unwrap()
}

pub(crate) fn found(case: &Value) -> Found {
    let text = |field: &str| case[field].as_str().map(str::to_owned);
    let annotations = Annotations {
        signature: text("signature").unwrap_or_default(),
        certificate: text("certificate"),
        chain: text("chain"),
        entry: text("entry"),
        timestamp: text("timestamp"),
    };
    let form = match case.get("envelope") {
        Some(_) => Form::Envelope { envelope: bytes(case, "envelope"), annotations },
        None => Form::Simple { payload: bytes(case, "payload"), annotations },
    };
    Found { place: "here".to_owned(), form }
}

pub(crate) fn judge(case: &Value, trust: &Trust) -> Result<Accepted, Refusal> {
    verify(&found(case), &image(), trust)
}

pub(crate) fn by_key(name: &str) -> Trust {
    Trust::load(&TrustFiles { keys: vec![data(name)], ..TrustFiles::default() }).unwrap()
}

/// Trust in `dev@acme.test`, with whoever may prove times.
pub(crate) fn by_identity(authorities: &[&str], logs: &[&str]) -> Trust {
    of("dev@acme.test", "https://issuer.test", "roots-and-middle.pem", authorities, logs)
}

pub(crate) fn of(subject: &str, issuer: &str, roots: &str, authorities: &[&str], logs: &[&str]) -> Trust {
    let pattern = |text: &str| serde_json::from_value(Value::from(text)).unwrap();
    Trust::load(&TrustFiles {
        identities: vec![Identity { subject: pattern(subject), issuer: pattern(issuer) }],
        roots: vec![data(roots)],
        timestamp_authorities: authorities.iter().map(|name| data(name)).collect(),
        logs: logs.iter().map(|name| data(name)).collect(),
        ..TrustFiles::default()
    })
    .unwrap()
}
