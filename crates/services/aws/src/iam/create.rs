//! What the making of everything has in common.

use ringwall_store::{Batch, Expect};

use super::entity::{Kept, about, action, find, note, room};
use super::fault::exists;
use super::tags;
use crate::authorize::{Ask, Permit};
use crate::call::Call;
use crate::error::Result;
use crate::sts::issue::Tag;
use ringwall_store::StoreError;

/// Whether a new thing may be made, and may have its tags, which takes a permission of its own.
///
/// Source: AWS IAM User Guide, *Tags for IAM resources*, "Permissions required for tagging": to tag while creating, both
/// the creating and the tagging action have to be allowed.
pub(crate) fn permit<T: Kept>(
    call: &Call<'_>,
    arn: &str,
    tagging: Option<&str>,
    new_tags: &[Tag],
    more: impl Fn(Ask) -> Ask,
) -> Result<Permit> {
    let ask =
        |action: String| more(about::<T>(action, arn.to_owned(), None)).request_tags(tags::pairs(new_tags));
    let permit = call.authorize(&ask(action(call)))?;
    if let Some(tagging) = tagging.filter(|_| !new_tags.is_empty()) {
        call.authorize(&ask(tagging.to_owned()))?;
    }
    Ok(permit)
}

/// Refuses what there is already, whatever its case, and one more than the quota.
pub(crate) async fn vacant<T: Kept>(call: &Call<'_>, noun: &str, name: &str) -> Result<()> {
    if find::<T>(call, name).await?.is_some() {
        return Err(exists(noun, name));
    }
    room::<T>(call).await
}

/// Files something new together with what belongs to it. `false` if something else had changed meanwhile.
pub(crate) async fn file<T: Kept>(
    call: &Call<'_>,
    mut batch: Batch,
    noun: &str,
    name: &str,
    value: &T,
) -> Result<bool> {
    let table = T::table(&call.shared.iam);
    table.put(&mut batch, call.account(), "", &T::filed(name), value, Expect::Absent);
    match call.shared.store.commit(batch).await {
        Ok(_) => {}
        Err(StoreError::Conflict(place)) if place.kind == table.kind() => return Err(exists(noun, name)),
        Err(StoreError::Conflict(_)) => {
            call.shared.store.refresh().await?;
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    }
    note(call, value);
    Ok(true)
}
