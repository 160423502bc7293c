use ringwall_model::{Decision, Reason, User, Verdict};

use super::template::{could_become, placeholders};
use super::{GrantedPolicy, Placeholder};

/// What became of a caller.
#[derive(Clone, Debug)]
pub enum Identification {
    /// The caller gets in as this.
    Mapped(Identity),
    /// Nothing lets the caller in.
    NotMapped {
        /// Why, and which mappings came near.
        why: Vec<String>,
        /// What could let the caller in all the same and was not evaluated: with any of it the answer is
        /// unknown, not no.
        not_evaluated: Vec<String>,
        /// Whether something does name the caller and can't be used, so that the login ends and nothing else is asked.
        ends: bool,
    },
}

impl Identification {
    /// The identity, if the caller gets in.
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Mapped(identity) => Some(identity),
            Self::NotMapped { .. } => None,
        }
    }
}

/// The Kubernetes side of a caller.
#[derive(Clone, Debug)]
pub struct Identity {
    /// User name and groups, `system:authenticated` among them. Placeholders that could not be filled stand
    /// in them as they are written.
    pub user: User,
    /// The mapping, by its place in [`Mappings::all`](super::Mappings::all).
    pub mapping: usize,
    /// Placeholders that could not be filled, since too little is known of the caller.
    pub open: Vec<Placeholder>,
    /// Whether name, groups and access policies of the mapping are all known.
    pub complete: bool,
    /// Whether the caller surely gets this identity rather than none or one of `otherwise`.
    pub certain: bool,
    /// What the same caller may become instead.
    pub otherwise: Vec<Identity>,
    /// Access policies that allow more than RBAC does; they don't count under impersonation.
    pub policies: Vec<GrantedPolicy>,
    /// What the identity rests on.
    pub reasons: Vec<Reason>,
    /// What could change the identity and was not evaluated, in words.
    pub not_evaluated: Vec<String>,
}

impl Identity {
    /// This identity and those that the caller may have instead.
    pub fn all(&self) -> impl Iterator<Item = &Identity> {
        std::iter::once(self).chain(&self.otherwise)
    }

    /// Whether the caller has, or may have, this user name.
    pub fn could_be_user(&self, name: &str) -> bool {
        self.user.name == name || self.name_is_unknown() || could_become(&self.user.name, name)
    }

    /// Whether the caller is, or may be, in this group.
    pub fn could_be_in_group(&self, group: &str) -> bool {
        !self.complete || self.user.groups.iter().any(|own| own == group || could_become(own, group))
    }

    fn name_is_unknown(&self) -> bool {
        !self.complete && self.user.name.is_empty()
    }

    /// A decision for `user` and `policies`, put right for what is not known of the identity: a denial is
    /// unknown where something that binds a name or group could be about this caller, and a permission is
    /// unknown where the caller may not get this identity.
    ///
    /// `users` and `groups` are the names that matter for the question: those in bindings, and the nodes'.
    pub fn settle<'n>(
        &self,
        mut decision: Decision,
        users: impl IntoIterator<Item = &'n str>,
        groups: impl IntoIterator<Item = &'n str>,
    ) -> Decision {
        let unknown = match decision.verdict {
            Verdict::Allowed => !self.certain,
            Verdict::Unknown => false,
            Verdict::Denied => {
                !self.complete
                    || (!placeholders(&self.user.name).is_empty()
                        && users.into_iter().any(|name| self.could_be_user(name)))
                    || (self.user.groups.iter().any(|group| !placeholders(group).is_empty())
                        && groups.into_iter().any(|group| self.could_be_in_group(group)))
            }
        };
        if unknown {
            decision.verdict = Verdict::Unknown;
        }
        if decision.verdict == Verdict::Unknown {
            decision.not_evaluated.extend(self.not_evaluated.iter().cloned());
        }
        decision
    }
}
