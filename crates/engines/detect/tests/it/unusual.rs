//! Unusual calls to AWS: the cases under `cases/detect/unusual`, after two made-up weeks in which nothing is.

use std::sync::LazyLock;

use ringwall_detect::baseline::Baseline;
use ringwall_detect::finding::{DefinedBy, Place};
use ringwall_detect::{Detector, cloudtrail};
use serde_json::{Value, json};

use crate::cloudtrail::{cases, merge};
use crate::days::Chance;

/// Hours from Monday, 19 October 2026, 00:00.
const HOURS: u64 = 14 * 24;

fn file() -> Value {
    serde_json::from_slice(&std::fs::read(cases("unusual").join("calls.json")).unwrap()).unwrap()
}

fn time(hour: u64, minute: u64) -> String {
    let day = hour / 24;
    let (month, day) = if day < 13 { (10, 19 + day) } else { (11, day - 12) };
    format!("2026-{month:02}-{day:02}T{:02}:{minute:02}:00Z", hour % 24)
}

fn role(role: &str, session: &str) -> Value {
    let arn = format!("arn:aws:sts::111122223333:assumed-role/{role}/{session}");
    json!({"type": "AssumedRole", "arn": arn, "principalId": format!("AROAEXAMPLE:{session}"), "accessKeyId": format!("ASIA{role}{session}")})
}

struct Account<'c> {
    detector: Detector,
    base: &'c Value,
    chance: Chance,
    hour: u64,
    number: u64,
}

impl Account<'_> {
    fn call(&mut self, change: Value) {
        let mut record = self.base.clone();
        record["eventID"] = json!(format!("e-{}", self.number));
        record["eventTime"] = json!(time(self.hour, self.number % 60));
        merge(&mut record, &change);
        let place = Place { file: "trail.json".into(), line: self.number + 1 };
        self.number += 1;
        cloudtrail::read(&record.to_string(), &mut |record| self.detector.cloudtrail(record, &place))
            .unwrap();
    }

    fn by(&mut self, who: Value, from: &str, agent: &str, service: &str, action: &str) {
        self.call(json!({
            "userIdentity": who, "sourceIPAddress": from, "userAgent": agent,
            "eventSource": format!("{service}.amazonaws.com"), "eventName": action,
        }));
    }

    /// What happens in an hour of any week.
    fn hour(&mut self) {
        let (hour, day) = (self.hour % 24, self.hour / 24 % 7);
        for node in 0..3 {
            let who = role("eks-node", &format!("i-0123456789abcde{node:02}"));
            let from = format!("203.0.113.{}", 70 + node);
            self.by(who.clone(), &from, "ecr-credential-provider/1.0", "ecr", "GetAuthorizationToken");
            self.by(who, &from, "ecr-credential-provider/1.0", "ec2", "DescribeInstances");
        }
        for pod in 0..2 {
            let who = role("cart", &format!("eks-shop-cart-{pod}-{:08x}-77aa", self.number));
            self.by(who, "203.0.113.70", "aws-sdk-go-v2/1.30", "secretsmanager", "GetSecretValue");
        }
        let who = role("karpenter", &format!("{}", 1_793_000_000_000_000_000 + self.number));
        for action in ["DescribeInstances", "RunInstances", "TerminateInstances"] {
            self.by(who.clone(), "203.0.113.71", "karpenter.sh-1.6.0", "ec2", action);
        }
        if hour == 2 {
            let who = role("backup", "nightly-1793000000");
            for (service, action) in
                [("rds", "CreateDBSnapshot"), ("ec2", "CreateSnapshot"), ("ec2", "DeleteSnapshot")]
            {
                self.by(who.clone(), "203.0.113.72", "Boto3/1.40.0", service, action);
            }
        }
        if day >= 5 || !(8..18).contains(&hour) {
            return;
        }
        let who = role("deploy", &format!("run-{}", 29_000_000 + self.number));
        for (service, action) in [
            ("ecr", "GetAuthorizationToken"),
            ("eks", "DescribeCluster"),
            ("cloudformation", "UpdateStack"),
            ("lambda", "UpdateFunctionCode20150331v2"),
        ] {
            self.by(who.clone(), "192.0.2.200", "aws-cli/2.28.0", service, action);
        }
        if self.chance.next(10) == 0 {
            for action in ["CreateRole", "PutRolePolicy", "AttachRolePolicy"] {
                self.by(who.clone(), "192.0.2.200", "Terraform/1.13", "iam", action);
            }
        }
        for person in ["bob", "carol"] {
            let who = role("AWSReservedSSO_Admin_0123", &format!("{person}@example.com"));
            let agents = ["aws-cli/2.30.0", "Mozilla/5.0", "aws-cli/2.30.0"];
            for _ in 0..1 + self.chance.next(4) {
                let agent = agents[usize::try_from(self.chance.next(3)).unwrap()];
                let calls = [
                    ("ec2", "DescribeInstances"),
                    ("eks", "DescribeCluster"),
                    ("s3", "ListBuckets"),
                    ("iam", "ListRoles"),
                    ("iam", "GetRolePolicy"),
                    ("logs", "FilterLogEvents"),
                    ("cloudformation", "DescribeStacks"),
                    ("secretsmanager", "GetSecretValue"),
                    ("secretsmanager", "ListSecrets"),
                    ("iam", "PutRolePolicy"),
                ];
                let (service, action) = calls[usize::try_from(self.chance.next(10)).unwrap()];
                self.by(who.clone(), "203.0.113.10", agent, service, action);
            }
            // He tries what he may not, and everybody knows it.
            if person == "bob" && self.chance.next(4) == 0 {
                self.call(json!({"userIdentity": who, "eventSource": "organizations.amazonaws.com", "eventName": "ListAccounts", "errorCode": "AccessDenied"}));
            }
        }
    }
}

