//! Network namespaces that this process made and that go with it.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Where `ip netns` keeps the links to namespaces.
const LINKS: &str = "/run/netns";

/// How names begin; the process id follows, by which a later run knows whose a left namespace was.
const PREFIX: &str = "rwpk";

/// One network namespace; removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Netns {
    name: String,
    link: File,
}

impl Netns {
    /// Makes a namespace for each label, in one go.
    pub(crate) fn create<L: AsRef<str>>(labels: &[L]) -> Vec<Self> {
        static SWEPT: Once = Once::new();
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        SWEPT.call_once(sweep);
        let names: Vec<String> = labels
            .iter()
            .map(|label| {
                let count = COUNTER.fetch_add(1, Ordering::Relaxed);
                format!("{PREFIX}{}-{count}-{}", std::process::id(), label.as_ref().replace('/', "."))
            })
            .collect();
        ip_batch(&names.iter().map(|name| format!("netns add {name}")).collect::<Vec<_>>());
        names
            .into_iter()
            .map(|name| Self { link: File::open(Path::new(LINKS).join(&name)).unwrap(), name })
            .collect()
    }

    /// Its name, as `ip netns` and `link … netns` know it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Does something inside: sockets that it makes and programs that it starts belong to the namespace.
    ///
    /// A thread of its own enters, so the caller's thread stays where it is. Sockets stay with the namespace whoever uses them later.
    pub(crate) fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let inside = scope.spawn(|| {
                enter(&self.link);
                work()
            });
            inside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Does something inside while the caller goes on.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let link = self.link.try_clone().unwrap();
        std::thread::spawn(move || {
            enter(&link);
            work()
        })
    }

    /// Runs lines of `ip` inside; each must succeed.
    pub(crate) fn ip<L: AsRef<str> + Sync>(&self, lines: &[L]) {
        if !lines.is_empty() {
            self.within(|| ip_batch(lines));
        }
    }

    /// Runs a program inside, with an input, and gives what it printed; it must succeed.
    pub(crate) fn run(&self, program: &str, arguments: &[&str], input: &str) -> String {
        self.within(|| succeeded(program, piped(Command::new(program).args(arguments), input)))
    }

    /// Sets kernel parameters of the namespace, as `net/ipv4/ip_forward` to `1`.
    pub(crate) fn sysctl(&self, settings: &[(&str, &str)]) {
        self.within(|| {
            for (name, value) in settings {
                let path = Path::new("/proc/sys").join(name);
                std::fs::write(&path, value).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            }
        });
    }
}

impl Drop for Netns {
    fn drop(&mut self) {
        delete(&self.name);
    }
}

fn enter(link: &File) {
    move_into_link_name_space(link.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
}

/// A namespace that is already gone is what was wanted.
fn delete(name: &str) {
    let _ = Command::new("ip").args(["netns", "del", name]).stderr(Stdio::null()).status();
}

/// Removes what runs left that were killed.
fn sweep() {
    for entry in std::fs::read_dir(LINKS).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        let Some(owner) = owner.and_then(|pid| pid.parse::<u32>().ok()) else { continue };
        if !Path::new("/proc").join(owner.to_string()).exists() {
            delete(&name);
        }
    }
}

fn ip_batch<L: AsRef<str>>(lines: &[L]) {
    let mut input = String::new();
    for line in lines {
        input.push_str(line.as_ref());
        input.push('\n');
    }
    let output = piped(Command::new("ip").args(["-batch", "-"]), &input);
    assert!(output.status.success(), "ip: {}\nof:\n{input}", String::from_utf8_lossy(&output.stderr));
}

fn piped(command: &mut Command, input: &str) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that ends without reading everything says why itself.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn succeeded(program: &str, output: Output) -> String {
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
