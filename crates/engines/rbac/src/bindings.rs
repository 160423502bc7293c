use std::ops::Range;
use std::sync::{Arc, OnceLock};

use hashbrown::HashMap;
use ringwall_model::{Binding, Subject, User};

use crate::roles::Roles;
use crate::symbols::{Symbol, Symbols};
use crate::text;

/// Whom a binding can mean: a user by name, which a service account is too, or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Principal {
    /// A user name.
    User(Symbol),
    /// A group.
    Group(Symbol),
}

/// A subject of a binding that can match somebody.
#[derive(Debug)]
pub(crate) struct Granted {
    /// Whom it means.
    pub(crate) principal: Principal,
    /// Its place in the binding's list.
    subject: usize,
    text: OnceLock<Arc<str>>,
}

/// A binding, ready for questions.
#[derive(Debug)]
pub(crate) struct BindingIndex<'c> {
    /// As it is written.
    pub(crate) binding: &'c Binding,
    /// Whether it is one of Kubernetes' own that the snapshot does not hold.
    pub(crate) assumed: bool,
    /// The role it grants; `None` if there is no such role.
    pub(crate) role: Option<usize>,
    /// Whom it grants it to, each once.
    pub(crate) granted: Box<[Granted]>,
}

/// One principal in one binding: places in [`Bindings::all`] and [`BindingIndex::granted`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Grant {
    /// Place of the binding.
    pub(crate) binding: u32,
    /// Place of the principal in it.
    pub(crate) granted: u32,
}

/// All bindings of a snapshot.
#[derive(Debug)]
pub(crate) struct Bindings<'c> {
    /// ClusterRoleBindings, then RoleBindings namespace by namespace, each in the snapshot's order.
    pub(crate) all: Vec<BindingIndex<'c>>,
    /// How many of them are ClusterRoleBindings.
    cluster: u32,
    namespaces: HashMap<&'c str, Range<u32>>,
    held: HashMap<Principal, Vec<Grant>>,
    /// The subject of each principal, as answers name it.
    subjects: HashMap<Principal, Subject>,
}

