//! KMS against a naive twin that keeps what was sealed in a list: which key, version and context opens what.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::{create, encrypt, on, text};
use crate::harness::Harness;

const KEYS: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Encrypt {
        key: usize,
        context: usize,
    },
    /// A key that is named or not, a context, and whether a bit of the ciphertext is changed.
    Decrypt {
        which: usize,
        key: Option<usize>,
        context: usize,
        broken: bool,
    },
    ReEncrypt {
        which: usize,
        from: usize,
        key: usize,
        to: usize,
    },
    Rotate(usize),
    Disable(usize),
    Enable(usize),
    Delete(usize),
    Cancel(usize),
    Restart,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Enabled,
    Disabled,
    Pending,
}

impl State {
    fn code(self) -> &'static str {
        match self {
            Self::Enabled => "",
            Self::Disabled => "DisabledException",
            Self::Pending => "KMSInvalidStateException",
        }
    }
}

fn contexts() -> [serde_json::Value; 4] {
    // The last two have the same text, cut elsewhere.
    [json!({}), json!({ "a": "1" }), json!({ "ab": "c" }), json!({ "a": "bc" })]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (key, context, which) = (0..KEYS, 0..4_usize, 0..16_usize);
    let step = prop_oneof![
        6 => (key.clone(), context.clone()).prop_map(|(key, context)| Step::Encrypt { key, context }),
        8 => (which.clone(), proptest::option::of(key.clone()), context.clone(), proptest::bool::weighted(0.1))
            .prop_map(|(which, key, context, broken)| Step::Decrypt { which, key, context, broken }),
        3 => (which, context.clone(), key.clone(), context)
            .prop_map(|(which, from, key, to)| Step::ReEncrypt { which, from, key, to }),
        3 => key.clone().prop_map(Step::Rotate),
        1 => key.clone().prop_map(Step::Disable),
        2 => key.clone().prop_map(Step::Enable),
        1 => key.clone().prop_map(Step::Delete),
        2 => key.prop_map(Step::Cancel),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..40)
}

struct Sealed {
    ciphertext: String,
    key: usize,
    version: usize,
    context: usize,
    plaintext: String,
}

async fn run(steps: Vec<Step>) {
    let mut harness = Harness::new().await;
    let mut keys = Vec::new();
    for _ in 0..KEYS {
        keys.push(create(&harness.admin(), json!({})).await);
    }
    let mut states = [State::Enabled; KEYS];
    let mut versions = [1_usize; KEYS];
    let mut sealed: Vec<Sealed> = Vec::new();
    // Which material each version of each key turned out to be.
    let mut materials: BTreeMap<(usize, usize), String> = BTreeMap::new();
    let contexts = contexts();
    for (at, step) in steps.into_iter().enumerate() {
        let admin = harness.admin();
        match step {
            Step::Encrypt { key, context } => {
                let plaintext = format!("plaintext {at}");
                let reply = encrypt(&admin, &keys[key], contexts[context].clone(), &plaintext).await;
                if states[key] == State::Enabled {
                    let ciphertext = reply.ok()["CiphertextBlob"].as_str().unwrap().to_owned();
                    sealed.push(Sealed { ciphertext, key, version: versions[key], context, plaintext });
                } else {
                    assert_eq!(reply.code(), states[key].code());
                }
            }
            Step::Decrypt { which, key, context, broken } => {
                let Some(known) = sealed.get(which) else { continue };
                let mut input =
                    json!({ "CiphertextBlob": known.ciphertext, "EncryptionContext": contexts[context] });
                if broken {
                    let mut bytes = data_encoding::BASE64.decode(known.ciphertext.as_bytes()).unwrap();
                    *bytes.last_mut().unwrap() ^= 1;
                    input["CiphertextBlob"] = crate::harness::blob(&bytes).into();
                }
                if let Some(key) = key {
                    input["KeyId"] = keys[key].as_str().into();
                }
                let reply = admin.call("kms", "Decrypt", input).await;
                let state = states[key.unwrap_or(known.key)];
                if state != State::Enabled {
                    assert_eq!(reply.code(), state.code());
                } else if key.is_some_and(|key| key != known.key) {
                    assert_eq!(reply.code(), "IncorrectKeyException");
                } else if context != known.context || broken {
                    assert_eq!(reply.code(), "InvalidCiphertextException");
                } else {
                    assert_eq!(text(&reply), known.plaintext);
                    let material = reply.value["KeyMaterialId"].as_str().unwrap().to_owned();
                    let first =
                        materials.entry((known.key, known.version)).or_insert_with(|| material.clone());
                    assert_eq!(*first, material);
                }
            }
            Step::ReEncrypt { which, from, key, to } => {
                let Some(known) = sealed.get(which) else { continue };
                let input = json!({
                    "CiphertextBlob": known.ciphertext,
                    "SourceEncryptionContext": contexts[from],
                    "DestinationKeyId": keys[key],
                    "DestinationEncryptionContext": contexts[to],
                });
                let reply = admin.call("kms", "ReEncrypt", input).await;
                let state =
                    [states[known.key], states[key]].into_iter().find(|state| *state != State::Enabled);
                if let Some(state) = state {
                    assert_eq!(reply.code(), state.code());
                } else if from != known.context {
                    assert_eq!(reply.code(), "InvalidCiphertextException");
                } else {
                    let ciphertext = reply.ok()["CiphertextBlob"].as_str().unwrap().to_owned();
                    let plaintext = known.plaintext.clone();
                    sealed.push(Sealed { ciphertext, key, version: versions[key], context: to, plaintext });
                }
            }
            Step::Rotate(key) => {
                let reply = on(&admin, "RotateKeyOnDemand", &keys[key]).await;
                if states[key] == State::Enabled && versions[key] <= 25 {
                    reply.ok();
                    versions[key] += 1;
                } else {
                    reply.code();
                }
            }
            Step::Disable(key) | Step::Enable(key) => {
                let (operation, state) = match step {
                    Step::Enable(_) => ("EnableKey", State::Enabled),
                    _ => ("DisableKey", State::Disabled),
                };
                let reply = on(&admin, operation, &keys[key]).await;
                if states[key] == State::Pending {
                    assert_eq!(reply.code(), "KMSInvalidStateException");
                } else {
                    reply.ok();
                    states[key] = state;
                }
            }
            Step::Delete(key) => {
                let reply = on(&admin, "ScheduleKeyDeletion", &keys[key]).await;
                assert_eq!(reply.status == 200, states[key] != State::Pending);
                states[key] = State::Pending;
            }
            Step::Cancel(key) => {
                let reply = on(&admin, "CancelKeyDeletion", &keys[key]).await;
                assert_eq!(reply.status == 200, states[key] == State::Pending);
                if states[key] == State::Pending {
                    states[key] = State::Disabled;
                }
            }
            Step::Restart => harness = harness.restart().await,
        }
    }
    let mut ids: Vec<&String> = materials.values().collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), materials.len(), "each version has material of its own");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_opens_is_what_the_twin_says(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(run(steps));
    }
}
