//! "Did you mean": the known action nearest to an unknown one.

use super::Catalog;
use super::service::{Action, Service};

/// Most edits between a name and what may have been meant: past it a suggestion confuses more than it helps.
const MAX_EDITS: usize = 3;

/// Longer than any name that AWS has, so nothing is near to it; and comparing costs the product of both lengths.
const MAX_NAME_BYTES: usize = 128;

/// Most services whose actions are compared when the service is unknown: a prefix of two letters is near to many.
const MAX_SERVICES: usize = 16;

/// Of equally near ones the first in the alphabet, so that the same input gives the same answer.
pub(super) fn nearest_action(catalog: &Catalog, name: &str) -> Option<String> {
    if name.len() > MAX_NAME_BYTES {
        return None;
    }
    let (prefix, action) = name.split_once(':')?;
    let action = action.to_lowercase();
    if let Some(service) = catalog.service(prefix) {
        let (_, nearest) = nearest_of(service, &action)?;
        return Some(format!("{}:{}", service.prefix(), nearest.name()));
    }
    let prefix = prefix.to_lowercase();
    let mut services: Vec<(usize, &Service)> =
        catalog.services().filter_map(|service| Some((edits(&prefix, service.prefix())?, service))).collect();
    services.sort_by_key(|(edits, service)| (*edits, service.prefix()));
    let (_, service, nearest) = services
        .into_iter()
        .take(MAX_SERVICES)
        .filter_map(|(edits, service)| {
            let (more, action) = nearest_of(service, &action)?;
            Some((edits + more, service, action))
        })
        .min_by_key(|(edits, ..)| *edits)?;
    Some(format!("{}:{}", service.prefix(), nearest.name()))
}

fn nearest_of<'a>(service: &'a Service, lower: &str) -> Option<(usize, &'a Action)> {
    service
        .actions()
        .iter()
        .filter_map(|action| Some((edits(lower, &action.name().to_lowercase())?, action)))
        .min_by_key(|(edits, _)| *edits)
}

/// The edits from one name to another, if they are few for a name of this length.
fn edits(given: &str, known: &str) -> Option<usize> {
    // An edit changes the length by one character at most, so many names need no comparison.
    if given.chars().count().abs_diff(known.len()) > MAX_EDITS {
        return None;
    }
    let edits = strsim::osa_distance(given, known);
    (edits <= MAX_EDITS && edits * 2 <= known.len()).then_some(edits)
}
