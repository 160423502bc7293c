//! The files of a volume, out of the values of its objects.

use std::sync::Arc;

use bytes::Bytes;
use ringwall_model::Secret;

use crate::error::MountError;
use crate::extract::Json;
use crate::fetch::Fetched;
use crate::objects::{FilePath, MAX_FILES, Object, Taken, Translation};

/// A file that is to be.
pub(crate) struct File {
    pub(crate) path: FilePath,
    pub(crate) mode: u32,
    pub(crate) value: Arc<Secret>,
    /// The version of the value, or of that which it is a part of.
    pub(crate) version: String,
}

impl File {
    /// A copy of its value, for the message that carries it.
    pub(crate) fn contents(&self) -> Bytes {
        Bytes::copy_from_slice(self.value.expose())
    }
}

/// Adds a value's bytes to those of a volume.
pub(crate) fn add_up(bytes: &mut usize, more: usize, max: usize) -> Result<(), MountError> {
    *bytes = bytes.saturating_add(more);
    if *bytes > max { Err(MountError::TooLarge { max }) } else { Ok(()) }
}

/// Makes the files, of `max_bytes` at most. JMESPath's evaluation takes processor time, so this runs where that may be taken.
pub(crate) fn files(
    objects: &[Object],
    fetched: Vec<Fetched>,
    translation: Translation,
    max_bytes: usize,
) -> Result<Vec<File>, MountError> {
    let mut taken = Taken::default();
    for object in objects {
        let paths = std::iter::once((&object.file, object.line))
            .chain(object.parts.iter().map(|part| (&part.file, part.line)));
        for (path, line) in paths {
            // That these don't meet each other was seen when `objects` was read.
            let _ = taken.take(path, line);
        }
    }
    let mut files = Vec::new();
    let mut bytes = 0;
    for (object, Fetched { value, version }) in objects.iter().zip(fetched) {
        let name = || object.primary.name.clone();
        let failed = |line| move |source| MountError::Extract { line, object: name(), source };
        // Counted as they are made: a class whose parts are many times its values is not made first and refused then.
        let mut add = |path: &FilePath, mode, value: Arc<Secret>| {
            add_up(&mut bytes, value.len(), max_bytes)?;
            files.push(File { path: path.clone(), mode, value, version: version.clone() });
            Ok::<_, MountError>(())
        };
        if !object.parts.is_empty() || object.all_keys {
            let json = Json::parse(&value).map_err(failed(object.line))?;
            for part in &object.parts {
                let value = json.select(&part.path).map_err(failed(part.line))?;
                add(&part.file, part.mode, Arc::new(value))?;
            }
            if object.all_keys {
                for (path, value) in json.keys(translation).map_err(failed(object.line))? {
                    taken.take(&path, object.line).map_err(|(_, first)| MountError::SameFile {
                        line: object.line,
                        object: name(),
                        first,
                    })?;
                    if taken.len() > MAX_FILES {
                        return Err(MountError::TooMany(MAX_FILES));
                    }
                    add(&path, object.mode, Arc::new(value))?;
                }
            }
        }
        add(&object.file, object.mode, value)?;
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}
