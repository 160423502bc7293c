//! Days that are kept no longer.

use object_store::path::Path;

use crate::compact::delete;
use crate::error::LakeError;
use crate::layout::{self, Day};
use crate::location::Location;
use crate::row::Class;
use crate::writer::list;

/// What was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Files.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
}

/// Deletes all that is of days before this one. A run that ends early is completed by the next.
///
/// # Errors
///
/// Files can't be listed or deleted.
pub async fn expire(location: &Location, before: Day) -> Result<Expired, LakeError> {
    let mut expired = Expired::default();
    for class in Class::ALL {
        let mut paths: Vec<Path> = Vec::new();
        for file in list(location, &location.source(class)).await? {
            if layout::day_of(&file.location).is_some_and(|day| day < before) {
                expired.bytes = expired.bytes.saturating_add(file.size);
                paths.push(file.location);
            }
        }
        // Lists go last: what they replace would be seen again without them.
        paths.sort_by_key(|path| layout::split(path).is_some_and(|(_, name)| name.starts_with('_')));
        expired.files = expired.files.saturating_add(delete(location, paths).await?);
    }
    Ok(expired)
}
