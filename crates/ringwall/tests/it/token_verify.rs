//! `token verify`: offline, and with a real STS, which is `ringwall serve`.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use ringwall_model::Secret;
use ringwall_sigv4::{Parts, Signer};
use serde_json::{Value, json};

#[path = "../../../services/authn/tests/it/mutants.rs"]
#[expect(clippy::string_slice, reason = "URLs are ASCII")]
mod mutants;
#[path = "../../../services/authn/tests/it/naive.rs"]
#[expect(dead_code, clippy::string_slice, reason = "the webhook's own tests need more of it; URLs are ASCII")]
mod naive;

use crate::installation::Home;
use crate::serve::Running;
use crate::snapshot::{Said, run};

/// 2023-11-14T22:13:20Z.
const NOW: i64 = 1_700_000_000;

fn token(url: &[u8]) -> String {
    format!("k8s-aws-v1.{}", BASE64URL_NOPAD.encode(url))
}

/// A presigned URL for a cluster.
struct Signing<'a> {
    scheme: &'a str,
    host: &'a str,
    region: &'a str,
    cluster: &'a str,
    key: (&'a str, &'a Secret),
    time: i64,
}

impl Signing<'_> {
    fn url(&self) -> String {
        let signer = Signer {
            access_key_id: self.key.0,
            secret: self.key.1,
            session_token: None,
            region: self.region,
            service: "sts",
            time: self.time,
        };
        let headers = [("host", self.host), ("x-k8s-aws-id", self.cluster)];
        let query = Some("Action=GetCallerIdentity&Version=2011-06-15");
        let parts = Parts { method: "GET", path: "/", query, headers: &headers, authority: None };
        format!("{}://{}/?{}", self.scheme, self.host, signer.query(&parts, b"", 60).unwrap())
    }
}

fn offline_url() -> String {
    let secret = Secret::from(String::from("a secret"));
    Signing {
        scheme: "https",
        host: "sts.eu-central-1.amazonaws.com",
        region: "eu-central-1",
        cluster: "shop",
        key: ("AKIAIOSFODNN7EXAMPLE", &secret),
        time: NOW,
    }
    .url()
}

