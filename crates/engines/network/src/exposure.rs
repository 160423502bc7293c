//! What pods that don't exist yet could reach, and be reached by.

use std::fmt;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use ringwall_model::network::{NamespaceScope, Peer, PodScope};
use ringwall_model::{LabelSelector, SelectorOperator};

use crate::pairs::{FoldedParty, ModelPod, Reach, usual_addresses};
use crate::{Direction, Network, Traffic, rules};

/// A name that no namespace can have, for one that does not exist: selectors by name must not match it.
const NO_NAME: &str = "(new)";

/// A value that no label can have, for a label whose value does not matter.
const ANY_VALUE: &str = "(any)";

const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Pods that don't exist, described by the least labels that make them what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPods {
    /// Their namespace.
    pub namespace: NewNamespace,
    /// The labels that they must have; none for any pod.
    pub labels: LabelSelector,
}

/// The namespace of pods that don't exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewNamespace {
    /// One that exists, with the labels that it has.
    Existing(Arc<str>),
    /// Any that would match, whether it exists or not; an empty selector is any whatever.
    With(LabelSelector),
}

/// What passes between pods of the cluster and new ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposed {
    /// The workloads, all exposed alike; those whose pods are on their nodes' network are not told of.
    pub workloads: Vec<FoldedParty>,
    /// The new pods.
    pub peer: NewPods,
    /// What new pods could send to at least one of each workload's pods. What could not be judged counts in.
    pub ingress: Traffic,
    /// What they could get from one.
    pub egress: Traffic,
}

/// How far workloads are exposed to pods that don't exist yet.
///
/// For each workload first what any new pod whatever could do, in a namespace that does not exist yet and without labels; then, for each
/// selector of a peer in any rule and for each namespace, what a pod could do beyond that if it had the labels that are asked for and no
/// others. Both sides are judged: policies that would select the new pod as well. A new pod is taken to get an address as most pods
/// have. Security groups are left out: who makes a pod doesn't choose its node or its groups.
pub fn exposure(network: &Network<'_>) -> Vec<Exposed> {
    let addresses = usual_addresses(network);
    let (news, models): (Vec<NewPods>, Vec<ModelPod>) = candidates(network)
        .into_iter()
        .filter_map(|new| Some((new.clone(), new.model(network, &addresses)?)))
        .unzip();
    let reach = Reach::with(network, &models, &[]);
    let (parties, sets) = reach.parties();
    let is_model = |party: &FoldedParty| matches!(party, FoldedParty::Model(_));
    let of_model: Vec<Option<&Vec<u32>>> = (0..models.len())
        .map(|at| {
            parties
                .iter()
                .position(|party| *party == FoldedParty::Model(at))
                .and_then(|at| sets.get(at).map(|set| &set.classes))
        })
        .collect();
    let mut exposed: Vec<Exposed> = Vec::new();
    let mut places: HashMap<(usize, Traffic, Traffic), usize> = HashMap::new();
    for (party, set) in parties.iter().zip(&sets).filter(|(party, _)| !is_model(party)) {
        let set = &set.classes;
        let pods =
            set.iter().all(|class| reach.classes().get(*class as usize).is_some_and(super::Class::is_pods));
        if !pods {
            continue;
        }
        let mut anybody: Option<(Traffic, Traffic)> = None;
        for (at, (new, model)) in news.iter().zip(&of_model).enumerate() {
            let Some(model) = model else { continue };
            let some = |from: &[u32], to: &[u32]| {
                reach.between_sets(from, to, &[]).map_or_else(Traffic::none, |(_, some)| some)
            };
            let (ingress, egress) = (some(model, set), some(set, model));
            let (ingress, egress) = match &anybody {
                None => {
                    anybody = Some((ingress.clone(), egress.clone()));
                    (ingress, egress)
                }
                Some((from, to)) => (ingress.without(from), egress.without(to)),
            };
            if ingress.is_none() && egress.is_none() {
                continue;
            }
            let place = *places.entry((at, ingress, egress)).or_insert_with_key(|(_, ingress, egress)| {
                let (ingress, egress) = (ingress.clone(), egress.clone());
                exposed.push(Exposed { workloads: Vec::new(), peer: new.clone(), ingress, egress });
                exposed.len() - 1
            });
            if let Some(exposed) = exposed.get_mut(place) {
                exposed.workloads.push(party.clone());
            }
        }
    }
    exposed
}

