use std::fmt;

use crate::key::Key;

/// Something that a verdict takes for granted, since the question did not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assumption<'p> {
    /// A statement asks for this key, and it was taken for absent.
    Absent(&'p Key),
    /// Nothing told the resource's account; it was taken for the principal's own.
    ResourceAccount,
    /// The key has several values, and the condition no set operator: nothing can be compared.
    SeveralValues(&'p Key),
    /// A value of the request or of the policy is not of the operator's type.
    WrongType(&'p Key),
    /// A statement names a canonical user id, which no ARN tells.
    CanonicalUser(&'p str),
    /// It could not be told whether a Deny covers all of the resources asked for; it was taken to.
    Uncompared(&'p str),
}

impl fmt::Display for Assumption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(key) => write!(f, "{key} absent"),
            Self::ResourceAccount => f.write_str("aws:ResourceAccount is the principal's own"),
            Self::SeveralValues(key) => write!(f, "{key} has several values and no set operator"),
            Self::WrongType(key) => write!(f, "{key} is not of the operator's type"),
            Self::CanonicalUser(id) => write!(f, "the caller is not the canonical user {id}"),
            Self::Uncompared(resource) => write!(f, "{resource} was not compared with the whole question"),
        }
    }
}

/// Assumptions in the order in which they were met, each once.
#[derive(Debug, Default)]
pub(crate) struct Notes<'p>(Vec<Assumption<'p>>);

impl<'p> Notes<'p> {
    pub(crate) fn add(&mut self, assumption: Assumption<'p>) {
        if !self.0.contains(&assumption) {
            self.0.push(assumption);
        }
    }

    pub(crate) fn into_vec(self) -> Vec<Assumption<'p>> {
        self.0
    }
}
