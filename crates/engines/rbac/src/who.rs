use std::collections::BTreeMap;

use hashbrown::{HashMap, HashSet};
use ringwall_model::{Decision, Subject, Verdict};

use crate::authorizer::{Authorizer, MASTERS, master_reason};
use crate::bindings::{Bindings, Grant};
use crate::roles::Roles;
use crate::rule::{Asked, What};
use crate::symbols::Symbol;
use crate::{Question, Scope, Target, WhoCan, node, text};

/// The way back: from a resource to the roles that name it, and from a role to its bindings.
#[derive(Debug)]
pub(crate) struct Inverse {
    /// Roles and the places of their rules that name a resource.
    resources: HashMap<Symbol, Vec<(u32, u32)>>,
    /// Roles and the places of their rules that have paths.
    paths: Vec<(u32, u32)>,
    /// Bindings of each role, by the role's place.
    bindings: HashMap<u32, Vec<u32>>,
    /// Bindings whose role is not there.
    dangling: Vec<u32>,
}

impl Inverse {
    fn new(roles: &Roles<'_>, bindings: &Bindings<'_>) -> Self {
        let mut inverse = Self {
            resources: HashMap::new(),
            paths: Vec::new(),
            bindings: HashMap::new(),
            dangling: Vec::new(),
        };
        for (number, binding) in (0_u32..).zip(&bindings.all) {
            match binding.role.and_then(|role| u32::try_from(role).ok()) {
                Some(role) => inverse.bindings.entry(role).or_default().push(number),
                None => inverse.dangling.push(number),
            }
        }
        for (number, role) in (0_u32..).zip(&roles.all) {
            // What nobody is bound to answers nothing.
            if !inverse.bindings.contains_key(&number) {
                continue;
            }
            for (symbol, place) in role.resources() {
                inverse.resources.entry(*symbol).or_default().push((number, *place));
            }
            inverse.paths.extend(role.paths().iter().map(|place| (number, *place)));
        }
        inverse
    }

    /// Roles with the places of their rules that allow what is asked.
    fn matches(&self, roles: &Roles<'_>, asked: &Asked<'_>) -> BTreeMap<u32, Vec<u32>> {
        let named =
            asked.resources().map(|symbol| self.resources.get(&symbol).map_or(&[][..], Vec::as_slice));
        let candidates: Vec<&[(u32, u32)]> = match asked.what() {
            What::Path(_) => vec![&self.paths],
            What::Resource { .. } => named.to_vec(),
        };
        let mut matches = BTreeMap::<u32, Vec<u32>>::new();
        for (number, place) in candidates.into_iter().flatten() {
            let role = usize::try_from(*number).ok().and_then(|number| roles.get(number));
            if role.and_then(|role| roles.rule(role, *place)).is_some_and(|rule| rule.allows(asked)) {
                matches.entry(*number).or_default().push(*place);
            }
        }
        for places in matches.values_mut() {
            places.sort_unstable();
            places.dedup();
        }
        matches
    }
}

/// Which bindings count.
#[derive(Clone, Copy)]
enum Place<'q> {
    /// ClusterRoleBindings, and RoleBindings of this namespace.
    Request(&'q str),
    /// All.
    Anywhere,
}

