use thiserror::Error;

use crate::{Digest, Mutability, RepositoryName, Tag};

/// What giving a tag to an image does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagMove {
    /// The tag is new.
    New,
    /// The image has the tag already. ECR's `PutImage` answers `ImageAlreadyExistsException`; a push over HTTP succeeds.
    Same,
    /// The tag leaves another image.
    Moved,
}

/// A tag that may not be moved: ECR's `ImageTagAlreadyExistsException`, in its words.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "The image tag '{tag}' already exists in the '{repository}' repository and cannot be overwritten because the tag is immutable."
)]
pub struct Refused {
    tag: Tag,
    repository: RepositoryName,
}

/// Decides each way in which a tag comes to an image: a push by tag, tags beside a push by digest, `PutImage`, a replicated push,
/// an image that a cache fetched. `current` is the image that has the tag now, read in the same transaction that gives it.
pub fn tag_move(
    mutability: &Mutability,
    repository: &RepositoryName,
    tag: &Tag,
    current: Option<&Digest>,
    new: &Digest,
) -> Result<TagMove, Refused> {
    match current {
        None => Ok(TagMove::New),
        Some(current) if current == new => Ok(TagMove::Same),
        Some(_) if mutability.may_move(tag) => Ok(TagMove::Moved),
        Some(_) => Err(Refused { tag: tag.clone(), repository: repository.clone() }),
    }
}
