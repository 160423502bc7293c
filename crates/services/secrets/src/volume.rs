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

/// Makes the files. JMESPath's evaluation takes processor time, so this runs where that may be taken.
pub(crate) fn files(
    objects: &[Object],
    fetched: Vec<Fetched>,
    translation: Translation,
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
    for (object, Fetched { value, version }) in objects.iter().zip(fetched) {
        let name = || object.primary.name.clone();
        let failed = |line| move |source| MountError::Extract { line, object: name(), source };
        let file =
            |path: &FilePath, mode, value| File { path: path.clone(), mode, value, version: version.clone() };
        if !object.parts.is_empty() || object.all_keys {
            let json = Json::parse(&value).map_err(failed(object.line))?;
            for part in &object.parts {
                let value = json.select(&part.path).map_err(failed(part.line))?;
                files.push(file(&part.file, part.mode, Arc::new(value)));
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
                    files.push(file(&path, object.mode, Arc::new(value)));
                }
            }
        }
        files.push(file(&object.file, object.mode, value));
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}