impl<'c> Bindings<'c> {
    /// Compiles bindings; those at `assumed_from` and after are assumed.
    pub(crate) fn new(
        given: &[&'c Binding],
        assumed_from: usize,
        roles: &Roles<'c>,
        symbols: &mut Symbols,
    ) -> Self {
        let mut order: Vec<(usize, &'c Binding)> = given.iter().copied().enumerate().collect();
        order.sort_by_key(|(_, binding)| binding.reference.namespace.as_deref());
        let mut bindings = Self {
            all: Vec::with_capacity(given.len()),
            cluster: 0,
            namespaces: HashMap::new(),
            held: HashMap::new(),
            subjects: HashMap::new(),
        };
        for (number, (place, binding)) in (0_u32..).zip(order) {
            match binding.reference.namespace.as_deref() {
                None => bindings.cluster = number + 1,
                Some(namespace) => {
                    bindings.namespaces.entry(namespace).or_insert(number..number).end = number + 1;
                }
            }
            let granted = bindings.granted(number, binding, symbols);
            let role = roles.find(&binding.role, binding.reference.namespace.as_deref());
            bindings.all.push(BindingIndex { binding, assumed: place >= assumed_from, role, granted });
        }
        bindings
    }

    fn granted(&mut self, number: u32, binding: &'c Binding, symbols: &mut Symbols) -> Box<[Granted]> {
        let mut granted: Vec<Granted> = Vec::with_capacity(binding.subjects.len());
        for subject in 0..binding.subjects.len() {
            let Some((principal, known)) = principal(binding, subject, symbols) else { continue };
            let grants = self.held.entry(principal).or_default();
            // The authorizer stops at a binding's first subject that applies.
            if grants.last().is_some_and(|last| last.binding == number) {
                continue;
            }
            grants.push(Grant { binding: number, granted: u32::try_from(granted.len()).unwrap_or(u32::MAX) });
            self.subjects.entry(principal).or_insert(known);
            granted.push(Granted { principal, subject, text: OnceLock::new() });
        }
        granted.into()
    }

    /// A binding by its place.
    pub(crate) fn get(&self, place: u32) -> Option<&BindingIndex<'c>> {
        self.all.get(usize::try_from(place).ok()?)
    }

    /// Places of the RoleBindings of a namespace; none for the empty one.
    pub(crate) fn of_namespace(&self, namespace: &str) -> Range<u32> {
        self.namespaces.get(namespace).filter(|_| !namespace.is_empty()).cloned().unwrap_or_default()
    }

    /// Whether a place is a ClusterRoleBinding's.
    pub(crate) fn is_cluster(&self, place: u32) -> bool {
        place < self.cluster
    }

    /// What one principal is granted everywhere, in the order of bindings.
    pub(crate) fn held(&self, principal: Principal) -> &[Grant] {
        self.held.get(&principal).map_or(&[], Vec::as_slice)
    }

    /// What one principal is granted in a request's namespace: by ClusterRoleBindings, then by RoleBindings there.
    pub(crate) fn held_in(
        &self,
        principal: Principal,
        namespace: &Range<u32>,
    ) -> impl Iterator<Item = Grant> {
        let held = self.held(principal);
        let cluster = held.partition_point(|grant| self.is_cluster(grant.binding));
        let (cluster, namespaced) = held.split_at_checked(cluster).unwrap_or_default();
        let from = namespaced.partition_point(|grant| grant.binding < namespace.start);
        let end = namespace.end;
        let local =
            namespaced.get(from..).unwrap_or_default().iter().take_while(move |grant| grant.binding < end);
        cluster.iter().chain(local).copied()
    }

    /// The subject of a principal that some binding names.
    pub(crate) fn subject(&self, principal: Principal) -> Option<&Subject> {
        self.subjects.get(&principal)
    }
}

impl BindingIndex<'_> {
    /// What the binding says of one of its principals, in words.
    pub(crate) fn text(&self, granted: u32) -> Option<&Arc<str>> {
        let granted = self.granted.get(usize::try_from(granted).ok()?)?;
        let subject = self.binding.subjects.get(granted.subject)?;
        Some(granted.text.get_or_init(|| {
            let text = text::grant(self.binding, subject);
            if self.assumed { text::assumed(&text).into() } else { text.into() }
        }))
    }
}

/// Whom a subject means, and how answers name it; `None` if it matches nobody.
///
/// Source: `appliesToUser`, `pkg/registry/rbac/validation/rule.go`, Kubernetes v1.37.2: a service account is
/// compared by its user name, its namespace being the binding's if it has none of its own; kinds other than the
/// three match nobody.
fn principal(binding: &Binding, subject: usize, symbols: &mut Symbols) -> Option<(Principal, Subject)> {
    let subject = binding.subjects.get(subject)?;
    let name = &subject.name;
    match &*subject.kind {
        "User" => Some((Principal::User(symbols.intern(name)), user_subject(name))),
        "Group" => Some((Principal::Group(symbols.intern(name)), Subject::Group(Arc::clone(name)))),
        "ServiceAccount" => {
            let own = subject.namespace.as_ref().filter(|namespace| !namespace.is_empty());
            let default = binding.reference.namespace.as_ref().filter(|namespace| !namespace.is_empty());
            let namespace = Arc::clone(own.or(default)?);
            let user = Subject::ServiceAccount { namespace, name: Arc::clone(name) }.user_name()?;
            Some((Principal::User(symbols.intern_text(&user)), user_subject(&Arc::from(user))))
        }
        _ => None,
    }
}

/// A user by name: a service account if the name is one's.
fn user_subject(name: &Arc<str>) -> Subject {
    match User::new(&**name, [""; 0]).as_service_account() {
        Some((namespace, account)) => Subject::service_account(namespace, account),
        None => Subject::User(Arc::clone(name)),
    }
}
