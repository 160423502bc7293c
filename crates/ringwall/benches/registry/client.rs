//! A client's side of a registry, as thin as it gets: it shares the machine with what it measures.

use std::io::{Read as _, Write};
use std::net::{SocketAddr, TcpStream};

use aws_lc_rs::digest::{Context, SHA256};

/// Bytes that are sent or received at once.
const PIECE: usize = 256 << 10;

/// Where a server listens, and what it is shown.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) authorization: String,
}

/// A blob of which no more than a piece is in memory: the same one again and again, after a mark of its own.
#[derive(Clone)]
pub(crate) struct Blob {
    mark: [u8; 16],
    size: u64,
    digest: String,
}

impl Blob {
    pub(crate) fn new(kind: usize, number: usize, size: u64) -> Self {
        let mut mark = [0; 16];
        mark[..8].copy_from_slice(&(kind as u64).to_le_bytes());
        mark[8..].copy_from_slice(&(number as u64).to_le_bytes());
        let mut blob = Self { mark, size, digest: String::new() };
        let mut context = Digesting(Context::new(&SHA256));
        blob.write(&mut context);
        blob.digest = format!("sha256:{}", hexadecimal(context.0.finish().as_ref()));
        blob
    }

    /// Writes all of it.
    pub(crate) fn write(&self, to: &mut impl Write) {
        let piece: Vec<u8> = (0..PIECE).map(|at| (at.wrapping_mul(31) >> 3) as u8).collect();
        to.write_all(&self.mark).unwrap();
        let mut left = self.size - self.mark.len() as u64;
        while left > 0 {
            let now = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            to.write_all(&piece[..now]).unwrap();
            left -= now as u64;
        }
    }
}

struct Digesting(Context);

impl Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A connection that is kept.
pub(crate) struct Connection {
    target: Target,
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(target: &Target) -> Self {
        let stream = TcpStream::connect(target.address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { target: target.clone(), stream, buffer: vec![0; PIECE] }
    }

    /// Pushes a blob as clients do.
    pub(crate) fn push(&mut self, blob: &Blob) {
        self.head("POST", "/v2/bench/blobs/uploads/", "", 0);
        let (status, location) = self.answer();
        assert_eq!(status, 202);
        let location = location.unwrap();
        let path = match location.split_once("://") {
            Some((_, rest)) => &rest[rest.find('/').unwrap()..],
            None => location.as_str(),
        };
        let joint = if path.contains('?') { '&' } else { '?' };
        self.head("PUT", &format!("{path}{joint}digest={}", blob.digest), "", blob.size);
        blob.write(&mut self.stream);
        assert_eq!(self.answer().0, 201);
    }

    /// Pulls a blob.
    pub(crate) fn pull(&mut self, blob: &Blob) {
        self.head("GET", &format!("/v2/bench/blobs/{}", blob.digest), "", 0);
        assert_eq!(self.answer().0, 200);
    }

    /// Pushes an image with the tag `latest`.
    pub(crate) fn push_image(&mut self) {
        let config = Blob::new(7, 0, 1 << 10);
        self.push(&config);
        let Blob { digest, size, .. } = config;
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{digest}","size":{size}}},"layers":[]}}"#
        );
        let kind = "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n";
        self.head("PUT", "/v2/bench/manifests/latest", kind, manifest.len() as u64);
        self.stream.write_all(manifest.as_bytes()).unwrap();
        assert_eq!(self.answer().0, 201);
    }

    /// Pulls its manifest by the tag.
    pub(crate) fn pull_image(&mut self) {
        let kind = "Accept: application/vnd.oci.image.manifest.v1+json\r\n";
        self.head("GET", "/v2/bench/manifests/latest", kind, 0);
        assert_eq!(self.answer().0, 200);
    }

    fn head(&mut self, method: &str, path: &str, more: &str, length: u64) {
        let Target { address, authorization } = &self.target;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{authorization}{more}Content-Length: {length}\r\n\r\n"
        );
        self.stream.write_all(head.as_bytes()).unwrap();
    }

    /// Reads an answer to its end: its status, and its `Location`.
    fn answer(&mut self) -> (u16, Option<String>) {
        let mut filled = 0;
        let end = loop {
            let read = self.stream.read(&mut self.buffer[filled..]).unwrap();
            assert!(read > 0, "the connection ended in the middle of an answer");
            filled += read;
            if let Some(at) = self.buffer[..filled].windows(4).position(|found| found == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let head = std::str::from_utf8(&self.buffer[..end]).unwrap();
        let header = |wanted: &str| {
            let mut headers = head.lines().filter_map(|line| line.split_once(": "));
            headers.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.to_owned())
        };
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let location = header("location");
        let length: u64 = header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut left = length - (filled - end) as u64;
        while left > 0 {
            let read = self.stream.read(&mut self.buffer).unwrap();
            assert!(read > 0, "the connection ended in the middle of a body");
            left -= read as u64;
        }
        (status, location)
    }
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
