use std::fs;

use serde_json::Value;

use crate::snapshot::{Said, run};

/// The key that a pipeline's role gave to whom it should not have.
const STOLEN: &str = "ASIAEXAMPLE0CIPULL01";

fn timeline(arguments: &[&str], input: &str) -> Said {
    let arguments: Vec<String> =
        std::iter::once("timeline").chain(arguments.iter().copied()).map(str::to_owned).collect();
    run(&arguments, input)
}

fn storefront(who: &str, rest: &[&str]) -> Said {
    timeline(&[&["--who", who, "examples/storefront"], rest].concat(), "")
}

/// An entry in a line: when, by which link, how sure, what.
fn told(entry: &Value) -> String {
    let part = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    format!(
        "{} {} {} {} {} {} {}",
        part("time"),
        entry["joined"]["link"].as_str().unwrap(),
        entry["joined"]["strength"].as_str().unwrap(),
        part("action"),
        part("object"),
        part("result"),
        entry["findings"].as_array().unwrap().len(),
    )
}

fn entries(said: &Said) -> Vec<Value> {
    said.json()["entries"].as_array().unwrap().clone()
}

#[test]
fn one_list_tells_who_did_what_by_which_names() {
    let said = storefront(STOLEN, &[]);
    assert_eq!(said.status, 0, "{said:?}");
    insta::assert_snapshot!("text", said.stdout + &said.stderr);
}

#[test]
fn programs_get_all_of_it_with_its_proof() {
    let said = storefront(STOLEN, &["--output", "json"]);
    let all = said.json();
    let lines: Vec<String> = entries(&said).iter().map(told).collect();
    insta::assert_snapshot!("json_entries", lines.join("\n"));
    let identities = all["identities"].as_array().unwrap();
    for (at, identity) in identities.iter().enumerate() {
        let through = &identity["through"];
        if through.is_null() {
            assert_eq!(identity["name"], STOLEN);
        } else {
            assert_ne!(through["identity"].as_u64(), Some(at as u64), "{identity}");
            proved(&through["evidence"]);
        }
    }
    for entry in entries(&said) {
        proved(&entry["evidence"]);
        let identity = &identities[usize::try_from(entry["identity"].as_u64().unwrap()).unwrap()];
        let names = entry["names"].as_array().unwrap();
        assert!(names.iter().any(|name| name["name"] == identity["name"]), "{entry}");
    }
    assert_eq!(all["origins"][0]["name"], "repo:example/newsletter-theme:pull_request");
    assert_eq!(
        all["origins"].as_array().unwrap().len(),
        1,
        "the session's name is others' too: {}",
        all["origins"]
    );
}

/// A file of the repository.
fn read(name: &str) -> String {
    let path = format!("{}/../../{name}", env!("CARGO_MANIFEST_DIR"));
    String::from_utf8(fs::read(path).unwrap()).unwrap()
}

/// The event stands where it is said to stand.
fn proved(evidence: &Value) {
    let text = read(evidence["file"].as_str().unwrap());
    let line = usize::try_from(evidence["line"].as_u64().unwrap()).unwrap();
    let id = evidence.get("auditID").or(evidence.get("eventID")).unwrap().as_str().unwrap();
    assert!(text.lines().nth(line - 1).unwrap().contains(id), "{evidence}");
}

