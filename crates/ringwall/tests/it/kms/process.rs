//! The binary, running, with its log read line by line.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::Value;

use super::FOREVER;

pub(super) struct Process {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
}

impl Process {
    pub(super) fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        std::thread::spawn({
            let log = Arc::clone(&log);
            move || lines.map_while(Result::ok).for_each(|line| log.lock().unwrap().push(line))
        });
        Self { child, log }
    }

    pub(super) fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Waits for a line of the log.
    pub(super) fn said(&self, message: &str) -> Value {
        let begun = Instant::now();
        loop {
            let lines = self.log.lock().unwrap().clone();
            let mut values = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            if let Some(found) = values.find(|value| value["message"] == message) {
                return found;
            }
            assert!(begun.elapsed() < FOREVER, "no `{message}` in {lines:#?}");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    /// SIGKILL: it has no say in it.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(super) fn stop(mut self) -> (bool, String) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let status = self.child.wait().unwrap();
        (status.success(), self.log())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A test that failed must not leave it behind; one that has ended takes no harm.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
