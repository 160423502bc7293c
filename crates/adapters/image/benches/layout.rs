//! How long a layout of 1 GiB takes next to decompressing its layers, and how much memory.
//!
//!     cargo bench -p ringwall-image --bench layout
//!
//! The layers hold the files of this machine's `/usr`, again and again until they have as many bytes as are wanted (`RINGWALL_MIB`,
//! compressed). What is compared with is the same decompressor, one layer after the other, and as many at a time as there are cores.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark ends where it fails, and prints"
)]

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use ringwall_image::{Cache, Digest, ScanOptions, Target, scan};
use serde_json::json;

#[path = "../tests/it/tarball.rs"]
#[expect(dead_code, reason = "the tests make more kinds of entries")]
mod tarball;

const LAYERS: usize = 4;
/// Has the layout made in a folder, and nothing else.
const MAKE: &str = "--make";

/// How many bytes the layers are to have, in MiB.
fn wanted() -> u64 {
    std::env::var("RINGWALL_MIB").ok().and_then(|text| text.parse().ok()).unwrap_or(1024)
}

/// The layers among blobs.
fn largest(blobs: &Path) -> Vec<PathBuf> {
    let mut files: Vec<(u64, PathBuf)> = fs::read_dir(blobs)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.metadata().unwrap().len(), entry.path()))
        .collect();
    files.sort();
    files.into_iter().rev().take(LAYERS).map(|(_, path)| path).collect()
}

fn main() {
    // In a process of its own, so that its memory isn't counted.
    if let Some(folder) = std::env::args().skip_while(|argument| argument != MAKE).nth(1) {
        return layout(Path::new(&folder), wanted() << 20);
    }
    let folder = tempfile::tempdir().unwrap();
    let making =
        std::process::Command::new(std::env::current_exe().unwrap()).arg(MAKE).arg(folder.path()).status();
    assert!(making.unwrap().success());
    let layers = largest(&folder.path().join("blobs/sha256"));
    let stored: u64 = layers.iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{} MiB in {LAYERS} layers, {cores} cores", stored >> 20);

    let (one, bytes) = seconds(|| layers.iter().map(|path| decompress(path)).sum::<u64>());
    println!("decompressing one by one    {one:>7.2} s   {} MiB come out", bytes >> 20);
    let (several, _) = seconds(|| {
        let rest = Mutex::new(layers.clone());
        std::thread::scope(|scope| {
            for _ in 0..cores {
                scope.spawn(|| {
                    loop {
                        let next = rest.lock().unwrap().pop();
                        let Some(path) = next else { break };
                        decompress(&path);
                    }
                });
            }
        });
    });
    println!("decompressing several       {several:>7.2} s");

    let name = folder.path().display().to_string();
    let run = |options: &ScanOptions| {
        let Target::Image(image) = Target::find(&name, None).unwrap() else { return 0 };
        scan(&image, options).unwrap().inventory.packages.len()
    };
    let before = peak();
    let (scanned, packages) = seconds(|| run(&ScanOptions::default()));
    println!(
        "scan                        {scanned:>7.2} s   {packages} packages, {:.2} x one by one, {:.2} x several",
        scanned / one,
        scanned / several
    );
    println!("peak memory                 {:>7} MiB ({} before the scan)", peak() >> 10, before >> 10);
    let cache = tempfile::tempdir().unwrap();
    let options = ScanOptions { cache: Some(Cache::open(cache.path()).unwrap()), ..ScanOptions::default() };
    run(&options);
    let (again, _) = seconds(|| run(&options));
    println!("scan with known layers      {again:>7.2} s");
}

fn seconds<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let begun = Instant::now();
    let result = work();
    (begun.elapsed().as_secs_f64(), result)
}

fn decompress(path: &Path) -> u64 {
    let input = BufReader::with_capacity(128 << 10, File::open(path).unwrap());
    let mut decoder = MultiGzDecoder::new(input);
    let (mut buffer, mut sum) = (vec![0; 128 << 10], 0);
    loop {
        let read = decoder.read(&mut buffer).unwrap();
        if read == 0 {
            return sum;
        }
        sum += read as u64;
    }
}

