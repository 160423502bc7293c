use hashbrown::HashMap;
use ringwall_model::{Cluster, ObjectRef, Pod, Workload};

/// How many owners are followed from a pod upwards. Kubernetes' own controllers make two steps (CronJob, Job, Pod); others put a few of
/// their own above. A bound, since owner references that somebody wrote can go in a circle.
const MAX_OWNERS: usize = 8;

/// A workload whatever its API version: group, kind, namespace, name.
type Key<'a> = (&'a str, &'a str, &'a str, &'a str);

/// Which workload has which pods.
#[derive(Debug, Default)]
pub(crate) struct Owners<'a> {
    workloads: HashMap<Key<'a>, &'a Workload>,
    /// Workloads above pods, each with its place in `pods`.
    places: HashMap<Key<'a>, usize>,
    /// Pods of each.
    pods: Vec<Vec<&'a Pod>>,
    /// The same workloads by namespace, kind and name, as questions name them.
    named: HashMap<(&'a str, &'a str, &'a str), &'a Workload>,
    /// Those above any pod, whether the snapshot has them or not: their places in `pods`.
    told: HashMap<(&'a str, &'a str, &'a str), usize>,
}

fn key(reference: &ObjectRef) -> Key<'_> {
    (reference.group(), &reference.kind, reference.namespace.as_deref().unwrap_or(""), &reference.name)
}

impl<'a> Owners<'a> {
    /// Follows every living pod's owners: a Deployment's pods are those of its ReplicaSets, a CronJob's those of its Jobs.
    ///
    /// Where the snapshot lacks the ReplicaSet or the Job between, the name that its controller gave it leads on: a ReplicaSet's is its
    /// Deployment's with the pods' label `pod-template-hash` behind it, a Job's its CronJob's with a number behind it.
    pub(crate) fn new(cluster: &'a Cluster) -> Self {
        let mut owners = Self {
            workloads: cluster
                .workloads
                .iter()
                .map(|workload| (key(&workload.reference), workload))
                .collect(),
            ..Self::default()
        };
        for workload in cluster.workloads.iter().rev() {
            let (_, kind, namespace, name) = key(&workload.reference);
            owners.named.insert((namespace, kind, name), workload);
        }
        for pod in cluster.pods.iter().filter(|pod| !pod.is_over()) {
            for above in owners.above(pod) {
                let place = *owners.places.entry(above).or_insert(owners.pods.len());
                let (_, kind, namespace, name) = above;
                owners.told.entry((namespace, kind, name)).or_insert(place);
                match owners.pods.get_mut(place) {
                    Some(pods) => pods.push(pod),
                    None => owners.pods.push(vec![pod]),
                }
            }
        }
        owners
    }

    /// Those above a pod, from its controller upwards.
    fn above(&self, pod: &'a Pod) -> Vec<Key<'a>> {
        let mut above = Vec::new();
        let mut next = pod.network.owner.as_ref().map(|owner| self.known(pod, owner));
        while let Some(key_of) = next.filter(|next| above.len() < MAX_OWNERS && !above.contains(next)) {
            above.push(key_of);
            next = self.workloads.get(&key_of).and_then(|workload| workload.network.owner.as_ref()).map(key);
        }
        above
    }

    /// The highest workload above a pod that the snapshot has.
    pub(crate) fn top(&self, pod: &'a Pod) -> Option<&'a Workload> {
        self.above(pod).iter().rev().find_map(|above| self.workloads.get(above)).copied()
    }

    /// A workload by namespace, kind and name.
    pub(crate) fn named(&self, namespace: &str, kind: &str, name: &str) -> Option<&'a Workload> {
        self.named.get(&(namespace, kind, name)).copied()
    }

    /// The owner itself if the snapshot has it, else the workload that its name leads to, if that is there.
    fn known(&self, pod: &'a Pod, owner: &'a ObjectRef) -> Key<'a> {
        let direct = key(owner);
        if self.workloads.contains_key(&direct) {
            return direct;
        }
        let Some((above, suffix)) = owner.name.rsplit_once('-') else { return direct };
        let hash =
            pod.labels.iter().find(|(label, _)| &**label == "pod-template-hash").map(|(_, value)| &**value);
        let (group, kind) = match &*owner.kind {
            "ReplicaSet" if hash == Some(suffix) => ("apps", "Deployment"),
            "Job" if suffix.bytes().all(|letter| letter.is_ascii_digit()) => ("batch", "CronJob"),
            _ => return direct,
        };
        let (_, _, namespace, _) = direct;
        let lead = (group, kind, namespace, above);
        if self.workloads.contains_key(&lead) { lead } else { direct }
    }

    /// Whether any living pod is the workload's.
    pub(crate) fn has_pods(&self, workload: &ObjectRef) -> bool {
        self.places.contains_key(&key(workload))
    }

    /// Living pods of a workload that the snapshot lacks, but that they name as their owner.
    pub(crate) fn pods_told(&self, namespace: &str, kind: &str, name: &str) -> &[&'a Pod] {
        let place = self.told.get(&(namespace, kind, name)).copied();
        place.and_then(|place| self.pods.get(place)).map_or(&[], Vec::as_slice)
    }

    /// Living pods of a workload, in the order of the snapshot.
    pub(crate) fn pods(&self, workload: &ObjectRef) -> &[&'a Pod] {
        let place = self.places.get(&key(workload)).copied();
        place.and_then(|place| self.pods.get(place)).map_or(&[], Vec::as_slice)
    }
}
