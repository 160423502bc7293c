//! Pods that the CNI plugin told of: their addresses, before the apiserver knows them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use ringwall_model::Pod;

use crate::cni::{Attachment, PodSandbox};

/// Most attachments that are kept. A node has at most some hundred pods; what is beyond this was left by a runtime that never
/// tells what is gone.
const MAX_SANDBOXES: usize = 4_096;

/// What the plugin told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sandboxes {
    there: BTreeMap<Attachment, PodSandbox>,
    /// Pods of which the last sandbox is gone: an address that their object still has may be another's by now.
    gone: BTreeSet<(String, String, Option<String>)>,
}

impl Sandboxes {
    /// A pod has an interface. `false` if there are too many to keep.
    pub(crate) fn add(&mut self, sandbox: PodSandbox) -> bool {
        if self.there.len() >= MAX_SANDBOXES && !self.there.contains_key(&sandbox.attachment) {
            return false;
        }
        // An address has one holder: what had it before is gone, told or not.
        self.there.retain(|attachment, known| {
            *attachment == sandbox.attachment
                || !known.addresses.iter().any(|address| sandbox.addresses.contains(address))
        });
        self.gone.retain(|(namespace, pod, _)| (namespace, pod) != (&sandbox.namespace, &sandbox.pod));
        self.there.insert(sandbox.attachment.clone(), sandbox);
        true
    }

    /// An interface is gone; `false` if nothing was known of it.
    pub(crate) fn remove(&mut self, attachment: &Attachment) -> bool {
        let Some(sandbox) = self.there.remove(attachment) else { return false };
        let PodSandbox { namespace, pod, uid, .. } = sandbox;
        let others = self.there.values().any(|known| known.namespace == namespace && known.pod == pod);
        if !others {
            self.gone.insert((namespace, pod, uid));
        }
        true
    }

    /// Only these are left; tells whether one went.
    pub(crate) fn keep(&mut self, attachments: &[Attachment]) -> bool {
        let lost: Vec<_> = self.there.keys().filter(|known| !attachments.contains(known)).cloned().collect();
        for attachment in &lost {
            self.remove(attachment);
        }
        !lost.is_empty()
    }

    /// The node's interfaces that lead to a pod with these addresses and to nobody else.
    pub(crate) fn interfaces(&self, namespace: &str, pod: &str, addresses: &[IpAddr]) -> Vec<Arc<str>> {
        let of_it = self.there.values().filter(|known| {
            known.namespace == namespace
                && known.pod == pod
                && known.addresses.iter().all(|address| addresses.contains(address))
        });
        let mut names: Vec<Arc<str>> =
            of_it.flat_map(|known| &known.host_interfaces).map(|name| name.as_str().into()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Forgets the pods that are gone which `settled` has forgotten.
    pub(crate) fn forget_like(&mut self, settled: &Self, before: &Self) {
        self.gone.retain(|gone| settled.gone.contains(gone) || !before.gone.contains(gone));
    }

    /// Gives pods the addresses that the plugin told of, and takes those of sandboxes that are gone. What is known of pods
    /// that the apiserver has no more is forgotten.
    pub(crate) fn settle(&mut self, pods: &mut [Pod], node: &str) {
        let mut seen = BTreeSet::new();
        for pod in pods.iter_mut().filter(|pod| pod.node_name.as_deref() == Some(node) && !pod.host_network) {
            let (Some(namespace), name) = (pod.reference.namespace.clone(), Arc::clone(&pod.reference.name))
            else {
                continue;
            };
            let is_this = |other_namespace: &str, other: &str, uid: Option<&String>| {
                *namespace == *other_namespace
                    && *name == *other
                    && uid.zip(pod.uid.as_deref()).is_none_or(|(uid, own)| uid == own)
            };
            let told: Vec<_> = self
                .there
                .values()
                .filter(|known| is_this(&known.namespace, &known.pod, known.uid.as_ref()))
                .flat_map(|known| known.addresses.iter().copied())
                .collect();
            if !told.is_empty() {
                pod.network.addresses = told;
            } else if let Some(gone) = self.gone.iter().find(|(ns, pod, uid)| is_this(ns, pod, uid.as_ref()))
            {
                seen.insert(gone.clone());
                pod.network.addresses.clear();
            }
        }
        self.gone = seen;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sandbox(container: &str, pod: &str, uid: Option<&str>, address: &str) -> PodSandbox {
        PodSandbox {
            attachment: Attachment { container: container.to_owned(), interface: "eth0".to_owned() },
            namespace: "shop".to_owned(),
            pod: pod.to_owned(),
            uid: uid.map(str::to_owned),
            netns: String::new(),
            host_interfaces: vec!["veth0".to_owned()],
            addresses: vec![address.parse().unwrap()],
        }
    }

    /// Pods `a` and `b` of `shop`, with these addresses.
    fn pods(addresses: [&[&str]; 2]) -> Vec<Pod> {
        let pod = |name: &str, addresses: &[&str]| {
            let status: Vec<_> = addresses.iter().map(|ip| serde_json::json!({"ip": ip})).collect();
            let text = serde_json::json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"namespace": "shop", "name": name, "uid": format!("uid-{name}")},
                "spec": {"nodeName": "n1"}, "status": {"podIPs": status},
            });
            let mut reader = ringwall_document::Reader::default();
            let found = ringwall_snapshot::objects_of(&mut reader, &"x".into(), text.to_string().as_bytes());
            ringwall_snapshot::cluster_of(found.objects).cluster.pods.remove(0)
        };
        vec![pod("a", addresses[0]), pod("b", addresses[1])]
    }

