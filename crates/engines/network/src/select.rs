use hashbrown::HashMap;
use ringwall_model::LabelSelector;
use ringwall_model::SelectorOperator;
use ringwall_model::network::{NamespaceScope, PodScope};

use crate::network::Network;
use crate::party::{NamespaceEntry, PodEntry, PodId};

/// Pods by their labels, so that a selector looks at those alone that can match.
///
/// Pods on their nodes' network are left out: no selector of a policy is about them.
#[derive(Debug, Default)]
pub(crate) struct Index<'a> {
    /// By key and value: a place in `lists`.
    values: HashMap<(&'a str, &'a str), usize>,
    /// By key.
    keys: HashMap<&'a str, usize>,
    /// Pods in the order of their numbers.
    lists: Vec<Vec<PodId>>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(pods: &[PodEntry<'a>]) -> Self {
        let mut index = Self::default();
        for pod in pods.iter().filter(|pod| !pod.host_network()) {
            for (key, value) in pod.labels() {
                let value = *index.values.entry((key, value)).or_insert_with(|| add(&mut index.lists));
                let key = *index.keys.entry(key).or_insert_with(|| add(&mut index.lists));
                for place in [key, value] {
                    if let Some(list) = index.lists.get_mut(place).filter(|list| list.last() != Some(&pod.id))
                    {
                        list.push(pod.id);
                    }
                }
            }
        }
        index
    }

    /// The shortest list that holds all pods whom a selector can match; `None` if it could match any.
    fn candidates(&self, selector: &LabelSelector) -> Option<&[PodId]> {
        let lists = selector.requirements.iter().filter_map(|requirement| {
            match (requirement.operator, &*requirement.values) {
                (SelectorOperator::In, [value]) => {
                    Some(self.values.get(&(&*requirement.key, &**value)).copied())
                }
                (SelectorOperator::In | SelectorOperator::Exists, _) => {
                    Some(self.keys.get(&*requirement.key).copied())
                }
                (SelectorOperator::NotIn | SelectorOperator::DoesNotExist, _) => None,
            }
        });
        let list = |place: Option<usize>| {
            place.and_then(|place| self.lists.get(place)).map_or(&[][..], Vec::as_slice)
        };
        lists.map(list).min_by_key(|list| list.len())
    }
}

fn add(lists: &mut Vec<Vec<PodId>>) -> usize {
    lists.push(Vec::new());
    lists.len() - 1
}

impl<'a> Network<'a> {
    /// Namespaces of a scope.
    pub fn namespaces_of<'s>(
        &'s self,
        scope: &'s NamespaceScope,
    ) -> impl Iterator<Item = &'s NamespaceEntry<'a>> {
        let (named, selector) = match scope {
            NamespaceScope::Named(name) => (self.namespace_named(name), None),
            NamespaceScope::Selected(selector) => (None, Some(selector)),
        };
        let selected = selector.into_iter().flat_map(|selector| {
            self.namespaces.iter().filter(|namespace| selector.matches(&namespace.labels))
        });
        named.into_iter().chain(selected)
    }

    /// Pods and templates of a scope, in the order of their numbers, without those on their nodes' network.
    pub fn select(&self, scope: &PodScope) -> Vec<&PodEntry<'a>> {
        let candidates = scope.pods.as_ref().and_then(|selector| self.index.candidates(selector));
        let mut selected = Vec::new();
        for namespace in self.namespaces_of(&scope.namespaces) {
            let matches = |pod: &&PodEntry<'a>| {
                !pod.host_network()
                    && scope.pods.as_ref().is_none_or(|selector| selector.matches(pod.labels()))
            };
            match candidates {
                None => selected.extend(self.pods_of(namespace).iter().filter(matches)),
                Some(list) => {
                    let from = list.partition_point(|id| id.0 < namespace.first);
                    let here = list.iter().skip(from).take_while(|id| id.0 < namespace.end);
                    selected.extend(here.filter_map(|id| self.pod(*id)).filter(matches));
                }
            }
        }
        selected
    }
}
