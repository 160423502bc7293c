//! A file to the text in it, whatever it is packed into: told by its first bytes, never by its name.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;

use flate2::read::{DeflateDecoder, MultiGzDecoder};
use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ZipArchive};

use super::{Sink, objects, tar};

/// Bytes that one file may become: all of OSV has about 10 GB of JSON.
const MAX_UNPACKED: u64 = 128 << 30;

/// Bytes that are read at once.
const CHUNK: usize = 64 * 1024;

/// Bytes by which forms are told: a header of tar.
const HEAD: usize = 512;

/// Archives within archives: a tar in gzip is one of each.
const MAX_DEPTH: usize = 4;

/// Reads one file. Each object goes to the sink; `progress` gets the bytes of the file that were read.
pub(super) fn read(path: &Path, sink: &mut dyn Sink, progress: &mut dyn FnMut(u64)) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut magic = [0; 4];
    let got = file.read(&mut magic)?;
    file.seek(SeekFrom::Start(0))?;
    let name = path.display().to_string();
    if got == magic.len() && (magic == *b"PK\x03\x04" || magic == *b"PK\x05\x06") {
        return zip(&name, file, sink, progress);
    }
    let counted = Counted { inner: file, done: 0, progress };
    stream(&name, Box::new(counted), sink, 0).map(|_| ())
}

/// Bytes as they are read of a file.
struct Counted<'p> {
    inner: File,
    done: u64,
    progress: &'p mut dyn FnMut(u64),
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.done += read as u64;
        (self.progress)(self.done);
        Ok(read)
    }
}

/// A stream that ends with an error where it is longer than is allowed.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(too_large)?;
        Ok(read)
    }
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("it unpacks to more than {MAX_UNPACKED} bytes"))
}

/// Text, or gzip or tar with something in it; false if the sink wants no more.
fn stream(name: &str, mut input: Box<dyn Read + '_>, sink: &mut dyn Sink, depth: usize) -> io::Result<bool> {
    if depth > MAX_DEPTH {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("it is packed more than {MAX_DEPTH} times"),
        ));
    }
    let mut head = Vec::with_capacity(HEAD);
    input.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    let is_gzip = head.starts_with(&[0x1f, 0x8b]);
    let is_tar = tar::is_tar(&head);
    let whole = io::Cursor::new(head).chain(input);
    if is_gzip {
        let inner = Limited { inner: MultiGzDecoder::new(whole), left: MAX_UNPACKED };
        return stream(name, Box::new(inner), sink, depth + 1);
    }
    if is_tar {
        let mut wanted = true;
        tar::files(whole, &mut |inner, body| {
            let inner = format!("{name}!/{inner}");
            match stream_of_tar(&inner, body, sink, depth + 1) {
                Ok(more) => wanted = more,
                Err(error) => sink.problem(inner, error.to_string()),
            }
            Ok(wanted)
        })?;
        return Ok(wanted);
    }
    objects::read(name, BufReader::with_capacity(CHUNK, whole), sink)
}

/// A file of an archive, if it is one of an export: archives of whole repositories have others.
fn stream_of_tar(name: &str, body: &mut dyn Read, sink: &mut dyn Sink, depth: usize) -> io::Result<bool> {
    if is_export(name) { stream(name, Box::new(body), sink, depth) } else { Ok(true) }
}

fn is_export(name: &str) -> bool {
    let suffix = name.rsplit_once('.').map_or("", |(_, suffix)| suffix);
    ["json", "jsonl", "ndjson", "gz"].iter().any(|known| suffix.eq_ignore_ascii_case(known))
}

fn zip(name: &str, file: File, sink: &mut dyn Sink, progress: &mut dyn FnMut(u64)) -> io::Result<()> {
    let broken = |error: rawzip::Error| io::Error::new(io::ErrorKind::InvalidData, error.to_string());
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(file, &mut buffer).map_err(broken)?;
    let mut entries = archive.entries(&mut buffer);
    let (mut done, mut left) = (0_u64, MAX_UNPACKED);
    while let Some(entry) = entries.next_entry().map_err(broken)? {
        let inner = String::from_utf8_lossy(entry.file_path().as_ref()).into_owned();
        let method = entry.compression_method();
        done = done.saturating_add(entry.compressed_size_hint());
        progress(done);
        if entry.is_dir() || !is_export(&inner) {
            continue;
        }
        let inner = format!("{name}!/{inner}");
        let read = archive.get_entry(entry.wayfinder()).map_err(broken).and_then(|entry| {
            let limited = |left: u64, reader| Limited { inner: reader, left };
            match method {
                CompressionMethod::STORE => {
                    let mut body =
                        limited(left, Box::new(entry.verifying_reader(entry.reader())) as Box<dyn Read>);
                    let more = stream(&inner, Box::new(&mut body), sink, 1)?;
                    Ok((more, body.left))
                }
                CompressionMethod::DEFLATE => {
                    let inflated = entry.verifying_reader(DeflateDecoder::new(entry.reader()));
                    let mut body = limited(left, Box::new(inflated) as Box<dyn Read>);
                    let more = stream(&inner, Box::new(&mut body), sink, 1)?;
                    Ok((more, body.left))
                }
                other => {
                    let why = format!("its compression, {other:?}, is none that is read here");
                    Err(io::Error::new(io::ErrorKind::Unsupported, why))
                }
            }
        });
        match read {
            Ok((true, rest)) => left = rest,
            Ok((false, _)) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => return Err(error),
            Err(error) => sink.problem(inner, error.to_string()),
        }
    }
    Ok(())
}