/// Anybody first, then whom rules speak of, then somebody without labels in each namespace.
fn candidates(network: &Network<'_>) -> Vec<NewPods> {
    let anybody =
        NewPods { namespace: NewNamespace::With(LabelSelector::default()), labels: LabelSelector::default() };
    let mut scopes: Vec<&PodScope> = Vec::new();
    let mut seen = HashSet::new();
    for entry in network.policies() {
        let both = Direction::ALL.into_iter().filter_map(|direction| rules(entry.policy, direction));
        for peer in both.flatten().flat_map(|rule| rule.peers.iter().flatten()) {
            if let Peer::Pods(scope) = peer
                && seen.insert(scope)
            {
                scopes.push(scope);
            }
        }
    }
    let asked = scopes.into_iter().map(|scope| NewPods {
        namespace: match &scope.namespaces {
            NamespaceScope::Named(name) => NewNamespace::Existing(Arc::clone(name)),
            NamespaceScope::Selected(selector) => NewNamespace::With(selector.clone()),
        },
        labels: scope.pods.clone().unwrap_or_default(),
    });
    let namespaces = network.namespaces().iter().map(|namespace| NewPods {
        namespace: NewNamespace::Existing(namespace.name.into()),
        labels: LabelSelector::default(),
    });
    let mut all = vec![anybody];
    for new in asked.chain(namespaces) {
        if !all.contains(&new) {
            all.push(new);
        }
    }
    all
}

impl NewPods {
    /// One of them; `None` where no pod can be like that.
    fn model(&self, network: &Network<'_>, addresses: &[std::net::IpAddr]) -> Option<ModelPod> {
        let labels = least(&self.labels)?;
        let addresses = addresses.to_vec();
        let (namespace, namespace_labels) = match &self.namespace {
            NewNamespace::Existing(name) => {
                let entry = network.namespace_named(name)?;
                (Some(Arc::clone(name)), entry.labels.clone())
            }
            NewNamespace::With(selector) => {
                let mut labels = least(selector)?;
                let name =
                    labels.iter().find(|(key, _)| &**key == NAME_LABEL).map(|(_, name)| Arc::clone(name));
                match name.as_deref().and_then(|name| network.namespace_named(name)) {
                    Some(entry) if selector.matches(&entry.labels) => (name, entry.labels.clone()),
                    Some(_) => return None,
                    None => {
                        if name.is_none() {
                            labels.push((NAME_LABEL.into(), NO_NAME.into()));
                        }
                        (name, labels)
                    }
                }
            }
        };
        Some(ModelPod { namespace, namespace_labels, labels, addresses })
    }
}

/// The fewest labels that a selector matches; `None` if it can match none.
fn least(selector: &LabelSelector) -> Option<Vec<(Arc<str>, Arc<str>)>> {
    let mut labels: Vec<(Arc<str>, Arc<str>)> = Vec::new();
    for requirement in &selector.requirements {
        let demanded = matches!(requirement.operator, SelectorOperator::In | SelectorOperator::Exists);
        if !demanded || labels.iter().any(|(key, _)| *key == requirement.key) {
            continue;
        }
        let same = || selector.requirements.iter().filter(|other| other.key == requirement.key);
        let listed =
            same().filter(|other| other.operator == SelectorOperator::In).flat_map(|other| &other.values);
        let any: Arc<str> = ANY_VALUE.into();
        let alone = |value: &&Arc<str>| {
            let label = [(Arc::clone(&requirement.key), Arc::clone(value))];
            LabelSelector { requirements: same().cloned().collect() }.matches(&label)
        };
        let value = listed.chain([&any]).find(alone)?;
        labels.push((Arc::clone(&requirement.key), Arc::clone(value)));
    }
    selector.matches(&labels).then_some(labels)
}

/// As `any pod in any namespace`, `pods with app=web in namespaces with team in (a, b)`.
impl fmt::Display for NewPods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.labels.requirements.is_empty() {
            true => f.write_str("any pod in ")?,
            false => write!(f, "any pod with {} in ", Told(&self.labels))?,
        }
        match &self.namespace {
            NewNamespace::Existing(name) => write!(f, "namespace {name}"),
            NewNamespace::With(selector) if selector.requirements.is_empty() => f.write_str("any namespace"),
            NewNamespace::With(selector) => write!(f, "namespaces with {}", Told(selector)),
        }
    }
}

/// A selector as `kubectl -l` takes it.
struct Told<'s>(&'s LabelSelector);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, requirement) in self.0.requirements.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            let key = &requirement.key;
            let values = requirement.values.join(", ");
            match (requirement.operator, requirement.values.as_slice()) {
                (SelectorOperator::In, [value]) => write!(f, "{key}={value}")?,
                (SelectorOperator::In, _) => write!(f, "{key} in ({values})")?,
                (SelectorOperator::NotIn, [value]) => write!(f, "{key}!={value}")?,
                (SelectorOperator::NotIn, _) => write!(f, "{key} notin ({values})")?,
                (SelectorOperator::Exists, _) => write!(f, "{key}")?,
                (SelectorOperator::DoesNotExist, _) => write!(f, "!{key}")?,
            }
        }
        Ok(())
    }
}
