use data_encoding::BASE64;
use ringwall_signing::{Claim, Refusal, Signer, Trust, TrustError, TrustFiles};
use serde_json::{Value, json};

use crate::support::{by_identity, by_key, bytes, case, data, judge, of};

const STAMPED: (&[&str], &[&str]) = (&["tsa.pem"], &[]);

#[test]
fn a_signature_by_each_kind_of_key_counts_and_by_no_other() {
    let names = ["p256", "p384", "p384-sha256", "rsa", "ed25519"];
    for name in names {
        for key in names {
            let verdict = judge(&case(name), &by_key(&format!("{key}.pub")));
            if name == key {
                let accepted = verdict.unwrap();
                let Claim::Signature { annotations } = accepted.claim else {
                    panic!("{name} is no signature")
                };
                assert_eq!(annotations["release"], "7");
                assert!(accepted.times.is_empty() && !accepted.logged);
            } else {
                assert_eq!(verdict, Err(Refusal::Key), "{name} by {key}");
            }
        }
    }
}

#[test]
fn each_changed_bit_of_payload_or_signature_undoes_it() {
    let trust = by_key("p256.pub");
    let good = case("p256");
    for field in ["payload", "signature"] {
        let length = bytes(&good, field).len();
        for at in 0..length {
            let mut changed = bytes(&good, field);
            changed[at] ^= 1;
            let mut case = good.clone();
            case[field] = Value::from(BASE64.encode(&changed));
            assert!(judge(&case, &trust).is_err(), "{field} {at}");
        }
    }
}

#[test]
fn a_good_signature_of_another_image_does_not_count() {
    let verdict = judge(&case("p256-other-image"), &by_key("p256.pub"));
    assert!(matches!(verdict, Err(Refusal::OtherImage(_))), "{verdict:?}");
}

#[test]
fn an_attestation_counts_with_its_kind() {
    let accepted = judge(&case("p256-envelope"), &by_key("p256.pub")).unwrap();
    let Claim::Attestation { predicate_type, predicate } = accepted.claim else { panic!("no attestation") };
    assert_eq!((predicate_type.as_str(), &predicate["name"]), ("https://spdx.dev/Document", &json!("web")));
    assert_eq!(judge(&case("p256-envelope"), &by_key("rsa.pub")), Err(Refusal::Key));
}

#[test]
fn a_certificate_counts_at_a_time_that_is_proved() {
    for (name, authorities, logs) in [
        ("leaf", &["tsa.pem"][..], &[][..]),
        ("leaf-logged", &[], &["log.pub"]),
        ("leaf", &["tsa.pem"], &["log.pub"]),
    ] {
        let accepted = judge(&case(name), &by_identity(authorities, logs)).unwrap();
        let Signer::Identity { subject, issuer } = accepted.signer else { panic!("{name} is by a key") };
        assert_eq!((subject.as_str(), issuer.as_str()), ("dev@acme.test", "https://issuer.test"));
        assert_eq!(accepted.times.len(), 1);
    }
}

#[test]
fn without_a_time_that_is_proved_a_certificate_does_not_count() {
    let (authorities, logs) = (["tsa.pem"], ["log.pub"]);
    assert_eq!(judge(&case("leaf-undated"), &by_identity(&authorities, &logs)), Err(Refusal::NoTime));
    // There is one, and nobody is trusted for it.
    assert_eq!(judge(&case("leaf"), &by_identity(&[], &logs)), Err(Refusal::NoTime));
    assert_eq!(judge(&case("leaf-logged"), &by_identity(&authorities, &[])), Err(Refusal::NoTime));
    for name in ["leaf-old", "leaf-logged-late"] {
        let verdict = judge(&case(name), &by_identity(&authorities, &logs));
        assert!(matches!(verdict, Err(Refusal::Chain { .. } | Refusal::Log(_))), "{name}: {verdict:?}");
    }
    let verdict = judge(&case("leaf-old"), &by_identity(STAMPED.0, STAMPED.1));
    assert!(matches!(verdict, Err(Refusal::Chain { .. })), "{verdict:?}");
}

