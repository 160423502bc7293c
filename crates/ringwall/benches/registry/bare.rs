//! A server that sends one file to whoever asks, and nothing else: this program, started once more.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::client::{Blob, Target};
use crate::process::Process;
use crate::servers::Server;

/// Says that this process is the bare server, and of which file.
const VARIABLE: &str = "RINGWALL_BENCH_BARE";

/// A bare server of one blob.
pub(crate) struct Bare {
    pub(crate) server: Server,
    _folder: tempfile::TempDir,
}

impl Bare {
    pub(crate) fn with(blob: &Blob) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blob");
        blob.write(&mut File::create(&path).unwrap());
        let mut process = Command::new(std::env::current_exe().unwrap())
            .env(VARIABLE, path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let target = Target { address: line.trim().parse().unwrap(), authorization: String::new() };
        Self {
            server: Server { name: "bare", target, process: Process(process), folder: None },
            _folder: folder,
        }
    }
}

pub(crate) fn is_asked() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

pub(crate) fn serve() {
    let path = PathBuf::from(std::env::var_os(VARIABLE).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap());
    for stream in listener.incoming() {
        let (mut stream, path) = (stream.unwrap(), path.clone());
        std::thread::spawn(move || {
            stream.set_nodelay(true).unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            loop {
                let mut line = String::new();
                // Until the empty line that ends a request.
                while line != "\r\n" {
                    line.clear();
                    if reader.read_line(&mut line).unwrap_or_default() == 0 {
                        return;
                    }
                }
                let mut file = File::open(&path).unwrap();
                let length = file.metadata().unwrap().len();
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                // On Linux the copy is a `sendfile`.
                if stream
                    .write_all(head.as_bytes())
                    .and_then(|()| std::io::copy(&mut file, &mut stream))
                    .is_err()
                {
                    return;
                }
            }
        });
    }
}
