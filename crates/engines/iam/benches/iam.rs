//! How fast requests are decided and who-can is answered, each beside the naive evaluator of the tests and beside
//! iam-simulate in the same run: `cargo bench -p ringwall-iam`.
//!
//! iam-simulate is set up by `cargo xtask iam-peers`, which this asks for it; where Node.js is missing, the line says so.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark stops at the first surprise")]

#[path = "../tests/it/naive/mod.rs"]
mod naive;
#[path = "../tests/it/naive_facts.rs"]
mod naive_facts;
#[path = "../tests/it/tree.rs"]
mod tree;

use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use ringwall_iam::inventory::{Access, Inventory};
use ringwall_iam::line::Question;
use ringwall_iam::{Context, View, decide};
use ringwall_model::{Cluster, IamPrincipal, IamPrincipalKind, PolicyDocument, Source};
use serde_json::{Value, json};

/// Rounds over all questions. Of each question the median of its rounds counts, and of all questions their median.
const ROUNDS: usize = 200;
/// Generated questions of a kind: few enough that their policies stay in the cache, as those of a service that enforces do.
const LINES: usize = 30;
/// Roles of the account in which everybody who may read a secret is looked for.
const ROLES: usize = 2_000;

fn main() {
    let all_layers: Vec<Value> = (0..LINES).map(line).collect();
    let cases = cases();
    for (name, lines) in [
        ("every layer present, 13 policies, 45 statements", &all_layers),
        ("the cases under cases/iam", &cases),
    ] {
        decisions(name, lines);
    }
    who_can();
}

fn decisions(name: &str, lines: &[Value]) {
    let questions: Vec<Question> =
        lines.iter().filter_map(|line| Question::parse(&tree::tree(line), &tree::source()).ok()).collect();
    let lines: Vec<&Value> =
        lines.iter().filter(|line| Question::parse(&tree::tree(line), &tree::source()).is_ok()).collect();
    let policies: Vec<_> = questions.iter().map(Question::policies).collect();
    let allowed = questions
        .iter()
        .zip(&policies)
        .filter(|(question, policies)| decide(question.request(), policies, View::Closed).is_allowed())
        .count();
    let own = median_of(ROUNDS, questions.len(), |at| {
        black_box(decide(questions[at].request(), &policies[at], View::Closed));
    });
    let slow = median_of(3, lines.len(), |at| {
        black_box(naive::evaluate(lines[at], &naive_facts::FACTS));
    });
    println!("{name}: {} questions, {allowed} allowed", questions.len());
    println!(
        "  a decision: {:.2} µs, naive evaluator {:.1} µs, {:.0} times",
        own * 1e6,
        slow * 1e6,
        slow / own
    );
    match iam_simulate(&lines) {
        Ok((each, lines)) => {
            println!("  iam-simulate on {lines} of them: {:.1} µs, {:.0} times", each * 1e6, each / own);
        }
        Err(why) => println!("  iam-simulate: not measured: {why}"),
    }
}

