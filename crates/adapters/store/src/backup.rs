//! The file that a backup is: JSON, a line each, that a person can read and either database can take.
//!
//! The first line has the format's version, the database's schema and its generation; then comes a line for each record,
//! in the order of places; the last has their number and the SHA-256 of all lines before it, so that a file that was cut
//! off or altered by accident is no backup. It is no signature: whoever can write the file can write another.

use std::io::{BufRead, Read as _, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::place::{MAX_BODY, Place, Record};
use crate::schema::SCHEMA;

/// The version of this format.
const VERSION: u32 = 1;

/// The longest line, in bytes: the largest body as base64, and a name of which each byte is escaped as six.
const MAX_LINE: u64 = (MAX_BODY as u64) / 3 * 4 + 32 * 1024;

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupSummary {
    /// The schema of the database that it was made of.
    pub schema: i64,
    /// The generation of the last commit that is in it.
    pub generation: i64,
    /// How many records it has.
    pub records: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Line {
    Backup { version: u32, schema: i64, generation: i64 },
    Record { kind: String, account: String, region: String, name: String, revision: i64, body: String },
    End { records: u64, sha256: String },
}

/// Writes a backup.
pub(crate) struct BackupWriter<W> {
    file: W,
    hash: Context,
    summary: BackupSummary,
}

impl<W: Write> BackupWriter<W> {
    pub(crate) fn new(file: W, generation: i64) -> std::io::Result<Self> {
        let summary = BackupSummary { schema: SCHEMA, generation, records: 0 };
        let mut writer = Self { file, hash: Context::new(&SHA256), summary };
        writer.line(&Line::Backup { version: VERSION, schema: SCHEMA, generation })?;
        Ok(writer)
    }

    pub(crate) fn record(&mut self, record: Record) -> std::io::Result<()> {
        let Record { place: Place { kind, account, region, name }, body, revision } = record;
        self.summary.records += 1;
        let body = BASE64.encode(&body);
        self.line(&Line::Record { kind, account, region, name, revision, body })
    }

    pub(crate) fn end(mut self) -> std::io::Result<(W, BackupSummary)> {
        let sha256 = HEXLOWER.encode(self.hash.clone().finish().as_ref());
        self.line(&Line::End { records: self.summary.records, sha256 })?;
        self.file.flush()?;
        Ok((self.file, self.summary))
    }

    fn line(&mut self, line: &Line) -> std::io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.hash.update(&bytes);
        self.file.write_all(&bytes)
    }
}

/// Reads a backup. What it returned is not to be relied on before [`BackupReader::record`] returned none, which says
/// that the backup is whole.
pub(crate) struct BackupReader<R> {
    file: R,
    path: PathBuf,
    hash: Context,
    line: u64,
    last: Option<Place>,
    summary: BackupSummary,
}

impl<R: BufRead> BackupReader<R> {
    /// Reads the head. The path is for messages.
    pub(crate) fn new(file: R, path: &Path) -> Result<Self, StoreError> {
        let summary = BackupSummary { schema: 0, generation: 0, records: 0 };
        let mut reader =
            Self { file, path: path.to_owned(), hash: Context::new(&SHA256), line: 0, last: None, summary };
        let bytes = reader.bytes()?;
        let Some(Line::Backup { version, schema, generation }) = bytes.as_deref().and_then(parse) else {
            return Err(reader.bad("it does not begin like one"));
        };
        if version != VERSION {
            return Err(
                reader.bad(&format!("its format is {version}, and this version reads format {VERSION}"))
            );
        }
        if !(1..=SCHEMA).contains(&schema) {
            return Err(
                reader.bad(&format!("its schema is {schema}, and this version knows schemas up to {SCHEMA}"))
            );
        }
        if !(0..i64::MAX).contains(&generation) {
            return Err(reader.bad("its generation is none"));
        }
        reader.summary = BackupSummary { schema, generation, records: 0 };
        Ok(reader)
    }

    /// The next record; none at the end of a backup that is whole.
    pub(crate) fn record(&mut self) -> Result<Option<Record>, StoreError> {
        let before = self.hash.clone();
        let line = self.bytes()?.ok_or_else(|| self.bad("it is cut off"))?;
        let (place, revision, body) = match parse(&line) {
            Some(Line::Record { kind, account, region, name, revision, body }) => {
                (Place { kind, account, region, name }, revision, body)
            }
            Some(Line::End { records, sha256 }) => {
                if records != self.summary.records {
                    return Err(self.bad("it has not the number of records that it says"));
                }
                if sha256 != HEXLOWER.encode(before.finish().as_ref()) {
                    return Err(self.bad("its content does not match its checksum"));
                }
                if self.bytes()?.is_some() {
                    return Err(self.bad("something comes after its end"));
                }
                return Ok(None);
            }
            _ => return Err(self.bad("this line can't be read")),
        };
        if let Some(why) = place.fault() {
            return Err(self.bad(why));
        }
        if self.last.as_ref().is_some_and(|last| *last >= place) {
            return Err(self.bad("a record stands out of order"));
        }
        if !(1..=self.summary.generation).contains(&revision) {
            return Err(self.bad("a record is of no generation of this backup"));
        }
        let body = BASE64.decode(body.as_bytes()).map_err(|_| self.bad("a body is not base64"))?;
        if body.len() > MAX_BODY {
            return Err(self.bad("a body is larger than one may be"));
        }
        self.last = Some(place.clone());
        self.summary.records += 1;
        Ok(Some(Record { place, body, revision }))
    }

    /// Reads to the end and says what there is.
    pub(crate) fn summary(mut self) -> Result<BackupSummary, StoreError> {
        while self.record()?.is_some() {}
        Ok(self.summary)
    }

    /// What the head says; the number of records is that of those read so far.
    pub(crate) fn so_far(&self) -> BackupSummary {
        self.summary
    }

    /// The next line, which is hashed; none at the end of the file.
    fn bytes(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        self.line += 1;
        let mut bytes = Vec::new();
        let mut limited = (&mut self.file).take(MAX_LINE);
        limited.read_until(b'\n', &mut bytes).map_err(StoreError::file(&self.path, "read"))?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if bytes.last() != Some(&b'\n') {
            return Err(self.bad("this line is cut off, or too long"));
        }
        self.hash.update(&bytes);
        Ok(Some(bytes))
    }

    fn bad(&self, why: &str) -> StoreError {
        StoreError::BadBackup { path: self.path.clone(), line: self.line, why: why.to_owned() }
    }
}

fn parse(line: &[u8]) -> Option<Line> {
    serde_json::from_slice(line).ok()
}

/// Reads a backup to its end and says what it holds; the path is for messages.
///
/// # Errors
///
/// [`StoreError::BadBackup`] if it is not whole, [`StoreError::File`] if it can't be read.
pub fn check_backup(file: impl BufRead, path: &Path) -> Result<BackupSummary, StoreError> {
    BackupReader::new(file, path)?.summary()
}

#[cfg(test)]
mod tests;
