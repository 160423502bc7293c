//! A service: its actions and what they are on.

use std::sync::OnceLock;

use hashbrown::HashMap;

use super::keys::{ConditionKey, KeyTable};
use super::lines;
use super::names::Named;
use super::resource_type::ResourceType;

/// A service of AWS. What it holds is read from the data when it is first asked for.
#[derive(Debug)]
pub struct Service {
    prefix: &'static str,
    supports_rcp: bool,
    lines: &'static str,
    keys: OnceLock<KeyTable>,
    resource_types: OnceLock<Named<ResourceType>>,
    actions: OnceLock<Named<Action>>,
}

/// What an action does, by the access levels of the service authorization reference, in the order of their power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessLevel {
    /// Shows that resources exist.
    List,
    /// Shows what is in a resource.
    Read,
    /// Changes, makes or deletes a resource.
    Write,
    /// Changes tags, which policies may decide by.
    Tagging,
    /// Changes who may do what.
    PermissionsManagement,
}

/// An action of a service.
#[derive(Debug)]
pub struct Action {
    name: &'static str,
    access: AccessLevel,
    resources: Box<[ActionResource]>,
    condition_keys: Box<[&'static str]>,
}

/// A resource type that an action takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionResource {
    /// Name of a resource type of the same service.
    pub name: &'static str,
    /// Whether a call always has a resource of this type.
    pub required: bool,
}

impl Service {
    pub(super) fn new(prefix: &'static str, supports_rcp: bool, lines: &'static str) -> Self {
        Self {
            prefix,
            supports_rcp,
            lines,
            keys: OnceLock::new(),
            resource_types: OnceLock::new(),
            actions: OnceLock::new(),
        }
    }

    /// What stands before the colon in the names of its actions, such as `s3`.
    #[must_use]
    pub fn prefix(&self) -> &'static str {
        self.prefix
    }

    /// Whether resource control policies apply to calls of this service.
    #[must_use]
    pub fn supports_rcp(&self) -> bool {
        self.supports_rcp
    }

    /// Its actions, in the order of their names.
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        self.named_actions().items()
    }

    /// The action of a name such as `GetObject`.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&Action> {
        self.named_actions().get(name)
    }

    /// Its resource types, in the order of their names.
    #[must_use]
    pub fn resource_types(&self) -> &[ResourceType] {
        self.named_resource_types().items()
    }

    /// The resource type of a name such as `bucket`.
    #[must_use]
    pub fn resource_type(&self, name: &str) -> Option<&ResourceType> {
        self.named_resource_types().get(name)
    }

    /// The condition keys that requests to it may have besides the global ones, in the order of their names.
    #[must_use]
    pub fn condition_keys(&self) -> &[ConditionKey] {
        self.keys().items()
    }

    /// The actions that take a resource with this ARN.
    pub fn actions_on(&self, arn: &str) -> impl Iterator<Item = &Action> {
        let fitting: Vec<&str> = self
            .resource_types()
            .iter()
            .filter(|resource_type| resource_type.matches(arn))
            .map(ResourceType::name)
            .collect();
        // A service that has no such resource is not read further.
        let actions = if fitting.is_empty() { &[] } else { self.actions() };
        actions
            .iter()
            .filter(move |action| action.resources.iter().any(|resource| fitting.contains(&resource.name)))
    }

    pub(super) fn keys(&self) -> &KeyTable {
        self.keys.get_or_init(|| KeyTable::new(lines::tagged(self.lines, lines::KEY)))
    }

    fn named_resource_types(&self) -> &Named<ResourceType> {
        self.resource_types.get_or_init(|| {
            let short = self.short_names();
            let resource_types = lines::tagged(self.lines, lines::RESOURCE_TYPE).filter_map(|mut fields| {
                Some(ResourceType {
                    name: fields.next()?,
                    arn_patterns: lines::list(fields.next()).collect(),
                    condition_keys: full_names(&short, fields.next()),
                })
            });
            Named::new(resource_types.collect(), ResourceType::name)
        })
    }

    fn named_actions(&self) -> &Named<Action> {
        self.actions.get_or_init(|| {
            let short = self.short_names();
            let actions = lines::all(self.lines).filter_map(|(tag, mut fields)| {
                Some(Action {
                    access: AccessLevel::of_tag(tag)?,
                    name: fields.next()?,
                    resources: lines::list(fields.next()).map(ActionResource::parse).collect(),
                    condition_keys: full_names(&short, fields.next()),
                })
            });
            Named::new(actions.collect(), Action::name)
        })
    }

    /// How lists of the data name the condition keys of this service: an own key without the prefix, any key without a
    /// placeholder at its end.
    fn short_names(&self) -> HashMap<&'static str, &'static str> {
        let short = |name: &'static str| {
            let own = name.strip_prefix(self.prefix).filter(|rest| rest.starts_with(':'));
            let rest = own.unwrap_or(name);
            match rest.split_once("${") {
                Some((start, end)) if end.find('}') == Some(end.len() - 1) => start,
                _ => rest,
            }
        };
        self.condition_keys().iter().map(|key| (short(key.name), key.name)).collect()
    }
}

fn full_names(
    short: &HashMap<&'static str, &'static str>,
    field: Option<&'static str>,
) -> Box<[&'static str]> {
    lines::list(field).filter_map(|name| short.get(name).copied()).collect()
}

impl AccessLevel {
    fn of_tag(tag: &str) -> Option<Self> {
        Some(match tag {
            "L" => Self::List,
            "R" => Self::Read,
            "W" => Self::Write,
            "T" => Self::Tagging,
            "P" => Self::PermissionsManagement,
            _ => return None,
        })
    }
}

impl ActionResource {
    fn parse(text: &'static str) -> Self {
        let required = text.strip_suffix('!');
        Self { name: required.unwrap_or(text), required: required.is_some() }
    }
}

impl Action {
    /// The name as AWS writes it, without the service: `GetObject`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it does.
    #[must_use]
    pub fn access(&self) -> AccessLevel {
        self.access
    }

    /// The resource types that it takes, in the order of their names.
    #[must_use]
    pub fn resources(&self) -> &[ActionResource] {
        &self.resources
    }

    /// The condition keys that a request for it may have, besides the global ones and those of the resource's type.
    #[must_use]
    pub fn condition_keys(&self) -> &[&'static str] {
        &self.condition_keys
    }

    /// Whether it is on no resource, so that a policy can only allow it on `*`.
    #[must_use]
    pub fn takes_only_star(&self) -> bool {
        self.resources.is_empty()
    }
}
