//! A process that pushes until somebody kills it: this test binary, started again for this one test.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ringwall_objects::Objects;
use ringwall_oci::{Algorithm, Registry, Settings};
use ringwall_store::{Options, Store};

use crate::lab::{body_of, bytes, key, manifest, nothing, push, run, sha256};

/// Tells the child in which folder.
const FOLDER: &str = "RINGWALL_OCI_CHILD";
/// Tells the child where to begin with its numbers.
const ROUND: &str = "RINGWALL_OCI_CHILD_ROUND";
/// Tells the child to push so many images, one after the other; without it, many at a time and for ever.
const COUNT: &str = "RINGWALL_OCI_CHILD_COUNT";

/// How many push at the same time.
const TASKS: u64 = 6;

pub(crate) fn command(before: &[&str], folder: &Path, round: u64, count: Option<u64>) -> Command {
    let own: PathBuf = std::env::current_exe().unwrap();
    let mut command = match before {
        [] => Command::new(own),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(own);
            command
        }
    };
    command
        .args(["--exact", "child::pushes", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stdin(Stdio::null());
    if let Some(count) = count {
        command.env(COUNT, count.to_string());
    }
    command
}

pub(crate) async fn open(folder: &Path, settings: Settings) -> Registry {
    let address = format!("sqlite:{}", folder.join("store.db").display());
    let store = Store::open(&address, Options::default()).await.unwrap();
    Registry::open(Objects::folder(&folder.join("objects")).unwrap(), store, settings).await.unwrap()
}

/// The layer of an image of this number: small ones, which are kept in the store, and large ones.
pub(crate) fn layer(number: u64) -> Vec<u8> {
    bytes(number + 1, [500, 100_000, 1_400_000][usize::try_from(number % 3).unwrap()])
}

/// One call of the system for a line, so that the killed process says nothing by halves.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Pushes an image and says each step when it is answered.
async fn image(registry: &Registry, number: u64) {
    let app = key("app");
    let layer = layer(number);
    let digest = sha256(&layer);
    say(&format!("begin {number}"));
    let id = registry.begin_upload(&app, Algorithm::Sha256).await.unwrap().id;
    say(&format!("upload {number} {id} 0"));
    let half = layer.len() / 2;
    let offset =
        registry.append_upload(&app, &id, Some(0), None, body_of(&layer[..half], 40_000)).await.unwrap();
    say(&format!("upload {number} {id} {}", offset.offset));
    let rest = layer.len() - 100;
    let offset =
        registry.append_upload(&app, &id, None, None, body_of(&layer[half..rest], 40_000)).await.unwrap();
    say(&format!("upload {number} {id} {}", offset.offset));
    let last = registry.append_upload(&app, &id, None, None, body_of(&layer[rest..], 40_000)).await.unwrap();
    say(&format!("upload {number} {id} {}", last.offset));
    registry.finish_upload(&app, &id, &digest, None, None, nothing()).await.unwrap();
    say(&format!("blob {number}"));
    let whole = bytes(number + 1_000_000, 60_000);
    registry.push_blob(&app, &sha256(&whole), None, body_of(&whole, 7_000)).await.unwrap();
    say(&format!("whole {number}"));
    let manifest = manifest((&digest, layer.len()), &[(&sha256(&whole), whole.len())]);
    let tag = format!("t{number}");
    registry.push_manifest(&app, push(&manifest, &[&tag])).await.unwrap();
    say(&format!("image {number}"));
}

#[test]
#[ignore = "no test of its own: the tests of crashes and traces start it"]
fn pushes() {
    let variable = |name| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let folder = PathBuf::from(variable(FOLDER));
    let round: u64 = variable(ROUND).parse().unwrap();
    let count: Option<u64> = std::env::var(COUNT).ok().map(|count| count.parse().unwrap());
    run(async {
        let registry = open(&folder, Settings::default()).await;
        if let Some(count) = count {
            for number in 0..count {
                image(&registry, round * 100_000 + number).await;
            }
            return;
        }
        let collector = registry.clone();
        tokio::spawn(async move {
            loop {
                collector.collect().await.unwrap();
            }
        });
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| {
                let registry = registry.clone();
                tokio::spawn(async move {
                    for at in 0.. {
                        image(&registry, round * 100_000 + at * TASKS + task).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}