#[test]
fn each_name_of_somebody_leads_to_what_he_did() {
    let all = entries(&storefront(STOLEN, &["--output", "json"]));
    let of = |who: &str| entries(&storefront(who, &["--output", "json"]));
    let with_the_call: Vec<Value> = of("repo:example/newsletter-theme:pull_request");
    assert_eq!(with_the_call.len(), all.len() + 1);
    // The pipeline's own calls have the same session and the same Kubernetes user.
    for who in [
        "ci-deploy",
        "GitHubActions",
        "storefront-ci-deploy",
        "arn:aws:iam::111122223333:role/storefront-ci-deploy",
        "arn:aws:sts::111122223333:assumed-role/storefront-ci-deploy/GitHubActions",
        "AROAEXAMPLEECDE2CD156",
        "AROAEXAMPLEECDE2CD156:GitHubActions",
    ] {
        let entries = of(who);
        assert!(entries.len() > all.len(), "{who}: {}", entries.len());
        let actions: Vec<&Value> = entries.iter().map(|entry| &entry["action"]).collect();
        assert!(actions.iter().any(|action| *action == "ecr:PutImage"), "{who}");
    }
    assert!(all.iter().all(|entry| entry["action"] != "ecr:PutImage"));
    let token = of("kube-system/metrics-cache");
    assert!(token.iter().any(|entry| entry["object"] == "storefront/payments-db"), "{token:?}");
    let address = of("203.0.113.77");
    assert!(address.iter().any(|entry| entry["action"] == "list pods"), "{address:?}");
}

#[test]
fn a_name_that_nobody_has_is_no_failure() {
    let said = storefront("storefront-ci-deplyo", &[]);
    assert_eq!((said.status, said.stdout.as_str()), (0, ""));
    assert!(said.stderr.contains("nobody in these logs is named `storefront-ci-deplyo`"), "{}", said.stderr);
    assert!(said.stderr.contains("did you mean `storefront-ci-deploy`?"), "{}", said.stderr);
    let said = storefront("storefront-ci-deplyo", &["--output", "json"]);
    assert_eq!(said.json()["alike"][0], "storefront-ci-deploy");
    assert_eq!(timeline(&["--who", "x", "examples/nothing"], "").status, 2);
    assert_eq!(timeline(&["examples/storefront"], "").status, 2);
}

#[test]
fn a_part_of_the_time_is_told_with_all_of_the_links() {
    let part = ["--since", "2026-10-13T01:50:00Z", "--until", "2026-10-13T03:52:00+02:00"];
    let said = storefront(STOLEN, &[&part[..], &["--output", "json"]].concat());
    let objects: Vec<Value> = entries(&said).iter().map(|entry| entry["object"].clone()).collect();
    assert_eq!(
        objects,
        [
            "storefront/payments-db",
            "storefront/acquirer-signing-key",
            "storefront/orders-db",
            "storefront/portal-oidc"
        ]
    );
    let said = storefront(STOLEN, &["--until", "2026-10-12"]);
    assert_eq!(said.status, 0);
    assert!(said.stderr.contains("they did nothing in that time"), "{}", said.stderr);
    let said = storefront(STOLEN, &["--since", "2026-10-13", "--until", "2026-10-12"]);
    assert_eq!(said.status, 2);
    assert_eq!(storefront(STOLEN, &["--since", "noon"]).status, 2);
}

#[test]
fn the_order_of_files_is_no_matter() {
    let (audit, trail) = ("examples/storefront/audit", "examples/storefront/cloudtrail");
    let one = timeline(&["--who", STOLEN, audit, trail], "");
    let other = timeline(&["--who", STOLEN, trail, audit], "");
    assert_eq!(one.stdout, other.stdout);
    assert!(one.stdout.contains("GetSecretValue"));
}

#[test]
fn standard_input_is_read_twice() {
    let log = read("examples/storefront/audit/2026-10-13.jsonl");
    let said = timeline(&["--who", STOLEN, "-", "--output", "json"], &log);
    assert_eq!(said.status, 0, "{}", said.stderr);
    let entries = entries(&said);
    assert!(entries.iter().any(|entry| entry["action"] == "create pods/exec"), "{entries:?}");
    assert!(entries.iter().all(|entry| entry["evidence"]["file"] == "-"));
}

#[test]
fn where_all_is_put_right_only_attempts_are_told() {
    let who = "repo:example/newsletter-theme:pull_request";
    let said = timeline(&["--who", who, "examples/hardened", "--output", "json"], "");
    let results: Vec<Value> = entries(&said).iter().map(|entry| entry["result"].clone()).collect();
    assert_eq!(results, ["denied", "denied", "denied"]);
}
