//! What AWS says of its actions: access level, resource types, condition keys.
//!
//! The data is the service authorization reference, kept in `data/aws-actions.txt` and written by
//! `cargo xtask iam-data`. It is part of the program and is read bit by bit: at first only where each service begins,
//! then of a service what is asked for. An action that is not in it may still exist: AWS adds some every week.

mod glob;
mod keys;
mod lines;
mod names;
mod resource_type;
mod service;
mod suggest;

#[cfg(test)]
mod tests;

use std::slice;
use std::sync::{LazyLock, OnceLock};

use hashbrown::HashMap;

pub use self::keys::{ConditionKey, KeyType, ValueType};
pub use self::resource_type::ResourceType;
pub use self::service::{AccessLevel, Action, ActionResource, Service};

use self::keys::KeyTable;
use self::names::Named;

static DATA: &str = include_str!("../data/aws-actions.txt");

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::new(DATA));

/// The catalog of this program.
#[must_use]
pub fn catalog() -> &'static Catalog {
    &CATALOG
}

/// Services with their actions, resource types and condition keys. All names are looked up without regard to case,
/// as IAM compares them.
#[derive(Debug)]
pub struct Catalog {
    version: &'static str,
    date: &'static str,
    services: Named<Service>,
    /// Lines of the keys that are in `shared_keys`.
    shared_key_lines: &'static str,
    shared_keys: OnceLock<KeyTable>,
    by_arn: OnceLock<ArnIndex>,
}

/// Which services have a resource type whose ARN names a service: `iam` and `sts` both know IAM roles.
#[derive(Debug, Default)]
struct ArnIndex {
    named: HashMap<&'static str, Vec<usize>>,
    /// Services with a resource type that can be any service's.
    wild: Vec<usize>,
}

impl Catalog {
    fn new(data: &'static str) -> Self {
        let (mut version, mut date, mut shared_key_lines) = ("", "", "");
        let mut services = Vec::new();
        for block in lines::blocks(data) {
            match block.kind {
                "package" => (version, date) = (block.value(1), lines::field(block.lines, "date")),
                "keys" => shared_key_lines = block.lines,
                "service" => {
                    services.push(Service::new(block.value(0), block.value(1) == "rcp", block.lines))
                }
                _ => {}
            }
        }
        Self {
            version,
            date,
            services: Named::new(services, Service::prefix),
            shared_key_lines,
            shared_keys: OnceLock::new(),
            by_arn: OnceLock::new(),
        }
    }

    /// The version of the package that the data is from.
    #[must_use]
    pub fn version(&self) -> &'static str {
        self.version
    }

    /// The day the data is of, as `YYYY-MM-DD`.
    #[must_use]
    pub fn date(&self) -> &'static str {
        self.date
    }

    /// The service of a prefix such as `s3`.
    #[must_use]
    pub fn service(&self, prefix: &str) -> Option<&Service> {
        self.services.get(prefix)
    }

    /// Every service, in the order of their prefixes.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.items().iter()
    }

    /// The action of a name such as `s3:GetObject`.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&Action> {
        let (prefix, name) = name.split_once(':')?;
        self.service(prefix)?.action(name)
    }

    /// The actions that an action pattern of a policy means; `*` is any text and `?` one character, colons included.
    pub fn matching<'a>(&'a self, pattern: &'a str) -> impl Iterator<Item = (&'a Service, &'a Action)> {
        let (prefix, name) = pattern.split_once(':').unwrap_or((pattern, ""));
        let services = match self.service(prefix) {
            Some(service) => slice::from_ref(service),
            None if glob::has_wildcard(prefix) => self.services.items(),
            None => &[],
        };
        services.iter().filter(move |service| glob::can_begin(pattern, service.prefix())).flat_map(
            move |service| {
                let actions = match service.action(name) {
                    Some(action) if !glob::has_wildcard(pattern) => slice::from_ref(action),
                    _ => service.actions(),
                };
                let fits = move |action: &&Action| {
                    let text = service.prefix().bytes().chain([b':']).chain(action.name().bytes());
                    glob::matches_caseless(pattern, text)
                };
                actions.iter().filter(fits).map(move |action| (service, action))
            },
        )
    }

    /// The known action that an unknown one was probably meant to be, for a hint.
    #[must_use]
    pub fn nearest_action(&self, name: &str) -> Option<String> {
        suggest::nearest_action(self, name)
    }

    /// The actions that have a resource type with such an ARN, of all services. The ARN is taken as it stands, so one
    /// with wildcards means less here than in a policy; `*` is no ARN and gives nothing.
    ///
    /// Rather too many than too few: a placeholder in the resource part of an ARN may be any text, since the reference
    /// does not say where names may hold a slash or a colon.
    #[must_use]
    pub fn actions_on(&self, arn: &str) -> Vec<(&Service, &Action)> {
        let Some(named) = arn.split(':').nth(2) else { return Vec::new() };
        let index = self.by_arn.get_or_init(|| self.index_arns());
        let named = index.named.get(named).into_iter().flatten();
        let mut candidates: Vec<usize> = named.chain(&index.wild).copied().collect();
        candidates.sort_unstable();
        candidates.dedup();
        let services = candidates.into_iter().filter_map(|index| self.services.items().get(index));
        services.flat_map(|service| service.actions_on(arn).map(move |action| (service, action))).collect()
    }

    /// What values a condition key has, if the key is known: a global one, one of the service that it is named after,
    /// or a claim of an OIDC or SAML token.
    #[must_use]
    pub fn condition_key(&self, name: &str) -> Option<KeyType> {
        let (owner, _) = name.split_once(':')?;
        if let Some(claim) = keys::multi_valued_claim(name) {
            return Some(claim);
        }
        self.shared_keys()
            .get(name)
            .or_else(|| self.service(owner)?.keys().get(name))
            .map(|key| key.key_type)
            .or_else(|| keys::claim_of_any_issuer(name))
    }

    /// The keys of no single service, the global ones among them, in the order of their names; a family of keys as
    /// `aws:RequestTag/${TagKey}`.
    pub fn shared_condition_keys(&self) -> impl Iterator<Item = &'static str> {
        self.shared_keys().items().iter().map(|key| key.name)
    }

    /// Whether a request has a list of values for this condition key, so that a policy has to use `ForAllValues` or
    /// `ForAnyValue` with it. Not for an unknown key.
    #[must_use]
    pub fn is_multi_valued(&self, key: &str) -> bool {
        self.condition_key(key).is_some_and(|key_type| key_type.multi_valued)
    }

    /// Whether resource control policies apply to calls of this service.
    #[must_use]
    pub fn supports_rcp(&self, prefix: &str) -> bool {
        self.service(prefix).is_some_and(Service::supports_rcp)
    }

    fn shared_keys(&self) -> &KeyTable {
        self.shared_keys.get_or_init(|| KeyTable::new(lines::tagged(self.shared_key_lines, lines::KEY)))
    }

    fn index_arns(&self) -> ArnIndex {
        let mut index = ArnIndex::default();
        for (number, service) in self.services.items().iter().enumerate() {
            for pattern in service.resource_types().iter().flat_map(ResourceType::arn_patterns) {
                let numbers = match pattern.split(':').nth(2) {
                    Some(named) if !glob::has_placeholder(named) => index.named.entry(named).or_default(),
                    _ => &mut index.wild,
                };
                if numbers.last() != Some(&number) {
                    numbers.push(number);
                }
            }
        }
        index
    }
}
