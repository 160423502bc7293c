//! Events as correlations name them, between the event and the finding that it becomes part of.

use ringwall_detect::finding::{Evidence, Place};

use crate::limits::MAX_REMEMBERED;

/// Id, whether it is CloudTrail's, file and line.
type Mark = (String, bool, String, u64);

/// An event's name.
pub(crate) fn write(event: &Evidence) -> String {
    let mark = (&event.id, event.is_record, &*event.place.file, event.place.line);
    // A tuple of texts and numbers is always a value of JSON.
    serde_json::to_string(&mark).unwrap_or_default()
}

/// The event of a name.
pub(crate) fn read(mark: &str) -> Option<Evidence> {
    let (id, is_record, file, line): Mark = serde_json::from_str(mark).ok()?;
    Some(Evidence { id, is_record, place: Place { file: file.into(), line } })
}

/// An id as far as it is kept.
pub(crate) fn cut(id: &str) -> String {
    id.get(..id.floor_char_boundary(MAX_REMEMBERED)).unwrap_or_default().to_owned()
}