#[test]
fn a_certificate_of_others_or_for_others_does_not_count() {
    let other = of("eve@acme.test", "https://issuer.test", "roots-and-middle.pem", STAMPED.0, STAMPED.1);
    assert!(matches!(judge(&case("leaf"), &other), Err(Refusal::Identity { .. })));
    let other = of("dev@acme.test", "https://other.test", "roots-and-middle.pem", STAMPED.0, STAMPED.1);
    assert!(matches!(judge(&case("leaf"), &other), Err(Refusal::Identity { .. })));
    let pattern = of("*@acme.test", "https://*.test", "roots.pem", STAMPED.0, STAMPED.1);
    assert!(judge(&case("leaf"), &pattern).is_ok());
    let roots = of("dev@acme.test", "https://issuer.test", "other-roots.pem", STAMPED.0, STAMPED.1);
    assert!(matches!(judge(&case("leaf"), &roots), Err(Refusal::Chain { .. })));
    let verdict = judge(&case("leaf-server"), &by_identity(STAMPED.0, STAMPED.1));
    assert_eq!(verdict, Err(Refusal::Usage("signing code")));
}

#[test]
fn a_timestamp_that_was_changed_or_is_of_others_does_not_count() {
    let good = case("leaf");
    let stamped: Value = serde_json::from_str(good["timestamp"].as_str().unwrap()).unwrap();
    let der = bytes(&stamped, "SignedRFC3161Timestamp");
    let trust = by_identity(STAMPED.0, STAMPED.1);
    // The status before it and what certificates it brings along are not signed: all else is.
    let mut undone = 0;
    for at in 0..der.len() {
        let mut changed = der.clone();
        changed[at] ^= 0x40;
        let mut case = good.clone();
        let text = json!({ "SignedRFC3161Timestamp": BASE64.encode(&changed) }).to_string();
        case["timestamp"] = Value::from(text);
        undone += usize::from(judge(&case, &trust).is_err());
    }
    assert!(undone > 300, "{undone} of {}", der.len());
    let others = of("dev@acme.test", "https://issuer.test", "roots-and-middle.pem", &["roots.pem"], &[]);
    assert!(matches!(judge(&good, &others), Err(Refusal::Timestamp(_))));
}

#[test]
fn an_entry_of_a_log_has_to_be_of_the_signature_and_by_the_log() {
    let trust = Trust::load(&TrustFiles {
        keys: vec![data("p256.pub")],
        logs: vec![data("log.pub")],
        require_log: true,
        ..TrustFiles::default()
    })
    .unwrap();
    let good = case("p256-logged");
    assert!(judge(&good, &trust).unwrap().logged);
    assert_eq!(judge(&case("p256"), &trust), Err(Refusal::NoLog));
    let entry: Value = serde_json::from_str(good["entry"].as_str().unwrap()).unwrap();
    for (pointer, value) in [
        ("/Payload/integratedTime", json!(1)),
        ("/Payload/logIndex", json!(6)),
        ("/Payload/logID", json!("00")),
        ("/Payload/body", json!("e30=")),
        ("/SignedEntryTimestamp", json!("AAAA")),
    ] {
        let mut entry = entry.clone();
        *entry.pointer_mut(pointer).unwrap() = value;
        let mut case = good.clone();
        case["entry"] = Value::from(entry.to_string());
        assert!(matches!(judge(&case, &trust), Err(Refusal::Log(_))), "{pointer}");
    }
    let mut other = good;
    other["entry"] = case("leaf-logged")["entry"].clone();
    assert!(matches!(judge(&other, &trust), Err(Refusal::Log(_))));
}

#[test]
fn files_that_trust_nobody_are_refused() {
    assert!(matches!(Trust::load(&TrustFiles::default()), Err(TrustError::Nobody)));
    let certificates = TrustFiles { keys: vec![data("roots.pem")], ..TrustFiles::default() };
    assert!(matches!(Trust::load(&certificates), Err(TrustError::Content { .. })));
}
