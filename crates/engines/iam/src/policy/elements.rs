use std::sync::Arc;

use super::principals::PrincipalPattern;
use crate::condition::Condition;
use crate::pattern::Pattern;

/// The language's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Version {
    /// The earlier one, and the one of a policy that names none: without variables.
    #[default]
    V2008,
    /// The current one.
    V2012,
}

/// What a statement does with what it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// Allows it.
    Allow,
    /// Denies it, whatever allows it.
    Deny,
}

impl Effect {
    /// The effect as policies write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

/// One statement of a policy.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its place in the policy, counted from 0.
    pub index: usize,
    /// `Sid`.
    pub sid: Option<Arc<str>>,
    /// `Effect`.
    pub effect: Effect,
    /// `Principal` or `NotPrincipal`; `None` in policies that belong to their principal.
    pub principals: Option<PrincipalElement>,
    /// `Action` or `NotAction`.
    pub actions: ActionElement,
    /// `Resource` or `NotResource`; `None` where the policy's own resource is meant.
    pub resources: Option<ResourceElement>,
    /// `Condition`: all of them have to hold.
    pub conditions: Box<[Condition]>,
    /// Line at which it begins.
    pub line: u32,
}

/// `Action` or `NotAction`.
#[derive(Clone, Debug)]
pub struct ActionElement {
    /// Whether it is `NotAction`.
    pub negated: bool,
    /// The actions, and the line of each.
    pub patterns: Box<[(Pattern, u32)]>,
}

/// `Resource` or `NotResource`.
#[derive(Clone, Debug)]
pub struct ResourceElement {
    /// Whether it is `NotResource`.
    pub negated: bool,
    /// The resources, and the line of each.
    pub patterns: Box<[(Pattern, u32)]>,
}

/// `Principal` or `NotPrincipal`.
#[derive(Clone, Debug)]
pub struct PrincipalElement {
    /// Whether it is `NotPrincipal`.
    pub negated: bool,
    pub(crate) patterns: Box<[(PrincipalPattern, u32)]>,
}
