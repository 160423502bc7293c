//! A real kube-apiserver and etcd on loopback, for as long as the value lives.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;

use serde_json::Value;

/// The running control plane. It stops when its standard input closes, so it can't outlive the test.
pub(crate) struct Testbed {
    program: PathBuf,
    child: Child,
    stdin: Option<ChildStdin>,
    folder: PathBuf,
    pub(crate) kubeconfig: PathBuf,
    pub(crate) version: String,
}

impl Testbed {
    /// Starts the program that `cargo xtask testbed` built and waits until the API is ready.
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[] as &[&str])
    }

    /// The same, with flags for the API server. A folder of an earlier run is taken up again.
    pub(crate) fn start_with(folder: &Path, flags: &[impl AsRef<std::ffi::OsStr>]) -> Self {
        let program = std::env::var_os("RINGWALL_TESTBED")
            .map(PathBuf::from)
            .expect("RINGWALL_TESTBED names the testbed program: run `cargo xtask test`");
        let mut child = Command::new(&program)
            .args(["run", "--dir"])
            .arg(folder)
            .arg("--")
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the testbed starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| {
            panic!("the testbed did not get ready ({error}): see {}", folder.display())
        });
        let stdin = child.stdin.take();
        let text = |key: &str| ready[key].as_str().unwrap().to_owned();
        let (kubeconfig, version) = (text("kubeconfig").into(), text("version"));
        Self { program, child, stdin, folder: folder.to_owned(), kubeconfig, version }
    }

    /// Where etcd listens, as its log has it.
    pub(crate) fn etcd(&self) -> String {
        let log = std::fs::read(self.folder.join("testbed.log")).unwrap();
        let log = String::from_utf8_lossy(&log);
        let line = log.lines().rfind(|line| line.contains("serving client traffic")).expect("etcd listens");
        let line: Value = serde_json::from_str(line).unwrap();
        format!("https://{}", line["address"].as_str().unwrap())
    }

    /// A file of its certificates and keys.
    pub(crate) fn pki(&self, name: &str) -> PathBuf {
        self.folder.join("pki").join(name)
    }

    /// Loads an object or several.
    pub(crate) fn apply(&self, objects: &[Value]) {
        let file = self.folder.with_extension("apply.json");
        let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": objects});
        std::fs::write(&file, list.to_string()).unwrap();
        for answer in self.lines(&["apply", file.to_str().unwrap()], &[]) {
            assert_eq!(answer["error"], "", "{answer}");
        }
    }

    /// Runs a command of the testbed on lines of input; gives its lines of output.
    pub(crate) fn lines(&self, arguments: &[&str], input: &[String]) -> Vec<Value> {
        let mut child = Command::new(&self.program)
            .args(&arguments[..1])
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(&arguments[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.join("\n") + "\n";
        let writer = thread::spawn(move || stdin.write_all(input.as_bytes()));
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let values = lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
        // A command that reads no input may be gone before all is written.
        let _ = writer.join().unwrap();
        child.wait().unwrap();
        values
    }

    /// Writes what `kubectl get … -o FORMAT` prints into a folder.
    pub(crate) fn dump(&self, folder: &Path, format: &str) {
        self.lines(&["dump", "--out", folder.to_str().unwrap(), "--format", format], &[]);
    }
}

impl Drop for Testbed {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}
