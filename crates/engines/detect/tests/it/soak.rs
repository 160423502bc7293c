//! Memory stays flat however many events come, of however many actors, objects and addresses: `cargo xtask soak detect`.

use std::fmt::Write;
use std::time::Instant;

use ringwall_detect::finding::Place;
use ringwall_detect::{Detector, audit, cloudtrail};

use crate::days::Chance;
use crate::detect::set;

/// How many events there are, if the variable does not say.
const EVENTS: u64 = 50_000_000;
const EVENTS_VARIABLE: &str = "RINGWALL_SOAK_EVENTS";
/// How often memory is looked at, in a run.
const LOOKS: u64 = 10;
/// How much memory may grow after the first tenth, when all that is bounded has been full. What is left is the allocator's: maps are
/// made anew as their generations end.
const MOST_GROWTH: f64 = 1.15;
/// Milliseconds from event to event: 50 million are two months.
const STEP: u64 = 100;
/// 2 November 2026, in days since 1970.
const FIRST_DAY: u64 = 20_759;

#[test]
#[ignore = "takes minutes: `cargo xtask soak detect`"]
fn memory_stays_flat() {
    let events = std::env::var(EVENTS_VARIABLE).map_or(EVENTS, |number| number.parse().unwrap());
    let mut detector = set(Detector::new());
    let mut chance = Chance(1);
    let mut text = String::new();
    let (start, mut first, mut taken) = (Instant::now(), None, 0);
    println!(
        "{:>12} {:>10} {:>10} {:>6} {:>9} {:>9}",
        "events", "RSS MiB", "peak MiB", "ratio", "events/s", "findings"
    );
    for number in 0..events {
        text.clear();
        let of_trail = event(&mut text, &mut chance, number);
        let place = Place { file: "soak".into(), line: number };
        if of_trail {
            cloudtrail::read(&text, &mut |record| detector.cloudtrail(record, &place)).unwrap();
        } else {
            audit::read(&text, &mut |event| detector.audit(event, &place)).unwrap();
        }
        // As a service does it.
        if number % 100_000 == 0 {
            taken += detector.take_changed().len();
        }
        if (number + 1) % (events / LOOKS) == 0 {
            let (resident, peak) = memory();
            let first = *first.get_or_insert(peak);
            let rate = (number + 1) as f64 / start.elapsed().as_secs_f64();
            let ratio = peak / first;
            let open = detector.findings().len();
            println!("{:>12} {resident:>10.0} {peak:>10.0} {ratio:>6.3} {rate:>9.0} {open:>9}", number + 1);
            assert!(ratio <= MOST_GROWTH, "memory grew by {ratio:.3}, more than {MOST_GROWTH}");
        }
    }
    let begin = Instant::now();
    let state = detector.state();
    let (kept, seconds) = (state.len() as f64 / 1_048_576.0, begin.elapsed().as_secs_f64());
    let begin = Instant::now();
    let restored = Detector::from_state(&state).unwrap();
    let back = begin.elapsed().as_secs_f64();
    println!(
        "state: {kept:.0} MiB in {seconds:.2} s, back in {back:.2} s; {taken} changes; {:?}",
        detector.lost()
    );
    println!("{:?}", detector.counts());
    assert_eq!(restored.findings(), detector.findings());
    assert_eq!(detector.counts().judged, events, "no event was left out");
}

/// What the process has in memory, and had at most, in MiB.
fn memory() -> (f64, f64) {
    let status = String::from_utf8(std::fs::read("/proc/self/status").unwrap()).unwrap();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    };
    (field("VmRSS:"), field("VmHWM:"))
}

