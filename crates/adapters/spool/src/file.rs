//! The file of a queue.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use redb::{Database, Durability, ReadableDatabase as _, ReadableTable as _, TableDefinition, TableError};

use crate::{Position, SpoolError};

const ENTRIES: TableDefinition<'_, Position, &[u8]> = TableDefinition::new("entries");

/// Under this the greatest position that was ever given is kept, so that none is given twice after all were done.
const NEWEST: TableDefinition<'_, (), Position> = TableDefinition::new("newest");

/// Memory for pages of the file: entries are written once and read once.
const CACHE_BYTES: usize = 8 << 20;

/// An open file.
#[derive(Debug)]
pub(crate) struct File {
    database: Database,
    path: PathBuf,
}

/// What a file holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) newest: Position,
    pub(crate) bytes: u64,
}

/// What changes in one step.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) entries: Vec<(Position, Bytes)>,
    /// All up to this one go.
    pub(crate) done: Option<Position>,
}

impl File {
    pub(crate) fn open(path: &Path) -> Result<Self, SpoolError> {
        let database = Database::builder().set_cache_size(CACHE_BYTES).create(path);
        let database = database.map_err(|error| SpoolError::new(path, error))?;
        Ok(Self { database, path: path.to_owned() })
    }

    /// Carries out a change; it is on the disk when this returns. Gives the bytes of the entries that went.
    pub(crate) fn change(&self, change: &Change) -> Result<u64, redb::Error> {
        let mut gone = 0_u64;
        let mut transaction = self.database.begin_write()?;
        // What is only done need not be synced: to read it again does no harm.
        let durability = if change.entries.is_empty() { Durability::None } else { Durability::Immediate };
        transaction.set_durability(durability)?;
        {
            let mut entries = transaction.open_table(ENTRIES)?;
            for (position, entry) in &change.entries {
                entries.insert(position, &**entry)?;
            }
            if let Some(done) = change.done {
                entries.retain_in(..=done, |_, entry| {
                    gone = gone.saturating_add(entry.len() as u64);
                    false
                })?;
            }
            if let Some((newest, _)) = change.entries.last() {
                transaction.open_table(NEWEST)?.insert((), newest)?;
            }
        }
        transaction.commit()?;
        Ok(gone)
    }

    pub(crate) fn held(&self) -> Result<Held, redb::Error> {
        let transaction = self.database.begin_read()?;
        let newest = match transaction.open_table(NEWEST) {
            Ok(table) => table.get(())?.map_or(0, |position| position.value()),
            Err(TableError::TableDoesNotExist(_)) => return Ok(Held { newest: 0, bytes: 0 }),
            Err(error) => return Err(error.into()),
        };
        let mut bytes = 0_u64;
        for entry in transaction.open_table(ENTRIES)?.iter()? {
            bytes = bytes.saturating_add(entry?.1.value().len() as u64);
        }
        Ok(Held { newest, bytes })
    }

    pub(crate) fn read(&self, after: Position, most: usize) -> Result<Vec<(Position, Bytes)>, SpoolError> {
        self.entries(after, most).map_err(|error| SpoolError::new(&self.path, error))
    }

    fn entries(&self, after: Position, most: usize) -> Result<Vec<(Position, Bytes)>, redb::Error> {
        let transaction = self.database.begin_read()?;
        let table = match transaction.open_table(ENTRIES) {
            Ok(table) => table,
            Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let (mut found, mut bytes) = (Vec::new(), 0_usize);
        for entry in table.range(after.saturating_add(1)..)? {
            let (position, entry) = entry?;
            bytes = bytes.saturating_add(entry.value().len());
            if bytes > most && !found.is_empty() {
                break;
            }
            found.push((position.value(), Bytes::copy_from_slice(entry.value())));
        }
        Ok(found)
    }
}