fn weeks(seed: u64, base: &Value) -> Detector {
    let detector = Detector::new();
    let mut account = Account { detector, base, chance: Chance(seed), hour: 0, number: 0 };
    for hour in 0..HOURS {
        account.hour = hour;
        account.hour();
    }
    account.detector
}

fn told(detector: &Detector) -> Vec<String> {
    let mut told: Vec<String> = detector
        .findings()
        .iter()
        .map(|finding| format!("{} {} {}", finding.kind.name, finding.severity, finding.count))
        .collect();
    told.sort();
    told
}

static LEARNED: LazyLock<Baseline> = LazyLock::new(|| weeks(1, &file()["base"]).into_baseline());

#[test]
fn two_ordinary_weeks_tell_nothing() {
    for seed in 1..4 {
        let detector = weeks(seed, &file()["base"]);
        let findings = detector.findings();
        let told: Vec<_> = findings
            .iter()
            .map(|one| (one.kind.name, &one.details.description, &one.details.terms))
            .collect();
        assert!(told.is_empty(), "seed {seed}: {told:#?}");
    }
}

#[test]
fn each_case_is_told_as_it_says() {
    let file = file();
    let mut wrong = Vec::new();
    for case in file["cases"].as_array().unwrap() {
        let mut detector = Detector::new();
        if case["learned"] != json!(false) {
            // By way of a file, as it is kept between two runs.
            detector = detector.with_baseline(Baseline::from_bytes(&LEARNED.to_bytes()).unwrap());
        }
        let mut account =
            Account { detector, base: &file["base"], chance: Chance(0), hour: HOURS + 10, number: 0 };
        for call in case["calls"].as_array().unwrap() {
            account.call(call.clone());
        }
        let told = told(&account.detector);
        let expected: Vec<&str> =
            case["expect"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        if told != expected {
            let findings = account.detector.findings();
            let terms: Vec<_> =
                findings.iter().map(|one| (&one.details.description, &one.details.terms)).collect();
            wrong.push(format!(
                "{}:\n  expected {expected:?}\n  told     {told:?}\n  {terms:?}",
                case["what"]
            ));
        }
        for finding in account.detector.findings() {
            let is_anomaly = finding.kind.name.ends_with(":IAMUser/AnomalousBehavior");
            assert_eq!(is_anomaly, !finding.details.terms.is_empty(), "each says why");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_anomaly_of_guardduty_has_cases_of_both_kinds() {
    let file = file();
    let cases: Vec<&str> = file["cases"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|case| case["expect"].as_array().unwrap())
        .map(|told| told.as_str().unwrap().split(' ').next().unwrap())
        .collect();
    let kinds: Vec<&str> = cloudtrail::KINDS
        .into_iter()
        .flatten()
        .filter(|kind| kind.by == DefinedBy::GuardDuty && kind.name.ends_with("/AnomalousBehavior"))
        .map(|kind| kind.name)
        .collect();
    assert_eq!(kinds.len(), 8, "as many as GuardDuty documents");
    for kind in kinds {
        assert!(cases.contains(&kind), "{kind}");
    }
}

#[test]
fn calls_are_kept_with_the_state_and_merged() {
    let mut detector = Detector::new().with_baseline(LEARNED.clone());
    let place = Place { file: "trail.json".into(), line: 1 };
    let mut record = file()["base"].clone();
    record["eventTime"] = json!(time(HOURS + 10, 0));
    cloudtrail::read(&record.to_string(), &mut |record| detector.cloudtrail(record, &place)).unwrap();
    let state = detector.state();
    assert_eq!(Detector::from_state(&state).unwrap().state(), state);
    let mut merged = Baseline::new();
    merged.merge(&LEARNED);
    let mut record = file()["base"].clone();
    merge(
        &mut record,
        &json!({"eventTime": time(HOURS + 10, 0), "eventSource": "rds.amazonaws.com", "eventName": "DeleteDBInstance", "sourceIPAddress": "198.51.100.66"}),
    );
    let mut detector = Detector::new().with_baseline(merged);
    cloudtrail::read(&record.to_string(), &mut |record| detector.cloudtrail(record, &place)).unwrap();
    assert_eq!(told(&detector), ["Impact:IAMUser/AnomalousBehavior high 1"]);
}
