use crate::{Allowed, Traffic};

/// What surely passes, and what may: the former is part of the latter. Without gaps in the snapshot both are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) sure: Traffic,
    pub(super) maybe: Traffic,
}

impl Bounds {
    pub(super) fn all() -> Self {
        Self { sure: Traffic::all(), maybe: Traffic::all() }
    }

    pub(super) fn none() -> Self {
        Self { sure: Traffic::none(), maybe: Traffic::none() }
    }

    pub(super) fn unknown() -> Self {
        Self { sure: Traffic::none(), maybe: Traffic::all() }
    }

    /// What one of two lets through, where one is enough.
    pub(super) fn or(&self, other: &Self) -> Self {
        Self { sure: self.sure.or(&other.sure), maybe: self.maybe.or(&other.maybe) }
    }

    /// What two let through, where both are needed.
    pub(super) fn and(&self, other: &Self) -> Self {
        Self { sure: self.sure.and(&other.sure), maybe: self.maybe.and(&other.maybe) }
    }

    /// What passes if one of two holds, and nobody can tell which.
    pub(super) fn either(&self, other: &Self) -> Self {
        Self { sure: self.sure.and(&other.sure), maybe: self.maybe.or(&other.maybe) }
    }

    pub(super) fn into_allowed(self) -> Allowed {
        let uncertain = self.maybe.without(&self.sure);
        Allowed { traffic: self.sure, uncertain }
    }
}
