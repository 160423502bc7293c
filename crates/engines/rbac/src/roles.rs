use hashbrown::HashMap;
use ringwall_model::{Role, RoleKind, RoleRef};

use crate::aggregation::Aggregation;
use crate::rule::{Asked, Rule, What};
use crate::symbols::{Symbol, Symbols};

/// A role, ready for questions.
#[derive(Debug)]
pub(crate) struct RoleIndex<'c> {
    /// As it is written.
    pub(crate) role: &'c Role,
    /// Whether it is one of Kubernetes' own that the snapshot does not hold.
    pub(crate) assumed: bool,
    /// Its rules, computed ones for an aggregated ClusterRole: places in [`Roles::rules`].
    pub(crate) rules: Box<[usize]>,
    /// Which of its rules name a resource, sorted: the symbol and the rule's place in `rules`.
    resources: Box<[(Symbol, u32)]>,
    /// Which of its rules have paths: places in `rules`.
    paths: Box<[u32]>,
}

/// All roles of a snapshot.
#[derive(Debug)]
pub(crate) struct Roles<'c> {
    /// In the snapshot's order.
    pub(crate) all: Vec<RoleIndex<'c>>,
    /// The rules of all roles, each where it is written.
    pub(crate) rules: Vec<Rule<'c>>,
    cluster: HashMap<&'c str, usize>,
    namespaced: HashMap<(&'c str, &'c str), usize>,
}

impl<'c> Roles<'c> {
    /// Compiles roles; of two with the same name the first counts.
    pub(crate) fn new(given: &[&'c Role], assumed_from: usize, symbols: &mut Symbols) -> Self {
        let mut rules = Vec::with_capacity(given.iter().map(|role| role.rules.len()).sum());
        let mut written = Vec::with_capacity(given.len());
        for (place, role) in given.iter().enumerate() {
            let first = rules.len();
            // What is stored in an aggregated role comes from elsewhere.
            if role.aggregation.is_none() || role.reference.namespace.is_some() {
                let compiled = role.rules.iter().enumerate();
                rules.extend(compiled.map(|(index, rule)| Rule::new(rule, place, index, symbols)));
            }
            written.push(first..rules.len());
        }
        let aggregation = Aggregation::new(given);
        let mut roles = Self {
            all: Vec::with_capacity(given.len()),
            rules,
            cluster: HashMap::new(),
            namespaced: HashMap::new(),
        };
        for (place, role) in given.iter().enumerate() {
            let own = written.get(place).cloned().unwrap_or_default();
            let rules = aggregation.rules(place).map_or_else(
                || own.collect(),
                |origins| {
                    let global = origins
                        .iter()
                        .filter_map(|origin| Some(written.get(origin.role)?.start + origin.rule));
                    global.collect()
                },
            );
            let compiled = RoleIndex::new(role, place >= assumed_from, rules, &roles.rules, symbols);
            match role.reference.namespace.as_deref() {
                None => roles.cluster.entry(&role.reference.name).or_insert(place),
                Some(namespace) => roles.namespaced.entry((namespace, &role.reference.name)).or_insert(place),
            };
            roles.all.push(compiled);
        }
        roles
    }

    /// The role that a reference means in a binding's namespace, `None` for a ClusterRoleBinding.
    ///
    /// Source: `GetRoleReferenceRules`, `pkg/registry/rbac/validation/rule.go`, Kubernetes v1.37.2: a Role is looked
    /// up in the binding's namespace, so that a ClusterRoleBinding can't refer to one.
    pub(crate) fn find(&self, reference: &RoleRef, namespace: Option<&str>) -> Option<usize> {
        match reference.kind {
            RoleKind::ClusterRole => self.cluster.get(&*reference.name),
            RoleKind::Role => self.namespaced.get(&(namespace?, &*reference.name)),
        }
        .copied()
    }

    /// A role by its place.
    pub(crate) fn get(&self, place: usize) -> Option<&RoleIndex<'c>> {
        self.all.get(place)
    }

    /// The first rule of a role, by its place in it, that allows what is asked.
    pub(crate) fn first_match(&self, role: usize, asked: &Asked<'_>) -> Option<u32> {
        let role = self.get(role)?;
        match asked.what() {
            What::Path(_) => role.paths.iter().copied().find(|place| self.allows(role, *place, asked)),
            What::Resource { .. } => {
                let first = |(_, place): &&(_, u32)| self.allows(role, *place, asked);
                let ranges = asked.resources().map(|symbol| role.naming(symbol).iter().find(first));
                ranges.into_iter().flatten().map(|(_, place)| *place).min()
            }
        }
    }

    /// Every rule of a role, by its place in it, that allows what is asked.
    pub(crate) fn all_matches(&self, role: usize, asked: &Asked<'_>) -> Vec<u32> {
        let Some(role) = self.get(role) else { return Vec::new() };
        let mut places: Vec<u32> = match asked.what() {
            What::Path(_) => role.paths.to_vec(),
            What::Resource { .. } => asked
                .resources()
                .iter()
                .flat_map(|symbol| role.naming(*symbol))
                .map(|(_, place)| *place)
                .collect(),
        };
        places.sort_unstable();
        places.dedup();
        places.retain(|place| self.allows(role, *place, asked));
        places
    }

    fn allows(&self, role: &RoleIndex<'c>, place: u32, asked: &Asked<'_>) -> bool {
        self.rule(role, place).is_some_and(|rule| rule.allows(asked))
    }

    /// A rule by its place in a role.
    pub(crate) fn rule(&self, role: &RoleIndex<'c>, place: u32) -> Option<&Rule<'c>> {
        self.rules.get(*role.rules.get(usize::try_from(place).ok()?)?)
    }
}

impl<'c> RoleIndex<'c> {
    fn new(
        role: &'c Role,
        assumed: bool,
        rules: Box<[usize]>,
        all: &[Rule<'c>],
        symbols: &mut Symbols,
    ) -> Self {
        let mut resources = Vec::new();
        let mut paths = Vec::new();
        for (place, rule) in (0_u32..).zip(rules.iter().filter_map(|rule| all.get(*rule))) {
            resources.extend(rule.policy.resources.iter().map(|text| (symbols.intern(text), place)));
            if !rule.policy.non_resource_urls.is_empty() {
                paths.push(place);
            }
        }
        resources.sort_unstable();
        resources.dedup();
        Self { role, assumed, rules, resources: resources.into(), paths: paths.into() }
    }

    fn naming(&self, symbol: Symbol) -> &[(Symbol, u32)] {
        let from = self.resources.partition_point(|(other, _)| *other < symbol);
        let tail = self.resources.get(from..).unwrap_or_default();
        let length = tail.iter().take_while(|(other, _)| *other == symbol).count();
        tail.get(..length).unwrap_or_default()
    }

    /// Every resource text that its rules name, with the rule's place.
    pub(crate) fn resources(&self) -> &[(Symbol, u32)] {
        &self.resources
    }

    /// Places of its rules that have paths.
    pub(crate) fn paths(&self) -> &[u32] {
        &self.paths
    }
}
