//! A scheduler and two executors, as processes of the program.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ringwall_hunt::{Limits, QUERIES, ballista, context, register};
use ringwall_lake::Location;

use crate::lake::make;
use crate::queries::{ask, values};

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(arguments: &[&str]) -> Running {
    let program = env!("CARGO_BIN_EXE_ringwall-hunt");
    Running(
        Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap(),
    )
}

/// A port that nobody has, and the one after it.
fn ports() -> u16 {
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if port < u16::MAX
            && TcpListener::bind(("127.0.0.1", port)).is_ok()
            && TcpListener::bind(("127.0.0.1", port + 1)).is_ok()
        {
            return port;
        }
    }
}

fn wait_for(address: &str) {
    let address: SocketAddr = address.parse().unwrap();
    for _ in 0..600 {
        if TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("nobody listens at {address}");
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { files(&path) } else { 1 })
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_executors_answer_as_one_process_does() {
    let made = make().await;
    let scheduler = format!("127.0.0.1:{}", ports());
    let _scheduler = run(&["scheduler", "--listen", &scheduler]);
    wait_for(&scheduler);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let executors = folders.each_ref().map(|folder| {
        let listen = format!("127.0.0.1:{}", ports());
        let folder = folder.path().to_str().unwrap();
        let running = run(&["executor", "--scheduler", &scheduler, "--listen", &listen, "--folder", folder]);
        wait_for(&listen);
        running
    });
    let location = Location::folder(made.path()).unwrap();
    let here = context(&Limits::default()).unwrap();
    register(&here, &location).await.unwrap();
    let there = ballista::context(&scheduler, &Limits::default()).unwrap();
    register(&there, &location).await.unwrap();
    for query in QUERIES.iter().filter(|query| {
        matches!(
            query.name,
            "activity-by-day" | "who-did-what" | "denied-then-allowed" | "timeline-of" | "findings-by-type"
        )
    }) {
        let sql = query.sql(&values(query)).unwrap();
        let expected = ask(&here, &sql).await.unwrap();
        let told = ask(&there, &sql).await.unwrap_or_else(|error| panic!("{}: {error}", query.name));
        assert_eq!(told, expected, "{}", query.name);
        assert!(told.lines().count() > 1, "{}", query.name);
    }
    // What a stage hands on lies in the folder of the executor that carried it out.
    for folder in &folders {
        assert!(files(folder.path()) > 0, "an executor did nothing");
    }
    drop(executors);
}