/// The most memory that this process has had, in KiB.
fn peak() -> u64 {
    let status = fs::read("/proc/self/status").unwrap();
    let status = String::from_utf8_lossy(&status).into_owned();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Writes a layout with so many bytes of layers.
fn layout(folder: &Path, bytes: u64) {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let files = Mutex::new(files());
    let each = bytes / LAYERS as u64;
    let made: Vec<(PathBuf, String)> = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..LAYERS)
            .map(|number| {
                let files = &files;
                let path = blobs.join(format!("layer-{number}"));
                scope.spawn(move || {
                    layer(&path, number, each, files);
                    let digest = digest(&path);
                    (path, digest)
                })
            })
            .collect();
        makers.into_iter().map(|maker| maker.join().unwrap()).collect()
    });
    let blob = |bytes: &[u8]| {
        let digest = Digest::of(bytes);
        fs::write(blobs.join(digest.parts().1), bytes).unwrap();
        json!({"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest.as_str(), "size": bytes.len()})
    };
    let mut layers = Vec::new();
    for (path, digest) in made {
        let size = fs::metadata(&path).unwrap().len();
        let target = blobs.join(digest.trim_start_matches("sha256:"));
        fs::rename(&path, &target).unwrap();
        layers.push(json!({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest, "size": size}));
    }
    let manifest = json!({"schemaVersion": 2, "config": blob(b"{}"), "layers": layers});
    let index = json!({"schemaVersion": 2, "manifests": [blob(manifest.to_string().as_bytes())]});
    fs::write(folder.join("index.json"), index.to_string()).unwrap();
    fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#).unwrap();
}

/// The regular files of `/usr` and dpkg's database.
fn files() -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from("/usr"), PathBuf::from("/var/lib/dpkg")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    files
}

/// A layer of the files that the layers before have not taken; from the start again, in another folder, when all are.
fn layer(path: &Path, number: usize, bytes: u64, files: &Mutex<Vec<PathBuf>>) {
    use std::os::unix::fs::PermissionsExt as _;
    let mut output = GzEncoder::new(BufWriter::new(File::create(path).unwrap()), Compression::new(6));
    let all = files.lock().unwrap().clone();
    'full: for round in 0.. {
        for (at, file) in all.iter().enumerate() {
            if at % LAYERS != number {
                continue;
            }
            let Ok(content) = fs::read(file) else { continue };
            let name = file.display().to_string();
            let name = name.trim_start_matches('/');
            let name = if round == 0 { name.to_owned() } else { format!("copy-{round}/{name}") };
            if name.len() > 100 {
                let long = format!("{name}\0");
                output.write_all(&tarball::header(b'L', b"././@LongLink", b"", long.len() as u64)).unwrap();
                padded(&mut output, long.as_bytes());
            }
            let short: Vec<u8> = name.bytes().take(100).collect();
            let mut header = tarball::header(b'0', &short, b"", content.len() as u64);
            let mode = fs::metadata(file).map_or(0o644, |metadata| metadata.permissions().mode() & 0o777);
            header[100..108].copy_from_slice(format!("{mode:07o}\0").as_bytes());
            tarball::seal(&mut header);
            output.write_all(&header).unwrap();
            padded(&mut output, &content);
            // What is in the buffers doesn't matter.
            if fs::metadata(path).unwrap().len() >= bytes {
                break 'full;
            }
        }
    }
    output.write_all(&[0; 1024]).unwrap();
    output.finish().unwrap().flush().unwrap();
}

fn padded(output: &mut impl Write, content: &[u8]) {
    output.write_all(content).unwrap();
    let rest = content.len().next_multiple_of(512) - content.len();
    io::copy(&mut io::repeat(0).take(rest as u64), output).unwrap();
}

fn digest(path: &Path) -> String {
    use aws_lc_rs::digest::{Context, SHA256};
    let mut context = Context::new(&SHA256);
    let mut file = File::open(path).unwrap();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer).unwrap();
        if read == 0 {
            break;
        }
        context.update(&buffer[..read]);
    }
    format!("sha256:{}", data_encoding::HEXLOWER.encode(context.finish().as_ref()))
}
