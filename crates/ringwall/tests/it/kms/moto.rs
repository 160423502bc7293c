//! The plugin over moto, which somebody else wrote after AWS's documents. `cargo xtask test` installs it and says where it is.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::json;

use super::aws::{call, client};
use super::process::Process;
use super::{Apiserver, FOREVER};
use crate::installation::Home;

/// Where its program is.
const MOTO_VARIABLE: &str = "RINGWALL_MOTO";

fn moto() -> (Process, SocketAddr) {
    let program = PathBuf::from(std::env::var_os(MOTO_VARIABLE).unwrap());
    // It takes a port by number alone.
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let mut command = Command::new(program);
    command.args(["-H", "127.0.0.1", "-p", &free.port().to_string()]).stderr(Stdio::piped());
    let running = Process::start(&mut command);
    let begun = Instant::now();
    while TcpStream::connect(free).is_err() {
        assert!(begun.elapsed() < FOREVER, "{}", running.log());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    (running, free)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs moto; cargo xtask test runs it"]
async fn another_ones_kms_does_as_well() {
    let (_moto, address) = moto();
    let admin = client(address, "AKIAIOSFODNN7EXAMPLE", "secret");
    let made = call(&admin, "CreateKey", &json!({})).await;
    let key = made["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    let home = Home::new();
    let serve = || {
        let arguments = format!(
            "kms serve --listen {} --probe-every 100ms --grace 500ms --admin-listen 127.0.0.1:0 --log-format json \
             --backend aws-kms:{key}?endpoint=http://{address}&context.cluster=shop",
            home.path("kms.sock").display()
        );
        let mut command = home.command(&arguments);
        Process::start(
            command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret"),
        )
    };
    let mut plugin = serve();
    let mut apiserver = Apiserver::connect(&home.path("kms.sock")).await;
    let before = apiserver.key_id().await;
    assert!(before.starts_with(&key), "{before}");
    let sealed = apiserver.encrypt(b"seed").await.unwrap();

    call(&admin, "RotateKeyOnDemand", &json!({"KeyId": key})).await;
    let after = apiserver.until(|status| status.as_ref().is_ok_and(|now| *now != before)).await.unwrap();
    assert!(after.starts_with(&key), "{after}");
    // It seals with keys that are disabled, too; what comes of that is shown with this project's endpoint.
    plugin.kill();
    let _plugin = serve();
    let mut apiserver = Apiserver::connect(&home.path("kms.sock")).await;
    assert_eq!(apiserver.decrypt(&sealed).await.unwrap(), "seed");
    let mut damaged = sealed.clone();
    let blob = damaged.annotations.values_mut().next().unwrap();
    *blob = blob.iter().rev().copied().collect();
    assert!(apiserver.decrypt(&damaged).await.is_err());
    assert_eq!(apiserver.key_id().await, after);
}