fn offline(arguments: &str, lines: &[u8]) -> Said {
    let arguments = format!("token verify --offline --cluster-id shop {arguments} -");
    let home = Home::new();
    let mut child = home.command(&arguments).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines).unwrap();
    let output = child.wait_with_output().unwrap();
    Said {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn answers(said: &Said) -> Vec<Value> {
    said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const AT: &str = "--partition aws --now 2023-11-14T22:13:20Z";

#[test]
fn each_line_has_an_answer_in_its_order() {
    let good = token(offline_url().as_bytes());
    let mut lines = format!("{good}\n\n{good}\r\nrubbish\n{}\n", "x".repeat(100_000)).into_bytes();
    lines.extend(b"\xff\n");
    lines.extend(good.as_bytes());
    let said = offline(AT, &lines);
    assert_eq!((said.status, said.stderr.as_str()), (0, ""));
    let yes = r#"{"ok":true,"error":"","principal":""}"#;
    let prefix = r#"{"ok":false,"error":"the token does not begin with `k8s-aws-v1.` (hint: `ringwall token` and `aws eks get-token` make one)","principal":""}"#;
    let expected = [
        yes,
        prefix,
        yes,
        prefix,
        r#"{"ok":false,"error":"the line has 100000 bytes; the limit is 8192","principal":""}"#,
        r#"{"ok":false,"error":"the line is not UTF-8","principal":""}"#,
        yes,
    ];
    assert_eq!(said.stdout.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn partition_region_and_time_count() {
    let url = offline_url();
    let line = token(url.as_bytes());
    let ok =
        |arguments: &str, line: &str| answers(&offline(arguments, line.as_bytes()))[0]["ok"] == json!(true);
    assert!(ok("--now 2023-11-14T22:13:20Z", &line), "the partition `aws` goes without saying");
    assert!(ok("--now 2023-11-14T23:28:20+01:00", &line));
    assert!(!ok("--now 2023-11-14T22:28:21Z", &line));
    assert!(!ok("", &line), "of now it is long over");
    assert!(!ok("--partition aws-cn --now 2023-11-14T22:13:20Z", &line));
    let china = token(
        url.replace("eu-central-1", "zz-new-1").replace("amazonaws.com", "amazonaws.com.cn").as_bytes(),
    );
    assert!(!ok("--partition aws-cn --now 2023-11-14T22:13:20Z", &china));
    assert!(ok("--partition aws-cn --region zz-new-1 --now 2023-11-14T22:13:20Z", &china));
    let own = token(url.replace("sts.eu-central-1.amazonaws.com", "sts.example.com:8443").as_bytes());
    assert!(!ok(AT, &own));
    assert!(ok("--sts-endpoint https://sts.example.com:8443 --now 2023-11-14T22:13:20Z", &own));
}

#[test]
fn what_sts_would_refuse_is_told_apart() {
    let said = offline(AT, token(offline_url().replace("%2Fsts%2F", "%2Fs3%2F").as_bytes()).as_bytes());
    assert_eq!(answers(&said), [json!({ "ok": true, "error": "", "principal": "" })]);
    assert!(
        said.stderr.starts_with("note: line 1: STS would refuse it: the token's signature can't be one"),
        "{said:?}"
    );
}

#[test]
fn misuse_is_told() {
    for (arguments, words) in [
        ("token verify -", "--cluster-id"),
        ("token verify --cluster-id shop", "<FILE>"),
        ("token verify --cluster-id shop --partition mars -", "aws-us-gov"),
        ("token verify --cluster-id shop --now yesterday -", "hint: a time is written as"),
        ("token verify --cluster-id shop --now 1700000000 -", "hint: a time is written as"),
        ("token verify --cluster-id shop --sts-endpoint https://a/b -", "is no endpoint of STS"),
        ("token verify --cluster-id shop --sts-endpoint https://a --region x -", "cannot be used with"),
        ("token verify --cluster-id shop --offline absent", "`absent` cannot be read"),
    ] {
        let arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
        let said = run(&arguments, "");
        assert!(said.status == 2 && said.stderr.contains(words), "{arguments:?}: {said:?}");
    }
}

fn clock() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

/// Whoever signed is told by a real STS, over TLS and not; and of all the mutants of a token none is believed.
#[test]
fn a_real_sts_tells_who_signed_and_none_is_believed_that_was_changed() {
    let (home, _) = Home::installed();
    for (mode, scheme) in [("own", "https"), ("off", "http")] {
        let running = Running::start(&home, &format!("--tls-mode {mode}"));
        let address = running.address("address");
        let (id, secret) = (home.access_key(), Secret::from(home.secret()));
        let host = address.to_string();
        let signing = |cluster| Signing {
            scheme,
            host: &host,
            region: "eu-central-1",
            cluster,
            key: (&id, &secret),
            time: clock(),
        };
        let url = signing("shop").url();
        let other = Secret::from(String::from("another secret"));
        let mut lines = vec![token(url.as_bytes()), token(signing("other").url().as_bytes())];
        lines.push(token(Signing { key: (&id, &other), ..signing("shop") }.url().as_bytes()));
        lines.push(token(
            Signing { key: ("AKIAIOSFODNN7EXAMPLE", &secret), ..signing("shop") }.url().as_bytes(),
        ));
        lines.push(token(Signing { time: clock() - 1000, ..signing("shop") }.url().as_bytes()));
        let named = lines.len();
        let signed = canonical_request(&lines[0]);
        assert!(signed.is_some());
        let kinds: Vec<String> = if mode == "own" {
            let (kinds, tokens): (Vec<_>, Vec<_>) = mutants::mutants(&url, &host, "shop").into_iter().unzip();
            // A token is a line here.
            let tokens: Vec<String> =
                tokens.into_iter().map(|token| token.replace(['\n', '\r'], " ")).collect();
            lines.extend(tokens);
            kinds
        } else {
            Vec::new()
        };
        let said = online(&home, scheme, address, &lines);
        assert_eq!(said.status, 0, "{}", said.stderr);
        let answers = answers(&said);
        assert_eq!(answers.len(), lines.len());
        let principal = "arn:aws:iam::111122223333:user/administrator";
        assert_eq!(answers[0], json!({ "ok": true, "error": "", "principal": principal }));
        for (answer, words) in answers[1..named].iter().zip([
            "another cluster's id",
            "SignatureDoesNotMatch",
            "InvalidClientTokenId",
            "ended 15 min later",
        ]) {
            assert!(answer["error"].as_str().unwrap().contains(words), "{answer}");
        }
        for (answer, line) in answers[1..named].iter().zip(&lines[1..]) {
            assert_eq!((&answer["ok"], &answer["principal"]), (&json!(false), &json!("")), "{line}");
        }
        let (mut other, mut asked, mut same) = (0, 0, 0);
        for ((answer, line), kind) in answers.iter().zip(&lines).skip(named).zip(&kinds) {
            if answer["ok"] == json!(true) {
                // Believed is only what is the signed request, if in another spelling, and of whoever signed it.
                assert_eq!(canonical_request(line), signed, "{kind} was believed: {line}");
                assert_eq!(answer["principal"], json!(principal), "{kind}");
                same += 1;
            } else {
                assert_eq!(answer["principal"], json!(""), "{kind}");
                other += usize::from(canonical_request(line) != signed);
                asked += usize::from(answer["error"].as_str().unwrap().contains("STS refused"));
            }
        }
        println!(
            "{mode}: {other} other requests, none accepted; {asked} were refused by STS, {same} the signed request"
        );
        assert!(mode == "off" || (other > 15_000 && asked > 1_000), "{other}, {asked}");
    }
}

/// The canonical request of a token as it is written, if it has one: for a path of `/`, and without a fragment.
fn canonical_request(token: &str) -> Option<String> {
    let url = BASE64URL_NOPAD.decode(token.strip_prefix("k8s-aws-v1.")?.as_bytes()).ok()?;
    let url = String::from_utf8(url).ok()?;
    let (authority, query) =
        url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?.split_once("/?")?;
    naive::canonical_request(query.split('#').next()?, authority, "shop")
}

fn online(home: &Home, scheme: &str, address: SocketAddr, lines: &[String]) -> Said {
    let arguments = format!(
        "token verify --cluster-id shop --sts-endpoint {scheme}://{address} --ca-file .local/share/ringwall/tls/ca.pem tokens"
    );
    std::fs::write(home.path("tokens"), lines.join("\n")).unwrap();
    home.run(&arguments)
}