/// Seconds of the median question, of each of which the median round counts.
fn median_of(rounds: usize, count: usize, mut ask: impl FnMut(usize)) -> f64 {
    let mut each: Vec<Vec<f64>> = vec![Vec::with_capacity(rounds); count];
    for _ in 0..rounds {
        for (at, times) in each.iter_mut().enumerate() {
            let begun = Instant::now();
            ask(at);
            times.push(begun.elapsed().as_secs_f64());
        }
    }
    let medians = each.into_iter().map(median).collect();
    median(medians)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Seconds of iam-simulate's median question, and how many of the lines it took.
fn iam_simulate(lines: &[&Value]) -> Result<(f64, u64), String> {
    let listed = Command::new(env!("CARGO"))
        .args(["xtask", "iam-peers"])
        .current_dir(repository())
        .stderr(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    let peers: Value = serde_json::from_slice(&listed.stdout).map_err(|error| error.to_string())?;
    let Some(words) = peers["speed"]["iam-simulate"].as_array() else {
        return Err(peers["gaps"]["iam-simulate"]
            .as_str()
            .unwrap_or("cargo xtask iam-peers has it not")
            .to_owned());
    };
    let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
    let mut program = Command::new(words[0])
        .args(&words[1..])
        .arg(ROUNDS.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let mut input = program.stdin.take().unwrap();
    for line in lines {
        writeln!(input, "{line}").map_err(|error| error.to_string())?;
    }
    drop(input);
    let output = program.wait_with_output().map_err(|error| error.to_string())?;
    let said: Value = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let lines = said["lines"].as_u64().unwrap_or(0);
    if lines == 0 {
        return Err(format!("it evaluates none of these lines: {said}"));
    }
    let nanoseconds = said["nanosecondsEach"].as_f64().ok_or("it prints no `nanosecondsEach`")?;
    Ok((nanoseconds / 1e9, lines))
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap().to_owned()
}

/// Requests of the cases.
fn cases() -> Vec<Value> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(repository().join("cases/iam"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let json = files.into_iter().filter(|file| file.extension().is_some_and(|end| end == "json"));
    json.flat_map(|file| {
        let content: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        content["cases"].as_array().unwrap().iter().map(|case| case["request"].clone()).collect::<Vec<_>>()
    })
    .collect()
}

/// A policy of five statements, of which the last allows the request.
fn policy(name: &str, number: usize, principal: bool) -> Value {
    let team = number % 7;
    let mut statements = json!([
        {"Sid": "Read", "Effect": "Allow", "Action": ["ec2:Describe*", "eks:List*"], "Resource": "*"},
        {"Sid": "Queue", "Effect": "Allow", "Action": "sqs:SendMessage",
         "Resource": [format!("arn:aws:sqs:eu-west-1:111122223333:team{team}-*"), "arn:aws:sqs:*:111122223333:shared"]},
        {"Sid": "Insecure", "Effect": "Deny", "Action": "s3:*", "Resource": "*",
         "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {"Sid": "Elsewhere", "Effect": "Deny", "Action": ["s3:PutObject", "s3:DeleteObject"], "Resource": "arn:aws:s3:::orders/*",
         "Condition": {"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.0.2.0/24"]}}},
        {"Sid": "Orders", "Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"],
         "Resource": ["arn:aws:s3:::orders", "arn:aws:s3:::orders/${aws:PrincipalTag/team}/*"],
         "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-example1234"},
                       "StringLike": {"aws:PrincipalTag/team": ["team*", "ops"]}}}
    ]);
    if principal {
        for statement in statements.as_array_mut().unwrap() {
            statement["Principal"] = json!("*");
        }
    }
    json!({"name": name, "policy": {"Version": "2012-10-17", "Statement": statements}})
}

/// A policy that allows the request and denies what nobody should do, as guard rails have it.
fn guard(name: &str, principal: bool) -> Value {
    let mut statements = json!([
        {"Sid": "Rest", "Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Sid": "Insecure", "Effect": "Deny", "Action": "s3:*", "Resource": "*",
         "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {"Sid": "Outside", "Effect": "Deny", "Action": ["s3:GetObject", "sqs:*", "kms:Decrypt"], "Resource": "*",
         "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-example1234"}}}
    ]);
    if principal {
        for statement in statements.as_array_mut().unwrap() {
            statement["Principal"] = json!("*");
        }
    }
    json!({"name": name, "policy": {"Version": "2012-10-17", "Statement": statements}})
}

/// A request with policies in every layer; every third is denied.
fn line(number: usize) -> Value {
    let level =
        |target: &str, principal: bool| json!({"target": target, "policies": [guard(target, principal)]});
    let levels = |principal| ["r-1", "ou-1", "111122223333"].map(|target| level(target, principal));
    let mut bucket = guard("bucket", true);
    bucket["policy"]["Statement"][0]["Principal"] = json!({"AWS": "111122223333"});
    let team = format!("team{}", if number.is_multiple_of(3) { 99 } else { number % 7 });
    json!({
        "principal": "arn:aws:sts::111122223333:assumed-role/checkout/session",
        "action": "s3:GetObject",
        "resource": format!("arn:aws:s3:::orders/team{}/2026/{number}.json", number % 7),
        "resourceAccount": "111122223333",
        "context": {
            "aws:SecureTransport": ["true"],
            "aws:SourceIp": ["10.1.2.3"],
            "aws:PrincipalOrgID": ["o-example1234"],
            "aws:PrincipalTag/team": [team],
            "aws:CurrentTime": ["2026-11-01T00:00:00Z"],
            "aws:userid": ["AROAEXAMPLEEXAMPLE123:session"],
        },
        "policies": {
            "identity": (0..3).map(|at| policy(&format!("identity{at}"), number + at, false)).collect::<Vec<_>>(),
            "resource": bucket,
            "boundary": [guard("boundary", false)],
            "session": [guard("session", false)],
            "vpcEndpoint": [guard("endpoint", true)],
            "scp": levels(false),
            "rcp": levels(true),
        }
    })
}

/// An account of many roles, each with three policies, of which some may read one secret.
fn who_can() {
    let document = |value: &Value| PolicyDocument {
        name: "inline".into(),
        arn: None,
        document: Ok(tree::tree(value)),
        source: Source::new("aws/iam.json", 1),
    };
    let principals = (0..ROLES).map(|number| {
        let arn = format!("arn:aws:iam::111122223333:role/role-{number}");
        let mut role =
            IamPrincipal::new(IamPrincipalKind::Role, arn, format!("role-{number}"), Source::new("aws/iam.json", 1));
        let secret = if number % 10 == 0 { "payments" } else { "other" };
        let reader = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "secretsmanager:Get*",
            "Resource": format!("arn:aws:secretsmanager:eu-west-1:111122223333:secret:{secret}-*")}]});
        role.inline = vec![
            document(&policy("a", number, false)["policy"]),
            document(&policy("b", number + 1, false)["policy"]),
            document(&reader),
        ];
        role
    });
    let mut cluster = Cluster::default();
    cluster.aws.principals = principals.collect();
    cluster.aws.iam_exported = true;
    let begun = Instant::now();
    let inventory = Inventory::of(&cluster);
    let read = begun.elapsed().as_secs_f64();
    let (action, resource): (Arc<str>, Arc<str>) = (
        "secretsmanager:GetSecretValue".into(),
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:payments-AbCdEf".into(),
    );
    let times: Vec<f64> = (0..15)
        .map(|_| {
            let begun = Instant::now();
            let holders = black_box(inventory.who_can(&action, &resource, &Context::default()).unwrap());
            assert_eq!(holders.iter().filter(|holder| holder.access == Access::Always).count(), ROLES / 10);
            begun.elapsed().as_secs_f64()
        })
        .collect();
    let own = median(times);
    let lines: Vec<Value> = cluster
        .aws
        .principals
        .iter()
        .map(|role| {
            let policies: Vec<Value> = role
                .inline
                .iter()
                .map(|document| json!({"name": "p", "policy": json_of(document.document.as_ref().unwrap())}))
                .collect();
            json!({"principal": &*role.arn, "action": &*action, "resource": &*resource,
                   "policies": {"identity": policies}})
        })
        .collect();
    let begun = Instant::now();
    for line in &lines {
        black_box(naive::evaluate(line, &naive_facts::FACTS));
    }
    let slow = begun.elapsed().as_secs_f64();
    println!("who-can over {ROLES} roles with {} policies", ROLES * 3);
    println!(
        "  {:.1} ms, naive evaluator {:.0} ms, {:.0} times; reading the policies once: {:.0} ms",
        own * 1e3,
        slow * 1e3,
        slow / own,
        read * 1e3
    );
}

fn json_of(tree: &ringwall_model::Tree) -> Value {
    use ringwall_model::Value as Tree;
    match &tree.value {
        Tree::Null => Value::Null,
        Tree::Bool(value) => json!(value),
        Tree::Number(number) => json!(number.float),
        Tree::String(text) => json!(&**text),
        Tree::Sequence(items) => items.iter().map(json_of).collect(),
        Tree::Mapping(entries) => entries
            .iter()
            .map(|entry| (entry.key.to_string(), json_of(&entry.value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}
