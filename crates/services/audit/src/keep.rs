//! What a cluster's partition keeps on disk: what its detector knows, how far the queue was looked at, how far each source was read,
//! what was sent where. One file of redb; what belongs together is committed together.

use std::path::{Path, PathBuf};

use hashbrown::HashMap;
use redb::{Database, Durability, ReadableDatabase as _, ReadableTable as _, TableDefinition, TableError};
use ringwall_spool::Position;
use serde::{Deserialize, Serialize};

/// What the detector knows, under `()`.
const STATE: TableDefinition<'_, (), &[u8]> = TableDefinition::new("state");

/// Positions in the queue, by whose they are.
const POSITIONS: TableDefinition<'_, &str, Position> = TableDefinition::new("positions");

/// How far a source was read, in the words of that source, by its name.
const CURSORS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("cursors");

/// What a sink was sent of a finding, by the sink's name and the finding's id.
const SENT: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("sent");

/// What people said of a finding, by its id.
const MARKS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("marks");

/// Under these, the positions of the detector and of the lake are kept.
const LOOKED: &str = "looked";
const IN_LAKE: &str = "lake";

/// Memory for pages of the file.
const CACHE_BYTES: usize = 4 << 20;

/// What is kept can't be read or written.
#[derive(Debug, thiserror::Error)]
#[error("`{}` can't be used (hint: it may be open in another process)", path.display())]
pub struct KeepError {
    path: PathBuf,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// How far the queue was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Positions {
    /// By the detector: its state has all up to this one, and nothing after.
    pub(crate) looked: Position,
    /// By the lake: all up to this one is in its files.
    pub(crate) in_lake: Position,
}

/// What a sink was sent of a finding.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Sent {
    /// How often it had happened.
    pub(crate) count: u64,
    /// When it was sent, in Unix milliseconds.
    pub(crate) at: i64,
}

/// The file.
#[derive(Debug)]
pub(crate) struct Keep {
    database: Database,
    path: PathBuf,
}

type Result<T> = std::result::Result<T, KeepError>;

