//! The plugin over a keyring.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use data_encoding::{BASE64, HEXLOWER};

use super::Apiserver;
use super::process::Process;
use crate::installation::Home;

const SEED: [u8; 32] = *b"a seed that must be seen nowhere";

fn keyring(home: &Home) -> String {
    let (file, root) = (home.path("kms/keyring"), home.path("root.key"));
    fs::create_dir_all(home.path("kms")).unwrap();
    format!("{} --root-key file:{}", file.display(), root.display())
}

fn serve(home: &Home) -> Process {
    let (file, root) = (home.path("kms/keyring"), home.path("root.key"));
    let arguments = format!(
        "kms serve --listen {} --backend keyring:{}?root-key=file:{} --probe-every 50ms --admin-listen 127.0.0.1:0 \
         --log-level debug --log-format json",
        home.path("kms.sock").display(),
        file.display(),
        root.display()
    );
    Process::start(&mut home.command(&arguments))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seeds_survive_sigkill_under_load_and_rotation() {
    let home = Home::new();
    let place = keyring(&home);
    assert_eq!(home.run(&format!("kms keyring create {place}")).status, 0);
    let mut plugin = serve(&home);
    let mut apiserver = Apiserver::connect(&home.path("kms.sock")).await;
    let key_id = apiserver.key_id().await;
    assert_eq!(fs::symlink_metadata(home.path("kms.sock")).unwrap().mode() & 0o7777, 0o600);

    let stop = Arc::new(AtomicBool::new(false));
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (socket, stop) = (home.path("kms.sock"), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut sealed = Vec::new();
                while !stop.load(Ordering::SeqCst) {
                    let mut apiserver = Apiserver::connect(&socket).await;
                    while let Ok(one) = apiserver.encrypt(&SEED).await {
                        assert_eq!(apiserver.decrypt(&one).await.ok().as_deref().unwrap_or(&SEED), SEED);
                        sealed.push(one);
                        if stop.load(Ordering::SeqCst) {
                            break;
                        }
                    }
                }
                sealed
            })
        })
        .collect();
    for _ in 0..3 {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        plugin.kill();
        plugin = serve(&home);
        let mut apiserver = Apiserver::connect(&home.path("kms.sock")).await;
        assert_eq!(apiserver.key_id().await, key_id, "a restart is no reason to seal anew");
    }
    let rotated = home.run(&format!("kms keyring rotate {place}")).stdout;
    let id = rotated.split_whitespace().next().unwrap().to_owned();
    let mut apiserver = Apiserver::connect(&home.path("kms.sock")).await;
    let now = apiserver.until(|status| status.as_ref().is_ok_and(|now| *now != key_id)).await.unwrap();
    assert!(now.ends_with(&format!("#{id}")), "{now}");
    stop.store(true, Ordering::SeqCst);
    let mut sealed = Vec::new();
    for load in load {
        sealed.extend(load.await.unwrap());
    }
    assert!(sealed.len() > 50, "{}", sealed.len());
    for one in &sealed {
        assert_eq!(apiserver.decrypt(one).await.unwrap(), &SEED[..]);
    }
    let listed = home.run(&format!("kms keyring list {place}")).stdout;
    assert_eq!(listed.lines().count(), 2);
    assert!(listed.contains(&format!("{now}  seals")), "{listed}");

    let (clean, log) = plugin.stop();
    assert!(clean, "{log}");
    assert!(!home.path("kms.sock").exists());
    for secret in [String::from_utf8(SEED.to_vec()).unwrap(), BASE64.encode(&SEED), HEXLOWER.encode(&SEED)] {
        assert!(!log.contains(&secret), "the log shows a seed");
    }
    let root = fs::read(home.path("root.key")).unwrap();
    let root = String::from_utf8(root).unwrap();
    assert!(!log.contains(root.lines().nth(1).unwrap()), "the log shows the root key");
}

#[tokio::test]
async fn a_second_one_on_the_same_socket_does_not_start() {
    let home = Home::new();
    assert_eq!(home.run(&format!("kms keyring create {}", keyring(&home))).status, 0);
    let _plugin = serve(&home);
    let mut apiserver = Apiserver::connect(&home.path("kms.sock")).await;
    apiserver.key_id().await;
    let (file, root) = (home.path("kms/keyring"), home.path("root.key"));
    let said = home.run(&format!(
        "kms serve --listen {} --backend keyring:{}?root-key=file:{} --admin-listen 127.0.0.1:0",
        home.path("kms.sock").display(),
        file.display(),
        root.display()
    ));
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("another process serves on `~/kms.sock`"), "{}", said.stderr);
    assert!(apiserver.status().await.is_ok());
}

#[test]
fn mistakes_are_told() {
    let home = Home::new();
    for (arguments, told) in [
        ("kms serve", "--backend"),
        ("kms serve --backend etcd", "is no backend"),
        ("kms serve --backend keyring:/k?root-key=file:/r --socket-mode 888", "octal"),
        ("kms serve --backend keyring:/k?root-key=file:/r --grace soon", "a time up to 24h"),
        ("kms keyring list nothing --root-key file:/r", "nothing"),
    ] {
        let said = home.run(arguments);
        assert_eq!(said.status, 2, "{arguments}");
        assert!(said.stderr.contains(told), "{arguments}: {}", said.stderr);
    }
}