/// Writes an event of the audit log or, then it says so, a record of CloudTrail. Everybody who can be is somebody else, and everything another
/// thing: each memory gets more than it can hold.
fn event(text: &mut String, chance: &mut Chance, number: u64) -> bool {
    let time = time(number);
    let [small, large, unique] = [chance.next(5_000), chance.next(200_000), chance.next(1 << 40)];
    let private = format_args!("10.{}.{}.{}", large % 250, small % 250, unique % 250).to_string();
    let public = format_args!("198.{}.{}.{}", 64 + unique % 64, large % 250, small % 250).to_string();
    let mut audit = |user: &str,
                     extra: &str,
                     address: &str,
                     agent: &str,
                     verb: &str,
                     object: &str,
                     code: u16,
                     body: &str| {
        write!(
            text,
            r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"{number:08x}-{unique:012x}","stage":"ResponseComplete","requestURI":"/api/v1/x?n={small}","verb":"{verb}","user":{{"username":"{user}","groups":["system:authenticated"],"extra":{{{extra}}}}},"sourceIPs":["{address}"],"userAgent":"{agent}","objectRef":{{{object}}},"responseStatus":{{"code":{code}}},{body}"requestReceivedTimestamp":"{time}"}}"#
        )
        .unwrap();
    };
    let people = format!("person-{large}@example.com");
    let kubectl = "kubectl/v1.33.1 (linux/amd64) kubernetes/8adc0f0";
    match number % 100 {
        0..40 => audit(
            &format!("system:serviceaccount:team-{}:app-{large}", small % 500),
            &format!(r#""authentication.kubernetes.io/pod-name":["app-{large}-{unique:x}"]"#),
            &private,
            &format!("app-{}/v1", small % 300),
            if small % 2 == 0 { "get" } else { "list" },
            &format!(r#""resource":"configmaps","namespace":"team-{}","name":"c-{unique}""#, small % 500),
            200,
            "",
        ),
        40..55 => audit(
            &format!("system:node:ip-{small}"),
            "",
            &private,
            "kubelet/v1.33.0 (linux/amd64) kubernetes/60a317e",
            "get",
            &format!(r#""resource":"secrets","namespace":"team-{}","name":"s-{large}""#, small % 500),
            200,
            "",
        ),
        55..65 => {
            let object = format!(r#""resource":"r{}","namespace":"team-{small}""#, unique % 40);
            audit(&people, "", &public, kubectl, "list", &object, 403, "");
        }
        65..72 => {
            let object = format!(r#""resource":"secrets","namespace":"team-{small}","name":"s-{unique}""#);
            let person = format!("person-{}@example.com", number / 1000);
            audit(&person, "", &public, kubectl, "get", &object, 200, "");
        }
        72..76 => {
            let object = format!(r#""resource":"pods","namespace":"team-{small}","name":"pod-{unique:x}""#);
            let body = format!(
                r#""requestObject":{{"metadata":{{"name":"pod-{unique:x}"}},"spec":{{"serviceAccountName":"a-{small}","containers":[{{"name":"c","image":"registry.example/i-{large}:1","securityContext":{{"privileged":true}}}}]}}}},"#
            );
            audit(&people, "", &public, kubectl, "create", &object, 201, &body);
        }
        76..79 => {
            let object = format!(
                r#""resource":"pods","subresource":"exec","namespace":"kube-system","name":"pod-{unique:x}""#
            );
            audit(&people, "", &public, kubectl, "create", &object, 101, "");
        }
        79..82 => {
            let object = format!(
                r#""resource":"clusterrolebindings","apiGroup":"rbac.authorization.k8s.io","name":"b-{unique:x}""#
            );
            let body = format!(
                r#""requestObject":{{"roleRef":{{"kind":"ClusterRole","name":"cluster-admin"}},"subjects":[{{"kind":"ServiceAccount","namespace":"team-{small}","name":"a-{small}"}}]}},"#
            );
            audit(&people, "", &public, kubectl, "create", &object, 201, &body);
        }
        82..84 => {
            let object = format!(r#""resource":"pods","namespace":"team-{unique}""#);
            audit("system:anonymous", "", &public, "curl/8.0", "list", &object, 200, "");
        }
        84..88 => {
            let object = format!(r#""resource":"secrets","namespace":"team-{small}","name":"s-{unique}""#);
            let person = format!("person-{}@example.com", number / 1000);
            audit(&person, "", &public, kubectl, "get", &object, 403, "");
        }
        rest => {
            trail(text, rest, [number, small, large, unique], &time, &public);
            return true;
        }
    }
    false
}

fn trail(text: &mut String, kind: u64, [number, small, large, unique]: [u64; 4], time: &str, public: &str) {
    let session = |role: &str, name: &str, key: &str| {
        format!(
            r#""userIdentity":{{"type":"AssumedRole","principalId":"AROA{role}:{name}","arn":"arn:aws:sts::111122223333:assumed-role/{role}/{name}","accountId":"111122223333","accessKeyId":"{key}"}}"#
        )
    };
    let (identity, source, name, response) = match kind {
        88..92 => {
            let of =
                session(&format!("role-{small}"), &format!("i-{unique:017x}"), &format!("ASIA{unique:016}"));
            (of, "sts", "GetCallerIdentity", "null".to_owned())
        }
        92..95 => (
            format!(
                r#""userIdentity":{{"type":"IAMUser","principalId":"AIDA{large}","arn":"arn:aws:iam::111122223333:user/u-{large}","accountId":"111122223333","accessKeyId":"AKIA{large:016}","userName":"u-{large}"}}"#
            ),
            "iam",
            "CreateAccessKey",
            "null".to_owned(),
        ),
        95..97 => {
            let of = session("admin", &format!("person-{large}"), &format!("ASIA{large:016}"));
            (of, "secretsmanager", "GetSecretValue", "null".to_owned())
        }
        _ => (
            format!(
                r#""userIdentity":{{"type":"WebIdentityUser","principalId":"x","userName":"system:serviceaccount:team-{small}:app-{large}","identityProvider":"arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A"}}"#
            ),
            "sts",
            "AssumeRoleWithWebIdentity",
            format!(
                r#"{{"credentials":{{"accessKeyId":"ASIA{unique:016}"}},"assumedRoleUser":{{"arn":"arn:aws:sts::111122223333:assumed-role/role-{small}/s-{unique}"}}}}"#
            ),
        ),
    };
    write!(
        text,
        r#"{{"eventVersion":"1.11",{identity},"eventTime":"{time}","eventSource":"{source}.amazonaws.com","eventName":"{name}","awsRegion":"eu-west-1","sourceIPAddress":"{public}","userAgent":"aws-cli/2.31.8 md/c-{large}","requestParameters":null,"responseElements":{response},"eventID":"{number:08x}-{unique:012x}","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"}}"#
    )
    .unwrap();
}

/// When an event is, as both logs write it.
fn time(number: u64) -> String {
    let milliseconds = number * STEP;
    let (mut day, rest) = (FIRST_DAY + milliseconds / 86_400_000, milliseconds % 86_400_000);
    // Source: H. Hinnant, *chrono-compatible low-level date algorithms*, `civil_from_days`.
    day += 719_468;
    let era = day / 146_097;
    let of_era = day % 146_097;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let (year, month) =
        if month < 10 { (year + era * 400, month + 3) } else { (year + era * 400 + 1, month - 9) };
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    format!("{year}-{month:02}-{of_month:02}T{hour:02}:{minute:02}:{second:02}.{:03}000Z", rest % 1000)
}