    fn settled(sandboxes: &mut Sandboxes, addresses: [&[&str]; 2]) -> Vec<String> {
        let mut pods = pods(addresses);
        sandboxes.settle(&mut pods, "n1");
        let texts = pods
            .iter()
            .map(|pod| pod.network.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
        texts.collect()
    }

    #[test]
    fn what_the_plugin_told_comes_before_the_apiserver_s_word() {
        let mut sandboxes = Sandboxes::default();
        assert!(sandboxes.add(sandbox("c1", "a", None, "10.0.0.1")));
        assert_eq!(settled(&mut sandboxes, [&[], &["10.0.0.2"]]), ["10.0.0.1", "10.0.0.2"]);
        // The same name, another pod.
        assert!(sandboxes.add(sandbox("c2", "b", Some("another"), "10.0.0.9")));
        assert_eq!(settled(&mut sandboxes, [&[], &["10.0.0.2"]]), ["10.0.0.1", "10.0.0.2"]);
    }

    #[test]
    fn an_address_that_goes_to_another_pod_is_that_pod_s() {
        let mut sandboxes = Sandboxes::default();
        sandboxes.add(sandbox("c1", "a", None, "10.0.0.1"));
        assert!(sandboxes.remove(&sandbox("c1", "a", None, "10.0.0.1").attachment));
        sandboxes.add(sandbox("c2", "b", None, "10.0.0.1"));
        // The apiserver still has `a` with it.
        assert_eq!(settled(&mut sandboxes, [&["10.0.0.1"], &[]]), ["", "10.0.0.1"]);
        // A sandbox that is made anew.
        sandboxes.add(sandbox("c3", "a", None, "10.0.0.3"));
        assert_eq!(settled(&mut sandboxes, [&["10.0.0.1"], &[]]), ["10.0.0.3", "10.0.0.1"]);
        assert!(!sandboxes.remove(&sandbox("c1", "a", None, "10.0.0.1").attachment), "an old one");
    }

    #[test]
    fn what_the_runtime_does_not_list_is_gone() {
        let mut sandboxes = Sandboxes::default();
        sandboxes.add(sandbox("c1", "a", None, "10.0.0.1"));
        sandboxes.add(sandbox("c2", "b", None, "10.0.0.2"));
        let kept = sandbox("c2", "b", None, "10.0.0.2").attachment;
        assert!(sandboxes.keep(std::slice::from_ref(&kept)));
        assert!(!sandboxes.keep(&[kept]));
        assert_eq!(settled(&mut sandboxes, [&["10.0.0.1"], &["10.0.0.2"]]), ["", "10.0.0.2"]);
    }
}
