//! Changes that are made together or not at all.

use std::collections::HashSet;

use crate::error::StoreError;
use crate::place::{MAX_BODY, Place};

/// The most operations of one batch: more than any call of an AWS API changes, few enough to hold the database shortly.
pub const MAX_OPERATIONS: usize = 1_000;

/// What must be at a place for a batch to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Whatever there is.
    Any,
    /// No record.
    Absent,
    /// A record.
    Present,
    /// The record that this commit wrote.
    Revision(i64),
}

impl Expect {
    /// Whether a place with this revision is as expected.
    pub(crate) fn met_by(self, revision: Option<i64>) -> bool {
        match self {
            Self::Any => true,
            Self::Absent => revision.is_none(),
            Self::Present => revision.is_some(),
            Self::Revision(expected) => revision == Some(expected),
        }
    }
}

/// Changes that are made together or not at all, at most [`MAX_OPERATIONS`] of them.
///
/// A place occurs once: its expectation looks at what was there before the batch.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    operations: Vec<Operation>,
    fault: Option<StoreError>,
}

#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) place: Place,
    pub(crate) expect: Expect,
    pub(crate) action: Action,
}

#[derive(Debug, Clone)]
pub(crate) enum Action {
    Put(Vec<u8>),
    Delete,
    Require,
}

impl Batch {
    /// A batch of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a record in place of what is there.
    pub fn put(&mut self, place: Place, body: Vec<u8>, expect: Expect) -> &mut Self {
        self.add(place, expect, Action::Put(body))
    }

    /// Takes a record away; with [`Expect::Any`] there need be none.
    pub fn delete(&mut self, place: Place, expect: Expect) -> &mut Self {
        self.add(place, expect, Action::Delete)
    }

    /// Changes nothing, but lets the batch be made only if the place is as expected.
    pub fn require(&mut self, place: Place, expect: Expect) -> &mut Self {
        self.add(place, expect, Action::Require)
    }

    /// How many operations there are.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Makes [`Store::commit`](crate::Store::commit) fail with the batch's first fault, so that building needs no `?`.
    pub(crate) fn set_fault(&mut self, fault: StoreError) {
        self.fault.get_or_insert(fault);
    }

    /// The operations, if they can be made at all.
    pub(crate) fn check(self) -> Result<Vec<Operation>, StoreError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if self.operations.len() > MAX_OPERATIONS {
            return Err(StoreError::TooManyOperations { operations: self.operations.len() });
        }
        let mut places = HashSet::with_capacity(self.operations.len());
        for Operation { place, action, .. } in &self.operations {
            if let Some(why) = place.fault() {
                return Err(StoreError::BadPlace { place: place.clone(), why });
            }
            if let Action::Put(body) = action
                && body.len() > MAX_BODY
            {
                return Err(StoreError::BodyTooLarge { place: place.clone(), bytes: body.len() });
            }
            if !places.insert(place) {
                return Err(StoreError::Twice(place.clone()));
            }
        }
        Ok(self.operations)
    }

    fn add(&mut self, place: Place, expect: Expect, action: Action) -> &mut Self {
        self.operations.push(Operation { place, expect, action });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> Place {
        Place::new("", "", "test", name)
    }

    #[test]
    fn expectations_look_at_the_revision() {
        let met = |expect: Expect| [None, Some(1), Some(2)].map(|revision| expect.met_by(revision));
        assert_eq!(met(Expect::Any), [true, true, true]);
        assert_eq!(met(Expect::Absent), [true, false, false]);
        assert_eq!(met(Expect::Present), [false, true, true]);
        assert_eq!(met(Expect::Revision(2)), [false, false, true]);
    }

    #[test]
    fn batches_that_cannot_be_made_are_refused() {
        let fault = |batch: Batch| batch.check().unwrap_err();
        let mut twice = Batch::new();
        twice.require(place("a"), Expect::Any).delete(place("a"), Expect::Any);
        assert!(matches!(fault(twice), StoreError::Twice(at) if at == place("a")));

        let mut large = Batch::new();
        large.put(place("a"), vec![0; MAX_BODY + 1], Expect::Any);
        assert!(matches!(fault(large), StoreError::BodyTooLarge { bytes, .. } if bytes == MAX_BODY + 1));

        let mut many = Batch::new();
        for at in 0..=MAX_OPERATIONS {
            many.delete(place(&at.to_string()), Expect::Any);
        }
        assert!(
            matches!(fault(many), StoreError::TooManyOperations { operations } if operations > MAX_OPERATIONS)
        );

        let mut bad = Batch::new();
        bad.delete(place(""), Expect::Any);
        assert!(matches!(fault(bad), StoreError::BadPlace { .. }));
    }
}