impl Keep {
    /// Opens it, or makes one that is empty.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let database = Database::builder().set_cache_size(CACHE_BYTES).create(path);
        match database {
            Ok(database) => Ok(Self { database, path: path.to_owned() }),
            Err(error) => Err(KeepError { path: path.to_owned(), source: error.into() }),
        }
    }

    /// What the detector knew, at the position up to which it had looked.
    pub(crate) fn state(&self) -> Result<Option<Vec<u8>>> {
        self.read(|transaction| {
            let Some(table) = there(transaction.open_table(STATE))? else { return Ok(None) };
            Ok(table.get(())?.map(|state| state.value().to_vec()))
        })
    }

    /// How far the queue was looked at.
    pub(crate) fn positions(&self) -> Result<Positions> {
        self.read(|transaction| {
            let Some(table) = there(transaction.open_table(POSITIONS))? else {
                return Ok(Positions::default());
            };
            let position = |name| Ok::<_, redb::Error>(table.get(name)?.map_or(0, |value| value.value()));
            Ok(Positions { looked: position(LOOKED)?, in_lake: position(IN_LAKE)? })
        })
    }

    /// Keeps what the detector knows, together with how far the queue was looked at. `None`: it knows what it knew.
    pub(crate) fn commit(&self, state: Option<&[u8]>, positions: Positions) -> Result<()> {
        self.write(|transaction| {
            if let Some(state) = state {
                transaction.open_table(STATE)?.insert((), state)?;
            }
            let mut table = transaction.open_table(POSITIONS)?;
            table.insert(LOOKED, positions.looked)?;
            table.insert(IN_LAKE, positions.in_lake)?;
            Ok(())
        })
    }

    /// How far a source was read.
    pub(crate) fn cursor(&self, source: &str) -> Result<Option<Vec<u8>>> {
        self.read(|transaction| {
            let Some(table) = there(transaction.open_table(CURSORS))? else { return Ok(None) };
            Ok(table.get(source)?.map(|cursor| cursor.value().to_vec()))
        })
    }

    /// Keeps how far a source was read.
    pub(crate) fn set_cursor(&self, source: &str, cursor: &[u8]) -> Result<()> {
        self.write(|transaction| {
            transaction.open_table(CURSORS)?.insert(source, cursor)?;
            Ok(())
        })
    }

    /// What a sink was sent, by the findings' ids.
    pub(crate) fn sent(&self, sink: &str) -> Result<HashMap<String, Sent>> {
        self.read(|transaction| {
            let mut all = HashMap::new();
            let Some(table) = there(transaction.open_table(SENT))? else { return Ok(all) };
            for row in table.range((sink, "")..)? {
                let (key, value) = row?;
                let (of, id) = key.value();
                if of != sink {
                    break;
                }
                if let Ok(sent) = serde_json::from_slice(value.value()) {
                    all.insert(id.to_owned(), sent);
                }
            }
            Ok(all)
        })
    }

    /// Keeps what a sink was sent, and forgets what it need not know any more.
    pub(crate) fn set_sent(&self, sink: &str, sent: &[(String, Sent)], gone: &[String]) -> Result<()> {
        self.write(|transaction| {
            let mut table = transaction.open_table(SENT)?;
            for (id, sent) in sent {
                // It has no maps that could fail.
                let value = serde_json::to_vec(sent).unwrap_or_default();
                table.insert((sink, id.as_str()), value.as_slice())?;
            }
            for id in gone {
                table.remove((sink, id.as_str()))?;
            }
            Ok(())
        })
    }

    /// What people said of a finding.
    pub(crate) fn mark(&self, id: &str) -> Result<Option<Vec<u8>>> {
        self.read(|transaction| {
            let Some(table) = there(transaction.open_table(MARKS))? else { return Ok(None) };
            Ok(table.get(id)?.map(|mark| mark.value().to_vec()))
        })
    }

    /// What people said of findings, by their ids.
    pub(crate) fn marks(&self) -> Result<Vec<(String, Vec<u8>)>> {
        self.read(|transaction| {
            let Some(table) = there(transaction.open_table(MARKS))? else { return Ok(Vec::new()) };
            let mut all = Vec::new();
            for row in table.iter()? {
                let (id, mark) = row?;
                all.push((id.value().to_owned(), mark.value().to_vec()));
            }
            Ok(all)
        })
    }

    /// Keeps what people said of a finding.
    pub(crate) fn set_mark(&self, id: &str, mark: &[u8]) -> Result<()> {
        self.write(|transaction| {
            transaction.open_table(MARKS)?.insert(id, mark)?;
            Ok(())
        })
    }

    fn read<T>(
        &self,
        of: impl FnOnce(redb::ReadTransaction) -> std::result::Result<T, redb::Error>,
    ) -> Result<T> {
        let read = self.database.begin_read().map_err(redb::Error::from).and_then(of);
        read.map_err(|error| self.failed(error))
    }

    fn write(
        &self,
        what: impl FnOnce(&redb::WriteTransaction) -> std::result::Result<(), redb::Error>,
    ) -> Result<()> {
        let write = || {
            let mut transaction = self.database.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            what(&transaction)?;
            transaction.commit()?;
            Ok(())
        };
        write().map_err(|error: redb::Error| self.failed(error))
    }

    fn failed(&self, error: redb::Error) -> KeepError {
        KeepError { path: self.path.clone(), source: error.into() }
    }
}

/// A table, or none if nothing was ever written to it.
fn there<T>(table: std::result::Result<T, TableError>) -> std::result::Result<Option<T>, redb::Error> {
    match table {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept");
        let sent = |count| Sent { count, at: 5 };
        let named = |count| ("a".to_owned(), sent(count));
        {
            let keep = Keep::open(&path).unwrap();
            assert_eq!(keep.positions().unwrap(), Positions::default());
            assert_eq!(keep.state().unwrap(), None);
            assert!(keep.sent("file").unwrap().is_empty() && keep.marks().unwrap().is_empty());
            keep.commit(Some(b"state"), Positions { looked: 7, in_lake: 3 }).unwrap();
            keep.commit(None, Positions { looked: 7, in_lake: 7 }).unwrap();
            keep.set_cursor("files", b"here").unwrap();
            keep.set_sent("file", &[named(1), ("b".to_owned(), sent(1))], &[]).unwrap();
            keep.set_sent("file", &[named(2)], &["b".to_owned()]).unwrap();
            keep.set_sent("files", &[named(9)], &[]).unwrap();
            keep.set_mark("a", b"archived").unwrap();
            assert!(Keep::open(&path).is_err(), "two can't have it open");
        }
        let keep = Keep::open(&path).unwrap();
        assert_eq!(keep.positions().unwrap(), Positions { looked: 7, in_lake: 7 });
        assert_eq!(keep.state().unwrap().unwrap(), b"state");
        assert_eq!(keep.cursor("files").unwrap().unwrap(), b"here");
        assert_eq!(keep.cursor("other").unwrap(), None);
        assert_eq!(keep.sent("file").unwrap(), HashMap::from([named(2)]));
        assert_eq!(keep.marks().unwrap(), [("a".to_owned(), b"archived".to_vec())]);
    }
}
