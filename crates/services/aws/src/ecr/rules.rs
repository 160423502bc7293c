//! The engine's rules, in the words of the API.

use ringwall_oci::Repository;
use ringwall_registry::replication::{Configuration as Replication, Destination};
use ringwall_registry::{Invalid, Mutability, Pattern, RepositoryName, Tag};
use serde_json::{Map, Value};

use super::invalid;
use crate::call::Call;
use crate::error::{ApiError, Result};

/// What the engine refuses: its words are the API's.
pub(crate) fn refused(why: &Invalid) -> ApiError {
    invalid(why.to_string())
}

/// A value of the API as the engine has it, with the engine's reason where it refuses.
pub(crate) fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|error| invalid(error.to_string()))
}

/// A name that was found in the registry, for the engine.
pub(crate) fn name(name: &str) -> Result<RepositoryName> {
    RepositoryName::parse(name).map_err(|why| refused(&why))
}

/// The mutability of a repository, as a request sets it.
///
/// # Errors
///
/// `InvalidParameterException`
pub(crate) fn mutability(mode: Option<Value>, filters: Option<Value>) -> Result<Mutability> {
    let mut members = Map::new();
    members.extend(mode.map(|mode| ("imageTagMutability".to_owned(), mode)));
    members.extend(filters.map(|filters| ("imageTagMutabilityExclusionFilters".to_owned(), filters)));
    read(members.into())
}

/// Whether a tag of a repository may be moved to another image, by what is set for the repository. What cannot be read lets
/// none move.
#[must_use]
pub fn tag_may_move(repository: &Repository, tag: &str) -> bool {
    let mutability: Option<Mutability> = serde_json::from_value(repository.settings.clone().into()).ok();
    match (mutability, Tag::parse(tag)) {
        (Some(mutability), Ok(tag)) => mutability.may_move(&tag),
        _ => false,
    }
}

/// A replication configuration that the API takes.
///
/// # Errors
///
/// `InvalidParameterException`
pub(crate) fn replication(call: &Call<'_>, configuration: &Value) -> Result<()> {
    let read: Replication = read(configuration.clone())?;
    let own = Destination { region: call.region().to_owned(), registry_id: call.account().to_owned() };
    read.check_for(&own).map_err(|why| refused(&why))
}

/// Whether a replication configuration names a destination.
pub(crate) fn replicates_to(configuration: Option<&Value>, region: &str, registry: &str) -> bool {
    let read: Option<Replication> =
        configuration.and_then(|configuration| serde_json::from_value(configuration.clone()).ok());
    let wanted = Destination { region: region.to_owned(), registry_id: registry.to_owned() };
    read.is_some_and(|read| read.rules().iter().any(|rule| rule.destinations.contains(&wanted)))
}

/// Whether a whole text is as a filter with `*` says.
pub(crate) fn wildcard(filter: &str, text: &str) -> bool {
    Pattern::new(filter).matches(text)
}