impl Authorizer<'_> {
    /// Everyone who may do this, the namespace taken as it stands in the target; sorted by subject and scope.
    ///
    /// A row holds for whoever authenticates as just this subject; a group's row for every member. Groups are not
    /// spelled out into members, since no snapshot knows them. Rows with [`Verdict::Unknown`] are possible, not sure.
    pub fn who_can(&self, verb: &str, target: &Target<'_>) -> Vec<WhoCan> {
        self.everyone(verb, target, Place::Request(target.namespace()))
    }

    /// Everyone who may do this across the cluster or in any namespace; the target's own namespace is not looked at.
    pub fn who_can_anywhere(&self, verb: &str, target: &Target<'_>) -> Vec<WhoCan> {
        self.everyone(verb, target, Place::Anywhere)
    }

    /// Builds the inverse index, which the first question builds otherwise.
    pub fn prepare_who_can(&self) {
        self.inverse();
    }

    fn inverse(&self) -> &Inverse {
        self.inverse.get_or_init(|| Inverse::new(&self.roles, &self.bindings))
    }

    fn everyone(&self, verb: &str, target: &Target<'_>, place: Place<'_>) -> Vec<WhoCan> {
        let inverse = self.inverse();
        let asked = Asked::new(&self.symbols, verb, target);
        // A request for a path has no namespace, so that RoleBindings never count for it.
        let place = match asked.what() {
            What::Path(_) => Place::Request(""),
            What::Resource { .. } => place,
        };
        let mut rows = Rows::default();
        rows.allowed(Subject::group(MASTERS), Scope::Cluster).reasons.push(master_reason());
        self.nodes_who_can(verb, target, place, &mut rows);

        let matches = inverse.matches(&self.roles, &asked);
        let mut bound: Vec<(u32, &[u32])> = Vec::new();
        for (role, rules) in &matches {
            let of_role = inverse.bindings.get(role).map_or(&[][..], Vec::as_slice);
            bound.extend(
                of_role
                    .iter()
                    .filter(|binding| self.counts(**binding, place))
                    .map(|binding| (*binding, &**rules)),
            );
        }
        bound.sort_unstable_by_key(|(binding, _)| *binding);
        for (binding, rules) in bound {
            for (subject, scope, grant) in self.rows_of(binding) {
                let row = rows.allowed(subject, scope);
                for rule in rules {
                    self.push_reasons(grant, *rule, &mut row.reasons);
                }
            }
        }
        if self.missing_roles_may_exist() {
            for binding in inverse.dangling.iter().filter(|binding| self.counts(**binding, place)) {
                let Some(line) = self.bindings.get(*binding).map(|binding| text::dangling(binding.binding))
                else {
                    continue;
                };
                for (subject, scope, _) in self.rows_of(*binding) {
                    rows.possible(subject, scope, line.clone());
                }
            }
        }
        rows.finish()
    }

    fn counts(&self, binding: u32, place: Place<'_>) -> bool {
        match place {
            Place::Anywhere => true,
            Place::Request(namespace) => {
                self.bindings.is_cluster(binding) || self.bindings.of_namespace(namespace).contains(&binding)
            }
        }
    }

    fn rows_of(&self, number: u32) -> impl Iterator<Item = (Subject, Scope, Grant)> {
        let binding = self.bindings.get(number);
        let scope = match binding.and_then(|binding| binding.binding.reference.namespace.as_ref()) {
            Some(namespace) => Scope::Namespace(namespace.clone()),
            None => Scope::Cluster,
        };
        let granted = binding.map_or(&[][..], |binding| &binding.granted);
        (0_u32..).zip(granted).filter_map(move |(place, granted)| {
            let subject = self.bindings.subject(granted.principal)?.clone();
            Some((subject, scope.clone(), Grant { binding: number, granted: place }))
        })
    }

    fn nodes_who_can(&self, verb: &str, target: &Target<'_>, place: Place<'_>, rows: &mut Rows) {
        let elsewhere = match place {
            Place::Request(_) => Vec::new(),
            Place::Anywhere => self.nodes.namespaces(target),
        };
        for node in self.nodes.names() {
            let user = node::user_of(node);
            let ask = |namespace: &str| {
                let question = Question { user: &user, verb, target: target.in_namespace(namespace) };
                self.nodes.authorize(&question, None).unwrap_or_else(Decision::denied)
            };
            let subject = Subject::User(user.name.as_str().into());
            let everywhere = ask("");
            let sure = everywhere.is_allowed();
            match place {
                Place::Request(namespace) if !sure && !namespace.is_empty() => {
                    rows.add(&subject, &Scope::Namespace(namespace.into()), ask(namespace));
                }
                Place::Request(namespace) => rows.add(&subject, &Scope::Cluster, ask(namespace)),
                Place::Anywhere => {
                    rows.add(&subject, &Scope::Cluster, everywhere);
                    for namespace in elsewhere.iter().filter(|_| !sure) {
                        rows.add(&subject, &Scope::Namespace((*namespace).into()), ask(namespace));
                    }
                }
            }
        }
    }
}

/// Rows by subject and scope.
#[derive(Default)]
struct Rows {
    rows: HashMap<(Subject, Scope), WhoCan>,
}

impl Rows {
    fn row(&mut self, subject: Subject, scope: Scope) -> &mut WhoCan {
        self.rows.entry((subject.clone(), scope.clone())).or_insert_with(|| WhoCan {
            subject,
            scope,
            verdict: Verdict::Unknown,
            reasons: Vec::new(),
            not_evaluated: Vec::new(),
        })
    }

    fn allowed(&mut self, subject: Subject, scope: Scope) -> &mut WhoCan {
        let row = self.row(subject, scope);
        row.verdict = Verdict::Allowed;
        row
    }

    fn add(&mut self, subject: &Subject, scope: &Scope, decision: Decision) {
        match decision.verdict {
            Verdict::Allowed => self.allowed(subject.clone(), scope.clone()).reasons.extend(decision.reasons),
            Verdict::Unknown => {
                for line in decision.not_evaluated {
                    self.possible(subject.clone(), scope.clone(), line);
                }
            }
            Verdict::Denied => {}
        }
    }

    fn possible(&mut self, subject: Subject, scope: Scope, why: String) {
        let row = self.row(subject, scope);
        if !row.not_evaluated.contains(&why) {
            row.not_evaluated.push(why);
        }
    }

    /// In order; what is sure for a subject across the cluster makes "possible" rows of it idle.
    fn finish(self) -> Vec<WhoCan> {
        let mut rows: Vec<WhoCan> = self.rows.into_values().collect();
        let sure = |row: &WhoCan| row.verdict == Verdict::Allowed;
        let everywhere: HashSet<Subject> = rows
            .iter()
            .filter(|row| sure(row) && row.scope == Scope::Cluster)
            .map(|row| row.subject.clone())
            .collect();
        rows.retain(|row| sure(row) || !everywhere.contains(&row.subject));
        for row in rows.iter_mut().filter(|row| row.verdict == Verdict::Allowed) {
            row.not_evaluated.clear();
        }
        rows.sort_unstable_by(|one, other| (&one.subject, &one.scope).cmp(&(&other.subject, &other.scope)));
        rows
    }
}
