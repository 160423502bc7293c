use ringwall_signing::{Accepted, Claim, Form, Found, Refusal, Trust, verify};
use serde_json::{Value, json};

use crate::support::{by_identity, image, json};

fn judge(bundle: &Value, trust: &Trust) -> Result<Accepted, Refusal> {
    let found = Found { place: "here".to_owned(), form: Form::Bundle(bundle.to_string().into_bytes()) };
    verify(&found, &image(), trust)
}

#[test]
fn a_bundle_counts_by_its_timestamp_and_by_its_log() {
    let bundle = json("bundle.json");
    for (authorities, logs, times) in
        [(&["tsa.pem"][..], &[][..], 1), (&[], &["log.pub"], 1), (&["tsa.pem"], &["log.pub"], 2)]
    {
        let accepted = judge(&bundle, &by_identity(authorities, logs)).unwrap();
        assert_eq!(accepted.times.len(), times);
        assert!(matches!(accepted.claim, Claim::Signature { .. }));
    }
}

#[test]
fn a_proof_of_inclusion_alone_tells_no_time() {
    let mut bundle = json("bundle.json");
    bundle
        .pointer_mut("/verificationMaterial/tlogEntries/0")
        .unwrap()
        .as_object_mut()
        .unwrap()
        .remove("inclusionPromise");
    assert_eq!(judge(&bundle, &by_identity(&[], &["log.pub"])), Err(Refusal::NoTime));
    assert!(judge(&bundle, &by_identity(&["tsa.pem"], &["log.pub"])).unwrap().logged);
}

#[test]
fn each_part_that_was_changed_undoes_it() {
    let trust = by_identity(&["tsa.pem"], &["log.pub"]);
    for (pointer, value) in [
        ("/mediaType", json!("application/vnd.dev.sigstore.bundle+json;version=0.1")),
        ("/dsseEnvelope/payloadType", json!("text/plain")),
        ("/dsseEnvelope/payload", json!("e30=")),
        ("/dsseEnvelope/signatures/0/sig", json!("AAAA")),
        ("/dsseEnvelope/signatures", json!([])),
        ("/verificationMaterial/certificate/rawBytes", json!("AAAA")),
        ("/verificationMaterial/tlogEntries/0/integratedTime", json!("1")),
        ("/verificationMaterial/tlogEntries/0/inclusionPromise/signedEntryTimestamp", json!("AAAA")),
        ("/verificationMaterial/tlogEntries/0/inclusionProof/rootHash", json!("AAAA")),
        ("/verificationMaterial/tlogEntries/0/inclusionProof/logIndex", json!("4")),
        ("/verificationMaterial/tlogEntries/0/inclusionProof/treeSize", json!("7")),
        ("/verificationMaterial/tlogEntries/0/inclusionProof/hashes", json!([])),
        ("/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope", json!("log\n1\nAAAA\n\n")),
        ("/verificationMaterial/tlogEntries/0/canonicalizedBody", json!("e30=")),
        (
            "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp",
            json!("AAAA"),
        ),
    ] {
        let mut bundle = json("bundle.json");
        *bundle.pointer_mut(pointer).unwrap() = value;
        assert!(judge(&bundle, &trust).is_err(), "{pointer}");
    }
}
