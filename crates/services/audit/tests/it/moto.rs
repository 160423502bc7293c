//! CloudWatch and S3 as moto has them, which somebody else wrote after AWS's documents. `cargo xtask test` installs it and says
//! where it is.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use ringwall_awsclient::http::Plain;
use ringwall_awsclient::{Client, Config, Endpoints, Static};
use serde_json::{Value, json};

use crate::{FOREVER, Home, Running, count, exec, read};

/// Where its program is.
const MOTO_VARIABLE: &str = "RINGWALL_MOTO";

/// A server that ends with this.
struct Moto {
    child: Child,
    address: SocketAddr,
}

impl Moto {
    fn start() -> Self {
        // It takes a port by number alone.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new(std::env::var_os(MOTO_VARIABLE).unwrap());
        command.args(["-H", "127.0.0.1", "-p", &address.port().to_string()]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(begun.elapsed() < FOREVER);
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        Self { child, address }
    }

    fn client(&self) -> Client {
        let credentials = Static::key("AKIAIOSFODNN7EXAMPLE", String::from("secret"));
        let url = format!("http://{}", self.address).parse().unwrap();
        let mut config = Config::new("eu-west-1", Arc::new(credentials));
        config.endpoints = Endpoints::all(url);
        config.plain = Plain::Loopback;
        Client::new(config).unwrap()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto; cargo xtask test runs it"]
async fn a_log_group_is_read_as_it_grows_and_its_logs_are_told_apart() {
    let moto = Moto::start();
    let client = moto.client();
    let group = "/aws/eks/shop/cluster";
    let call = async |action: &str, body: Value| {
        client.json("logs", &format!("Logs_20140328.{action}"), &body).await.unwrap()
    };
    call("CreateLogGroup", json!({ "logGroupName": group })).await;
    let streams =
        ["kube-apiserver-audit-0a1b", "kube-apiserver-0a1b", "authenticator-0a1b", "kube-scheduler-0a1b"];
    for stream in streams {
        call("CreateLogStream", json!({ "logGroupName": group, "logStreamName": stream })).await;
    }
    let put = async |stream: &str, texts: &[String]| {
        let events: Vec<Value> =
            texts.iter().map(|text| json!({ "timestamp": now(), "message": text })).collect();
        let body = json!({ "logGroupName": group, "logStreamName": stream, "logEvents": events });
        call("PutLogEvents", body).await;
    };
    let home = Home::new();
    let mut settings = home.settings();
    settings.clusters[0].log_groups = vec![group.to_owned()];
    put(streams[0], &[exec(1).to_string(), read(2).to_string()]).await;
    put(streams[1], &["I1127 10:00:00.000000 1 controller.go:1] it runs".to_owned()]).await;
    put(streams[2], &["time=\"2026-11-27T10:00:00Z\" level=info msg=\"access granted\"".to_owned()]).await;
    let running = Running::at(&settings, Some(client.clone()), now).await;
    running.until(|findings| count(findings) == 1).await;
    put(streams[0], &[exec(3).to_string(), exec(4).to_string()[..300].to_owned()]).await;
    let findings = running.until(|findings| count(findings) >= 2).await;
    assert_eq!(findings[0]["evidence"][0]["file"], format!("cloudwatch:{group}"));
    let counted = |outcome: &str| {
        running.counted(&format!("ringwall_audit_events_total{{cluster=\"shop\",outcome=\"{outcome}\"}}"))
    };
    assert_eq!((counted("log_api"), counted("log_authenticator"), counted("log_scheduler")), (1, 1, 0));
    running.stop().await;

    put(streams[0], &[exec(5).to_string()]).await;
    let before = count(&findings);
    let running = Running::at(&settings, Some(client), now).await;
    running.until(|findings| count(findings) == before + 1).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto; cargo xtask test runs it"]
async fn objects_are_read_as_they_come_and_the_lake_may_be_a_bucket() {
    let moto = Moto::start();
    let client = moto.client();
    let bucket = ringwall_lake::Location::bucket(client.clone(), "trails", "").unwrap();
    // Buckets are made with a PUT of their name, as objects are.
    make_bucket(&moto, "trails");
    make_bucket(&moto, "lake");
    let put = async |name: &str, text: &str| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        let path = Path::from(format!("AWSLogs/111122223333/{name}"));
        bucket.store().put(&path, gzip.finish().unwrap().into()).await.unwrap();
    };
    let record = |number: u64| {
        json!({
            "eventVersion": "1.11", "eventTime": "2026-11-27T10:00:00Z", "eventSource": "cloudtrail.amazonaws.com",
            "eventName": "StopLogging", "awsRegion": "eu-west-1", "sourceIPAddress": "192.0.2.7",
            "userAgent": "aws-cli/2", "eventID": format!("00000000-0000-4000-8000-{number:012}"),
            "eventType": "AwsApiCall", "recipientAccountId": "111122223333", "readOnly": false,
            "userIdentity": { "type": "IAMUser", "principalId": "AIDAEXAMPLE", "userName": "ann",
                "arn": "arn:aws:iam::111122223333:user/ann", "accountId": "111122223333",
                "accessKeyId": "AKIAIOSFODNN7EXAMPLE" },
            "requestParameters": { "name": "main" },
        })
    };
    let day = "CloudTrail/eu-west-1/2026/11/27";
    put(&format!("{day}/a.json.gz"), &json!({ "Records": [record(1)] }).to_string()).await;
    put("CloudTrail-Digest/eu-west-1/2026/11/27/d.json.gz", "{}").await;
    let home = Home::new();
    let mut settings = home.settings();
    settings.clusters[0].objects = vec!["s3://trails/AWSLogs/111122223333/".to_owned()];
    settings.lake = Some("s3://lake/security".to_owned());
    let running = Running::at(&settings, Some(client.clone()), now).await;
    let findings = running.until(|findings| count(findings) == 1).await;
    assert_eq!(findings[0]["type"], "Stealth:IAMUser/CloudTrailLoggingDisabled");
    assert_eq!(
        findings[0]["evidence"][0]["file"],
        format!("s3://trails/AWSLogs/111122223333/{day}/a.json.gz")
    );
    put(&format!("{day}/b.json.gz"), &json!({ "Records": [record(1), record(2)] }).to_string()).await;
    running.until(|findings| count(findings) == 2).await;
    running.stop().await;

    put("CloudTrail/us-east-1/2026/11/27/c.json.gz", &json!({ "Records": [record(3)] }).to_string()).await;
    let running = Running::at(&settings, Some(client.clone()), now).await;
    running.until(|findings| count(findings) == 3).await;
    let judged = running.counted("ringwall_audit_events_total{cluster=\"shop\",outcome=\"judged\"}");
    assert_eq!(judged, 1, "what was read is not read again");
    running.stop().await;

    let lake = ringwall_lake::Location::bucket(client, "lake", "").unwrap();
    let prefix =
        Path::from("security/ext/ringwall-events/region=eu-west-1/accountId=111122223333/eventDay=20261127");
    let listed = lake.store().list_with_delimiter(Some(&prefix)).await.unwrap();
    assert_eq!(listed.objects.len(), 2, "{:?}", listed.objects);
}

fn make_bucket(moto: &Moto, name: &str) {
    let mut stream = TcpStream::connect(moto.address).unwrap();
    write!(
        stream,
        "PUT /{name} HTTP/1.1\r\nHost: {}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261127/us-east-1/s3/aws4_request\r\n\
         Content-Length: 0\r\nConnection: close\r\n\r\n",
        moto.address
    )
    .unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
