//! Against a real kube-apiserver: every verdict of `ringwall can --batch` is the apiserver's own. Against independent
//! IAM evaluators: the module `iam`. A live cluster's client, and what its KMS plugin seals: `kubernetes` and `kms`.
//!
//! `cargo xtask test` builds the testbed, sets the evaluators up and runs these; `RINGWALL_SEED` chooses the questions, and a failure
//! prints it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod generate;
mod iam;
mod kms;
mod kms_plugin;
mod kubernetes;
mod secrets;
mod seeded;
mod testbed;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ringwall_model::{Cluster, PolicyRule, Role, RoleKind, RoleRef, User};
use ringwall_rbac::{Authorizer, RoleWrite, WantedRole};
use serde_json::Value;

use crate::generate::{Held, Known};
use crate::seeded::Seeded;
use crate::testbed::Testbed;

/// Questions asked of both.
const REVIEWS: usize = 6_000;
/// Attempts to grant rights made of both.
const ATTEMPTS: usize = 400;
/// Used unless `RINGWALL_SEED` says otherwise.
const SEED: u64 = 20_261_123;
/// How long aggregation may take to settle.
const SETTLING: Duration = Duration::from_secs(60);
/// Disagreements printed; the first tell enough.
const SHOWN: usize = 10;

fn seed() -> u64 {
    std::env::var("RINGWALL_SEED").map_or(SEED, |text| text.parse().expect("RINGWALL_SEED is a number"))
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

fn write_lines(path: &Path, values: &[Value]) {
    let mut file = fs::File::create(path).unwrap();
    for value in values {
        writeln!(file, "---\n{value}").unwrap();
    }
}

/// Writes the cluster's state as a snapshot, once its aggregated roles stay the same.
fn settled_snapshot(testbed: &Testbed, folder: &Path, format: &str) -> PathBuf {
    let started = Instant::now();
    let snapshot = folder.join(format!("snapshot-{format}"));
    let kubernetes = snapshot.join("kubernetes");
    let read = || fs::read(kubernetes.join(format!("clusterroles.{format}"))).unwrap_or_default();
    let mut same = 0;
    while same < 3 {
        assert!(started.elapsed() < SETTLING, "the aggregated roles did not settle");
        let before = read();
        testbed.dump(&kubernetes, format);
        same = if read() == before { same + 1 } else { 0 };
        thread::sleep(Duration::from_millis(300));
    }
    snapshot
}

/// Answers of `ringwall can --batch`.
fn batch(snapshot: &Path, specs: &[String]) -> Vec<Value> {
    let arguments = ["can", snapshot.to_str().unwrap(), "--batch", "-"].map(str::to_owned);
    answers_to(Path::new(env!("CARGO_BIN_EXE_ringwall")), &arguments, specs)
}

/// What a program that takes lines of input prints: a line of JSON each.
fn answers_to(program: &Path, arguments: &[String], lines: &[String]) -> Vec<Value> {
    let mut child =
        Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = lines.join("\n") + "\n";
    let writer = thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{} {arguments:?}: {}", program.display(), output.status);
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Subjects and namespaces of the example, to ask about.
fn known(snapshot: &ringwall_snapshot::Snapshot) -> Known {
    let cluster = &snapshot.cluster;
    let subjects = || cluster.bindings.iter().flat_map(|binding| &binding.subjects);
    let mut users: Vec<String> = subjects()
        .filter(|subject| &*subject.kind == "User")
        .map(|subject| subject.name.to_string())
        .collect();
    users.extend(subjects().filter(|subject| &*subject.kind == "ServiceAccount").filter_map(|subject| {
        Some(format!("system:serviceaccount:{}:{}", subject.namespace.as_ref()?, subject.name))
    }));
    users.extend(cluster.nodes.iter().map(|node| format!("system:node:{}", node.name)));
    Known {
        namespaces: cluster.namespaces.iter().map(|namespace| namespace.name.to_string()).collect(),
        users,
        groups: (subjects().filter(|subject| &*subject.kind == "Group"))
            .map(|subject| subject.name.to_string())
            .filter(|group| group != "system:masters")
            .collect(),
        held: held(cluster),
    }
}

/// Rules with whoever holds them: questions that aim at these are allowed, or nearly so.
fn held(cluster: &Cluster) -> Vec<Held> {
    let mut all = Vec::new();
    for binding in &cluster.bindings {
        let place = binding.reference.namespace.as_deref();
        let is_role = |role: &&Role| {
            let scope = if binding.role.kind == RoleKind::Role { place } else { None };
            role.reference.name == binding.role.name && role.reference.namespace.as_deref() == scope
        };
        let Some(role) = cluster.roles.iter().find(is_role) else { continue };
        for (subject, rule) in
            binding.subjects.iter().flat_map(|subject| role.rules.iter().map(move |rule| (subject, rule)))
        {
            let (user, groups) = match &*subject.kind {
                "Group" if &*subject.name != "system:masters" => {
                    (String::new(), vec![subject.name.to_string()])
                }
                "User" => (subject.name.to_string(), Vec::new()),
                "ServiceAccount" => {
                    let namespace = subject.namespace.as_deref().or(place).unwrap_or_default();
                    (format!("system:serviceaccount:{namespace}:{}", subject.name), Vec::new())
                }
                _ => continue,
            };
            let namespace = place.unwrap_or_default().to_owned();
            all.push(Held { user, groups, namespace, rule: rule.clone() });
        }
    }
    all
}

/// Loads manifests; nothing may be refused.
fn apply(testbed: &Testbed, paths: &[&Path]) -> BTreeMap<String, usize> {
    let mut arguments = vec!["apply", "--create-namespaces"];
    arguments.extend(paths.iter().map(|path| path.to_str().unwrap()));
    let answers = testbed.lines(&arguments, &[]);
    let refused: Vec<&Value> = answers.iter().filter(|answer| answer["result"] != "applied").collect();
    assert!(refused.is_empty(), "the apiserver refused {refused:#?}");
    let mut kinds = BTreeMap::new();
    for answer in &answers {
        *kinds.entry(answer["kind"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    kinds
}

#[test]
#[ignore = "needs the testbed: cargo xtask test"]
fn verdicts_are_the_apiservers() {
    let seed = seed();
    let mut seeded = Seeded::new(seed);
    let folder = tempfile::tempdir().unwrap();
    let testbed = Testbed::start(&folder.path().join("testbed"));
    let generated = folder.path().join("generated.yaml");
    write_lines(&generated, &generate::cluster(&mut seeded));
    let kinds = apply(&testbed, &[&repository().join("examples/storefront/kubernetes"), &generated]);
    assert!(
        kinds.get("RoleBinding").is_some_and(|count| *count > 40),
        "the example and more were loaded: {kinds:?}"
    );

    let in_yaml = settled_snapshot(&testbed, folder.path(), "yaml");
    let snapshot = ringwall_snapshot::read(&in_yaml, &ringwall_snapshot::Options::default()).unwrap();
    let known = known(&snapshot);
    let specs: Vec<Value> = (0..REVIEWS).map(|_| generate::review(&mut seeded, &known)).collect();
    let lines: Vec<String> = specs.iter().map(Value::to_string).collect();
    let theirs = testbed.lines(&["review"], &lines);
    let ours = batch(&in_yaml, &lines);
    assert_eq!((theirs.len(), ours.len()), (REVIEWS, REVIEWS));
    let mut disagreements = Vec::new();
    let mut allowed = 0;
    for ((spec, theirs), ours) in specs.iter().zip(&theirs).zip(&ours) {
        assert!(
            theirs["error"].as_str().is_none_or(str::is_empty),
            "the apiserver failed: {theirs} for {spec}"
        );
        let expected = theirs["allowed"].as_bool().unwrap();
        allowed += usize::from(expected);
        if expected != (ours["decision"] == "allowed") {
            disagreements.push(format!("{spec}\n  apiserver: {theirs}\n  ringwall:  {ours}"));
        }
    }
    let agreed = REVIEWS - disagreements.len();
    println!(
        "{agreed} of {REVIEWS} verdicts agree with kube-apiserver {} ({allowed} allowed), seed {seed}",
        testbed.version
    );
    assert!(
        disagreements.is_empty(),
        "seed {seed}:\n{}",
        disagreements[..disagreements.len().min(SHOWN)].join("\n")
    );
    assert!(
        (REVIEWS / 10..REVIEWS * 9 / 10).contains(&allowed),
        "{allowed} of {REVIEWS} allowed says too little"
    );

    // The same state printed as JSON gives the same answers, to the last reason but for its spot.
    let in_json = settled_snapshot(&testbed, folder.path(), "json");
    for ((spec, yaml), json) in specs.iter().zip(&ours).zip(&batch(&in_json, &lines)) {
        assert_eq!(yaml["decision"], json["decision"], "seed {seed}: {spec}");
    }
    escalations_are_the_apiservers(&testbed, &in_yaml, &mut seeded, seed);
}

/// Whoever may not grant a right is told so by both.
fn escalations_are_the_apiservers(testbed: &Testbed, snapshot: &Path, seeded: &mut Seeded, seed: u64) {
    let snapshot = ringwall_snapshot::read(snapshot, &ringwall_snapshot::Options::default()).unwrap();
    let authorizer = Authorizer::new(&snapshot.cluster);
    let attempts: Vec<Value> = (0..ATTEMPTS).map(|at| generate::grant_attempt(seeded, at)).collect();
    let lines: Vec<String> = attempts.iter().map(Value::to_string).collect();
    let theirs = testbed.lines(&["dry-run"], &lines);
    assert_eq!(theirs.len(), ATTEMPTS);
    let mut allowed = 0;
    for (attempt, theirs) in attempts.iter().zip(&theirs) {
        let expected = theirs["allowed"].as_bool().unwrap();
        allowed += usize::from(expected);
        let ours = may_grant(&authorizer, attempt);
        assert_eq!(ours, expected, "seed {seed}: {attempt}\n  apiserver: {theirs}");
    }
    println!("{ATTEMPTS} of {ATTEMPTS} attempts to grant rights agree ({allowed} allowed)");
    assert!(allowed > ATTEMPTS / 50 && allowed < ATTEMPTS, "{allowed} of {ATTEMPTS} allowed says too little");
}

fn may_grant(authorizer: &Authorizer<'_>, attempt: &Value) -> bool {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let groups: Vec<String> = attempt["groups"].as_array().unwrap().iter().map(text).collect();
    // Groups that are given replace those that a service account would have.
    let user = User::authenticated(&text(&attempt["user"]), groups);
    let object = &attempt["object"];
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    let in_namespace = Some(namespace).filter(|namespace| !namespace.is_empty());
    if let Some(rules) = object["rules"].as_array() {
        let rules: Vec<PolicyRule> = rules.iter().map(rule).collect();
        let wanted = WantedRole {
            write: RoleWrite::Create,
            namespace: in_namespace,
            rules: &rules,
            aggregated: false,
        };
        return may_create(authorizer, &user, object, namespace)
            && authorizer.may_write_role(&user, &wanted).is_allowed();
    }
    let kind = if object["roleRef"]["kind"] == "Role" { RoleKind::Role } else { RoleKind::ClusterRole };
    let role = RoleRef { kind, name: object["roleRef"]["name"].as_str().unwrap().into(), line: 0 };
    may_create(authorizer, &user, object, namespace)
        && authorizer.may_bind(&user, &role, in_namespace).is_allowed()
}

fn may_create(authorizer: &Authorizer<'_>, user: &User, object: &Value, namespace: &str) -> bool {
    let plural = object["kind"].as_str().unwrap().to_lowercase() + "s";
    let target =
        ringwall_rbac::Target::resource("rbac.authorization.k8s.io", &plural).in_namespace(namespace);
    authorizer.decide(&ringwall_rbac::Question { user, verb: "create", target }).is_allowed()
}

fn rule(value: &Value) -> PolicyRule {
    let list = |key: &str| -> Vec<std::sync::Arc<str>> {
        value[key].as_array().into_iter().flatten().map(|item| item.as_str().unwrap().into()).collect()
    };
    PolicyRule {
        verbs: list("verbs"),
        api_groups: list("apiGroups"),
        resources: list("resources"),
        resource_names: list("resourceNames"),
        non_resource_urls: list("nonResourceURLs"),
        line: 0,
    }
}
